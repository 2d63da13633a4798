#include "collectors/backups/text_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// Who writes scripts, and what they say at the beginning and at the end. pg_dumpall's holds pg_dump's, one a database;
// since the minor releases of August 2025 a line \unrestrict with a key follows what says that it is complete.
struct Writer {
  std::string_view begins, ends;
};
constexpr std::string_view kPgDump = "-- PostgreSQL database ";
constexpr Writer kWriters[] = {
    {"-- PostgreSQL database dump", "-- PostgreSQL database dump complete"},
    {"-- PostgreSQL database cluster dump", "-- PostgreSQL database cluster dump complete"},
    {"-- MySQL dump ", "-- Dump completed"},
    {"-- MariaDB dump ", "-- Dump completed"},
};

const Writer* writer_of(std::string_view beginning) {
  for (const std::string_view raw : Lines(beginning)) {
    const std::string_view line = trim(raw);
    for (const Writer& writer : kWriters) {
      const bool whole_line = !writer.begins.ends_with(' ');
      if (whole_line ? line == writer.begins : line.starts_with(writer.begins)) return &writer;
    }
  }
  return nullptr;
}

// What of `text` follows the last line that is complete and says who ends here; nothing when there is none.
std::optional<std::string_view> after_completion(std::string_view text, const Writer& writer) {
  const std::string line = fmt::format("\n{}", writer.ends);
  const std::size_t at = text.rfind(line);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + line.size());
}

// Counts the dumps that begin in a script and those that are complete, wherever the pieces of it end.
class Balance {
 public:
  void see(std::string_view piece) {
    seam_ += piece.substr(0, kLongest);
    count(seam_, seam_.size() > kLongest ? seam_.size() - kLongest : 0);
    if (piece.size() > kLongest) {
      count(piece, piece.size() - kLongest);
      seam_.assign(piece.substr(piece.size() - kLongest));
    } else if (seam_.size() > kLongest) {
      seam_.erase(0, seam_.size() - kLongest);
    }
  }
  void end() { count(seam_, seam_.size()); }
  // What follows the end of the dump that began last: the key with which psql's commands were locked.
  [[nodiscard]] const std::string& unlocks() const { return unlocks_; }
  [[nodiscard]] std::uint64_t begun() const { return begun_; }
  [[nodiscard]] std::uint64_t completed() const { return completed_; }

 private:
  static constexpr std::size_t kLongest = 128;  // more than any of the lines, with those around it

  // Those that begin before `end`. There are few capital Qs in data.
  void count(std::string_view text, std::size_t end) {
    constexpr std::size_t kRare = kPgDump.find('Q');
    const std::size_t last = std::min(text.size(), end + kRare);
    for (std::size_t at = kRare; at < last; ++at) {
      const void* const hit = std::memchr(text.data() + at, 'Q', last - at);
      if (hit == nullptr) return;
      at = static_cast<std::size_t>(static_cast<const char*>(hit) - text.data());
      std::string_view rest = text.substr(at - kRare);
      if (!rest.starts_with(kPgDump)) continue;
      rest.remove_prefix(kPgDump.size());
      if (rest.starts_with("cluster ")) rest.remove_prefix(8);
      if (rest.starts_with("dump\n--\n")) begin(rest);
      if (rest.starts_with("dump complete\n--\n")) ++completed_;
    }
  }

  void begin(std::string_view text) {
    ++begun_;
    constexpr std::string_view kLock = "dump\n--\n\n\\restrict ";
    unlocks_.clear();
    if (!text.starts_with(kLock)) return;
    text.remove_prefix(kLock.size());
    unlocks_ = fmt::format("\\unrestrict {}\n\n", text.substr(0, text.find('\n')));
  }

  std::string seam_;  // the end of what was seen, as far as a line may go on
  std::string unlocks_;
  std::uint64_t begun_ = 0, completed_ = 0;
};

// The end of what comes in pieces.
class Tail {
 public:
  explicit Tail(std::size_t size) : size_(size) {}
  void see(std::string_view piece) {
    if (piece.size() >= size_) {
      text_.assign(piece.substr(piece.size() - size_));
      return;
    }
    text_ += piece;
    if (text_.size() > 2 * size_) text_.erase(0, text_.size() - size_);
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  const std::size_t size_;
  std::string text_;
};

bool holds_zero(std::string_view text) { return std::memchr(text.data(), '\0', text.size()) != nullptr; }

}  // namespace

bool begins_as_script(std::string_view beginning) { return writer_of(beginning) != nullptr; }

void check_script(Reader& reader) {
  const Writer* const writer = writer_of(reader.peek(kScriptBeginning));
  if (writer == nullptr) return reader.fail(Reason::kUnknownFormat, "not a dump that is known");
  Balance balance;
  Tail tail(4096);
  for (std::string_view piece = reader.piece(UINT64_MAX); !piece.empty(); piece = reader.piece(UINT64_MAX)) {
    if (holds_zero(piece)) return reader.fail(Reason::kCorrupt, "a zero byte in a text");
    balance.see(piece);
    tail.see(piece);
  }
  if (reader.failed()) return;
  balance.end();
  const bool is_postgres = writer->begins.starts_with(kPgDump);
  bool complete = false;
  if (is_postgres) {
    // Which may be several, pg_dumpall's of the roles before one of a database for instance.
    const auto dump = after_completion(tail.text(), kWriters[0]);
    const auto cluster = after_completion(tail.text(), kWriters[1]);
    complete =
        dump == "\n--\n\n" + balance.unlocks() || cluster == "\n--\n\n" || cluster == "\n--\n\n" + balance.unlocks();
  } else {
    const auto rest = after_completion(tail.text(), *writer);
    complete = rest && rest->ends_with('\n') && rest->find('\n') == rest->size() - 1;
  }
  if (!complete) return reader.fail(Reason::kIncomplete, "does not end as a complete dump does");
  if (balance.begun() != balance.completed()) {
    reader.fail(Reason::kIncomplete,
                fmt::format("{} dumps begin in it and {} are complete", balance.begun(), balance.completed()));
  }
}

void check_table_data(Job& job, Source& source, TableData kind, const std::string& what) {
  constexpr std::string_view kCopyEnd = "\\.\n\n\n";
  Tail tail(kCopyEnd.size());
  for (std::string_view piece = source.next(); !piece.empty(); piece = source.next()) {
    if (kind == TableData::kLargeObject) continue;
    if (holds_zero(piece)) return job.fail(Reason::kCorrupt, what + ": a zero byte in a text");
    tail.see(piece);
  }
  if (!job.failed() && kind == TableData::kCopy && !tail.text().ends_with(kCopyEnd)) {
    job.fail(Reason::kIncomplete, what + ": its rows do not end as those of a complete dump do");
  }
}

}  // namespace upkeep::backups
