#include "real/fleet/incident_mail.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "real/fleet/archive.hpp"
#include "real/fleet/fleet_status.hpp"

namespace real {
namespace {

using namespace std::chrono_literals;

constexpr auto shown_before = 30s;
constexpr auto shown_after = 10s;
constexpr std::size_t most_lines = 60;  // of samples

struct Incident {
  std::int64_t host = 0;
  std::string name, cause, archive;
  sim::Time start, noticed, end, closed;
  double value = 0, worst = 0, limit = 0;
};

Incident read_incident(sqlite3* db, std::uint64_t number) {
  const Statement row = prepare(
      db,
      "SELECT i.host, h.name, i.cause, meta.name, i.start, i.noticed, coalesce(i.end, 0), "
      "coalesce(i.closed, 0), i.value, i.worst, i.\"limit\" FROM incidents i JOIN hosts h ON h.id "
      "= i.host JOIN meta WHERE i.number = ?");
  set_value(row, 1, number);
  if (!next_row(row)) {
    throw StoreError{sqlite3_db_filename(db, "main"), "no incident " + std::to_string(number)};
  }
  const auto text = [&row](int column) { return std::string{bytes(row, column)}; };
  const auto time = [&row](int column) { return sim::Time{sim::Duration{integer(row, column)}}; };
  return {.host = integer(row, 0),
          .name = text(1),
          .cause = text(2),
          .archive = text(3),
          .start = time(4),
          .noticed = time(5),
          .end = time(6),
          .closed = time(7),
          .value = sqlite3_column_double(row.get(), 8),
          .worst = sqlite3_column_double(row.get(), 9),
          .limit = sqlite3_column_double(row.get(), 10)};
}

/// Of one host between two instants: packed ones, and those that are not packed yet.
std::vector<ArchivedSample> samples_of(sqlite3* db, std::int64_t host, sim::Time from,
                                       sim::Time to) {
  std::vector<ArchivedSample> samples;
  const Statement raw = prepare(db, "SELECT samples FROM raw WHERE id = ?");
  const Statement fresh =
      prepare(db,
              "SELECT samples FROM fresh WHERE id >= ?1 << 32 AND id < (?1 + 1) << 32 AND "
              "host = ?2");
  for (auto minute = slot_of(from, one_minute); minute <= slot_of(to, one_minute); ++minute) {
    set_value(raw, 1, slot_row(minute, host));
    while (next_row(raw)) unpack_samples(minute, bytes(raw, 0), samples);
    set_value(fresh, 1, minute);
    set_value(fresh, 2, host);
    while (next_row(fresh)) unpack_samples(minute, bytes(fresh, 0), samples);
  }
  std::erase_if(samples, [=](const ArchivedSample& s) { return s.at < from || s.at > to; });
  std::ranges::sort(samples, {}, &ArchivedSample::at);
  return samples;
}

std::string percent(double share) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.1f %%", 100 * share);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string table(const std::vector<ArchivedSample>& samples) {
  if (samples.empty()) return "No samples are kept of that time.\n";
  std::string text = "time (UTC)     cpu %  memory %    disk %  network %\n";
  const std::size_t step = (samples.size() + most_lines - 1) / most_lines;
  for (std::size_t i = 0; i < samples.size(); i += step) {
    const auto share = [&](std::size_t r) { return samples[i].shares[r] / 100.0; };
    std::array<char, 96> line{};
    const int size = std::snprintf(line.data(), line.size(), "%-10s %9.1f %9.1f %9.1f %10.1f\n",
                                   utc(samples[i].at).substr(11, 8).c_str(), share(0), share(1),
                                   share(2), share(3));
    text.append(line.data(), static_cast<std::size_t>(size));
  }
  if (step > 1) text += "(one sample of " + std::to_string(step) + ")\n";
  return text;
}

std::string subject(const Incident& i, bool closed) {
  const std::string lasted = closed ? " after " + rough(i.end - i.start) : "";
  if (i.cause == "silent") {
    return i.name + (closed ? ": answers again" + lasted : ": no answer since " + utc(i.start));
  }
  return i.name + ": " + i.cause +
         (closed ? " is below its limit again" + lasted
                 : " at " + percent(i.value) + ", limit " + percent(i.limit));
}

std::string story(const Incident& i, bool closed) {
  std::string text;
  if (i.cause == "silent") {
    text = "Nothing was heard of " + i.name + " since " + utc(i.start) + ".\n";
    if (closed) text += "It has been heard of again since " + utc(i.end) + ".\n";
  } else {
    text = "The " + i.cause + " utilisation of " + i.name + " reached " + percent(i.value) +
           " over the window that began at " + utc(i.start) + "; its limit is " + percent(i.limit) +
           ".\n";
    if (closed) {
      text += "It has been below again since " + utc(i.end) + ".\nAt worst it was " +
              percent(i.worst) + ".\n";
    }
  }
  return text;
}

}  // namespace

Letter incident_mail(sqlite3* db, std::uint64_t number, bool closed, const std::string& fleet,
                     const std::string& from) {
  const Incident i = read_incident(db, number);
  const auto about = closed ? i.end : i.start;
  const auto until = closed ? i.closed : i.noticed;
  const auto samples =
      samples_of(db, i.host, about - shown_before, std::max(until, about) + shown_after);
  const std::string domain = from.substr(from.rfind('@'));
  const auto id = [&](const char* kind) {
    return "incident-" + std::to_string(number) + "." + kind + "." + i.archive + domain;
  };
  Letter message;
  message.from = from;
  message.subject = "[" + fleet + "] " + subject(i, closed);
  message.body = story(i, closed) + "Incident " + std::to_string(number) + " of fleet " + fleet +
                 ", noticed at " + utc(i.noticed) + ".\n\n" + table(samples);
  message.id = id(closed ? "closed" : "opened");
  if (closed) message.answers = id("opened");
  message.at = until;
  return message;
}

}  // namespace real
