#include "collectors/probes/outcome.h"

#include <algorithm>
#include <array>

#include "exporter/http_headers.h"
#include "exporter/text.h"

namespace upkeep::probes {
namespace {

constexpr int kFirstGood = 200, kLastGood = 299;

bool matches_all(const std::vector<Pattern>& patterns, std::string_view text) {
  return std::ranges::all_of(patterns, [&](const Pattern& pattern) { return pattern.matches(text); });
}
bool matches_any(const std::vector<Pattern>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const Pattern& pattern) { return pattern.matches(text); });
}

// Whether one of the fields of this name matches.
bool has_header(std::string_view headers, const Expectations::Header& wanted) {
  for (const std::string_view line : Lines(headers)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_tokens(line.substr(0, colon), wanted.name)) continue;
    if (wanted.pattern.matches(trim(line.substr(colon + 1)))) return true;
  }
  return false;
}

Reason reason_of(http::TlsFault fault) {
  switch (fault) {
    case http::TlsFault::kExpired:
      return Reason::kTlsExpired;
    case http::TlsFault::kNotYetValid:
      return Reason::kTlsNotYetValid;
    case http::TlsFault::kWrongName:
      return Reason::kTlsName;
    case http::TlsFault::kUnknownAuthority:
      return Reason::kTlsAuthority;
    case http::TlsFault::kWeak:
      return Reason::kTlsWeak;
    default:
      return Reason::kTls;
  }
}

Reason reason_of(http::Failure failure) {
  switch (failure) {
    case http::Failure::kRefused:
      return Reason::kRefused;
    case http::Failure::kUnreachable:
    case http::Failure::kDenied:
      return Reason::kUnreachable;
    case http::Failure::kTimeout:
      return Reason::kTimeout;
    case http::Failure::kLost:
      return Reason::kLost;
    case http::Failure::kTooLarge:
      return Reason::kTooLarge;
    case http::Failure::kMalformed:
      return Reason::kMalformed;
    case http::Failure::kTls:
      return Reason::kTls;
    default:
      return Reason::kOther;
  }
}

}  // namespace

std::string_view to_string(Reason reason) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Reason::kOther) + 1> kNames = {
      "none",      "dns",    "refused",     "unreachable", "timeout",   "lost",          "malformed",
      "too_large", "tls",    "tls_expired", "tls_early",   "tls_name",  "tls_authority", "tls_weak",
      "status",    "header", "body",        "rcode",       "redirects", "not_allowed",   "other"};
  return kNames[static_cast<std::size_t>(reason)];
}

Verdict judge_http(const Expectations& expect, const http::Answer& answer) {
  const int status = answer.status;
  const bool is_expected = expect.status.empty() ? status >= kFirstGood && status <= kLastGood
                                                 : std::ranges::any_of(expect.status, [&](auto range) {
                                                     return status >= range.first && status <= range.second;
                                                   });
  if (!is_expected) return {Reason::kStatus, "HTTP status " + std::to_string(status)};
  for (const Expectations::Header& wanted : expect.headers) {
    if (!has_header(answer.headers, wanted))
      return {Reason::kHeader, "header field " + wanted.name + " is not as expected"};
  }
  if (!matches_all(expect.body, answer.body)) return {Reason::kBody, "the body does not hold what it should"};
  if (matches_any(expect.not_body, answer.body)) return {Reason::kBody, "the body holds what it should not"};
  return {};
}

Verdict judge_dns(const Expectations& expect, const DnsReply& reply) {
  const bool is_expected =
      expect.rcodes.empty() ? reply.rcode == 0 : std::ranges::find(expect.rcodes, reply.rcode) != expect.rcodes.end();
  if (!is_expected) return {Reason::kRcode, "DNS response code " + std::to_string(reply.rcode)};
  for (const Pattern& pattern : expect.body) {
    const auto matches = [&](const std::string& record) { return pattern.matches(record); };
    if (std::ranges::none_of(reply.records, matches)) return {Reason::kBody, "no record is as expected"};
  }
  const auto is_bad = [&](const std::string& record) { return matches_any(expect.not_body, record); };
  if (std::ranges::any_of(reply.records, is_bad)) return {Reason::kBody, "a record is as it should not be"};
  return {};
}

Verdict judge_failure(const http::Answer& answer) {
  if (!answer.problem) return {};
  const bool is_tls = answer.problem->why == http::Failure::kTls && answer.tls.has_value();
  return {is_tls ? reason_of(answer.tls->fault) : reason_of(answer.problem->why), answer.problem->message};
}

}  // namespace upkeep::probes
