#include "collectors/probes/schedule.h"

#include <algorithm>

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration kFirstSpacing = 20ms;  // at most, between targets that are asked for the first time
constexpr Clock::duration kRetryPause = 500ms;   // at most

}  // namespace

Schedule::Schedule(const std::vector<Target>& targets, Clock::time_point now, std::uint64_t seed) {
  const auto count = static_cast<std::int64_t>(std::max<std::size_t>(targets.size(), 1));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Clock::duration interval = targets[i].interval;
    const auto place = static_cast<std::int64_t>(seed % 1'000'000) * (interval.count() / 1'000'000);
    const auto own = interval / count * static_cast<std::int64_t>(i);
    rhythms_.push_back({.begin = now + Clock::duration(place) + own, .interval = interval});
    turns_.push({.due = now + std::min(interval / count, kFirstSpacing) * static_cast<std::int64_t>(i), .target = i});
  }
}

std::optional<Schedule::Turn> Schedule::take(Clock::time_point now) {
  if (turns_.empty() || turns_.top().due > now) return std::nullopt;
  const Turn turn = turns_.top();
  turns_.pop();
  return turn;
}

std::optional<Clock::time_point> Schedule::next() const {
  return turns_.empty() ? std::nullopt : std::optional(turns_.top().due);
}

Clock::duration Schedule::behind(Clock::time_point now) const {
  return turns_.empty() ? Clock::duration(0) : std::max(now - turns_.top().due, Clock::duration(0));
}

void Schedule::done(std::size_t target, Clock::time_point now) {
  const Rhythm& rhythm = rhythms_[target];
  // Not so soon that the first time and this one are as good as one.
  const Clock::time_point after = now + rhythm.interval / 4;
  const auto passed = after - rhythm.begin;
  const std::int64_t turns = passed.count() < 0 ? 0 : passed / rhythm.interval + 1;
  Clock::time_point due = rhythm.begin + rhythm.interval * turns;
  // Its rhythm may begin up to two intervals ahead.
  while (due - rhythm.interval > after) due -= rhythm.interval;
  turns_.push({.due = due, .target = target});
}

void Schedule::retry(const Turn& turn, Clock::time_point now) {
  const Clock::duration pause = std::min(rhythms_[turn.target].interval / 10, kRetryPause);
  turns_.push({.due = now + pause, .target = turn.target, .attempt = turn.attempt + 1});
}

}  // namespace upkeep::probes
