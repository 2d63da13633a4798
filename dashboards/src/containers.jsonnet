local u = import 'upkeep.libsonnet';

// Containers that no engine names have an empty name, and most belong to no project.
local here = 'job=~"$job", instance=~"$instance"';
local container = '@, name=~"$name", container_label_com_docker_compose_project=~"$project", container_label_com_docker_compose_service=~"$service"';
local top(expr, n=10) = 'topk(%d, %s)' % [n, expr];
local keys = ['instance', 'name'];
local by = 'by (instance, name) ';
local to_one = u.to('containers', 'Only ${__field.labels.name}', keys);
local to_host = u.to('host', 'Host ${__field.labels.instance}');
local legend = '{{name}} on {{instance}}';
local host = u.board('host', 'The hosts below');
local c(expr) = std.strReplace(expr, '#', container);

local cpu = c('sum by (instance, name, id) (rate(container_cpu_usage_seconds_total{#, cpu="total"}[$__rate_interval]))');
local memory = c('container_memory_working_set_bytes{#}');
local of_limit = c('container_memory_working_set_bytes{#} / (container_spec_memory_limit_bytes{#} > 0)');
local trouble(weight, kind, expr) =
  'label_replace(%d * max by (instance, name, image) ((%s) > bool 0), "kind", "%s", "", "")' % [weight, expr, kind];
local running = c('container_state_status{#, status="running"}');

