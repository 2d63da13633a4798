// Asks mounts for their usage without waiting for those that hang.
//
// A statfs on a dead NFS server or FUSE daemon may never return, and nothing can call it off. So another thread asks,
// and when an answer does not come in time that thread is left to its mount, and a new one takes over for the others.
// A mount that hangs is not asked again before its own thread came back: it costs one thread, however long it hangs.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "collectors/host/mountinfo.h"
#include "exporter/kernel.h"

namespace upkeep {

// One thread at a time. `kernel` must live as long as the process: threads that hang may use it at any time.
class MountProbe {
 public:
  explicit MountProbe(Kernel& kernel);
  ~MountProbe();
  MountProbe(const MountProbe&) = delete;
  MountProbe& operator=(const MountProbe&) = delete;

  // Forgets the mounts that hung and are not among the present ones any more.
  void keep_only(std::span<const Mount> present);
  // Whether the mount's own thread has not come back yet.
  bool hangs(const Mount& mount);
  // Threads that have not come back from their mount.
  [[nodiscard]] std::size_t left_behind() const { return *left_behind_; }
  // Makes sure of a thread that can ask. It may fail to be made, and limits::kHangingMounts may be reached.
  Result<> prepare();
  // Asks, after prepare(). kTimeout: no answer came within `patience`.
  Result<FileSystemUsage> ask(const Mount& mount, std::chrono::nanoseconds patience);

 private:
  struct Worker;
  struct Hanging {
    Mount mount;
    std::shared_ptr<Worker> worker;
  };
  static void work(const std::shared_ptr<Worker>& worker, Kernel& kernel);

  Kernel& kernel_;
  std::shared_ptr<std::atomic<std::size_t>> left_behind_;
  std::shared_ptr<Worker> worker_;  // rests between two asks
  std::thread thread_;              // of worker_
  std::vector<Hanging> hanging_;
};

}  // namespace upkeep
