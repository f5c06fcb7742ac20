#include "record/csv.hpp"

#include <array>
#include <string>

#include "record/text_file.hpp"

namespace record {
namespace {

using Form = CsvColumn::Form;

constexpr CsvColumn samples[]{
    {"t_s", "s.at_ns", Form::seconds},
    {"machine", "s.machine"},
    {"fleet", "f.name"},
    {"state", "s.state"},
    {"cpu_utilisation", "s.cpu"},
    {"memory_utilisation", "s.memory"},
    {"disk_utilisation", "s.disk"},
    {"network_utilisation", "s.network"},
    {"transactions", "s.transactions"},
    {"tenants", "s.tenants"},
};
constexpr CsvColumn latency[]{
    {"t_s", "l.at_ns", Form::seconds},
    {"clients", "g.name"},
    {"committed", "l.committed"},
    {"mean_ms", "l.mean_ms"},
    {"p50_ms", "l.p50_ms"},
    {"p90_ms", "l.p90_ms"},
    {"p99_ms", "l.p99_ms"},
    {"p999_ms", "l.p999_ms"},
    {"max_ms", "l.max_ms"},
};
constexpr CsvColumn throughput[]{
    {"t_s", "t.at_ns", Form::seconds},
    {"clients", "g.name"},
    {"issued", "t.issued"},
    {"committed", "t.committed"},
    {"refused", "t.refused"},
    {"timed_out", "t.timed_out"},
    {"failed", "t.failed"},
    {"retries", "t.retries"},
    {"in_flight", "t.in_flight"},
};
constexpr CsvColumn sla_failures[]{
    {"failure", "s.failure"},
    {"cause", "s.cause"},
    {"machine", "s.machine"},
    {"fleet", "f.name"},
    {"start_s", "s.start_ns", Form::seconds},
    {"noticed_s", "s.at_ns", Form::seconds},
    {"end_s", "s.end_ns", Form::seconds},
    {"length_s", "s.end_ns - s.start_ns", Form::seconds},
    {"value", "s.value"},
    {"limit", "s.limit_value"},
    {"worst", "s.worst"},
    {"value_unit",
     "CASE s.cause WHEN 'latency' THEN 's' WHEN 'availability' THEN 'burn rate' "
     "WHEN 'crash' THEN '' ELSE 'utilisation' END"},
};
constexpr CsvColumn failovers[]{
    {"failover", "o.failover"},
    {"cause", "o.cause"},
    {"failure", "o.failure"},
    {"from_machine", "o.from_machine"},
    {"to_machine", "o.to_machine"},
    {"fleet", "f.name"},
    {"triggered_s", "o.triggered_ns", Form::seconds},
    {"ended_s", "o.ended_ns", Form::seconds},
    {"length_s", "o.ended_ns - o.triggered_ns", Form::seconds},
    {"result", "o.result"},
    {"moved_tenants", "o.moved"},
    {"aborted_migrations", "o.aborted"},
    {"copied_bytes", "o.bytes"},
    {"pause_max_ms", "o.pause_max_ns", Form::milliseconds},
    {"lost_writes", "o.lost"},
};
constexpr CsvColumn migrations[]{
    {"failover", "m.failover"},
    {"client", "m.client"},
    {"clients", "g.name"},
    {"from_machine", "m.from_machine"},
    {"to_machine", "m.to_machine"},
    {"start_s", "m.start_ns", Form::seconds},
    {"end_s", "m.end_ns", Form::seconds},
    {"rounds", "m.rounds"},
    {"copied_bytes", "m.bytes"},
    {"pause_ms", "m.pause_ns", Form::milliseconds},
    {"aborted", "m.aborted"},
};
constexpr CsvColumn transactions[]{
    {"issued_s", "t.issued_ns", Form::seconds},
    {"ended_s", "t.ended_ns", Form::seconds},
    {"latency_ms", "t.ended_ns - t.issued_ns", Form::milliseconds},
    {"client", "t.client"},
    {"clients", "g.name"},
    {"sequence", "t.sequence"},
    {"kind", "k.name"},
    {"outcome", "t.outcome"},
    {"attempts", "t.attempts"},
    {"machine", "t.machine"},
};
constexpr CsvColumn machines[]{
    {"machine", "m.machine"},
    {"fleet", "f.name"},
    {"flavor", "v.name"},
    {"spare", "m.spare"},
    {"state", "o.state"},
    {"allocated_s", "m.at_ns", Form::seconds},
    {"released_s", "o.released_ns", Form::seconds},
    {"cpu_utilisation_mean", "o.cpu_mean"},
    {"cpu_utilisation_max", "o.cpu_max"},
    {"memory_utilisation_mean", "o.memory_mean"},
    {"memory_utilisation_max", "o.memory_max"},
    {"disk_utilisation_mean", "o.disk_mean"},
    {"disk_utilisation_max", "o.disk_max"},
    {"network_utilisation_mean", "o.network_mean"},
    {"network_utilisation_max", "o.network_max"},
    {"cost", "o.cost"},
};
constexpr CsvColumn consolidation[]{
    {"t_s", "c.at_ns", Form::seconds},
    {"energy_kwh", "c.energy_kwh"},
    {"vms", "c.vms"},
    {"active_hosts", "c.active_hosts"},
    {"overloaded_hosts", "c.overloaded_hosts"},
    {"hosts_above_98", "c.hosts_above"},
    {"migrations", "c.migrations"},
};
constexpr CsvColumn faults[]{
    {"t_s", "x.at_ns", Form::seconds},
    {"machine", "x.machine"},
    {"fleet", "f.name"},
    {"fault", "x.what"},
};

// LEFT JOIN keeps the table of rows outermost, so the order of rows costs no sorting.
constexpr std::array tables{
    CsvTable{"samples.csv",
             "FROM samples s LEFT JOIN machines m ON m.machine = s.machine "
             "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY s.rowid",
             samples},
    CsvTable{"latency.csv",
             "FROM latency l LEFT JOIN client_groups g ON g.client_group = l.client_group "
             "ORDER BY l.rowid",
             latency},
    CsvTable{"throughput.csv",
             "FROM throughput t LEFT JOIN client_groups g ON g.client_group = t.client_group "
             "ORDER BY t.rowid",
             throughput},
    CsvTable{"sla_failures.csv",
             "FROM sla_failures s LEFT JOIN machines m ON m.machine = s.machine "
             "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY s.failure",
             sla_failures},
    CsvTable{"failovers.csv",
             "FROM failovers o LEFT JOIN machines m ON m.machine = o.from_machine "
             "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY o.failover",
             failovers},
    CsvTable{"migrations.csv",
             "FROM migrations m LEFT JOIN client_groups g ON m.client >= g.first_client "
             "AND m.client < g.first_client + g.clients ORDER BY m.rowid",
             migrations},
    CsvTable{"transactions.csv",
             "FROM transactions t LEFT JOIN client_groups g ON t.client >= g.first_client "
             "AND t.client < g.first_client + g.clients "
             "LEFT JOIN transaction_kinds k ON k.kind = t.kind ORDER BY t.rowid",
             transactions, true},
    CsvTable{"machines.csv",
             "FROM machines m LEFT JOIN fleets f ON f.fleet = m.fleet "
             "LEFT JOIN flavors v ON v.flavor = m.flavor "
             "LEFT JOIN machine_totals o ON o.machine = m.machine ORDER BY m.machine",
             machines},
    CsvTable{"consolidation.csv", "FROM consolidation c ORDER BY c.rowid", consolidation, true},
    CsvTable{"faults.csv",
             "FROM faults x LEFT JOIN machines m ON m.machine = x.machine "
             "LEFT JOIN fleets f ON f.fleet = m.fleet ORDER BY x.rowid",
             faults},
};

std::string select(const CsvTable& table) {
  std::string sql = "SELECT ";
  for (const CsvColumn& column : table.columns) {
    if (&column != table.columns.data()) sql += ", ";
    sql += column.from;
  }
  return sql.append(" ").append(table.from);
}

/// `count` / 10^places as a decimal fraction without a rounding error and without trailing zeros.
void write_scaled(TextFile& out, std::int64_t count, int places) {
  std::array<char, 24> digits{};
  auto magnitude =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  auto* const end = digits.data() + digits.size();
  auto* at = end;
  auto* last = end;  // behind the last digit that is not a trailing zero of the fraction
  for (int place = 0; magnitude != 0 || place <= places; ++place) {
    if (place == places && last != at) *--at = '.';
    *--at = static_cast<char>('0' + magnitude % 10);
    if (place < places && *at == '0' && last == at + 1) last = at;
    magnitude /= 10;
  }
  if (count < 0) out.write('-');
  out.write(std::string_view{at, static_cast<std::size_t>(last - at)});
}

void write_text(TextFile& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return out.write(text);
  out.write('"');
  for (const char c : text) {
    if (c == '"') out.write('"');
    out.write(c);
  }
  out.write('"');
}

void write_field(TextFile& out, const Statement& row, int column, Form form) {
  switch (sqlite3_column_type(row.get(), column)) {
    case SQLITE_NULL:
      return;
    case SQLITE_INTEGER:
      if (form == Form::seconds) return write_scaled(out, integer(row, column), 9);
      if (form == Form::milliseconds) return write_scaled(out, integer(row, column), 6);
      return out.write_number(integer(row, column));
    case SQLITE_FLOAT:
      return out.write_number(real(row, column));
    default:
      return write_text(out, text(row, column));
  }
}

void write_header(TextFile& out, std::span<const CsvColumn> columns) {
  for (const CsvColumn& column : columns) {
    if (&column != columns.data()) out.write(',');
    write_text(out, column.name);
  }
  out.write("\r\n");
}

void export_table(sqlite3* db, const CsvTable& table, const std::filesystem::path& directory) {
  const Statement row = prepare(db, select(table));
  bool more = next_row(row.get());
  if (!more && table.only_with_rows) return;
  TextFile out{directory / table.file};
  write_header(out, table.columns);
  for (; more; more = next_row(row.get())) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i != 0) out.write(',');
      write_field(out, row, static_cast<int>(i), table.columns[i].form);
    }
    out.write("\r\n");
  }
  out.close();
}

}  // namespace

std::span<const CsvTable> csv_tables() {
  return tables;
}

void export_csv(sqlite3* db, const std::filesystem::path& directory) {
  for (const CsvTable& table : tables) export_table(db, table, directory);
}

}  // namespace record
