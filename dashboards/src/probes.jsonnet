// needs rules/probes.yml
local u = import 'upkeep.libsonnet';

local target = '@, target=~"$target", module=~"$module"';
local q(expr) = std.strReplace(expr, '#', target);
local top(expr, n=10) = 'topk(%d, %s)' % [n, q(expr)];
local keys = ['target', 'module', 'instance'];
local each(expr) = q('max by (target, module, instance) (%s)' % expr);
local named = '{{target}} from {{instance}}';
local to_one = u.to('probes', 'Only ${__field.labels.target}', ['instance', 'target']);
local to_host = u.to('host', 'Host ${__field.labels.instance}');
local to = [to_one, to_host];
local host = u.board('host', 'The hosts that ask');
local warn = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] };
local slow = 'probe_duration_seconds{#} > upkeep_probe_slow_threshold_seconds{#} and probe_success{#} == 1';
local day = 86400;
local row_links = [
  u.field('target', { links: [u.row_to('probes', 'Only this endpoint', ['instance', 'target'])] }),
  u.field('instance', { links: [u.row_to('host', 'The host that asks')] }),
];

u.dashboard('probes', 'Upkeep / Probes', 'Endpoints as a client sees them: whether they answer, as they should, and how fast.', [
  u.row('', [
    u.stat('Down', 'Endpoints that do not answer, or not as they should.', 'short', q('count(probe_success{#} == 0) or 0 * count(probe_success{@})'), { thresholds: u.above(1), alerts: ['EndpointDown', 'EndpointWrongAnswer'], links: [host] }),
    u.stat('Slow', 'Endpoints that answer more slowly than slow_after.', 'short', q('count(%s) or 0 * count(probe_success{@})' % slow), { thresholds: warn, alerts: ['EndpointSlow'], links: [host] }),
    u.stat('Flapping', 'Endpoints that went or came back six times within half an hour.', 'short', q('count(changes(probe_success{#}[30m]) >= 6) or 0 * count(probe_success{@})'), { thresholds: warn, alerts: ['EndpointFlapping'], links: [host] }),
    u.stat('Availability', 'Share of the time that is shown in which all endpoints answered as they should.', 'percentunit', q('avg(avg_over_time(probe_success{#}[$__range]))'), { decimals: 2, thresholds: u.falling(0.999, 0.99), alerts: ['EndpointDown'], links: [host] }),
    u.stat('Certificate ends first', 'How long the certificate lasts that ends first.', 's', q('min(probe_ssl_earliest_cert_expiry{#}) - time()'), { decimals: 0, thresholds: u.falling(21 * day, 7 * day), alerts: ['EndpointTlsExpiring'], links: [host] }),
    u.stat('Probes late', 'Seconds that the probe has waited that has waited longest for its turn.', 's', 'max(upkeep_probes_behind_seconds{@}) or 0 * count(probe_success{@})', { decimals: 0, thresholds: u.rising(5, 30), alerts: ['EndpointProbesLate'], links: [host] }),
    u.table('Endpoints', 'Those that fail first, then the slowest; 100 of them.', keys, [
      ['Answers', q('bottomk(100, max by (target, module, instance) (probe_success{#}))'), u.word({ '0': ['no', 'red'], '1': ['yes', 'green'] })],
      ['Failed in a row', each('upkeep_probe_consecutive_failures{#}'), u.colored('short', u.above(1))],
      ['Took', each('probe_duration_seconds{#}'), u.shown('s')],
      ['Of slow_after', each('probe_duration_seconds{#} / (upkeep_probe_slow_threshold_seconds{#} > 0)'), u.colored('percentunit', u.rising(0.7, 1), { decimals: 0 })],
      ['Status', each('probe_http_status_code{#}'), u.colored('none', u.rising(400, 500))],
      ['Certificate left', each('probe_ssl_earliest_cert_expiry{#} - time()'), u.colored('s', u.falling(21 * day, 7 * day), { decimals: 0 })],
      ['Last success', '1000 * ' + each('upkeep_probe_last_success_timestamp_seconds{#} > 0'), u.shown('dateTimeFromNow')],
    ], { w: 16, h: 10, sort: 'Answers', descending: false, alerts: ['EndpointDown', 'EndpointWrongAnswer'], overrides: row_links }),
    u.table('Why', 'What is wrong with those that fail; the first 100.', ['target', 'reason', 'instance'], [
      ['Failures', q('topk(100, max by (target, reason, instance) (probe_failure_info{#} > 0))')],
    ], { w: 8, h: 10, sort: 'target', descending: false, hidden: true, noValue: 'No endpoint is known to fail.', alerts: ['EndpointDown', 'EndpointWrongAnswer'], overrides: row_links }),
  ]),
  u.row('Over time', [
    u.states('Answers',
             'Red while they do not answer, or not as they should. The 20 worst.',
             { '0': ['down', 'red'], '1': ['answers', 'green'] },
             [u.query(q('bottomk(20, probe_success{#})'), named)],
             { w: 12, h: 9, thresholds: u.below(1), to: to, alerts: ['EndpointDown'] }),
    u.graph('How long they take',
            'From the name to the verdict. The ten slowest.',
            's',
            [u.query(top('probe_duration_seconds{#}'), named), u.query(q('min(upkeep_probe_slow_threshold_seconds{#} > 0)'), 'limit')],
            { w: 12, h: 9, to: to, alerts: ['EndpointSlow'] }),
    u.graph('Phases of HTTP',
            'What the time is spent on, on average over all endpoints that are selected.',
            's',
            [u.query(q('avg by (phase) (probe_http_duration_seconds{#})'), '{{phase}}')],
            { stack: true, links: [host], alerts: ['EndpointSlow'] }),
    u.graph('Failures and second attempts', 'Runs that failed, and attempts after one that failed, a minute. The five worst of each.', 'short', [
      u.query(top('60 * rate(upkeep_probe_failures_total{#}[$__rate_interval])', 5), named + ' failed'),
      u.query(top('60 * rate(upkeep_probe_retries_total{#}[$__rate_interval])', 5), named + ' tried again'),
    ], { to: to, alerts: ['EndpointFlapping'] }),
    u.graph('Certificates',
            'How long they last. The ten that end first.',
            's',
            [u.query('bottomk(10, %s)' % q('probe_ssl_earliest_cert_expiry{#} - time()'), named)],
            { min:: null, thresholds: u.falling(21 * day, 7 * day), to: to, alerts: ['EndpointTlsExpiring'] }),
    u.graph('Names', 'How long it took to look up the name. The ten slowest.', 's', [u.query(top('probe_dns_lookup_time_seconds{#}'), named)], { thresholds: u.rising(0.5, 2), to: to, alerts: ['EndpointSlow'] }),
    u.graph('Size of answers', 'Bodies as they were read, decompressed. The ten largest.', 'bytes', [u.query(top('probe_http_uncompressed_body_length{#}'), named)], { to: to, alerts: ['EndpointWrongAnswer'] }),
    u.graph('Since they were asked',
            'In intervals: 1 is on time. The ten longest.',
            'short',
            [u.query(top('(time() - (upkeep_probe_last_run_timestamp_seconds{#} > 0)) / upkeep_probe_interval_seconds{#}'), named)],
            { thresholds: u.rising(2, 5), to: to, alerts: ['EndpointProbesLate'] }),
  ]),
], variables=[
  u.choose('target', 'probe_success{job=~"$job", instance=~"$instance"}', 'Endpoint'),
  u.choose('module', 'probe_success{job=~"$job", instance=~"$instance", target=~"$target"}', 'Kind'),
])
