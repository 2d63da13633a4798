// The maintenance checklist. Which alerts stand for an item is taken from the rules: an alert that is on no item, or on
// two of one schedule, fails the generation.
local u = import 'upkeep.libsonnet';

// Some alerts are about no instance (there is none), or about jobs that are not Upkeep's.
local here = 'job=~"$job|", instance=~"$instance|"';
local firing = 'ALERTS{@, alertstate="firing"%s}';
local count(more) = 'count(%s) or vector(0)' % (firing % more);

// An item: its title, what is looked at, the dashboard that shows it, the metric without which nothing is looked at, and
// its alerts: of a domain (a file of rules) those named, or those left over.
local item(title, text, board, watched, domain, names=[]) =
  { title: title, text: text, board: board, watched: watched, domain: domain, names: names };

local hosts = 'node_load1{@}';
local postgres = 'pg_up{@}';
local containers = 'upkeep_container_engine_up{@}';
local backups = 'upkeep_backup_max_age_seconds{@}';
local upkeep = 'up{@, job="upkeep"}';
local certificates = 'upkeep_collector_success{@, collector="certificates"}';
local probes = 'upkeep_collector_success{@, collector="probes"}';

local checklist = {
  daily: [
    item('Hosts answer', 'Every Upkeep is reached, and stays up.', 'upkeep', upkeep, 'upkeep', ['UpkeepDown', 'UpkeepAbsent', 'UpkeepRestarting']),
    item('Upkeep looks', 'Every collector works and is in time; its files, its configuration and its page are sound.', 'upkeep', upkeep, 'upkeep'),
    item('Disk space',
         'No file system is full or will be within hours.',
         'host',
         hosts,
         'host',
         ['HostFilesystemAlmostFull', 'HostFilesystemAlmostOutOfFiles', 'HostFilesystemFillingUp', 'HostFilesystemFilesFillingUp']),
    item('Disks and mounts',
         'File systems are writable, sound and answer; arrays are whole.',
         'host',
         hosts,
         'host',
         ['HostFilesystemErrors', 'HostFilesystemReadOnly', 'HostFilesystemUnreadable', 'HostMountStuck', 'HostRaidDegraded', 'HostRaidDiskFailed']),
    item('Memory',
         'There is enough of it; nothing was killed for want of it.',
         'host',
         hosts,
         'host',
         ['HostMemoryLow', 'HostMemoryPressure', 'HostOomKill', 'HostSwapThrashing']),
    item('Limits and hardware', 'Links, connection tables, descriptors, process ids, temperatures, memory modules; and the data on all of that is there.', 'host', hosts, 'host'),
    item('Postgres answers',
         'Every server and database can be looked into, and has connections left.',
         'postgres',
         postgres,
         'postgres',
         ['PostgresDown', 'PostgresDatabaseUnwatched', 'PostgresQueryFailing', 'PostgresConnectionsAlmostOut']),
    item('Postgres replicates',
         'Standbys are there and follow; WAL is archived, and no slot holds it back.',
         'postgres',
         postgres,
         'postgres',
         ['PostgresReplicationBroken', 'PostgresReplicationLag', 'PostgresStandbyBehind', 'PostgresStandbyMissing', 'PostgresSlotLosesWal', 'PostgresSlotRetainsWal', 'PostgresArchiverFailing']),
    item('Postgres works',
         'No transaction is too long, nobody waits for locks, no statement has become slower.',
         'postgres',
         postgres,
         'postgres',
         ['PostgresLongTransaction', 'PostgresIdleInTransaction', 'PostgresSessionsBlocked', 'PostgresStatementSlower']),
    item('Postgres data', 'Checksums hold, transaction ids and sequences last, vacuum gets on; nobody became a superuser.', 'postgres-tables', postgres, 'postgres'),
    item('Containers run',
         'Services have all their containers, which are healthy and do not restart; the engine answers.',
         'containers',
         containers,
         'containers',
         ['ComposeServiceMissing', 'ComposeServiceMixedVersions', 'ComposeServiceReplicasMissing', 'ContainerDown', 'ContainerEngineUnreachable', 'ContainerExitedNonZero', 'ContainerOomKilled', 'ContainerRestarting', 'ContainerUnhealthy']),
    item('Containers fit', 'They stay within their CPU, memory and logs.', 'containers', containers, 'containers'),
    item('Backups are made',
         'There is one, of now, of the size that it should have, and room for the next.',
         'backups',
         backups,
         'backups',
         ['BackupMissing', 'BackupTooOld', 'BackupTooSmall', 'BackupShrank', 'BackupInTheFuture', 'BackupReportedFailed', 'BackupDiskTooSmall']),
    item('Backups are whole', 'Every new one was read to its end, and is sound.', 'backups', backups, 'backups'),
    item('Certificates', 'None has expired, is about to, or is served wrongly.', 'certificates', certificates, 'certificates'),
    item('Probes', 'What should answer does, and as it should.', 'probes', probes, 'probes'),
    item('Alerting', 'Prometheus and Alertmanager work, and pages leave.', 'monitoring', 'up{@, job=~"prometheus|alertmanager"}', 'monitoring'),
  ],
  weekly: [
    item('Space trends', 'No file system will be full within a day.', 'host', hosts, 'host', ['HostFilesystemFillingUp', 'HostFilesystemFilesFillingUp', 'HostFilesystemErrors']),
    item('Load',
         'CPUs and disks have time left.',
         'host',
         hosts,
         'host',
         ['HostCpuBusy', 'HostCpuStolen', 'HostSaturated', 'HostDiskSaturated', 'HostDiskSlow', 'HostMajorPageFaults']),
    item('Network and clock', 'Interfaces are without errors, and clocks right.', 'host', hosts, 'host'),
    item('Postgres upkeep',
         'Vacuum, analyze and freezing keep up; indexes are valid.',
         'postgres-tables',
         postgres,
         'postgres',
         ['PostgresAnalyzeOverdue', 'PostgresVacuumOverdue', 'PostgresFreezeOverdue', 'PostgresInvalidIndex']),
    item('Postgres queries', 'No statement is slow, reads past the cache, spills to disk or deadlocks.', 'postgres-queries', postgres, 'postgres'),
    item('Containers tidy', 'Images, volumes and logs do not pile up.', 'containers', containers, 'containers'),
    item('Backups restore', 'The newest was restored as a test, and was what it should be.', 'backups', backups, 'backups', ['BackupRestoreFailed', 'BackupRestoreOverdue']),
    item('Backups tidy', 'Old and unfinished ones are removed; none waits to be verified.', 'backups', backups, 'backups'),
    item('Renewals', 'Certificates are renewed in time.', 'certificates', certificates, 'certificates'),
    item('Probes, weekly', 'What answers does so fast enough.', 'probes', probes, 'probes'),
    item('Upkeep itself', 'It loses no log and no series, and takes little.', 'upkeep', upkeep, 'upkeep'),
    item('Alerting keeps up', 'Prometheus keeps up and is watched.', 'monitoring', 'up{@, job=~"prometheus|alertmanager"}', 'monitoring'),
  ],
  monthly: [
    item('Mounts and modules', 'All that fstab mounts is there; no memory module goes bad; nothing runs hot.', 'host', hosts, 'host'),
    item('Postgres space',
         'Bloat, and indexes that nobody needs.',
         'postgres-tables',
         postgres,
         'postgres',
         ['PostgresBloatUnknown', 'PostgresDuplicateIndex', 'PostgresIndexBloat', 'PostgresRedundantIndex', 'PostgresTableBloat', 'PostgresUnusedIndexes', 'PostgresSequenceAlmostOut']),
    item('Postgres settings', 'Rights, passwords and settings that wait for a restart.', 'postgres', postgres, 'postgres'),
    item('Images', 'None that is in use is old.', 'containers', containers, 'containers'),
    item('Archive', 'Backups of the month were put by.', 'backups', backups, 'backups'),
    item('Certificates, monthly', 'Keys and chains are as they should be.', 'certificates', certificates, 'certificates'),
    item('Probes, monthly', 'Names, versions and ciphers are as they should be.', 'probes', probes, 'probes'),
    item('Upkeep, monthly', 'Nothing that only a month shows.', 'upkeep', upkeep, 'upkeep'),
  ],
  quarterly: [
    item('Capacity', 'Connection tables, descriptors and process ids have room for a quarter more.', 'host', hosts, 'host'),
    item('Postgres access', 'Who is a superuser.', 'postgres', postgres, 'postgres'),
    item('Containers, quarterly', 'Nothing that only a quarter shows.', 'containers', containers, 'containers'),
    item('Backups, quarterly', 'Nothing that only a quarter shows.', 'backups', backups, 'backups'),
    item('Certificates, quarterly', 'Authorities and long-lived keys.', 'certificates', certificates, 'certificates'),
    item('Probes, quarterly', 'Nothing that only a quarter shows.', 'probes', probes, 'probes'),
  ],
};

