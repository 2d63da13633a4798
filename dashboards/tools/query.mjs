// What Grafana does between a dashboard and Prometheus: variables, macros, queries, frames. Runs in node and in a browser.

// What Grafana takes for granted of a data source that says nothing else.
const SCRAPE_SECONDS = 15

async function ask(base, path, parameters) {
  const url = `${base}/api/v1/${path}?` + new URLSearchParams(parameters)
  const answer = await (await fetch(url)).json()
  if (answer.status !== 'success') throw new Error(answer.error)
  return answer.data
}

// --- Variables ---

const REFERENCE = /\$\{(\w+)(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g
const escaped = value => String(value).replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&')

export function interpolate(text, variables) {
  return String(text).replace(REFERENCE, (whole, braced, format, plain, old) => {
    const value = variables[braced ?? plain ?? old]
    if (value === undefined) return whole
    if (!Array.isArray(value)) return value
    if (format === 'csv') return value.join(',')
    if (format === 'pipe') return value.join('|')
    return value.length === 1 ? escaped(value[0]) : `(${value.map(escaped).join('|')})`
  })
}

const seconds = text => {
  const found = /^(\d+)(ms|[smhdwy])$/.exec(text ?? '')
  return found ? found[1] * { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 }[found[2]] : 0
}

async function options(variable, variables, base) {
  const query = (typeof variable.query === 'string' ? variable.query : variable.query?.query ?? '').trim()
  if (variable.type !== 'query') {
    return query.split(',').map(part => part.trim().split(/\s*:\s*/).at(-1)).filter(part => part !== '')
  }
  const labels = /^label_values\((?:([^]+),)?\s*(\w+)\s*\)$/.exec(query)
  let found
  if (labels) {
    const match = labels[1] ? { 'match[]': interpolate(labels[1].trim(), variables) } : {}
    found = await ask(base, `label/${labels[2]}/values`, match)
  } else {
    const expression = /^query_result\(([^]*)\)$/.exec(query)?.[1] ?? query
    const { result } = await ask(base, 'query', { query: interpolate(expression, variables) })
    found = result.map(({ metric: { __name__: name = '', ...rest }, value }) => {
      const inner = Object.entries(rest).map(([key, text]) => `${key}="${text}"`).join(',')
      return `${name}{${inner}} ${value[1]} ${value[0] * 1000}`
    })
  }
  if (!variable.regex) return found
  const pattern = new RegExp(variable.regex.replace(/^\/([^]*)\/\w*$/, '$1'))
  return found.map(text => pattern.exec(text)).filter(Boolean)
    .map(hit => hit.groups?.value ?? hit.groups?.text ?? hit[1] ?? hit[0])
}

async function value(variable, variables, base) {
  if (variable.type === 'datasource') return 'prometheus'
  const current = variable.current?.value
  const all = [current].flat().includes('$__all')
  const isSet = ![undefined, null, ''].includes(current) && ![current].flat().includes('$__auto')
  if (variable.type !== 'query' && isSet && !all) return current
  const found = await options(variable, variables, base)
  // All, where that can be chosen and nothing else was.
  if (variable.includeAll && (variable.multi || all)) return variable.allValue || found
  const wanted = [current].flat().find(one => found.includes(one))
  return wanted ?? found[0] ?? ''
}

// {name: value, or values}. `given` goes before what would be chosen.
export async function resolve(dashboard, range, given = {}, base = '') {
  const length = range.to - range.from
  const variables = { __range: `${length}s`, __range_s: length, __range_ms: length * 1000, __interval: '15s',
    __interval_ms: 15000, __rate_interval: '60s' }
  for (const variable of dashboard.templating?.list ?? []) {
    variables[variable.name] = given[variable.name] ?? await value(variable, variables, base)
  }
  return variables
}

// --- Queries ---

const number = text => ({ NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity })[text] ?? +text

function name(target, metric, expression) {
  const { __name__: family = '', ...labels } = metric
  if (target.legendFormat && target.legendFormat !== '__auto') {
    return target.legendFormat.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, key) => metric[key] ?? '')
  }
  const inner = Object.entries(labels).map(([key, text]) => `${key}="${text}"`).join(', ')
  return inner ? `${family}{${inner}}` : family || expression
}

function frame(target, metric, points, expression, step) {
  const { __name__: _, ...labels } = metric
  return { refId: target.refId, name: name(target, metric, expression), fields: [
    { name: 'Time', type: 'time', config: { interval: step * 1000 }, values: points.map(([time]) => time * 1000) },
    { name: 'Value', type: 'number', labels, config: { displayNameFromDS: name(target, metric, expression) },
      values: points.map(([, text]) => text === null ? null : number(text)) },
  ] }
}

function table(target, series, alone) {
  const keys = [...new Set(series.flatMap(one => Object.keys(one.metric)))].filter(key => key !== '__name__').sort()
  return { refId: target.refId, fields: [
    { name: 'Time', type: 'time', values: series.map(one => one.value[0] * 1000) },
    ...keys.map(key => ({ name: key, type: 'string', values: series.map(one => one.metric[key] ?? '') })),
    { name: alone ? 'Value' : `Value #${target.refId}`, type: 'number', values: series.map(one => number(one.value[1])) },
  ] }
}

// The frames of a target, as Grafana's data source for Prometheus makes them.
export async function run(target, variables, range, panel, base = '') {
  const length = range.to - range.from
  const least = seconds(interpolate(target.interval || panel.interval || '', variables).replace('>', '')) || SCRAPE_SECONDS
  const step = Math.max(least, Math.ceil(length / (panel.maxDataPoints || 400) / 5) * 5)
  const expression = interpolate(target.expr, { ...variables, __interval: `${step}s`, __interval_ms: step * 1000,
    __rate_interval: `${Math.max(4 * least, step + least)}s` })
  if (target.instant && !target.range) {
    const { result, resultType } = await ask(base, 'query', { query: expression, time: range.to })
    const series = resultType === 'scalar' ? [{ metric: {}, value: result }] : result
    if (target.format !== 'table') return series.map(one => frame(target, one.metric, [one.value], expression, step))
    return series.length ? [table(target, series, panel.targets.length === 1)] : []
  }
  const start = Math.floor(range.from / step) * step
  const { result } = await ask(base, 'query_range', { query: expression, start, end: range.to, step })
  return result.map(({ metric, values }) => {
    const at = new Map(values.map(([time, text]) => [Math.round(time), text]))
    const points = []
    for (let time = start; time <= range.to; time += step) points.push([time, at.get(time) ?? null])
    return frame(target, metric, points, expression, step)
  })
}

// Every panel, those inside of rows too.
export const panels = list => (list ?? []).flatMap(panel => panel.type === 'row' ? panels(panel.panels) : [panel])
