// tcpstat counts the sockets of both versions of IP by state.
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "collectors/all.h"
#include "tests/collectors/host/netlink_messages.h"
#include "tests/support/collect.h"

namespace upkeep::testing {
namespace {

std::string socket_message(std::uint8_t state, std::uint32_t receiving = 0, std::uint32_t sending = 0) {
  inet_diag_msg socket{};
  socket.idiag_state = state;
  socket.idiag_rqueue = receiving;
  socket.idiag_wqueue = sending;
  return netlink_message(SOCK_DIAG_BY_FAMILY, std::string(bytes_of(socket)) + netlink_attribute(8, "x"));
}

std::string states(std::initializer_list<std::pair<const char*, int>> values) {
  std::string out;
  for (const auto& [state, value] : values) {
    out += "node_tcp_connection_states{state=\"" + std::string(state) + "\"} " + std::to_string(value) + "\n";
  }
  return out;
}

TEST(Tcpstat, SocketsOfBothVersionsByState) {
  World world;
  std::string v4, v6;
  for (std::uint8_t state = 1; state <= 11; ++state) {
    for (int i = 0; i < state; ++i) v4 += socket_message(state);
  }
  v4 += socket_message(1, 5, 1000) + netlink_message(99, "another kind");
  v6 = socket_message(1, 6, 2000) + socket_message(12) + socket_message(255);
  world.kernel.on_netlink = [&](int protocol, std::string_view request) {
    EXPECT_EQ(protocol, NETLINK_SOCK_DIAG);
    const auto body = structure_in<inet_diag_req_v2>(request.substr(sizeof(nlmsghdr)));
    EXPECT_EQ(body->sdiag_protocol, IPPROTO_TCP);
    EXPECT_EQ(body->idiag_states, 0xfffu);
    return body->sdiag_family == AF_INET ? v4 : v6;
  };
  EXPECT_EQ(world.samples(tcpstat_collector), states({{"established", 3},
                                                      {"syn_sent", 2},
                                                      {"syn_recv", 3},
                                                      {"fin_wait1", 4},
                                                      {"fin_wait2", 5},
                                                      {"time_wait", 6},
                                                      {"close", 7},
                                                      {"close_wait", 8},
                                                      {"last_ack", 9},
                                                      {"listen", 10},
                                                      {"closing", 11},
                                                      {"rx_queued_bytes", 11},
                                                      {"tx_queued_bytes", 3000}}));
  EXPECT_EQ(world.error(), "");
}

TEST(Tcpstat, NoSocketsAreZeroSockets) {
  World world;
  world.kernel.netlink[NETLINK_SOCK_DIAG] = "";
  EXPECT_EQ(world.samples(tcpstat_collector), states({{"established", 0},
                                                      {"syn_sent", 0},
                                                      {"syn_recv", 0},
                                                      {"fin_wait1", 0},
                                                      {"fin_wait2", 0},
                                                      {"time_wait", 0},
                                                      {"close", 0},
                                                      {"close_wait", 0},
                                                      {"last_ack", 0},
                                                      {"listen", 0},
                                                      {"closing", 0},
                                                      {"rx_queued_bytes", 0},
                                                      {"tx_queued_bytes", 0}}));
}

TEST(Tcpstat, BrokenAnswersAreErrorsWithoutSamples) {
  const auto error = [](const std::string& answer) {
    World world;
    world.kernel.netlink[NETLINK_SOCK_DIAG] = answer;
    EXPECT_EQ(world.samples(tcpstat_collector), "");
    return world.error();
  };
  EXPECT_EQ(error(socket_message(1) + "x"), "sock_diag: a message is cut short");
  EXPECT_EQ(error(netlink_message(SOCK_DIAG_BY_FAMILY, "short")), "sock_diag: a socket shorter than its structure");
  World world;
  world.samples(tcpstat_collector);
  EXPECT_EQ(world.error(), "netlink: not set");
}

}  // namespace
}  // namespace upkeep::testing
