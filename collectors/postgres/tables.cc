// Tables and sequences of each database: the largest ones by name, all of them in sums. Sizes are those the catalog
// knows from the last VACUUM or ANALYZE: asking for the real one would wait behind a lock.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-TABLES-VIEW
// https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kTables = {
    counter("pg_stat_user_tables_seq_scan", "Sequential scans.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_seq_tup_read", "Rows read by them.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_idx_scan", "Index scans.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_idx_tup_fetch", "Rows fetched by them.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_n_tup_ins", "Rows inserted.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_n_tup_upd", "Rows updated.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_n_tup_del", "Rows deleted.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_n_tup_hot_upd", "Rows updated without a new index entry.",
            {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_n_live_tup", "Live rows, estimated.", {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_n_dead_tup", "Dead rows, estimated.", {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_n_mod_since_analyze", "Rows changed since the last ANALYZE, estimated.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_last_vacuum", "When VACUUM last ran by hand; 0: never.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_last_autovacuum", "When autovacuum last ran; 0: never.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_last_analyze", "When ANALYZE last ran by hand; 0: never.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_last_autoanalyze", "When autovacuum last analyzed; 0: never.",
          {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_vacuum_count", "Vacuums by hand.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_autovacuum_count", "Vacuums by autovacuum.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_analyze_count", "Analyzes by hand.", {"server", "datname", "schemaname", "relname"}),
    counter("pg_stat_user_tables_autoanalyze_count", "Analyzes by autovacuum.",
            {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_table_size_bytes", "Size of the table without indexes and TOAST, as of its last vacuum.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("pg_stat_user_tables_index_size_bytes", "Size of its indexes, as of their last vacuum.",
          {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_heap_blocks_read", "Blocks of the table read.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_heap_blocks_hit", "Blocks of the table found in shared buffers.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_idx_blocks_read", "Blocks of its indexes read.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_idx_blocks_hit", "Blocks of its indexes found in shared buffers.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_toast_blocks_read", "Blocks of its TOAST table read.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_toast_blocks_hit", "Blocks of its TOAST table found in shared buffers.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_tidx_blocks_read", "Blocks of its TOAST index read.",
            {"server", "datname", "schemaname", "relname"}),
    counter("pg_statio_user_tables_tidx_blocks_hit", "Blocks of its TOAST index found in shared buffers.",
            {"server", "datname", "schemaname", "relname"}),
    gauge("upkeep_postgres_table_vacuum_threshold_rows", "Dead rows from which on autovacuum vacuums this table.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("upkeep_postgres_table_analyze_threshold_rows", "Changed rows from which on autovacuum analyzes this table.",
          {"server", "datname", "schemaname", "relname"}),
    gauge("upkeep_postgres_table_transaction_id_age", "Transactions since its oldest row that is not frozen.",
          {"server", "datname", "schemaname", "relname"}),
};
// The functions below the views, by number of the table: the views would look at every table to find the largest.
constexpr std::string_view kTablesSql = R"(
SELECT n.nspname, c.relname, pg_stat_get_numscans(c.oid), pg_stat_get_tuples_returned(c.oid), i.scans,
       i.fetched + pg_stat_get_tuples_fetched(c.oid), pg_stat_get_tuples_inserted(c.oid),
       pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid), pg_stat_get_tuples_hot_updated(c.oid),
       pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid), pg_stat_get_mod_since_analyze(c.oid),
       coalesce(extract(epoch FROM pg_stat_get_last_vacuum_time(c.oid)), 0),
       coalesce(extract(epoch FROM pg_stat_get_last_autovacuum_time(c.oid)), 0),
       coalesce(extract(epoch FROM pg_stat_get_last_analyze_time(c.oid)), 0),
       coalesce(extract(epoch FROM pg_stat_get_last_autoanalyze_time(c.oid)), 0),
       pg_stat_get_vacuum_count(c.oid), pg_stat_get_autovacuum_count(c.oid), pg_stat_get_analyze_count(c.oid),
       pg_stat_get_autoanalyze_count(c.oid), c.relpages::bigint * s.block, coalesce(i.pages, 0) * s.block,
       pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid), pg_stat_get_blocks_hit(c.oid),
       i.fetched_blocks - i.hit_blocks, i.hit_blocks,
       pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid), pg_stat_get_blocks_hit(t.oid),
       pg_stat_get_blocks_fetched(x.indexrelid) - pg_stat_get_blocks_hit(x.indexrelid),
       pg_stat_get_blocks_hit(x.indexrelid),
       least(coalesce(o.vacuum_base, s.vacuum_base)
               + coalesce(o.vacuum_scale, s.vacuum_scale) * greatest(c.reltuples, 0), s.vacuum_most),
       coalesce(o.analyze_base, s.analyze_base)
         + coalesce(o.analyze_scale, s.analyze_scale) * greatest(c.reltuples, 0),
       CASE WHEN c.relfrozenxid <> '0' THEN age(c.relfrozenxid) END
FROM (SELECT * FROM pg_class WHERE relkind IN ('r', 'm', 'p') AND relpersistence <> 't'
      AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema',
                                                                             'pg_toast'))
      ORDER BY relpages DESC, oid LIMIT $1::bigint) c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT current_setting('block_size')::bigint AS block,
                   current_setting('autovacuum_vacuum_threshold')::float8 AS vacuum_base,
                   current_setting('autovacuum_vacuum_scale_factor')::float8 AS vacuum_scale,
                   nullif(current_setting('autovacuum_vacuum_max_threshold', true)::float8, -1) AS vacuum_most,
                   current_setting('autovacuum_analyze_threshold')::float8 AS analyze_base,
                   current_setting('autovacuum_analyze_scale_factor')::float8 AS analyze_scale) s
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_index x ON x.indrelid = t.oid
LEFT JOIN LATERAL (SELECT sum(pg_stat_get_numscans(indexrelid)) AS scans,
                          coalesce(sum(pg_stat_get_tuples_fetched(indexrelid)), 0) AS fetched,
                          sum(pg_stat_get_blocks_fetched(indexrelid)) AS fetched_blocks,
                          sum(pg_stat_get_blocks_hit(indexrelid)) AS hit_blocks, sum(ic.relpages::bigint) AS pages
                   FROM pg_index JOIN pg_class ic ON ic.oid = indexrelid WHERE indrelid = c.oid) i ON true
