#include "exporter/sample_sink.h"

#include <algorithm>
#include <unordered_map>

#include "exporter/exposition_text.h"

namespace upkeep {

SampleSink::SampleSink(std::size_t max_series) : max_series_(max_series), store_(std::make_shared<LabelStore>()) {}

void SampleSink::begin() {
  count_ = 0;
  over_limit_ = 0;
}

void SampleSink::add(const MetricDesc& desc, double value, std::span<const std::string_view> labels) {
  if (count_ < slots_.size()) {
    Slot& slot = slots_[count_];
    if (slot.desc == &desc && slot.labels->is_of(desc, labels)) {
      slot.value = value;
      ++count_;
      return;
    }
  }
  written_.clear();
  const std::size_t given = std::min(labels.size(), desc.label_count);
  for (std::size_t i = 0; i < given; ++i) append_label(written_, i == 0 ? '{' : ',', desc.labels[i], labels[i]);
  written_ += given > 0 ? "} " : " ";
  place(desc, value);
}

void SampleSink::add_line(const MetricDesc& desc, std::string_view suffix, std::span<const Label> labels,
                          double value) {
  written_.assign(suffix);
  char before = '{';
  for (const Label& label : labels) {
    append_label(written_, before, label.name, label.value);
    before = ',';
  }
  written_ += labels.empty() ? " " : "} ";
  place(desc, value);
}

// Adds the sample whose labels are `written_`.
void SampleSink::place(const MetricDesc& desc, double value) {
  if (count_ < slots_.size() && slots_[count_].desc == &desc && slots_[count_].labels->text == written_) {
    slots_[count_++].value = value;
    return;
  }
  if (count_ >= max_series_) {
    ++over_limit_;
    return;
  }
  changed_ = true;
  if (count_ == slots_.size()) slots_.emplace_back();
  slots_[count_++] = {&desc, &store_->intern(written_), value};
}

// Forgets labels that nothing has any more. What was published keeps the old store.
void SampleSink::renew_store() {
  auto store = std::make_shared<LabelStore>();
  slots_.resize(count_);
  for (Slot& slot : slots_) slot.labels = &store->intern(slot.labels->text);
  store_ = std::move(store);
}

// Makes the families of the layout; returns the slots of each.
std::vector<std::vector<std::uint32_t>> SampleSink::slots_by_family(Layout& layout) const {
  std::vector<std::vector<std::uint32_t>> slots;
  std::unordered_map<std::string_view, std::size_t> known;
  const MetricDesc* last = nullptr;
  std::size_t family = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const MetricDesc* const desc = slots_[i].desc;
    if (desc != last) {
      last = desc;
      family = known.try_emplace(desc->name, slots.size()).first->second;
    }
    if (family == slots.size()) {
      slots.emplace_back();
      append_header(layout.families.emplace_back(Layout::Family{desc, {}, 0, 0, 0}).header, *desc);
    }
    slots[family].push_back(static_cast<std::uint32_t>(i));
  }
  return slots;
}

// Groups the slots by family, and leaves out the second of two equal series.
void SampleSink::lay_out() {
  constexpr std::size_t kUnusedLabels = 1000;  // that may be kept whatever the size
  if (store_->size() > 2 * labels_used_ + kUnusedLabels) renew_store();
  auto layout = std::make_shared<Layout>();
  layout->store = store_;
  const auto slots = slots_by_family(*layout);
  order_.clear();
  labels_used_ = 0;
  const std::uint64_t marked_before = mark_;
  for (std::size_t f = 0; f < slots.size(); ++f) {
    Layout::Family& family = layout->families[f];
    family.begin = order_.size();
    family.bytes_at_most = family.header.size();
    ++mark_;
    for (const std::uint32_t slot : slots[f]) {
      LabelText& labels = *slots_[slot].labels;
      if (labels.mark == mark_) continue;  // a duplicate
      if (labels.mark <= marked_before) ++labels_used_;
      labels.mark = mark_;
      order_.push_back(slot);
      layout->lines.emplace_back(labels.text);
      family.bytes_at_most += family.desc->name.size() + labels.text.size() + kValueBytes + 1;
    }
    family.end = order_.size();
  }
  layout_ = std::move(layout);
  laid_out_ = count_;
  changed_ = false;
}

void SampleSink::publish(Samples& out) {
  if (changed_ || laid_out_ != count_) lay_out();
  out.layout = layout_;
  out.values.resize(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) out.values[i] = slots_[order_[i]].value;
  out.dropped = count_ - order_.size() + over_limit_;
}

}  // namespace upkeep
