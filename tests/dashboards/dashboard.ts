// What a dashboard may be, composed of the types that Grafana generates from its own schema.
import type * as raw from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as gauge from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as states from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// A query to Prometheus, for which the package has no type: as @grafana/grafana-foundation-sdk/prometheus has it.
export interface Target {
  refId: string; expr: string; datasource?: raw.DataSourceRef; legendFormat?: string;
  format?: 'time_series' | 'table' | 'heatmap'; instant?: boolean; range?: boolean; exemplar?: boolean; hide?: boolean;
  interval?: string; intervalFactor?: number; step?: number; editorMode?: 'code' | 'builder'; metric?: string;
}

type DeepPartial<T> = T extends (infer U)[] ? DeepPartial<U>[] : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

// Where the types are stricter than what Grafana itself exports: the first threshold without a value, `definition` and
// partial `current` of variables, `fieldMinMax`, partial links of dashboards.
type Steps = { mode: raw.ThresholdsMode; steps: Array<Omit<raw.Threshold, 'value'> & { value?: number | null }> };
interface Defaults<C> extends Omit<raw.FieldConfig, 'custom' | 'thresholds'> { custom?: C; thresholds?: Steps; fieldMinMax?: boolean }
interface Override { matcher: raw.MatcherConfig; properties: Array<{ id: string; value?: unknown }>; __systemRef?: string }
interface Variable extends Omit<raw.VariableModel, 'current'> { definition?: string; current?: Partial<raw.VariableOption> }

interface Base<T extends string, O, C> extends Omit<raw.Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: T; id: number; gridPos: raw.GridPos; title?: string; options?: DeepPartial<O>;
  fieldConfig?: { defaults: Defaults<DeepPartial<C>>; overrides: Override[] }; targets?: Target[];
}
type None = Record<string, never>;
export type Panel =
  | Base<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Base<'stat', stat.Options, None>
  | Base<'gauge', gauge.Options, None>
  | Base<'bargauge', bargauge.Options, None>
  | Base<'table', table.Options, table.FieldConfig>
  | Base<'state-timeline', states.Options, states.FieldConfig>
  | Base<'text', text.Options, None>;

export interface Row extends Omit<raw.RowPanel, 'panels'> { gridPos: raw.GridPos; panels: Panel[] }
export interface Dashboard extends Omit<raw.Dashboard, 'panels' | 'annotations' | 'templating' | 'links'> {
  title: string; uid: string; panels: Array<Panel | Row>; templating?: { list: Variable[] };
  links?: Array<Partial<raw.DashboardLink>>;
  annotations?: { list?: Array<Omit<raw.AnnotationQuery, 'target'> & { target?: Record<string, unknown> }> };
}
