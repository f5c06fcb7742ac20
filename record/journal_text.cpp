#include "record/journal_text.hpp"

#include <cmath>
#include <concepts>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "record/journal_fields.hpp"

namespace record {
namespace {

using Json = nlohmann::ordered_json;

/// A count of nanoseconds or bytes beyond this was never true, and sums of such overflow.
constexpr std::int64_t most = std::int64_t{1} << 61;
/// Machines are numbered from 0; tables are made as long as their numbers.
constexpr std::uint32_t most_machines = 1 << 20;

struct Nonsense : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T>
concept Listed = requires {
  Fields<T>::list;
};

// ---- Out ---------------------------------------------------------------------------------------

template <class T>
requires std::is_arithmetic_v<T> Json to_json(const T& value) {
  return value;
}
template <class Of>
Json to_json(const sim::Id<Of>& id) {
  return id.value;
}
Json to_json(const vm::Bytes& size) {
  return size.count;
}
Json to_json(const vm::Duration& span) {
  return span.count();
}
Json to_json(const vm::Time& at) {
  return at.time_since_epoch().count();
}
Json to_json(const vm::Cause& cause) {
  return to_string(cause);
}
Json to_json(const vm::FailoverResult& result) {
  return to_string(result);
}
Json to_json(const vm::RestoreFrom& from) {
  constexpr std::array<std::string_view, 3> names{"nothing", "log", "replica"};
  return names[static_cast<std::size_t>(from)];
}
Json to_json(const std::string_view& text) {
  return text;
}
template <Listed T>
Json to_json(const T& item);
template <class T>
Json to_json(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(to_json(item));
  return json;
}
template <class T>
Json to_json(const vm::PerResource<T>& each) {
  return each.values;
}
template <Listed T>
Json to_json(const T& item) {
  Json json = Json::object();
  std::apply([&](const auto&... field) { ((json[field.name] = to_json(item.*field.member)), ...); },
             Fields<T>::list);
  return json;
}

template <class T>
std::string line(vm::Time at, const char* what, const T& item) {
  Json json;
  json["at"] = to_json(at);
  json[what] = Fields<T>::name;
  json["with"] = to_json(item);
  return json.dump();
}

// ---- In ----------------------------------------------------------------------------------------

std::int64_t whole(const Json& json, std::int64_t least, std::int64_t greatest) {
  const bool fits = json.is_number_integer() &&
                    (!json.is_number_unsigned() ||
                     json.get<std::uint64_t>() <= static_cast<std::uint64_t>(greatest));
  const auto value = fits ? json.get<std::int64_t>() : -1;
  if (!fits || value < least || value > greatest) {
    throw Nonsense("expected a whole number from " + std::to_string(least) + " to " +
                   std::to_string(greatest));
  }
  return value;
}

void from_json(const Json& json, bool& value) {
  if (!json.is_boolean()) throw Nonsense("expected true or false");
  value = json.get<bool>();
}
void from_json(const Json& json, double& value) {
  if (!json.is_number()) throw Nonsense("expected a number");
  value = json.get<double>();
  if (!std::isfinite(value)) throw Nonsense("expected a finite number");
}
template <std::unsigned_integral T>
void from_json(const Json& json, T& value) {
  const auto greatest = std::min<std::uint64_t>(std::numeric_limits<T>::max(), most);
  value = static_cast<T>(whole(json, 0, static_cast<std::int64_t>(greatest)));
}
template <class Of>
void from_json(const Json& json, sim::Id<Of>& id) {
  from_json(json, id.value);
}
void from_json(const Json& json, vm::MachineId& id) {
  id.value = static_cast<std::uint32_t>(whole(json, 0, most_machines));
}
void from_json(const Json& json, vm::Bytes& size) {
  size.count = whole(json, 0, most);
}
void from_json(const Json& json, vm::Duration& span) {
  span = vm::Duration{whole(json, 0, most)};
}
template <Listed T>
void from_json(const Json& json, T& item);
template <class T>
void from_json(const Json& json, std::vector<T>& list) {
  if (!json.is_array()) throw Nonsense("expected a list");
  for (const Json& each : json) from_json(each, list.emplace_back());
}
void from_json(const Json& json, vm::PerResource<double>& each) {
  if (!json.is_array() || json.size() != vm::resource_count) {
    throw Nonsense("expected a list of " + std::to_string(vm::resource_count));
  }
  for (std::size_t i = 0; i < vm::resource_count; ++i) from_json(json[i], each.values[i]);
}

/// The member `name` of an object, or the reason with the name in it.
template <class T>
void take(const Json& json, const char* name, T& into) {
  const auto found = json.find(name);
  if (found == json.end()) throw Nonsense(std::string("\"") + name + "\" is missing");
  try {
    from_json(*found, into);
  } catch (const Nonsense& why) {
    throw Nonsense(std::string("\"") + name + "\": " + why.what());
  }
}

template <Listed T>
void from_json(const Json& json, T& item) {
  if (!json.is_object()) throw Nonsense("expected an object");
  constexpr std::size_t members = std::tuple_size_v<std::decay_t<decltype(Fields<T>::list)>>;
  std::apply([&](const auto&... field) { (take(json, field.name, item.*field.member), ...); },
             Fields<T>::list);
  if (json.size() != members) {
    throw Nonsense("expected " + std::to_string(members) + " keys, got " +
                   std::to_string(json.size()));
  }
}

template <class Variant, std::size_t i = 0>
Variant by_name(const std::string& name, const Json& with) {
  if constexpr (i == std::variant_size_v<Variant>) {
    throw Nonsense("there is no fact \"" + name + "\"");
  } else {
    using T = std::variant_alternative_t<i, Variant>;
    if (name != Fields<T>::name) return by_name<Variant, i + 1>(name, with);
    T item{};
    from_json(with, item);
    return item;
  }
}

JournalEntry parse(std::string_view text) {
  const Json json = Json::parse(text);
  if (!json.is_object() || json.size() != 3) throw Nonsense("expected \"at\", a kind and \"with\"");
  vm::Duration at{};
  take(json, "at", at);
  const auto with = json.find("with");
  if (with == json.end()) throw Nonsense("\"with\" is missing");
  const auto fact = json.find("fact"), order = json.find("order");
  if (order != json.end() && order->is_string()) {
    return TimedOrder{vm::Time{at}, std::string(text)};
  }
  if (fact == json.end() || !fact->is_string()) throw Nonsense("neither a fact nor an order");
  return TimedFact{vm::Time{at}, by_name<vm::Fact>(fact->get<std::string>(), *with)};
}

}  // namespace

std::string journal_line(vm::Time at, const vm::Fact& fact) {
  return std::visit([&](const auto& item) { return line(at, "fact", item); }, fact);
}

std::string journal_line(vm::Time at, const vm::Order& order) {
  return std::visit(
      [&](const auto& item) {
        if constexpr (std::is_same_v<std::decay_t<decltype(item)>, vm::Notify>) {
          return std::visit([&](const auto& notice) { return line(at, "order", notice); },
                            item.notice);
        } else {
          return line(at, "order", item);
        }
      },
      order);
}

sim::Result<JournalEntry> parse_journal_line(std::string_view text) {
  try {
    return parse(text);
  } catch (const Json::exception&) {
    return sim::Error{"no JSON"};
  } catch (const Nonsense& why) {
    return sim::Error{why.what()};
  }
}

}  // namespace record
