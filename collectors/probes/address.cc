#include "collectors/probes/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "exporter/metric.h"
#include "exporter/text.h"

namespace upkeep::probes {
namespace {

constexpr std::size_t kHostBytes = 253;  // of a name, RFC 1035

Network network(std::string_view text) { return *parse_network(text); }

// IPv4 in IPv6: mapped, translated (NAT64, 6to4).
std::optional<Address> embedded(const Address& address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<std::uint8_t, 12> kTranslated = {0, 0x64, 0xFF, 0x9B};
  constexpr std::array<std::uint8_t, 12> kCompatible = {};
  if (!address.is_v6) return std::nullopt;
  const auto begins = [&](const auto& prefix) {
    return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
  };
  Address inner;
  if (begins(kMapped) || begins(kTranslated) || begins(kCompatible)) {
    std::copy_n(address.bytes.begin() + 12, 4, inner.bytes.begin());
    return inner;
  }
  if (address.bytes[0] == 0x20 && address.bytes[1] == 0x02) {
    std::copy_n(address.bytes.begin() + 2, 4, inner.bytes.begin());
    return inner;
  }
  return std::nullopt;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) { return naming::is_letter(c) || naming::is_digit(c) || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= kHostBytes && std::ranges::all_of(text, fits) && !text.starts_with('-') &&
         !text.starts_with('.');
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  Address address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
  address.is_v6 = true;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_string(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.is_v6 ? AF_INET6 : AF_INET, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::string with_port(const Address& address, std::uint16_t port) {
  const std::string host = to_string(address);
  return (address.is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::uint32_t hash_of(const Address& address) {
  std::uint32_t hash = 2'166'136'261;
  for (std::size_t i = 0; i < (address.is_v6 ? 16u : 4u); ++i) hash = (hash ^ address.bytes[i]) * 16'777'619;
  return hash;
}

std::optional<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto bits = to_u64(text.substr(slash + 1));
  if (!address || !bits || *bits > (address->is_v6 ? 128u : 32u)) return std::nullopt;
  return Network{*address, static_cast<unsigned>(*bits)};
}

bool contains(const Network& network, const Address& address) {
  if (network.address.is_v6 != address.is_v6) return false;
  for (unsigned bit = 0; bit < network.bits; bit += 8) {
    const unsigned of_this_byte = std::min(8u, network.bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFFu << (8 - of_this_byte));
    if ((network.address.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry, .../iana-ipv6-special-registry
bool is_internal(const Address& address) {
  static const std::array kInternal = {
      network("0.0.0.0/8"),      network("10.0.0.0/8"),     network("100.64.0.0/10"), network("127.0.0.0/8"),
      network("169.254.0.0/16"), network("172.16.0.0/12"),  network("192.0.0.0/24"),  network("192.168.0.0/16"),
      network("198.18.0.0/15"),  network("224.0.0.0/4"),    network("240.0.0.0/4"),   network("::/128"),
      network("::1/128"),        network("fe80::/10"),      network("fec0::/10"),     network("fc00::/7"),
      network("ff00::/8"),       network("64:ff9b:1::/48"), network("100::/64"),
  };
  if (std::ranges::any_of(kInternal, [&](const Network& one) { return contains(one, address); })) return true;
  const auto inner = embedded(address);
  return inner && is_internal(*inner);
}

Result<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port) {
  constexpr std::string_view kExpected = "HOST:PORT expected, an address of IPv6 in brackets";
  HostPort parsed{.host = {}, .port = default_port};
  std::string_view rest = text;
  const bool in_brackets = text.starts_with('[');
  if (in_brackets) {
    const std::size_t end = text.find(']');
    const auto address = parse_address(text.substr(1, end == std::string_view::npos ? 0 : end - 1));
    if (!address || !address->is_v6) return fail(ErrorCode::kParse, std::string(kExpected));
    parsed.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    parsed.host = text.substr(0, text.find(':'));
    rest = text.substr(parsed.host.size());
    if (!is_name(parsed.host)) return fail(ErrorCode::kParse, std::string(kExpected));
  }
  if (rest.empty() && default_port != 0) return parsed;
  const auto port = rest.starts_with(':') ? to_u64(rest.substr(1)) : std::nullopt;
  if (!port || *port < 1 || *port > 65535) return fail(ErrorCode::kParse, std::string(kExpected));
  parsed.port = static_cast<std::uint16_t>(*port);
  return parsed;
}

}  // namespace upkeep::probes
