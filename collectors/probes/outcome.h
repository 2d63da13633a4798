// What came of asking an endpoint once, and why it counts as failed if it does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "collectors/http/transfers.h"
#include "collectors/probes/address.h"
#include "collectors/probes/dns_message.h"
#include "collectors/probes/options.h"
#include "exporter/clock.h"

namespace upkeep::probes {

enum class Reason : std::uint8_t {
  kNone,         // it did not fail
  kDns,          // no address for its name
  kRefused,      // nobody listens
  kUnreachable,  // no way there
  kTimeout,
  kLost,        // the connection ended too early
  kMalformed,   // what came is not of the protocol
  kTooLarge,    // the answer is longer than max_body
  kTls,         // no handshake
  kTlsExpired,  // what is wrong with the certificate
  kTlsNotYetValid,
  kTlsName,
  kTlsAuthority,
  kTlsWeak,
  kStatus,  // the answer is not what is expected: its status,
  kHeader,  // a header field,
  kBody,    // its body or, of TCP and DNS, what was heard
  kRcode,
  kRedirects,   // too many, or not to be followed
  kNotAllowed,  // an address that may not be asked for
  kOther,
};
std::string_view to_string(Reason reason);
// Whether a pattern did not match.
constexpr bool is_pattern(Reason reason) { return reason == Reason::kHeader || reason == Reason::kBody; }

struct Outcome {
  Reason reason = Reason::kNone;
  std::string message;  // one line; empty when it did not fail
  Clock::duration duration{};
  Clock::wall_time finished{};

  Clock::duration resolve{};       // of all names on the way
  std::optional<Address> address;  // of the last one
  http::Phases phases;             // of all answers on the way; of DNS, `processing` is from the question to the reply
  std::optional<http::TlsFacts> tls;

  http::Answer answer;  // of HTTP, the last one, without its body
  int redirects = 0;
  bool is_tls = false;

  std::optional<DnsReply> reply;

  [[nodiscard]] bool good() const { return reason == Reason::kNone; }
};

struct Verdict {
  Reason reason = Reason::kNone;
  std::string message;
};
// Whether an answer is what is expected.
Verdict judge_http(const Expectations& expect, const http::Answer& answer);
Verdict judge_dns(const Expectations& expect, const DnsReply& reply);
// Why a transfer that came to no good end failed.
Verdict judge_failure(const http::Answer& answer);

}  // namespace upkeep::probes
