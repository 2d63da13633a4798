// What a drill must not outlast: its time, its disk, and who wants it to end.
#pragma once

#include <csignal>
#include <cstdint>
#include <expected>
#include <string>

#include "collectors/backups/drill_record.h"
#include "exporter/clock.h"

namespace upkeep::backups {

// Why a drill failed.
struct DrillProblem {
  DrillReason reason = DrillReason::kOther;
  std::string message;  // one line
};

template <class T = void>
using Drilled = std::expected<T, DrillProblem>;

inline std::unexpected<DrillProblem> drill_fails(DrillReason reason, std::string message) {
  return std::unexpected<DrillProblem>(DrillProblem{reason, std::move(message)});
}

// Asked by everything that waits, many times a second. SIGTERM, SIGINT and SIGHUP are held back as long as
// it lives, and SIGPIPE is ignored: a program that ends early is an answer.
class Guard {
 public:
  Guard(const Clock& clock, Clock::duration timeout);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // From now on `directory` may take `max_bytes` (0: any number), and a share of its file system stays free.
  void watch_disk(std::string directory, std::uint64_t max_bytes);
  // Whether to go on: kTimeout, kTooLarge, or kKilled, which says nothing of the backup.
  Drilled<> check();
  // Whether somebody told us to end.
  [[nodiscard]] bool told_to_end() const { return told_to_end_; }

 private:
  Drilled<> check_disk();

  const Clock& clock_;
  const Clock::time_point deadline_;
  const Clock::duration timeout_;
  sigset_t before_{};
  struct sigaction before_pipe_ {};
  bool told_to_end_ = false;
  std::string directory_;
  std::uint64_t max_bytes_ = 0;
  Clock::time_point next_look_{};
};

}  // namespace upkeep::backups
