// Looks at the certificates that servers show: connects, lets TLS begin, and goes again. Many at a time on one thread,
// each within its own time, all of them within one deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/certificates/library.h"
#include "collectors/certificates/resolver.h"
#include "collectors/certificates/starttls.h"
#include "exporter/clock.h"

namespace upkeep::certificates {

// Why a server showed no certificate.
enum class Failure : std::uint8_t {
  kNone,
  kDns,         // no such name, or nobody to ask
  kDnsTimeout,  // the name servers do not answer in time
  kDnsBusy,     // nor did they for others, so that they are not asked any more
  kRefused,
  kUnreachable,  // no way to it
  kTimeout,      // nobody answers
  kLost,         // it hung up
  kStarttls,     // it does not begin TLS when told to
  kHandshake,    // what it says is not TLS, or there is nothing both can speak
  kTrust,        // ca_file cannot be read
  kNotReached,   // the others took all the time
  kOther,
};
std::string_view to_string(Failure failure);

struct Destination {
  std::string host;  // a name or an address
  int port = 0;
  Starttls starttls = Starttls::kNone;
  std::string server_name;
  std::chrono::milliseconds timeout{};
  std::shared_ptr<Trust> trust;
};

struct Visited {
  std::optional<Served> served;
  Failure failure = Failure::kNotReached;
  std::string why;
  std::string address;  // that was connected to last
  double seconds = 0;   // from the beginning of the connection to the end of the handshake
};

struct Tour {
  const Library& library;
  Resolver& resolver;
  const Clock& clock;
  Clock::time_point deadline;
  std::stop_token stop;
  std::size_t at_once;
  std::size_t first = 0;  // whom to begin with, when there may not be time for all
};

// In the order of the destinations.
std::vector<Visited> visit(std::span<const Destination> destinations, const Tour& tour);

}  // namespace upkeep::certificates
