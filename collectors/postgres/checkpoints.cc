// What writes the data files: checkpoints and the background writer. Postgres 17 moved the former to a view of their
// own; the families upkeep_postgres_checkpoint* are the same over all versions.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-CHECKPOINTER-VIEW
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kWriter = {
    counter("pg_stat_bgwriter_buffers_clean_total", "Buffers written by the background writer.", {"server"}),
    counter("pg_stat_bgwriter_maxwritten_clean_total", "Rounds that the background writer ended at its limit.",
            {"server"}),
    counter("pg_stat_bgwriter_buffers_alloc_total", "Buffers allocated.", {"server"}),
    counter("pg_stat_bgwriter_stats_reset_total", "When these statistics were last reset.", {"server"}),
};
constexpr std::string_view kWriterSql = R"(
SELECT buffers_clean, maxwritten_clean, buffers_alloc, extract(epoch FROM stats_reset) FROM pg_stat_bgwriter)";

constexpr std::array kWriter16 = {
    counter("pg_stat_bgwriter_checkpoints_timed_total", "Checkpoints that were due.", {"server"}),
    counter("pg_stat_bgwriter_checkpoints_req_total", "Checkpoints that were requested.", {"server"}),
    counter("pg_stat_bgwriter_checkpoint_write_time_total", "Time checkpoints spent writing, in milliseconds.",
            {"server"}),
    counter("pg_stat_bgwriter_checkpoint_sync_time_total", "Time checkpoints spent syncing, in milliseconds.",
            {"server"}),
    counter("pg_stat_bgwriter_buffers_checkpoint_total", "Buffers written by checkpoints.", {"server"}),
    counter("pg_stat_bgwriter_buffers_backend_total", "Buffers that backends had to write themselves.", {"server"}),
    counter("pg_stat_bgwriter_buffers_backend_fsync_total", "Times a backend had to sync a file itself.", {"server"}),
};
constexpr std::string_view kWriter16Sql = R"(
SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time, checkpoint_sync_time, buffers_checkpoint,
       buffers_backend, buffers_backend_fsync
FROM pg_stat_bgwriter)";

constexpr std::array kCheckpointer = {
    counter("pg_stat_checkpointer_num_timed_total", "Checkpoints that were due.", {"server"}),
    counter("pg_stat_checkpointer_num_requested_total", "Checkpoints that were requested.", {"server"}),
    counter("pg_stat_checkpointer_restartpoints_timed_total", "Restartpoints that were due.", {"server"}),
    counter("pg_stat_checkpointer_restartpoints_req_total", "Restartpoints that were requested.", {"server"}),
    counter("pg_stat_checkpointer_restartpoints_done_total", "Restartpoints that were made.", {"server"}),
    counter("pg_stat_checkpointer_write_time_total", "Time checkpoints spent writing, in milliseconds.", {"server"}),
    counter("pg_stat_checkpointer_sync_time_total", "Time checkpoints spent syncing, in milliseconds.", {"server"}),
    counter("pg_stat_checkpointer_buffers_written_total", "Buffers written by checkpoints.", {"server"}),
    counter("pg_stat_checkpointer_stats_reset_total", "When these statistics were last reset.", {"server"}),
};
constexpr std::string_view kCheckpointerSql = R"(
SELECT num_timed, num_requested, restartpoints_timed, restartpoints_req, restartpoints_done, write_time, sync_time,
       buffers_written, extract(epoch FROM stats_reset)
FROM pg_stat_checkpointer)";

constexpr std::array kKinds = {
    counter("upkeep_postgres_checkpoints_total", "Checkpoints, by what asked for them: timed or requested.",
            {"server", "kind"}),
};
constexpr std::string_view kKindsSql = R"(
SELECT k.kind, CASE k.kind WHEN 'timed' THEN c.num_timed ELSE c.num_requested END
FROM pg_stat_checkpointer c CROSS JOIN unnest(ARRAY['requested', 'timed']) AS k(kind))";
constexpr std::string_view kKinds16Sql = R"(
SELECT k.kind, CASE k.kind WHEN 'timed' THEN b.checkpoints_timed ELSE b.checkpoints_req END
FROM pg_stat_bgwriter b CROSS JOIN unnest(ARRAY['requested', 'timed']) AS k(kind))";

constexpr std::array kWork = {
    counter("upkeep_postgres_checkpoint_write_seconds_total", "Time checkpoints spent writing.", {"server"}),
    counter("upkeep_postgres_checkpoint_sync_seconds_total", "Time checkpoints spent syncing.", {"server"}),
    counter("upkeep_postgres_checkpoint_buffers_total", "Buffers written by checkpoints.", {"server"}),
};
constexpr std::string_view kWorkSql =
    "SELECT write_time / 1000, sync_time / 1000, buffers_written FROM pg_stat_checkpointer";
constexpr std::string_view kWork16Sql =
    "SELECT checkpoint_write_time / 1000, checkpoint_sync_time / 1000, buffers_checkpoint FROM pg_stat_bgwriter";

constexpr std::array kArchiver = {
    counter("pg_stat_archiver_archived_count", "WAL files archived.", {"server"}),
    counter("pg_stat_archiver_failed_count", "Attempts to archive a WAL file that failed.", {"server"}),
    gauge("pg_stat_archiver_last_archive_age", "Seconds since a WAL file was last archived.", {"server"}),
    gauge("upkeep_postgres_archiver_failing", "Whether the last attempt to archive a WAL file failed.", {"server"}),
};
constexpr std::string_view kArchiverSql = R"(
SELECT archived_count, failed_count, extract(epoch FROM clock_timestamp() - last_archived_time),
       coalesce((last_failed_time > coalesce(last_archived_time, '-infinity'))::int, 0)
FROM pg_stat_archiver)";

constexpr std::array kWal = {
    gauge("pg_wal_segments", "WAL files on disk.", {"server"}),
    gauge("pg_wal_size_bytes", "Their bytes.", {"server"}),
};
constexpr std::string_view kWalSql = "SELECT count(*), sum(size) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'";

constexpr std::array kQueries = {
    Query{.name = "stat_bgwriter", .pace = Pace::kStatements, .sql = kWriterSql, .metrics = kWriter},
    Query{.name = "stat_bgwriter_checkpoints",
          .pace = Pace::kStatements,
          .sql = kWriter16Sql,
          .metrics = kWriter16,
          .max_version = 16},
    Query{.name = "stat_checkpointer",
          .pace = Pace::kStatements,
          .sql = kCheckpointerSql,
          .metrics = kCheckpointer,
          .min_version = 17},
    Query{.name = "checkpoints", .pace = Pace::kStatements, .sql = kKinds16Sql, .metrics = kKinds, .max_version = 16},
    Query{.name = "checkpoints", .pace = Pace::kStatements, .sql = kKindsSql, .metrics = kKinds, .min_version = 17},
    Query{.name = "checkpoint_work", .pace = Pace::kStatements, .sql = kWork16Sql, .metrics = kWork, .max_version = 16},
    Query{.name = "checkpoint_work", .pace = Pace::kStatements, .sql = kWorkSql, .metrics = kWork, .min_version = 17},
    Query{.name = "stat_archiver", .pace = Pace::kStatements, .sql = kArchiverSql, .metrics = kArchiver},
    Query{.name = "wal", .pace = Pace::kStatements, .sql = kWalSql, .metrics = kWal},
};

}  // namespace

std::span<const Query> checkpoints_queries() { return kQueries; }

}  // namespace upkeep::postgres
