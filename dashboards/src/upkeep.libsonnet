// What every dashboard is made of: variables, panels, links, and where a panel comes to lie.
//
// In expressions `@` stands for the labels that the variables select, so `up{@}` is this dashboard's share of `up`.
// `rules` is given by ../generate: all alerts of rules/*.yml, so that a link to a runbook cannot go astray.
local rules = std.extVar('rules');
local datasource = { type: 'prometheus', uid: '${datasource}' };

local steps(colors) = {
  mode: 'absolute',
  steps: [{ color: step[0], value: step[1] } for step in colors],
};

// The colour of what nobody knows: neither good nor bad.
local unknown = '#5b6472';
// How a value that is not there looks; else it would be as green as a good one.
local no_value(text, color) = [{
  type: 'special',
  options: { match: match, result: { index: 90, text: text, color: color } },
} for match in ['null', 'nan']];

local mapping(texts) = [{
  type: 'value',
  options: {
    [value]: { index: i, text: texts[value][0], color: texts[value][1] }
    for i in [std.find(value, std.objectFields(texts))[0]]
  },
} for value in std.objectFields(texts)];

{
  datasource:: datasource,
  alerts:: rules.alerts,
  unknown:: unknown,

  // --- Thresholds and texts ---

  rising(warning, critical):: steps([['green', null], ['orange', warning], ['red', critical]]),
  falling(warning, critical):: steps([['red', null], ['orange', critical], ['green', warning]]),
  above(critical):: steps([['green', null], ['red', critical]]),
  below(critical):: steps([['red', null], ['green', critical]]),
  plain:: steps([['blue', null]]),
  texts(texts):: mapping(texts),
  yes_no:: mapping({ '0': ['no', 'red'], '1': ['yes', 'green'] }),

  // --- Queries ---

  query(expr, legend='', more={}):: {
    datasource: datasource,
    expr: expr,
    legendFormat: if legend == '' then '__auto' else legend,
  } + more,
  // As of now, a row a series.
  row_of(expr, more={}):: $.query(expr, '', { format: 'table', instant: true, range: false } + more),
  // As of now, a number.
  now(expr, legend=''):: $.query(expr, legend, { instant: true, range: false }),

  // --- Links ---

  local labels_of(labels, source) = std.join('', ['&var-%s=${%s.%s}' % [l, source, l] for l in labels]),
  local go(uid) = '/d/upkeep-%s?${datasource:queryparam}&${job:queryparam}' % uid,
  // From a series or a row to another dashboard, about what its labels name.
  to(uid, title, labels=['instance'])::
    { title: title, url: go(uid) + labels_of(labels, '__field.labels') + '&${__url_time_range}' },
  row_to(uid, title, labels=['instance'])::
    { title: title, url: go(uid) + labels_of(labels, '__data.fields') + '&${__url_time_range}' },
  local panel_link(title, url) = {
    asDropdown: false,
    icon: 'external link',
    includeVars: false,
    keepTime: false,
    tags: [],
    targetBlank: false,
    title: title,
    tooltip: '',
    type: 'link',
    url: url,
  },
  board(uid, title, variables=['instance'])::
    panel_link(title, go(uid) + std.join('', ['&${%s:queryparam}' % v for v in variables]) + '&${__url_time_range}'),
  // To what to do about an alert; fails for one that there is not.
  runbook(name)::
    assert std.objectHas(rules.runbooks, name) : 'no alert is called ' + name;
    panel_link('Runbook: ' + name, rules.runbooks[name]) { targetBlank: true },

  // --- Panels ---

  // `more`: w, h; thresholds; mappings; min, max, decimals; links (of the panel), to (of its series); overrides;
  // alerts (whose runbooks are linked); options; custom (of the fields).
  local panel(type, title, description, unit, targets, more) = {
    type: type,
    title: title,
    description: description,
    datasource: datasource,
    gridPos: { w: std.get(more, 'w', 8), h: std.get(more, 'h', 8), x: 0, y: 0 },
    targets: [targets[i] { refId: std.char(65 + i) } for i in std.range(0, std.length(targets) - 1)],
    links: [$.runbook(name) for name in std.get(more, 'alerts', [])] + std.get(more, 'links', []),
    fieldConfig: {
      defaults: {
        unit: unit,
        thresholds: std.get(more, 'thresholds', $.plain),
        [if std.objectHas(more, 'to') then 'links']: more.to,
        custom: std.get(more, 'custom', {}),
      } + { [key]: more[key] for key in ['mappings', 'min', 'max', 'decimals', 'noValue', 'color'] if std.objectHas(more, key) },
      overrides: std.get(more, 'overrides', []),
    },
    options: std.get(more, 'options', {}),
  } + { [key]: more[key] for key in ['transformations', 'maxDataPoints', 'interval'] if std.objectHas(more, key) },

  // A field, or fields by a pattern of their names, shown otherwise than the rest.
  field(name, properties):: {
    matcher: { id: 'byName', options: name },
    properties: [{ id: id, value: properties[id] } for id in std.objectFields(properties)],
  },
  fields(pattern, properties):: $.field(pattern, properties) { matcher: { id: 'byRegexp', options: pattern } },
  // What a series is compared with, as it is set in upkeep.yml.
  limit:: $.fields('/^limit/', {
    color: { mode: 'fixed', fixedColor: 'red' },
    'custom.lineStyle': { fill: 'dash', dash: [8, 6] },
    'custom.fillOpacity': 0,
  }),

  // `stack: true` adds up; `below: pattern` draws those series downwards.
  graph(title, description, unit, targets, more={})::
    local stacked = std.get(more, 'stack', false);
    local has_lines = std.objectHas(more, 'thresholds');
    panel('timeseries', title, description, unit, targets, {
      min: 0,
      color: { mode: 'palette-classic' },
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: if stacked then 40 else 8,
        showPoints: 'never',
        spanNulls: false,
        stacking: { mode: if stacked then 'normal' else 'none', group: 'A' },
        thresholdsStyle: { mode: if has_lines then 'dashed' else 'off' },
      },
      options: {
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
    } + more + {
      overrides: std.get(more, 'overrides', []) + [$.limit] + (
        if std.objectHas(more, 'below') then
          [$.fields(more.below, { 'custom.transform': 'negative-Y' })] else []
      ),
    } + (if std.objectHas(more, 'below') then { min:: null } else {})),

  // One number, coloured by what it means. An expression has no value where nothing is watched: absent is not zero.
  stat(title, description, unit, expr, more={})::
    panel('stat', title, description, unit, [$.now(expr)], {
      w: 4,
      h: 4,
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: std.get(more, 'colored', 'background'),
        graphMode: 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        textMode: std.get(more, 'text', 'value'),
        wideLayout: true,
      },
    } + more + { mappings: std.get(more, 'mappings', []) + no_value('no data', unknown) }),

  // The largest, as bars.
  bars(title, description, unit, expr, legend, more={})::
    panel('bargauge', title, description, unit, [$.now(expr, legend)], {
      min: 0,
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        orientation: 'horizontal',
        displayMode: 'basic',
        valueMode: 'color',
        namePlacement: 'left',
        showUnfilled: true,
        sizing: 'auto',
        minVizHeight: 16,
        maxVizHeight: 28,
        minVizWidth: 8,
      },
    } + more),

  // A row a thing. `columns` are [name, expression, how it is shown]; `keys` the labels that name the thing, which every
  // expression keeps and nothing else. `first`: the columns stand before the keys; `hidden`: there is only one, and it is
  // not shown; `widths` of keys.
  table(title, description, keys, columns, more={})::
    local value(i) = if std.length(columns) == 1 then 'Value' else 'Value #' + std.char(65 + i);
    local values = [value(i) for i in std.range(0, std.length(columns) - 1)];
    local hidden = std.get(more, 'hidden', false);
    local order = if std.get(more, 'first', false) then [values[0]] + keys + values[1:] else keys + values;
    local widths = std.get(more, 'widths', {});
    // Rows come in the order of the first column, in which the worst are to be first.
    local rows = columns[0][1];
    local ordered = if std.startsWith(rows, 'topk(') || std.startsWith(rows, 'bottomk(') || hidden then rows
    else 'sort_desc(%s)' % rows;
    panel('table', title, description, 'short', [$.row_of(ordered)] + [$.row_of(column[1]) for column in columns[1:]], {
      w: 24,
      h: 10,
      options: {
        showHeader: true,
        cellHeight: 'sm',
        sortBy: [{ displayName: std.get(more, 'sort', columns[0][0]), desc: std.get(more, 'descending', true) }],
      },
      custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: false, inspect: false },
      transformations: [
        { id: 'merge', options: {} },
        {
          id: 'organize',
          options: {
            excludeByName: { Time: true } + (if hidden then { Value: true } else {}),
            indexByName: { [order[i]]: i for i in std.range(0, std.length(order) - 1) },
            renameByName: { [value(i)]: columns[i][0] for i in std.range(0, std.length(columns) - 1) },
          },
        },
      ],
    } + more + {
      // Labels are words, even those that look like numbers.
      overrides: [
        $.field(key, { unit: 'string', noValue: '', [if std.objectHas(widths, key) then 'custom.width']: widths[key] })
        for key in keys
      ] + (if hidden then [] else [
             $.field(columns[i][0], { noValue: '' } + columns[i][2])
             for i in std.range(0, std.length(columns) - 1)
           ]) + std.get(more, 'overrides', []),
    }),
  // How a column is shown.
  shown(unit, more={}):: { unit: unit } + more,
  local cell = { 'custom.cellOptions': { type: 'color-background', mode: 'basic' } },
  local nothing = no_value('', 'transparent'),
  colored(unit, thresholds, more={}):: cell { unit: unit, thresholds: thresholds, mappings: nothing } + more,
  // Words for ranges of a number: [from, to, text, color].
  ranges(texts, more={}):: cell {
    unit: 'none',
    mappings: [{ type: 'range', options: { from: t[0], to: t[1], result: { text: t[2], color: t[3], index: t[0] } } } for t in texts] + nothing,
  } + more,
  word(texts, more={}):: cell { unit: 'none', mappings: mapping(texts) + nothing } + more,

  // What state things were in, over time.
  states(title, description, texts, targets, more={})::
    panel('state-timeline', title, description, 'none', targets, {
      mappings: mapping(texts),
      custom: { fillOpacity: 80, lineWidth: 0 },
      color: { mode: 'thresholds' },
      options: {
        mergeValues: true,
        showValue: 'never',
        alignValue: 'left',
        rowHeight: 0.9,
        legend: { showLegend: false, displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'single', sort: 'none' },
      },
    } + more),

  row(title, panels):: { row: title, panels: panels },

  // --- Variables ---

  local variable(name, label, query, more={}) = {
    type: 'query',
    name: name,
    label: label,
    datasource: datasource,
    query: { query: query, refId: 'variable-' + name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.+',
    current: { selected: true, text: ['All'], value: ['$__all'] },
    hide: 0,
    skipUrlSync: false,
  } + more,
  // The values of a label of the metric, of what is selected already. One that not every series has may be empty too.
  choose(label, metric, title=label, more={})::
    variable(label, title, 'label_values(%s, %s)' % [metric, label], more),
  maybe_absent:: { allValue: '.*' },
  local basic_variables(jobs) = [
    { type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', refresh: 1, hide: 0, current: {} },
    variable('job', 'Job', 'label_values(%s, job)' % jobs),
    variable('instance', 'Instance', 'label_values(%s{job=~"$job"}, instance)' % jobs),
  ],

  // --- The dashboard ---

  // Left to right and on to the next line at column 24; ids in order.
  local place(panels) = std.foldl(
    function(done, p)
      local wrap = p.type == 'row' || done.x + p.gridPos.w > 24;
      local x = if wrap then 0 else done.x, y = if wrap then done.y + done.h else done.y;
      {
        x: if p.type == 'row' then 24 else x + p.gridPos.w,
        y: y,
        h: if wrap then p.gridPos.h else std.max(done.h, p.gridPos.h),
        out: done.out + [p { id: std.length(done.out) + 1, gridPos+: { x: x, y: y } }],
      },
    panels,
    { x: 0, y: 0, h: 0, out: [] }
  ).out,

  local heading(title) =
    { type: 'row', title: title, collapsed: false, panels: [], gridPos: { w: 24, h: 1, x: 0, y: 0 } },

  local selected(p, here) =
    if std.objectHas(p, 'targets') then
      p { targets: [t { expr: std.strReplace(t.expr, '@', here) } for t in p.targets] } else p,

  // `here` is what `@` stands for; `jobs` the metric whose jobs and instances can be chosen.
  dashboard(uid,
            title,
            description,
            rows,
            variables=[],
            here='job=~"$job", instance=~"$instance"',
            jobs='upkeep_build_info',
            from='now-6h'):: {
    uid: 'upkeep-' + uid,
    title: title,
    description: description,
    tags: ['upkeep'],
    schemaVersion: 41,
    editable: false,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: from, to: 'now' },
    timezone: 'browser',
    links: [{
      type: 'dashboards',
      title: 'Upkeep',
      tags: ['upkeep'],
      asDropdown: true,
      includeVars: true,
      keepTime: true,
      icon: 'external link',
      targetBlank: false,
      tooltip: 'The other dashboards, about the same',
      url: '',
    }],
    annotations: { list: [] },
    templating: { list: basic_variables(jobs) + variables },
    panels: place(std.flattenArrays([
      (if r.row == '' then [] else [heading(r.row)]) + [selected(p, here) for p in r.panels]
      for r in rows
    ])),
  },
}
