// The query of a URL, taken apart.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/result.h"

namespace upkeep {

struct Query {
  std::vector<std::pair<std::string, std::string>> pairs;  // decoded, in the order in which they came

  // The first value of a key; empty: there is none.
  [[nodiscard]] std::string_view value(std::string_view key) const;
};

// "target=db%3A5432&module=tcp". kParse: a % that two hexadecimal digits do not follow.
Result<Query> parse_query(std::string_view text);

struct ScrapeQuery {
  std::vector<std::string> collect, exclude;
};
// collect[]= and exclude[]= of a query; other keys are ignored. Both at once is an error.
Result<ScrapeQuery> parse_scrape_query(std::string_view text);

}  // namespace upkeep
