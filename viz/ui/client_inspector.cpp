// The inspector's pages about clients: a group of them, and one of them.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "viz/ui/facts.hpp"
#include "viz/ui/format.hpp"
#include "viz/ui/panels.hpp"

namespace viz::ui {
namespace {

using Basis = model::ClientView::Basis;
using Kind = model::Selection::Kind;

std::string milliseconds_text(const std::optional<double>& ms) {
  return ms ? short_text(*ms) + " ms" : "-";
}

std::string number_text(std::uint64_t count) {
  return count < 100'000 ? std::to_string(count) : count_text(static_cast<double>(count));
}

std::string number_text(const std::optional<std::uint64_t>& count) {
  return count ? number_text(*count) : "-";
}

void select_client(const Frame& frame, std::uint32_t client) {
  frame.send(model::Select{{Kind::client, client}});
}

/// A field for a client's number, and a button.
float draw_choice(Frame& frame, const model::GroupInfo& group, const Rect& place, float y) {
  const float left = place.min.x + frame.px(14), right = place.max.x - frame.px(14);
  const float height = frame.px(24), cut = right - frame.px(92);
  const Rect field{{left, y}, {cut - frame.px(6), y + height}};
  frame.probes.add("group.number", field);
  ImGui::SetCursorScreenPos(field.min);
  ImGui::SetNextItemWidth(field.width());
  ImGui::PushFont(frame.fonts.small);
  const std::uint32_t last = group.first_client + std::max(group.clients, 1u) - 1;
  const std::string hint = std::to_string(group.first_client) + " to " + std::to_string(last);
  std::array<char, 16>& typed = frame.state.client;
  const bool entered = ImGui::InputTextWithHint("##client", hint.c_str(), typed.data(),
                                                typed.size(), ImGuiInputTextFlags_EnterReturnsTrue);
  ImGui::PopFont();
  const bool pressed = draw_button(frame, "group.client", {{cut, y}, {right, y + height}},
                                   "One client", group.clients > 0);
  if (entered || pressed) {
    const std::string_view text{typed.data()};
    if (text.empty()) {
      select_client(frame, group.first_client);
    } else if (const auto client = found_client(frame.run.info, text)) {
      select_client(frame, client->value);
    } else {
      frame.state.remark = "there is no client \"" + std::string{text} + "\"";
    }
    typed.fill(0);
  }
  return y + height + frame.px(10);
}

/// To the clients beside it, and to all of its group.
float draw_way(const Frame& frame, const model::ClientView& client, const Rect& place, float y) {
  const model::RunInfo& info = frame.run.info;
  const model::GroupInfo& group = info.groups[client.group.value];
  const float left = place.min.x + frame.px(14), right = place.max.x - frame.px(14);
  const float height = frame.px(24), step = frame.px(34);
  const auto button = [&](const char* name, float x, float width, std::string_view text, bool can) {
    return draw_button(frame, name, {{x, y}, {x + width, y + height}}, text, can);
  };
  const std::uint32_t number = client.id.value;
  if (button("client.previous", left, step, "<", number > 0)) select_client(frame, number - 1);
  if (button("client.next", left + step + frame.px(6), step, ">", number + 1 < info.clients()))
    select_client(frame, number + 1);
  const float rest = left + 2 * (step + frame.px(6));
  if (button("client.group", rest, right - rest - frame.px(86), "All of " + group.name, true))
    frame.send(model::Select{{Kind::group, client.group.value}});
  draw_text_right(
      frame.fonts.small, {right, y + frame.px(5)}, frame.palette.dim,
      number_text(number - group.first_client + 1) + " of " + number_text(group.clients));
  return y + height + frame.px(10);
}

std::string as_of(const model::ClientView& client) {
  switch (client.basis) {
    case Basis::nothing:
      return client.loading ? "looking ..." : "not known";
    case Basis::transactions:
      return (client.loading ? "reading ... until " : "until ") + clock_text(client.at);
    case Basis::newest:
      return "newest: " + clock_text(client.at);
    case Basis::whole_run:
      return "of the whole run";
  }
  return {};
}

/// What is missing, and how it is to be had.
std::string_view advice(const Frame& frame, const model::ClientView& client) {
  if (!client.message.empty()) return client.message;
  if (client.loading) return {};
  const model::SourceView& source = frame.run.source;
  const bool live = source.kind == model::SourceKind::live;
  switch (client.basis) {
    case Basis::transactions:
      return client.lost ? "" : "What is lost or duplicated is known when the run has ended.";
    case Basis::newest:
      return client.percentiles_since
                 ? "p50 and p99 are counted since it was picked; view --client N picks it at 0."
                 : "";
    case Basis::whole_run:
      return live || client.p99_ms ? ""
                                   : "Only its books at the end are recorded. For percentiles and "
                                     "the course play the "
                                     "scenario with --transactions.";
    case Basis::nothing:
      return source.state == model::SourceState::finished
                 ? "Recorded per group only. A run played with this Brink has each client's "
                   "books, with --transactions everything."
                 : "Recorded per group until the run ends. Played with --transactions, each "
                   "client can be seen before.";
  }
  return {};
}

float draw_last(const Frame& frame, const model::ClientView& client, const Rect& place, float y) {
  if (client.last.empty()) return y;
  const Palette& p = frame.palette;
  const float left = place.min.x + frame.px(14), right = place.max.x - frame.px(14);
  frame.probes.add("client.last", {{left, y}, {right, y + frame.px(17)}});
  y = draw_heading(frame, place, y, "Last transactions", "ended, after");
  for (const vm::TransactionRow& row : client.last) {
    const bool good = row.outcome == vm::Outcome::committed;
    draw_text(frame.fonts.mono_small, {left, y}, p.dim, clock_text(row.ended));
    std::string word{to_string(row.outcome)};
    std::ranges::replace(word, '_', ' ');
    if (row.attempts > 1) word += ", " + std::to_string(row.attempts) + " attempts";
    draw_text_within(frame.fonts.small, {left + frame.px(100), y}, frame.px(130),
                     good ? p.text : p.failing, word);
    draw_text_right(frame.fonts.mono_small, {right, y}, good ? p.text : p.failing,
                    span_text(row.ended - row.issued));
    y += frame.px(17);
  }
  return y;
}

}  // namespace

std::optional<model::TenantId> found_client(const model::RunInfo& info, std::string_view typed) {
  constexpr std::string_view word = "client";
  if (typed.starts_with(word)) typed.remove_prefix(word.size());
  while (typed.starts_with(' ')) typed.remove_prefix(1);
  while (typed.ends_with(' ')) typed.remove_suffix(1);
  std::uint32_t number = 0;
  const char* const end = typed.data() + typed.size();
  const auto read = std::from_chars(typed.data(), end, number);
  const model::TenantId client{number};
  if (read.ec != std::errc{} || read.ptr != end || !info.group_of(client)) return std::nullopt;
  return client;
}

void Inspector::draw_group(Frame& frame, const model::GroupView& group, const Rect& place) {
  const Palette& p = frame.palette;
  const model::GroupInfo& info = frame.run.info.groups[group.id.value];
  float y =
      draw_title(frame, place, info.name, "CLIENTS", p.raised, p.accent, count_text(info.clients));
  y = draw_choice(frame, info, place, y);
  y = draw_rule(frame, place, y);
  const auto rate = [](double per_second) { return short_text(per_second) + " /s"; };
  const auto bad = [&](double value) { return value > 0 ? p.failing : p.text; };
  const auto count = [](std::uint64_t n) { return count_text(static_cast<double>(n)); };
  y = draw_heading(frame, place, y, "Now", "of the last interval");
  y = draw_facts(frame, place, y, {"Issued", rate(group.issued_per_s), p.text},
                 {"Committed", rate(group.committed_per_s), p.good});
  y = draw_facts(frame, place, y, {"Refused", rate(group.refused_per_s), bad(group.refused_per_s)},
                 {"Timed out", rate(group.timed_out_per_s), bad(group.timed_out_per_s)});
  y = draw_facts(frame, place, y, {"Failed", rate(group.failed_per_s), bad(group.failed_per_s)},
                 {"Retries", rate(group.retries_per_s), p.text});
  y = draw_fact(frame, place, y, "In flight", count(group.in_flight), p.text);
  y = draw_facts(frame, place, y, {"p50", milliseconds_text(group.p50_ms), p.text},
                 {"p99", milliseconds_text(group.p99_ms), p.text});
  y = draw_fact(frame, place, y, "p99.9", milliseconds_text(group.p999_ms), p.text);
  y = draw_rule(frame, place, y + frame.px(4));
  // What was issued has ended in one of four ways or is still in flight.
  y = draw_heading(frame, place, y, "Books", "so far");
  y = draw_facts(frame, place, y, {"Issued", count(group.issued), p.text},
                 {"Committed", count(group.committed), p.text});
  y = draw_facts(frame, place, y, {"Refused", count(group.refused), p.text},
                 {"Timed out", count(group.timed_out), p.text});
  draw_facts(frame, place, y, {"Failed", count(group.failed), p.text},
             {"Retries", count(group.retries), p.text});
}

void Inspector::draw_client(const Frame& frame, const model::ClientView& client,
                            const Rect& place) {
  const Palette& p = frame.palette;
  const bool cut_off = !client.served;
  float y = draw_title(frame, place, "Client " + std::to_string(client.id.value),
                       cut_off         ? "CUT OFF"
                       : client.frozen ? "HELD"
                       : client.moving ? "MOVING"
                                       : "CLIENT",
                       p.raised,
                       cut_off                          ? p.failing
                       : client.frozen || client.moving ? p.moving
                                                        : p.accent,
                       frame.run.info.groups[client.group.value].name);
  y = draw_way(frame, client, place, y);
  y = draw_rule(frame, place, y);
  const Rect page{{place.min.x, y}, place.max};
  y = begin_page(frame, page);
  if (client.machine == vm::no_machine) {
    y = draw_fact(frame, place, y, "Its state is on", "not known", p.dim);
  } else {
    bool go = false;
    y = draw_link(frame, "client.machine", place, y, "Its state is on",
                  machine_name(frame, client.machine), go);
    if (go) frame.send(model::Select{{Kind::machine, client.machine.value}});
  }
  y = draw_fact(frame, place, y, "Migrations",
                number_text(client.migrations) + (client.moving ? ", one under way" : ""),
                client.moving ? p.moving : p.text);
  y = draw_rule(frame, place, y + frame.px(2));
  y = draw_heading(frame, place, y, "Books", as_of(client));
  const bool known = client.basis != Basis::nothing;
  const auto count = [&](std::uint64_t n) { return known ? number_text(n) : std::string{"-"}; };
  const auto bad = [&](std::uint64_t n) { return known && n > 0 ? p.failing : p.text; };
  y = draw_facts(frame, place, y, {"Issued", count(client.issued), p.text},
                 {"Committed", count(client.committed), p.text});
  y = draw_facts(frame, place, y, {"Refused", count(client.refused), bad(client.refused)},
                 {"Timed out", count(client.timed_out), bad(client.timed_out)});
  y = draw_facts(frame, place, y, {"Failed", count(client.failed), bad(client.failed)},
                 {"In flight", count(client.in_flight), p.text});
  y = draw_facts(frame, place, y, {"Retries", count(client.retries), p.text},
                 {"Acknowledged", number_text(client.acknowledged), p.text});
  // Beside counts until the playhead stands what is known of the whole run alone.
  const auto closed = [&](const std::optional<std::uint64_t>& n) {
    return number_text(n) + (n && client.basis == Basis::transactions ? " at end" : "");
  };
  y = draw_facts(frame, place, y, {"Lost", closed(client.lost), bad(client.lost.value_or(0))},
                 {"Duplicated", closed(client.duplicated), bad(client.duplicated.value_or(0))});
  y = draw_rule(frame, place, y + frame.px(2));
  y = draw_heading(frame, place, y, "Latency",
                   client.percentiles_since
                       ? "percentiles since " + clock_text(*client.percentiles_since)
                   : client.measured > 0 ? "of " + number_text(client.measured)
                                         : "");
  y = draw_facts(frame, place, y, {"Mean", milliseconds_text(client.mean_ms), p.text},
                 {"Worst", milliseconds_text(client.max_ms), p.text});
  y = draw_facts(frame, place, y, {"p50", milliseconds_text(client.p50_ms), p.text},
                 {"p99", milliseconds_text(client.p99_ms), p.text});
  const std::string_view note = advice(frame, client);
  if (!note.empty()) y = draw_note(frame, place, y + frame.px(3), note);
  end_page(frame, page, draw_last(frame, client, place, y + frame.px(6)));
}

}  // namespace viz::ui
