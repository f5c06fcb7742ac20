// Processes name themselves, with any bytes: markup, formulas, line ends, what moves a terminal's
// cursor. Whatever shows their names must not be moved by them.
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/attacks/sent.hpp"

namespace attacks {
namespace {

using nlohmann::json;

bool is_agent(const Target& target) {
  return target.guarded.starts_with("/processlist");
}

std::string page(const Target& target, const std::string& path) {
  return answer_to(target, "GET", path, "Authorization: Bearer " + target.token + "\r\n");
}

/// A name as UTF-8, with a replacement for each byte that is none: what JSON can hold.
std::string shown_as(const std::string& name) {
  const std::string text = json(name).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(text).get<std::string>();
}

Outcome in_json(const Target& target) {
  const std::string said = page(target, target.guarded);
  const std::string body = http_client::body_of(said);
  if (told(said) != "200" || body.find_first_of("<>&\x1b\x07") != std::string::npos) {
    return {told(said) + ", not escaped", false};
  }
  const json list = json::parse(body, nullptr, false);
  if (list.is_discarded()) return {"no JSON", false};
  std::size_t found = 0;
  for (const std::string& name : hostile_names()) {
    for (const json& row : list["processes"]) found += row["name"] == shown_as(name);
  }
  return {std::to_string(found) + " names as they are, escaped", found == hostile_names().size()};
}

Outcome as_page(const Target& target) {
  const std::string said = page(target, target.guarded);
  const bool kept = said.find("\r\nContent-Type: application/json\r\n") != std::string::npos &&
                    said.find("\r\nX-Content-Type-Options: nosniff\r\n") != std::string::npos &&
                    said.substr(0, said.find("\r\n\r\n")).find("Set-Cookie") == std::string::npos;
  return {kept ? "JSON, nosniff" : "may be taken for a page", kept};
}

/// Is this a line of the text format: NAME{label="…",…} NUMBER, with only escapes inside quotes?
bool is_sample(const std::string& line) {
  std::size_t at = line.find_first_of("{ ");
  if (at == std::string::npos || !(line.starts_with("node_") || line.starts_with("brink_"))) {
    return false;
  }
  bool quoted = false;
  for (; at < line.size(); ++at) {
    if (quoted && line[at] == '\\') {
      if (at + 1 == line.size() || std::string{"\\\"n"}.find(line[++at]) == std::string::npos) {
        return false;
      }
    } else if (line[at] == '"') {
      quoted = !quoted;
    } else if (!quoted && line[at] == ' ') {
      break;
    }
  }
  std::istringstream number{line.substr(std::min(at, line.size()))};
  double value = 0;
  return !quoted && number >> value && number.eof();
}

Outcome in_metrics(const Target& target) {
  const std::string said = page(target, "/metrics");
  if (told(said) != "200") return {told(said), false};
  std::istringstream text{http_client::body_of(said)};
  std::size_t samples = 0, processes = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    if (!is_sample(line)) return {"a line broken in two: " + json(line).dump(-1, ' ', true), false};
    ++samples;
    processes += line.starts_with("brink_process_cpu_seconds_total{");
  }
  return {"every line a sample", samples > 50 && processes == hostile_names().size()};
}

Outcome without_cmdline(const Target& target) {
  for (const char* query : {"&cmdline=1", "&full=true", "&by=cmdline"}) {
    const std::string said = page(target, target.guarded + query);
    if (said.find("cmdline\":") != std::string::npos) return {"shown", false};
  }
  return {"never", true};
}

}  // namespace

std::vector<Attack> name_attacks() {
  return {
      {"name", "markup, formulas and line ends in JSON", "all names, escaped", in_json, is_agent},
      {"name", "markup that is taken for a page", "JSON, nosniff", as_page, is_agent},
      {"name", "quotes and line ends in Prometheus' labels", "every line a sample", in_metrics,
       is_agent},
      {"name", "command lines asked for by the way", "never", without_cmdline, is_agent},
  };
}

}  // namespace attacks
