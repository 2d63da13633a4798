// Locks held and awaited, and what VACUUM is at: pg_locks, pg_stat_progress_vacuum.
// https://www.postgresql.org/docs/current/view-pg-locks.html
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kLocks = {
    gauge("pg_locks_count", "Locks of this mode, held or awaited.", {"server", "datname", "mode"}),
};
constexpr std::string_view kLocksSql = R"(
SELECT d.datname, m.mode, coalesce(l.n, 0)
FROM pg_database d
CROSS JOIN unnest(ARRAY['accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock', 'sharelock',
                        'sharerowexclusivelock', 'exclusivelock', 'accessexclusivelock', 'sireadlock']) AS m(mode)
LEFT JOIN (SELECT database, lower(mode) AS mode, count(*) AS n FROM pg_locks
           WHERE database IS NOT NULL AND pid <> pg_backend_pid() GROUP BY 1, 2) l
  ON l.database = d.oid AND l.mode = m.mode
ORDER BY 1, 2)";

constexpr std::array kVacuumPhase = {
    gauge("pg_stat_progress_vacuum_phase", "1 for the phase that the running VACUUM of this table is in, else 0.",
          {"server", "datname", "relname", "phase"}),
};
// A table of another database has no name here: then it is its number.
constexpr std::string_view kVacuumPhaseSql = R"(
SELECT v.datname, coalesce(c.relname, v.relid::text), p.phase, (p.phase = v.phase)::int
FROM pg_stat_progress_vacuum v LEFT JOIN pg_class c ON c.oid = v.relid AND v.datname = current_database()
CROSS JOIN unnest(ARRAY['initializing', 'scanning heap', 'vacuuming indexes', 'vacuuming heap', 'cleaning up indexes',
                        'truncating heap', 'performing final cleanup']) AS p(phase)
ORDER BY 1, 2, 3)";

constexpr std::array kVacuum = {
    gauge("pg_stat_progress_vacuum_heap_blks", "Blocks of the table.", {"server", "datname", "relname"}),
    gauge("pg_stat_progress_vacuum_heap_blks_scanned", "Blocks scanned so far.", {"server", "datname", "relname"}),
    gauge("pg_stat_progress_vacuum_heap_blks_vacuumed", "Blocks vacuumed so far.", {"server", "datname", "relname"}),
    gauge("pg_stat_progress_vacuum_index_vacuums", "Completed rounds over the indexes.",
          {"server", "datname", "relname"}),
    gauge("pg_stat_progress_vacuum_max_dead_tuples",
          "Dead rows that fit into memory before a round over the indexes is needed; their bytes since Postgres 17.",
          {"server", "datname", "relname"}),
    gauge("pg_stat_progress_vacuum_num_dead_tuples", "Dead rows found since the last such round.",
          {"server", "datname", "relname"}),
};
constexpr std::string_view kVacuumSql16 = R"(
SELECT v.datname, coalesce(c.relname, v.relid::text), v.heap_blks_total, v.heap_blks_scanned, v.heap_blks_vacuumed,
       v.index_vacuum_count, v.max_dead_tuples, v.num_dead_tuples
FROM pg_stat_progress_vacuum v LEFT JOIN pg_class c ON c.oid = v.relid AND v.datname = current_database()
ORDER BY 1, 2)";
constexpr std::string_view kVacuumSql = R"(
SELECT v.datname, coalesce(c.relname, v.relid::text), v.heap_blks_total, v.heap_blks_scanned, v.heap_blks_vacuumed,
       v.index_vacuum_count, v.max_dead_tuple_bytes, v.num_dead_item_ids
FROM pg_stat_progress_vacuum v LEFT JOIN pg_class c ON c.oid = v.relid AND v.datname = current_database()
ORDER BY 1, 2)";

constexpr std::array kQueries = {
    Query{.name = "locks", .sql = kLocksSql, .metrics = kLocks},
    Query{.name = "stat_progress_vacuum_phase",
          .pace = Pace::kStatements,
          .sql = kVacuumPhaseSql,
          .metrics = kVacuumPhase},
    Query{.name = "stat_progress_vacuum",
          .pace = Pace::kStatements,
          .sql = kVacuumSql16,
          .metrics = kVacuum,
          .max_version = 16},
    Query{.name = "stat_progress_vacuum",
          .pace = Pace::kStatements,
          .sql = kVacuumSql,
          .metrics = kVacuum,
          .min_version = 17},
};

}  // namespace

std::span<const Query> locks_queries() { return kQueries; }

}  // namespace upkeep::postgres
