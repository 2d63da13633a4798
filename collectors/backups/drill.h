// Restoring the newest backup for real, now and then: when the next such drill is due, and what the last one found.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "collectors/backups/backup_file.h"
#include "collectors/backups/drill_record.h"
#include "collectors/backups/options.h"
#include "exporter/collector.h"

namespace upkeep::backups {

// Starts `upkeep drill NAME` as a process of its own when a drill is due: `every` after the last one, and after one
// that failed as soon as there is another backup, but not within an hour. At its first step it clears away what a drill
// left that was killed. One thread at a time. A drill under way when it is destroyed is ended, and cleans up after
// itself.
class DrillSchedule {
 public:
  DrillSchedule(const Environment& environment, const Options& options);
  ~DrillSchedule();
  DrillSchedule(const DrillSchedule&) = delete;
  DrillSchedule& operator=(const DrillSchedule&) = delete;

  // To be called at every look; `newest` is the newest completed backup, or null. Never blocks.
  void step(const BackupFile* newest);
  [[nodiscard]] bool running() const;
  // Nothing before the first one ended.
  [[nodiscard]] std::optional<DrillResult> last() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What the subcommand does: restores the backup (null: there is none, which is a failure), writes what it does to
// `out`, keeps the result in the state directory, and returns the exit status: 0 the backup can be restored, 1 it
// cannot, 3 another drill is under way or it was told to end, which says nothing of the backup and is not kept.
int run_drill(const Options& options, const BackupFile* backup, const Environment& environment, std::ostream& out);

// `upkeep drill NAME [FILE]`.
extern const CollectorCommand kDrillCommand;

}  // namespace upkeep::backups