// Those of an item: of the rules as they are. An item without any (its domain has no rules) is not shown.
local schedules = std.objectFields(checklist);
local by_place = std.foldl(
  function(found, a) found { [a.schedule + a.domain]+: { [a.alert]: true } },
  [a for a in u.alerts if a.severity != 'none'],
  {},
);
local names(place) = if std.objectHas(by_place, place) then std.objectFields(by_place[place]) else [];
local alerts_of(schedule, it) =
  local domain = names(schedule + it.domain);
  local named = std.set(std.flattenArrays([other.names for other in checklist[schedule] if other.domain == it.domain]));
  local unknown = std.setDiff(std.set(it.names), domain);
  if it.names == [] then std.setDiff(domain, named) else
    assert unknown == [] : '%s, %s: no such alerts: %s' % [schedule, it.title, unknown];
    std.set(it.names);

local shown = { [schedule]: std.filter(
  function(it) it.alerts != [],
  [it { alerts: alerts_of(schedule, it) } for it in checklist[schedule]]
) for schedule in schedules };
local left_out = std.setDiff(
  std.set([a.schedule + ' ' + a.alert for a in u.alerts if a.severity != 'none']),
  std.set([s + ' ' + name for s in schedules for it in shown[s] for name in it.alerts])
);

local states = {
  '-1': ['not watched', u.unknown],
  '0': ['fine', 'green'],
  '1': ['worth a look', 'blue'],
  '2': ['warning', 'orange'],
  '3': ['critical', 'red'],
};
local state_colors = { mode: 'absolute', steps: [
  { color: u.unknown, value: null },
  { color: 'green', value: 0 },
  { color: 'blue', value: 1 },
  { color: 'orange', value: 2 },
  { color: 'red', value: 3 },
] };

