/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/**
 * Charts: a figure with its data as a table. The platform's script (`/_city/page.js`) draws it; without one the table says the
 * same.
 */
import type { CityRequest } from "../web/request.ts";
import { Empty } from "./parts.tsx";
import { type Figure, Quantity } from "./quantity.ts";

/** A row of a chart: a category, a day. */
export interface ChartRow {
  readonly name: string;
  /** Leads to what lies behind the row. */
  readonly link?: string;
  /** A figure for each series. What is missing is shown as unknown, what is too much is left out. */
  readonly values: readonly Figure[];
}

/** What a chart is made of. */
export interface ChartProps {
  readonly request: CityRequest;
  /** Amounts side by side; how figures change, in the order of time; parts of one whole, of the first series. */
  readonly kind: "bar" | "line" | "pie";
  /** What stands above it. */
  readonly title: string;
  /** What its rows are. */
  readonly heading: string;
  /** The names of the series. */
  readonly series: readonly string[];
  readonly rows: readonly ChartRow[];
  /** What the figures count: it stands at the axis and beside each series' name. */
  readonly unit?: string;
  /** Where the figures come from and until when. */
  readonly source?: string;
  /** Bars of one row on top of each other. */
  readonly stacked?: boolean;
  /** Bars that lie, for long names. */
  readonly horizontal?: boolean;
}

/** A chart with its table. */
export function Chart(props: ChartProps) {
  const { request, title, series, rows, unit } = props;
  return (
    <figure class="chart" data-chart={props.kind} data-unit={unit} data-stacked={flag(props.stacked)} data-horizontal={flag(props.horizontal)}>
      <figcaption>{title}</figcaption>
      {rows.length === 0 || series.length === 0 ? (
        <Nothing request={request} />
      ) : (
        <div class="table-wrap" role="region" aria-label={title} tabindex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{props.heading}</th>
                {series.map((name) => <th class="amount" scope="col" data-series="">{name}<Unit request={request} unit={unit} /></th>)}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr>
                  <th scope="row"><Linked name={row.name} link={row.link} /></th>
                  {series.map((_, n) => <FigureCell value={row.values[n] ?? Quantity.unknown("—")} />)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Foot source={props.source} />
    </figure>
  );
}

const flag = (on: boolean | undefined) => (on === true ? "" : undefined);

/** What stands in place of a chart without figures. */
export function Nothing({ request }: { request: CityRequest }) {
  return <Empty><p>{request.t("没有数据。", "There are no figures.")}</p></Empty>;
}

/** The unit behind a heading. */
export function Unit({ request, unit }: { request: CityRequest; unit: string | undefined }) {
  return unit === undefined ? null : <>{request.t(`（${unit}）`, ` (${unit})`)}</>;
}

export function Linked({ name, link }: { name: string; link: string | undefined }) {
  return link === undefined ? <>{name}</> : <a href={link}>{name}</a>;
}

export function FigureCell({ value }: { value: Figure }) {
  const quantity = Quantity.of(value);
  return <td class="amount" data-value={quantity.number}>{quantity.text}</td>;
}

/** The source of the figures, and the script that draws them. A browser runs a module once, however often it is named. */
export function Foot({ source }: { source: string | undefined }) {
  return (
    <>
      {source === undefined ? null : <p class="source">{source}</p>}
      <PageScript />
    </>
  );
}

/** The platform's script for pages. */
export function PageScript() {
  return <script type="module" src="/_city/page.js"></script>;
}
