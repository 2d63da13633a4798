local u = import 'upkeep.libsonnet';
local p = import 'postgres.libsonnet';

local top = p.top;
local rate(metric, by='instance, server, datname') =
  'sum by (%s) (rate(%s{@, datname=~"$datname"}[$__rate_interval]))' % [by, metric];
local used = 'upkeep_postgres_connections{@} / upkeep_postgres_connections_limit{@}';
local database = '{{server}} {{datname}}';

u.dashboard('postgres', 'Upkeep / Postgres', 'Postgres servers: whether they answer, who uses them and how, replication, WAL, space.', [
  u.row('', [
    u.stat('Servers down', 'That do not answer.', 'short', 'count(pg_up{@} == 0) or 0 * count(pg_up{@})', { thresholds: u.above(1), alerts: ['PostgresDown'], links: [p.to_queries] }),
    u.stat('Connections used', 'Of the server nearest to its limit.', 'percentunit', 'max(%s)' % used, { decimals: 0, thresholds: u.rising(0.8, 0.95), alerts: ['PostgresConnectionsAlmostOut'] }),
    u.stat('Longest transaction', 'Of any client.', 's', 'max(upkeep_postgres_oldest_transaction_seconds{@, datname=~"$datname"}) or 0 * count(pg_up{@} == 1)', { decimals: 0, thresholds: u.rising(300, 600), alerts: ['PostgresLongTransaction', 'PostgresIdleInTransaction'], links: [p.to_queries] }),
    u.stat('Wait for locks', 'Sessions that wait for a lock.', 'short', 'sum(upkeep_postgres_lock_waiters{@, datname=~"$datname"}) or 0 * count(pg_up{@} == 1)', { thresholds: u.rising(1, 20), alerts: ['PostgresSessionsBlocked'], links: [p.to_queries] }),
    u.stat('Behind', 'The standby that is furthest behind, by its primary.', 's', 'max(upkeep_postgres_standby_replay_lag_seconds{@} or pg_replication_lag_seconds{@} and on (instance, server) pg_replication_is_replica{@} == 1) or 0 * count(pg_up{@} == 1)', { decimals: 0, thresholds: u.rising(60, 300), alerts: ['PostgresReplicationLag', 'PostgresStandbyBehind'] }),
    u.stat('Ids used up', 'Share of the transaction or multixact ids after which writing stops, of the oldest database.', 'percentunit', 'max(upkeep_postgres_transaction_id_age_ratio{@, datname=~"$datname"} > upkeep_postgres_multixact_age_ratio{@, datname=~"$datname"} or upkeep_postgres_multixact_age_ratio{@, datname=~"$datname"})', { decimals: 0, thresholds: u.rising(0.5, 0.75), alerts: ['PostgresTransactionIdWraparound', 'PostgresMultixactWraparound'], links: [p.to_tables] }),
    u.table('Servers', 'The servers, the one with the most alerts first.', ['server', 'instance'], [
      ['Alerts', 'count by (server, instance) (ALERTS{@, alertstate="firing", severity=~"critical|warning"}) or 0 * max by (server, instance) (pg_up{@})', u.colored('short', u.above(1))],
      ['Answers', 'max by (server, instance) (pg_up{@})', u.word({ '0': ['no', 'red'], '1': ['yes', 'green'] })],
      ['Role', 'max by (server, instance) (pg_replication_is_replica{@})', { unit: 'none', mappings: u.texts({ '0': ['primary', 'text'], '1': ['standby', 'text'] }) }],
      ['Connections', 'max by (server, instance) (%s)' % used, u.colored('percentunit', u.rising(0.8, 0.95), { decimals: 0 })],
      ['Commits', 'sum by (server, instance) (rate(pg_stat_database_xact_commit{@, datname=~"$datname"}[$__rate_interval]))', u.shown('ops', { decimals: 1 })],
      ['Size', 'sum by (server, instance) (pg_database_size_bytes{@, datname=~"$datname"})', u.shown('bytes')],
      ['Up since', '1000 * max by (server, instance) (pg_postmaster_start_time_seconds{@})', u.shown('dateTimeFromNow')],
    ], { h: 7, sort: 'Alerts', alerts: ['PostgresDatabaseUnwatched', 'PostgresQueryFailing'], overrides: [p.row_links] }),
  ]),
  u.row('Clients', [
    u.graph('Connections', 'Share of max_connections that is used. The ten fullest servers.', 'percentunit', [u.query(top(used), '{{server}}')],
            { max: 1, thresholds: u.rising(0.8, 0.95), to: [p.to_server, p.to_host], alerts: ['PostgresConnectionsAlmostOut'] }),
    u.graph('What connections do', 'Of all servers and databases that are selected.', 'short', [u.query('sum by (state) (pg_stat_activity_count{@, datname=~"$datname"})', '{{state}}')],
            { stack: true, decimals: 0, links: [p.to_queries], alerts: ['PostgresIdleInTransaction'] }),
    u.graph('Transactions', 'Committed (up) and rolled back (down), a second. The five busiest databases of each.', 'ops', [
      u.query(top(rate('pg_stat_database_xact_commit'), 5), database + ' committed'),
      u.query(top(rate('pg_stat_database_xact_rollback'), 5), database + ' rolled back'),
    ], { below: '/ rolled back$/', to: [p.to_server, p.to_its_queries] }),
    u.graph('Oldest transaction', 'The ten oldest, and from which age on they are long (long_transaction).', 's', [
      u.query(top('upkeep_postgres_oldest_transaction_seconds{@, datname=~"$datname"}'), database),
      u.query('min(upkeep_postgres_long_transaction_seconds{@})', 'limit'),
    ], { to: [p.to_server, p.to_its_queries], alerts: ['PostgresLongTransaction'] }),
    u.graph('Idle in a transaction', 'How long the client that waits longest inside an open transaction has been idle. The ten longest.', 's',
            [u.query(top('upkeep_postgres_oldest_idle_in_transaction_seconds{@, datname=~"$datname"}'), database)],
            { thresholds: u.above(300), to: [p.to_server, p.to_its_queries], alerts: ['PostgresIdleInTransaction'] }),
    u.graph('Waiting for locks', 'How long the session that waits longest has been waiting. The ten longest.', 's',
            [u.query(top('upkeep_postgres_longest_lock_wait_seconds{@, datname=~"$datname"}'), database)],
            { thresholds: u.above(60), to: [p.to_server, p.to_its_queries], alerts: ['PostgresSessionsBlocked'] }),
    u.table('Who blocks', 'Sessions that others wait for, by what they are. The 20 that hold up the most.', ['server', 'datname', 'usename', 'application_name', 'state', 'instance'], [
      ['Hold up', 'topk(20, sum by (server, datname, usename, application_name, state, instance) (upkeep_postgres_blocked_sessions{@, datname=~"$datname"}))', u.colored('short', u.rising(1, 20))],
    ], { w: 12, h: 7, noValue: 'Nobody is known to wait.', alerts: ['PostgresSessionsBlocked'], overrides: [p.row_links] }),
    u.graph('Locks', 'Held or awaited, by mode. Of all servers and databases that are selected.', 'short', [u.query('sum by (mode) (pg_locks_count{@, datname=~"$datname"})', '{{mode}}')],
            { w: 12, h: 7, stack: true, decimals: 0, links: [p.to_queries], alerts: ['PostgresSessionsBlocked'] }),
  ]),
  u.row('Work', [
    u.graph('Found in the cache', 'Share of the blocks that were found in shared buffers. The ten lowest databases.', 'percentunit',
            [u.query('bottomk(10, %s / (%s + %s > 0))' % [rate('pg_stat_database_blks_hit'), rate('pg_stat_database_blks_hit'), rate('pg_stat_database_blks_read')], database)],
            { max: 1, thresholds: u.falling(0.95, 0.9), to: [p.to_server, p.to_its_queries], alerts: ['PostgresCacheHitRatioLow'] }),
    u.graph('Rows', 'Read, and changed, a second. Of all servers and databases that are selected.', 'ops', [
      u.query(rate('pg_stat_database_tup_fetched', 'job'), 'fetched'),
      u.query(rate('pg_stat_database_tup_inserted', 'job'), 'inserted'),
      u.query(rate('pg_stat_database_tup_updated', 'job'), 'updated'),
      u.query(rate('pg_stat_database_tup_deleted', 'job'), 'deleted'),
    ], { links: [p.to_queries] }),
    u.graph('Temporary files', 'Bytes that queries spill to disk, a second. The ten worst databases.', 'Bps', [u.query(top(rate('pg_stat_database_temp_bytes')), database)],
            { thresholds: u.above(10 * 1024 * 1024), to: [p.to_server, p.to_its_queries], alerts: ['PostgresTemporaryFiles'] }),
    u.graph('Deadlocks and conflicts', 'Deadlocks, and queries of standbys that were in the way of replay, within an hour. The five worst databases of each.', 'short', [
      u.query(top('sum by (instance, server, datname) (increase(pg_stat_database_deadlocks{@, datname=~"$datname"}[1h]))', 5), database + ' deadlocks'),
      u.query(top('sum by (instance, server, datname) (increase(pg_stat_database_conflicts{@, datname=~"$datname"}[1h]))', 5), database + ' conflicts'),
    ], { decimals: 0, thresholds: u.above(5), to: [p.to_server, p.to_its_queries], alerts: ['PostgresDeadlocks'] }),
    u.graph('Rolled back', 'Share of the transactions that were. The ten worst databases.', 'percentunit',
            [u.query(top('%s / (%s + %s > 0)' % [rate('pg_stat_database_xact_rollback'), rate('pg_stat_database_xact_rollback'), rate('pg_stat_database_xact_commit')]), database)],
            { max: 1, thresholds: u.rising(0.1, 0.5), to: [p.to_server, p.to_its_queries] }),
    u.stat('Blocks with a wrong checksum', 'That Postgres met. One is too many.', 'short', 'sum(pg_stat_database_checksum_failures{@}) or 0 * count(pg_up{@} == 1)', { w: 8, h: 8, thresholds: u.above(1), alerts: ['PostgresChecksumFailures'] }),
  ]),
  u.row('Replication and WAL', [
    u.table('Standbys', 'By what their primaries know; the 50 furthest behind.', ['server', 'application_name', 'client_addr', 'state', 'instance'], [
      ['Behind', 'topk(50, max by (server, application_name, client_addr, state, instance) (upkeep_postgres_standby_replay_lag_seconds{@}))', u.colored('s', u.rising(60, 300))],
      ['Bytes behind', 'max by (server, application_name, client_addr, state, instance) (pg_stat_replication_pg_wal_lsn_diff{@})', u.shown('bytes')],
    ], { w: 12, h: 7, noValue: 'No standby is known.', alerts: ['PostgresStandbyBehind', 'PostgresStandbyMissing'], overrides: [p.row_links] }),
    u.table('Replication slots', 'How much WAL is kept for each; the 50 largest.', ['server', 'slot_name', 'slot_type', 'instance'], [
      ['Kept', 'topk(50, max by (server, slot_name, slot_type, instance) (upkeep_postgres_slot_retained_bytes{@}))', u.colored('bytes', u.rising(1073741824, 4294967296))],
      ['In use', 'max by (server, slot_name, slot_type, instance) (pg_replication_slots_slot_is_active{@})', u.word({ '0': ['no', 'orange'], '1': ['yes', 'green'] })],
    ], { w: 12, h: 7, noValue: 'No slot is known.', alerts: ['PostgresSlotRetainsWal', 'PostgresSlotLosesWal'], overrides: [p.row_links] }),
    u.graph('Lag', 'How far standbys are behind. The ten furthest.', 's', [u.query(top('max by (instance, server, application_name) (upkeep_postgres_standby_replay_lag_seconds{@})'), '{{server}} {{application_name}}')],
            { thresholds: u.rising(60, 300), to: [p.to_server, p.to_host], alerts: ['PostgresReplicationLag'] }),
    u.graph('Standbys missing', 'Those that should stream (standbys) less those that do, of primaries.', 'short',
            [u.query(top('(upkeep_postgres_expected_standbys{@} - upkeep_postgres_streaming_standbys{@}) and pg_replication_is_replica{@} == 0'), '{{server}}')],
            { decimals: 0, min:: null, thresholds: u.above(1), to: [p.to_server, p.to_host], alerts: ['PostgresStandbyMissing'] }),
    u.graph('WAL on disk', 'The ten largest.', 'bytes', [u.query(top('pg_wal_size_bytes{@}'), '{{server}}')], { to: [p.to_server, p.to_host], alerts: ['PostgresArchiverFailing'] }),
    u.graph('Checkpoints', 'That were due, and that WAL asked for early, within an hour. Of all servers that are selected.', 'short',
            [u.query('sum by (kind) (increase(upkeep_postgres_checkpoints_total{@}[1h]))', '{{kind}}')],
            { stack: true, decimals: 0, links: [p.to_tables], alerts: ['PostgresCheckpointsTooFrequent'] }),
    u.graph('Time in checkpoints', 'Writing and syncing, a second. The five highest servers of each.', 'percentunit', [
      u.query(top('rate(upkeep_postgres_checkpoint_write_seconds_total{@}[$__rate_interval])', 5), '{{server}} writing'),
      u.query(top('rate(upkeep_postgres_checkpoint_sync_seconds_total{@}[$__rate_interval])', 5), '{{server}} syncing'),
    ], { to: [p.to_server, p.to_host], alerts: ['PostgresCheckpointsTooFrequent'] }),
    u.stat('Archivers that fail', 'Servers whose last attempt to archive a WAL file failed.', 'short', 'sum(upkeep_postgres_archiver_failing{@}) or 0 * count(pg_up{@} == 1)', { w: 8, h: 8, thresholds: u.above(1), alerts: ['PostgresArchiverFailing'] }),
  ]),
  u.row('Space, and the watching', [
    u.graph('Databases', 'The ten largest.', 'bytes', [u.query(top('pg_database_size_bytes{@, datname=~"$datname"}'), database)],
            { stack: true, to: [p.to_server, p.to_its_tables] }),
    u.graph('Growth', 'Within a day; the ten that grow most.', 'bytes', [u.query(top('max by (instance, server, datname) (delta(pg_database_size_bytes{@, datname=~"$datname"}[1d]))'), database)],
            { min:: null, to: [p.to_server, p.to_its_tables] }),
    u.table('Not seen', 'Queries of Upkeep that fail, and rights that it lacks; the first 50.', ['server', 'datname', 'what', 'instance'], [
      ['Missing', 'topk(50, max by (server, datname, what, instance) (label_join(upkeep_postgres_query_success{@} == bool 0, "what", " ", "query") > 0 or label_join(upkeep_postgres_right_missing{@} > 0, "what", " ", "right")))', u.word({ '1': ['not seen', 'orange'] })],
    ], { w: 8, h: 8, noValue: 'Nothing is known to be missing.', alerts: ['PostgresQueryFailing', 'PostgresRightMissing'], overrides: [p.row_links] }),
  ]),
], variables=[p.server, p.database], here=p.here)
