#include "collectors/probes/allowed.h"

#include <algorithm>
#include <array>

#include "exporter/text.h"

namespace upkeep::probes {
namespace {

constexpr unsigned kV4Bits = 32, kV6Bits = 128, kByte = 8;

bool is_within(const Address& address, const Address& network, unsigned bits) {
  if (address.is_v6 != network.is_v6) return false;
  for (std::size_t i = 0; bits > 0; ++i, bits -= std::min(bits, kByte)) {
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> std::min(bits, kByte));
    if (((address.bytes.at(i) ^ network.bytes.at(i)) & mask) != 0) return false;
  }
  return true;
}

struct Special {
  std::string_view network;
  unsigned bits;
};
constexpr auto kSpecial = std::to_array<Special>({
    {"0.0.0.0", 8},
    {"10.0.0.0", 8},
    {"100.64.0.0", 10},
    {"127.0.0.0", 8},
    {"169.254.0.0", 16},
    {"172.16.0.0", 12},
    {"192.0.0.0", 24},
    {"192.0.2.0", 24},
    {"192.88.99.0", 24},
    {"192.168.0.0", 16},
    {"198.18.0.0", 15},
    {"198.51.100.0", 24},
    {"203.0.113.0", 24},
    {"224.0.0.0", 3},
    // Of IPv6, 2000::/3 is what is given out.
    {"2001::", 23},
    {"2001:db8::", 32},
    {"3fff::", 20},
});
constexpr Special kGivenOut{"2000::", 3};
// With one of IPv4 in bytes 12 to 15, or in bytes 2 to 5.
constexpr auto kWrapping = std::to_array<Special>({{"::ffff:0:0", 96}, {"64:ff9b::", 96}});
constexpr Special k6to4{"2002::", 16};

bool is_within(const Address& address, const Special& special) {
  return is_within(address, *parse_address(special.network), special.bits);
}

Address v4_within(const Address& address, std::size_t first) {
  Address inner;
  std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(first), 4, inner.bytes.begin());
  return inner;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Names are the same in either case, and with the dot of the root or without.
std::string normal(std::string_view name) {
  std::string same(name);
  std::ranges::transform(same, same.begin(), lower);
  if (same.ends_with('.')) same.pop_back();
  return same;
}

}  // namespace

bool is_public(const Address& address) {
  const auto holds = [&](const Special& special) { return is_within(address, special); };
  if (std::ranges::any_of(kWrapping, holds)) return is_public(v4_within(address, 12));
  if (holds(k6to4)) return is_public(v4_within(address, 2));
  if (std::ranges::any_of(kSpecial, holds)) return false;
  return !address.is_v6 || holds(kGivenOut);
}

Result<> Allowed::add(std::string_view entry) {
  std::string_view bits_text = entry;
  const std::string_view text = cut(bits_text, '/');
  const bool has_bits = text.size() != entry.size();
  if (const auto address = parse_address(text)) {
    const unsigned most = address->is_v6 ? kV6Bits : kV4Bits;
    const auto bits = has_bits ? to_u64(bits_text) : most;
    if (!bits || *bits > most) return fail(ErrorCode::kParse, "not a network: " + std::string(entry));
    networks_.push_back({*address, static_cast<unsigned>(*bits)});
    return {};
  }
  const std::string_view name = entry.starts_with("*.") ? entry.substr(2) : entry;
  if (entry != "*" && !is_host_name(name)) {
    return fail(ErrorCode::kParse,
                "the name of a host expected, *.DOMAIN, *, an address or a network, not " + std::string(entry));
  }
  names_.push_back(normal(entry));
  return {};
}

bool Allowed::is_listed(const Address& address) const {
  return std::ranges::any_of(networks_,
                             [&](const Network& network) { return is_within(address, network.address, network.bits); });
}

bool Allowed::allows(std::string_view host) const {
  if (const auto address = parse_address(host)) return is_listed(*address);
  const std::string name = normal(host);
  return std::ranges::any_of(names_, [&](std::string_view entry) {
    return entry == "*" || entry == name || (entry.starts_with("*.") && name.ends_with(entry.substr(1)));
  });
}

bool Allowed::allows(const Address& address) const { return is_public(address) || is_listed(address); }

}  // namespace upkeep::probes
