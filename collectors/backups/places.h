// What lies where backups are expected, as the file system shows it at one moment.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/backups/backup_file.h"
#include "exporter/filesystem.h"

namespace upkeep::backups {

enum class ItemKind : std::uint8_t {
  kBackup,
  kTemporary,   // by its name: who writes it will rename it
  kUnfinished,  // the directory of a pg_dump -Fd or a pg_basebackup without what is written last
};

struct Item {
  BackupFile file;
  ItemKind kind = ItemKind::kBackup;
};

struct Findings {
  std::vector<Item> items;  // sorted by path; each inode once
  Result<> result;          // the first thing that could not be looked at
};

// Goes through all that the patterns match: absolute paths in whose components *, ? and [...] stand for what they do in
// a shell.
Findings find_backups(FileSystem& fs, std::span<const std::string> patterns);

// The directory before the first component with a wildcard, logical: "backups" of "/backups/*/db.dump".
std::string fixed_directory(std::string_view pattern);

// What the file will be called when it is complete, if its name says that it is not: "db.dump" of "db.dump.partial" and
// of rsync's ".db.dump.Xa3dQ1". Empty: the name says nothing.
std::string_view name_when_finished(std::string_view name);

// Whether it lies beside a backup and is none: checksums, signatures.
bool is_companion(std::string_view name);

}  // namespace upkeep::backups
