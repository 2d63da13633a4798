// Time is passed in, as two clocks: one for intervals and deadlines, one for dates people set.
#pragma once

#include <chrono>

namespace upkeep {

// Thread-safe. Tests use the FakeClock of tests/support.
class Clock {
 public:
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::steady_clock::time_point;
  using wall_time = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  // Never steps. For durations, intervals and deadlines.
  [[nodiscard]] virtual time_point now() const = 0;
  // May step in either direction. For timestamps that are published or compared with dates.
  [[nodiscard]] virtual wall_time wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override;
  [[nodiscard]] wall_time wall() const override;
};

constexpr double to_seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
inline double unix_seconds(Clock::wall_time t) { return std::chrono::duration<double>(t.time_since_epoch()).count(); }

}  // namespace upkeep
