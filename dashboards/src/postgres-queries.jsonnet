local p = import 'postgres.libsonnet';
local u = import 'upkeep.libsonnet';

local top = p.top;
local of = '@, datname=~"$datname"';
local keys = 'queryid, datname, server, user, instance';
// Statements are asked for every minute.
local slow = { interval: '1m' };
local rate(metric) = 'sum by (%s) (rate(%s{%s}[$__rate_interval]))' % [keys, metric, of];
local per(metric, divisor) = '%s / (%s > 0)' % [rate(metric), rate(divisor)];
local named = '{{server}} {{datname}} {{queryid}}';
local q(expr, legend=named) = u.query(expr, legend, slow);
local seconds = 'pg_stat_statements_seconds_total';
local calls = 'pg_stat_statements_calls_total';

u.dashboard('postgres-queries', 'Upkeep / Postgres queries', 'Statements by what they cost. They are numbers, never texts, which hold secrets: SELECT query FROM pg_stat_statements WHERE queryid = … shows one.', [
  u.row('', [
    u.stat('Time in statements', 'CPUs that would be busy with statements alone, of all servers that are selected.', 'short', 'sum(rate(%s{%s}[5m])) or 0 * count(pg_up{@} == 1)' % [seconds, of], { w: 6, decimals: 2, colored: 'value', thresholds: u.plain, links: [p.to_overview] }),
    u.stat('Statements a second', 'Calls, of all servers that are selected.', 'ops', 'sum(rate(%s{%s}[5m])) or 0 * count(pg_up{@} == 1)' % [calls, of], { w: 6, decimals: 1, colored: 'value', thresholds: u.plain, links: [p.to_overview] }),
    u.stat('Longest running query', 'Of any client, now.', 's', 'max(upkeep_postgres_oldest_query_seconds{%s}) or 0 * count(pg_up{@} == 1)' % of, { w: 6, decimals: 0, thresholds: u.rising(60, 600), alerts: ['PostgresLongTransaction'], links: [p.to_overview] }),
    u.stat('Slow statements',
           'Whose mean over the last half hour is above slow_statement.',
           'short',
           'count(sum by (%(k)s) (rate(%(s)s{%(o)s, queryid!="other"}[30m])) / (sum by (%(k)s) (rate(%(c)s{%(o)s, queryid!="other"}[30m])) > 0) > on (instance, server) group_left () max by (instance, server) (upkeep_postgres_slow_statement_seconds{@})) or 0 * count(pg_up{@} == 1)' % { k: keys, s: seconds, c: calls, o: of },
           { w: 6, thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] }, alerts: ['PostgresStatementSlow', 'PostgresStatementSlower'] }),
    u.table('Statements', 'The 50 that took the most time of the last half hour. "other" is all that have no series of their own.', ['queryid', 'datname', 'server', 'user', 'instance'], [
      ['Time', 'topk(50, sum by (%s) (increase(%s{%s}[30m])))' % [keys, seconds, of], u.shown('s')],
      ['Calls', 'sum by (%s) (increase(%s{%s}[30m]))' % [keys, calls, of], u.shown('short', { decimals: 0 })],
      ['Mean', 'sum by (%(k)s) (increase(%(s)s{%(o)s}[30m])) / (sum by (%(k)s) (increase(%(c)s{%(o)s}[30m])) > 0)' % { k: keys, s: seconds, c: calls, o: of }, u.colored('s', u.rising(0.5, 1))],
      ['Rows a call', 'sum by (%(k)s) (increase(pg_stat_statements_rows_total{%(o)s}[30m])) / (sum by (%(k)s) (increase(%(c)s{%(o)s}[30m])) > 0)' % { k: keys, c: calls, o: of }, u.shown('short', { decimals: 1 })],
      ['Found in the cache', 'sum by (%(k)s) (increase(upkeep_postgres_statement_shared_blocks_hit_total{%(o)s}[30m])) / (sum by (%(k)s) (increase(upkeep_postgres_statement_shared_blocks_hit_total{%(o)s}[30m]) + increase(upkeep_postgres_statement_shared_blocks_read_total{%(o)s}[30m])) > 0)' % { k: keys, o: of }, u.colored('percentunit', u.falling(0.95, 0.9), { decimals: 0 })],
    ], { h: 11, sort: 'Time', widths: { queryid: 190, datname: 90, server: 125, user: 90, instance: 135 }, alerts: ['PostgresStatementSlow'], overrides: [p.row_links] }),
  ]),
  u.row('Over time', [
    u.graph('Time',
            'Seconds of statements a second. The ten dearest.',
            'short',
            [q(top(rate(seconds)))],
            { w: 12, stack: true, to: [p.to_server, p.to_host], alerts: ['PostgresStatementSlow'] }),
    u.graph('Mean time of a call', 'The ten slowest, and from where on they are slow (slow_statement).', 's', [
      q(top(per(seconds, calls))),
      q('min(upkeep_postgres_slow_statement_seconds{@})', 'limit'),
    ], { w: 12, to: [p.to_server, p.to_host], alerts: ['PostgresStatementSlow', 'PostgresStatementSlower'] }),
    u.graph('Calls', 'A second. The ten most frequent.', 'ops', [q(top(rate(calls)))], { to: [p.to_server, p.to_host] }),
    u.graph('Rows', 'Returned or changed, a second. The ten with the most.', 'ops', [q(top(rate('pg_stat_statements_rows_total')))], { to: [p.to_server, p.to_host] }),
    u.graph('Blocks read past the cache',
            'A second. The ten with the most.',
            'ops',
            [q(top(rate('upkeep_postgres_statement_shared_blocks_read_total')))],
            { to: [p.to_server, p.to_host], alerts: ['PostgresCacheHitRatioLow'] }),
    u.graph('Temporary blocks',
            'Of what did not fit into work_mem, a second. The ten with the most.',
            'ops',
            [q(top(rate('upkeep_postgres_statement_temp_blocks_total')))],
            { to: [p.to_server, p.to_host], alerts: ['PostgresTemporaryFiles'] }),
    u.graph('WAL',
            'Written, a second. The ten with the most.',
            'Bps',
            [q(top(rate('upkeep_postgres_statement_wal_bytes_total')))],
            { to: [p.to_server, p.to_host], alerts: ['PostgresCheckpointsTooFrequent'] }),
    u.graph('Running queries',
            'How long the longest has taken. The ten longest databases.',
            's',
            [u.query(top('upkeep_postgres_oldest_query_seconds{%s}' % of), '{{server}} {{datname}}')],
            { thresholds: u.rising(60, 600), to: [p.to_server, p.to_host], alerts: ['PostgresLongTransaction'] }),
  ]),
  u.row('What they wait for', [
    u.graph('Active sessions',
            'By what they wait for. Of all servers and databases that are selected.',
            'short',
            [u.query('sum by (wait_event_type) (pg_stat_activity_count{%s, state="active"})' % of, '{{wait_event_type}}')],
            { w: 12, stack: true, decimals: 0, links: [p.to_overview], alerts: ['PostgresSessionsBlocked'] }),
    u.graph('Statements without series of their own',
            'That are in "other", because there are more than `top: statements`.',
            'short',
            [u.query(top('upkeep_postgres_statements_left_out{@}'), '{{server}}')],
            { w: 12, decimals: 0, to: [p.to_server, p.to_host] }),
  ]),
], variables=[p.server, p.database], here=p.here)
