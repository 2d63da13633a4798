#include "exporter/descriptor_reserve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace upkeep {

std::size_t DescriptorReserve::affordable(std::size_t size) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return size;
  return std::min(size, static_cast<std::size_t>(limit.rlim_cur) / 8);
}

DescriptorReserve::DescriptorReserve(std::size_t size) : size_(size) {
  held_.reserve(2 * size_);
  take(size_);
}

DescriptorReserve::~DescriptorReserve() { give_back(); }

// Holds `count` more. False: there are not so many; what was got is held.
bool DescriptorReserve::take(std::size_t count) {
  for (; count > 0; --count) {
    // Another one of the same costs no look-up of a path: this is asked twice a second.
    const int fd =
        held_.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC) : ::fcntl(held_.front(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return false;
    held_.push_back(fd);
  }
  return true;
}

void DescriptorReserve::give_back() {
  for (int fd : held_) ::close(fd);
  held_.clear();
}

DescriptorReserve::Change DescriptorReserve::tend() {
  if (!held_.empty()) {
    const bool enough = take(1);
    if (enough) {
      ::close(held_.back());
      held_.pop_back();
      return Change::kNone;
    }
    give_back();
    return Change::kGivenBack;
  }
  // Twice as many: else a few connections more would take it back at once.
  if (!take(2 * size_)) {
    give_back();
    return Change::kNone;
  }
  while (held_.size() > size_) {
    ::close(held_.back());
    held_.pop_back();
  }
  return Change::kTakenAgain;
}

}  // namespace upkeep
