// One page of metrics, as text and compressed.
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

// A family on a page: its lines in some samples, below its header or, where those of another sample come before them,
// without.
struct PageEntry {
  const Samples* samples;
  const Layout::Family* family;
  bool header;
};

// Replaces `out` by their whole text.
void write_entries(std::span<const PageEntry> entries, std::string& out);

// Filled by one thread; thread-safe once finish() was called.
class Page {
 public:
  struct Content {
    std::vector<std::shared_ptr<const void>> owners;  // of samples that entries are of
    Samples own;                                      // others that entries are of
    std::vector<PageEntry> entries;                   // in the order of the page
  };

  explicit Page(std::shared_ptr<Gzip> gzip) : gzip_(std::move(gzip)) {}

  // To be filled again, in the same storage.
  void clear();
  Content& content() { return content_; }
  // Writes the text and lets go of what it is made of; but a text beyond limits::kKeptPageBytes is only written when it
  // is asked for, and to compress it, block by block.
  void finish();
  // The same for a text that is there.
  void finish(std::string_view text);

  [[nodiscard]] bool is_empty() const;
  // Holds all that it is made of, and its text once that was asked for: to be dropped with its last reader.
  [[nodiscard]] bool is_large() const { return !content_.entries.empty(); }
  // Both are valid as long as the page.
  std::string_view text() const;
  std::string_view gzip() const;

 private:
  const std::string& written() const;

  const std::shared_ptr<Gzip> gzip_;  // shared with other pages
  Content content_;                   // empty once the text is written for good
  mutable std::mutex mutex_;          // guards what is made when it is asked for
  mutable std::string text_, compressed_;
};

}  // namespace upkeep
