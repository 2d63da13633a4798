// Indexes of each database: what they are used for, and which ones cost more than they give. A unique, primary,
// constraint-backing, replica-identity or partition index is never called waste. Statistics are those of this server:
// an index that only a standby uses looks unused here.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW
// https://www.postgresql.org/docs/current/catalog-pg-index.html
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kIndexes = {
    counter("pg_stat_user_indexes_idx_scan", "Scans of the index.",
            {"server", "datname", "schemaname", "relname", "indexrelname"}),
    counter("pg_stat_user_indexes_idx_tup_read", "Entries returned by them.",
            {"server", "datname", "schemaname", "relname", "indexrelname"}),
    counter("pg_stat_user_indexes_idx_tup_fetch", "Live rows fetched by simple scans.",
            {"server", "datname", "schemaname", "relname", "indexrelname"}),
    counter("pg_statio_user_indexes_idx_blks_read_total", "Blocks of the index read.",
            {"server", "datname", "schemaname", "relname", "indexrelname"}),
    counter("pg_statio_user_indexes_idx_blks_hit_total", "Blocks of the index found in shared buffers.",
            {"server", "datname", "schemaname", "relname", "indexrelname"}),
    gauge("upkeep_postgres_index_size_bytes", "Size of the index, as of its last vacuum.",
          {"server", "datname", "schemaname", "relname", "indexrelname"}),
};
constexpr std::string_view kIndexesSql = R"(
SELECT n.nspname, t.relname, c.relname, pg_stat_get_numscans(c.oid), pg_stat_get_tuples_returned(c.oid),
       pg_stat_get_tuples_fetched(c.oid), pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid),
       pg_stat_get_blocks_hit(c.oid), c.relpages::bigint * current_setting('block_size')::bigint
FROM (SELECT oid, relname, relnamespace, relpages FROM pg_class WHERE relkind = 'i' AND relpersistence <> 't'
      AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema',
                                                                             'pg_toast'))
      ORDER BY relpages DESC, oid LIMIT $1::bigint) c
JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY c.relpages DESC, c.oid)";

constexpr std::array kSums = {
    gauge("upkeep_postgres_indexes", "Indexes of users' tables.", {"server", "datname"}),
    gauge("upkeep_postgres_indexes_left_out", "Indexes without series of their own: `top: indexes` is reached.",
          {"server", "datname"}),
    gauge("upkeep_postgres_indexes_size_bytes", "Size of all of them.", {"server", "datname"}),
};
constexpr std::string_view kSumsSql = R"(
SELECT count(*), greatest(0, count(*) - $1::bigint),
       coalesce(sum(relpages::bigint), 0) * current_setting('block_size')::bigint
FROM pg_class WHERE relkind = 'i' AND relpersistence <> 't'
  AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema',
                                                                         'pg_toast')))";

// Below 1 MiB nothing is won by dropping it.
constexpr std::array kUnused = {
    gauge("upkeep_postgres_unused_index_bytes", "Size of an index that was never scanned and that nothing needs.",
          {"server", "datname", "schemaname", "relname", "indexrelname"}),
};
constexpr std::string_view kUnusedSql = R"(
SELECT n.nspname, t.relname, c.relname, c.relpages::bigint * current_setting('block_size')::bigint
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE pg_stat_get_numscans(c.oid) = 0 AND c.relkind = 'i' AND NOT c.relispartition AND c.relpersistence <> 't'
  AND c.relpages * current_setting('block_size')::bigint >= 1048576
  AND i.indisvalid AND NOT (i.indisunique OR i.indisprimary OR i.indisexclusion OR i.indisreplident)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND c.oid NOT IN (SELECT conindid FROM pg_constraint WHERE conindid <> 0)
ORDER BY c.relpages DESC, c.oid LIMIT 50)";

