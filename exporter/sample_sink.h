// Where a collector puts its samples, and where they become text.
//
// A run adds its samples in the same order as the last one, nearly always. So the sink predicts by position: a sample
// whose family and labels equal those added at the same place last time reuses its rendered `name{labels} ` and only
// the value is formatted. While the series set stays the same nothing is allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metric.h"

namespace upkeep {

// Exposition text of one family: `# HELP`, `# TYPE` and samples, text[begin, end).
struct FamilyText {
  const MetricDesc* desc;
  std::size_t begin, samples, end;  // [begin, samples) is the header
};

// What one run of a collector published. Text is in the order in which families were first added.
struct RenderedSamples {
  std::string text;
  std::vector<FamilyText> families;
  std::size_t series = 0;
  std::size_t dropped = 0;  // duplicates, and series beyond the limit
};

// One thread at a time. begin(), add()..., render(): once a run.
class SampleSink {
 public:
  explicit SampleSink(std::size_t max_series);

  void begin();

  // Adds a sample of `desc`. Labels are given in the order of desc.label_names(); fewer may be given, and then the rest
  // are not rendered. Values of labels may hold any bytes: they are made valid UTF-8, cut at limits::kLabelValueBytes
  // and escaped. `desc` outlives the sink. A series already added in this run is counted and left out.
  void add(const MetricDesc& desc, double value, std::initializer_list<std::string_view> labels = {}) {
    add(desc, value, std::span<const std::string_view>(labels.begin(), labels.size()));
  }
  void add(const MetricDesc& desc, double value, std::span<const std::string_view> labels);

  // Adds one line of a histogram or summary family: `name` + suffix ("_bucket", "_sum", "_count" or ""), with label
  // names given beside their values (`le`, `quantile` allowed). Used by the textfile collector.
  struct Label {
    std::string_view name, value;
  };
  void add_line(const MetricDesc& desc, std::string_view suffix, std::span<const Label> labels, double value);

  // Writes what was added since begin() into `out`, reusing its storage.
  void render(RenderedSamples& out);

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  struct Slot {
    const MetricDesc* desc = nullptr;
    std::string key;     // label values as given, each ended by a length; tells whether the prediction holds
    std::string prefix;  // `name{label="value"} `
    double value = 0;
  };

  static bool predicted(const Slot& slot, const MetricDesc& desc, std::span<const std::string_view> labels);
  Slot* replace(const MetricDesc& desc, std::span<const std::string_view> labels);
  void plan();

  std::size_t max_series_;
  std::vector<Slot> slots_;        // in the order of add()
  std::size_t count_ = 0;          // slots used in this run
  std::size_t bytes_at_most_ = 0;  // of the text that plan_ makes
  std::size_t planned_ = 0;        // slots that plan_ covers; differs from count_ when the set changed
  bool changed_ = true;
  std::size_t over_limit_ = 0;
  std::size_t duplicates_ = 0;
  struct Family {
    const MetricDesc* desc;
    std::string header;
    std::vector<std::uint32_t> slots;
  };
  std::vector<std::string_view> line_key_;  // of add_line(), kept for its storage
  std::vector<Family> plan_;                // families in first-added order, each with its slots
};

// Appends a value as Prometheus reads it: integers without exponent, other finite values in the shortest form that
// reads back the same, NaN, +Inf, -Inf.
void append_value(std::string& out, double value);

// Appends `text` as the inside of a quoted label value: valid UTF-8 (bad bytes become U+FFFD), at most
// limits::kLabelValueBytes (a longer one ends with `~` and 8 hex digits of its hash, so that two of them stay apart),
// `\`, `"` and newline escaped.
void append_label_value(std::string& out, std::string_view text);

}  // namespace upkeep
