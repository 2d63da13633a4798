// For what seldom changes: when to look again.
#pragma once

#include <optional>

#include "exporter/clock.h"

namespace upkeep {

class Refresh {
 public:
  explicit constexpr Refresh(Clock::duration every) : every_(every) {}
  // True the first time, then once `every`.
  constexpr bool due(Clock::time_point now) {
    if (last_ && now - *last_ < every_) return false;
    last_ = now;
    return true;
  }
  // Makes it due: what was looked at is not what it was, or the look failed.
  constexpr void hurry() { last_.reset(); }

 private:
  Clock::duration every_;
  std::optional<Clock::time_point> last_;
};

}  // namespace upkeep
