// netclass says of interfaces what sysfs would, and asks sysfs only when something changed.
#include <gtest/gtest.h>
#include <linux/if.h>

#include "collectors/all.h"
#include "tests/collectors/host/netlink_messages.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

using std::chrono::seconds;

LinkMessage eth0(std::uint32_t flags = IFF_UP | IFF_BROADCAST | IFF_MULTICAST | IFF_RUNNING | IFF_LOWER_UP) {
  LinkMessage link(4, "eth0", flags);
  link.number<std::uint32_t>(IFLA_TXQLEN, 1000)
      .number<std::uint8_t>(IFLA_OPERSTATE, 6)
      .number<std::uint8_t>(IFLA_LINKMODE, 0)
      .number<std::uint32_t>(IFLA_MTU, 1400)
      .number<std::uint32_t>(IFLA_GROUP, 3)
      .number<std::uint8_t>(IFLA_CARRIER, 1)
      .number<std::uint32_t>(IFLA_CARRIER_UP_COUNT, 5)
      .number<std::uint32_t>(IFLA_CARRIER_DOWN_COUNT, 4)
      .bytes(IFLA_ADDRESS, std::string_view("\x02\xfc\x00\x00\x00\x01", 6))
      .bytes(IFLA_BROADCAST, "\xff\xff\xff\xff\xff\xff")
      .text(IFLA_IFALIAS, "uplink");
  return link;
}

void put_properties(World& world, const std::string& speed = "1000\n") {
  world.fs.put("sys/class/net/eth0/addr_assign_type", "3\n");
  world.fs.put("sys/class/net/eth0/dev_id", "0x1f\n");
  world.fs.put("sys/class/net/eth0/name_assign_type", "4\n");
  world.fs.put("sys/class/net/eth0/speed", speed);
  world.fs.put("sys/class/net/eth0/duplex", "full\n");
}

std::string value(const std::string& samples, const std::string& name) {
  const std::size_t at = samples.find(name + "{device=\"eth0\"");
  if (at == std::string::npos) return "absent";
  const std::size_t space = samples.find("} ", at);
  return samples.substr(space + 2, samples.find('\n', space) - space - 2);
}

