// arp counts the neighbours of each interface.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kHeader = "IP address       HW type     Flags       HW address            Mask     Device\n";

std::string entry(const std::string& device) {
  return "192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        " + device + "\n";
}

TEST(Arp, EntriesOfEachInterface) {
  World world;
  const auto samples = [&](const std::string& entries) {
    world.fs.put("proc/net/arp", kHeader + entries);
    return world.samples(arp_collector) + world.error();
  };
  EXPECT_EQ(samples(""), "");
  EXPECT_EQ(samples(entry("eth0") + entry("eth1") + entry("eth0")),
            "node_arp_entries{device=\"eth0\"} 2\nnode_arp_entries{device=\"eth1\"} 1\n");
  EXPECT_EQ(samples(entry("eth1")), "node_arp_entries{device=\"eth1\"} 1\n");  // eth0 has none any more
  EXPECT_EQ(samples(entry("veth1") + entry("lo")), "node_arp_entries{device=\"lo\"} 1\n");
}

TEST(Arp, FilterIsAMatterOfConfiguration) {
  World world;
  world.config = "interfaces: {exclude: '^eth1$'}";
  world.fs.put("proc/net/arp", kHeader + entry("eth0") + entry("eth1") + entry("veth0"));
  EXPECT_EQ(world.samples(arp_collector),
            "node_arp_entries{device=\"eth0\"} 1\nnode_arp_entries{device=\"veth0\"} 1\n");
}

TEST(Arp, BadTableIsAnError) {
  const auto error = [](const std::string& text) {
    World world;
    world.fs.put("proc/net/arp", text);
    world.samples(arp_collector);
    return world.error();
  };
  EXPECT_EQ(error(""), "proc/net/arp: header expected");
  EXPECT_EQ(error(entry("eth0")), "proc/net/arp: header expected");
  EXPECT_EQ(error(kHeader + std::string("192.0.2.1 0x1 0x2 02:fc\n")),
            "proc/net/arp:2: six columns expected: \"192.0.2.1 0x1 0x2 02:fc\"");
  EXPECT_EQ(error(kHeader + std::string("\n")), "proc/net/arp:2: six columns expected: \"\"");
  World world;
  world.samples(arp_collector);
  EXPECT_EQ(world.error(), "proc/net/arp: No such file or directory");
}

}  // namespace
}  // namespace upkeep::testing
