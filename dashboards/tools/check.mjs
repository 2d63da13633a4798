// Asks Prometheus every query of dashboards, as Grafana would, and reports what has no data.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { panels, resolve, run } from './query.mjs'

const USAGE = `Usage: dashboards/check [OPTION]... FILE.json... PROMETHEUS_URL

Takes any dashboard for Prometheus, asks every query of its panels as Grafana would, and says which have no data.
Exits 1 when a query has none, 2 when it cannot be asked at all.

  --range SECONDS   the time that is looked at, up to now (600)
  --set NAME=VALUE  what a variable is set to, instead of what Grafana would choose
  --json            every query with what came of it, for programs
`

function options() {
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: {
      range: { type: 'string', default: '600' },
      set: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    } })
    if (values.help) return { help: true }
    const url = positionals.pop()
    if (!/^https?:\/\//.test(url ?? '') || !positionals.length) throw new Error('dashboards and the address of a Prometheus expected')
    if (!(+values.range > 0)) throw new Error('--range needs a number of seconds')
    return { ...values, url: url.replace(/\/$/, ''), files: positionals }
  } catch (error) {
    process.stderr.write(`check: ${error.message}\n\n${USAGE}`)
    process.exit(2)
  }
}

const read = file => {
  const content = JSON.parse(readFileSync(file, 'utf8'))
  return content.dashboard ?? content // as the API gives it
}

// Why a query shows nothing; '' when it shows something.
async function emptiness(target, panel, variables, range, url) {
  try {
    const frames = await run(target, variables, range, panel, url)
    const values = frames.flatMap(frame => frame.fields.at(-1).values).filter(value => value !== null && !Number.isNaN(value))
    return values.length ? '' : frames.length ? 'nothing but NaN' : 'no series'
  } catch (error) {
    return error.message
  }
}

// Of other data sources, and what Grafana itself computes.
const asked = target => target.expr && !target.hide && target.datasource?.type !== '__expr__'

async function check(file, settings) {
  const dashboard = read(file)
  const to = Math.floor(Date.now() / 1000)
  const range = { from: to - +settings.range, to }
  const given = Object.fromEntries(settings.set.map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
  const variables = await resolve(dashboard, range, given, settings.url)
  const found = []
  for (const panel of panels(dashboard.panels ?? dashboard.rows?.flatMap(row => row.panels))) {
    const rows = await Promise.all((panel.targets ?? []).filter(asked).map(async target => ({
      dashboard: dashboard.uid, panel: panel.title, type: panel.type, target: target.refId, expr: target.expr,
      missing: await emptiness(target, panel, variables, range, settings.url),
    })))
    found.push(...rows.map(row => ({ ...row, panelId: panel.id })))
  }
  return found
}

const settings = options()
if (settings.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
try {
  const results = (await Promise.all(settings.files.map(file => check(file, settings)))).flat()
  const missing = results.filter(row => row.missing)
  const count = rows => new Set(rows.map(row => `${row.dashboard} ${row.panelId}`)).size
  if (settings.json) {
    process.stdout.write(JSON.stringify(results) + '\n')
  } else {
    for (const row of missing) process.stdout.write(`${row.dashboard}: "${row.panel}" ${row.target}: ${row.missing}\n`)
    const full = count(results.filter(row => !row.missing))
    process.stdout.write(`${count(results)} panels, ${full} with data; ${results.length} queries, ${missing.length} without\n`)
  }
  process.exitCode = missing.length ? 1 : 0
} catch (error) {
  process.stderr.write(`check: ${error.message}${error.cause ? `: ${error.cause.message}` : ''}\n`)
  process.exitCode = 2
}
