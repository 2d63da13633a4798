// The link table is read as the kernel means it, and the interfaces of containers are told from those of people.
#include "collectors/host/links.h"

#include <gtest/gtest.h>
#include <linux/if.h>

#include "tests/collectors/host/netlink_messages.h"
#include "tests/support/fakes.h"

namespace upkeep::testing {
namespace {

std::string parse_error(const std::string& answer) {
  std::vector<Link> links;
  const auto result = parse_links(answer, links);
  return result ? "" : result.error().message;
}

TEST(Links, WhatTheKernelDidNotSayIsAbsent) {
  const std::string answer = LinkMessage(7, "dummy0").message();
  std::vector<Link> links;
  ASSERT_TRUE(parse_links(answer, links));
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].index, 7u);
  EXPECT_EQ(links[0].name, "dummy0");
  EXPECT_FALSE(links[0].mtu || links[0].operstate || links[0].carrier_changes || links[0].lower);
  EXPECT_TRUE(links[0].stats.empty() && links[0].address.empty() && links[0].alias.empty());
}

TEST(Links, OtherMessagesAndAttributesAreSkipped) {
  const std::string answer = netlink_message(RTM_NEWADDR, "whatever") +
                             LinkMessage(2, "eth0").bytes(4000, "new").number<std::uint32_t>(IFLA_MTU, 9000).message();
  std::vector<Link> links;
  ASSERT_TRUE(parse_links(answer, links));
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].mtu, 9000u);
}

TEST(Links, NumberOfTheWrongSizeIsAbsent) {
  const std::string answer = LinkMessage(2, "eth0").bytes(IFLA_MTU, "ab").message();
  std::vector<Link> links;
  ASSERT_TRUE(parse_links(answer, links));
  EXPECT_EQ(links.at(0).mtu, std::nullopt);
}

TEST(Links, BrokenAnswersAreErrors) {
  const std::string good = LinkMessage(2, "eth0").message();
  EXPECT_EQ(parse_error(""), "");
  EXPECT_EQ(parse_error(good), "");
  EXPECT_EQ(parse_error(good + "x"), "a message is cut short");
  EXPECT_EQ(parse_error(good.substr(0, good.size() - 9)), "a message is cut short");
  EXPECT_EQ(parse_error(netlink_message(RTM_NEWLINK, "short")), "a link shorter than its header");
  EXPECT_EQ(parse_error(LinkMessage(2, "").message()), "a link without a name");
  EXPECT_EQ(parse_error(netlink_message(RTM_NEWLINK, std::string(sizeof(ifinfomsg), '\0') + "\xff\xff\x03")),
            "a link's attribute is cut short");
}

TEST(Links, FlagsAreThoseOfSysfs) {
  const auto flags = [](std::uint32_t bits, std::optional<std::uint32_t> promiscuity = {},
                        std::optional<std::uint32_t> all_multicast = {}) {
    Link link;
    link.flags = bits;
    link.promiscuity = promiscuity;
    link.all_multicast = all_multicast;
    return administrative_flags(link);
  };
  EXPECT_EQ(flags(IFF_UP | IFF_BROADCAST | IFF_MULTICAST | IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT), 0x1003u);
  EXPECT_EQ(flags(IFF_UP | IFF_PROMISC | IFF_ALLMULTI), 0x301u);  // a kernel that does not count
  EXPECT_EQ(flags(IFF_UP, 1, 2), 0x301u);                         // a bridge's port: asked for inside the kernel
  EXPECT_EQ(flags(IFF_UP | IFF_PROMISC, 0, 0), 0x1u);
}

TEST(Links, TableSaysWhatWasRead) {
  FakeKernel kernel;
  LinkTable table(kernel);
  EXPECT_EQ(table.read().error().message, "netlink: not set");
  kernel.netlink[NETLINK_ROUTE] = LinkMessage(2, "eth0").message();
  ASSERT_TRUE(table.read());
  EXPECT_EQ(table.read()->size(), 1u);  // and starts anew each time
  kernel.netlink[NETLINK_ROUTE] = "x";
  EXPECT_EQ(table.read().error().message, "netlink: a message is cut short");
}

TEST(Links, EveryReaderAsksTheSame) {
  std::vector<std::string> asked;
  FakeKernel kernel;
  kernel.on_netlink = [&](int protocol, std::string_view request) {
    EXPECT_EQ(protocol, NETLINK_ROUTE);
    asked.emplace_back(request);
    return std::string();
  };
  ASSERT_TRUE(LinkTable(kernel).read());
  ASSERT_TRUE(LinkTable(kernel).read());
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0], netlink_dump_request(RTM_GETLINK, bytes_of(ifinfomsg{})));
  EXPECT_EQ(asked[0], asked[1]);
}

TEST(Links, TransientInterfacesAreLeftOutByDefault) {
  const Pattern transient = Pattern::compile(kTransientInterfaces).value();
  for (const char* name :
       {"veth3f1a2b4", "br-0123456789ab", "docker0",    "docker_gwbridge", "podman0",     "cni0",
        "cni-podman0", "cali0123",        "flannel.1",  "cilium_host",     "lxc0123",     "lxcbr0",
        "lxdbr0",      "virbr0",          "virbr0-nic", "vnet3",           "tap100i0",    "tap01234567-89",
        "fwbr100i0",   "fwpr100p0",       "ifb0",       "kube-ipvs0",      "nodelocaldns"}) {
    EXPECT_TRUE(transient.matches(name)) << name;
  }
  for (const char* name :
       {"lo",     "eth0",  "eno1", "enp3s0f1np1", "wlan0", "wlp2s0", "bond0",  "bond0.100", "vlan7", "br0",
        "br-lan", "vmbr0", "tun0", "tap0",        "wg0",   "ppp0",   "dummy0", "ib0",       "team0", "docker"}) {
    EXPECT_FALSE(transient.matches(name)) << name;
  }
}

}  // namespace
}  // namespace upkeep::testing
