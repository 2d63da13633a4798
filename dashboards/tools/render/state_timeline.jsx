// Grafana's own is part of its application and no package; the colours are still those of its display processor.
import { FieldType, getFieldDisplayName } from '@grafana/data'

const LABELS = 220 // pixels

function segments(field, times) {
  const found = []
  field.values.forEach((value, i) => {
    const last = found.at(-1)
    if (last) last.end = times[i]
    if (!last || last.value !== value) found.push({ value, start: times[i], end: times[i] })
  })
  return found.filter(one => one.value !== null)
}

export function StateTimeline({ data, width, height, range, theme }) {
  const rows = data.flatMap(frame => frame.fields.filter(field => field.type === FieldType.number)
    .map(field => ({ frame, field, times: frame.fields[0].values })))
  const rowHeight = Math.min(34, (height - 18) / rows.length)
  const x = time => LABELS + (width - LABELS) * (time / 1000 - range.from) / (range.to - range.from)
  return <svg width={width} height={height} fontFamily="Inter, sans-serif" fontSize="12">
    {rows.map(({ frame, field, times }, row) => <g key={row}>
      <text x={LABELS - 8} y={row * rowHeight + rowHeight / 2 + 4} textAnchor="end" fill={theme.colors.text.primary}>
        {getFieldDisplayName(field, frame, data)}
      </text>
      {segments(field, times).map((one, i) => <rect key={i} x={x(one.start)} y={row * rowHeight + 2} opacity=".8"
        width={Math.max(1, x(one.end) - x(one.start))} height={Math.max(2, rowHeight - 4)} fill={field.display(one.value).color} />)}
    </g>)}
  </svg>
}
