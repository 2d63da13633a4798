// Who is connected and doing what: pg_stat_activity.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

// As postgres_exporter has it: every state of every database is there, be it with 0. The names of applications are the
// clients' own: the rows are limited.
constexpr std::array kSessions = {
    gauge(
        "pg_stat_activity_count", "Connections in this state.",
        {"server", "datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"}),
    gauge(
        "pg_stat_activity_max_tx_duration", "How long the oldest transaction in this state has run, in seconds.",
        {"server", "datname", "state", "usename", "application_name", "backend_type", "wait_event_type", "wait_event"}),
};
constexpr std::string_view kSessionsSql = R"(
SELECT d.datname, s.state, a.usename, a.application_name, a.backend_type, a.wait_event_type, a.wait_event,
       coalesce(a.n, 0), coalesce(a.longest, 0)
FROM pg_database d
CROSS JOIN unnest(ARRAY['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)',
                        'fastpath function call', 'disabled']) AS s(state)
LEFT JOIN (SELECT datid, state, usename, application_name, backend_type, wait_event_type, wait_event, count(*) AS n,
                  extract(epoch FROM max(now() - xact_start)) AS longest
           FROM pg_stat_activity WHERE pid <> pg_backend_pid()
           GROUP BY 1, 2, 3, 4, 5, 6, 7) a ON a.datid = d.oid AND a.state = s.state
ORDER BY d.datname, s.state, a.n DESC, a.usename, a.application_name, a.wait_event LIMIT 2000)";

// Only clients: autovacuum and WAL senders hold long transactions by design. What none of them does is 0.
constexpr std::array kAges = {
    gauge("upkeep_postgres_oldest_transaction_seconds", "Age of the oldest open transaction of a client.",
          {"server", "datname"}),
    gauge("upkeep_postgres_oldest_idle_in_transaction_seconds",
          "How long the client that waits longest inside an open transaction has been idle.", {"server", "datname"}),
    gauge("upkeep_postgres_oldest_query_seconds", "How long the longest running query has taken.",
          {"server", "datname"}),
    gauge("upkeep_postgres_lock_waiters", "Clients that wait for a lock.", {"server", "datname"}),
    gauge("upkeep_postgres_longest_lock_wait_seconds",
          "How long the client that waits longest for a lock has been waiting; before Postgres 14, since its query "
          "began.",
          {"server", "datname"}),
    gauge("upkeep_postgres_backends", "Connections of clients.", {"server", "datname"}),
};
constexpr std::string_view kAgesSql = R"(
SELECT d.datname,
       coalesce(extract(epoch FROM max(clock_timestamp() - a.xact_start)), 0),
       coalesce(extract(epoch FROM max(clock_timestamp() - a.state_change)
                                   FILTER (WHERE a.state LIKE 'idle in transaction%')), 0),
       coalesce(extract(epoch FROM max(clock_timestamp() - a.query_start) FILTER (WHERE a.state = 'active')), 0),
       count(*) FILTER (WHERE a.wait_event_type = 'Lock'),
       coalesce(extract(epoch FROM max(clock_timestamp() - coalesce(l.since, a.query_start))
                                   FILTER (WHERE a.wait_event_type = 'Lock')), 0),
       count(a.pid)
FROM pg_database d
LEFT JOIN pg_stat_activity a
  ON a.datid = d.oid AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
LEFT JOIN (SELECT pid, min(waitstart) AS since FROM pg_locks WHERE NOT granted GROUP BY pid) l ON l.pid = a.pid
WHERE d.datallowconn AND NOT d.datistemplate GROUP BY d.datname ORDER BY d.datname)";
constexpr std::string_view kAgesSql13 = R"(
SELECT d.datname,
       coalesce(extract(epoch FROM max(clock_timestamp() - a.xact_start)), 0),
       coalesce(extract(epoch FROM max(clock_timestamp() - a.state_change)
                                   FILTER (WHERE a.state LIKE 'idle in transaction%')), 0),
       coalesce(extract(epoch FROM max(clock_timestamp() - a.query_start) FILTER (WHERE a.state = 'active')), 0),
       count(*) FILTER (WHERE a.wait_event_type = 'Lock'),
       coalesce(extract(epoch FROM max(clock_timestamp() - a.query_start)
                                   FILTER (WHERE a.wait_event_type = 'Lock')), 0),
       count(a.pid)
