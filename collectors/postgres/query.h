// One question to a Postgres server and what its answer means: the unit of extension. A group of them is one file,
// which defines NAME_queries(), and one line in queries.h.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "exporter/metric.h"

namespace upkeep::postgres {

enum class Scope : std::uint8_t {
  kServer,     // about the whole server: asked once, over the first connection
  kDatabase,   // asked in every database; its metrics have the label `datname` after `server`
  kExtension,  // about the whole server, asked in one database that has `extension`
};

// How often, unless `intervals:` says otherwise: each run; each minute (statements, and what is as slow); each 5
// minutes; each hour.
enum class Pace : std::uint8_t { kFast, kStatements, kObjects, kBloat };

// What $1 of the SQL is: how many rows are wanted at most.
enum class Top : std::uint8_t { kNone, kTables, kIndexes };

enum class Side : std::uint8_t { kBoth, kPrimary, kStandby };

class View;
struct Query;
struct ViewContext;
using MakeView = std::unique_ptr<View> (*)(const Query& query, const ViewContext& context);
std::unique_ptr<View> make_table_view(const Query& query, const ViewContext& context);

// The SQL touches catalogs and statistics only and takes no lock that an ALTER of a user's table could make wait: no
// pg_relation_size() of tables, no pg_get_indexdef(), no pg_get_expr(). It runs with search_path = pg_catalog.
//
// Its columns are the labels of `metrics` without `server` (and `datname` of Scope::kDatabase) as text, then one number
// a metric, in their order. All metrics of a query have the same labels. A NULL number is no sample, a NULL label is
// empty.
struct Query {
  std::string_view name;
  Scope scope = Scope::kServer;
  Pace pace = Pace::kFast;
  std::string_view sql;
  std::span<const MetricDesc> metrics;
  Top top = Top::kNone;
  Side side = Side::kBoth;
  int min_version = 0, max_version = std::numeric_limits<int>::max();  // of the server: 13, 14...
  // Must be there. "{schema}" in the SQL is where it lives, quoted.
  std::string_view extension = {};
  int min_extension = 0, max_extension = std::numeric_limits<int>::max();  // 111 is version 1.11
  MakeView view = make_table_view;  // another one where columns mean something else
};

// How many columns of the answer come before the first number.
constexpr std::size_t label_columns(const Query& query) {
  return query.metrics.front().label_count - (query.scope == Scope::kDatabase ? 2 : 1);
}

}  // namespace upkeep::postgres
