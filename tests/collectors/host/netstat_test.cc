// netstat reports the chosen fields of three files, whatever else the kernel prints there.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kNetstat =
    "TcpExt: SyncookiesSent PruneCalled ListenDrops TCPTimeouts New\n"
    "TcpExt: 1 2 3 4 5\n"
    "IpExt: InNoRoutes InOctets\n"
    "IpExt: 0 53810666\n";
constexpr const char* kSnmp =
    "Ip: Forwarding DefaultTTL\n"
    "Ip: 2 64\n"
    "Tcp: RtoMin MaxConn InErrs\n"
    "Tcp: 200 -1 7\n";
constexpr const char* kSnmp6 =
    "Ip6InReceives                   \t9\n"
    "Ip6InOctets                     \t128\n"
    "UdpLite6InErrors                \t11\n";

void put(World& world, const std::string& netstat = kNetstat, const std::string& snmp = kSnmp,
         const std::string& snmp6 = kSnmp6) {
  world.fs.put("proc/net/netstat", netstat);
  world.fs.put("proc/net/snmp", snmp);
  world.fs.put("proc/net/snmp6", snmp6);
}

constexpr const char* kSamples =
    "node_netstat_TcpExt_SyncookiesSent 1\n"
    "node_netstat_TcpExt_ListenDrops 3\n"
    "node_netstat_TcpExt_TCPTimeouts 4\n"
    "node_netstat_IpExt_InOctets 53810666\n"
    "node_netstat_Ip_Forwarding 2\n"
    "node_netstat_Tcp_MaxConn -1\n"
    "node_netstat_Tcp_InErrs 7\n"
    "node_netstat_Ip6_InOctets 128\n"
    "node_netstat_UdpLite6_InErrors 11\n";

TEST(Netstat, ChosenFieldsOfAllThreeFiles) {
  World world;
  put(world);
  EXPECT_EQ(world.samples(netstat_collector), kSamples);
  EXPECT_EQ(world.error(), "");
  EXPECT_EQ(world.samples(netstat_collector), kSamples);  // the second run goes by what the first one learnt
}

TEST(Netstat, FamiliesAreUntyped) {
  World world;
  put(world);
  EXPECT_NE(world.page(netstat_collector).find("# TYPE node_netstat_Tcp_InErrs untyped\n"), std::string::npos);
}

TEST(Netstat, FollowsAFileWhoseLayoutChanges) {
  World world;
  put(world);
  EXPECT_EQ(world.samples(netstat_collector), kSamples);
  put(world, "MPTcpExt: A\nMPTcpExt: 1\nTcpExt: TCPTimeouts SyncookiesSent\nTcpExt: 8 9\n", "Tcp: InErrs\nTcp: 6\n",
      "Udp6NoPorts 5\nIp6InOctets 4\nIcmp6OutMsgs 3\nIcmp6InMsgs 2\n");
  EXPECT_EQ(world.samples(netstat_collector),
            "node_netstat_TcpExt_TCPTimeouts 8\n"
            "node_netstat_TcpExt_SyncookiesSent 9\n"
            "node_netstat_Tcp_InErrs 6\n"
            "node_netstat_Udp6_NoPorts 5\n"
            "node_netstat_Ip6_InOctets 4\n"
            "node_netstat_Icmp6_OutMsgs 3\n"
            "node_netstat_Icmp6_InMsgs 2\n");
  put(world);
  EXPECT_EQ(world.samples(netstat_collector), kSamples);
}

TEST(Netstat, NewKernelsErrorCountersBecomeFamilies) {
  World world;
  put(world, kNetstat, "Quic: Streams InErrors\nQuic: 1 2\n", "");
  EXPECT_NE(
      world.page(netstat_collector).find("# TYPE node_netstat_Quic_InErrors untyped\nnode_netstat_Quic_InErrors 2\n"),
      std::string::npos);
  EXPECT_EQ(world.error(), "");
}

TEST(Netstat, FieldsAreAMatterOfConfiguration) {
  World world;
  world.config = "netstat_fields: '^(TcpExt_PruneCalled|Ip6_InReceives|Ip_DefaultTTL)$'";
  put(world);
  EXPECT_EQ(world.samples(netstat_collector),
            "node_netstat_TcpExt_PruneCalled 2\nnode_netstat_Ip_DefaultTTL 64\nnode_netstat_Ip6_InReceives 9\n");
}

TEST(Netstat, CountersOfSixtyFourBits) {
  World world;
  put(world, kNetstat, "Icmp: InMsgs\nIcmp: 18446744073709551615\n", "");
  EXPECT_NE(world.samples(netstat_collector).find("node_netstat_Icmp_InMsgs 18446744073709551616\n"),
            std::string::npos);
}

TEST(Netstat, WithoutIpv6) {
  World world;
  put(world);
  world.fs.remove("proc/net/snmp6");
  EXPECT_EQ(world.samples(netstat_collector).find("6_"), std::string::npos);
  EXPECT_EQ(world.error(), "");
}

TEST(Netstat, FailureSaysWhichFileAndWhat) {
  const auto error = [](const std::string& netstat, const std::string& snmp = kSnmp,
                        const std::string& snmp6 = kSnmp6) {
    World world;
    put(world, netstat, snmp, snmp6);
    world.samples(netstat_collector);
    return world.error();
  };
  EXPECT_EQ(error(""), "proc/net/netstat: names and values of protocols expected");
  EXPECT_EQ(error("junk\njunk\n"), "proc/net/netstat: `Protocol: names` expected");
  EXPECT_EQ(error(":\n:\n"), "proc/net/netstat: `Protocol: names` expected");
  EXPECT_EQ(error("TcpExt: TCPTimeouts\n"), "proc/net/netstat: TcpExt: values expected");
  EXPECT_EQ(error("TcpExt: TCPTimeouts\nIpExt: 1\n"), "proc/net/netstat: TcpExt: values expected");
  EXPECT_EQ(error("TcpExt: A TCPTimeouts\nTcpExt: 1\n"), "proc/net/netstat: TcpExt: fewer values than names");
  EXPECT_EQ(error("TcpExt: TCPTimeouts\nTcpExt: 1x\n"), "proc/net/netstat: TcpExt: a value is not a number");
  EXPECT_EQ(error(kNetstat, "Tcp: InErrs\nTcp: -\n"), "proc/net/snmp: Tcp: a value is not a number");
  EXPECT_EQ(error(kNetstat, kSnmp, "Ip6InOctets\n"), "proc/net/snmp6: Ip6InOctets: a number expected");
  EXPECT_EQ(error(kNetstat, kSnmp, "Ip6InOctets 1e3\n"), "proc/net/snmp6: Ip6InOctets: a number expected");
  std::string endless;
  for (int i = 0; i < 65; ++i) endless += "P: a\nP: 1\n";
  EXPECT_EQ(error(endless), "proc/net/netstat: more protocols than expected");
}

TEST(Netstat, FamilyThatCannotBeNamedIsAnError) {
  World world;
  put(world, kNetstat, "Bad-Name: InErrors\nBad-Name: 1\n");
  world.samples(netstat_collector);
  EXPECT_TRUE(world.error().starts_with("proc/net/snmp: ")) << world.error();
}

TEST(Netstat, AbsentFileIsAnError) {
  World world;
  put(world);
  world.fs.remove("proc/net/snmp");
  world.samples(netstat_collector);
  EXPECT_EQ(world.error(), "proc/net/snmp: No such file or directory");
}

}  // namespace
}  // namespace upkeep::testing