TEST(Netclass, AllOfAnInterface) {
  World world;
  put_properties(world);
  world.kernel.netlink[NETLINK_ROUTE] = eth0().number<std::uint32_t>(IFLA_CARRIER_CHANGES, 9).message();
  EXPECT_EQ(world.samples(netclass_collector),
            "node_network_up{device=\"eth0\"} 1\n"
            "node_network_info{device=\"eth0\",address=\"02:fc:00:00:00:01\",broadcast=\"ff:ff:ff:ff:ff:ff\","
            "duplex=\"full\",operstate=\"up\",adminstate=\"up\",ifalias=\"uplink\"} 1\n"
            "node_network_address_assign_type{device=\"eth0\"} 3\n"
            "node_network_carrier{device=\"eth0\"} 1\n"
            "node_network_carrier_changes_total{device=\"eth0\"} 9\n"
            "node_network_carrier_up_changes_total{device=\"eth0\"} 5\n"
            "node_network_carrier_down_changes_total{device=\"eth0\"} 4\n"
            "node_network_device_id{device=\"eth0\"} 31\n"
            "node_network_dormant{device=\"eth0\"} 0\n"
            "node_network_flags{device=\"eth0\"} 4099\n"
            "node_network_iface_id{device=\"eth0\"} 4\n"
            "node_network_iface_link{device=\"eth0\"} 4\n"
            "node_network_iface_link_mode{device=\"eth0\"} 0\n"
            "node_network_mtu_bytes{device=\"eth0\"} 1400\n"
            "node_network_name_assign_type{device=\"eth0\"} 4\n"
            "node_network_net_dev_group{device=\"eth0\"} 3\n"
            "node_network_speed_bytes{device=\"eth0\"} 125000000\n"
            "node_network_transmit_queue_length{device=\"eth0\"} 1000\n"
            "node_network_protocol_type{device=\"eth0\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Netclass, UnknownSpeedIsWhatNodeExporterMakesOfMinusOne) {
  World world;
  put_properties(world, "-1\n");
  world.kernel.netlink[NETLINK_ROUTE] = eth0().message();
  EXPECT_EQ(value(world.samples(netclass_collector), "node_network_speed_bytes"), "-125000");
}

TEST(Netclass, InterfaceThatIsDownHasNoCarrierNorSpeed) {
  World world;
  put_properties(world);
  world.kernel.netlink[NETLINK_ROUTE] =
      eth0(IFF_BROADCAST).number<std::uint8_t>(IFLA_OPERSTATE, 2).number<std::uint32_t>(IFLA_LINK, 2).message();
  const std::string samples = world.samples(netclass_collector);
  for (const char* name : {"node_network_carrier", "node_network_dormant", "node_network_speed_bytes"}) {
    EXPECT_EQ(value(samples, name), "absent") << name;
  }
  EXPECT_EQ(value(samples, "node_network_up"), "0");
  EXPECT_EQ(value(samples, "node_network_iface_link"), "2");
  EXPECT_NE(samples.find("duplex=\"\",operstate=\"down\",adminstate=\"down\""), std::string::npos) << samples;
}

TEST(Netclass, PropertiesThatCannotBeReadAreAbsent) {
  World world;
  world.fs.put("sys/class/net/eth0/dev_id", "junk\n");
  world.kernel.netlink[NETLINK_ROUTE] = LinkMessage(4, "eth0", IFF_UP | IFF_DORMANT).message();
  EXPECT_EQ(world.samples(netclass_collector),
            "node_network_info{device=\"eth0\",address=\"\",broadcast=\"\",duplex=\"\",operstate=\"\","
            "adminstate=\"up\",ifalias=\"\"} 1\n"
            "node_network_dormant{device=\"eth0\"} 1\n"
            "node_network_flags{device=\"eth0\"} 1\n"
            "node_network_iface_id{device=\"eth0\"} 4\n"
            "node_network_iface_link{device=\"eth0\"} 4\n"
            "node_network_protocol_type{device=\"eth0\"} 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Netclass, SpeedIsReadAgainWhenTheLinkChangedOrAMinutePassed) {
  World world;
  const auto speed_after = [&](const std::string& message) {
    world.kernel.netlink[NETLINK_ROUTE] = message;
    return value(world.samples(netclass_collector), "node_network_speed_bytes");
  };
  put_properties(world, "1000\n");
  EXPECT_EQ(speed_after(eth0().message()), "125000000");
  put_properties(world, "100\n");
  world.clock.advance(seconds(59));
  EXPECT_EQ(speed_after(eth0().message()), "125000000");
  world.clock.advance(seconds(1));
  EXPECT_EQ(speed_after(eth0().message()), "12500000");
  put_properties(world, "10\n");
  EXPECT_EQ(speed_after(eth0().number<std::uint32_t>(IFLA_CARRIER_CHANGES, 2).message()), "1250000");
  EXPECT_EQ(speed_after(eth0(0).number<std::uint32_t>(IFLA_CARRIER_CHANGES, 2).message()), "absent");
  EXPECT_EQ(speed_after(eth0().number<std::uint32_t>(IFLA_CARRIER_CHANGES, 2).message()), "1250000");
}

TEST(Netclass, SameIndexUnderAnotherNameIsReadAgain) {
  World world;
  put_properties(world);
  world.fs.put("sys/class/net/lan0/dev_id", "0x2\n");
  world.kernel.netlink[NETLINK_ROUTE] = eth0().message();
  EXPECT_EQ(value(world.samples(netclass_collector), "node_network_device_id"), "31");
  world.kernel.netlink[NETLINK_ROUTE] = LinkMessage(4, "lan0").message();
  const std::string samples = world.samples(netclass_collector);
  EXPECT_NE(samples.find("node_network_device_id{device=\"lan0\"} 2\n"), std::string::npos) << samples;
  EXPECT_EQ(samples.find("eth0"), std::string::npos);
}

TEST(Netclass, InterfaceThatCameBackIsReadAgain) {
  World world;
  put_properties(world);
  world.kernel.netlink[NETLINK_ROUTE] = eth0().message();
  EXPECT_EQ(value(world.samples(netclass_collector), "node_network_speed_bytes"), "125000000");
  world.kernel.netlink[NETLINK_ROUTE] = "";
  EXPECT_EQ(world.samples(netclass_collector), "");
  put_properties(world, "10\n");
  world.kernel.netlink[NETLINK_ROUTE] = eth0().message();
  EXPECT_EQ(value(world.samples(netclass_collector), "node_network_speed_bytes"), "1250000");
}

TEST(Netclass, LongAddressesAreWhole) {
  World world;
  world.kernel.netlink[NETLINK_ROUTE] = LinkMessage(5, "ib0")
                                            .bytes(IFLA_ADDRESS, std::string(20, '\x0a'))
                                            .bytes(IFLA_BROADCAST, std::string(99, '\xff'))
                                            .message();
  const std::string samples = world.samples(netclass_collector);
  EXPECT_NE(samples.find("address=\"0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a:0a\",broadcast=\"ff:"),
            std::string::npos)
      << samples;
}

TEST(Netclass, OperationalStateOfANewerKernelHasNoName) {
  World world;
  world.kernel.netlink[NETLINK_ROUTE] = LinkMessage(4, "eth0").number<std::uint8_t>(IFLA_OPERSTATE, 7).message();
  const std::string samples = world.samples(netclass_collector);
  EXPECT_EQ(value(samples, "node_network_up"), "0");
  EXPECT_NE(samples.find("operstate=\"\""), std::string::npos);
}

TEST(Netclass, NoNetlinkIsAnError) {
  World world;
  EXPECT_EQ(world.samples(netclass_collector), "");
  EXPECT_EQ(world.error(), "netlink: not set");
}

}  // namespace
}  // namespace upkeep::testing
