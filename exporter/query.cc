#include "exporter/query.h"

#include <algorithm>

#include "exporter/text.h"

namespace upkeep {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
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

std::string_view Query::value(std::string_view key) const {
  const auto found = std::ranges::find(pairs, key, &std::pair<std::string, std::string>::first);
  return found == pairs.end() ? std::string_view() : found->second;
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    std::string_view pair = cut(text, '&');
    UPKEEP_TRY(std::string key, decode(cut(pair, '=')));
    UPKEEP_TRY(std::string value, decode(pair));
    query.pairs.emplace_back(std::move(key), std::move(value));
  }
  return query;
}

Result<ScrapeQuery> parse_scrape_query(std::string_view text) {
  UPKEEP_TRY(Query query, parse_query(text));
  ScrapeQuery names;
  for (auto& [key, value] : query.pairs) {
    if (key == "collect[]") {
      names.collect.push_back(std::move(value));
    } else if (key == "exclude[]") {
      names.exclude.push_back(std::move(value));
    }
  }
  if (!names.collect.empty() && !names.exclude.empty()) {
    return fail(ErrorCode::kParse, "collect[] and exclude[] cannot be combined");
  }
  return names;
}

}  // namespace upkeep
