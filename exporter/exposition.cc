#include "exporter/exposition.h"

#include <libdeflate.h>

#include <algorithm>
#include <unordered_map>

namespace upkeep {

bool Exposition::layout_holds(std::span<const Part> parts) const {
  if (known_.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [group, families] = known_[i];
    if (parts[i].group != group) return false;
    if (!std::ranges::equal(families, parts[i].samples->families, {}, {}, &FamilyText::desc)) return false;
  }
  return true;
}

// Decides which family of which part goes where.
void Exposition::lay_out(std::span<const Part> parts) {
  known_.clear();
  pieces_.clear();
  left_out_ = 0;
  std::unordered_map<std::string_view, const void*> owner;  // of each family name: the group that was first
  for (const Part& part : parts) {
    std::vector<const MetricDesc*>& families = known_.emplace_back(part.group, std::vector<const MetricDesc*>{}).second;
    for (const FamilyText& family : part.samples->families) families.push_back(family.desc);
  }
  for (std::size_t first = 0; first < parts.size();) {
    std::size_t last = first;
    while (last < parts.size() && parts[last].group == parts[first].group) ++last;
    for (std::size_t i = first; i < last; ++i) {
      const auto& families = parts[i].samples->families;
      for (std::size_t f = 0; f < families.size(); ++f) {
        const std::string_view name = families[f].desc->name;
        const auto [found, is_new] = owner.try_emplace(name, parts[i].group);
        if (!is_new) {
          left_out_ += found->second == parts[i].group ? 0 : 1;  // else: written with its first part, below
          continue;
        }
        pieces_.push_back({i, f, true});
        for (std::size_t other = i + 1; other < last; ++other) {
          const auto& theirs = parts[other].samples->families;
          const auto at = std::ranges::find(theirs, name, [](const FamilyText& family) { return family.desc->name; });
          if (at != theirs.end()) pieces_.push_back({other, static_cast<std::size_t>(at - theirs.begin()), false});
        }
      }
    }
    first = last;
  }
}

std::size_t Exposition::join(std::span<const Part> parts, std::string& out) {
  if (!layout_holds(parts)) lay_out(parts);
  std::size_t size = out.size();
  for (const Part& part : parts) size += part.samples->text.size();
  out.reserve(size);
  for (const Piece& piece : pieces_) {
    const RenderedSamples& samples = *parts[piece.part].samples;
    const FamilyText& family = samples.families[piece.family];
    const std::size_t begin = piece.header ? family.begin : family.samples;
    out.append(samples.text, begin, family.end - begin);
  }
  return left_out_;
}

void Gzip::Free::operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }

Gzip::Gzip() : compressor_(libdeflate_alloc_compressor(1)) {}

void Gzip::compress(std::string_view text, std::string& out) {
  const std::lock_guard lock(mutex_);
  const std::size_t bound = libdeflate_gzip_compress_bound(compressor_.get(), text.size());
  room_.resize_and_overwrite(std::max(bound, room_.size()), [](char*, std::size_t size) { return size; });
  out.assign(room_.data(),
             libdeflate_gzip_compress(compressor_.get(), text.data(), text.size(), room_.data(), room_.size()));
}

std::string_view Page::gzip() const {
  const std::lock_guard lock(mutex_);
  if (compressed_.empty()) gzip_->compress(text, compressed_);
  return compressed_;
}

void Page::clear() {
  text.clear();
  compressed_.clear();
}

}  // namespace upkeep
