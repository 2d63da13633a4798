// The TCP connections of this process, found by their addresses: civetweb shows nobody the descriptors it serves, knows
// no way to turn a connection away, and ends only when idle ones have ended.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace upkeep::own_sockets {

// An IPv6 address; of IPv4 the mapped one.
using Address = std::array<std::uint8_t, 16>;

// An accepted connection.
struct Connection {
  int fd = -1;
  Address peer{};
  std::uint16_t peer_port = 0;
  bool operator==(const Connection&) const = default;
};

// Replaces `out` by the connections accepted at one of these ports.
void find_accepted(std::span<const std::uint16_t> local_ports, std::vector<Connection>& out);

// Makes reading and writing fail for both sides; nothing when the descriptor has come to mean something else.
void shut_down(const Connection& connection);

// Wakes whoever waits for a connection at one of these ports, or for data from it.
void shut_down_all(std::span<const std::uint16_t> local_ports);

}  // namespace upkeep::own_sockets
