// Ends calls that wait for a server which does not answer: the only deadline there is for a blocking client.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace upkeep::postgres {

// Guards one call at a time. Its thread is made by the first guard() and mostly sleeps: it is not woken for each call.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  Watchdog() = default;
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Shuts `socket` down at `deadline`, unless release() comes first.
  void guard(int socket, Clock::time_point deadline);
  // Whether the deadline came first.
  bool release();

 private:
  void watch();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int socket_ = -1;
  Clock::time_point deadline_, wakes_at_;
  bool struck_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace upkeep::postgres
