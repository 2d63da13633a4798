// A server to look into, as upkeep.yml has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/postgres/query.h"
#include "exporter/config.h"

namespace upkeep::postgres {

struct CustomValue {
  std::string column;
  MetricType type;
};

// A user's own question: the columns named in `labels` are labels, those in `values` become families.
struct CustomQuery {
  std::string name, database, sql;
  std::string key;  // "custom_" and the name: the label `query`
  std::chrono::milliseconds interval;
  std::vector<std::string> labels;
  std::vector<CustomValue> values;
  std::size_t rows;  // more are an error
};

struct Target {
  std::string name;  // the `server` label
  std::string host, user, database, sslmode;
  int port;
  std::optional<Secret> password;
  NameFilter databases;
  std::size_t connections;  // at most so many at a time
  std::int64_t top_tables, top_indexes, top_statements;
  std::chrono::milliseconds statements_interval, objects_interval, bloat_interval;
  std::chrono::milliseconds lock_timeout, statement_timeout;
  std::chrono::milliseconds unused_index_after, slow_statement, long_transaction;  // published, for the rules
  std::int64_t standbys;                                                           // likewise
  std::vector<CustomQuery> queries;

  [[nodiscard]] std::chrono::milliseconds interval(Pace pace) const;
  // Settings of every session, as libpq's `options`: they hold from the first moment, on every reconnect.
  [[nodiscard]] std::string options() const;
};

Target read_target(ConfigReader& config);

}  // namespace upkeep::postgres
