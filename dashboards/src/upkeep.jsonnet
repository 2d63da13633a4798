local u = import 'upkeep.libsonnet';

local top(expr, n=10) = 'topk(%d, %s)' % [n, expr];
local to_one = u.to('upkeep', 'Only ${__field.labels.instance}');
local to_host = u.to('host', 'Host ${__field.labels.instance}');
local to = [to_one, to_host];
local host = u.board('host', 'The hosts');
local late = 'upkeep_collector_running_seconds{@} > upkeep_collector_timeout_seconds{@}';
local keys = ['collector', 'name', 'instance'];
local each(expr) = 'max by (collector, name, instance) (%s)' % expr;
local named = '{{collector}} {{name}} on {{instance}}';
local row_links = [u.field('instance', { links: [u.row_to('upkeep', 'Only this Upkeep'), u.row_to('host', 'The host')] })];

u.dashboard('upkeep', 'Upkeep / Upkeep itself', 'Whether Upkeep is reached, which of its collectors work and are in time, and what it costs.', [
  u.row('', [
    u.stat('Not reached', 'Upkeeps that Prometheus does not reach.', 'short', 'count(up{@, job="upkeep"} == 0) or 0 * count(up{@, job="upkeep"})', { thresholds: u.above(1), alerts: ['UpkeepDown', 'UpkeepAbsent'], links: [host] }),
    u.stat('Collectors failing', 'Whose last look ended with an error.', 'short', 'count(upkeep_collector_success{@} == 0) or 0 * count(up{@, job="upkeep"} == 1)', { thresholds: u.above(1), alerts: ['UpkeepCollectorFailing'], links: [host] }),
    u.stat('Collectors late', 'Whose look takes longer than it may.', 'short', 'count(%s) or 0 * count(up{@, job="upkeep"} == 1)' % late, { thresholds: u.above(1), alerts: ['UpkeepCollectorLate'], links: [host] }),
    u.stat('Collectors stuck', 'Whose data was withdrawn, for it was too old.', 'short', 'sum(upkeep_collector_stale{@}) or 0 * count(up{@, job="upkeep"} == 1)', { thresholds: u.above(1), alerts: ['UpkeepCollectorStuck'], links: [host] }),
    u.stat('Old configuration', 'Upkeeps that refused their new configuration and run on the old one.', 'short', 'count(upkeep_config_last_reload_successful{@} == 0) or 0 * count(up{@, job="upkeep"} == 1)', { thresholds: u.above(1), alerts: ['UpkeepConfigReloadFailed'], links: [host] }),
    u.stat('Text files left out', 'Files of other programs that are broken or stale.', 'short', 'sum(upkeep_textfile_error{@}) or 0 * count(up{@, job="upkeep"} == 1)', { thresholds: u.above(1), alerts: ['UpkeepTextfileBroken', 'UpkeepTextfilesUnreadable'], links: [host] }),
    u.table('Collectors that do not work', 'Those that fail, are late or stuck; the 100 first.', keys, [
      ['State', each('topk(100, label_replace(3 * (upkeep_collector_stale{@} == 1), "kind", "stuck", "", "") or label_replace(2 * (%s > bool 0), "kind", "late", "", "") or label_replace(upkeep_collector_success{@} == bool 0, "kind", "fails", "", "") > 0)' % late), u.word({ '1': ['fails', 'orange'], '2': ['late', 'orange'], '3': ['stuck', 'red'] })],
      ['Last success', '1000 * ' + each('upkeep_collector_last_success_timestamp_seconds{@} and on (collector, name, instance) (upkeep_collector_success{@} == 0 or upkeep_collector_stale{@} == 1 or %s)' % late), u.shown('dateTimeFromNow')],
    ], { w: 12, h: 8, sort: 'State', noValue: 'No collector is known to fail.', alerts: ['UpkeepCollectorFailing', 'UpkeepCollectorStuck'], overrides: row_links }),
    u.states('Collectors over time', 'Those that failed within the time that is shown, red while they did. 15 of them.', { '0': ['fails', 'red'], '1': ['works', 'green'] }, [
      u.query('bottomk(15, max by (collector, name, instance) (upkeep_collector_success{@} and min_over_time(upkeep_collector_success{@}[$__range]) == 0))', named),
    ], { w: 12, h: 8, thresholds: u.below(1), noValue: 'No collector is known to have failed.', to: to, alerts: ['UpkeepCollectorFailing'] }),
  ]),
  u.row('Scrapes', [
    u.graph('How long scrapes take',
            'As Prometheus sees it, network included. The ten slowest.',
            's',
            [u.query(top('scrape_duration_seconds{@, job="upkeep"}'), '{{instance}}')],
            { thresholds: u.rising(1, 5), to: to, alerts: ['UpkeepScrapesFailing'] }),
    u.graph('Series', 'That a scrape brings. The ten with the most.', 'short', [u.query(top('scrape_samples_scraped{@, job="upkeep"}'), '{{instance}}')], { decimals: 0, to: to, alerts: ['UpkeepSeriesDropped'] }),
    u.graph('Answers',
            'By status, a second. Of all Upkeeps that are selected.',
            'reqps',
            [u.query('sum by (handler, code) (rate(upkeep_http_responses_total{@}[$__rate_interval]))', '{{handler}} {{code}}')],
            { stack: true, links: [host], alerts: ['UpkeepScrapesFailing'] }),
  ]),
  u.row('Collectors', [
    u.graph('How long looks take', 'The ten slowest collectors.', 's', [u.query(top('upkeep_collector_duration_seconds{@}'), named)], { thresholds: u.above(10), to: to, alerts: ['UpkeepCollectorLate'] }),
    u.graph('Of the time they have',
            'How long the present look has taken, as a share of its timeout. Above 1 it is late. The ten longest.',
            'percentunit',
            [u.query(top('upkeep_collector_running_seconds{@} / upkeep_collector_timeout_seconds{@}'), named)],
            { thresholds: u.rising(0.8, 1), to: to, alerts: ['UpkeepCollectorLate'] }),
    u.graph('Since the last success',
            'Of collectors with an interval, in intervals: 1 is on time. The ten longest.',
            'short',
            [u.query(top('(time() - upkeep_collector_last_success_timestamp_seconds{@}) / upkeep_collector_interval_seconds{@}'), named)],
            { thresholds: u.rising(3, 5), to: to, alerts: ['UpkeepCollectorStuck'] }),
    u.graph('Looks',
            'By how they ended, a second. Of all Upkeeps that are selected.',
            'ops',
            [u.query('sum by (outcome) (rate(upkeep_collector_runs_total{@}[$__rate_interval]))', '{{outcome}}')],
            { stack: true, links: [host], alerts: ['UpkeepCollectorFailing'] }),
    u.graph('Left out', 'Series that were dropped as duplicates or over the limit, and families that others have too. The five worst of each.', 'short', [
      u.query('topk(5, upkeep_collector_dropped_series{@}) or 0 * count(up{@, job="upkeep"} == 1)', named),
      u.query('topk(5, upkeep_exposition_families_left_out{@})', 'families on {{instance}}'),
    ], { decimals: 0, thresholds: u.above(1), to: to, alerts: ['UpkeepSeriesDropped', 'UpkeepFamiliesLeftOut'] }),
    u.graph('Age of text files', 'Since another program wrote them. The ten oldest.', 's', [u.query(top('time() - node_textfile_mtime_seconds{@}'), '{{file}} on {{instance}}')], { thresholds: u.rising(86400, 7 * 86400), to: to, alerts: ['UpkeepTextfileBroken'] }),
  ]),
  u.row('Costs', [
    u.graph('CPU', 'Share of one CPU. The ten dearest.', 'percentunit', [u.query(top('rate(process_cpu_seconds_total{@, job="upkeep"}[$__rate_interval])'), '{{instance}}')], { thresholds: u.rising(0.1, 0.5), to: to }),
    u.graph('Memory', 'Resident. The ten largest.', 'bytes', [u.query(top('process_resident_memory_bytes{@, job="upkeep"}'), '{{instance}}')], { thresholds: u.above(134217728), to: to, alerts: ['UpkeepMemoryHigh'] }),
    u.graph('File descriptors', 'Share of those it may open. The ten highest.', 'percentunit', [u.query(top('process_open_fds{@, job="upkeep"} / process_max_fds{@, job="upkeep"}'), '{{instance}}')], { max: 1, thresholds: u.rising(0.6, 0.8), to: to, alerts: ['UpkeepFileDescriptorsAlmostOut'] }),
    u.graph('Restarts', 'Within half an hour. The ten with the most.', 'short', [u.query(top('changes(process_start_time_seconds{@, job="upkeep"}[30m])'), '{{instance}}')], { decimals: 0, thresholds: u.above(3), to: to, alerts: ['UpkeepRestarting'] }),
    u.graph('Connections refused, log lines lost', 'Within 15 minutes. The five worst of each.', 'short', [
      u.query(top('increase(upkeep_http_connections_refused_total{@}[15m])', 5), '{{instance}} refused'),
      u.query(top('increase(upkeep_log_dropped_total{@}[15m])', 5), '{{instance}} lost'),
    ], { decimals: 0, thresholds: u.above(1), to: to, alerts: ['UpkeepConnectionsRefused', 'UpkeepLogDropped'] }),
    u.graph('Versions', 'Upkeeps by version.', 'short', [u.query('count by (version) (upkeep_build_info{@})', '{{version}}')], { stack: true, decimals: 0, links: [host] }),
  ]),
], jobs='up')
