local u = import 'upkeep.libsonnet';

local backup = '@, backup=~"$backup"';
local q(expr) = std.strReplace(expr, '#', backup);
local named = '{{backup}} on {{instance}}';
local keys = ['backup', 'instance'];
local each(expr) = q('max by (backup, instance) (%s)' % expr);
local top(expr) = 'topk(10, %s)' % q(expr);
local to_host = u.to('host', 'Host ${__field.labels.instance}');
local to_one = u.to('backups', 'Only backup ${__field.labels.backup}', keys);
local to = [to_one, to_host];
local host = u.board('host', 'The hosts that hold them');
local age = 'time() - (upkeep_backup_last_timestamp_seconds{#} > 0)';
local row_links = [
  u.field('backup', { links: [u.row_to('backups', 'Only this backup', keys)] }),
  u.field('instance', { links: [u.row_to('host', 'The host')] }),
];
local wrong(kind, expr) = 'label_replace(max by (backup, instance) (%s), "kind", "%s", "", "")' % [expr, kind];
local day = 86400;
local since_proof = 'time() - (upkeep_backup_restore_success_timestamp_seconds{#} > 0)';
local warn = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] };

u.dashboard('backups', 'Upkeep / Backups', 'Backups in their three proofs: they are there, they are whole, they restore.', [
  u.row('', [
    u.stat('Missing', 'Backups of which there is not one finished file.', 'short', q('count(upkeep_backup_last_timestamp_seconds{#} == 0) or 0 * count(upkeep_backup_max_age_seconds{#})'), { thresholds: u.above(1), alerts: ['BackupMissing'], links: [host] }),
    u.stat('Too old', 'Whose newest is older than max_age.', 'short', q('count((%s) > upkeep_backup_max_age_seconds{#}) or 0 * count(upkeep_backup_max_age_seconds{#})' % age), { thresholds: u.above(1), alerts: ['BackupTooOld'], links: [host] }),
    u.stat('Damaged', 'Whose newest was read to its end and is not whole.', 'short', q('count(upkeep_backup_verified{#} == 0) or 0 * count(upkeep_backup_max_age_seconds{#})'), { thresholds: u.above(1), alerts: ['BackupVerificationFailed'], links: [host] }),
    u.stat('Do not restore', 'Whose last trial restore failed.', 'short', q('count(upkeep_backup_restore_success{#} == 0) or 0 * count(upkeep_backup_max_age_seconds{#})'), { thresholds: u.above(1), alerts: ['BackupRestoreFailed'], links: [host] }),
    u.stat('Never restored', 'Of those that should be restored as a test: how many never were.', 'short', q('count(upkeep_backup_restore_success_timestamp_seconds{#} == 0) or 0 * count(upkeep_backup_max_age_seconds{#})'), { thresholds: warn, alerts: ['BackupRestoreOverdue'], links: [host] }),
    u.stat('Not restored as a test', 'Backups for which no trial restore is configured: nothing proves that they restore.', 'short', q('count(upkeep_backup_max_age_seconds{#} unless upkeep_backup_restore_interval_seconds{#}) or 0 * count(upkeep_backup_max_age_seconds{#})'), { thresholds: warn, alerts: ['BackupRestoreOverdue'], links: [host] }),
    u.table('Backups', 'Each backup with its proofs, those with the most wrong first. 100 % of the age is max_age.', keys, [
      ['Wrong', q('sum by (backup, instance) (%s)' % std.join(' or ', [
        wrong('missing', 'upkeep_backup_last_timestamp_seconds{#} == bool 0'),
        wrong('old', '(%s) > bool upkeep_backup_max_age_seconds{#}' % age),
        wrong('damaged', 'upkeep_backup_verified{#} == bool 0'),
        wrong('does not restore', 'upkeep_backup_restore_success{#} == bool 0'),
      ])), u.colored('short', u.above(1), { 'custom.width': 75 })],
      ['Age', each('(%s) / upkeep_backup_max_age_seconds{#}' % age), u.colored('percentunit', u.rising(0.95, 1), { decimals: 0 })],
      ['Newest', '1000 * ' + each('upkeep_backup_last_timestamp_seconds{#} > 0'), u.shown('dateTimeFromNow')],
      ['There', each('upkeep_backup_last_timestamp_seconds{#} > bool 0'), u.word({ '0': ['missing', 'red'], '1': ['yes', 'green'] })],
      ['Whole', each('upkeep_backup_verified{#}'), u.word({ '0': ['damaged', 'red'], '1': ['yes', 'green'] })],
      ['Restores', each('upkeep_backup_restore_success{#}'), u.word({ '0': ['no', 'red'], '1': ['yes', 'green'] })],
      ['Restored', '1000 * ' + each('upkeep_backup_restore_success_timestamp_seconds{#} > 0'), u.shown('dateTimeFromNow')],
      ['Size', each('upkeep_backup_size_bytes{#}'), u.shown('bytes')],
      ['Kept', each('upkeep_backup_files{#}'), u.shown('short')],
    ], { h: 9, sort: 'Wrong', first: true, widths: { backup: 150, instance: 150 }, alerts: ['BackupTooOld', 'BackupVerificationOverdue'], overrides: row_links }),
    u.table('What is wrong', 'Why backups cannot be seen, are not whole, or do not restore.', keys + ['reason'], [
      ['Problem', q('max by (backup, instance, reason) (label_replace(1 * upkeep_backup_source_failed{#}, "what", "source", "", "") or label_replace(2 * (upkeep_backup_verify_failure_info{#} and on (instance, backup) upkeep_backup_verified{#} == 0), "what", "verify", "", "") or label_replace(3 * (upkeep_backup_restore_failure_info{#} and on (instance, backup) upkeep_backup_restore_success{#} == 0), "what", "restore", "", ""))')
       , u.word({ '1': ['cannot be seen', 'orange'], '2': ['is not whole', 'red'], '3': ['does not restore', 'red'] })],
    ], { w: 12, h: 7, sort: 'Problem', noValue: 'Nothing is known to be wrong.', alerts: ['BackupVerificationFailed', 'BackupRestoreFailed', 'BackupSourceUnreadable'], overrides: row_links }),
    u.states('Proofs over time', 'Whether the newest backup was whole, and whether the last trial restore succeeded. The ten worst of each.', { '0': ['no', 'red'], '1': ['yes', 'green'] }, [
      u.query(q('bottomk(10, upkeep_backup_verified{#})'), '{{backup}} whole'),
      u.query(q('bottomk(10, upkeep_backup_restore_success{#})'), '{{backup}} restores'),
    ], { w: 12, h: 7, thresholds: u.below(1), to: to, alerts: ['BackupVerificationFailed', 'BackupRestoreFailed'] }),
  ]),
  u.row('There', [
    u.graph('Age',
            'Of the newest, as a share of max_age. A saw; the ten oldest.',
            'percentunit',
            [u.query(top('(%s) / upkeep_backup_max_age_seconds{#}' % age), named)],
            { thresholds: u.rising(0.95, 1), to: to, alerts: ['BackupTooOld'] }),
    u.graph('Size', 'Of the newest. The ten largest.', 'bytes', [u.query(top('upkeep_backup_size_bytes{#}'), named)], { to: to, alerts: ['BackupTooSmall', 'BackupShrank'] }),
    u.graph('Shrunk',
            'Share by which the newest is smaller than the one before it. The ten that shrank most.',
            'percentunit',
            [
              u.query(top('clamp_min(1 - upkeep_backup_size_bytes{#} / (upkeep_backup_previous_size_bytes{#} > 0), 0)'), named),
              u.query(q('min(upkeep_backup_max_shrink_ratio{#})'), 'limit'),
            ],
            { max: 1, to: to, alerts: ['BackupShrank'] }),
    u.graph('Kept', 'Complete backups. The ten with the most.', 'short', [u.query(top('upkeep_backup_files{#}'), named)], { decimals: 0, to: to, alerts: ['BackupsPastRetention'] }),
    u.graph('Space they take', 'All complete ones. The ten largest.', 'bytes', [u.query(top('upkeep_backup_total_bytes{#}'), named)], { stack: true, to: to, alerts: ['BackupsPastRetention'] }),
    u.graph('Room for the next',
            'How often the next one would fit into what is left of the file system. Below 1 it does not. The ten tightest.',
            'short',
            [u.query('bottomk(10, %s)' % q('upkeep_backup_free_bytes{#} / (upkeep_backup_next_size_bytes{#} > 0)'), named)],
            { thresholds: u.falling(3, 1), to: to, alerts: ['BackupDiskTooSmall'] }),
    u.table('Left over', 'Old ones that should be gone, unfinished ones, ones from the future, and damaged ones; the 50 with the most.', keys, [
      ['Past retention', q('topk(50, max by (backup, instance) (upkeep_backup_expired_files{#}))'), u.colored('short', u.above(1))],
      ['Unfinished', each('upkeep_backup_temporary_files{#}'), u.colored('short', u.above(1))],
      ['From the future', each('upkeep_backup_future_files{#}'), u.colored('short', u.above(1))],
      ['Damaged', each('upkeep_backup_corrupt_files{#}'), u.colored('short', u.above(1))],
      ['Not verified', each('upkeep_backup_unverified_files{#}'), u.shown('short')],
    ], { w: 16, h: 7, sort: 'Past retention', alerts: ['BackupsPastRetention', 'BackupLeftUnfinished', 'BackupInTheFuture'], overrides: row_links }),
    u.bars('Archive',
           'Age of the newest that was put by, as a share of what is allowed. The ten oldest.',
           'percentunit',
           top('(time() - (upkeep_backup_archive_last_timestamp_seconds{#} > 0)) / upkeep_backup_archive_max_age_seconds{#}'),
           named,
           { w: 8, h: 7, thresholds: u.rising(0.95, 1), to: to, alerts: ['BackupArchiveMissing'] }),
  ]),
  u.row('Whole', [
    u.graph('Waiting to be verified',
            'How long the newest has waited, as a share of what is allowed (within); nothing where it is verified. The ten longest.',
            'percentunit',
            [u.query(top('(time() - upkeep_backup_last_timestamp_seconds{#}) / upkeep_backup_verify_within_seconds{#} * (upkeep_backup_verified_backup_timestamp_seconds{#} < bool upkeep_backup_last_timestamp_seconds{#})'), named)],
            { thresholds: u.rising(0.8, 1), to: to, alerts: ['BackupVerificationOverdue'] }),
    u.graph('Read to verify', 'Bytes a second. The ten fastest.', 'Bps', [u.query(top('rate(upkeep_backup_verify_read_bytes_total{#}[$__rate_interval])'), named)], { to: to, alerts: ['BackupVerificationOverdue'] }),
    u.bars('Covered by checksums',
           'Share of its bytes of which a checksum would show every change. The ten least covered.',
           'percentunit',
           q('bottomk(10, upkeep_backup_verify_coverage_ratio{#})'),
           named,
           { max: 1, thresholds: u.falling(0.9, 0.01), to: to, alerts: ['BackupVerificationFailed'] }),
  ]),
  u.row('Restores', [
    u.bars('Since the last restore that succeeded',
           'As a share of how often there should be one (drill: every). The ten longest.',
           'percentunit',
           top('(%s) / upkeep_backup_restore_interval_seconds{#}' % since_proof),
           named,
           { thresholds: u.rising(1, 1.15), to: to, alerts: ['BackupRestoreOverdue'] }),
    u.graph('How long a restore takes', 'The last one: about the time that a real one would. The ten longest.', 's', [u.query(top('upkeep_backup_restore_duration_seconds{#}'), named)], { to: to, alerts: ['BackupRestoreFailed'] }),
    u.graph('What came out', 'Rows that the last trial restore brought. The ten largest.', 'short', [u.query(top('upkeep_backup_restore_rows{#}'), named)], { to: to, alerts: ['BackupRestoreFailed'] }),
  ]),
  u.row('What the tools say', [
    u.graph('Age of reports', 'Of pgBackRest, Barman, restic and WAL-G. The ten oldest.', 's', [u.query(top('time() - upkeep_backup_report_timestamp_seconds{#}'), named)], { w: 12, h: 6, thresholds: u.rising(day, 2 * day), to: to, alerts: ['BackupReportedFailed'] }),
    u.stat('Reported as failed', 'Backups whose tool itself speaks of an error.', 'short', q('sum(upkeep_backup_report_error{#}) or 0 * count(upkeep_backup_max_age_seconds{#})'), { w: 6, h: 6, thresholds: u.above(1), alerts: ['BackupReportedFailed'], links: [host] }),
    u.stat('Upkeep cannot keep its notes', 'Backups whose results would be lost in a restart, because the directory `state` cannot be written.', 'short', q('count(upkeep_backup_state_writable{#} == 0) or 0 * count(upkeep_backup_max_age_seconds{#})'), { w: 6, h: 6, thresholds: u.above(1), alerts: ['BackupStateUnwritable'], links: [host] }),
  ]),
], variables=[
  u.choose('backup', 'upkeep_backup_max_age_seconds{job=~"$job", instance=~"$instance"}', 'Backup'),
], from='now-7d')
