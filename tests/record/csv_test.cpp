#include "record/csv.hpp"

#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "record/reader.hpp"
#include "record/recorder.hpp"
#include "record/text_file.hpp"
#include "tests/record/small_run.hpp"

namespace {

namespace fs = std::filesystem;
using small_run::TemporaryDirectory;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file, std::ios::binary}.rdbuf();
  return text.str();
}

/// The text with the line ends that RFC 4180 wants.
std::string crlf(std::string_view text) {
  std::string all;
  for (const char c : text) all += c == '\n' ? std::string{"\r\n"} : std::string{c};
  return all;
}

void record_small_run(const fs::path& directory) {
  record::Recorder recorder{directory, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.on(small_run::second_batch());
  REQUIRE(recorder.finish(small_run::outcome(), 0.5, 0.4));
}

}  // namespace

// By hand from the rows of tests/record/small_run.hpp.
TEST_CASE("csv: every file of a small run, to the byte") {
  const std::map<std::string, std::string> golden{
      {"samples.csv",
       R"(t_s,machine,fleet,state,cpu_utilisation,memory_utilisation,disk_utilisation,network_utilisation,transactions,tenants
1.5,0,"web, ""main""",up,0.5,0.25,0.125,0.1,3,4
1.5,1,"web, ""main""",up,0,0,0,0,0,0
2,0,"web, ""main""",up,1,0.25,0.125,0.1,7,4
)"},
      {"latency.csv", R"(t_s,clients,committed,mean_ms,p50_ms,p90_ms,p99_ms,p999_ms,max_ms
2,fans,40,10,9,12,20,21,22
2,press,10,20,18,22,30,31,32
)"},
      {"throughput.csv",
       R"(t_s,clients,issued,committed,refused,timed_out,failed,retries,in_flight
2,fans,50,40,4,3,2,5,1
2,press,10,10,0,0,0,0,0
10,fans,60,30,0,10,0,0,11
10,press,0,0,0,0,0,0,0
)"},
      {"sla_failures.csv",
       R"(failure,cause,machine,fleet,start_s,noticed_s,end_s,length_s,value,limit,worst,value_unit
0,cpu,0,"web, ""main""",3,4,7,4,0.99,0.98,1,utilisation
1,latency,,,7.5,8,,,0.75,0.5,,s
)"},
      {"failovers.csv",
       R"(failover,cause,failure,from_machine,to_machine,fleet,triggered_s,ended_s,length_s,result,moved_tenants,aborted_migrations,copied_bytes,pause_max_ms,lost_writes
0,cpu,0,0,1,"web, ""main""",4,6,2,partial,1,1,1500,12.5,0
)"},
      {"migrations.csv",
       R"(failover,client,clients,from_machine,to_machine,start_s,end_s,rounds,copied_bytes,pause_ms,aborted
0,1,fans,0,1,4.1,5,3,1000,12.5,0
0,3,press,0,1,4.1,5,30,500,90,1
)"},
      {"transactions.csv",
       R"(issued_s,ended_s,latency_ms,client,clients,sequence,kind,outcome,attempts,machine
1,1.01,10,3,press,17,checkout,committed,2,0
2,4,2000,0,fans,18,checkout,timed_out,1,
)"},
      {"machines.csv",
       R"(machine,fleet,flavor,spare,state,allocated_s,released_s,cpu_utilisation_mean,cpu_utilisation_max,memory_utilisation_mean,memory_utilisation_max,disk_utilisation_mean,disk_utilisation_max,network_utilisation_mean,network_utilisation_max,cost
0,"web, ""main""",tiny,0,up,0,10,0.8,1,0.25,0.25,0.125,0.125,0.1,0.1,0.001
1,"web, ""main""",tiny,1,down,0,5,0.3,0.4,0,0,0,0,0,0,5e-04
)"},
      {"faults.csv", R"(t_s,machine,fleet,fault
1.000000001,0,"web, ""main""",slow to 50 %
)"},
  };
  const TemporaryDirectory directory;
  record_small_run(directory.path);
  CHECK(golden.size() + 1 == record::csv_tables().size());  // consolidation.csv is of hosts only
  for (const auto& [file, text] : golden) {
    INFO(file);
    CHECK(read(directory.path / file) == crlf(text));
  }
}

TEST_CASE("csv: without transactions to record there is no transactions.csv") {
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  recorder.on(small_run::first_batch());
  recorder.finish(small_run::outcome(), 1, 1);
  CHECK(fs::exists(directory.path / "samples.csv"));
  CHECK_FALSE(fs::exists(directory.path / "transactions.csv"));
}

TEST_CASE("csv: written again from the database, the files are the same") {
  const TemporaryDirectory directory, again;
  record_small_run(directory.path);
  const auto reader = record::Reader::open(directory.path);
  REQUIRE(reader);
  reader->export_csv(again.path);
  for (const record::CsvTable& table : record::csv_tables()) {
    INFO(table.file);
    CHECK(read(directory.path / table.file) == read(again.path / table.file));
  }
}

TEST_CASE("csv: times are exact where seconds in floating point are not") {
  // 0.1 + 0.2 is not 0.3 in binary, and 1e9 s leaves a double no nanosecond.
  const TemporaryDirectory directory;
  record::Recorder recorder{directory.path, small_run::scenario(), "simulated"};
  vm::Batch batch;
  for (const std::int64_t ns : {0L, 1L, 300'000'000L, 1'000'000'000'000'000'001L, -50'000'000L}) {
    batch.faults.push_back({vm::Time{vm::Duration{ns}}, vm::no_machine, "line\nbreak"});
  }
  recorder.on(batch);
  recorder.finish(small_run::outcome(), 1, 1);
  CHECK(read(directory.path / "faults.csv") ==
        "t_s,machine,fleet,fault\r\n"
        "0,,,\"line\nbreak\"\r\n"
        "0.000000001,,,\"line\nbreak\"\r\n"
        "0.3,,,\"line\nbreak\"\r\n"
        "1000000000.000000001,,,\"line\nbreak\"\r\n"
        "-0.05,,,\"line\nbreak\"\r\n");
}

TEST_CASE("csv: docs/RESULTS.md describes every file and every column") {
  const std::string page = read(fs::path{SOURCE_DIR} / "docs" / "RESULTS.md");
  for (const record::CsvTable& table : record::csv_tables()) {
    INFO(table.file);
    const auto heading = page.find("### " + std::string{table.file});
    REQUIRE(heading != std::string::npos);
    const auto section = page.substr(heading, page.find("\n##", heading + 1) - heading);
    for (const record::CsvColumn& column : table.columns) {
      INFO(column.name);
      CHECK(section.find("`" + std::string{column.name} + "`") != std::string::npos);
    }
  }
}

TEST_CASE("text file: nothing is left of a file that was not finished") {
  const TemporaryDirectory directory;
  {
    record::TextFile file{directory.path / "half.csv"};
    file.write(std::string(200'000, 'x'));  // more than the buffer, so some is on disk
    CHECK(fs::exists(directory.path / "half.csv.part"));
  }
  CHECK(fs::is_empty(directory.path));
}

TEST_CASE("text file: a place that cannot be written to is named") {
  CHECK_THROWS_WITH(record::write_text_file("/nonexistent/summary.json", "{}"),
                    Catch::Contains("/nonexistent/summary.json"));
}
