// In which order a page has what the collectors published.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "exporter/page.h"
#include "exporter/samples.h"

namespace upkeep {

// Families in the order of the parts, parts that follow each other with the same `group` (instances of one collector)
// merged family by family, no family twice. A family that an earlier part of another group already has is left out.
// Remembers the layout, so that the same families again cost no look-up. One thread at a time.
class Exposition {
 public:
  struct Part {
    const Samples* samples;
    const void* group;
  };
  // Appends to `out`, which refers to the samples of the parts. Returns how many families were left out.
  std::size_t arrange(std::span<const Part> parts, std::vector<PageEntry>& out);

 private:
  struct Piece {
    std::size_t part, family;
    bool header;
  };
  struct Known {
    const void* group;
    std::shared_ptr<const Layout> layout;
  };
  [[nodiscard]] bool layout_holds(std::span<const Part> parts);
  void lay_out(std::span<const Part> parts);

  std::vector<Known> known_;  // of each part
  std::vector<Piece> pieces_;
  std::size_t left_out_ = 0;
};

}  // namespace upkeep