local light(schedule, it) =
  local of(severity) = 'max(ALERTS{@, alertstate="firing", schedule="%s", severity="%s", alertname=~"%s"})'
                       % [schedule, severity, std.join('|', it.alerts)];
  u.stat(it.title,
         '%s Not watched: nothing here has such data. Alerts: %s.' % [it.text, std.join(', ', it.alerts)],
         'none',
         '3 * %s or 2 * %s or %s or 0 * max(%s) or vector(-1)' % [of('critical'), of('warning'), of('info'), it.watched],
         {
           w: 4,
           h: 3,
           mappings: u.texts(states),
           thresholds: state_colors,
           links: [u.board(it.board, 'What it looks like')],
         });

// What is named by an alert besides its host, in one column.
local what(expr) =
  'label_replace(label_join(%s, "what", " ", "server", "datname", "relname", "backup", "project", "service", "name", "mountpoint", "device", "chip", "sensor", "controller", "master", "queryid", "collector", "target", "endpoint", "filepath", "reason"), "what", "$1", "what", "[ ]*(.*?)[ ]*")' % expr;
local keys = ['alertname', 'what', 'instance', 'team'];
local rows(expr) = 'max by (%s) (%s)' % [std.join(', ', keys), what(expr)];
local rank = '(%s) or (%s) or (%s)' % ['3 * ' + firing % ', severity="critical"', '2 * ' + firing % ', severity="warning"', firing % ', severity="info"'];

