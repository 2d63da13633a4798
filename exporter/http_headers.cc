#include "exporter/http_headers.h"

#include <algorithm>
#include <cmath>

#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The weight among the parameters of a list element ("q=0.5"), 0 to 1. One that cannot be read welcomes nothing.
double weight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = trim(cut(parameters, ';'));
    const std::string_view name = trim(cut(parameter, '='));
    if (!equal_tokens(name, "q")) continue;
    const auto q = to_number(trim(parameter));
    return q && *q >= 0 && *q <= 1 ? *q : 0;
  }
  return 1;
}

}  // namespace

bool equal_tokens(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (equal_tokens(trim(cut(list, ',')), token)) return true;
  }
  return false;
}

Encoding choose_encoding(std::string_view accept_encoding) {
  constexpr double kUnsaid = -1;
  double gzip = kUnsaid, identity = kUnsaid, others = kUnsaid;
  while (!accept_encoding.empty()) {
    std::string_view parameters = cut(accept_encoding, ',');
    const std::string_view coding = trim(cut(parameters, ';'));
    if (equal_tokens(coding, "gzip") || equal_tokens(coding, "x-gzip")) {
      gzip = weight(parameters);
    } else if (equal_tokens(coding, "identity")) {
      identity = weight(parameters);
    } else if (coding == "*") {
      others = weight(parameters);
    }
  }
  if (gzip == kUnsaid) gzip = others;
  if (identity == kUnsaid) identity = others;
  return gzip > 0 && gzip >= identity ? Encoding::kGzip : Encoding::kIdentity;
}

std::chrono::milliseconds scrape_budget(std::string_view timeout_seconds, std::chrono::milliseconds offset) {
  std::chrono::milliseconds timeout = limits::kScrapeTimeout;
  const auto seconds = to_number(trim(timeout_seconds));
  if (seconds && std::isfinite(*seconds) && *seconds > 0) {
    const double most = std::chrono::duration<double>(limits::kMaxScrapeTimeout).count();
    timeout = std::chrono::milliseconds(static_cast<std::int64_t>(std::min(*seconds, most) * 1e3));
  }
  return std::max(timeout - offset, timeout / 2);
}

}  // namespace upkeep
