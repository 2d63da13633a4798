// When which target is asked next. Targets are spread evenly over their intervals, from a place that differs from one
// start of the program to the next: neither do all of them come at once, nor do many programs ask one server together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "collectors/probes/options.h"
#include "exporter/clock.h"

namespace upkeep::probes {

class Schedule {
 public:
  // `seed` of the place. Each target comes once soon, one after the other, and at its own times from then on.
  Schedule(const std::vector<Target>& targets, Clock::time_point now, std::uint64_t seed);

  struct Turn {
    Clock::time_point due;
    std::size_t target = 0;
    unsigned attempt = 0;

    friend bool operator>(const Turn& a, const Turn& b) { return a.due > b.due; }
  };
  // One that is due, which is then under way and does not come again before done() or retry().
  std::optional<Turn> take(Clock::time_point now);
  // When the next one is due; nothing while all are under way.
  [[nodiscard]] std::optional<Clock::time_point> next() const;
  // How long the one that is due longest has waited to be taken.
  [[nodiscard]] Clock::duration behind(Clock::time_point now) const;

  // Its next time is the first that lies ahead: what was missed is not made up for.
  void done(std::size_t target, Clock::time_point now);
  void retry(const Turn& turn, Clock::time_point now);

 private:
  struct Rhythm {
    Clock::time_point begin;
    Clock::duration interval;
  };
  std::vector<Rhythm> rhythms_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
};

}  // namespace upkeep::probes