local unseen(text, expr) = 'label_replace(max by (instance, item) (%s), "what", "%s", "", "")' % [expr, text];
local as_item(expr, labels) =
  'label_replace(label_join(%s, "item", " ", %s), "item", "$1", "item", "[ ]*(.*?)[ ]*")' % [expr, std.join(', ', ['"%s"' % l for l in labels])];
local not_seen = [
  unseen('host does not answer', as_item('up{@} == 0', ['job'])),
  unseen('collector fails', as_item('upkeep_collector_success{@} == 0', ['collector', 'name'])),
  unseen('collector hangs, its data was withdrawn', as_item('upkeep_collector_stale{@} == 1', ['collector', 'name'])),
  unseen('file system does not answer', as_item('node_filesystem_device_error{@} == 1', ['mountpoint', 'device_error'])),
  unseen('text file left out', as_item('upkeep_textfile_error{@} == 1', ['file', 'reason'])),
  unseen('Postgres does not answer', as_item('pg_up{@} == 0', ['server'])),
  unseen('database cannot be looked into', as_item('upkeep_postgres_database_up{@} == 0', ['server', 'datname'])),
  unseen('right to look is missing', as_item('upkeep_postgres_right_missing{@} == 1', ['server', 'right'])),
  unseen('query fails', as_item('upkeep_postgres_query_success{@} == 0', ['server', 'datname', 'query'])),
  unseen('container engine does not answer', as_item('upkeep_container_engine_up{@} == 0', ['engine'])),
  unseen('containers left out, too many', as_item('upkeep_containers_truncated{@} > 0', ['name'])),
  unseen('backup cannot be looked at', as_item('upkeep_backup_source_up{@} == 0', ['backup'])),
  unseen('newest backup is not verified', as_item('upkeep_backup_verified_backup_timestamp_seconds{@} < upkeep_backup_last_timestamp_seconds{@}', ['backup'])),
  unseen('backup was never restored', as_item('upkeep_backup_restore_success_timestamp_seconds{@} == 0', ['backup'])),
  unseen('series dropped', as_item('upkeep_collector_dropped_series{@} > 0', ['collector', 'name'])),
];

