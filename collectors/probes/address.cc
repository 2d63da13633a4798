#include "collectors/probes/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "exporter/metric.h"
#include "exporter/text.h"

namespace upkeep::probes {
namespace {

constexpr std::size_t kHostBytes = 253;  // of a name, RFC 1035

}  // namespace

bool is_host_name(std::string_view text) {
  const auto fits = [](char c) { return naming::is_letter(c) || naming::is_digit(c) || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= kHostBytes && std::ranges::all_of(text, fits) && !text.starts_with('-') &&
         !text.starts_with('.');
}

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
    if (!is_host_name(parsed.host)) return fail(ErrorCode::kParse, std::string(kExpected));
  }
  if (rest.empty() && default_port != 0) return parsed;
  const auto port = rest.starts_with(':') ? to_u64(rest.substr(1)) : std::nullopt;
  if (!port || *port < 1 || *port > 65535) return fail(ErrorCode::kParse, std::string(kExpected));
  parsed.port = static_cast<std::uint16_t>(*port);
  return parsed;
}

}  // namespace upkeep::probes
