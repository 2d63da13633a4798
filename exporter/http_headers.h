// What the header fields of a request say, as pure functions of text that comes from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace upkeep {

enum class Encoding : std::uint8_t { kIdentity, kGzip };

// What to answer an Accept-Encoding with (RFC 9110, 12.5.3): gzip when it is welcome and nothing else is more so.
Encoding choose_encoding(std::string_view accept_encoding);

// How long a scrape may take: X-Prometheus-Scrape-Timeout-Seconds less `offset`, but at least half of it. A header that
// is absent (empty) or no positive number counts as limits::kScrapeTimeout.
std::chrono::milliseconds scrape_budget(std::string_view timeout_seconds, std::chrono::milliseconds offset);

// Whether a comma-separated list holds `token`, in any case ("keep-alive" in "Keep-Alive, Upgrade").
bool has_token(std::string_view list, std::string_view token);

// Whether both are equal but for the case of ASCII letters, as header names and tokens are compared.
bool equal_tokens(std::string_view a, std::string_view b);

}  // namespace upkeep