FROM pg_database d
LEFT JOIN pg_stat_activity a
  ON a.datid = d.oid AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
WHERE d.datallowconn AND NOT d.datistemplate GROUP BY d.datname ORDER BY d.datname)";

// pg_blocking_pids() stops the lock manager for a moment: it is asked of sessions that wait for a lock, not of all.
constexpr std::array kBlockers = {
    gauge("upkeep_postgres_blocked_sessions", "Sessions that wait for a lock which a session of this kind holds.",
          {"server", "datname", "usename", "application_name", "state"}),
};
constexpr std::string_view kBlockersSql = R"(
SELECT b.datname, b.usename, b.application_name, b.state, count(*)
FROM (SELECT DISTINCT w.pid, unnest(pg_blocking_pids(w.pid)) AS blocker
      FROM (SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' LIMIT 200) w) waits
JOIN pg_stat_activity b ON b.pid = waits.blocker
GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 1, 2, 3, 4 LIMIT 20)";

// postgres_exporter counts every open transaction and calls an age a timestamp.
constexpr std::array kOpenTransactions = {
    gauge("pg_long_running_transactions", "Open transactions.", {"server"}),
    gauge("pg_long_running_transactions_oldest_timestamp_seconds", "Age of the oldest of them, in seconds.",
          {"server"}),
};
constexpr std::string_view kOpenTransactionsSql = R"(
SELECT count(*), coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity
WHERE state <> 'idle' AND query NOT LIKE 'autovacuum:%' AND xact_start IS NOT NULL AND pid <> pg_backend_pid())";

// What keeps VACUUM from removing dead rows, by how many transactions.
constexpr std::array kHorizon = {
    gauge("upkeep_postgres_xmin_age", "Transactions since the oldest row version that this kind of holder still needs.",
          {"server", "holder"}),
};
constexpr std::string_view kHorizonSql = R"(
SELECT 'session', coalesce(max(age(backend_xmin)), 0) FROM pg_stat_activity WHERE backend_type <> 'walsender'
UNION ALL
SELECT 'replication_slot', coalesce(max(greatest(age(xmin), age(catalog_xmin))), 0) FROM pg_replication_slots
UNION ALL SELECT 'prepared_transaction', coalesce(max(age(transaction)), 0) FROM pg_prepared_xacts
UNION ALL SELECT 'standby', coalesce(max(age(backend_xmin)), 0) FROM pg_stat_replication)";

constexpr std::array kAutovacuum = {
    gauge("pg_stat_activity_autovacuum_timestamp_seconds", "When the running autovacuum of this table began.",
          {"server", "relname"}),
};
constexpr std::string_view kAutovacuumSql = R"(
SELECT split_part(query, '.', 2), extract(epoch FROM min(xact_start)) FROM pg_stat_activity
WHERE query LIKE 'autovacuum:%' AND xact_start IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 100)";

constexpr std::array kQueries = {
    Query{.name = "stat_activity", .sql = kSessionsSql, .metrics = kSessions},
    Query{.name = "activity_ages", .sql = kAgesSql, .metrics = kAges, .min_version = 14},
    Query{.name = "activity_ages", .sql = kAgesSql13, .metrics = kAges, .max_version = 13},
    Query{.name = "blockers", .sql = kBlockersSql, .metrics = kBlockers},
    Query{.name = "long_running_transactions", .sql = kOpenTransactionsSql, .metrics = kOpenTransactions},
    Query{.name = "xmin_horizon", .pace = Pace::kStatements, .sql = kHorizonSql, .metrics = kHorizon},
    Query{.name = "stat_activity_autovacuum", .pace = Pace::kStatements, .sql = kAutovacuumSql, .metrics = kAutovacuum},
};

}  // namespace

std::span<const Query> activity_queries() { return kQueries; }

}  // namespace upkeep::postgres
