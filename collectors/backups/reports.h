// What backup tools say of their backups, as JSON that a cron job puts into a file:
//   pgbackrest info --output=json
//   barman -f json list-backups all
//   restic snapshots --json
//   wal-g backup-list --detail --json
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/result.h"

namespace upkeep::backups {

struct ReportedBackup {
  double finished = 0;      // Unix time
  double size_bytes = 0;    // of what was backed up, or how much it takes where the tool says no more; 0: not known
  double stored_bytes = 0;  // what it takes where it is kept; 0: not known
};

struct Report {
  std::vector<ReportedBackup> backups;  // complete ones, newest first
  std::size_t in_progress = 0;
  bool failed = false;  // the tool's own word: of the repository, or of the newest attempt
};

// The kinds that there are.
inline constexpr std::string_view kReportKinds[] = {"pgbackrest", "barman", "restic", "wal-g"};

// `name`: only this stanza, server or host; empty: all. kParse: not what this tool writes. kNotFound: no such name.
Result<Report> parse_report(std::string_view kind, std::string_view name, std::string_view text);

}  // namespace upkeep::backups
