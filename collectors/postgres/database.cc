// Each database from outside: pg_stat_database, its conflicts with recovery, its size, and how near it is to
// transaction ID wraparound.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-DATABASE-VIEW
// https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kStatistics = {
    gauge("pg_stat_database_numbackends", "Connections to the database.", {"server", "datid", "datname"}),
    counter("pg_stat_database_xact_commit", "Transactions committed.", {"server", "datid", "datname"}),
    counter("pg_stat_database_xact_rollback", "Transactions rolled back.", {"server", "datid", "datname"}),
    counter("pg_stat_database_blks_read", "Blocks read from outside shared buffers.", {"server", "datid", "datname"}),
    counter("pg_stat_database_blks_hit", "Blocks found in shared buffers.", {"server", "datid", "datname"}),
    counter("pg_stat_database_tup_returned", "Rows read by scans.", {"server", "datid", "datname"}),
    counter("pg_stat_database_tup_fetched", "Rows fetched through indexes.", {"server", "datid", "datname"}),
    counter("pg_stat_database_tup_inserted", "Rows inserted.", {"server", "datid", "datname"}),
    counter("pg_stat_database_tup_updated", "Rows updated.", {"server", "datid", "datname"}),
    counter("pg_stat_database_tup_deleted", "Rows deleted.", {"server", "datid", "datname"}),
    counter("pg_stat_database_conflicts", "Queries canceled because they were in the way of recovery.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_temp_files", "Temporary files made by queries.", {"server", "datid", "datname"}),
    counter("pg_stat_database_temp_bytes", "Bytes written to temporary files.", {"server", "datid", "datname"}),
    counter("pg_stat_database_deadlocks", "Deadlocks detected.", {"server", "datid", "datname"}),
    counter("pg_stat_database_blk_read_time", "Time spent reading blocks, in milliseconds; needs track_io_timing.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_blk_write_time", "Time spent writing blocks, in milliseconds; needs track_io_timing.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_stats_reset", "When these statistics were last reset; 0: never.",
            {"server", "datid", "datname"}),
};
constexpr std::string_view kStatisticsSql = R"(
SELECT datid, datname, numbackends, xact_commit, xact_rollback, blks_read, blks_hit, tup_returned, tup_fetched,
       tup_inserted, tup_updated, tup_deleted, conflicts, temp_files, temp_bytes, deadlocks, blk_read_time,
       blk_write_time, coalesce(extract(epoch FROM stats_reset), 0)
FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY datid)";

// With those of the shared catalogs, which belong to no database.
constexpr std::array kChecksums = {
    counter("pg_stat_database_checksum_failures", "Blocks whose checksum was wrong; absent without checksums.",
            {"server", "datid", "datname"}),
};
constexpr std::string_view kChecksumsSql =
    "SELECT datid, datname, checksum_failures FROM pg_stat_database ORDER BY datid";

constexpr std::array kSessions = {
    counter("pg_stat_database_active_time_seconds_total", "Time spent executing statements.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_session_time_seconds_total", "Time sessions were connected.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_idle_in_transaction_time_seconds_total", "Time sessions were idle in a transaction.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_sessions_total", "Sessions begun.", {"server", "datid", "datname"}),
    counter("pg_stat_database_sessions_abandoned_total", "Sessions ended because the client was gone.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_sessions_fatal_total", "Sessions ended by fatal errors.", {"server", "datid", "datname"}),
    counter("pg_stat_database_sessions_killed_total", "Sessions ended by an operator.", {"server", "datid", "datname"}),
};
constexpr std::string_view kSessionsSql = R"(
SELECT datid, datname, active_time / 1000, session_time / 1000, idle_in_transaction_time / 1000, sessions,
       sessions_abandoned, sessions_fatal, sessions_killed
FROM pg_stat_database WHERE datname IS NOT NULL ORDER BY datid)";

