// Descriptors are tried one after the other: reading /proc/self/fd would cost more, and need a descriptor when there
// may be none.
#include "exporter/own_sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace upkeep::own_sockets {
namespace {

struct Endpoint {
  Address address{};
  std::uint16_t port = 0;
};

std::optional<Endpoint> endpoint_of(const sockaddr_storage& storage) {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &storage, sizeof ipv4);
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(endpoint.address.data() + 12, &ipv4.sin_addr, 4);
    endpoint.port = ntohs(ipv4.sin_port);
    return endpoint;
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &storage, sizeof ipv6);
  std::memcpy(endpoint.address.data(), &ipv6.sin6_addr, 16);
  endpoint.port = ntohs(ipv6.sin6_port);
  return endpoint;
}

using AskForName = int (*)(int, sockaddr*, socklen_t*);
std::optional<Endpoint> endpoint(int fd, AskForName ask) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (ask(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return std::nullopt;
  return endpoint_of(storage);
}

// Calls `visit` for each descriptor that is a socket with one of these ports at our end.
template <class Visit>
void for_each_socket(std::span<const std::uint16_t> local_ports, const Visit& visit) {
  constexpr int kGap = 1024;  // unused numbers after which no more come: they are given out from below
  const int last = static_cast<int>(std::min(::sysconf(_SC_OPEN_MAX), 1L << 20));
  int unused = 0;
  for (int fd = 0; fd < last && unused < kGap; ++fd) {
    errno = 0;
    const auto ours = endpoint(fd, ::getsockname);
    unused = errno == EBADF ? unused + 1 : 0;
    if (ours && std::ranges::find(local_ports, ours->port) != local_ports.end()) visit(fd);
  }
}

}  // namespace

void find_accepted(std::span<const std::uint16_t> local_ports, std::vector<Connection>& out) {
  out.clear();
  for_each_socket(local_ports, [&](int fd) {
    if (const auto theirs = endpoint(fd, ::getpeername)) out.push_back({fd, theirs->address, theirs->port});
  });
}

void shut_down(const Connection& connection) {
  const auto theirs = endpoint(connection.fd, ::getpeername);
  if (theirs && Connection{connection.fd, theirs->address, theirs->port} == connection) {
    ::shutdown(connection.fd, SHUT_RDWR);
  }
}

void shut_down_all(std::span<const std::uint16_t> local_ports) {
  for_each_socket(local_ports, [](int fd) { ::shutdown(fd, SHUT_RDWR); });
}

}  // namespace upkeep::own_sockets
