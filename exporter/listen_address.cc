#include "exporter/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include "exporter/text.h"

namespace upkeep {
namespace {

std::unexpected<Error> wrong(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kParse, fmt::format("{:?}: {}", text, why));
}

bool is_numeric(const std::string& host, int family) {
  in6_addr address{};
  return ::inet_pton(family, host.c_str(), &address) == 1;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "HOST:PORT or :PORT expected");
  ListenAddress address{.host = std::string(text.substr(0, colon))};

  const std::string_view port = text.substr(colon + 1);
  // To civetweb this would mean TLS, which Debian 12's crashes on.
  if (port.ends_with('s') || port.ends_with('r')) return wrong(text, "TLS is not offered; put a proxy in front");
  const auto number = to_u64(port);
  if (!number || *number > 65535) return wrong(text, "the port is a number from 0 to 65535");
  address.port = static_cast<std::uint16_t>(*number);

  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    address.ipv6 = true;
    if (!is_numeric(address.host, AF_INET6)) return wrong(text, "no IPv6 address between the brackets");
    return address;
  }
  if (address.host.find(':') != std::string::npos) return wrong(text, "an IPv6 address goes between brackets");
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (!address.host.empty() && !is_numeric(address.host, AF_INET)) {
    return wrong(text, "the host is an address of this machine, not a name");
  }
  return address;
}

std::string to_string(const ListenAddress& address) {
  if (address.ipv6) return fmt::format("[{}]:{}", address.host, address.port);
  return fmt::format("{}:{}", address.host, address.port);
}

}  // namespace upkeep
