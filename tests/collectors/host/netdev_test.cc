// netdev reports what the kernel counts for each interface, from netlink or from proc/net/dev.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/collectors/host/netlink_messages.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

// Each counter another power of two, so that every sum tells its parts.
rtnl_link_stats64 stats() {
  rtnl_link_stats64 stats{};
  auto* counters = reinterpret_cast<__u64*>(&stats);
  for (std::size_t i = 0; i < sizeof stats / sizeof(__u64); ++i) counters[i] = __u64{1} << i;
  return stats;
}

std::string link(int index, std::string_view name) {
  return LinkMessage(index, name).bytes(IFLA_STATS64, bytes_of(stats())).message();
}

constexpr const char* kEth0 =
    "node_network_receive_bytes_total{device=\"eth0\"} 4\n"
    "node_network_receive_packets_total{device=\"eth0\"} 1\n"
    "node_network_receive_errs_total{device=\"eth0\"} 16\n"
    "node_network_receive_drop_total{device=\"eth0\"} 32832\n"
    "node_network_receive_fifo_total{device=\"eth0\"} 16384\n"
    "node_network_receive_frame_total{device=\"eth0\"} 15360\n"
    "node_network_receive_compressed_total{device=\"eth0\"} 2097152\n"
    "node_network_receive_multicast_total{device=\"eth0\"} 256\n"
    "node_network_transmit_bytes_total{device=\"eth0\"} 8\n"
    "node_network_transmit_packets_total{device=\"eth0\"} 2\n"
    "node_network_transmit_errs_total{device=\"eth0\"} 32\n"
    "node_network_transmit_drop_total{device=\"eth0\"} 128\n"
    "node_network_transmit_fifo_total{device=\"eth0\"} 262144\n"
    "node_network_transmit_colls_total{device=\"eth0\"} 512\n"
    "node_network_transmit_carrier_total{device=\"eth0\"} 1769472\n"
    "node_network_transmit_compressed_total{device=\"eth0\"} 4194304\n";

constexpr const char* kTable =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n";

