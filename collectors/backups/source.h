// A backup as what restores it wants it: decompressed, told by its kind, or copied to where another user can read it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/backups/backup_file.h"
#include "collectors/backups/decoder.h"
#include "collectors/backups/guard.h"
#include "collectors/backups/process.h"
#include "exporter/filesystem.h"

namespace upkeep::backups {

enum class DumpKind : std::uint8_t {
  kSql,     // for psql
  kCustom,  // for pg_restore, as the two that follow
  kTar,
  kDirectory,
  kUnknown,  // nothing that either of them could restore
};

// Not for directories.
class Source {
 public:
  // Reads as much as is needed to tell what it is. Every failure is kRestore: a backup that cannot be read is none.
  static Drilled<std::unique_ptr<Source>> open(FileSystem& fs, const std::string& path);

  [[nodiscard]] DumpKind kind() const { return kind_; }
  [[nodiscard]] bool is_compressed() const { return decoder_ != nullptr; }
  // More of it, valid until the next call; empty at the end.
  Drilled<std::string_view> next();

 private:
  Source(std::unique_ptr<FileStream> stream, std::string path) : stream_(std::move(stream)), path_(std::move(path)) {}
  Drilled<> begin();
  Drilled<std::string_view> decoded();

  const std::unique_ptr<FileStream> stream_;
  const std::string path_;
  std::unique_ptr<Decoder> decoder_;
  std::string_view input_;  // of the stream, and not decoded yet
  bool input_ended_ = false, ended_ = false;
  std::string begin_;  // was read to tell its kind
  bool begin_given_ = false;
  DumpKind kind_ = DumpKind::kUnknown;
};

// The files of a directory that pg_dump -Fd made, into `to`, for `owner` (none: for us).
Drilled<> copy_directory(FileSystem& fs, const std::string& path, const std::string& to,
                         const std::optional<Account>& owner, Guard& guard);

}  // namespace upkeep::backups
