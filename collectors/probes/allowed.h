// Which hosts others may have asked. Whoever may name the host could otherwise reach what only this machine can: so a
// name leads to public addresses alone, and to others only where their network is listed too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/probes/address.h"
#include "exporter/result.h"

namespace upkeep::probes {

// Not of this machine, nor of a network of its own, nor for many: one that the registry of special-purpose addresses
// (IANA, RFC 6890) does not have. Of an address of IPv6 that wraps one of IPv4, that one counts.
bool is_public(const Address& address);

class Allowed {
 public:
  // "shop.example.com"; "*.example.com", which is every name below it; "*", every name; "10.20.0.0/16", "2001:db8::/32"
  // or "127.0.0.1", addresses. kParse: none of these.
  Result<> add(std::string_view entry);
  [[nodiscard]] bool is_empty() const { return names_.empty() && networks_.empty(); }

  // Whether a name, or an address without brackets, may be asked for.
  [[nodiscard]] bool allows(std::string_view host) const;
  // Whether it may be connected to, once its host may be asked for.
  [[nodiscard]] bool allows(const Address& address) const;

 private:
  struct Network {
    Address address;
    unsigned bits;
  };
  [[nodiscard]] bool is_listed(const Address& address) const;

  std::vector<std::string> names_;
  std::vector<Network> networks_;
};

}  // namespace upkeep::probes
