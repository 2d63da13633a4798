// One backup on the disk, as it was when it was looked at: a file, or a directory that pg_dump -Fd or pg_basebackup
// wrote.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace upkeep::backups {

struct BackupFile {
  std::string path;           // logical, without leading slash
  bool is_directory = false;  // then size and time are those of all its files
  std::uint64_t device = 0, inode = 0, size_bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970

  auto operator<=>(const BackupFile&) const = default;
};

}  // namespace upkeep::backups
