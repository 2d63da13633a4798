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

// Some of what stands between the name of a family and the value. Mostly all of it: `{device="eth0"} `, or ` `; of a
// histogram also `_bucket{le="1"} `. Where many series begin with the same labels (MetricDesc::front_labels), those are
// a piece of their own: `{id="/docker/3f",name="api"` before `,cpu="total"} `.
struct LabelPiece {
  static constexpr std::size_t kEscaped = std::size_t{1} << 32;  // more than there can be

  std::string text;
  std::size_t labels = 0;  // how many; kEscaped when a value is not written as it was given
  std::uint64_t mark = 0;  // free for the one who writes to the store
};

// Whether `front` and `rest`, which were written for `desc`, are what `values` are written as. Never true for escaped
// ones, of which it cannot be told.
bool are_labels(const LabelPiece& front, const LabelPiece& rest, const MetricDesc& desc,
                std::span<const std::string_view> values);

// Each piece once, where it stays as long as the store lives. One thread uses it; others may read pieces they were
// given.
class LabelStore {
 public:
  using Id = std::uint32_t;
  static constexpr Id kEmpty = 0;  // of ""

  LabelStore() { intern({}); }
  Id intern(std::string_view text);
  LabelPiece& operator[](Id id) { return pieces_[id]; }
  [[nodiscard]] std::size_t size() const { return pieces_.size(); }

 private:
  std::deque<LabelPiece> pieces_;
  std::unordered_map<std::string_view, Id> ids_;
};

// All of a page but the values. Shared by the runs that published the same series.
struct Layout {
  struct Family {
    const MetricDesc* desc;
    std::string header;
    std::size_t begin, end;     // its lines
    std::size_t bytes_at_most;  // of its text
  };
  struct Line {
    LabelStore::Id front, rest;  // places in `pieces`
  };
  std::vector<Family> families;  // in the order in which they were first added
  std::vector<Line> lines;
  std::vector<const LabelPiece*> pieces;
  std::shared_ptr<const LabelStore> store;
};

struct Samples {
  std::shared_ptr<const Layout> layout = std::make_shared<Layout>();
  std::vector<double> values;  // of the layout's lines
  std::size_t dropped = 0;     // duplicates, and series beyond the limit
};

// Places in Layout::lines.
struct LineRange {
  std::size_t begin, end;
};
// Writes lines of a family, below its header or without, and returns where they end.
char* write_lines(const Samples& samples, const Layout::Family& family, bool header, LineRange range, char* at);
// How long that may be.
std::size_t bytes_at_most(const Samples& samples, const Layout::Family& family, bool header, LineRange range);

inline char* write_family(const Samples& samples, const Layout::Family& family, bool header, char* at) {
  return write_lines(samples, family, header, {family.begin, family.end}, at);
}

// All of them as a page of their own.
std::string text_of(const Samples& samples);

}  // namespace upkeep