TEST(Netdev, CountersOfEachInterface) {
  World world;
  world.kernel.netlink[NETLINK_ROUTE] = link(4, "eth0");
  EXPECT_EQ(world.samples(netdev_collector),
            std::string(kEth0) + "node_network_receive_nohandler_total{device=\"eth0\"} 8388608\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Netdev, OldKernelHasNoNohandler) {
  World world;
  world.kernel.netlink[NETLINK_ROUTE] =
      LinkMessage(4, "eth0")
          .bytes(IFLA_STATS64, bytes_of(stats()).substr(0, offsetof(rtnl_link_stats64, rx_nohandler)))
          .message();
  EXPECT_EQ(world.samples(netdev_collector), kEth0);
}

TEST(Netdev, LinkWithoutStatisticsHasNoSamples) {
  World world;
  world.kernel.netlink[NETLINK_ROUTE] =
      LinkMessage(4, "eth0").message() + LinkMessage(5, "eth1").bytes(IFLA_STATS64, "12345678").message();
  EXPECT_EQ(world.samples(netdev_collector), "");
  EXPECT_EQ(world.error(), "");
}

TEST(Netdev, LeavesOutContainersInterfacesUnlessTold) {
  const auto devices = [](const std::string& config) {
    World world;
    world.config = config;
    world.kernel.netlink[NETLINK_ROUTE] = link(1, "lo") + link(2, "eth0") + link(3, "veth0") + link(4, "docker0");
    std::string seen;
    const std::string samples = world.samples(netdev_collector);
    for (const char* device : {"lo", "eth0", "veth0", "docker0"}) {
      if (samples.find("receive_bytes_total{device=\"" + std::string(device)) != std::string::npos) {
        seen += std::string(device) + " ";
      }
    }
    return seen + world.error();
  };
  EXPECT_EQ(devices(""), "lo eth0 ");
  EXPECT_EQ(devices("interfaces: {exclude: '^lo$'}"), "eth0 veth0 docker0 ");
  EXPECT_EQ(devices("interfaces: {include: '^(eth|docker)', exclude: '^lo$'}"), "eth0 docker0 ");
}

TEST(Netdev, ReadsProcNetDevWhereThereIsNoNetlink) {
  World world;
  world.fs.put("proc/net/dev", std::string(kTable) +
                                   "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                                   "eth0:1:18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
                                   "veth1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  const std::string samples = world.samples(netdev_collector);
  EXPECT_EQ(world.error(), "");
  for (const char* sample : {
           "node_network_receive_bytes_total{device=\"lo\"} 1\n",
           "node_network_receive_packets_total{device=\"lo\"} 2\n",
           "node_network_receive_errs_total{device=\"lo\"} 3\n",
           "node_network_receive_drop_total{device=\"lo\"} 4\n",
           "node_network_receive_fifo_total{device=\"lo\"} 5\n",
           "node_network_receive_frame_total{device=\"lo\"} 6\n",
           "node_network_receive_compressed_total{device=\"lo\"} 7\n",
           "node_network_receive_multicast_total{device=\"lo\"} 8\n",
           "node_network_transmit_bytes_total{device=\"lo\"} 9\n",
           "node_network_transmit_packets_total{device=\"lo\"} 10\n",
           "node_network_transmit_errs_total{device=\"lo\"} 11\n",
           "node_network_transmit_drop_total{device=\"lo\"} 12\n",
           "node_network_transmit_fifo_total{device=\"lo\"} 13\n",
           "node_network_transmit_colls_total{device=\"lo\"} 14\n",
           "node_network_transmit_carrier_total{device=\"lo\"} 15\n",
           "node_network_transmit_compressed_total{device=\"lo\"} 16\n",
           "node_network_receive_packets_total{device=\"eth0:1\"} 0\n",
       }) {
    EXPECT_NE(samples.find(sample), std::string::npos) << sample << samples;
  }
  EXPECT_EQ(samples.find("veth1"), std::string::npos);
  EXPECT_EQ(samples.find("nohandler"), std::string::npos);
}

TEST(Netdev, BadTableIsAnError) {
  const auto error = [](const std::string& text) {
    World world;
    world.fs.put("proc/net/dev", text);
    world.samples(netdev_collector);
    return world.error();
  };
  EXPECT_EQ(error(kTable), "");
  EXPECT_EQ(error(""), "proc/net/dev: two header lines expected");
  EXPECT_EQ(error(std::string(kTable) + "eth0 1 2 3\n"),
            "proc/net/dev:3: `interface: counters` expected: \"eth0 1 2 3\"");
  EXPECT_EQ(error(std::string(kTable) + "  : 1 2 3\n"), "proc/net/dev:3: a line without an interface: \"  : 1 2 3\"");
  EXPECT_EQ(error(std::string(kTable) + "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"),
            "proc/net/dev:3: 16 counters expected: \"eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\"");
  EXPECT_EQ(error(std::string(kTable) + "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n"),
            "proc/net/dev:3: 16 counters expected: \"eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\"");
}

TEST(Netdev, BadLineDoesNotCostTheOthers) {
  World world;
  world.fs.put("proc/net/dev", std::string(kTable) + "eth0: junk\neth1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
  EXPECT_NE(world.samples(netdev_collector).find("receive_bytes_total{device=\"eth1\"} 1\n"), std::string::npos);
  EXPECT_EQ(world.error(), "proc/net/dev:3: 16 counters expected: \"eth0: junk\"");
}

TEST(Netdev, NeitherSourceIsAnErrorThatNamesBoth) {
  World world;
  EXPECT_EQ(world.samples(netdev_collector), "");
  EXPECT_EQ(world.error(), "netlink: not set; proc/net/dev: No such file or directory");
}

}  // namespace
}  // namespace upkeep::testing