// Same table, access method, columns, operator classes, collations, directions, expressions and predicate. The one to
// keep comes first: what a constraint needs, then what is unique, then the oldest.
constexpr std::array kDuplicates = {
    gauge("upkeep_postgres_duplicate_index_bytes", "Size of an index that does what another one does.",
          {"server", "datname", "schemaname", "relname", "indexrelname", "duplicate_of"}),
};
constexpr std::string_view kDuplicatesSql = R"(
SELECT nspname, tablename, relname, first, bytes FROM (
  SELECT n.nspname, t.relname AS tablename, c.relname,
         c.relpages::bigint * current_setting('block_size')::bigint AS bytes,
         i.indisunique OR i.indisexclusion OR i.indisreplident OR c.relispartition OR k.conindid IS NOT NULL AS needed,
         first_value(c.relname) OVER same AS first, row_number() OVER same AS place
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT DISTINCT conindid FROM pg_constraint WHERE conindid <> 0) k ON k.conindid = c.oid
  WHERE i.indisvalid AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  WINDOW same AS (PARTITION BY i.indrelid, c.relam, i.indkey::text, i.indnkeyatts, i.indclass::text,
                               i.indcollation::text, i.indoption::text, coalesce(i.indexprs::text, ''),
                               coalesce(i.indpred::text, '')
                  ORDER BY k.conindid IS NULL, NOT i.indisprimary, NOT i.indisunique, i.indexrelid)) d
WHERE place > 1 AND NOT needed ORDER BY bytes DESC, 1, 2, 3 LIMIT 50)";

// Its columns are the first ones of another one, which therefore serves the same searches.
constexpr std::array kRedundant = {
    gauge("upkeep_postgres_redundant_index_bytes", "Size of an index whose columns another one begins with.",
          {"server", "datname", "schemaname", "relname", "indexrelname", "covered_by"}),
};
constexpr std::string_view kRedundantSql = R"(
SELECT n.nspname, t.relname, ca.relname, min(cb.relname), ca.relpages::bigint * current_setting('block_size')::bigint
FROM pg_index a
JOIN pg_index b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid AND b.indnkeyatts > a.indnkeyatts
JOIN pg_class ca ON ca.oid = a.indexrelid AND NOT ca.relispartition AND ca.relpersistence <> 't'
JOIN pg_class cb ON cb.oid = b.indexrelid AND cb.relam = ca.relam
JOIN pg_am m ON m.oid = ca.relam AND m.amname = 'btree'
JOIN pg_class t ON t.oid = a.indrelid
JOIN pg_namespace n ON n.oid = ca.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND NOT (a.indisunique OR a.indisexclusion OR a.indisreplident) AND a.indisvalid AND b.indisvalid
  AND a.indpred IS NULL AND b.indpred IS NULL AND a.indexprs IS NULL AND b.indexprs IS NULL
  AND a.indnatts = a.indnkeyatts
  AND (string_to_array(b.indkey::text, ' '))[1:a.indnkeyatts] = string_to_array(a.indkey::text, ' ')
  AND (string_to_array(b.indclass::text, ' '))[1:a.indnkeyatts] = string_to_array(a.indclass::text, ' ')
  AND (string_to_array(b.indcollation::text, ' '))[1:a.indnkeyatts] = string_to_array(a.indcollation::text, ' ')
  AND (string_to_array(b.indoption::text, ' '))[1:a.indnkeyatts] = string_to_array(a.indoption::text, ' ')
  AND a.indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE conindid <> 0)
GROUP BY 1, 2, 3, ca.relpages ORDER BY ca.relpages DESC, 1, 2, 3 LIMIT 50)";

// What a failed CREATE INDEX CONCURRENTLY leaves: written with every row, read by nobody. One that is being built is
// not invalid yet; that of a partitioned table is so until its last partition has one.
constexpr std::array kInvalid = {
    gauge("upkeep_postgres_invalid_index_bytes", "Size of an index that is not valid and that nobody is building.",
          {"server", "datname", "schemaname", "relname", "indexrelname"}),
};
constexpr std::string_view kInvalidSql = R"(
SELECT n.nspname, t.relname, c.relname, c.relpages::bigint * current_setting('block_size')::bigint
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT (i.indisvalid AND i.indisready)
  AND i.indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)
ORDER BY 1, 2, 3 LIMIT 50)";

constexpr std::array kQueries = {
    Query{.name = "stat_user_indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kIndexesSql,
          .metrics = kIndexes,
          .top = Top::kIndexes},
    Query{.name = "indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kSumsSql,
          .metrics = kSums,
          .top = Top::kIndexes},
    Query{.name = "unused_indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kUnusedSql,
          .metrics = kUnused},
    Query{.name = "duplicate_indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kDuplicatesSql,
          .metrics = kDuplicates},
    Query{.name = "redundant_indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kRedundantSql,
          .metrics = kRedundant},
    Query{.name = "invalid_indexes",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kInvalidSql,
          .metrics = kInvalid},
};

}  // namespace

std::span<const Query> indexes_queries() { return kQueries; }

}  // namespace upkeep::postgres
