// needs rules/certificates.yml
local u = import 'upkeep.libsonnet';

local of_file = '@, filepath=~"$filepath"';
local of_endpoint = '@, endpoint=~"$endpoint"';
local f(expr) = std.strReplace(expr, '#', of_file);
local e(expr) = std.strReplace(expr, '#', of_endpoint);
local top(expr) = 'topk(10, %s)' % expr;
local bottom(expr, n=10) = 'bottomk(%d, %s)' % [n, expr];
local to_host = u.to('host', 'Host ${__field.labels.instance}');
local to_file = u.to('certificates', 'Only this file', ['instance', 'filepath']);
local to_endpoint = u.to('certificates', 'Only ${__field.labels.endpoint}', ['instance', 'endpoint']);
local host = u.board('host', 'The hosts they lie on');
local host_link = u.field('instance', { links: [u.row_to('host', 'The host')] });
local day = 86400;
local left = u.falling(21 * day, 7 * day);
// Seconds that are left of what lies in files; of what endpoints send.
local file_left = f('min by (instance, filepath, subject_CN) (x509_cert_not_after{#}) - time()');
local served_left = e('min by (instance, endpoint) (upkeep_certificate_endpoint_earliest_not_after_seconds{#}) - time()');
local file_urgent = f('(min by (instance, filepath) (x509_cert_not_after{#}) - time()) < on (instance, filepath) max by (instance, filepath) (upkeep_certificate_file_critical_before_seconds{#})');
local served_urgent = e('(min by (instance, endpoint) (upkeep_certificate_endpoint_earliest_not_after_seconds{#}) - time()) < on (instance, endpoint) max by (instance, endpoint) (upkeep_certificate_endpoint_critical_before_seconds{#})');

