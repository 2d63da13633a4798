#include "collectors/postgres/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "exporter/metric.h"
#include "exporter/text.h"

namespace upkeep::postgres {
namespace {

using namespace std::chrono_literals;

// 0 means all of them.
std::int64_t read_top(ConfigReader& top, std::string_view key, std::int64_t fallback) {
  constexpr std::int64_t kMost = 1'000'000;
  const std::int64_t count = top.integer(key, fallback, 0, kMost);
  return count == 0 ? std::numeric_limits<std::int64_t>::max() : count;
}

CustomQuery read_query(ConfigReader& config, const std::string& database) {
  CustomQuery query{.name = config.required_text("name"),
                    .database = config.text("database", database),
                    .sql = config.required_text("sql"),
                    .key = "custom_" + config.text("name", ""),
                    .interval = config.duration("interval", 1min, 1s),
                    .labels = config.texts("labels"),
                    .values = {},
                    .rows = static_cast<std::size_t>(config.integer("rows", 100, 1, 10'000))};
  while (!query.sql.empty() && (query.sql.back() == ';' || is_space(query.sql.back()))) query.sql.pop_back();
  if (!query.name.empty() && !naming::is_snake_case(query.name))
    config.mistake("name", "lower case letters, digits and underscores expected: it becomes part of a metric's name");
  for (const std::string& label : query.labels) {
    if (!naming::is_label_name(label) || label == "server")
      config.mistake("labels", fmt::format("'{}' cannot be a label", label));
  }
  ConfigReader values = config.section("values");
  for (const std::string& column : values.keys()) {
    const std::string type = values.choice(column, "gauge", {"gauge", "counter"});
    if (!naming::is_metric_name(column)) values.mistake(column, "a column that cannot be part of a metric's name");
    query.values.push_back({column, type == "counter" ? MetricType::kCounter : MetricType::kGauge});
  }
  if (query.values.empty()) config.mistake("values", "at least one column expected, as `column: gauge`");
  return query;
}

}  // namespace

std::chrono::milliseconds Target::interval(Pace pace) const {
  switch (pace) {
    case Pace::kFast:
      return 0ms;  // each run
    case Pace::kStatements:
      return statements_interval;
    case Pace::kObjects:
      return objects_interval;
    case Pace::kBloat:
      break;
  }
  return bloat_interval;
}

std::string Target::options() const {
  return fmt::format(
      "-c default_transaction_read_only=on -c search_path=pg_catalog -c lock_timeout={} -c statement_timeout={} "
      "-c idle_in_transaction_session_timeout=10000 -c jit=off -c datestyle=ISO -c intervalstyle=postgres "
      "-c extra_float_digits=1",
      lock_timeout.count(), statement_timeout.count());
}

Target read_target(ConfigReader& config) {
  ConfigReader top = config.section("top");
  ConfigReader intervals = config.section("intervals");
  Target target{
      .name = config.text("name", ""),
      .host = config.text("host", "127.0.0.1"),
      .user = config.text("user", "upkeep"),
      .database = config.text("database", "postgres"),
      .sslmode =
          config.choice("sslmode", "prefer", {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}),
      .port = static_cast<int>(config.integer("port", 5432, 1, 65535)),
      .password = config.secret_file("password_file"),
      .databases = config.filter("databases", "", R"(^(template\d+|rdsadmin|cloudsqladmin|azure_maintenance)$)"),
      .connections = static_cast<std::size_t>(config.integer("connections", 5, 1, 100)),
      .top_tables = read_top(top, "tables", 100),
      .top_indexes = read_top(top, "indexes", 100),
      .top_statements = read_top(top, "statements", 50),
      .statements_interval = intervals.duration("statements", 1min, 1s),
      .objects_interval = intervals.duration("objects", 5min, 1s),
      .bloat_interval = intervals.duration("bloat", 1h, 1s),
      .lock_timeout = config.duration("lock_timeout", 200ms, 1ms),
      .statement_timeout = config.duration("statement_timeout", 5s, 10ms),
      .unused_index_after = config.duration("unused_index_after", 30 * 24h),
      .slow_statement = config.duration("slow_statement", 1s),
      .long_transaction = config.duration("long_transaction", 10min),
      .standbys = config.integer("standbys", 0, 0, 1000),
      .queries = {}};
  std::set<std::string> names;
  for (ConfigReader& query : config.sections("queries")) {
    target.queries.push_back(read_query(query, target.database));
    const std::string& name = target.queries.back().name;
    if (!name.empty() && !names.insert(name).second)
      query.mistake("name", fmt::format("'{}' is the name of another one", name));
  }
  return target;
}

}  // namespace upkeep::postgres
