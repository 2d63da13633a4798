local u = import 'upkeep.libsonnet';

local top(expr, n=10) = 'topk(%d, %s)' % [n, expr];
// Without the path of its file.
local of_group(expr) = 'label_replace(%s, "rule_group", "$1", "rule_group", ".*;(.*)")' % expr;
local overview = u.board('overview', 'What fires', []);
local warn = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] };

u.dashboard('monitoring', 'Upkeep / Prometheus and Alertmanager', 'Whether alerts are evaluated, handed on and sent: what carries all the others.', [
  u.row('', [
    u.stat('Watchdog', 'Whether the alert that always fires does. While it does, Prometheus evaluates its rules.', 'none', 'max(ALERTS{alertname="Watchdog", alertstate="firing"}) or vector(0)', { mappings: u.yes_no, thresholds: u.below(1), alerts: ['Watchdog'], links: [overview] }),
    u.stat('Targets down', 'Of all jobs.', 'short', 'count(up{@} == 0) or 0 * count(up{@})', { thresholds: u.above(1), alerts: ['PrometheusTargetDown'], links: [overview] }),
    u.stat('Alertmanagers', 'That a Prometheus knows; the one that knows the fewest.', 'short', 'min(prometheus_notifications_alertmanagers_discovered{@})', { thresholds: u.below(1), alerts: ['PrometheusNotConnectedToAlertmanager'], links: [overview] }),
    u.stat('Old configuration', 'Prometheus and Alertmanagers that refused their new one.', 'short', 'count(prometheus_config_last_reload_successful{@} == 0 or alertmanager_config_last_reload_successful{@} == 0) or 0 * count(up{@})', { thresholds: u.above(1), alerts: ['PrometheusConfigReloadFailed', 'AlertmanagerConfigReloadFailed'], links: [overview] }),
    u.stat('Rules that fail', 'Evaluations within five minutes: alerts that cannot fire.', 'short', 'sum(increase(prometheus_rule_evaluation_failures_total{@}[5m]))', { decimals: 0, thresholds: u.above(1), alerts: ['PrometheusRuleEvaluationFailing'], links: [overview] }),
    u.stat('Storage trouble', 'Within three hours: what could not be compacted, loaded or written.', 'short', 'sum(increase(prometheus_tsdb_compactions_failed_total{@}[3h]) + increase(prometheus_tsdb_reloads_failures_total{@}[3h]) + increase(prometheus_tsdb_wal_corruptions_total{@}[3h]) + increase(prometheus_tsdb_wal_writes_failed_total{@}[3h]))', { decimals: 0, thresholds: warn, alerts: ['PrometheusStorageFailing'], links: [overview] }),
    u.table('Targets', 'What Prometheus asks, those that do not answer first; 100 of them.', ['job', 'instance'], [
      ['Answers', 'bottomk(100, max by (job, instance) (up{@}))', u.word({ '0': ['no', 'red'], '1': ['yes', 'green'] })],
      ['Answer took', 'max by (job, instance) (scrape_duration_seconds{@})', u.colored('s', u.rising(1, 5))],
      ['Series', 'max by (job, instance) (scrape_samples_scraped{@})', u.shown('short')],
    ], { w: 12, h: 8, sort: 'Answers', descending: false, alerts: ['PrometheusTargetDown', 'MonitoringUnwatched'], overrides: [u.field('instance', { links: [u.row_to('upkeep', 'Its Upkeep'), u.row_to('host', 'The host')] })] }),
    u.states('Targets over time',
             'Red while they do not answer. The 20 worst.',
             { '0': ['down', 'red'], '1': ['up', 'green'] },
             [u.query('bottomk(20, up{@})', '{{job}} {{instance}}')],
             { w: 12, h: 8, thresholds: u.below(1), to: [u.to('upkeep', 'Upkeep on ${__field.labels.instance}'), u.to('host', 'Host ${__field.labels.instance}')], alerts: ['PrometheusTargetDown'] }),
  ]),
  u.row('From Prometheus to a page', [
    u.graph('Rules that fail or are late', 'Evaluations that failed, and that were left out, within five minutes. The five worst groups of each.', 'short', [
      u.query(top(of_group('increase(prometheus_rule_evaluation_failures_total{@}[5m])'), 5), '{{rule_group}} failed'),
      u.query(top(of_group('increase(prometheus_rule_group_iterations_missed_total{@}[5m])'), 5), '{{rule_group}} late'),
    ], { decimals: 0, thresholds: u.above(1), links: [overview], alerts: ['PrometheusRuleEvaluationFailing', 'PrometheusRuleEvaluationLate'] }),
    u.graph('Alerts that do not reach Alertmanager', 'Share that failed, and alerts that were dropped within five minutes.', 'short', [
      u.query(top('increase(prometheus_notifications_errors_total{@}[5m]) / (increase(prometheus_notifications_sent_total{@}[5m]) > 0)'), '{{alertmanager}} failed'),
      u.query(top('increase(prometheus_notifications_dropped_total{@}[5m])'), '{{instance}} dropped'),
    ], { thresholds: u.above(0.05), links: [overview], alerts: ['PrometheusNotificationsFailing', 'PrometheusNotificationsDropped'] }),
    u.graph('Notifications', 'That Alertmanager sent, and that failed, within 15 minutes.', 'short', [
      u.query('sum by (integration) (increase(alertmanager_notifications_total{@}[15m])) > 0 or sum(increase(alertmanager_notifications_total{@}[15m]))', '{{integration}} sent'),
      u.query('sum by (integration) (increase(alertmanager_notifications_failed_total{@}[15m])) > 0 or sum(increase(alertmanager_notifications_failed_total{@}[15m]))', '{{integration}} failed'),
    ], { decimals: 0, links: [overview], alerts: ['AlertmanagerNotificationsFailing'], overrides: [u.fields('/failed$/', { color: { mode: 'fixed', fixedColor: 'red' } })] }),
  ]),
], jobs='up')