u.dashboard('certificates', 'Upkeep / Certificates', 'Certificates in files and as they are served: how long they last, whether they are trusted, whether renewals work.', [
  u.row('', [
    u.stat('Ends first', 'How long the certificate lasts that ends first, in files or served.', 's', 'min((%s) or (%s))' % [file_left, served_left], { decimals: 0, thresholds: left, alerts: ['CertificateExpiring', 'CertificateServedExpiring'], links: [host] }),
    u.stat('Expired', 'Certificates in files that have expired.', 'short', f('sum(x509_cert_expired{#}) or 0 * count(x509_source_up{@})'), { thresholds: u.above(1), alerts: ['CertificateExpired'], links: [host] }),
    u.stat('Served, not trusted', 'Endpoints whose certificates were found not to be good.', 'short', e('count(upkeep_certificate_endpoint_verified{#} == 0) or 0 * count(x509_source_up{@})'), { thresholds: u.above(1), alerts: ['CertificateVerificationFailed', 'CertificateServedExpired'], links: [host] }),
    u.stat('Served, not the new one', 'Endpoints that still serve another certificate than the one in the file: it was renewed, and nobody told them.', 'short', e('count(upkeep_certificate_endpoint_serves_file{#} == 0) or 0 * count(x509_source_up{@})'), { thresholds: u.above(1), alerts: ['CertificateNotReloaded'], links: [host] }),
    u.stat('Broken files', 'Files whose chain is broken, or whose key does not belong to them.', 'short', f('count(upkeep_certificate_file_chain_whole{#} == 0 or on (instance, filepath) upkeep_certificate_key_matches{#} == 0) or 0 * count(x509_source_up{@})'), { thresholds: u.above(1), alerts: ['CertificateChainBroken', 'CertificateKeyMismatch'], links: [host] }),
    u.stat('Not seen', 'Sources and endpoints that could not be looked at: what is known of them is of before.', 'short', 'count(x509_source_up{@} == 0 or upkeep_certificate_endpoint_up{@} == 0) or 0 * count(x509_source_up{@})', { thresholds: u.above(1), alerts: ['CertificateSourceUnreadable', 'CertificateUnreadable', 'CertificateEndpointUnreachable'], links: [host] }),
    u.table('In files', 'The 50 certificates that end first.', ['subject_CN', 'filepath', 'instance'], [
      ['Left', bottom(file_left, 50), u.colored('s', left, { decimals: 0 })],
      ['Ends', '1000 * ' + f('min by (instance, filepath, subject_CN) (x509_cert_not_after{#})'), u.shown('dateTimeAsIso')],
      ['Of critical_before', f('(min by (instance, filepath, subject_CN) (x509_cert_not_after{#}) - time()) / on (instance, filepath) group_left () max by (instance, filepath) (upkeep_certificate_file_critical_before_seconds{#})'), u.colored('short', u.falling(3, 1), { decimals: 1 })],
    ], { w: 12, h: 9, sort: 'Left', descending: false, alerts: ['CertificateExpiring', 'CertificateExpired'], overrides: [host_link, u.field('filepath', { links: [u.row_to('certificates', 'Only this file', ['instance', 'filepath'])] })] }),
    u.table('As they are served', 'The 50 endpoints whose certificate ends first.', ['endpoint', 'instance'], [
      ['Left', bottom(served_left, 50), u.colored('s', left, { decimals: 0 })],
      ['Trusted', e('max by (endpoint, instance) (upkeep_certificate_endpoint_verified{#})'), u.word({ '0': ['no', 'red'], '1': ['yes', 'green'] })],
      ['Answers', e('max by (endpoint, instance) (upkeep_certificate_endpoint_up{#})'), u.word({ '0': ['no', 'orange'], '1': ['yes', 'green'] })],
      ['Serves the file', e('min by (endpoint, instance) (upkeep_certificate_endpoint_serves_file{#})'), u.word({ '0': ['no', 'orange'], '1': ['yes', 'green'] })],
    ], { w: 12, h: 9, sort: 'Left', descending: false, noValue: 'No endpoints are configured.', alerts: ['CertificateServedExpiring', 'CertificateVerificationFailed'], overrides: [host_link, u.field('endpoint', { links: [u.row_to('certificates', 'Only this endpoint', ['instance', 'endpoint'])] })] }),
    u.table('What is wrong', 'Files that cannot be read and endpoints that cannot be reached or are not to be trusted, and why; the first 50.', ['filepath', 'endpoint', 'reason', 'instance'], [
      ['Problem', 'topk(50, max by (filepath, endpoint, reason, instance) (%s))' % f(e('upkeep_certificate_file_failed{@, filepath=~"$filepath"} or 2 * upkeep_certificate_endpoint_failed{@, endpoint=~"$endpoint"} or 3 * upkeep_certificate_endpoint_verify_failed{@, endpoint=~"$endpoint"}')), u.word({ '1': ['cannot be read', 'orange'], '2': ['shows none', 'orange'], '3': ['is not trusted', 'red'] })],
    ], { w: 12, h: 7, sort: 'Problem', noValue: 'Nothing is known to be wrong.', alerts: ['CertificateVerificationFailed', 'CertificateUnreadable'], overrides: [host_link] }),
    u.states('Trusted over time',
             'Whether the certificates of endpoints were found good. The 20 worst.',
             { '0': ['no', 'red'], '1': ['yes', 'green'] },
             [u.query(e('bottomk(20, upkeep_certificate_endpoint_verified{#})'), '{{endpoint}}')],
             { w: 12, h: 7, thresholds: u.below(1), to: [to_endpoint, to_host], alerts: ['CertificateVerificationFailed'] }),
  ]),
  u.row('Over time', [
    u.graph('Left in files', 'Of the ten that end first, and when it is urgent (critical_before).', 's', [
      u.query(bottom(file_left), '{{subject_CN}} {{filepath}}'),
      u.query(f('min(upkeep_certificate_file_critical_before_seconds{#})'), 'limit'),
    ], { w: 12, min:: null, to: [to_file, to_host], alerts: ['CertificateExpiring'] }),
    u.graph('Left where they are served', 'Of the ten endpoints that end first, and when it is urgent (critical_before).', 's', [
      u.query(bottom(served_left), '{{endpoint}}'),
      u.query(e('min(upkeep_certificate_endpoint_critical_before_seconds{#})'), 'limit'),
    ], { w: 12, min:: null, to: [to_endpoint, to_host], alerts: ['CertificateServedExpiring'] }),
    u.graph('Handshakes',
            'Time from connecting to the end of the handshake. The ten slowest endpoints.',
            's',
            [u.query(e(top('upkeep_certificate_endpoint_handshake_seconds{#}')), '{{endpoint}}')],
            { thresholds: u.rising(1, 5), to: [to_endpoint, to_host], alerts: ['CertificateEndpointUnreachable'] }),
    u.stat('Renewals that failed', 'Certificates that the last run of certbot could not renew.', 'short', 'sum(upkeep_certbot_renewal_failed{@}) or 0 * count(x509_source_up{@})', { h: 8, thresholds: u.above(1), alerts: ['CertificateRenewalFailed', 'CertificateRenewalNotConfigured'], links: [host] }),
    u.stat('Last run of certbot', 'Of the host where it is longest ago, as a share of attempt_within: above 1 it is overdue.', 'percentunit', 'max((time() - (upkeep_certbot_last_attempt_timestamp_seconds{@} > 0)) / upkeep_certbot_attempt_within_seconds{@}) or 0 * count(x509_source_up{@})', { h: 8, decimals: 0, thresholds: u.rising(0.8, 1), alerts: ['CertificateRenewalOverdue'], links: [host] }),
    u.graph('Certificates', 'That are watched: in files, and at endpoints.', 'short', [
      u.query(f('count(x509_cert_not_after{#})'), 'in files'),
      u.query(e('count(upkeep_certificate_endpoint_up{#}) or 0 * count(x509_source_up{@})'), 'endpoints'),
    ], { decimals: 0, links: [host], alerts: ['CertificateSourceUnreadable'] }),
  ]),
], variables=[
  u.choose('filepath', 'x509_cert_not_after{job=~"$job", instance=~"$instance"}', 'File'),
  u.choose('endpoint', 'upkeep_certificate_endpoint_up{job=~"$job", instance=~"$instance"}', 'Endpoint'),
], from='now-7d')
