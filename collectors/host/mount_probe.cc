#include "collectors/host/mount_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>

#include "exporter/limits.h"

namespace upkeep {

// What a thread and its master share. A thread that is left behind is the last to hold it.
struct MountProbe::Worker {
  enum class State : std::uint8_t { kResting, kAsked, kAnswered, kDismissed };

  std::mutex mutex;
  std::condition_variable changed;
  State state = State::kResting;  // this and what follows are guarded
  std::string point;
  Result<FileSystemUsage> answer;
  std::shared_ptr<std::atomic<std::size_t>> left_behind;  // set when nobody waits for the answer any more
};

namespace {

Result<FileSystemUsage> statfs(Kernel& kernel, const std::string& point) {
  try {
    return kernel.statfs(point);
  } catch (...) {  // nothing may leave a thread
    return fail(ErrorCode::kSystem, "out of memory");
  }
}

// Of two moments. Whether it is read-only may have changed meanwhile.
bool is_same(const Mount& one, const Mount& other) {
  return one.id == other.id && one.major == other.major && one.minor == other.minor && one.point == other.point;
}

}  // namespace

void MountProbe::work(const std::shared_ptr<Worker>& worker, Kernel& kernel) {
  using State = Worker::State;
  std::unique_lock lock(worker->mutex);
  for (;;) {
    worker->changed.wait(lock, [&] { return worker->state == State::kAsked || worker->state == State::kDismissed; });
    if (worker->state == State::kDismissed) return;
    const std::string point = std::move(worker->point);
    lock.unlock();
    Result<FileSystemUsage> answer = statfs(kernel, point);
    lock.lock();
    worker->answer = std::move(answer);
    worker->state = State::kAnswered;
    if (worker->left_behind) {
      --*worker->left_behind;
      return;
    }
    worker->changed.notify_all();
  }
}

MountProbe::MountProbe(Kernel& kernel) : kernel_(kernel), left_behind_(std::make_shared<std::atomic<std::size_t>>(0)) {}

MountProbe::~MountProbe() {
  if (!worker_) return;
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->state = Worker::State::kDismissed;
    worker_->changed.notify_all();
  }
  thread_.join();
}

void MountProbe::keep_only(std::span<const Mount> present) {
  std::erase_if(hanging_, [&](const Hanging& hanging) {
    return std::ranges::none_of(present, [&](const Mount& mount) { return is_same(mount, hanging.mount); });
  });
}

bool MountProbe::hangs(const Mount& mount) {
  const auto found =
      std::ranges::find_if(hanging_, [&](const Hanging& hanging) { return is_same(hanging.mount, mount); });
  if (found == hanging_.end()) return false;
  {
    const std::lock_guard lock(found->worker->mutex);
    if (found->worker->state != Worker::State::kAnswered) return true;
  }
  hanging_.erase(found);
  return false;
}

Result<> MountProbe::prepare() {
  if (worker_) return {};
  if (*left_behind_ >= limits::kHangingMounts) {
    return fail(ErrorCode::kLimit, fmt::format("{} mounts hang: no more threads for others", limits::kHangingMounts));
  }
  auto worker = std::make_shared<Worker>();
  try {
    thread_ = std::thread([worker, &kernel = kernel_] { work(worker, kernel); });
  } catch (const std::system_error& error) {
    return fail(ErrorCode::kSystem, fmt::format("thread for statfs: {}", error.code().message()));
  }
  worker_ = std::move(worker);
  return {};
}

Result<FileSystemUsage> MountProbe::ask(const Mount& mount, std::chrono::nanoseconds patience) {
  using State = Worker::State;
  std::unique_lock lock(worker_->mutex);
  worker_->point = mount.point;
  worker_->state = State::kAsked;
  worker_->changed.notify_all();
  if (worker_->changed.wait_for(lock, patience, [&] { return worker_->state == State::kAnswered; })) {
    worker_->state = State::kResting;
    return std::move(worker_->answer);
  }
  ++*left_behind_;
  worker_->left_behind = left_behind_;
  thread_.detach();
  lock.unlock();
  hanging_.push_back({mount, std::move(worker_)});
  return fail(ErrorCode::kTimeout, fmt::format("{}: no answer", mount.point));
}

}  // namespace upkeep
