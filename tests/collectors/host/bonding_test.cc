// bonding counts the slaves of each bond, and those with a link.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kMasters = "sys/class/net/bonding_masters";

std::string status_path(const std::string& master, const std::string& slave, const std::string& prefix = "lower_") {
  return "sys/class/net/" + master + "/" + prefix + slave + "/bonding_slave/mii_status";
}

void put_bond(World& world, const std::string& master, const std::string& slaves) {
  world.fs.put("sys/class/net/" + master + "/bonding/slaves", slaves + "\n");
}

TEST(Bonding, SlavesAndThoseWithALink) {
  World world;
  world.fs.put(kMasters, "bond0 bond1\n");
  put_bond(world, "bond0", "eth0 eth1");
  put_bond(world, "bond1", "");
  world.fs.put(status_path("bond0", "eth0"), "up\n");
  world.fs.put(status_path("bond0", "eth1"), "down\n");
  EXPECT_EQ(world.samples(bonding_collector),
            "node_bonding_slaves{master=\"bond0\"} 2\n"
            "node_bonding_slaves{master=\"bond1\"} 0\n"
            "node_bonding_active{master=\"bond0\"} 1\n"
            "node_bonding_active{master=\"bond1\"} 0\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Bonding, FollowsBondsAndSlavesThatComeAndGo) {
  World world;
  const auto samples = [&](const std::string& masters) {
    world.fs.put(kMasters, masters);
    return world.samples(bonding_collector) + world.error();
  };
  put_bond(world, "bond0", "eth0");
  put_bond(world, "bond1", "eth2 eth3");
  for (const char* slave : {"eth0", "eth1"}) world.fs.put(status_path("bond0", slave), "up\n");
  for (const char* slave : {"eth2", "eth3"}) world.fs.put(status_path("bond1", slave), "up\n");
  EXPECT_EQ(samples("bond0\n"), "node_bonding_slaves{master=\"bond0\"} 1\nnode_bonding_active{master=\"bond0\"} 1\n");
  put_bond(world, "bond0", "eth1 eth0");
  world.fs.put(status_path("bond0", "eth0"), "down\n");
  EXPECT_EQ(samples("bond1 bond0\n"),
            "node_bonding_slaves{master=\"bond1\"} 2\nnode_bonding_slaves{master=\"bond0\"} 2\n"
            "node_bonding_active{master=\"bond1\"} 2\nnode_bonding_active{master=\"bond0\"} 1\n");
  put_bond(world, "bond1", "eth2");
  EXPECT_EQ(samples("bond1\n"), "node_bonding_slaves{master=\"bond1\"} 1\nnode_bonding_active{master=\"bond1\"} 1\n");
  EXPECT_EQ(samples("\n"), "");
}

TEST(Bonding, OldKernelsCallThemSlaves) {
  World world;
  world.fs.put(kMasters, "bond0\n");
  put_bond(world, "bond0", "eth0");
  world.fs.put(status_path("bond0", "eth0", "slave_"), "up\n");
  EXPECT_EQ(world.samples(bonding_collector),
            "node_bonding_slaves{master=\"bond0\"} 1\nnode_bonding_active{master=\"bond0\"} 1\n");
}

TEST(Bonding, FilterIsThatOfInterfaces) {
  World world;
  world.config = "interfaces: {exclude: '^bond0$'}";
  world.fs.put(kMasters, "bond0 bond1\n");
  put_bond(world, "bond1", "");
  EXPECT_EQ(world.samples(bonding_collector),
            "node_bonding_slaves{master=\"bond1\"} 0\nnode_bonding_active{master=\"bond1\"} 0\n");
}

TEST(Bonding, NoneIsNoData) {
  World world;
  EXPECT_EQ(world.samples(bonding_collector), "");
  EXPECT_EQ(world.error_code(), ErrorCode::kNoData);
  EXPECT_EQ(world.error(), "no bonding");
}

TEST(Bonding, UnreadableIsAnError) {
  World world;
  world.fs.put(kMasters, "bond0\n");
  world.samples(bonding_collector);
  EXPECT_EQ(world.error(), "sys/class/net/bond0/bonding/slaves: No such file or directory");
  put_bond(world, "bond0", "eth0");
  world.samples(bonding_collector);
  EXPECT_EQ(world.error(), "sys/class/net/bond0/lower_eth0/bonding_slave/mii_status: No such file or directory");
  world.fs.fail_with(kMasters, {ErrorCode::kPermission, "Permission denied"});
  world.samples(bonding_collector);
  EXPECT_EQ(world.error(), "sys/class/net/bonding_masters: Permission denied");
}

}  // namespace
}  // namespace upkeep::testing
