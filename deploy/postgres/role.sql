-- The role with which Upkeep watches a Postgres server: it can look at statistics and change nothing. For Postgres 13
-- and later; may be run again at any time.
--
-- Who runs it: a superuser, or where there is none (managed services) the administrator's role; once a cluster, on the
-- primary, in any database:
--
--     psql -X -f role.sql postgres
--     psql -X -v read_all_data=on -f role.sql postgres
--
-- The second form also lets the role read the columns' statistics, which the estimates of bloat need, and the positions
-- of sequences. The right for that includes reading the tables themselves and exists since Postgres 14; without it the
-- two are missing and all else is there. To take it back: REVOKE pg_read_all_data FROM upkeep;
--
-- Afterwards:
--   * Give the role a password, which psql asks for and sends hashed:  \password upkeep
--     and write it to the file that `password_file` of the configuration names. Over the server's own socket the line
--     `local all upkeep peer` of pg_hba.conf does without one, when Upkeep runs as a system user of that name.
--   * Let it in, in pg_hba.conf:  host all upkeep 127.0.0.1/32 scram-sha-256
--   * For each database that not everybody may connect to:  GRANT CONNECT ON DATABASE name TO upkeep;
--   * For statistics of statements: pg_stat_statements in shared_preload_libraries, a restart, and in one database,
--     best the one that `database` of the configuration names:  CREATE EXTENSION pg_stat_statements;

\set ON_ERROR_STOP on
BEGIN;

SELECT 'CREATE ROLE upkeep' WHERE to_regrole('upkeep') IS NULL \gexec
-- The limit is above what Upkeep allows itself (`connections` of the configuration, 5), for the moment in which one
-- takes over from another.
ALTER ROLE upkeep LOGIN INHERIT CONNECTION LIMIT 10;
COMMENT ON ROLE upkeep IS 'Upkeep, the monitoring exporter';

-- Statistics of all sessions, sizes of all databases, the list of WAL files, all settings.
GRANT pg_monitor TO upkeep;

\if :{?read_all_data}
SELECT 'GRANT pg_read_all_data TO upkeep' WHERE to_regrole('pg_read_all_data') IS NOT NULL \gexec
\endif

-- Upkeep asks for the same by itself. Here it also holds behind a pooler that drops what clients ask for.
ALTER ROLE upkeep SET default_transaction_read_only = on;
ALTER ROLE upkeep SET statement_timeout = '10s';
ALTER ROLE upkeep SET lock_timeout = '200ms';
ALTER ROLE upkeep SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE upkeep SET search_path = pg_catalog;
ALTER ROLE upkeep SET jit = off;

COMMIT;
