// The page that draws a dashboard: Grafana's own components, fed from Prometheus.
import React from 'react'
import { createRoot } from 'react-dom/client'
import {
  FieldConfigOptionsRegistry, FieldType, ThemeContext, VizOrientation, applyFieldOverrides, cacheFieldDisplayNames,
  createTheme, dateTime, displayNameOverrideProcessor, getDisplayValueAlignmentFactors, getFieldDisplayValues,
  identityOverrideProcessor, numberOverrideProcessor, standardTransformers, standardTransformersRegistry,
  thresholdsOverrideProcessor, toDataFrame, transformDataFrame, unitOverrideProcessor, valueMappingsOverrideProcessor,
} from '@grafana/data'
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui'
import { TableNG } from '@grafana/ui/unstable'
import { interpolate, resolve, run } from '../query.mjs'
import { StateTimeline } from './state_timeline.jsx'

const query = new URLSearchParams(location.search)
const theme = createTheme({ colors: { mode: query.get('theme') ?? 'dark' } })
const WIDTH = +(query.get('width') ?? 1600)
const CELL = 30 // Grafana's grid
const GAP = 8

const transformers = [...new Map(Object.values(standardTransformers).map(one => [one.id, one])).values()]
standardTransformersRegistry.setInit(() => transformers.map(one =>
  ({ id: one.id, name: one.name, transformation: () => Promise.resolve(one) })))

// --- From a panel's queries to the frames that are drawn ---

// The options that a panel of Grafana would register: the standard ones typed, custom ones passed through.
const STANDARD = {
  unit: unitOverrideProcessor, min: numberOverrideProcessor, max: numberOverrideProcessor, decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor, thresholds: thresholdsOverrideProcessor, mappings: valueMappingsOverrideProcessor,
  color: identityOverrideProcessor, noValue: identityOverrideProcessor, links: identityOverrideProcessor,
  filterable: identityOverrideProcessor,
}

function registry(config) {
  const overridden = (config.overrides ?? []).flatMap(one => one.properties).filter(one => one.id.startsWith('custom.'))
  const custom = new Set([...Object.keys(config.defaults.custom ?? {}), ...overridden.map(one => one.id.slice(7))])
  return new FieldConfigOptionsRegistry(() => [
    ...Object.entries(STANDARD).map(([id, process]) => ({ id, path: id, name: id, process, shouldApply: () => true })),
    ...[...custom].map(id => ({ id: `custom.${id}`, path: id, name: id, isCustom: true, process: identityOverrideProcessor,
      shouldApply: () => true })),
  ])
}

const GRAPH = { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', lineInterpolation: 'linear',
  showPoints: 'auto', pointSize: 5, spanNulls: false, axisPlacement: 'auto', axisGridShow: true,
  scaleDistribution: { type: 'linear' }, stacking: { mode: 'none', group: 'A' }, thresholdsStyle: { mode: 'off' },
  hideFrom: { legend: false, tooltip: false, viz: false } }

async function frames(panel, variables, range) {
  const config = structuredClone(panel.fieldConfig ?? { defaults: {}, overrides: [] })
  if (panel.type === 'timeseries') config.defaults.custom = { ...GRAPH, ...config.defaults.custom }
  config.defaults.color ??= { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' }
  const replace = text => interpolate(text ?? '', variables)
  const shown = (panel.targets ?? []).filter(target => !target.hide)
  const raw = (await Promise.all(shown.map(target => run(target, variables, range, panel)))).flat().map(one => toDataFrame(one))
  const steps = (panel.transformations ?? []).filter(one => !one.disabled)
  const transformed = steps.length && raw.length ? await new Promise((resolve, reject) =>
    transformDataFrame(steps, raw, { interpolate: replace }).subscribe({ next: resolve, error: reject })) : raw
  const data = applyFieldOverrides({ data: transformed, fieldConfig: config, fieldConfigRegistry: registry(config),
    replaceVariables: replace, theme, timeZone: 'utc' })
  cacheFieldDisplayNames(data) // after overrides, which may rename
  if (panel.type === 'timeseries') { // the plot cannot take NaN
    const numbers = data.flatMap(one => one.fields).filter(field => field.type === FieldType.number)
    for (const field of numbers) field.values = field.values.map(value => Number.isFinite(value) ? value : null)
  }
  const points = raw.flatMap(one => one.fields.at(-1).values).filter(value => value !== null && !Number.isNaN(value)).length
  return { config, data, points }
}

// --- Drawing ---

function Drawing({ panel, drawn, width, height, range, variables }) {
  const options = panel.options ?? {}
  const timeRange = { from: dateTime(range.from * 1000), to: dateTime(range.to * 1000), raw: { from: 'now-6h', to: 'now' } }
  const { config, data } = drawn
  const values = sparkline => getFieldDisplayValues({ fieldConfig: config, data, sparkline, theme, timeZone: 'utc',
    reduceOptions: { calcs: ['lastNotNull'], ...options.reduceOptions }, replaceVariables: text => interpolate(text, variables) })
  const repeated = (all, render, more = {}) => <VizRepeater getValues={() => all} renderValue={render} source={data}
    getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} renderCounter={1}
    orientation={options.orientation ?? 'auto'} autoGrid {...more} />
  switch (panel.type) {
    case 'timeseries':
      return <TimeSeries frames={data} structureRev={1} width={width} height={height} timeRange={timeRange} timeZone="utc"
        legend={options.legend} options={options} />
    case 'stat':
      return repeated(values(false), ({ value, width, height, count, alignmentFactors }) => <BigValue value={value.display}
        width={width} height={height} count={count} alignmentFactors={alignmentFactors} theme={theme} text={options.text}
        colorMode={options.colorMode} graphMode="none" justifyMode={options.justifyMode} textMode={options.textMode}
        wideLayout={options.wideLayout} />)
    case 'bargauge':
      return repeated(values(), ({ value, width, height, alignmentFactors }) => <BarGauge value={value.display}
        field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)} width={width} height={height}
        orientation={VizOrientation.Horizontal} displayMode={options.displayMode} theme={theme} text={options.text}
        alignmentFactors={alignmentFactors} showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode}
        namePlacement={options.namePlacement} itemSpacing={8} lcdCellWidth={12} />,
      { orientation: VizOrientation.Horizontal, autoGrid: false, itemSpacing: 10, minVizHeight: options.minVizHeight,
        maxVizHeight: options.maxVizHeight, minVizWidth: options.minVizWidth })
    case 'table':
      return <TableNG data={data[0]} width={width} height={height} cellHeight={options.cellHeight} timeRange={timeRange}
        structureRev={1} fieldConfig={config} initialSortBy={options.sortBy} />
    case 'state-timeline':
      return <StateTimeline data={data} width={width} height={height} range={range} theme={theme} />
    default:
      throw new Error(`nothing here draws ${panel.type}`)
  }
}

