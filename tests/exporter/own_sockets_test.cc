#include "exporter/own_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace upkeep {
namespace {

using own_sockets::Connection;

// A listener with one connection to it, all in this process.
class OwnSockets : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener, 8), 0);
    socklen_t length = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    length = sizeof address;
    accepted = ::accept(listener, reinterpret_cast<sockaddr*>(&address), &length);
    client_port = ntohs(address.sin_port);
  }
  void TearDown() override {
    for (int fd : {listener, client, accepted}) ::close(fd);
  }
  std::vector<Connection> find() {
    std::vector<Connection> found;
    const std::uint16_t ports[] = {port};
    own_sockets::find_accepted(ports, found);
    return found;
  }

  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int accepted = -1;
  std::uint16_t port = 0, client_port = 0;
};

TEST_F(OwnSockets, FindsWhatWasAccepted) {
  const own_sockets::Address loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  EXPECT_EQ(find(), (std::vector<Connection>{{accepted, loopback, client_port}}));
  ::close(accepted);
  EXPECT_TRUE(find().empty());
}

TEST_F(OwnSockets, ShutsAConnectionDown) {
  own_sockets::shut_down(find().at(0));
  char byte = 0;
  EXPECT_EQ(::recv(client, &byte, 1, 0), 0);
  EXPECT_EQ(::recv(accepted, &byte, 1, 0), 0);
}

TEST_F(OwnSockets, LeavesAloneWhatTheDescriptorMeansNow) {
  const Connection before = find().at(0);
  Connection another = before;
  ++another.peer_port;
  own_sockets::shut_down(another);
  EXPECT_EQ(::send(client, "x", 1, MSG_NOSIGNAL), 1);
  char byte = 0;
  EXPECT_EQ(::recv(accepted, &byte, 1, 0), 1);
}

TEST_F(OwnSockets, WakesWhoeverWaits) {
  const std::uint16_t ports[] = {port};
  own_sockets::shut_down_all(ports);
  char byte = 0;
  EXPECT_EQ(::recv(accepted, &byte, 1, 0), 0);
  EXPECT_EQ(::accept(listener, nullptr, nullptr), -1);
}

}  // namespace
}  // namespace upkeep
