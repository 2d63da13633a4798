#include "exporter/http_headers.h"

#include <algorithm>
#include <cmath>

#include "exporter/limits.h"
#include "exporter/text.h"

namespace upkeep {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The part of `rest` before `separator`, which is taken off it.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

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

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Result<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) {
        return fail(ErrorCode::kParse, "two hexadecimal digits expected after each % of the query");
      }
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
  }
  return out;
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

Result<ScrapeQuery> parse_scrape_query(std::string_view query) {
  ScrapeQuery names;
  while (!query.empty()) {
    std::string_view pair = cut(query, '&');
    UPKEEP_TRY(const std::string key, decode(cut(pair, '=')));
    if (key != "collect[]" && key != "exclude[]") continue;
    UPKEEP_TRY(std::string name, decode(pair));
    (key == "collect[]" ? names.collect : names.exclude).push_back(std::move(name));
  }
  if (!names.collect.empty() && !names.exclude.empty()) {
    return fail(ErrorCode::kParse, "collect[] and exclude[] cannot be combined");
  }
  return names;
}

}  // namespace upkeep
