// timex reports adjtimex's answer in seconds, ratios and counts.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

timex answer() {
  timex clock{};
  clock.offset = 1500;
  clock.freq = 65536 * 20;  // 20 ppm
  clock.maxerror = 16000;
  clock.esterror = 250;
  clock.status = STA_PLL;
  clock.constant = 7;
  clock.tick = 10000;
  clock.ppsfreq = 65536;
  clock.jitter = 3;
  clock.shift = 4;
  clock.stabil = 131072;
  clock.jitcnt = 5;
  clock.calcnt = 6;
  clock.errcnt = 8;
  clock.stbcnt = 9;
  clock.tai = 37;
  return clock;
}

TEST(Timex, EverythingInItsUnit) {
  World world;
  world.kernel.time = answer();
  EXPECT_EQ(world.samples(timex_collector),
            "node_timex_sync_status 1\n"
            "node_timex_offset_seconds 0.0015\n"
            "node_timex_frequency_adjustment_ratio 1.00002\n"
            "node_timex_maxerror_seconds 0.016\n"
            "node_timex_estimated_error_seconds 0.00025\n"
            "node_timex_status 1\n"
            "node_timex_loop_time_constant 7\n"
            "node_timex_tick_seconds 0.01\n"
            "node_timex_pps_frequency_hertz 1e-06\n"
            "node_timex_pps_jitter_seconds 3e-06\n"
            "node_timex_pps_shift_seconds 4\n"
            "node_timex_pps_stability_hertz 2e-06\n"
            "node_timex_pps_jitter_total 5\n"
            "node_timex_pps_calibration_total 6\n"
            "node_timex_pps_error_total 8\n"
            "node_timex_pps_stability_exceeded_total 9\n"
            "node_timex_tai_offset_seconds 37\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Timex, OffsetsInNanoseconds) {
  World world;
  timex clock = answer();
  clock.status = STA_NANO;
  world.kernel.time = clock;
  const std::string samples = world.samples(timex_collector);
  EXPECT_NE(samples.find("node_timex_offset_seconds 1.5e-06\n"), std::string::npos) << samples;
  EXPECT_NE(samples.find("node_timex_pps_jitter_seconds 3e-09\n"), std::string::npos) << samples;
  EXPECT_NE(samples.find("node_timex_maxerror_seconds 0.016\n"), std::string::npos) << samples;
}

TEST(Timex, ClockThatFollowsNothing) {
  World world;
  world.kernel.time = answer();
  world.kernel.time_state = TIME_ERROR;
  EXPECT_TRUE(world.samples(timex_collector).starts_with("node_timex_sync_status 0\n"));
  world.kernel.time_state = TIME_INS;  // a leap second is announced
  EXPECT_TRUE(world.samples(timex_collector).starts_with("node_timex_sync_status 1\n"));
}

TEST(Timex, NotAllowedIsNoData) {
  World world;
  world.kernel.time = fail(ErrorCode::kPermission, "adjtimex: Operation not permitted");
  EXPECT_EQ(world.samples(timex_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  EXPECT_EQ(world.error(), "adjtimex: Operation not permitted");
}

TEST(Timex, FailureIsAnError) {
  World world;
  world.kernel.time = fail(ErrorCode::kSystem, "adjtimex: Function not implemented");
  EXPECT_EQ(world.samples(timex_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kSystem);
}

}  // namespace
}  // namespace upkeep::testing
