// Panels: the parts of the window around map and timeline. Each draws itself into a rectangle.
#pragma once

#include "viz/model/event_log.hpp"
#include "viz/ui/canvas.hpp"
#include "viz/ui/frame.hpp"

namespace viz::ui {

/// Name of the run, transport, speed, clock, source, search, and the numbers that matter.
class TopBar {
 public:
  void draw(Frame& frame, const Rect& place);

 private:
  float draw_transport(Frame& frame, float x, float y);
  float draw_speed(Frame& frame, float x, float y);
  float draw_clock(const Frame& frame, float x, float y);
  void draw_source(Frame& frame, float x, float y);
  float draw_find(Frame& frame, float right, float y);
  float draw_figures(const Frame& frame, float right, float y);
};

/// The whole run in one strip: how many machines fail (over the mean CPU); drag to go anywhere.
class Scrubber {
 public:
  explicit Scrubber(Textures& textures) : canvas_(textures) {}
  void draw(Frame& frame, const Rect& place);

 private:
  void paint(const Frame& frame, const Span& run);
  Canvas canvas_;
};

/// What is selected, in numbers; and the levers that change a live world.
class Inspector {
 public:
  explicit Inspector(Textures& textures);
  void draw(Frame& frame, const Rect& place);

 private:
  void draw_machine(const Frame& frame, const model::MachineView& machine, const Rect& place);
  void draw_migration(const Frame& frame, const model::MigrationRecord& record, const Rect& place);
  void draw_failover(const Frame& frame, const model::FailoverRecord& record, const Rect& place);
  void draw_failure(const Frame& frame, const model::FailureRecord& record, const Rect& place);
  void draw_group(Frame& frame, const model::GroupView& group, const Rect& place);
  void draw_client(const Frame& frame, const model::ClientView& client, const Rect& place);
  void draw_fleet(const Frame& frame, const Rect& place);
  float draw_resources(const Frame& frame, const vm::PerResource<float>& use, const Rect& place,
                       float y);
  float draw_history(const Frame& frame, vm::Resource resource, const Rect& place);
  void draw_levers(Frame& frame, const Rect& place);
  /// Where a page that may be longer than `place` begins; the wheel moves it.
  float begin_page(const Frame& frame, const Rect& place);
  void end_page(const Frame& frame, const Rect& place, float bottom);

  std::array<Canvas, vm::resource_count> histories_;
  float scrolled_ = 0, hidden_ = 0;  // of the page: px above its place, and px that do not fit
};

/// Everything that happened, filtered, with the playhead in view.
class EventsPanel {
 public:
  void draw(Frame& frame, const Rect& place);

 private:
  void draw_chips(Frame& frame, const Rect& place);
  void draw_table(Frame& frame, const Rect& place);
  void draw_row(Frame& frame, std::size_t index, std::size_t current, float height);
  model::Filter filter_of(const Frame& frame) const;

  model::Matches matches_;
  std::size_t scrolled_to_ = 0;  // the row that the table was last moved to
  bool complete_ = false;
};

void draw_status_bar(const Frame& frame, const Rect& place, std::string_view detail);
void draw_help(const Frame& frame, const Rect& screen);

/// Both runs of a comparison, figure by figure.
void draw_comparison(const Frame& frame, const Rect& place);

/// The machine that a typed text means: "7", "machine 7", its name, or none.
std::optional<model::MachineId> found_machine(const model::RunView& run, std::string_view typed);

/// The client that a typed text means: "client 17", or a number where clients are meant anyway.
std::optional<model::TenantId> found_client(const model::RunInfo& info, std::string_view typed);

/// Jumps of the transport: to the start of the next SLA failure or crash after the playhead, or to
/// the last one before it.
std::optional<Time> next_failure(const model::RunView& run, bool forward);

}  // namespace viz::ui
