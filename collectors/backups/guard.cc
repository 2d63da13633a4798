#include "collectors/backups/guard.h"

#include <fmt/format.h>

#include "collectors/backups/scratch.h"

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

sigset_t ends() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

Guard::Guard(const Clock& clock, Clock::duration timeout)
    : clock_(clock), deadline_(clock.now() + timeout), timeout_(timeout) {
  const sigset_t signals = ends();
  ::pthread_sigmask(SIG_BLOCK, &signals, &before_);
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignored, &before_pipe_);
}

Guard::~Guard() {
  ::sigaction(SIGPIPE, &before_pipe_, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Guard::watch_disk(std::string directory, std::uint64_t max_bytes) {
  directory_ = std::move(directory);
  max_bytes_ = max_bytes;
}

Drilled<> Guard::check() {
  const sigset_t signals = ends();
  const timespec at_once{};
  if (told_to_end_ || ::sigtimedwait(&signals, nullptr, &at_once) > 0) {
    told_to_end_ = true;
    return drill_fails(DrillReason::kKilled, "told to end");
  }
  const auto now = clock_.now();
  if (now >= deadline_) {
    return drill_fails(DrillReason::kTimeout,
                       fmt::format("not done within {} s", static_cast<std::int64_t>(to_seconds(timeout_))));
  }
  if (directory_.empty() || now < next_look_) return {};
  const auto checked = check_disk();
  // Adding up many files takes a while: it shall cost a twentieth of the time at most.
  const auto after = clock_.now();
  next_look_ = after + std::max<Clock::duration>(500ms, 20 * (after - now));
  return checked;
}

Drilled<> Guard::check_disk() {
  const auto space = space_of(directory_);
  if (space && space->available_bytes < space->kept_bytes) {
    return drill_fails(DrillReason::kTooLarge,
                       fmt::format("{}: only {} MiB of the disk are free, which the drill leaves alone", directory_,
                                   space->available_bytes >> 20));
  }
  if (max_bytes_ == 0) return {};
  const std::uint64_t taken = size_of_tree(directory_);
  if (taken <= max_bytes_) return {};
  return drill_fails(DrillReason::kTooLarge, fmt::format("{}: {} MiB, which is more than max_bytes allows ({} MiB)",
                                                         directory_, taken >> 20, max_bytes_ >> 20));
}

}  // namespace upkeep::backups
