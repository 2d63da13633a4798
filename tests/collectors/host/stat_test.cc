#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

TEST(Stat, Publishes) {
  World world;
  world.fs.put("proc/stat",
               "cpu  2869 0 2364 251580 859 0 35 52 0 0\n"
               "cpu0 826 0 824 127213 44 0 4 22 0 0\n"
               "intr 161016 0 0 14\n"
               "ctxt 339930\n"
               "btime 1795450273\n"
               "processes 7473\n"
               "procs_running 4\n"
               "procs_blocked 1\n"
               "softirq 120784 0 18842 4 1533 40389 0 3 34657 0 25356\n");
  EXPECT_EQ(world.samples(stat_collector),
            "node_intr_total 161016\n"
            "node_context_switches_total 339930\n"
            "node_boot_time_seconds 1795450273\n"
            "node_forks_total 7473\n"
            "node_procs_running 4\n"
            "node_procs_blocked 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Stat, PublishesWhatIsThere) {
  const auto f = [](std::string_view text, std::string_view samples, std::string_view error) {
    World world;
    world.fs.put("proc/stat", std::string(text));
    EXPECT_EQ(world.samples(stat_collector), samples);
    EXPECT_EQ(world.error(), error);
  };
  f("ctxt 3\n", "node_context_switches_total 3\n", "");
  f("ctxt 3\nnovelty 4\n", "node_context_switches_total 3\n", "");
  f("ctxt 18446744073709551615\n", "node_context_switches_total 18446744073709551616\n", "");
  f("ctxt 3\nbtime", "node_context_switches_total 3\n", R"(proc/stat:2: a number expected: "btime")");
  f("ctxt -3\nbtime 5\n", "node_boot_time_seconds 5\n", R"(proc/stat:1: a number expected: "ctxt -3")");
  f("", "", "proc/stat: none of its fields found");
  f("garbage\n\n", "", "proc/stat: none of its fields found");
}

TEST(Stat, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(stat_collector), "");
  EXPECT_EQ(world.error(), "proc/stat: No such file or directory");
}

}  // namespace
}  // namespace upkeep
