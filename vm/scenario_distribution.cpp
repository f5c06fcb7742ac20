// Distributions of durations and sizes as scenario files write them: { exponential = "2 ms" }.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "vm/quantity.hpp"
#include "vm/scenario_readers.hpp"
#include "vm/spelling.hpp"
#include "vm/trace.hpp"

namespace vm {
namespace {

using Spec = std::optional<sim::DistributionSpec>;

/// What every reader of one distribution is given.
struct Source {
  const Value& value;     // what stands behind the distribution's name
  TableReader& siblings;  // the table around it
  Measure measure;
  const std::filesystem::path& base;

  std::string_view example() const { return measure == Measure::seconds ? "2 ms" : "4 KiB"; }
  std::optional<double> amount(const Value& from, Zero zero) const {
    return measure == Measure::seconds ? from.as_seconds(zero) : from.as_size(zero);
  }
  std::optional<double> amount(TableReader& from, std::string_view key, Zero zero) const {
    const auto found = from.need(key, '"' + std::string(example()) + '"');
    return found ? amount(*found, zero) : std::nullopt;
  }
};

std::optional<double> number(TableReader& from, std::string_view key, std::string_view example,
                             double low, double high) {
  const auto found = from.need(key, example);
  return found ? found->as_number(low, high) : std::nullopt;
}

std::optional<std::int64_t> count(TableReader& from, std::string_view key, std::string_view example,
                                  std::int64_t high) {
  const auto found = from.need(key, example);
  return found ? found->as_count(1, high) : std::nullopt;
}

Spec read_constant(const Source& source) {
  const auto value = source.amount(source.value, Zero::allowed);
  return value ? Spec(sim::Constant{*value}) : std::nullopt;
}

Spec read_uniform(const Source& source) {
  const auto ends = as_pair(source.value, "[\"1 ms\", \"3 ms\"]");
  if (!ends) return std::nullopt;
  const auto low = source.amount(ends->first, Zero::allowed);
  const auto high = source.amount(ends->second, Zero::allowed);
  if (!low || !high) return std::nullopt;
  if (*low <= *high) return sim::Uniform{*low, *high};
  source.value.wrong("goes from the smaller to the larger end");
  return std::nullopt;
}

Spec read_exponential(const Source& source) {
  const auto mean = source.amount(source.value, Zero::refused);
  return mean ? Spec(sim::Exponential{*mean}) : std::nullopt;
}

Spec read_hyperexponential(const Source& source) {
  auto* branches = source.value.as_array("[[0.9, \"1 ms\"], [0.1, \"20 ms\"]]", 1'000);
  if (branches == nullptr) return std::nullopt;
  sim::Hyperexponential result;
  double sum = 0;
  bool right = true;
  for (auto& node : *branches) {
    const auto branch = as_pair(source.value.at(node), "[0.9, \"1 ms\"]");
    const auto weight = branch ? branch->first.as_number(1e-9, 1) : std::nullopt;
    const auto mean = branch ? source.amount(branch->second, Zero::refused) : std::nullopt;
    right = right && weight && mean;
    if (!weight || !mean) continue;
    result.branches.push_back({*weight, *mean});
    sum += *weight;
  }
  if (!right) return std::nullopt;
  if (std::fabs(sum - 1) > 1e-6) {
    source.value.wrong("the weights sum to " + std::to_string(sum) + ", not to 1");
    return std::nullopt;
  }
  for (auto& branch : result.branches) branch.weight /= sum;  // 1/3 thrice is not quite 1
  return result;
}

/// The distributions whose parameters have names: a table, two keys, a check of each.
template <class Read>
Spec with_parameters(const Source& source, std::string_view example, Read read) {
  auto* table = source.value.as_table(example);
  if (table == nullptr) return std::nullopt;
  TableReader parameters(*table, in_quotes(source.value.name), source.value.issues);
  return read(parameters);
}

Spec read_erlang(const Source& source) {
  return with_parameters(source, "{ stages = 3, mean = \"2 ms\" }", [&](TableReader& from) -> Spec {
    const auto stages = count(from, "stages", "3", 1'000);
    const auto mean = source.amount(from, "mean", Zero::refused);
    if (!stages || !mean) return std::nullopt;
    return sim::Erlang{static_cast<int>(*stages), *mean};
  });
}

Spec read_gamma(const Source& source) {
  return with_parameters(source, "{ shape = 2.0, mean = \"2 ms\" }",
                         [&](TableReader& from) -> Spec {
                           const auto shape = number(from, "shape", "2.0", 0.01, 1e6);
                           const auto mean = source.amount(from, "mean", Zero::refused);
                           if (!shape || !mean) return std::nullopt;
                           return sim::Gamma{*shape, *mean};
                         });
}

Spec read_normal(const Source& source) {
  return with_parameters(source, "{ mean = \"5 ms\", deviation = \"1 ms\" }",
                         [&](TableReader& from) -> Spec {
                           const auto mean = source.amount(from, "mean", Zero::allowed);
                           const auto deviation = source.amount(from, "deviation", Zero::refused);
                           if (!mean || !deviation) return std::nullopt;
                           return sim::Normal{*mean, *deviation};
                         });
}

Spec read_lognormal(const Source& source) {
  return with_parameters(source, "{ median = \"5 s\", sigma = 0.3 }",
                         [&](TableReader& from) -> Spec {
                           const auto median = source.amount(from, "median", Zero::refused);
                           const auto sigma = number(from, "sigma", "0.3", 0, 10);
                           if (!median || !sigma) return std::nullopt;
                           return sim::Lognormal{*median, *sigma};
                         });
}

// The lower bounds on the shapes of heavy tails keep the largest draw (a uniform of 2^-53) finite.
Spec read_weibull(const Source& source) {
  return with_parameters(source, "{ shape = 0.7, scale = \"2 ms\" }",
                         [&](TableReader& from) -> Spec {
                           const auto shape = number(from, "shape", "0.7", 0.1, 1'000);
                           const auto scale = source.amount(from, "scale", Zero::refused);
                           if (!shape || !scale) return std::nullopt;
                           return sim::Weibull{*shape, *scale};
                         });
}

Spec read_pareto(const Source& source) {
  return with_parameters(source, "{ minimum = \"1 ms\", alpha = 2.5 }",
                         [&](TableReader& from) -> Spec {
                           const auto minimum = source.amount(from, "minimum", Zero::refused);
                           const auto alpha = number(from, "alpha", "2.5", 0.1, 1'000);
                           if (!minimum || !alpha) return std::nullopt;
                           return sim::Pareto{*minimum, *alpha};
                         });
}

Spec read_zipf(const Source& source) {
  return with_parameters(source, "{ n = 1000, exponent = 1.0, unit = \"1 KiB\" }",
                         [&](TableReader& from) -> Spec {
                           const auto n = count(from, "n", "1000", 10'000'000);
                           const auto exponent = number(from, "exponent", "1.0", 0, 20);
                           const auto unit = source.amount(from, "unit", Zero::refused);
                           if (!n || !exponent || !unit) return std::nullopt;
                           return sim::Zipf{static_cast<std::size_t>(*n), *exponent, *unit};
                         });
}

Spec read_empirical(const Source& source) {
  std::string column = "value";
  source.siblings.text("column", column);
  const auto unit = source.amount(source.siblings, "unit", Zero::refused);
  const auto file = resolve_file(source.value, source.base);
  if (!file || !unit) return std::nullopt;
  auto values = read_column(*file, column);
  if (!values) {
    for (const Issue& issue : values.issues()) source.value.issues.add(issue);
    return std::nullopt;
  }
  const double most = source.measure == Measure::seconds ? most_seconds : most_bytes;
  for (double& value : *values) value = std::min(value * *unit, most);
  return sim::Empirical{std::make_shared<const std::vector<double>>(std::move(*values))};
}

struct Kind {
  std::string_view name;
  Spec (*read)(const Source&);
};
constexpr Kind kinds[] = {{"constant", read_constant},
                          {"uniform", read_uniform},
                          {"exponential", read_exponential},
                          {"erlang", read_erlang},
                          {"gamma", read_gamma},
                          {"normal", read_normal},
                          {"lognormal", read_lognormal},
                          {"weibull", read_weibull},
                          {"pareto", read_pareto},
                          {"zipf", read_zipf},
                          {"empirical", read_empirical},
                          {"hyperexponential", read_hyperexponential}};

/// Every distribution but these three is above zero by the rules of its parameters.
bool always_zero(const sim::DistributionSpec& spec) {
  if (const auto* constant = std::get_if<sim::Constant>(&spec)) return constant->value == 0;
  if (const auto* uniform = std::get_if<sim::Uniform>(&spec)) return uniform->high == 0;
  const auto* empirical = std::get_if<sim::Empirical>(&spec);
  return empirical && std::ranges::all_of(*empirical->values, [](double v) { return v == 0; });
}

Spec read_table(const Value& value, toml::table& table, Measure measure,
                const std::filesystem::path& base) {
  Spec spec;
  std::size_t found = 0;
  TableReader reader(table, "the distribution " + in_quotes(value.name), value.issues);
  for (const Kind& kind : kinds) {
    const auto parameters = reader.find(kind.name);
    if (!parameters) continue;
    ++found;
    spec = kind.read(Source{*parameters, reader, measure, base});
  }
  if (found > 1) value.wrong("is one distribution, found several");
  if (table.empty()) value.wrong("expected a distribution such as { exponential = \"2 ms\" }");
  return found == 1 ? spec : std::nullopt;
}

}  // namespace

std::optional<sim::Distribution> read_distribution(const Value& value, Measure measure, Zero zero,
                                                   const std::filesystem::path& base) {
  Spec spec;
  if (auto* table = value.node.as_table()) {
    spec = read_table(value, *table, measure, base);
  } else {
    const auto constant =
        measure == Measure::seconds ? value.as_seconds(zero) : value.as_size(zero);
    if (constant) spec = sim::Constant{*constant};
  }
  if (!spec) return std::nullopt;
  if (zero == Zero::refused && always_zero(*spec)) {
    value.wrong("must be above zero");
    return std::nullopt;
  }
  return sim::Distribution(std::move(*spec));
}

std::optional<std::filesystem::path> resolve_file(const Value& value,
                                                  const std::filesystem::path& base) {
  namespace fs = std::filesystem;
  const auto text = value.as_text();
  if (!text) return std::nullopt;
  if (text->empty() || text->find('\0') != std::string::npos) {
    value.wrong("expected the name of a file, found " + in_quotes(*text));
    return std::nullopt;
  }
  std::error_code error;
  const fs::path here = fs::current_path(error);
  const fs::path beside_file = here / base / *text;  // an absolute path swallows what precedes it
  const fs::path beside_user = here / *text;
  const bool from_user = is_setting(value.node.source());
  fs::path chosen = from_user ? beside_user : beside_file;
  const fs::path other = from_user ? beside_file : beside_user;
  if (!fs::exists(chosen, error) && fs::exists(other, error)) chosen = other;
  chosen = chosen.lexically_normal();
  value.node.as_string()->get() = chosen.string();
  return chosen;
}

std::optional<std::pair<Value, Value>> as_pair(const Value& value, std::string_view example) {
  auto* array = value.node.as_array();
  if (array != nullptr && array->size() == 2) {
    return std::pair(value.at(*array->get(0)), value.at(*array->get(1)));
  }
  value.wrong("expected a list of two such as " + std::string(example));
  return std::nullopt;
}

}  // namespace vm
