#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep {
namespace {

using testing::World;

void expect(std::string_view text, std::string_view samples, std::string_view error = "") {
  World world;
  world.fs.put("proc/net/softnet_stat", std::string(text));
  EXPECT_EQ(world.samples(softnet_collector), samples);
  EXPECT_EQ(world.error(), error);
}

TEST(Softnet, PublishesWhatTheKernelHas) {
  // Linux 5.14 and later: backlog and number of the CPU. CPU 1 is offline.
  expect(
      "0000004b 00000002 00000003 00000000 00000000 00000000 00000000 00000000 00000004 00000005 00000006 00000007 "
      "00000000 00000000 00000000\n"
      "ffffffff 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
      "00000002 00000000 00000000\n",
      "node_softnet_processed_total{cpu=\"0\"} 75\n"
      "node_softnet_processed_total{cpu=\"2\"} 4294967295\n"
      "node_softnet_dropped_total{cpu=\"0\"} 2\n"
      "node_softnet_dropped_total{cpu=\"2\"} 0\n"
      "node_softnet_times_squeezed_total{cpu=\"0\"} 3\n"
      "node_softnet_times_squeezed_total{cpu=\"2\"} 0\n"
      "node_softnet_cpu_collision_total{cpu=\"0\"} 4\n"
      "node_softnet_cpu_collision_total{cpu=\"2\"} 0\n"
      "node_softnet_received_rps_total{cpu=\"0\"} 5\n"
      "node_softnet_received_rps_total{cpu=\"2\"} 0\n"
      "node_softnet_flow_limit_count_total{cpu=\"0\"} 6\n"
      "node_softnet_flow_limit_count_total{cpu=\"2\"} 0\n"
      "node_softnet_backlog_len{cpu=\"0\"} 7\n"
      "node_softnet_backlog_len{cpu=\"2\"} 0\n");
  // Linux 2.6.23, and 2.6.39.
  expect("1 2 3 0 0 0 0 0 4\n1 2 3 0 0 0 0 0 4 5\n",
         "node_softnet_processed_total{cpu=\"0\"} 1\n"
         "node_softnet_processed_total{cpu=\"1\"} 1\n"
         "node_softnet_dropped_total{cpu=\"0\"} 2\n"
         "node_softnet_dropped_total{cpu=\"1\"} 2\n"
         "node_softnet_times_squeezed_total{cpu=\"0\"} 3\n"
         "node_softnet_times_squeezed_total{cpu=\"1\"} 3\n"
         "node_softnet_cpu_collision_total{cpu=\"0\"} 4\n"
         "node_softnet_cpu_collision_total{cpu=\"1\"} 4\n"
         "node_softnet_received_rps_total{cpu=\"1\"} 5\n");
}

TEST(Softnet, NamesTheBadLine) {
  constexpr std::string_view kSecond =
      "node_softnet_processed_total{cpu=\"1\"} 1\n"
      "node_softnet_dropped_total{cpu=\"1\"} 2\n"
      "node_softnet_times_squeezed_total{cpu=\"1\"} 3\n"
      "node_softnet_cpu_collision_total{cpu=\"1\"} 4\n";
  expect("1 2 3 0 0 0 0 0\n1 2 3 0 0 0 0 0 4\n", kSecond,
         R"(proc/net/softnet_stat:1: nine columns expected: "1 2 3 0 0 0 0 0")");
  expect("1 2 g 0 0 0 0 0 4\n1 2 3 0 0 0 0 0 4\n", kSecond,
         R"(proc/net/softnet_stat:1: hexadecimal numbers expected: "1 2 g 0 0 0 0 0 4")");
  expect("", "", "proc/net/softnet_stat: empty");
}

TEST(Softnet, FailsWithoutFile) {
  World world;
  EXPECT_EQ(world.samples(softnet_collector), "");
  EXPECT_EQ(world.error(), "proc/net/softnet_stat: No such file or directory");
}

}  // namespace
}  // namespace upkeep
