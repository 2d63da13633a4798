#include "collectors/probes/schedule.h"

#include <gtest/gtest.h>

#include <map>

namespace upkeep::probes {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1000s};

std::vector<Target> targets(std::size_t count, milliseconds interval = 15s) {
  std::vector<Target> all(count);
  for (Target& target : all) target.interval = interval;
  return all;
}

// When each target comes, for so long, in steps of a millisecond; a run takes `taken`.
std::map<std::size_t, std::vector<Clock::time_point>> times(Schedule& schedule, Clock::duration length,
                                                            Clock::duration taken = 0ms) {
  std::map<std::size_t, std::vector<Clock::time_point>> all;
  for (Clock::time_point now = kStart; now < kStart + length; now += 1ms) {
    while (const auto turn = schedule.take(now)) {
      all[turn->target].push_back(now);
      schedule.done(turn->target, now + taken);
    }
  }
  return all;
}

TEST(ProbeSchedule, AsksEachSoonAndThenInItsRhythm) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 999'999ULL, 123'456'789ULL}) {
    Schedule schedule(targets(100), kStart, seed);
    const auto all = times(schedule, 120s);
    ASSERT_EQ(all.size(), 100u);
    for (const auto& [target, when] : all) {
      EXPECT_LE(when[0] - kStart, 2s);
      EXPECT_GE(when[1] - when[0], 3700ms);
      EXPECT_LE(when[1] - when[0], 19s);
      for (std::size_t i = 2; i < when.size(); ++i) {
        EXPECT_NEAR(to_seconds(when[i] - when[i - 1]), 15, 0.002) << target << " " << i;
      }
    }
  }
}

TEST(ProbeSchedule, SpreadsThem) {
  Schedule schedule(targets(500), kStart, 42);
  std::map<std::int64_t, int> by_second;
  for (const auto& [target, when] : times(schedule, 90s)) {
    for (const Clock::time_point one : when) {
      if (one - kStart > 40s) ++by_second[std::chrono::duration_cast<std::chrono::seconds>(one - kStart).count()];
    }
  }
  for (const auto& [second, count] : by_second) EXPECT_LE(count, 36) << second;  // 500 in 15 s are 33.3 a second
}

TEST(ProbeSchedule, DoesNotMakeUpForWhatItMissed) {
  Schedule schedule(targets(1), kStart, 7);
  const auto turn = schedule.take(kStart);
  ASSERT_TRUE(turn);
  EXPECT_FALSE(schedule.take(kStart + 1h)) << "it is under way";
  schedule.done(0, kStart + 1h);
  int runs = 0;
  for (Clock::time_point now = kStart + 1h; now < kStart + 1h + 60s; now += 10ms) {
    if (!schedule.take(now)) continue;
    schedule.done(0, now);
    ++runs;
  }
  EXPECT_LE(runs, 5);
  EXPECT_GE(runs, 3);
}

TEST(ProbeSchedule, TriesAgainAfterAPause) {
  Schedule schedule(targets(1), kStart, 7);
  const auto first = schedule.take(kStart);
  schedule.retry(*first, kStart + 1s);
  EXPECT_FALSE(schedule.take(kStart + 1400ms));
  const auto second = schedule.take(kStart + 1500ms);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->attempt, 1u);
  EXPECT_FALSE(schedule.next());
}

TEST(ProbeSchedule, SaysHowFarItIsBehind) {
  Schedule schedule(targets(2), kStart, 7);
  EXPECT_EQ(schedule.behind(kStart + 3s), 3s);
  (void)schedule.take(kStart + 3s);
  EXPECT_EQ(schedule.behind(kStart + 3s), 2980ms);
  (void)schedule.take(kStart + 3s);
  EXPECT_EQ(schedule.behind(kStart + 3s), 0s);
  EXPECT_EQ(Schedule({}, kStart, 1).next(), std::nullopt);
}

}  // namespace
}  // namespace upkeep::probes
