#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

TEST(Schedstat, Publishes) {
  World world;
  world.fs.put(
      "proc/schedstat",
      "version 15\n"
      "timestamp 15819019232\n"
      "cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163 343796328169361 4767485306\n"
      "domain0 00000000,00000003 212499247 210112015 1861015 1860405436 536440 369895 32599 210079416 25368550\n"
      "cpu12 518377256 0 4155211005 2778589869 10466382 2867629021 1904686152592 364107263788241 5145567945\n");
  EXPECT_EQ(world.samples(schedstat_collector),
            "node_schedstat_running_seconds_total{cpu=\"0\"} 2045.936778163\n"
            "node_schedstat_running_seconds_total{cpu=\"12\"} 1904.686152592\n"
            "node_schedstat_waiting_seconds_total{cpu=\"0\"} 343796.328169361\n"
            "node_schedstat_waiting_seconds_total{cpu=\"12\"} 364107.263788241\n"
            "node_schedstat_timeslices_total{cpu=\"0\"} 4767485306\n"
            "node_schedstat_timeslices_total{cpu=\"12\"} 5145567945\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Schedstat, NamesTheBadLine) {
  const auto f = [](std::string_view text, std::string_view samples, std::string_view error) {
    World world;
    world.fs.put("proc/schedstat", std::string(text));
    EXPECT_EQ(world.samples(schedstat_collector), samples);
    EXPECT_EQ(world.error(), error);
  };
  constexpr std::string_view kSecond =
      "node_schedstat_running_seconds_total{cpu=\"1\"} 7e-09\n"
      "node_schedstat_waiting_seconds_total{cpu=\"1\"} 8e-09\n"
      "node_schedstat_timeslices_total{cpu=\"1\"} 9\n";
  f("cpu0 1 2 3 4 5 6 7 8\ncpu1 1 2 3 4 5 6 7 8 9\n", kSecond,
    R"(proc/schedstat:1: nine numbers of a CPU expected: "cpu0 1 2 3 4 5 6 7 8")");
  f("cpu1 1 2 3 4 5 6 7 8 9 10\ncpu2 1 2 3 4 5 6 7 8 x\n", kSecond,
    R"(proc/schedstat:2: nine numbers of a CPU expected: "cpu2 1 2 3 4 5 6 7 8 x")");
  f("", "", "proc/schedstat: no CPU found");
  f("version 15\n", "", "proc/schedstat: no CPU found");
}

TEST(Schedstat, SaysThatThereIsNone) {
  World world;
  EXPECT_EQ(world.samples(schedstat_collector), "");
  EXPECT_EQ(world.error(), "proc/schedstat: this kernel has none");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  world.fs.fail_with("proc/schedstat", {ErrorCode::kPermission, "Permission denied"});
  world.samples(schedstat_collector);
  EXPECT_EQ(world.error(), "proc/schedstat: Permission denied");
  EXPECT_EQ(world.error_code(), ErrorCode::kPermission);
}

}  // namespace
}  // namespace upkeep
