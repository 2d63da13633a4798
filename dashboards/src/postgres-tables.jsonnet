local p = import 'postgres.libsonnet';
local u = import 'upkeep.libsonnet';

local top = p.top;
local of = '@, datname=~"$datname"';
local table = 'relname, schemaname, datname, server, instance';
local index = 'indexrelname, relname, schemaname, datname, server, instance';
local keys(labels) = std.split(std.strReplace(labels, ' ', ''), ',');
local largest(by, expr, n=50) = 'topk(%d, max by (%s) (%s))' % [n, by, std.strReplace(expr, '#', of)];
local each(by, expr) = 'max by (%s) (%s)' % [by, std.strReplace(expr, '#', of)];
local named = '{{server}} {{datname}} {{relname}}';
local q(expr, legend=named) = u.query(std.strReplace(expr, '#', of), legend);
// Tables and indexes are asked for every five minutes, which is to lie within $__rate_interval: four of these.
local changes(expr, legend=named) = q(expr, legend) { interval: '2m' };
local rate(metric) = 'max by (%s) (rate(%s{#}[$__rate_interval]))' % [table, metric];
local more = { overrides: [p.row_links], h: 8 };

u.dashboard('postgres-tables', 'Upkeep / Postgres indexes and vacuum', 'Tables and indexes: vacuum and analyze, bloat, indexes that nobody needs, transaction ids and sequences that run out.', [
  u.row('', [
    u.stat('Vacuum overdue', 'Tables with more dead rows than autovacuum waits for, and more than 10,000.', 'short', 'count(pg_stat_user_tables_n_dead_tup{%(o)s} > upkeep_postgres_table_vacuum_threshold_rows{%(o)s} and pg_stat_user_tables_n_dead_tup{%(o)s} > 10000) or 0 * count(pg_up{@} == 1)' % { o: of }, { thresholds: u.rising(1, 10), alerts: ['PostgresVacuumOverdue'] }),
    u.stat('Analyze overdue', 'Tables with more changed rows than their analyze waits for, and more than 10,000.', 'short', 'count(pg_stat_user_tables_n_mod_since_analyze{%(o)s} > upkeep_postgres_table_analyze_threshold_rows{%(o)s} and pg_stat_user_tables_n_mod_since_analyze{%(o)s} > 10000) or 0 * count(pg_up{@} == 1)' % { o: of }, { thresholds: u.rising(1, 10), alerts: ['PostgresAnalyzeOverdue'] }),
    u.stat('Bloat', 'Estimated bytes of tables and indexes that hold nothing.', 'bytes', 'sum(upkeep_postgres_table_bloat_bytes{%(o)s} or upkeep_postgres_index_bloat_bytes{%(o)s}) or 0 * count(pg_up{@} == 1)' % { o: of }, { colored: 'value', thresholds: u.plain, alerts: ['PostgresTableBloat', 'PostgresIndexBloat'] }),
    u.stat('Indexes not needed', 'Bytes of indexes that are unused, duplicate or redundant; what is two of these counts twice.', 'bytes', 'sum(upkeep_postgres_unused_index_bytes{%(o)s} or upkeep_postgres_duplicate_index_bytes{%(o)s} or upkeep_postgres_redundant_index_bytes{%(o)s}) or 0 * count(pg_up{@} == 1)' % { o: of }, { colored: 'value', thresholds: u.plain, alerts: ['PostgresUnusedIndexes', 'PostgresDuplicateIndex', 'PostgresRedundantIndex'] }),
    u.stat('Invalid indexes', 'That take space and updates, and are used by no query.', 'short', 'count(upkeep_postgres_invalid_index_bytes{%s}) or 0 * count(pg_up{@} == 1)' % of, { thresholds: u.above(1), alerts: ['PostgresInvalidIndex'] }),
    u.stat('Fullest sequence', 'Share of its numbers that is used up.', 'percentunit', 'max(upkeep_postgres_sequence_used_ratio{%s}) or 0 * count(pg_up{@} == 1)' % of, { decimals: 0, thresholds: u.rising(0.8, 0.95), alerts: ['PostgresSequenceAlmostOut'] }),
  ]),
  u.row('Vacuum', [
    u.table('Tables by dead rows', 'The 50 with the most, as a share of what autovacuum waits for: above 1 it should have come.', keys(table), [
      ['Of the threshold', largest(table, 'pg_stat_user_tables_n_dead_tup{#} / upkeep_postgres_table_vacuum_threshold_rows{#}'), u.colored('percentunit', u.rising(1, 2), { decimals: 0 })],
      ['Dead rows', each(table, 'pg_stat_user_tables_n_dead_tup{#}'), u.shown('short')],
      ['Live rows', each(table, 'pg_stat_user_tables_n_live_tup{#}'), u.shown('short')],
      ['Changed', each(table, 'pg_stat_user_tables_n_mod_since_analyze{#} / upkeep_postgres_table_analyze_threshold_rows{#}'), u.colored('percentunit', u.rising(1, 2), { decimals: 0 })],
      ['Vacuumed', '1000 * (%s)' % each(table, 'pg_stat_user_tables_last_autovacuum{#} > pg_stat_user_tables_last_vacuum{#} or pg_stat_user_tables_last_vacuum{#} > 0'), u.shown('dateTimeFromNow')],
      ['Size', each(table, 'pg_stat_user_tables_table_size_bytes{#}'), u.shown('bytes')],
    ], more { sort: 'Of the threshold', h: 9, alerts: ['PostgresVacuumOverdue', 'PostgresAnalyzeOverdue'] }),
    u.graph('Dead rows', 'Of the ten tables with the most.', 'short', [q(top('pg_stat_user_tables_n_dead_tup{#}'))], { to: [p.to_server, p.to_its_queries], alerts: ['PostgresVacuumOverdue'] }),
    u.graph('What holds vacuum back',
            'Transactions since the oldest row version that something still needs: a client, a prepared transaction, a slot, a standby. The ten oldest.',
            'short',
            [u.query(top('upkeep_postgres_xmin_age{@}'), '{{server}} {{holder}}')],
            { to: [p.to_server, p.to_its_queries], alerts: ['PostgresVacuumHeldBack'] }),
    u.graph('Vacuums under way',
            'Share of the table that is scanned. The ten latest.',
            'percentunit',
            [u.query(top('pg_stat_progress_vacuum_heap_blks_scanned{%s} / (pg_stat_progress_vacuum_heap_blks{%s} > 0)' % [of, of]), named)],
            { max: 1, noValue: 'No vacuum is known to run.', to: [p.to_server, p.to_its_queries], alerts: ['PostgresVacuumOverdue'] }),
    u.graph('Age of transaction ids',
            'As a share of what forces a vacuum (autovacuum_freeze_max_age). Above 1 it should run. Of the oldest database of each of the ten oldest servers.',
            'percentunit',
            [q(top('max by (instance, server) (upkeep_postgres_freeze_age_ratio{#})'), '{{server}}')],
            { thresholds: u.rising(1, 1.25), to: [p.to_server, p.to_its_queries], alerts: ['PostgresFreezeOverdue'] }),
    u.graph('Until writing stops', 'Share of the ids used up. Of the oldest database of each of the five oldest servers.', 'percentunit', [
      q(top('max by (instance, server) (upkeep_postgres_transaction_id_age_ratio{#})', 5), '{{server}} transactions'),
      q(top('max by (instance, server) (upkeep_postgres_multixact_age_ratio{#})', 5), '{{server}} multixacts'),
    ], { max: 1, thresholds: u.rising(0.5, 0.75), to: [p.to_server, p.to_its_queries], alerts: ['PostgresTransactionIdWraparound', 'PostgresMultixactWraparound'] }),
    u.bars('Fullest sequences',
           'Share of their numbers that is used up. The ten fullest.',
           'percentunit',
           top('upkeep_postgres_sequence_used_ratio{%s}' % of),
           '{{server}} {{datname}} {{sequencename}}',
           { max: 1, thresholds: u.rising(0.8, 0.95), to: [p.to_server, p.to_its_queries], alerts: ['PostgresSequenceAlmostOut'] }),
  ]),
  u.row('Space', [
    u.table('Tables by bloat', 'Estimated bytes without a row, the 50 largest. Statistics that are old make the estimate wrong.', keys(table), [
      ['Bloat', largest(table, 'upkeep_postgres_table_bloat_bytes{#}'), u.shown('bytes')],
      ['Share', each(table, 'upkeep_postgres_table_bloat_ratio{#}'), u.colored('percentunit', u.rising(0.3, 0.5), { decimals: 0 })],
    ], more { w: 12, sort: 'Bloat', alerts: ['PostgresTableBloat', 'PostgresBloatUnknown'] }),
    u.table('Indexes by bloat', 'Estimated bytes without an entry, the 50 largest B-trees.', keys(index), [
      ['Bloat', largest(index, 'upkeep_postgres_index_bloat_bytes{#}'), u.shown('bytes')],
      ['Share', each(index, 'upkeep_postgres_index_bloat_ratio{#}'), u.colored('percentunit', u.rising(0.3, 0.5), { decimals: 0 })],
    ], more { w: 12, sort: 'Bloat', alerts: ['PostgresIndexBloat'] }),
    u.graph('Largest tables', 'Without TOAST and indexes, as of their last vacuum. The ten largest.', 'bytes', [q(top('pg_stat_user_tables_table_size_bytes{#}'))], { w: 12, to: [p.to_server, p.to_its_queries] }),
    u.graph('Largest indexes', 'As of their last vacuum. The ten largest.', 'bytes', [q(top('upkeep_postgres_index_size_bytes{#}'), '{{server}} {{datname}} {{indexrelname}}')], { w: 12, to: [p.to_server, p.to_its_queries] }),
  ]),
  u.row('Use', [
    u.table('Unused indexes', 'Never scanned since statistics began, and needed by no constraint. Look at standbys too before dropping one.', keys(index), [
      ['Size', largest(index, 'upkeep_postgres_unused_index_bytes{#}'), u.shown('bytes')],
    ], more { w: 8, alerts: ['PostgresUnusedIndexes'], noValue: 'None is known.' }),
    u.table('Duplicate indexes', 'That do what another one does.', keys('indexrelname, duplicate_of, relname, datname, server, instance'), [
      ['Size', largest('indexrelname, duplicate_of, relname, datname, server, instance', 'upkeep_postgres_duplicate_index_bytes{#}'), u.shown('bytes')],
    ], more { w: 8, alerts: ['PostgresDuplicateIndex'], noValue: 'None is known.' }),
    u.table('Redundant indexes', 'Whose columns another one begins with.', keys('indexrelname, covered_by, relname, datname, server, instance'), [
      ['Size', largest('indexrelname, covered_by, relname, datname, server, instance', 'upkeep_postgres_redundant_index_bytes{#}'), u.shown('bytes')],
    ], more { w: 8, alerts: ['PostgresRedundantIndex'], noValue: 'None is known.' }),
    u.graph('Sequential scans', 'Rows read by them, a second. The ten tables with the most.', 'ops', [changes(top(rate('pg_stat_user_tables_seq_tup_read')))], { to: [p.to_server, p.to_its_queries] }),
    u.graph('Index scans', 'A second. The ten indexes with the most.', 'ops', [changes(top('max by (%s) (rate(pg_stat_user_indexes_idx_scan{#}[$__rate_interval]))' % index), '{{server}} {{datname}} {{indexrelname}}')], { to: [p.to_server, p.to_its_queries], alerts: ['PostgresUnusedIndexes'] }),
    u.graph('Rows changed',
            'Inserted, updated and deleted, a second. The ten tables with the most.',
            'ops',
            [changes(top('%s + %s + %s' % [rate('pg_stat_user_tables_n_tup_ins'), rate('pg_stat_user_tables_n_tup_upd'), rate('pg_stat_user_tables_n_tup_del')]))],
            { to: [p.to_server, p.to_its_queries], alerts: ['PostgresVacuumOverdue'] }),
  ]),
], variables=[p.server, p.database], here=p.here)
