#include "exporter/exposition.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace upkeep {

bool Exposition::layout_holds(std::span<const Part> parts) {
  if (known_.size() != parts.size()) return false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto& [group, known] = known_[i];
    const auto& layout = parts[i].samples->layout;
    if (parts[i].group != group) return false;
    if (layout == known) continue;
    const auto desc = &Layout::Family::desc;
    if (!std::ranges::equal(known->families, layout->families, {}, desc, desc)) return false;
    known = layout;  // other lines, of the same families
  }
  return true;
}

// Decides which family of which part goes where.
void Exposition::lay_out(std::span<const Part> parts) {
  known_.clear();
  pieces_.clear();
  left_out_ = 0;
  std::unordered_map<std::string_view, const void*> owner;  // of each family name: the group that was first
  for (const Part& part : parts) known_.push_back({part.group, part.samples->layout});
  for (std::size_t first = 0; first < parts.size();) {
    std::size_t last = first;
    while (last < parts.size() && parts[last].group == parts[first].group) ++last;
    for (std::size_t i = first; i < last; ++i) {
      const auto& families = parts[i].samples->layout->families;
      for (std::size_t f = 0; f < families.size(); ++f) {
        const std::string_view name = families[f].desc->name;
        const auto [found, is_new] = owner.try_emplace(name, parts[i].group);
        if (!is_new) {
          left_out_ += found->second == parts[i].group ? 0 : 1;  // else: written with its first part, below
          continue;
        }
        pieces_.push_back({i, f, true});
        for (std::size_t other = i + 1; other < last; ++other) {
          const auto& theirs = parts[other].samples->layout->families;
          const auto at =
              std::ranges::find(theirs, name, [](const Layout::Family& family) { return family.desc->name; });
          if (at != theirs.end()) pieces_.push_back({other, static_cast<std::size_t>(at - theirs.begin()), false});
        }
      }
    }
    first = last;
  }
}

std::size_t Exposition::arrange(std::span<const Part> parts, std::vector<PageEntry>& out) {
  if (!layout_holds(parts)) lay_out(parts);
  for (const Piece& piece : pieces_) {
    const Samples& samples = *parts[piece.part].samples;
    out.push_back({&samples, &samples.layout->families[piece.family], piece.header});
  }
  return left_out_;
}

}  // namespace upkeep
