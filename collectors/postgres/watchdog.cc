#include "collectors/postgres/watchdog.h"

#include <sys/socket.h>

namespace upkeep::postgres {

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Watchdog::guard(int socket, Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  deadline_ = deadline;
  struck_ = false;
  if (!thread_.joinable()) {
    wakes_at_ = deadline;
    thread_ = std::thread([this] { watch(); });
  } else if (deadline < wakes_at_) {
    changed_.notify_all();
  }
}

bool Watchdog::release() {
  const std::lock_guard lock(mutex_);
  socket_ = -1;
  return struck_;
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (socket_ >= 0 && deadline_ <= Clock::now()) {
      struck_ = true;
      ::shutdown(socket_, SHUT_RDWR);  // the caller's read ends, and it closes the socket
      socket_ = -1;
    }
    wakes_at_ = socket_ >= 0 ? deadline_ : Clock::time_point::max();
    if (socket_ >= 0) {
      changed_.wait_until(lock, deadline_);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace upkeep::postgres
