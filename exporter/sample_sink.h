// Where a collector puts its samples.
//
// A run adds its samples in the same order as the last one, nearly always. So the sink predicts by position: a sample
// whose family and labels equal those added at the same place last time keeps its place, and only its value is new.
// While the series set stays the same nothing is written, looked up or allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/metric.h"
#include "exporter/samples.h"

namespace upkeep {

// One thread at a time. begin(), add()..., publish(): once a run.
class SampleSink {
 public:
  explicit SampleSink(std::size_t max_series);

  void begin();

  // Adds a sample of `desc`. Labels are given in the order of desc.label_names(); fewer may be given, and then the rest
  // are not written. Values of labels may hold any bytes: they are made valid UTF-8, cut at limits::kLabelValueBytes
  // and escaped. `desc` outlives the sink and what it published. A series already added in this run is counted and left
  // out.
  void add(const MetricDesc& desc, double value, std::initializer_list<std::string_view> labels = {}) {
    add(desc, value, std::span<const std::string_view>(labels.begin(), labels.size()));
  }
  void add(const MetricDesc& desc, double value, std::span<const std::string_view> labels);

  // Adds one line of a histogram or summary family: `name` + suffix ("_bucket", "_sum", "_count" or ""), with label
  // names given beside their values (`le`, `quantile` allowed). Used by the textfile collector. A family has all its
  // lines by add() or all by add_line().
  struct Label {
    std::string_view name, value;
  };
  void add_line(const MetricDesc& desc, std::string_view suffix, std::span<const Label> labels, double value);

  // Puts what was added since begin() into `out`, reusing its storage.
  void publish(Samples& out);

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  // A sample without its value, as small as can be: there may be many.
  struct Slot {
    std::uint32_t desc;  // place in descs_
    LabelStore::Id front, rest;
  };

  std::uint32_t id_of(const MetricDesc& desc);
  void place(const MetricDesc& desc, double value);
  void renew_store();
  std::vector<std::vector<std::uint32_t>> slots_by_family(Layout& layout) const;
  void lay_out();

  std::size_t max_series_;
  std::vector<Slot> slots_;     // in the order of add()
  std::vector<double> values_;  // of the slots
  std::vector<const MetricDesc*> descs_;
  std::unordered_map<const MetricDesc*, std::uint32_t> desc_ids_;
  std::size_t count_ = 0;  // slots used in this run
  std::size_t over_limit_ = 0;
  std::string written_;          // labels of the sample that is added
  std::size_t front_bytes_ = 0;  // of them, that are kept apart

  std::shared_ptr<LabelStore> store_;
  std::size_t pieces_used_ = 0;  // of the store, by the layout
  std::uint64_t mark_ = 0;

  std::shared_ptr<const Layout> layout_;
  std::vector<std::uint32_t> order_;  // the slot of each of its lines
  std::size_t laid_out_ = 0;          // slots that it covers; differs from count_ when the set changed
  bool changed_ = true;
};

}  // namespace upkeep
