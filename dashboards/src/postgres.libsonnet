// What the three dashboards of Postgres share.
local u = import 'upkeep.libsonnet';

{
  // `@`: the servers; `@, datname=~"$datname"` their databases.
  here:: 'job=~"$job", instance=~"$instance", server=~"$server"',
  server:: u.choose('server', 'pg_up{job=~"$job", instance=~"$instance"}', 'Server'),
  database:: u.choose('datname', 'pg_database_size_bytes{job=~"$job", instance=~"$instance", server=~"$server"}', 'Database'),
  databases:: 'datname=~"$datname"',
  local chosen = ['instance', 'server', 'datname'],
  to_overview:: u.board('postgres', 'Postgres: overview', chosen),
  to_queries:: u.board('postgres-queries', 'Postgres: queries', chosen),
  to_tables:: u.board('postgres-tables', 'Postgres: indexes and vacuum', chosen),
  to_host:: u.to('host', 'Host of ${__field.labels.server}'),
  to_server:: u.to('postgres', 'Only server ${__field.labels.server}', ['instance', 'server']),
  to_its_queries:: u.to('postgres-queries', 'Queries of ${__field.labels.server}', ['instance', 'server']),
  to_its_tables:: u.to('postgres-tables', 'Tables of ${__field.labels.server}', ['instance', 'server']),
  row_links:: u.field('server', { links: [
    u.row_to('postgres', 'Only this server', ['instance', 'server']),
    u.row_to('postgres-queries', 'Its queries', ['instance', 'server']),
    u.row_to('postgres-tables', 'Its tables and indexes', ['instance', 'server']),
    u.row_to('host', 'Its host'),
  ] }),
  top(expr, n=10):: 'topk(%d, %s)' % [n, expr],
}
