#include "exporter/sample_sink.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "exporter/exposition_text.h"

namespace upkeep {
SampleSink::SampleSink(std::size_t max_series) : max_series_(max_series), store_(std::make_shared<LabelStore>()) {}

void SampleSink::begin() {
  count_ = 0;
  over_limit_ = 0;
}

void SampleSink::add(const MetricDesc& desc, double value, std::span<const std::string_view> labels) {
  if (count_ < slots_.size()) {
    const Slot& slot = slots_[count_];
    if (descs_[slot.desc] == &desc && are_labels((*store_)[slot.front], (*store_)[slot.rest], desc, labels)) {
      values_[count_++] = value;
      return;
    }
  }
  written_.clear();
  front_bytes_ = 0;
  const std::size_t given = std::min(labels.size(), desc.label_count);
  for (std::size_t i = 0; i < given; ++i) {
    append_label(written_, i == 0 ? '{' : ',', desc.labels[i], labels[i]);
    if (i + 1 == desc.front_labels) front_bytes_ = written_.size();
  }
  written_ += given > 0 ? "} " : " ";
  place(desc, value);
}

void SampleSink::add_line(const MetricDesc& desc, std::string_view suffix, std::span<const Label> labels,
                          double value) {
  written_.assign(suffix);
  front_bytes_ = 0;
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
  const std::string_view all = written_, front = all.substr(0, front_bytes_), rest = all.substr(front_bytes_);
  if (count_ < slots_.size()) {
    const Slot& slot = slots_[count_];
    if (descs_[slot.desc] == &desc && (*store_)[slot.rest].text == rest && (*store_)[slot.front].text == front) {
      values_[count_++] = value;
      return;
    }
  }
  if (count_ >= max_series_) {
    ++over_limit_;
    return;
  }
  changed_ = true;
  if (count_ == slots_.size()) {
    slots_.emplace_back();
    values_.emplace_back();
  }
  slots_[count_] = {id_of(desc), store_->intern(front), store_->intern(rest)};
  values_[count_++] = value;
}

std::uint32_t SampleSink::id_of(const MetricDesc& desc) {
  const auto [found, is_new] = desc_ids_.try_emplace(&desc, static_cast<std::uint32_t>(descs_.size()));
  if (is_new) descs_.push_back(&desc);
  return found->second;
}

// Forgets labels that nothing has any more. What was published keeps the old store.
void SampleSink::renew_store() {
  auto store = std::make_shared<LabelStore>();
  slots_.resize(count_);
  values_.resize(count_);
  for (Slot& slot : slots_) {
    slot.front = store->intern((*store_)[slot.front].text);
    slot.rest = store->intern((*store_)[slot.rest].text);
  }
  store_ = std::move(store);
}

// Makes the families of the layout; returns the slots of each.
std::vector<std::vector<std::uint32_t>> SampleSink::slots_by_family(Layout& layout) const {
  std::vector<std::vector<std::uint32_t>> slots;
  std::unordered_map<std::string_view, std::size_t> known;
  const MetricDesc* last = nullptr;
  std::size_t family = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const MetricDesc* const desc = descs_[slots_[i].desc];
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
  constexpr std::size_t kUnusedPieces = 1000;  // that may be kept whatever the size
  if (store_->size() > 2 * pieces_used_ + kUnusedPieces) renew_store();
  auto layout = std::make_shared<Layout>();
  layout->store = store_;
  for (std::size_t id = 0; id < store_->size(); ++id)
    layout->pieces.push_back(&(*store_)[static_cast<LabelStore::Id>(id)]);
  const auto slots = slots_by_family(*layout);
  order_.clear();
  pieces_used_ = 0;
  const std::uint64_t marked_before = mark_;
  std::set<std::pair<LabelStore::Id, LabelStore::Id>> known;  // of those with a front
  for (std::size_t f = 0; f < slots.size(); ++f) {
    Layout::Family& family = layout->families[f];
    family.begin = order_.size();
    family.bytes_at_most = family.header.size();
    ++mark_;
    known.clear();
    for (const std::uint32_t at : slots[f]) {
      const Slot& slot = slots_[at];
      LabelPiece &front = (*store_)[slot.front], &rest = (*store_)[slot.rest];
      const bool is_new =
          slot.front == LabelStore::kEmpty ? rest.mark != mark_ : known.emplace(slot.front, slot.rest).second;
      if (!is_new) continue;
      for (LabelPiece* const piece : {&front, &rest}) {
        if (piece->mark <= marked_before) ++pieces_used_;
        piece->mark = mark_;
      }
      order_.push_back(at);
      layout->lines.push_back({slot.front, slot.rest});
      family.bytes_at_most += family.desc->name.size() + front.text.size() + rest.text.size() + kValueBytes + 1;
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
  for (std::size_t i = 0; i < order_.size(); ++i) out.values[i] = values_[order_[i]];
  out.dropped = count_ - order_.size() + over_limit_;
}

}  // namespace upkeep
