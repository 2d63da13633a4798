// udp_queues sums the queues of all UDP sockets.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kHeader =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
    "drops            \n";

std::string socket(const std::string& queues) {
  return "  366: 00000000:0044 00000000:0000 07 " + queues +
         " 00:00000000 00000000     0        0 15431 2 00000000c6b5e2e5 0           \n";
}

TEST(UdpQueues, SumsOfBothVersions) {
  World world;
  world.fs.put("proc/net/udp", kHeader + socket("00000001:00000010") + socket("000000FF:00000020"));
  world.fs.put("proc/net/udp6", "  sl  local_address                         remote_address   st tx_queue rx_queue\n");
  EXPECT_EQ(world.samples(udp_queues_collector),
            "node_udp_queues{queue=\"tx\",ip=\"v4\"} 256\n"
            "node_udp_queues{queue=\"rx\",ip=\"v4\"} 48\n"
            "node_udp_queues{queue=\"tx\",ip=\"v6\"} 0\n"
            "node_udp_queues{queue=\"rx\",ip=\"v6\"} 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(UdpQueues, VersionThatIsSwitchedOffIsAbsent) {
  World world;
  world.fs.put("proc/net/udp", kHeader);
  EXPECT_EQ(world.samples(udp_queues_collector),
            "node_udp_queues{queue=\"tx\",ip=\"v4\"} 0\nnode_udp_queues{queue=\"rx\",ip=\"v4\"} 0\n");
  EXPECT_EQ(world.error(), "");
  world.fs.remove("proc/net/udp");
  EXPECT_EQ(world.samples(udp_queues_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  EXPECT_EQ(world.error(), "proc/net: no udp, no udp6");
}

TEST(UdpQueues, BadTableIsAnError) {
  const auto error = [](const std::string& text) {
    World world;
    world.fs.put("proc/net/udp", text);
    world.samples(udp_queues_collector);
    return world.error();
  };
  EXPECT_EQ(error(""), "proc/net/udp: header expected");
  EXPECT_EQ(error(socket("00000000:00000000")), "proc/net/udp: header expected");
  for (const char* queues : {"00000000", "0000000g:0", "0:", ":0"}) {
    EXPECT_TRUE(error(kHeader + socket(queues)).starts_with("proc/net/udp:2: tx_queue:rx_queue expected: \"  366:"));
  }
  EXPECT_EQ(error(kHeader + socket("0:0") + "  367: 0000"),
            "proc/net/udp:3: tx_queue:rx_queue expected: \"  367: 0000\"");
}

}  // namespace
}  // namespace upkeep::testing
