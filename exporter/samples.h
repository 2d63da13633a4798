// What one run of a collector published. It becomes text where it is sent: thousands of lines share a few names and a
// few sets of labels, which are kept once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "exporter/metric.h"

namespace upkeep {

// What stands between the name of a family and the value: `{device="eth0"} `, or ` `; of a histogram also
// `_bucket{le="1"} `.
struct LabelText {
  static constexpr std::size_t kEscaped = -1;

  std::string text;
  std::size_t labels = 0;  // how many; kEscaped when a value is not written as it was given
  std::uint64_t mark = 0;  // free for the one who writes to the store

  // Whether this, which was written for `desc`, is what `values` are written as. Never true for escaped ones, of which
  // it cannot be told.
  [[nodiscard]] bool is_of(const MetricDesc& desc, std::span<const std::string_view> values) const;
};

// Each text once, where it stays as long as the store lives. One thread writes; others may read texts they were given.
class LabelStore {
 public:
  LabelText& intern(std::string_view text);
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  std::deque<LabelText> texts_;
  std::unordered_map<std::string_view, LabelText*> by_text_;
};

// All of a page but the values. Shared by the runs that published the same series.
struct Layout {
  struct Family {
    const MetricDesc* desc;
    std::string header;
    std::size_t begin, end;     // its lines
    std::size_t bytes_at_most;  // of its text
  };
  std::vector<Family> families;         // in the order in which they were first added
  std::vector<std::string_view> lines;  // the labels of each
  std::shared_ptr<const LabelStore> store;
};

struct Samples {
  std::shared_ptr<const Layout> layout = std::make_shared<Layout>();
  std::vector<double> values;  // of the layout's lines
  std::size_t dropped = 0;     // duplicates, and series beyond the limit
};

// Writes the lines of a family, below its header or without, and returns where they end.
char* write_family(const Samples& samples, const Layout::Family& family, bool header, char* at);

// All of them as a page of their own.
std::string text_of(const Samples& samples);

}  // namespace upkeep