LEFT JOIN LATERAL (
  SELECT max(value) FILTER (WHERE option_name = 'autovacuum_vacuum_threshold') AS vacuum_base,
         max(value) FILTER (WHERE option_name = 'autovacuum_vacuum_scale_factor') AS vacuum_scale,
         max(value) FILTER (WHERE option_name = 'autovacuum_analyze_threshold') AS analyze_base,
         max(value) FILTER (WHERE option_name = 'autovacuum_analyze_scale_factor') AS analyze_scale
  FROM (SELECT option_name, CASE WHEN option_name ~ '^autovacuum_.*_(threshold|scale_factor)$'
                                 THEN option_value::float8 END AS value
        FROM pg_options_to_table(c.reloptions)) options) o ON true
ORDER BY c.relpages DESC, c.oid)";

constexpr std::array kSums = {
    gauge("upkeep_postgres_tables", "Tables of users.", {"server", "datname"}),
    gauge("upkeep_postgres_tables_left_out", "Tables without series of their own: `top: tables` is reached.",
          {"server", "datname"}),
    gauge("upkeep_postgres_tables_size_bytes", "Size of all tables without TOAST and indexes.", {"server", "datname"}),
    gauge("upkeep_postgres_tables_live_rows", "Live rows of all tables, estimated.", {"server", "datname"}),
    gauge("upkeep_postgres_tables_dead_rows", "Dead rows of all tables, estimated.", {"server", "datname"}),
};
constexpr std::string_view kSumsSql = R"(
SELECT count(*), greatest(0, count(*) - $1::bigint),
       coalesce(sum(relpages::bigint), 0) * current_setting('block_size')::bigint,
       coalesce(sum(pg_stat_get_live_tuples(oid)), 0), coalesce(sum(pg_stat_get_dead_tuples(oid)), 0)
FROM pg_class WHERE relkind IN ('r', 'm', 'p') AND relpersistence <> 't'
  AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema',
                                                                         'pg_toast')))";

// Only those that were used, and that the role may read.
constexpr std::array kSequences = {
    gauge("upkeep_postgres_sequence_used_ratio", "Share of the sequence's numbers that is used up.",
          {"server", "datname", "schemaname", "sequencename"}),
};
constexpr std::string_view kSequencesSql = R"(
SELECT schemaname, sequencename, used FROM (
  SELECT schemaname, sequencename,
         CASE WHEN increment_by > 0 THEN (last_value::numeric - min_value) / (max_value::numeric - min_value)
              ELSE (max_value::numeric - last_value) / (max_value::numeric - min_value) END AS used
  FROM pg_sequences WHERE last_value IS NOT NULL AND NOT cycle AND max_value > min_value) s
ORDER BY used DESC, 1, 2 LIMIT 20)";

constexpr std::array kQueries = {
    Query{.name = "stat_user_tables",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kTablesSql,
          .metrics = kTables,
          .top = Top::kTables},
    Query{.name = "tables",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kSumsSql,
          .metrics = kSums,
          .top = Top::kTables},
    Query{.name = "sequences",
          .scope = Scope::kDatabase,
          .pace = Pace::kObjects,
          .sql = kSequencesSql,
          .metrics = kSequences},
};

}  // namespace

std::span<const Query> tables_queries() { return kQueries; }

}  // namespace upkeep::postgres
