// Any bytes at all where a stranger's words reach the HTTP server: Accept-Encoding, the timeout, the query and the
// Connection field are the first lines of the input, then an address to listen on; all of it is the error text of a row
// of the landing page.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "exporter/http_headers.h"
#include "exporter/landing_page.h"
#include "exporter/limits.h"
#include "exporter/listen_address.h"
#include "exporter/query.h"
#include "exporter/text.h"
#include "exporter/utf8.h"

namespace upkeep {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_encoding(std::string_view accept) {
  if (choose_encoding(accept) != Encoding::kGzip) return;
  std::string lower(accept);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  require(lower.find("gzip") != std::string::npos || lower.find('*') != std::string::npos);
}

void check_budget(std::string_view timeout) {
  const auto budget = scrape_budget(timeout, limits::kScrapeTimeoutOffset);
  require(budget >= std::chrono::milliseconds(0) && budget <= limits::kMaxScrapeTimeout);
}

void check_query(std::string_view text) {
  const auto query = parse_scrape_query(text);
  if (!query) return;
  require(query->collect.empty() || query->exclude.empty());
  std::size_t bytes = 0;
  for (const auto& names : {query->collect, query->exclude}) {
    for (const std::string& name : names) bytes += name.size();
  }
  require(bytes <= text.size());
}

// What civetweb is given is an address and a port, whatever was asked for.
void check_listen(std::string_view text) {
  const auto address = parse_listen_address(text);
  if (!address || address->host.empty()) return;
  const std::string spec = to_string(*address);
  require(spec.find_first_not_of("0123456789abcdefABCDEF.:[]") == std::string::npos);
  const auto again = parse_listen_address(spec);
  require(again && again->host == address->host && again->port == address->port && again->ipv6 == address->ipv6);
}

std::string page_with(std::string_view error) {
  static constexpr CollectorType kType = {.name = "a", .section = "a", .help = "a"};
  CollectorRow row;
  row.status.type = &kType;
  row.status.outcome = Outcome::kError;
  row.error = error;
  return render({.version = "", .revision = "", .telemetry_path = "/metrics", .now = {}, .collectors = {&row, 1}});
}

void check_page(std::string_view text) {
  static const std::string kPlain = page_with("");
  const std::string page = page_with(text);
  require(is_utf8(page));
  for (char c : {'<', '>', '"', '\''}) require(std::ranges::count(page, c) == std::ranges::count(kPlain, c));
}

}  // namespace
}  // namespace upkeep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 5> lines{};
  std::size_t count = 0;
  for (std::string_view line : upkeep::Lines(text)) {
    if (count < lines.size()) lines[count++] = line;
  }
  upkeep::check_encoding(lines[0]);
  upkeep::check_budget(lines[1]);
  upkeep::check_query(lines[2]);
  upkeep::has_token(lines[3], "close");
  upkeep::check_listen(lines[4]);
  upkeep::check_page(text);
  return 0;
}