assert left_out == [] : 'alerts on no item of the checklist: %s' % left_out;
u.dashboard('overview', 'Upkeep / Overview', 'The maintenance checklist: what fires, what was not looked at, and each routine check of the day, the week, the month and the quarter.', [
  u.row('', [
    u.stat('Critical', 'Alerts that wake someone, firing now.', 'short', count(', severity="critical"'), { h: 5, thresholds: u.above(1), links: [u.board('monitoring', 'Whether alerts arrive')] }),
    u.stat('Warnings',
           'Alerts that are a ticket for working hours, firing now.',
           'short',
           count(', severity="warning"'),
           { h: 5, thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] }, links: [u.board('monitoring', 'Whether alerts arrive')] }),
    u.stat('Hosts down', 'Upkeeps that Prometheus does not reach.', 'short', 'count(up{@, job="upkeep"} == 0) or vector(0)', { h: 5, thresholds: u.above(1), alerts: ['UpkeepDown'], links: [u.board('upkeep', 'Upkeep itself')] }),
    u.stat('Not looked at',
           'Things that should be watched and are not, or not proven: alerts on them stay silent. Listed below.',
           'short',
           'count(%s) or vector(0)' % std.join(' or ', not_seen),
           { h: 5, thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'orange', value: 1 }] }, links: [u.board('upkeep', 'Upkeep itself')] }),
    u.stat('Hosts', 'That Prometheus reaches.', 'short', 'count(up{@, job="upkeep"} == 1) or vector(0)', { h: 5, colored: 'value', thresholds: u.below(1), links: [u.board('host', 'The hosts')] }),
    u.stat('Pages arrive',
           'Whether the watchdog fires: as long as it does, Prometheus evaluates its rules.',
           'none',
           'max(ALERTS{alertname="Watchdog", alertstate="firing"}) or vector(0)',
           { h: 5, mappings: u.yes_no, thresholds: u.below(1), alerts: ['Watchdog'], links: [u.board('monitoring', 'Prometheus and Alertmanager')] }),
    u.table('Firing', 'Alerts that fire now, critical ones first; the 100 gravest. A click on a host leads to it.', keys, [
      ['Gravity', 'topk(100, %s)' % rows(rank), u.word({ '1': ['info', 'blue'], '2': ['warning', 'orange'], '3': ['critical', 'red'] }, { 'custom.width': 85 })],
      ['Since', '1000 * ' + rows('ALERTS_FOR_STATE{@} and ignoring (alertstate) ' + firing % ', severity=~"critical|warning|info"'), u.shown('dateTimeFromNow', { 'custom.width': 120 })],
    ], { w: 15, h: 12, sort: 'Gravity', first: true, widths: { alertname: 225, instance: 130, team: 105 }, noValue: 'Nothing fires that Prometheus knows of.', links: [u.board('monitoring', 'Whether alerts arrive')], overrides: [
      u.field('instance', { links: [u.row_to('host', 'The host'), u.row_to('upkeep', 'Its Upkeep')] }),
    ] }),
    u.table('What was not looked at', 'What should be watched and is not, or is not proven; the first 100. No alert can fire on what nobody sees.', ['what', 'item', 'instance'], [
      ['Seen', 'topk(100, max by (what, item, instance) (%s))' % std.join(' or ', not_seen)],
    ], { w: 9, h: 12, sort: 'what', descending: false, hidden: true, widths: { what: 215, instance: 130 }, noValue: 'Nothing is known to be missing.', alerts: ['UpkeepCollectorFailing'], links: [u.board('upkeep', 'Upkeep itself')], overrides: [
      u.field('instance', { links: [u.row_to('upkeep', 'Its Upkeep'), u.row_to('host', 'The host')] }),
    ] }),
  ]),
] + [
  u.row('%s checks' % title, [light(std.asciiLower(title), it) for it in shown[std.asciiLower(title)]])
  for title in ['Daily', 'Weekly', 'Monthly', 'Quarterly']
] + [
  u.row('History', [
    u.graph('Alerts firing', 'How many fired, by how grave they are.', 'short', [
      u.query('count(%s) or vector(0)' % (firing % ', severity="critical"'), 'critical'),
      u.query('count(%s) or vector(0)' % (firing % ', severity="warning"'), 'warning'),
      u.query('count(%s) or vector(0)' % (firing % ', severity="info"'), 'info'),
    ], { w: 12, stack: true, decimals: 0, thresholds: u.above(1), links: [u.board('monitoring', 'Whether alerts arrive')], overrides: [
      u.field('critical', { color: { mode: 'fixed', fixedColor: 'red' } }),
      u.field('warning', { color: { mode: 'fixed', fixedColor: 'orange' } }),
      u.field('info', { color: { mode: 'fixed', fixedColor: 'blue' } }),
    ] }),
    u.graph('Alerts by host', 'Critical ones and warnings; the ten hosts with the most.', 'short', [
      u.query('topk(10, count by (instance) (ALERTS{@, alertstate="firing", severity=~"critical|warning", instance!=""})) or vector(0)', '{{instance}}'),
    ], { w: 12, stack: true, decimals: 0, thresholds: u.above(1), to: [u.to('host', 'Host ${__field.labels.instance}')] }),
  ]),
], here=here, jobs='up')
