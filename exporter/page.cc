#include "exporter/page.h"

#include <algorithm>
#include <memory>

#include "exporter/limits.h"

namespace upkeep {
namespace {

// Cuts the text of a page into blocks, none of which needs the others.
class Blocks {
 public:
  explicit Blocks(std::span<const PageEntry> entries)
      : entries_(entries), room_(std::make_unique_for_overwrite<char[]>(kBytes)) {}

  // Valid until the next call; empty: that was all.
  std::string_view next() {
    char* at = room_.get();
    for (; entry_ < entries_.size(); ++entry_, line_ = 0) {
      const PageEntry& entry = entries_[entry_];
      at = write_some(entry, at);
      if (line_ != lines_of(entry)) break;
    }
    return {room_.get(), static_cast<std::size_t>(at - room_.get())};
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{128} << 10;
  static constexpr std::size_t kLinesAtATime = 64;

  static std::size_t lines_of(const PageEntry& entry) { return entry.family->end - entry.family->begin; }

  // Lines of `entry` from line_ on, as many as there surely is room for.
  char* write_some(const PageEntry& entry, char* at) {
    while (line_ != lines_of(entry)) {
      const std::size_t count = std::min(kLinesAtATime, lines_of(entry) - line_);
      const LineRange range{entry.family->begin + line_, entry.family->begin + line_ + count};
      const bool header = entry.header && line_ == 0;
      const std::size_t needed = bytes_at_most(*entry.samples, *entry.family, header, range);
      if (needed > static_cast<std::size_t>(room_.get() + kBytes - at)) break;
      at = write_lines(*entry.samples, *entry.family, header, range, at);
      line_ += count;
    }
    return at;
  }

  const std::span<const PageEntry> entries_;
  std::size_t entry_ = 0, line_ = 0;  // what comes next
  const std::unique_ptr<char[]> room_;
};

std::size_t bytes_at_most(std::span<const PageEntry> entries) {
  std::size_t bytes = 0;
  for (const PageEntry& entry : entries) bytes += entry.family->bytes_at_most;
  return bytes;
}

}  // namespace

void write_entries(std::span<const PageEntry> entries, std::string& out) {
  // One bound for the whole text, so that nothing is checked, grown or cleared on the way.
  out.resize_and_overwrite(bytes_at_most(entries), [&](char* const text, std::size_t) {
    char* at = text;
    for (const PageEntry& entry : entries) at = write_family(*entry.samples, *entry.family, entry.header, at);
    return static_cast<std::size_t>(at - text);
  });
}

void Page::clear() {
  content_.owners.clear();
  content_.entries.clear();
  text_.clear();
  compressed_.clear();
}

void Page::finish() {
  if (bytes_at_most(content_.entries) > limits::kKeptPageBytes) return;
  written();
  content_.owners.clear();
  content_.entries.clear();
}

void Page::finish(std::string_view text) { text_ = text; }

bool Page::is_empty() const {
  const std::lock_guard lock(mutex_);
  return text_.empty() && content_.entries.empty();
}

const std::string& Page::written() const {
  if (text_.empty()) write_entries(content_.entries, text_);
  return text_;
}

std::string_view Page::text() const {
  const std::lock_guard lock(mutex_);
  return written();
}

std::string_view Page::gzip() const {
  const std::lock_guard lock(mutex_);
  if (!compressed_.empty()) return compressed_;
  if (content_.entries.empty()) {
    gzip_->compress(text_, compressed_);
  } else {
    Blocks blocks(content_.entries);
    gzip_->compress([&] { return blocks.next(); }, compressed_);
  }
  return compressed_;
}

}  // namespace upkeep