class Boundary extends React.Component {
  state = {}
  static getDerivedStateFromError(error) { return { error } }
  componentDidCatch(error) { Object.assign(this.props.record, { state: 'failed', error: error.message }) }
  render() { return this.state.error ? String(this.state.error) : this.props.children }
}

function Panel({ panel, variables, range, record }) {
  const [drawn, setDrawn] = React.useState(null)
  const unit = WIDTH / 24
  const width = panel.gridPos.w * unit - GAP
  const height = panel.gridPos.h * (CELL + GAP) - GAP
  const place = { position: 'absolute', left: panel.gridPos.x * unit, top: panel.gridPos.y * (CELL + GAP), width }
  const empty = panel.fieldConfig?.defaults?.noValue
  React.useEffect(() => {
    if (panel.type === 'row') return
    frames(panel, variables, range).then(found => {
      record.state = found.points || empty ? 'ok' : 'empty'
      setDrawn(found)
    }, error => {
      Object.assign(record, { state: 'failed', error: error.message })
      setDrawn({ error: error.message })
    })
  }, [])
  if (panel.type === 'row') {
    return <div style={{ ...place, color: theme.colors.text.primary, font: '500 16px Inter', padding: 6 }}>▾ {panel.title}</div>
  }
  const inside = (width, height) => <Boundary record={record}>
    {drawn?.points || (drawn?.data && panel.type === 'stat') ? <Drawing {...{ panel, drawn, variables, range, width, height }} />
      : drawn && <div style={{ textAlign: 'center', paddingTop: height / 2 - 10 }}>{drawn.error ?? empty ?? 'No data'}</div>}
  </Boundary>
  return <div style={place}>
    <PanelChrome padding={panel.type === 'stat' ? 'none' : 'md'} title={panel.title} description={panel.description}
      width={width} height={height} statusMessage={drawn?.error}>{inside}</PanelChrome>
  </div>
}

async function draw() {
  const dashboard = await (await fetch('/dashboard.json')).json()
  const to = +(query.get('to') ?? Math.floor(Date.now() / 1000))
  const range = { from: to - +(query.get('seconds') ?? 3600), to }
  const given = Object.fromEntries([...query].filter(([key]) => key.startsWith('var-')).map(([key, value]) => [key.slice(4), value]))
  const variables = await resolve(dashboard, range, given)
  const rows = +(query.get('rows') ?? Infinity)
  const panels = dashboard.panels.filter(panel => panel.gridPos.y + panel.gridPos.h <= rows)
  const drawn = panels.filter(panel => panel.type !== 'row')
  window.panels = drawn.map(panel => ({ id: panel.id, title: panel.title, state: 'pending' }))
  const bottom = Math.max(...panels.map(panel => panel.gridPos.y + panel.gridPos.h)) * (CELL + GAP)
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div style={{ padding: 8, width: WIDTH + 16, background: theme.colors.background.canvas }}>
        <h2 style={{ font: '500 20px Inter', color: theme.colors.text.primary }}>{dashboard.title}</h2>
        <div style={{ position: 'relative', height: bottom }}>
          {panels.map(panel => <Panel key={panel.id} panel={panel} variables={variables} range={range}
            record={window.panels.find(one => one.id === panel.id) ?? {}} />)}
        </div>
      </div>
    </ThemeContext.Provider>)
}

draw().catch(error => { window.failure = error.stack })
