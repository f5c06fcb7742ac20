// Metrics: the Prometheus text format, version 0.0.4, written into one buffer that is used again.
//
// Where a figure means what node_exporter's means it has node_exporter's name, unit and labels, so
// that existing dashboards and alerts go on working; a test asks node_exporter itself for its
// names. What only Brink knows begins with brink_.
//
//   source   https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "real/agent.hpp"

namespace real {

/// Writes families of samples, one after the other.
class MetricsText {
 public:
  struct Label {
    std::string_view name, value;
  };
  using Labels = std::initializer_list<Label>;

  void clear() { text_.clear(); }
  const std::string& text() const { return text_; }

  /// Begins a family. `type` is "counter" or "gauge"; `help` is one line of ours.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// One sample of the family that was begun last. Label values may be any bytes: quotes, line ends
  /// and backslashes are escaped, what is no UTF-8 becomes '?', since one bad byte would cost the
  /// whole page.
  void value(double value, Labels labels = {});
  void value(std::uint64_t value, Labels labels = {});

 private:
  void begin_sample(Labels labels);
  void append_label_value(std::string_view value);

  std::string text_;
  std::string name_;  // of the family
};

/// Writes the page of one agent: what the host's files say now, its last sample, and its nodes'.
void write_metrics(const HostReading& host, const Agent& agent, MetricsText& into);

}  // namespace real
