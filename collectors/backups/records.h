// What verifying found, kept across restarts: no backup is read twice. A file is the same as long as device, inode,
// size and time of change are.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "collectors/backups/verification.h"

namespace upkeep::backups {

struct Record {
  BackupFile file;
  Reason reason = Reason::kNone;
  std::string format;
  double when = 0;  // Unix time when it ended
  double seconds = 0, coverage = 0;
  std::uint64_t read_bytes = 0;
  [[nodiscard]] bool good() const { return reason == Reason::kNone; }
  // Whether another attempt may find something else although the file is the same.
  [[nodiscard]] bool is_final() const { return reason != Reason::kUnreadable && reason != Reason::kChanged; }
};

// The size and time of a backup that was the newest once.
struct Newest {
  std::int64_t modified_ns = 0;
  std::uint64_t size_bytes = 0;
  bool operator==(const Newest&) const = default;
};

class Records {
 public:
  static constexpr std::size_t kHistory = 3;

  // Of a file that was written by to_text(). Lines of any other form are left out.
  static Records parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  void add(Record record);
  [[nodiscard]] const Record* find(const BackupFile& file) const;
  // Forgets what is neither among `present` nor pinned.
  void keep_only(std::span<const BackupFile> present);

  // The records of the newest of `complete` that has one, and of the newest that is good. Where none has, what was said
  // last, even though the file is gone.
  const Record* newest(std::span<const BackupFile> complete);
  const Record* newest_good(std::span<const BackupFile> complete);

  // Remembers which backup is the newest; the last kHistory of them, newest first, are history().
  void see_newest(const BackupFile& file);
  [[nodiscard]] const std::vector<Newest>& history() const { return history_; }

  // Whether anything is new since the last call.
  bool take_change() { return std::exchange(changed_, false); }

 private:
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::int64_t>;
  static Key key_of(const BackupFile& file) { return {file.device, file.inode, file.size_bytes, file.modified_ns}; }
  [[nodiscard]] const Record* at(const std::optional<Key>& key) const;
  void parse_line(std::string_view line);

  std::map<Key, Record> records_;
  std::optional<Key> newest_, newest_good_;
  std::vector<Newest> history_;
  bool changed_ = false;
};

}  // namespace upkeep::backups
