local u = import 'upkeep.libsonnet';

local busy = '1 - avg by (instance) (sum by (instance, cpu) (rate(node_cpu_seconds_total{@, mode=~"idle|iowait"}[$__rate_interval])))';
local memory_used = '1 - node_memory_MemAvailable_bytes{@} / node_memory_MemTotal_bytes{@}';
local load = 'node_load1{@} / on (instance) count by (instance) (node_cpu_seconds_total{@, mode="idle"})';
local used = '1 - node_filesystem_avail_bytes{@} / node_filesystem_size_bytes{@}';
local writable = '(node_filesystem_readonly{@} == 0)';
local mounts = 'instance, mountpoint, device, fstype';
local fullest = 'topk(50, max by (%s) (%s and %s))' % [mounts, used, writable];
local by_mount(expr) = 'max by (%s) (%s) and on (%s) %s' % [mounts, expr, mounts, fullest];
local top(expr, n=10) = 'topk(%d, %s)' % [n, expr];
local to_host = u.to('host', 'Only ${__field.labels.instance}');
local to_containers = u.to('containers', 'Containers of ${__field.labels.instance}');
local containers = u.board('containers', 'Containers of these hosts');
local overview = u.board('overview', 'What fires on these hosts');

u.dashboard('host', 'Upkeep / Hosts', 'Processors, memory, file systems, disks, network, clock, limits and hardware of hosts.', [
  u.row('', [
    u.table('Hosts', 'The hosts, the one that alerts most first. A click on a host shows it alone.', ['instance'], [
      ['Alerts', 'count by (instance) (ALERTS{@, alertstate="firing", severity=~"critical|warning"}) or 0 * max by (instance) (node_boot_time_seconds{@})', u.colored('short', u.above(1))],
      ['CPU', busy, u.colored('percentunit', u.rising(0.8, 0.9), { decimals: 0 })],
      ['Load per CPU', 'max by (instance) (%s)' % load, u.colored('short', u.rising(1, 2), { decimals: 2 })],
      ['Memory used', 'max by (instance) (%s)' % memory_used, u.colored('percentunit', u.rising(0.9, 0.97), { decimals: 0 })],
      ['Fullest file system', 'max by (instance) (%s and %s)' % [used, writable], u.colored('percentunit', u.rising(0.95, 0.97), { decimals: 0 })],
      ['Up since', '1000 * max by (instance) (node_boot_time_seconds{@})', u.shown('dateTimeFromNow')],
    ], { h: 8, sort: 'Alerts', alerts: ['HostDataMissing'], overrides: [
      u.field('instance', { links: [u.row_to('host', 'Only this host'), u.row_to('containers', 'Its containers'), u.row_to('overview', 'What fires on it')] }),
    ] }),
  ]),
  u.row('Processors', [
    u.graph('CPU busy', 'Share of the CPU time that is neither idle nor waiting for disks. The ten busiest hosts.', 'percentunit',
            [u.query(top(busy), '{{instance}}')],
            { max: 1, thresholds: u.rising(0.9, 0.98), to: [to_host, to_containers], alerts: ['HostCpuBusy'] }),
    u.graph('CPU by mode', 'What the CPUs of all hosts that are selected do. Stolen is what the hypervisor withholds.', 'percentunit',
            [u.query('sum by (mode) (rate(node_cpu_seconds_total{@, mode!="idle"}[$__rate_interval])) / scalar(count(node_cpu_seconds_total{@, mode="idle"}))', '{{mode}}')],
            { stack: true, max: 1, alerts: ['HostCpuStolen'], links: [containers] }),
    u.graph('Load per CPU', 'Tasks that run or want to, per CPU, over one minute. Above 1 some wait. The ten highest.', 'short',
            [u.query(top(load), '{{instance}}')], { thresholds: u.rising(1, 2), to: [to_host, to_containers], alerts: ['HostSaturated'] }),
    u.graph('Pressure', 'Share of the time in which some task waited for a CPU, for memory or for a disk. The worst host of each.', 'percentunit', [
      u.query('max(rate(node_pressure_cpu_waiting_seconds_total{@}[$__rate_interval]))', 'CPU'),
      u.query('max(rate(node_pressure_memory_waiting_seconds_total{@}[$__rate_interval]))', 'memory'),
      u.query('max(rate(node_pressure_io_waiting_seconds_total{@}[$__rate_interval]))', 'disk'),
    ], { max: 1, thresholds: u.rising(0.3, 0.6), links: [containers], alerts: ['HostMemoryPressure'] }),
    u.graph('Context switches and forks', 'How often CPUs changed their task, and how many processes and threads were made. All hosts that are selected.', 'ops', [
      u.query('sum(rate(node_context_switches_total{@}[$__rate_interval]))', 'context switches'),
      u.query('sum(rate(node_forks_total{@}[$__rate_interval]))', 'forks'),
    ], { links: [containers], overrides: [u.field('forks', { 'custom.axisPlacement': 'right' })] }),
    u.graph('Waiting for a CPU', 'Time that tasks were ready and had to wait, a second and CPU: what load looks like from below. The ten highest.', 'percentunit',
            [u.query(top('avg by (instance) (rate(node_schedstat_waiting_seconds_total{@}[$__rate_interval]))'), '{{instance}}')],
            { thresholds: u.rising(0.5, 2), to: [to_host, to_containers], alerts: ['HostSaturated'] }),
  ]),
  u.row('Memory', [
    u.graph('Memory used', 'Share that new programs cannot have without swapping. The ten fullest hosts.', 'percentunit',
            [u.query(top(memory_used), '{{instance}}')],
            { max: 1, thresholds: u.rising(0.9, 0.97), to: [to_host, to_containers], alerts: ['HostMemoryLow'] }),
    u.graph('What memory is used for', 'Programs, cache and the kernel, of all hosts that are selected.', 'bytes', [
      u.query('sum(node_memory_AnonPages_bytes{@})', 'programs'),
      u.query('sum(node_memory_Cached_bytes{@} + node_memory_Buffers_bytes{@})', 'cache'),
      u.query('sum(node_memory_Slab_bytes{@} + node_memory_KernelStack_bytes{@} + node_memory_PageTables_bytes{@})', 'kernel'),
      u.query('sum(node_memory_MemFree_bytes{@})', 'free'),
    ], { stack: true, links: [containers], alerts: ['HostMemoryLow'] }),
    u.graph('Stalled for memory', 'Share of the time in which nothing got on because everything waited for memory. The ten worst hosts.', 'percentunit',
            [u.query(top('rate(node_pressure_memory_stalled_seconds_total{@}[$__rate_interval])'), '{{instance}}')],
            { thresholds: u.rising(0.1, 0.4), to: [to_host, to_containers], alerts: ['HostMemoryPressure'] }),
    u.graph('Swap', 'Pages brought back from swap (up) and put out (down). Both at once is thrashing. The five highest hosts of each.', 'ops', [
      u.query(top('rate(node_vmstat_pswpin{@}[$__rate_interval])', 5), '{{instance}} in'),
      u.query(top('rate(node_vmstat_pswpout{@}[$__rate_interval])', 5), '{{instance}} out'),
    ], { below: '/ out$/', to: [to_host], alerts: ['HostSwapThrashing'] }),
    u.graph('Major page faults', 'Times a program had to wait for a page from disk. The ten highest hosts.', 'ops',
            [u.query(top('rate(node_vmstat_pgmajfault{@}[$__rate_interval])'), '{{instance}}')],
            { thresholds: u.above(500), to: [to_host], alerts: ['HostMajorPageFaults'] }),
    u.graph('Processes killed for memory', 'By the kernel, within 15 minutes; those of containers at their own limit too. The ten highest hosts.', 'short',
            [u.query(top('increase(node_vmstat_oom_kill{@}[15m])'), '{{instance}}')],
            { thresholds: u.above(1), to: [to_host, to_containers], alerts: ['HostOomKill'] }),
  ]),
  u.row('Space', [
    u.table('File systems', 'The 50 fullest. Days left are by the trend of the last six hours; none where it does not fill up.', ['instance', 'mountpoint', 'device', 'fstype'], [
      ['Used', fullest, u.colored('percentunit', u.rising(0.95, 0.97), { decimals: 1 })],
      ['Free', by_mount('node_filesystem_avail_bytes{@}'), u.shown('bytes')],
      ['Inodes used', by_mount('1 - node_filesystem_files_free{@} / (node_filesystem_files{@} > 0)'), u.colored('percentunit', u.rising(0.95, 0.97), { decimals: 1 })],
      ['Full in', by_mount('node_filesystem_avail_bytes{@} / -(deriv(node_filesystem_avail_bytes{@}[6h]) < 0)'), u.colored('s', u.falling(7 * 86400, 86400), { decimals: 0 })],
    ], { h: 9, w: 16, sort: 'Used', alerts: ['HostFilesystemAlmostFull', 'HostFilesystemFillingUp'], overrides: [
      u.field('instance', { links: [u.row_to('host', 'Only this host')] }),
    ] }),
    u.graph('Fullest file systems', 'Space used, the ten fullest.', 'percentunit',
            [u.query(top('max by (instance, mountpoint) (%s and %s)' % [used, writable]), '{{instance}} {{mountpoint}}')],
            { h: 9, max: 1, thresholds: u.rising(0.95, 0.97), to: [to_host], alerts: ['HostFilesystemAlmostFull'] }),
    u.stat('Stuck or unreadable', 'Mounts that do not answer or cannot be read: their space is not watched.', 'short',
           'sum(node_filesystem_device_error{@})', { w: 6, thresholds: u.above(1), alerts: ['HostMountStuck', 'HostFilesystemUnreadable'] }),
    u.stat('Read-only by surprise', 'File systems that fstab wants writable and that are read-only: the kernel no longer trusts the disk.', 'short',
           'sum(upkeep_filesystem_readonly_unexpected{@}) or 0 * count(up{@})', { w: 6, thresholds: u.above(1), alerts: ['HostFilesystemReadOnly'] }),
    u.stat('Missing mounts', 'What fstab mounts and is not there: what is written there lands on the file system below.', 'short',
           'sum(upkeep_filesystem_fstab_missing{@}) or 0 * count(up{@})', { w: 6, thresholds: u.above(1), alerts: ['HostFstabMountMissing'] }),
    u.stat('Errors of file systems', 'Errors in their own structures that no check has cleared.', 'short',
           'sum(upkeep_filesystem_errors_total{@}) or 0 * count(up{@})', { w: 6, thresholds: u.above(1), alerts: ['HostFilesystemErrors'] }),
  ]),
  u.row('Disks', [
    u.graph('Disks busy', 'Share of the time in which a request was under way. The ten busiest disks.', 'percentunit',
            [u.query(top('rate(node_disk_io_time_seconds_total{@}[$__rate_interval])'), '{{instance}} {{device}}')],
            { thresholds: u.rising(0.8, 0.95), to: [to_host, to_containers], alerts: ['HostDiskSaturated'] }),
    u.graph('Requests waiting', 'How many requests are under way or wait, on average. The ten longest queues.', 'short',
            [u.query(top('rate(node_disk_io_time_weighted_seconds_total{@}[$__rate_interval])'), '{{instance}} {{device}}')],
            { thresholds: u.above(10), to: [to_host, to_containers], alerts: ['HostDiskSaturated'] }),
    u.graph('Time a request takes', 'Reads and writes together, on average. The ten slowest disks; none where there were no requests.', 's',
            [u.query(top('(rate(node_disk_read_time_seconds_total{@}[$__rate_interval]) + rate(node_disk_write_time_seconds_total{@}[$__rate_interval])) / ((rate(node_disk_reads_completed_total{@}[$__rate_interval]) + rate(node_disk_writes_completed_total{@}[$__rate_interval])) > 0)'), '{{instance}} {{device}}')],
            { thresholds: u.rising(0.05, 0.2), to: [to_host, to_containers], alerts: ['HostDiskSlow'] }),
    u.graph('Bytes read and written', 'Reads (up) and writes (down), the five busiest disks of each.', 'Bps', [
      u.query(top('rate(node_disk_read_bytes_total{@}[$__rate_interval])', 5), '{{instance}} {{device}} read'),
      u.query(top('rate(node_disk_written_bytes_total{@}[$__rate_interval])', 5), '{{instance}} {{device}} written'),
    ], { w: 12, below: '/ written$/', to: [to_host, to_containers] }),
    u.graph('Requests', 'Reads (up) and writes (down), the five busiest disks of each.', 'iops', [
      u.query(top('rate(node_disk_reads_completed_total{@}[$__rate_interval])', 5), '{{instance}} {{device}} read'),
      u.query(top('rate(node_disk_writes_completed_total{@}[$__rate_interval])', 5), '{{instance}} {{device}} written'),
    ], { w: 12, below: '/ written$/', to: [to_host, to_containers] }),
  ]),
  u.row('Network', [
    u.graph('Traffic', 'Received (up) and sent (down), the five busiest interfaces of each.', 'Bps', [
      u.query(top('rate(node_network_receive_bytes_total{@, device!="lo"}[$__rate_interval])', 5), '{{instance}} {{device}} received'),
      u.query(top('rate(node_network_transmit_bytes_total{@, device!="lo"}[$__rate_interval])', 5), '{{instance}} {{device}} sent'),
    ], { below: '/ sent$/', to: [to_host, to_containers] }),
    u.graph('Errors and drops', 'Packets received or sent with an error, or dropped. The ten worst interfaces.', 'pps',
            [u.query(top('rate(node_network_receive_errs_total{@}[$__rate_interval]) + rate(node_network_transmit_errs_total{@}[$__rate_interval]) + rate(node_network_receive_drop_total{@}[$__rate_interval]) + rate(node_network_transmit_drop_total{@}[$__rate_interval])'), '{{instance}} {{device}}')],
            { thresholds: u.rising(1, 100), to: [to_host], alerts: ['HostNetworkReceiveErrors', 'HostNetworkTransmitErrors'] }),
    u.graph('TCP sent again', 'Share of the segments that had to be sent again. The ten worst hosts.', 'percentunit',
            [u.query(top('rate(node_netstat_Tcp_RetransSegs{@}[$__rate_interval]) / (rate(node_netstat_Tcp_OutSegs{@}[$__rate_interval]) > 0)'), '{{instance}}')],
            { thresholds: u.rising(0.02, 0.1), to: [to_host], alerts: ['HostNetworkTransmitErrors'] }),
    u.graph('TCP connections', 'Established now. The ten highest hosts.', 'short',
            [u.query(top('node_netstat_Tcp_CurrEstab{@}'), '{{instance}}')], { to: [to_host, to_containers] }),
    u.graph('Connections lost while listening', 'Because a program did not accept them in time, or for any other reason. The ten highest hosts.', 'cps',
            [u.query(top('rate(node_netstat_TcpExt_ListenDrops{@}[$__rate_interval])'), '{{instance}}')],
            { thresholds: u.rising(0.1, 10), to: [to_host, to_containers] }),
    u.graph('Connection table', 'Share of the connection tracking table in use. The ten fullest hosts.', 'percentunit',
            [u.query(top('node_nf_conntrack_entries{@} / node_nf_conntrack_entries_limit{@}'), '{{instance}}')],
            { max: 1, thresholds: u.rising(0.75, 0.95), to: [to_host], alerts: ['HostConntrackAlmostFull'] }),
  ]),
  u.row('Clock and limits', [
    u.graph('Clock off by', 'Offset between the clock and its source. The ten most off.', 's',
            [u.query(top('abs(node_timex_offset_seconds{@})'), '{{instance}}')],
            { thresholds: u.above(0.05), to: [to_host], alerts: ['HostClockSkew'] }),
    u.graph('File descriptors', 'Share of those that the kernel allows. The ten highest hosts.', 'percentunit',
            [u.query(top('node_filefd_allocated{@} / node_filefd_maximum{@}'), '{{instance}}')],
            { max: 1, thresholds: u.rising(0.7, 0.9), to: [to_host, to_containers], alerts: ['HostFileDescriptorsAlmostOut'] }),
    u.graph('Process ids', 'Threads as a share of the nearer one of the two limits. The ten highest hosts.', 'percentunit',
            [u.query(top('node_processes_threads{@} / node_processes_max_threads{@} > node_processes_threads{@} / node_processes_max_processes{@} or node_processes_threads{@} / node_processes_max_processes{@}'), '{{instance}}')],
            { max: 1, thresholds: u.rising(0.8, 0.95), to: [to_host, to_containers], alerts: ['HostProcessesAlmostOut'] }),
    u.stat('Clocks that nothing keeps right', 'Hosts whose kernel reckons that its clock may be 16 seconds off.', 'short',
           'count(node_timex_sync_status{@} == 0 and node_timex_maxerror_seconds{@} >= 16) or 0 * count(up{@})', { w: 6, thresholds: u.above(1), alerts: ['HostClockNotSynchronised'] }),
    u.stat('Latest boot', 'When a host was last started.', 'dateTimeFromNow', '1000 * max(node_boot_time_seconds{@})',
           { w: 6, colored: 'value', links: [overview] }),
    u.graph('Kernels', 'Hosts by version of their kernel: who still waits for the new one.', 'short',
            [u.query('count by (release) (node_uname_info{@})', '{{release}}')], { w: 12, h: 6, stack: true, links: [overview], decimals: 0 }),
  ]),
  u.row('Hardware', [
    u.graph('Temperatures', 'The ten hottest sensors.', 'celsius',
            [u.query(top('node_hwmon_temp_celsius{@}'), '{{instance}} {{chip}} {{sensor}}')],
            { thresholds: u.rising(80, 95), to: [to_host], alerts: ['HostTemperature'] }),
    u.stat('RAID disks missing', 'Disks that arrays lack; no spare has taken over.', 'short',
           'sum(node_md_disks_required{@} - ignoring (state) node_md_disks{@, state="active"}) or 0 * count(up{@})', { w: 4, h: 8, thresholds: u.above(1), alerts: ['HostRaidDegraded', 'HostRaidDiskFailed'] }),
    u.stat('Links of bonds down', 'Interfaces of bonds that have no link.', 'short',
           'sum(node_bonding_slaves{@} - node_bonding_active{@}) or 0 * count(up{@})', { w: 4, h: 8, thresholds: u.above(1), alerts: ['HostBondDegraded'] }),
    u.graph('Memory errors', 'That ECC memory corrected, within a day, and that it could not correct. The ten worst controllers.', 'short', [
      u.query(top('increase(node_edac_correctable_errors_total{@}[1d])'), '{{instance}} {{controller}} corrected'),
      u.query(top('increase(node_edac_uncorrectable_errors_total{@}[1d])'), '{{instance}} {{controller}} not corrected'),
    ], { thresholds: u.above(20), to: [to_host], alerts: ['HostMemoryCorrectableErrors', 'HostMemoryUncorrectableErrors'] }),
  ]),
])
