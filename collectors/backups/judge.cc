#include "collectors/backups/judge.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <string>

#include "exporter/text.h"

namespace upkeep::backups {
namespace {

// Tables of users, of whatever kind holds rows; then how many rows each of them has.
constexpr std::string_view kCount = R"(
SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t';
SELECT pg_catalog.format('SELECT count(*) FROM ONLY %I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'
\gexec
)";

Drilled<> ask_questions(Cluster& cluster, const DrillOptions& options, const std::string& database, Guard& guard,
                        std::ostream& out, DrillResult& result) {
  Drilled<> verdict;
  for (const std::string& sql : options.checks) {
    ++result.checks;
    const auto answer = cluster.ask(database, sql + "\n;\n", guard, true);
    // An answer of the server that is an error is an answer.
    if (!answer && answer.error().reason != DrillReason::kServer) return std::unexpected(answer.error());
    const std::string_view first = answer ? std::string_view(*answer).substr(0, answer->find('\n')) : "";
    const bool good = first.substr(0, first.find(Cluster::kColumn)) == "t";
    fmt::print(out, "check {}: {}\n", result.checks, good ? "true" : "NOT true");
    if (good) continue;
    ++result.failed_checks;
    if (!verdict) continue;  // the first one is told
    const std::string said = answer ? fmt::format("'{}'", first.substr(0, 100)) : answer.error().message;
    verdict = drill_fails(DrillReason::kCheck, fmt::format("'{}': {}", sql.substr(0, 200), said));
  }
  return verdict;
}

}  // namespace

Drilled<> judge(Cluster& cluster, const DrillOptions& options, std::uint64_t copied_rows, Guard& guard,
                std::ostream& out, DrillResult& result) {
  const auto databases = cluster.databases();
  if (!databases) return std::unexpected(databases.error());
  std::string largest;
  std::uint64_t most = 0;
  for (const std::string& database : *databases) {
    const auto counted = cluster.ask(database, kCount, guard);
    if (!counted) return std::unexpected(counted.error());
    const std::string_view all = *counted;
    const std::size_t first_end = std::min(all.find('\n'), all.size());
    const std::uint64_t tables = to_u64(all.substr(0, first_end)).value_or(0);
    for (std::string_view line : Lines(all.substr(first_end))) result.rows += to_u64(line).value_or(0);
    result.tables += tables;
    if (tables > most || largest.empty()) largest = database;
    most = std::max(most, tables);
  }
  fmt::print(out, "{} tables with {} rows are there\n", result.tables, result.rows);
  if (result.tables < static_cast<std::uint64_t>(options.expect_tables)) {
    return drill_fails(DrillReason::kTables, fmt::format("{} tables are there, and at least {} are expected",
                                                         result.tables, options.expect_tables));
  }
  const auto at_least = static_cast<std::uint64_t>(options.expect_rows);
  if (result.rows < at_least) {
    return drill_fails(DrillReason::kRows,
                       fmt::format("{} rows are there, and at least {} are expected", result.rows, at_least));
  }
  if (result.rows < copied_rows) {
    return drill_fails(DrillReason::kRows,
                       fmt::format("{} rows are there, and the backup holds {}", result.rows, copied_rows));
  }
  return ask_questions(cluster, options, largest, guard, out, result);
}

}  // namespace upkeep::backups
