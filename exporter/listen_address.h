// Where to listen, as people write it: "127.0.0.1:10190", ":10190", "[::1]:10190", "localhost:10190".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep {

struct ListenAddress {
  std::string host;  // numeric, without brackets; empty: every address
  std::uint16_t port = 0;
  bool ipv6 = false;
};

Result<ListenAddress> parse_listen_address(std::string_view text);

// "127.0.0.1:10190", "[::1]:10190".
std::string to_string(const ListenAddress& address);

}  // namespace upkeep