u.dashboard('containers', 'Upkeep / Containers', 'Containers: whether they run and are well, what they use of what they may, and what they leave on disks.', [
  u.row('', [
    u.stat('Running', 'Containers that run.', 'short', 'sum(%s) or 0 * count(container_last_seen{@})' % running, { colored: 'value', thresholds: u.plain, links: [host] }),
    u.stat('Services missing',
           'Of compose projects: containers that should run and do not.',
           'short',
           'sum(clamp_min(upkeep_compose_service_expected_replicas{@, project=~"$project", service=~"$service"} - upkeep_compose_service_running_replicas{@, project=~"$project", service=~"$service"}, 0)) or 0 * count(upkeep_container_engine_up{@})',
           { thresholds: u.above(1), alerts: ['ComposeServiceMissing', 'ComposeServiceReplicasMissing'] }),
    u.stat('Unhealthy', 'Containers whose health check fails.', 'short', c('sum(container_state_health_status{#, status="unhealthy"}) or 0 * count(container_last_seen{@})'), { thresholds: u.above(1), alerts: ['ContainerUnhealthy'] }),
    u.stat('Restarting', 'Containers that were started again within the last 15 minutes.', 'short', c('count(increase(container_restarts_total{#}[15m]) > 0) or 0 * count(container_last_seen{@})'), { thresholds: u.rising(1, 3), alerts: ['ContainerRestarting'] }),
    u.stat('Killed for memory', 'Containers in which something was killed for lack of memory within the last hour.', 'short', c('count(increase(container_oom_events_total{#}[1h]) > 0) or 0 * count(container_last_seen{@})'), { thresholds: u.above(1), alerts: ['ContainerOomKilled'] }),
    u.stat('Engines silent', 'Container engines that do not answer: of their containers only the numbers are known.', 'short', 'count(upkeep_container_engine_up{@} == 0) or 0 * count(upkeep_container_engine_up{@})', { thresholds: u.above(1), alerts: ['ContainerEngineUnreachable'] }),
    u.table('Containers that are not well', 'Those that do not run, are unhealthy, were restarted or killed for memory lately; the 100 worst. What is gravest of each is named.', ['instance', 'name', 'image'], [
      ['Trouble', c('topk(100, sum by (instance, name, image) (%s) > 0)' % std.join(' or ', [
        trouble(8, 'unhealthy', 'container_state_health_status{#, status="unhealthy"}'),
        trouble(4, 'failed', 'container_exitcode{#} and on (instance, name) container_state_status{#, status="exited"} == 1'),
        trouble(2, 'restarted', 'increase(container_restarts_total{#}[15m])'),
        trouble(1, 'killed', 'increase(container_oom_events_total{#}[1h])'),
      ])), u.ranges([[8, 15, 'unhealthy', 'red'], [4, 7, 'failed', 'red'], [2, 3, 'restarts', 'orange'], [1, 1, 'out of memory', 'orange']], { 'custom.width': 110 })],
      ['Ended', c('1000 * max by (instance, name, image) (container_state_finishedat{#} > 0 and on (instance, name) container_state_status{#, status=~"exited|dead|restarting"} == 1)'), u.shown('dateTimeFromNow')],
      ['Exit code', c('max by (instance, name, image) (container_exitcode{#} and on (instance, name) container_state_status{#, status=~"exited|dead|restarting"} == 1)'), u.colored('none', u.above(1))],
      ['Restarts', c('max by (instance, name, image) (increase(container_restarts_total{#}[15m]) > 0)'), u.shown('short', { decimals: 0 })],
    ], { w: 16, h: 9, sort: 'Trouble', first: true, widths: { instance: 140, name: 160 }, noValue: 'No container is known to be unwell.', alerts: ['ContainerDown', 'ContainerExitedNonZero'], overrides: [
      u.field('name', { links: [u.row_to('containers', 'Only this container', keys)] }),
      u.field('instance', { links: [u.row_to('host', 'The host')] }),
    ] }),
    u.states('Services', 'Compose services over time: green when all their containers run and are healthy. The 20 worst.', {
      '0': ['none runs', 'red'],
      '1': ['some are missing or ill', 'orange'],
      '2': ['all run', 'green'],
    }, [
      u.query('bottomk(20, (upkeep_compose_service_running_replicas{@, project=~"$project", service=~"$service"} > bool 0) + (upkeep_compose_service_healthy_replicas{@, project=~"$project", service=~"$service"} >= bool upkeep_compose_service_expected_replicas{@, project=~"$project", service=~"$service"}))', '{{project}} {{service}}'),
    ], { w: 8, h: 9, thresholds: u.falling(2, 1), to: [u.to('containers', 'Only this service', ['instance', 'project', 'service'])], alerts: ['ComposeServiceMissing', 'ComposeServiceMixedVersions'] }),
  ]),
  u.row('Use', [
    u.graph('CPU',
            'CPUs in use. The ten busiest containers.',
            'short',
            [u.query(top(cpu), legend)],
            { w: 12, thresholds: u.plain, to: [to_one, to_host], alerts: ['ContainerHighCpu'] }),
    u.graph('Memory',
            'In use without the page cache that is given back first. The ten largest.',
            'bytes',
            [u.query(top(memory), legend)],
            { w: 12, to: [to_one, to_host], alerts: ['ContainerNearMemoryLimit'] }),
    u.graph('CPU of what they may have',
            'Share of the CPU quota, where there is one. The ten nearest to it.',
            'percentunit',
            [u.query(top(c('sum without (cpu) (rate(container_cpu_usage_seconds_total{#, cpu="total"}[$__rate_interval])) / (container_spec_cpu_quota{#} / container_spec_cpu_period{#})')), legend)],
            { thresholds: u.rising(0.8, 0.9), to: [to_one, to_host], alerts: ['ContainerHighCpu'] }),
    u.graph('Throttled',
            'Share of the periods in which the CPU quota was used up. The ten worst.',
            'percentunit',
            [u.query(top(c('rate(container_cpu_cfs_throttled_periods_total{#}[$__rate_interval]) / (rate(container_cpu_cfs_periods_total{#}[$__rate_interval]) > 0)')), legend)],
            { max: 1, thresholds: u.rising(0.1, 0.25), to: [to_one, to_host], alerts: ['ContainerThrottled'] }),
    u.graph('Memory of what they may have',
            'Share of the memory limit, where there is one. The ten nearest to it.',
            'percentunit',
            [u.query(top(of_limit), legend)],
            { max: 1, thresholds: u.rising(0.8, 0.9), to: [to_one, to_host], alerts: ['ContainerNearMemoryLimit'] }),
    u.graph('Pressure', 'Share of the time in which some task of the container waited for a CPU, memory or a disk. The five worst of each.', 'percentunit', [
      u.query(top(c('rate(container_pressure_cpu_waiting_seconds_total{#}[$__rate_interval])'), 5), legend + ' CPU'),
      u.query(top(c('rate(container_pressure_memory_waiting_seconds_total{#}[$__rate_interval])'), 5), legend + ' memory'),
      u.query(top(c('rate(container_pressure_io_waiting_seconds_total{#}[$__rate_interval])'), 5), legend + ' disk'),
    ], { thresholds: u.rising(0.3, 0.6), to: [to_one, to_host], alerts: ['ContainerThrottled'] }),
    u.graph('Network', 'Received (up) and sent (down). The five busiest of each.', 'Bps', [
      u.query(top(c('sum by (instance, name) (rate(container_network_receive_bytes_total{#}[$__rate_interval]))'), 5), legend + ' received'),
      u.query(top(c('sum by (instance, name) (rate(container_network_transmit_bytes_total{#}[$__rate_interval]))'), 5), legend + ' sent'),
    ], { below: '/ sent$/', to: [to_one, to_host] }),
    u.graph('Disks', 'Read (up) and written (down). The five busiest of each.', 'Bps', [
      u.query(top(c('sum by (instance, name) (rate(container_fs_reads_bytes_total{#}[$__rate_interval]))'), 5), legend + ' read'),
      u.query(top(c('sum by (instance, name) (rate(container_fs_writes_bytes_total{#}[$__rate_interval]))'), 5), legend + ' written'),
    ], { below: '/ written$/', to: [to_one, to_host] }),
    u.graph('Threads', 'Tasks, threads included. The ten with the most.', 'short', [u.query(top(c('container_threads{#}')), legend)], { to: [to_one, to_host] }),
  ]),
  u.row('Life', [
    u.graph('Restarts',
            'Starts after the first one, within 15 minutes. The ten worst.',
            'short',
            [u.query(top(c('increase(container_restarts_total{#}[15m])')), legend)],
            { decimals: 0, thresholds: u.rising(1, 3), to: [to_one, to_host], alerts: ['ContainerRestarting'] }),
    u.graph('Killed for memory over time',
            'Within 15 minutes. The ten worst.',
            'short',
            [u.query(top(c('increase(container_oom_events_total{#}[15m])')), legend)],
            { decimals: 0, thresholds: u.above(1), to: [to_one, to_host], alerts: ['ContainerOomKilled'] }),
    u.graph('States', 'Containers by what they do.', 'short', [u.query(c('sum by (status) (container_state_status{#})') + ' > 0', '{{status}}')], { stack: true, decimals: 0, links: [host] }),
  ]),
  u.row('Disk space', [
    u.table('Space of engines', 'What images, containers, volumes and the build cache take, and how much of it nobody needs. The 50 that would free the most.', ['instance', 'type'], [
      ['To free', 'topk(50, max by (instance, type) (upkeep_container_storage_reclaimable_bytes{@}))', u.colored('bytes', u.rising(5 * 1024 * 1024 * 1024, 10 * 1024 * 1024 * 1024))],
      ['All', 'max by (instance, type) (upkeep_container_storage_bytes{@})', u.shown('bytes')],
      ['Things', 'max by (instance, type) (upkeep_container_storage_items{@})', u.shown('short')],
      ['Not needed', 'max by (instance, type) (upkeep_container_storage_reclaimable_items{@})', u.shown('short')],
    ], { w: 12, h: 8, sort: 'To free', alerts: ['ContainerStorageReclaimable'], overrides: [u.field('instance', { links: [u.row_to('host', 'The host')] })] }),
    u.bars('Largest logs',
           'Of containers whose engine writes them to files.',
           'bytes',
           c('topk(10, upkeep_container_log_bytes{#})'),
           legend,
           { w: 6, thresholds: u.rising(536870912, 1073741824), to: [to_one, to_host], alerts: ['ContainerLogLarge', 'ContainerLogGrowing'] }),
    u.bars('Oldest images',
           'Age of images that are in use. Those that are built reproducibly say 1970 and are left out.',
           's',
           'topk(10, time() - (upkeep_container_image_created_timestamp_seconds{@} > 1e9))',
           '{{image}}',
           { w: 6, thresholds: u.rising(60 * 86400, 90 * 86400), to: [to_host], alerts: ['ContainerImageOld'] }),
  ]),
], variables=[
  u.choose('project', 'upkeep_compose_service_running_replicas{job=~"$job", instance=~"$instance"}', 'Project', u.maybe_absent),
  u.choose('service', 'upkeep_compose_service_running_replicas{job=~"$job", instance=~"$instance", project=~"$project"}', 'Service', u.maybe_absent),
  u.choose('name', 'container_last_seen{job=~"$job", instance=~"$instance", container_label_com_docker_compose_project=~"$project", container_label_com_docker_compose_service=~"$service"}', 'Container', u.maybe_absent),
], here=here)
