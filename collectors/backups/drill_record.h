// What a drill found, and the file that keeps it across restarts. Written by the drill, read by the daemon.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep::backups {

// Why a backup is not proven to restore, in as many words as an alert needs.
enum class DrillReason : std::uint8_t {
  kNone,  // it is proven
  kNoBackup,
  kNoSpace,     // too little is free to begin
  kNoPrograms,  // of Postgres, or nobody to run them as
  kVersion,     // a newer Postgres wrote it
  kRestore,     // an error of psql or pg_restore, or the backup is damaged
  kTables,      // fewer than expected
  kRows,        // likewise, or fewer than the backup holds
  kCheck,       // one of the user's own
  kTimeout,
  kTooLarge,  // restored, for `max_bytes` or the disk
  kServer,    // it cannot be reached, or refuses
  kMarker,    // a database without the marker would have been touched
  kKilled,    // it ended without a word
  kOther,
};
std::string_view to_string(DrillReason reason);

struct DrillResult {
  DrillReason reason = DrillReason::kNone;
  std::string message;          // one line; empty when all is good
  std::string backup_path;      // logical, without leading slash
  double backup_timestamp = 0;  // of the backup; this and the following are Unix times
  double started = 0, finished = 0;
  double seconds = 0;
  std::uint64_t tables = 0, rows = 0, checks = 0, failed_checks = 0;
  double last_success = 0;  // when the last good drill ended; 0: never

  bool operator==(const DrillResult&) const = default;
  [[nodiscard]] bool good() const { return reason == DrillReason::kNone; }
};

// The text of a record, and back. Of a newer version of the program unknown lines are passed over.
std::string to_text(const DrillResult& result);
Result<DrillResult> parse_drill_result(std::string_view text);

// `<state>/backups/<name>.drill`.
std::string drill_record_path(const std::string& state, std::string_view name);
// Nothing: there never was a drill.
Result<std::optional<DrillResult>> read_drill_result(const std::string& state, std::string_view name);
Result<> write_drill_result(const std::string& state, std::string_view name, const DrillResult& result);

}  // namespace upkeep::backups
