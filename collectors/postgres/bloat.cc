// How much of each table and index is air, estimated from the planner's statistics: what the rows should take, with
// mean column widths, against the pages there are. Needs the right to read the columns (pg_read_all_data): without it
// the statistics are invisible and nothing is estimated, which is not the same as no bloat.
// https://www.postgresql.org/docs/current/storage-page-layout.html
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

// A page has a header of 24 bytes; a row a pointer of 4 bytes and a header of 23, a bitmap where it may have nulls, and
// is aligned to 8 bytes. TOAST is not looked at. Only what is 1 MiB or larger.
constexpr std::array kTables = {
    gauge("upkeep_postgres_table_bloat_bytes", "Estimated bytes of the table that hold no row.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("upkeep_postgres_table_bloat_ratio", "The same as a share of the table's size.",
          {"server", "datname", "schemaname", "relname"}),
};
constexpr std::string_view kTablesSql = R"(
SELECT nspname, relname, greatest(0, relpages - needed) * block, greatest(0, relpages - needed) / relpages
FROM (SELECT nspname, relname, relpages::bigint, block,
             ceil(reltuples * (4 + ceil((23 + CASE WHEN nulls THEN (columns + 7) / 8 ELSE 0 END) / 8.0) * 8
                                 + ceil(width / 8.0) * 8)
                  / ((block - 24) * fill / 100)) AS needed
      FROM (SELECT n.nspname, c.relname, c.relpages, c.reltuples, current_setting('block_size')::numeric AS block,
                   coalesce((SELECT option_value::numeric FROM pg_options_to_table(c.reloptions)
                             WHERE option_name = 'fillfactor'), 100) AS fill,
                   sum((1 - s.null_frac) * s.avg_width)::numeric AS width, count(*) AS columns,
                   bool_or(s.null_frac > 0) AS nulls
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_stats s
              ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
            WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND c.reltuples > 0
              AND c.relpages * current_setting('block_size')::bigint >= 1048576
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) = count(s.attname)) known) sized
ORDER BY 3 DESC, 1, 2 LIMIT $1::bigint)";

// A B-tree page has 24 bytes of header and 16 of links; an entry a pointer of 4 bytes and a header of 8. Equal keys
// that are stored once make the estimate too low, never too high. Indexes on expressions are left out.
constexpr std::array kIndexes = {
    gauge("upkeep_postgres_index_bloat_bytes", "Estimated bytes of the B-tree that hold no entry.",
          {"server", "datname", "schemaname", "relname", "indexrelname"}),
    gauge("upkeep_postgres_index_bloat_ratio", "The same as a share of the index's size.",
          {"server", "datname", "schemaname", "relname", "indexrelname"}),
};
constexpr std::string_view kIndexesSql = R"(
SELECT nspname, tablename, relname, greatest(0, relpages - needed) * block, greatest(0, relpages - needed) / relpages
FROM (SELECT nspname, tablename, relname, relpages::bigint, block,
             1 + ceil(reltuples * (4 + 8 + CASE WHEN nulls THEN 8 ELSE 0 END + ceil(width / 8.0) * 8)
                      / ((block - 40) * fill / 100)) AS needed
      FROM (SELECT n.nspname, t.relname AS tablename, c.relname, c.relpages, c.reltuples,
                   current_setting('block_size')::numeric AS block,
                   coalesce((SELECT option_value::numeric FROM pg_options_to_table(c.reloptions)
                             WHERE option_name = 'fillfactor'), 90) AS fill,
                   sum((1 - s.null_frac) * s.avg_width)::numeric AS width, bool_or(s.null_frac > 0) AS nulls
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indexrelid
            JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
            JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) AS k(attnum)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
            LEFT JOIN pg_stats s
              ON s.schemaname = n.nspname AND s.tablename = t.relname AND s.attname = a.attname AND NOT s.inherited
            WHERE i.indexprs IS NULL AND c.relpersistence <> 't' AND c.reltuples > 0
              AND c.relpages * current_setting('block_size')::bigint >= 1048576
              AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(*) = count(s.attname)) known) sized
ORDER BY 4 DESC, 1, 2, 3 LIMIT $1::bigint)";

constexpr std::array kAvailable = {
    gauge("upkeep_postgres_bloat_estimate_available", "Whether bloat can be estimated: tables' statistics are visible.",
          {"server", "datname"}),
    gauge("upkeep_postgres_bloat_tables_unknown",
          "Tables of 1 MiB or more without a visible statistic: never analyzed, or not to be read by this role.",
          {"server", "datname"}),
};
constexpr std::string_view kAvailableSql = R"(
SELECT (count(*) = 0 OR count(*) > count(*) FILTER (WHERE unknown))::int, count(*) FILTER (WHERE unknown)
FROM (SELECT NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname) AS unknown
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
        AND c.relpages * current_setting('block_size')::bigint >= 1048576
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')) large)";

constexpr std::array kQueries = {
    Query{.name = "table_bloat",
          .scope = Scope::kDatabase,
          .pace = Pace::kBloat,
          .sql = kTablesSql,
          .metrics = kTables,
          .top = Top::kTables},
    Query{.name = "index_bloat",
          .scope = Scope::kDatabase,
          .pace = Pace::kBloat,
          .sql = kIndexesSql,
          .metrics = kIndexes,
          .top = Top::kIndexes},
    Query{.name = "bloat_available",
          .scope = Scope::kDatabase,
          .pace = Pace::kBloat,
          .sql = kAvailableSql,
          .metrics = kAvailable},
};

}  // namespace

std::span<const Query> bloat_queries() { return kQueries; }

}  // namespace upkeep::postgres
