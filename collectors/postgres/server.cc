// The server as a whole: connections against their limit, roles for the access review, settings that wait for a
// restart.
#include <array>

#include "collectors/postgres/queries.h"

namespace upkeep::postgres {
namespace {

constexpr std::array kStatic = {
    untyped("pg_static", "Versions of the server.", {"server", "version", "short_version"}),
};
constexpr std::string_view kStaticSql = R"(
SELECT version(), (current_setting('server_version_num')::int / 10000) || '.'
                  || (current_setting('server_version_num')::int % 10000) || '.0', 1)";

constexpr std::array kStart = {
    gauge("pg_postmaster_start_time_seconds", "When the server was started.", {"server"}),
};
constexpr std::string_view kStartSql = "SELECT extract(epoch FROM pg_postmaster_start_time())";

// Only what the limit counts: WAL senders and background workers have limits of their own.
constexpr std::array kConnections = {
    gauge("upkeep_postgres_connections", "Connections that max_connections counts.", {"server"}),
    gauge("upkeep_postgres_connections_limit", "max_connections without those that are reserved.", {"server"}),
};
constexpr std::string_view kConnectionsSql = R"(
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0))";

constexpr std::array kRoles = {
    gauge("pg_roles_connection_limit", "Connections allowed to the role; -1: no limit of its own.",
          {"server", "rolname"}),
    gauge("upkeep_postgres_role_superuser", "Whether the role is a superuser.", {"server", "rolname"}),
    gauge("upkeep_postgres_role_can_login", "Whether the role can log in.", {"server", "rolname"}),
    gauge("upkeep_postgres_role_password_expiry_timestamp_seconds",
          "When the role's password expires; absent: never, or it needs none.", {"server", "rolname"}),
    gauge("upkeep_postgres_role_password_never_expires",
          "Whether the role can log in and no date ends its password (if it has one).", {"server", "rolname"}),
};
constexpr std::string_view kRolesSql = R"(
SELECT rolname, rolconnlimit, rolsuper::int, rolcanlogin::int,
       CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil) END,
       (rolcanlogin AND coalesce(rolvaliduntil, 'infinity') = 'infinity')::int
FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname LIMIT 500)";

constexpr std::array kPending = {
    gauge("upkeep_postgres_settings_pending_restart", "Settings that were changed and wait for a restart.", {"server"}),
};
constexpr std::string_view kPendingSql = "SELECT count(*) FILTER (WHERE pending_restart) FROM pg_settings";

// Rights and switches without which something here stays empty: deploy/postgres/role.sql grants the rights.
constexpr std::array kRights = {
    gauge("upkeep_postgres_right_missing",
          "1 where a right (a role to be a member of) or a switch (an extension, a setting) is missing.",
          {"server", "right"}),
};
constexpr std::string_view kRightsSql = R"(
SELECT r.name, r.missing::int FROM (VALUES
  ('pg_monitor', NOT pg_has_role('pg_monitor', 'MEMBER')),
  ('pg_read_all_data', NOT pg_has_role(CASE WHEN to_regrole('pg_read_all_data') IS NULL THEN 'pg_monitor'
                                            ELSE 'pg_read_all_data' END::name, 'MEMBER')),
  ('track_io_timing', current_setting('track_io_timing') <> 'on'),
  ('shared_preload_libraries=pg_stat_statements',
   current_setting('pg_stat_statements.max', true) IS NULL)) AS r(name, missing))";

constexpr std::array kBuffers = {
    gauge("pg_buffercache_summary_buffers_used", "Used shared buffers.", {"server"}),
    gauge("pg_buffercache_summary_buffers_unused", "Unused shared buffers.", {"server"}),
    gauge("pg_buffercache_summary_buffers_dirty", "Dirty shared buffers.", {"server"}),
    gauge("pg_buffercache_summary_buffers_pinned", "Pinned shared buffers.", {"server"}),
    gauge("pg_buffercache_summary_usagecount_avg", "Mean usage count of used shared buffers.", {"server"}),
};
constexpr std::string_view kBuffersSql = R"(
SELECT buffers_used, buffers_unused, buffers_dirty, buffers_pinned, usagecount_avg
FROM {schema}.pg_buffercache_summary())";

constexpr std::array kQueries = {
    Query{.name = "static", .pace = Pace::kObjects, .sql = kStaticSql, .metrics = kStatic},
    Query{.name = "postmaster", .pace = Pace::kObjects, .sql = kStartSql, .metrics = kStart},
    Query{.name = "connections", .sql = kConnectionsSql, .metrics = kConnections},
    Query{.name = "roles", .pace = Pace::kObjects, .sql = kRolesSql, .metrics = kRoles},
    Query{.name = "settings_pending", .pace = Pace::kObjects, .sql = kPendingSql, .metrics = kPending},
    Query{.name = "rights", .pace = Pace::kObjects, .sql = kRightsSql, .metrics = kRights},
    Query{.name = "buffercache_summary",
          .scope = Scope::kExtension,
          .pace = Pace::kStatements,
          .sql = kBuffersSql,
          .metrics = kBuffers,
          .min_version = 16,
          .extension = "pg_buffercache",
          .min_extension = 104},
};

}  // namespace

std::span<const Query> server_queries() { return kQueries; }

}  // namespace upkeep::postgres
