// Numeric addresses, and what may be said of them without asking anybody.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/result.h"

namespace upkeep::probes {

// An address of IPv4 in the first four bytes, or of IPv6.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool is_v6 = false;

  friend bool operator==(const Address&, const Address&) = default;
};

// "127.0.0.1", "::1"; nothing else is an address, and so no way to write one differently.
std::optional<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);
// "127.0.0.1:80", "[::1]:80".
std::string with_port(const Address& address, std::uint16_t port);

// A number that changes with the address, as blackbox_exporter calculates it (FNV-1a of the bytes).
std::uint32_t hash_of(const Address& address);

// Letters, digits, hyphens and dots.
bool is_host_name(std::string_view text);

struct HostPort {
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
};
// "db.example.com:5432", "127.0.0.1:80", "[::1]:80". Without a port: `default_port`, when that is not 0.
Result<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port = 0);

}  // namespace upkeep::probes
