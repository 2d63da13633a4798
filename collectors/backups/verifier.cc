#include "collectors/backups/verifier.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace upkeep::backups {
namespace {

using namespace std::chrono_literals;

constexpr auto kFarewell = 900ms;    // for a thread that waits for its disk
constexpr std::size_t kDone = 1000;  // results nobody took
constexpr auto kBurst = 100ms;       // of reading at once, so that a slow pace is no thousand wakes a second

// For the calling thread alone: what nobody else wants of the processor and of the disk. What the kernel refuses it
// does without.
void become_unimportant() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  constexpr int kThisThread = 0, kWhoProcess = 1, kClassShift = 13, kIdleClass = 3;
  ::syscall(SYS_ioprio_set, kWhoProcess, kThisThread, kIdleClass << kClassShift);
}

}  // namespace

// What the thread and its master share. A thread that is left behind is the last to hold it. The thread may be held up
// for long by whoever is more important, and so never holds the mutex for more than a few assignments.
struct Verifier::Shared final : Pace {
  Shared(FileSystem& files, const Clock& time, const VerifyOptions& settings)
      : fs(files),
        clock(time),
        options(settings),
        bytes_per_second(std::max(1.0, static_cast<double>(settings.bytes_per_second))) {}

  // Bursts, and the pauses between them. Time that was not used is not saved up.
  bool go_on(std::size_t bytes) override {
    read_bytes_total += bytes;
    const Clock::time_point now = clock.now();
    due = std::max(due, now - kBurst);
    due += std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * static_cast<double>(bytes) / bytes_per_second));
    if (due > now + kBurst) wait_until(due);
    return !stopped && !given_up;
  }

  FileSystem& fs;
  const Clock& clock;
  const VerifyOptions options;
  const double bytes_per_second;
  Clock::time_point due{};  // when what was read so far should have been; of the thread alone

  std::atomic<std::uint64_t> read_bytes_total = 0;
  std::atomic<bool> given_up = false;  // the present one; this and `stopped` are set under the mutex
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::condition_variable changed;
  // These are guarded.
  std::deque<BackupFile> waiting;
  std::optional<BackupFile> present;
  std::vector<Done> done;
  bool ended = false;

 private:
  void wait_until(Clock::time_point until) {
    std::unique_lock lock(mutex);
    for (auto left = until - clock.now(); left > 0ns && !stopped && !given_up; left = until - clock.now()) {
      changed.wait_for(lock, left);
    }
  }
};

namespace {

// By who takes the results: the thread itself could be held up while others wait to log something.
void log_result(Log& log, const std::string& name, const BackupFile& file, const Verification& result) {
  const std::string path = "/" + file.path;
  if (result.reason == Reason::kChanged) return;  // not complete yet: it comes again when it is
  if (result.good()) {
    log.info("backup verified", {{"backup", name}, {"file", path}, {"format", result.format}});
  } else {
    log.warn("backup is not good",
             {{"backup", name}, {"file", path}, {"reason", to_string(result.reason)}, {"error", result.message}});
  }
}

}  // namespace

void Verifier::work(const std::shared_ptr<Shared>& shared) {
  become_unimportant();
  Shared& own = *shared;
  std::unique_lock lock(own.mutex);
  while (!own.stopped) {
    if (own.waiting.empty()) {
      own.changed.wait(lock);
      continue;
    }
    own.present = std::move(own.waiting.front());
    own.waiting.pop_front();
    own.given_up = false;
    const BackupFile file = *own.present;
    lock.unlock();
    Done done{file, verify(own.fs, own.clock, file, own.options.max_expanded_bytes, own), 0};
    done.when = unix_seconds(own.clock.wall());
    lock.lock();
    own.present.reset();
    if (done.result.reason == Reason::kStopped) continue;
    if (own.done.size() >= kDone) own.done.erase(own.done.begin());
    own.done.push_back(std::move(done));
  }
  own.ended = true;
  own.changed.notify_all();
}

Verifier::Verifier(FileSystem& fs, const Clock& clock, Log& log, const VerifyOptions& options, std::string name)
    : log_(log), name_(std::move(name)), shared_(std::make_shared<Shared>(fs, clock, options)) {
  try {
    std::thread([shared = shared_] { work(shared); }).detach();
  } catch (const std::system_error& error) {
    shared_->ended = true;
    log_.error("no thread to verify backups", {{"backup", name_}, {"error", error.what()}});
  }
}

Verifier::~Verifier() {
  std::unique_lock lock(shared_->mutex);
  shared_->stopped = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kFarewell, [this] { return shared_->ended; });
}

void Verifier::want(std::vector<BackupFile> files) {
  const std::lock_guard lock(shared_->mutex);
  shared_->given_up = shared_->present && std::ranges::find(files, *shared_->present) == files.end();
  if (shared_->present) std::erase(files, *shared_->present);
  shared_->waiting.assign(std::make_move_iterator(files.begin()), std::make_move_iterator(files.end()));
  shared_->changed.notify_all();
}

std::vector<Verifier::Done> Verifier::take_done() {
  std::vector<Done> done;
  {
    const std::lock_guard lock(shared_->mutex);
    done = std::exchange(shared_->done, {});
  }
  for (const Done& one : done) log_result(log_, name_, one.file, one.result);
  return done;
}

Verifier::Now Verifier::now() const {
  const std::lock_guard lock(shared_->mutex);
  return {.running = shared_->present.has_value(),
          .path = shared_->present ? shared_->present->path : std::string(),
          .read_bytes_total = shared_->read_bytes_total};
}

}  // namespace upkeep::backups
