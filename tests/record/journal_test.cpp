#include "record/journal.hpp"

#include <bit>
#include <fstream>

#include <catch2/catch.hpp>

#include "sim/random.hpp"
#include "tests/vm/scenario_text.hpp"

namespace {

using namespace std::chrono_literals;
using record::JournalEntry;
using record::TimedFact;
using record::TimedOrder;

/// Any fact of type `index` of vm::Fact, with numbers from all over their ranges.
class AnyFact {
 public:
  explicit AnyFact(std::uint64_t seed) : chance_(seed, "journal") {}

  vm::Fact of_type(std::size_t index) {
    switch (index) {
      case 0: {
        vm::Sampled fact{{below(1000)}, {}};
        for (double& share : fact.sample.utilisation.values) share = any_double();
        fact.sample.transactions = below(~0u);
        fact.sample.tenants = below(~0u);
        return fact;
      }
      case 1:
        return vm::LatencyMeasured{below(9), span(), chance_.bits() >> 4};
      case 2:
        return vm::OutcomesCounted{chance_.bits() >> 4, chance_.bits() >> 4};
      case 3:
        return vm::MachineReady{{below(1000)}, attempt()};
      case 4:
        return vm::BootFailed{{below(1000)}, attempt()};
      case 5:
        return vm::MachineLost{{below(1000)}};
      case 6:
        return vm::MachineReturned{{below(1000)}};
      case 7: {
        vm::LoadsReported fact{attempt(), {below(1000)}, {}};
        for (std::uint32_t i = below(5); i > 0; --i) {
          fact.loads.push_back({{below(~0u)}, any_double(), size()});
        }
        return fact;
      }
      case 8:
        return vm::Copied{attempt(), size(), size(), below(~0u)};
      case 9:
        return vm::Frozen{attempt(), size()};
      case 10:
        return vm::Verified{attempt(), below(2) == 1};
      case 11:
        return vm::SwitchedOver{attempt(), span()};
      case 12:
        return vm::MigrationBroken{attempt()};
      case 13:
        return vm::Restored{attempt(), chance_.bits() >> 4};
      case 14:
        return vm::Replicated{attempt()};
      case 15:
        return vm::ReplicaBroken{{below(~0u)}, {below(1000)}};
      case 16:
        return vm::TimerFired{attempt()};
      case 17:
        return vm::ThresholdChanged{any_double()};
      case 18:
        return vm::Housed{{below(1000)}, below(~0u)};
    }
    FAIL("a fact of a type that this test does not know");
    return {};
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(chance_.below(n)); }
  vm::Attempt attempt() { return {below(~0u)}; }
  vm::Bytes size() { return {static_cast<std::int64_t>(chance_.bits() >> 4)}; }
  vm::Duration span() { return vm::Duration{static_cast<std::int64_t>(chance_.bits() >> 4)}; }
  /// From all finite bit patterns, denormal ones included.
  double any_double() {
    for (;;) {
      const auto value = std::bit_cast<double>(chance_.bits());
      if (std::isfinite(value)) return value;
    }
  }
  sim::RandomStream chance_;
};

/// Written again, a fact that was read must be the very same text, and doubles are written exactly.
void check_same(vm::Time at, const vm::Fact& fact, const JournalEntry& entry) {
  const auto* read = std::get_if<TimedFact>(&entry);
  REQUIRE(read != nullptr);
  CHECK(read->at == at);
  REQUIRE(read->fact.index() == fact.index());
  CHECK(record::journal_line(at, read->fact) == record::journal_line(at, fact));
  if (const auto* sampled = std::get_if<vm::Sampled>(&fact)) {
    const auto& back = std::get<vm::Sampled>(read->fact).sample.utilisation.values;
    for (std::size_t i = 0; i < back.size(); ++i) {
      CHECK(std::bit_cast<std::uint64_t>(back[i]) ==
            std::bit_cast<std::uint64_t>(sampled->sample.utilisation.values[i]));
    }
  }
}

std::string file_text(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}
void put(const std::filesystem::path& file, const std::string& text) {
  std::ofstream{file, std::ios::binary} << text;
}

}  // namespace

