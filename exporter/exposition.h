// From what the collectors published to the page that is sent.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/gzip.h"
#include "exporter/samples.h"

namespace upkeep {

// Writes samples as one text: families in the order of the parts, parts that follow each other with the same
// `group` (instances of one collector) merged family by family, no family twice. A family that an earlier part of
// another group already has is left out. Remembers the layout, so that the same families again cost no look-up. One
// thread at a time.
class Exposition {
 public:
  struct Part {
    const Samples* samples;
    const void* group;
  };
  // Appends to `out`. Returns how many families were left out.
  std::size_t join(std::span<const Part> parts, std::string& out);

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

// One page, compressed when first asked for so. Thread-safe once its text is written.
class Page {
 public:
  explicit Page(std::shared_ptr<Gzip> gzip) : gzip_(std::move(gzip)) {}
  std::string text;
  // Valid as long as the page.
  std::string_view gzip() const;
  void clear();

 private:
  const std::shared_ptr<Gzip> gzip_;  // shared with other pages
  mutable std::mutex mutex_;
  mutable std::string compressed_;
};

}  // namespace upkeep
