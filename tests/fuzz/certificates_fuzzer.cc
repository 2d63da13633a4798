// Any bytes at all as a certificate, a key, a file of authorities, what a server says before TLS and within it, what
// certbot leaves, and what was remembered: what is said of it is bounded. The first byte says as which; a talk is the
// same wherever its pieces end.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "collectors/certificates/certbot.h"
#include "collectors/certificates/differences.h"
#include "collectors/certificates/library.h"
#include "collectors/certificates/starttls.h"
#include "exporter/limits.h"

namespace upkeep::certificates {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void parse(std::string_view bytes) {
  const Library& opened = *library().value();
  const std::string passphrase = "secret";
  for (const std::string* word : {static_cast<const std::string*>(nullptr), &passphrase}) {
    const auto bundle = opened.parse(bytes, word);
    static_cast<void>(opened.parse_key(bytes, word));
    if (!bundle) {
      require(!bundle.error().message.empty());
      continue;
    }
    require(!bundle->certificates.empty() && bundle->certificates.size() <= limits::kCertificatesOfFile);
    for (const Certificate& one : bundle->certificates) {
      require(one.fingerprint.size() == 64 && one.dns.size() <= Certificate::kNamesKept);
      require(one.serial.size() < 200 && !one.key_type.empty());
    }
  }
  static_cast<void>(opened.trust(bytes));
}

void shake(std::string_view bytes) {
  const Library& opened = *library().value();
  static const auto kTrust = opened.trust("").value();
  const auto handshake = opened.handshake("localhost", kTrust);
  std::string out;
  auto state = handshake->step("", out);
  require(state == Handshake::State::kMore);
  state = handshake->step(bytes, out);
  if (state == Handshake::State::kServed) static_cast<void>(handshake->served(0));
  require(state != Handshake::State::kFailed || !handshake->failure().empty());
}

struct Talk {
  Preamble::State state = Preamble::State::kMore;
  std::string said;
  bool operator==(const Talk&) const = default;
};

Talk talk(Starttls protocol, std::string_view bytes, std::size_t piece) {
  const auto preamble = make_preamble(protocol);
  Talk talk;
  talk.state = preamble->step("", talk.said);
  for (std::size_t at = 0; at < bytes.size() && talk.state == Preamble::State::kMore; at += piece)
    talk.state = preamble->step(bytes.substr(at, piece), talk.said);
  require(talk.state != Preamble::State::kRefused || preamble->why().size() < 200);
  return talk;
}

void run(std::string_view input) {
  if (input.empty()) return;
  const auto kind = static_cast<unsigned char>(input.front());
  const std::string_view bytes = input.substr(1);
  constexpr std::string_view kPreambles = "abcdef";
  if (const std::size_t place = kPreambles.find(input.front()); place != std::string_view::npos) {
    const auto protocol = static_cast<Starttls>(place + 1);
    const Talk whole = talk(protocol, bytes, std::max<std::size_t>(bytes.size(), 1));
    const Talk halves = talk(protocol, bytes, bytes.size() / 2 + 1);
    // What follows the last word is refused, or comes too late.
    require(whole.state == Preamble::State::kRefused || halves == whole);
  } else if (kind == 'L') {
    static_cast<void>(failed_renewals(bytes));
    static_cast<void>(is_renewal_configuration(bytes));
  } else if (kind == 'D') {
    const auto differences = parse_differences(bytes);
    require(!differences || parse_differences(to_text(*differences)) == *differences);
  } else if (kind == 'H') {
    shake(bytes);
  } else {
    parse(bytes);
  }
}

}  // namespace
}  // namespace upkeep::certificates

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  upkeep::certificates::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
