#include "exporter/clock.h"

namespace upkeep {

Clock::time_point SystemClock::now() const { return std::chrono::steady_clock::now(); }
Clock::wall_time SystemClock::wall() const { return std::chrono::system_clock::now(); }

}  // namespace upkeep