constexpr std::array kConflicts = {
    counter("pg_stat_database_conflicts_confl_tablespace", "Queries canceled for a dropped tablespace.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_conflicts_confl_lock", "Queries canceled for a lock timeout.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_conflicts_confl_snapshot", "Queries canceled for an old snapshot.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_conflicts_confl_bufferpin", "Queries canceled for a pinned buffer.",
            {"server", "datid", "datname"}),
    counter("pg_stat_database_conflicts_confl_deadlock", "Queries canceled for a deadlock.",
            {"server", "datid", "datname"}),
};
constexpr std::string_view kConflictsSql = R"(
SELECT datid, datname, confl_tablespace, confl_lock, confl_snapshot, confl_bufferpin, confl_deadlock
FROM pg_stat_database_conflicts ORDER BY datid)";
constexpr std::array kSlotConflicts = {
    untyped("pg_stat_database_conflicts_confl_active_logicalslot", "Uses of logical slots canceled.",
            {"server", "datid", "datname"}),
};
constexpr std::string_view kSlotConflictsSql =
    "SELECT datid, datname, confl_active_logicalslot FROM pg_stat_database_conflicts ORDER BY datid";

constexpr std::array kCatalog = {
    gauge("pg_database_connection_limit", "Connections allowed; -1: no limit of its own.", {"server", "datname"}),
    gauge("pg_database_wraparound_age_datfrozenxid_seconds",
          "Transactions since the oldest row that is not frozen. Transactions, not seconds, whatever its name says.",
          {"server", "datname"}),
    gauge("pg_database_wraparound_age_datminmxid_seconds",
          "Multixacts since the oldest one in use. Multixacts, not seconds, whatever its name says.",
          {"server", "datname"}),
    gauge("upkeep_postgres_transaction_id_age_ratio", "Share of the 2^31 transactions after which writing stops.",
          {"server", "datname"}),
    gauge("upkeep_postgres_multixact_age_ratio", "Share of the 2^31 multixacts after which writing stops.",
          {"server", "datname"}),
    gauge("upkeep_postgres_freeze_age_ratio",
          "Age as a share of autovacuum_freeze_max_age, from which on vacuums against wraparound are forced.",
          {"server", "datname"}),
    gauge("upkeep_postgres_statistics_age_seconds", "Since when the statistics of the database count.",
          {"server", "datname"}),
};
// A crash empties all statistics and leaves a trace only in those of the background writer.
constexpr std::string_view kCatalogSql = R"(
SELECT d.datname, d.datconnlimit, age(d.datfrozenxid), mxid_age(d.datminmxid),
       age(d.datfrozenxid) / 2147483648.0, mxid_age(d.datminmxid) / 2147483648.0,
       age(d.datfrozenxid) / current_setting('autovacuum_freeze_max_age')::numeric,
       extract(epoch FROM now() - greatest(coalesce(s.stats_reset, pg_postmaster_start_time()), w.stats_reset))
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid CROSS JOIN pg_stat_bgwriter w ORDER BY d.datname)";

// It looks at every file of the database, so it has a slow pace of its own.
constexpr std::array kSizes = {
    gauge("pg_database_size_bytes", "Disk space used by the database.", {"server", "datname"}),
};
constexpr std::string_view kSizesSql = R"(
SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER')
                     THEN pg_database_size(oid) END
FROM pg_database ORDER BY datname)";

constexpr std::array kQueries = {
    Query{.name = "stat_database", .sql = kStatisticsSql, .metrics = kStatistics},
    Query{.name = "checksums", .pace = Pace::kStatements, .sql = kChecksumsSql, .metrics = kChecksums},
    Query{.name = "stat_database_sessions", .sql = kSessionsSql, .metrics = kSessions, .min_version = 14},
    Query{.name = "stat_database_conflicts", .sql = kConflictsSql, .metrics = kConflicts},
    Query{
        .name = "stat_database_slot_conflicts", .sql = kSlotConflictsSql, .metrics = kSlotConflicts, .min_version = 16},
    Query{.name = "database", .pace = Pace::kStatements, .sql = kCatalogSql, .metrics = kCatalog},
    Query{.name = "database_size", .pace = Pace::kObjects, .sql = kSizesSql, .metrics = kSizes},
};

}  // namespace

std::span<const Query> database_queries() { return kQueries; }

}  // namespace upkeep::postgres
