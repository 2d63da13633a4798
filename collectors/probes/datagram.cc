#include "collectors/probes/datagram.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace upkeep::probes {
namespace {

constexpr std::size_t kMessageBytes = 65'535;

std::unexpected<Error> failure(int number, const char* what) {
  if (number == ECONNREFUSED) return fail(ErrorCode::kPermission, "nobody listens there");
  return system_failure(number, what);
}

}  // namespace

Result<Datagram> Datagram::open(const Address& address, std::uint16_t port) {
  Datagram datagram(::socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (datagram.fd_ < 0) return failure(errno, "socket");
  sockaddr_in in{.sin_family = AF_INET, .sin_port = ::htons(port)};
  sockaddr_in6 in6{.sin6_family = AF_INET6, .sin6_port = ::htons(port)};
  std::copy_n(address.bytes.begin(), 4, reinterpret_cast<std::uint8_t*>(&in.sin_addr));
  std::copy_n(address.bytes.begin(), 16, reinterpret_cast<std::uint8_t*>(&in6.sin6_addr));
  const auto* const where = address.is_v6 ? reinterpret_cast<sockaddr*>(&in6) : reinterpret_cast<sockaddr*>(&in);
  if (::connect(datagram.fd_, where, address.is_v6 ? sizeof(in6) : sizeof(in)) != 0) return failure(errno, "connect");
  return datagram;
}

Datagram::~Datagram() {
  if (fd_ >= 0) ::close(fd_);
}

Datagram::Datagram(Datagram&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Result<> Datagram::send(std::string_view message) const {
  if (::send(fd_, message.data(), message.size(), MSG_NOSIGNAL) < 0) return failure(errno, "send");
  return {};
}

Result<std::string> Datagram::receive() const {
  std::string message(kMessageBytes, '\0');
  const ssize_t count = ::recv(fd_, message.data(), message.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return fail(ErrorCode::kNotFound, "nothing has come yet");
  if (count < 0) return failure(errno, "receive");
  message.resize(static_cast<std::size_t>(count));
  return message;
}

}  // namespace upkeep::probes
