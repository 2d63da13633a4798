// Any bytes at all as a dump and as the record of a drill: the pieces a dump comes in make no difference, what psql
// gets on a server that is not ours stays in its database, and a record that is understood says the same when it is
// written.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "collectors/backups/drill_record.h"
#include "collectors/backups/sql_filter.h"
#include "exporter/text.h"

namespace upkeep::backups {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Filtered {
  std::string out;
  bool is_good = true;
  std::uint64_t rows = 0;
  bool operator==(const Filtered&) const = default;
};

Filtered filter(std::string_view dump, std::size_t piece, bool owns_server) {
  SqlFilter sql({.owns_server = owns_server, .restrict_key = owns_server ? "K" : ""});
  Filtered filtered;
  for (std::size_t at = 0; at < dump.size() && filtered.is_good; at += piece)
    filtered.is_good = sql.feed(dump.substr(at, piece), filtered.out).has_value();
  if (filtered.is_good) filtered.is_good = sql.finish(filtered.out).has_value();
  filtered.rows = sql.copied_rows();
  return filtered;
}

void filter(std::string_view dump) {
  for (const bool owns_server : {true, false}) {
    const Filtered whole = filter(dump, dump.size() + 1, owns_server);
    require(whole == filter(dump, 1, owns_server));
    require(whole == filter(dump, 13, owns_server));
    if (owns_server || whole.rows > 0) continue;
    for (std::string_view line : Lines(whole.out)) {
      require(!line.starts_with("\\connect") || whole.out.find("FROM stdin") != std::string::npos);
      require(!line.starts_with("DROP DATABASE ") || whole.out.find("FROM stdin") != std::string::npos);
    }
  }
  const SqlHead head = read_sql_head(dump);
  require(head.from_major >= 0 && head.from_major < 1000 && head.from_version.size() <= 40);
  require(head.by_major >= 0 && head.by_major < 1000 && head.by_version.size() <= 40);
  for (std::string_view line : Lines(dump)) {
    for (const std::string& role : roles_of(line)) require(!role.empty() && line.find(role) != std::string_view::npos);
  }
}

void read_record(std::string_view text) {
  const auto result = parse_drill_result(text);
  if (!result) return require(!result.error().message.empty());
  for (const double value : {result->started, result->finished, result->seconds, result->last_success})
    require(std::isfinite(value) && value >= 0);
  const auto again = parse_drill_result(to_text(*result));
  require(again && again->finished == result->finished && again->reason == result->reason &&
          again->rows == result->rows && to_text(*again) == to_text(*parse_drill_result(to_text(*again))));
}

}  // namespace
}  // namespace upkeep::backups

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  upkeep::backups::filter(text);
  upkeep::backups::read_record(text);
  return 0;
}
