// sockstat reports the sockets of both versions of IP.
#include <gtest/gtest.h>

#include "collectors/all.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

constexpr const char* kV4 =
    "sockets: used 17\n"
    "TCP: inuse 2 orphan 3 tw 4 alloc 5 mem 168\n"
    "UDP: inuse 6 mem 7\n"
    "UDPLITE: inuse 8\n"
    "RAW: inuse 9\n"
    "FRAG: inuse 10 memory 11\n";
constexpr const char* kV6 =
    "TCP6: inuse 12\n"
    "UDP6: inuse 13\n"
    "UDPLITE6: inuse 14\n"
    "RAW6: inuse 15\n"
    "FRAG6: inuse 16 memory 17\n";

std::string samples(const std::string& v4, const std::string& v6 = "") {
  World world;
  world.fs.put("proc/net/sockstat", v4);
  world.fs.put("proc/net/sockstat6", v6);
  return world.samples(sockstat_collector) + world.error();
}

TEST(Sockstat, BothVersions) {
  EXPECT_EQ(samples(kV4, kV6),
            "node_sockstat_sockets_used 17\n"
            "node_sockstat_TCP_inuse 2\n"
            "node_sockstat_TCP_orphan 3\n"
            "node_sockstat_TCP_tw 4\n"
            "node_sockstat_TCP_alloc 5\n"
            "node_sockstat_TCP_mem 168\n"
            "node_sockstat_TCP_mem_bytes 688128\n"
            "node_sockstat_UDP_inuse 6\n"
            "node_sockstat_UDP_mem 7\n"
            "node_sockstat_UDP_mem_bytes 28672\n"
            "node_sockstat_UDPLITE_inuse 8\n"
            "node_sockstat_RAW_inuse 9\n"
            "node_sockstat_FRAG_inuse 10\n"
            "node_sockstat_FRAG_memory 11\n"
            "node_sockstat_TCP6_inuse 12\n"
            "node_sockstat_UDP6_inuse 13\n"
            "node_sockstat_UDPLITE6_inuse 14\n"
            "node_sockstat_RAW6_inuse 15\n"
            "node_sockstat_FRAG6_inuse 16\n"
            "node_sockstat_FRAG6_memory 17\n");
}

TEST(Sockstat, MissingFieldsAreAbsentAndNewOnesIgnored) {
  EXPECT_EQ(samples("TCP: inuse 2 zerocopy 9\nMPTCP: inuse 3\nsockets: used 1\n", "RAW6: inuse 4\nTCP6: inuse 5\n"),
            "node_sockstat_TCP_inuse 2\n"
            "node_sockstat_sockets_used 1\n"
            "node_sockstat_RAW6_inuse 4\n"
            "node_sockstat_TCP6_inuse 5\n");
}

TEST(Sockstat, WithoutIpv6) {
  World world;
  world.fs.put("proc/net/sockstat", "sockets: used 1\n");
  EXPECT_EQ(world.samples(sockstat_collector), "node_sockstat_sockets_used 1\n");
  EXPECT_EQ(world.error(), "");
}

TEST(Sockstat, BadLinesAreErrors) {
  EXPECT_EQ(samples("TCP inuse 2\n"), "proc/net/sockstat:1: `protocol: ...` expected: \"TCP inuse 2\"");
  EXPECT_EQ(samples("\n"), "proc/net/sockstat:1: `protocol: ...` expected: \"\"");
  EXPECT_EQ(samples("RAW: inuse\n"), "proc/net/sockstat:1: a name without a number: \"RAW: inuse\"");
  EXPECT_EQ(samples("RAW: inuse many\n"), "proc/net/sockstat:1: a name without a number: \"RAW: inuse many\"");
  EXPECT_EQ(samples("", "RAW6: inuse\n"), "proc/net/sockstat6:1: a name without a number: \"RAW6: inuse\"");
  World world;
  world.samples(sockstat_collector);
  EXPECT_EQ(world.error(), "proc/net/sockstat: No such file or directory");
}

}  // namespace
}  // namespace upkeep::testing
