#include "exporter/connection_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "exporter/limits.h"

namespace upkeep {
namespace {

using own_sockets::Connection;

own_sockets::Address ipv4(std::uint8_t host) { return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, host}; }
own_sockets::Address ipv6(std::uint8_t network, std::uint8_t host) {
  return {0x20, 1, 0x0d, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host};
}

// Connections as the kernel has them; each has a descriptor and a port of its own.
class Sockets {
 public:
  void open(const own_sockets::Address& peer, int count = 1) {
    for (int i = 0; i < count; ++i, ++next_) open_.push_back({next_, peer, static_cast<std::uint16_t>(next_)});
  }
  void close(const Connection& connection) { std::erase(open_, connection); }
  [[nodiscard]] const std::vector<Connection>& all() const { return open_; }
  [[nodiscard]] int of(const own_sockets::Address& peer) const {
    return static_cast<int>(std::ranges::count(open_, peer, &Connection::peer));
  }

 private:
  std::vector<Connection> open_;
  int next_ = 10;
};

// How many are turned away; they close.
int turned_away(ConnectionGuard& guard, Sockets& sockets) {
  const auto span = guard.too_many(sockets.all());
  const std::vector<Connection> gone(span.begin(), span.end());
  for (const Connection& connection : gone) sockets.close(connection);
  return static_cast<int>(gone.size());
}

TEST(ConnectionGuard, OneAddressHasItsCap) {
  ConnectionGuard guard;
  Sockets sockets;
  sockets.open(ipv4(1), 300);
  sockets.open(ipv4(2));
  EXPECT_EQ(turned_away(guard, sockets), 300 - limits::kConnectionsPerAddress);
  EXPECT_EQ(sockets.of(ipv4(1)), limits::kConnectionsPerAddress);
  EXPECT_EQ(sockets.of(ipv4(2)), 1);
  EXPECT_EQ(turned_away(guard, sockets), 0);
}

TEST(ConnectionGuard, WhoIsInStaysIn) {
  ConnectionGuard guard;
  Sockets sockets;
  sockets.open(ipv4(1), limits::kConnectionsPerAddress);
  EXPECT_EQ(turned_away(guard, sockets), 0);
  const std::vector<Connection> first = sockets.all();
  sockets.open(ipv4(1), 5);
  EXPECT_EQ(turned_away(guard, sockets), 5);
  EXPECT_EQ(sockets.all(), first);
  sockets.close(first[3]);
  sockets.open(ipv4(1), 5);
  EXPECT_EQ(turned_away(guard, sockets), 4);
}

TEST(ConnectionGuard, TurnsAwayOnce) {
  ConnectionGuard guard;
  Sockets sockets;
  sockets.open(ipv4(1), limits::kConnectionsPerAddress + 1);
  EXPECT_EQ(guard.too_many(sockets.all()).size(), 1U);
  EXPECT_EQ(guard.too_many(sockets.all()).size(), 0U);  // it takes a while to close
}

TEST(ConnectionGuard, SomeThreadsAreKeptForThoseWithFewConnections) {
  ConnectionGuard guard;
  Sockets sockets;
  for (std::uint8_t host = 1; host <= 4; ++host) sockets.open(ipv4(host), 30);
  turned_away(guard, sockets);
  EXPECT_EQ(sockets.of(ipv4(1)), limits::kConnectionsPerAddress);
  EXPECT_EQ(sockets.of(ipv4(2)), limits::kHttpWorkers - limits::kSpareHttpWorkers - limits::kConnectionsPerAddress);
  EXPECT_EQ(sockets.of(ipv4(3)), limits::kFewConnections);
  EXPECT_EQ(sockets.of(ipv4(4)), limits::kFewConnections);
}

TEST(ConnectionGuard, AnIpv6NetworkCountsAsOne) {
  ConnectionGuard guard;
  Sockets sockets;
  for (std::uint8_t host = 1; host <= 100; ++host) sockets.open(ipv6(1, host));
  sockets.open(ipv6(2, 1));
  EXPECT_EQ(turned_away(guard, sockets), 100 - limits::kConnectionsPerAddress);
  EXPECT_EQ(sockets.of(ipv6(2, 1)), 1);
}

}  // namespace
}  // namespace upkeep