TEST_CASE("journal: any fact comes back as it was") {
  const auto seed = GENERATE(range(0u, 20u));
  CAPTURE(seed);
  AnyFact any{seed};
  const vm::Time at{vm::Duration{seed * 1'000'000'007}};
  for (std::size_t type = 0; type < std::variant_size_v<vm::Fact>; ++type) {
    CAPTURE(type);
    const vm::Fact fact = any.of_type(type);
    const auto entry = record::parse_journal_line(record::journal_line(at, fact));
    REQUIRE(entry);
    check_same(at, fact, *entry);
  }
}

TEST_CASE("journal: what is written can be read, while it grows and after it was torn") {
  const scenario_text::ScratchFolder folder;
  const auto file = folder.path() / "journal.jsonl";
  record::JournalReader reader{file};
  REQUIRE(reader.poll());
  CHECK(reader.poll()->empty());  // not there yet
  {
    record::JournalWriter writer{file};
    writer.append(vm::Time{1s}, vm::Fact{vm::MachineLost{{3}}});
    writer.append(vm::Time{1s}, vm::Order{vm::Release{{3}}});
    CHECK(reader.poll()->empty());  // not given to the system yet
    writer.sync();
    const auto entries = reader.poll();
    REQUIRE(entries);
    REQUIRE(entries->size() == 2);
    check_same(vm::Time{1s}, vm::MachineLost{{3}}, entries->front());
    CHECK(std::get<TimedOrder>(entries->back()).line ==
          R"({"at":1000000000,"order":"release","with":{"machine":3}})");
  }
  const std::string whole = file_text(file);
  put(file, whole + R"({"at":2000000000,"fact":"machi)");
  CHECK(record::read_journal(file)->size() == 2);
  {
    record::JournalWriter writer{file};
    CHECK(file_text(file) == whole);
    writer.append(vm::Time{2s}, vm::Fact{vm::MachineReturned{{3}}});
  }
  CHECK(record::read_journal(file)->size() == 3);
}

TEST_CASE("journal: every cut of a file is a journal that ends earlier") {
  const scenario_text::ScratchFolder folder;
  const auto file = folder.path() / "journal.jsonl";
  {
    record::JournalWriter writer{file};
    AnyFact any{5};
    for (std::size_t type = 0; type < std::variant_size_v<vm::Fact>; ++type) {
      writer.append(vm::Time{}, any.of_type(type));
    }
  }
  const std::string whole = file_text(file);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const std::string part = whole.substr(0, size);
    put(file, part);
    const auto entries = record::read_journal(file);
    REQUIRE(entries);
    CHECK(entries->size() == static_cast<std::size_t>(std::ranges::count(part, '\n')));
  }
}

TEST_CASE("journal: nonsense is one error with its line") {
  const scenario_text::ScratchFolder folder;
  const auto file = folder.path() / "journal.jsonl";
  const std::string good = R"({"at":5,"fact":"machine_lost","with":{"machine":3}})";
  const auto error = [&](const std::string& second) {
    put(file, good + "\n" + second + "\n" + good + "\n");
    const auto entries = record::read_journal(file);
    REQUIRE_FALSE(entries);
    return entries.error().substr(file.string().size());
  };
  CHECK(error("") == ":2: no JSON");
  CHECK(error("[1,2,3]") == ":2: expected \"at\", a kind and \"with\"");
  CHECK(error(R"({"at":4,"fact":"machine_lost","with":{"machine":3}})") ==
        ":2: before the line in front of it");
  CHECK(error(R"({"at":-4,"fact":"machine_lost","with":{"machine":3}})").find(":2: \"at\"") == 0);
  CHECK(error(R"({"at":5,"fact":"machine_found","with":{"machine":3}})") ==
        ":2: there is no fact \"machine_found\"");
  CHECK(error(R"({"at":5,"fact":"machine_lost","with":{}})") == ":2: \"machine\" is missing");
  CHECK(error(R"({"at":5,"fact":"machine_lost","with":{"machine":3,"x":1}})") ==
        ":2: expected 1 keys, got 2");
  CHECK(error(R"({"at":5,"fact":"machine_lost","with":{"machine":4294967295}})") ==
        ":2: \"machine\": expected a whole number from 0 to 1048576");
  CHECK(
      error(R"({"at":5,"fact":"frozen","with":{"attempt":1,"rest":1e300}})").find(":2: \"rest\"") ==
      0);
  CHECK(error(R"({"at":5,"wish":"frozen","with":{}})") == ":2: neither a fact nor an order");

  record::JournalReader reader{file};
  const auto first = reader.poll();
  REQUIRE_FALSE(first);
  put(file, good + "\n");
  CHECK(reader.poll().error() == first.error());  // and so it stays
  CHECK_FALSE(record::read_journal(folder.path() / "nowhere"));
}
