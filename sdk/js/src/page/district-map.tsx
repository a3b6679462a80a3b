/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** A map of the city's districts and counties, shaded by classes. */
import type { Child } from "hono/jsx";
import type { CityRequest } from "../web/request.ts";
import { FigureCell, Foot, Linked, Nothing, Unit } from "./chart.tsx";
import { Badge, type Tone } from "./parts.tsx";
import { type Figure, Quantity } from "./quantity.ts";

/**
 * The divisions (GB/T 2260) that the platform's map has. The economic development zone (320371) is a statistical division
 * without an outline.
 */
export const ON_THE_MAP: readonly string[] = ["320302", "320303", "320305", "320311", "320312", "320321", "320322", "320324", "320381", "320382"];

/** The shades of the stylesheet, from little to much. */
const SHADES = 6;
/** Classes where the app names none. */
const CLASSES = 5n;

/** A class: figures of `from` and more, up to where the next one begins. */
export interface MapClass {
  readonly from: Figure;
  readonly label: string;
  /** Whether it is good or bad, in the colours of badges. */
  readonly tone?: Tone;
}

/** The figure of a district, by its code of GB/T 2260. One that is not {@link ON_THE_MAP} stands in the table alone. */
export interface District {
  readonly code: string;
  readonly name: string;
  readonly value: Figure;
  /** Leads to what lies behind the figure: its towns, its list. */
  readonly link?: string;
}

/** What else is told of the districts: a column of the table, which the map tells where a district is pointed at. */
export interface MapColumn {
  readonly heading: string;
  /** By the districts' codes; a dash where there is none. */
  readonly cells: Readonly<Record<string, Child>>;
}

/** What a map is made of. */
export interface DistrictMapProps {
  readonly request: CityRequest;
  readonly title: string;
  /** What its figures are. */
  readonly measure: string;
  readonly districts: readonly District[];
  /** What the figures count. */
  readonly unit?: string;
  /** Six classes can be told apart. A figure below all of them has none. Without any there are up to five of one width. */
  readonly classes?: readonly MapClass[];
  /** What stands beside the figure, in this order. */
  readonly columns?: readonly MapColumn[];
  /** Where the figures come from and until when. */
  readonly source?: string;
}

/** A map with its classes and its table. */
export function DistrictMap(props: DistrictMapProps) {
  const { request, title, measure, districts, unit, columns = [] } = props;
  const classes = classesOf(props);
  return (
    <figure class="chart" data-chart="map" data-unit={unit}>
      <figcaption>{title}</figcaption>
      {districts.length === 0 ? <Nothing request={request} /> : (
        <>
          <ul class="chart-classes" aria-label={request.t("分档", "Classes")}>
            {classes.map((c, n) => <li><Swatch of={c} n={n + 1} many={classes.length} />{c.label}</li>)}
          </ul>
          <div class="table-wrap" role="region" aria-label={title} tabindex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{request.t("县区", "District")}</th>
                  <th class="amount" scope="col" data-series="">{measure}<Unit request={request} unit={unit} /></th>
                  {columns.map((c) => <th scope="col" data-series="">{c.heading}</th>)}
                  <th scope="col">{request.t("分档", "Class")}</th>
                </tr>
              </thead>
              <tbody>{districts.map((d) => <Row district={d} classes={classes} columns={columns} />)}</tbody>
            </table>
          </div>
          <Missing request={request} districts={districts} />
        </>
      )}
      <Foot source={props.source} />
    </figure>
  );
}

function Row({ district, classes, columns }: { district: District; classes: readonly MapClass[]; columns: readonly MapColumn[] }) {
  const n = classOf(district.value, classes);
  const found = classes[n - 1];
  const said = found === undefined ? "—" : found.tone === undefined ? found.label : <Badge tone={found.tone}>{found.label}</Badge>;
  return (
    <tr data-code={district.code} data-class={found && String(n)} data-tone={found?.tone}>
      <th scope="row"><Linked name={district.name} link={district.link} /></th>
      <FigureCell value={district.value} />
      {columns.map((c) => <td>{c.cells[district.code] ?? "—"}</td>)}
      <td>{said}</td>
    </tr>
  );
}

function Swatch({ of, n, many }: { of: MapClass; n: number; many: number }) {
  const colour = of.tone === undefined ? `shade-${shade(n, many)}` : `tone-${of.tone}`;
  return <span class={`swatch ${colour} pattern-${((n - 1) % SHADES) + 1}`} aria-hidden="true"></span>;
}

/** Which districts stand in the table alone. */
function Missing({ request, districts }: { request: CityRequest; districts: readonly District[] }) {
  const names = districts.filter((d) => !ON_THE_MAP.includes(d.code)).map((d) => d.name);
  if (names.length === 0) return null;
  return (
    <p class="source">
      {request.t(
        `地图上没有轮廓，只列在表格里：${names.join("、")}。`,
        `In the table alone, since the map has no outline of them: ${names.join(", ")}.`,
      )}
    </p>
  );
}

/** The classes from little to much: the app's, or some of one width. */
export function classesOf({ classes = [], districts }: Pick<DistrictMapProps, "classes" | "districts">): MapClass[] {
  const figures = districts.map((d) => Quantity.of(d.value)).filter((q) => q.units !== undefined);
  const bounds = classes.filter((c) => Quantity.of(c.from).units !== undefined);
  const scale = scaleOf([...figures, ...bounds.map((c) => c.from)]);
  const units = (figure: Figure) => Quantity.of(figure).at(scale) ?? 0n;
  const ordered = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
  if (bounds.length > 0) return [...bounds].sort((a, b) => ordered(units(a.from), units(b.from)));
  return even(figures.map(units).sort(ordered), scale);
}

function even(sorted: readonly bigint[], scale: number): MapClass[] {
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return [];
  const width = most - least + 1n;
  // As many as there are different figures at the most, each one unit wide at least.
  const many = width < CLASSES ? width : CLASSES;
  const from = (n: bigint) => floor(least * many + width * n, many);
  const shown = (units: bigint) => Quantity.decimal(units, scale).text;
  const label = (first: bigint, last: bigint) => (first === last ? shown(first) : `${shown(first)} – ${shown(last)}`);
  return Array.from({ length: Number(many) }, (_, n) => {
    const [first, next] = [from(BigInt(n)), from(BigInt(n) + 1n)];
    return { from: Quantity.decimal(first, scale), label: label(first, next - 1n) };
  });
}

/** Division towards the smaller number; `by` is positive. */
function floor(n: bigint, by: bigint): bigint {
  return n / by - (n % by < 0n ? 1n : 0n);
}

const scaleOf = (figures: readonly Figure[]) => Math.max(0, ...figures.map((f) => Quantity.of(f).scale));

/** The place of the class of a figure, from 1; 0 without one. Nothing is rounded. */
export function classOf(value: Figure, classes: readonly MapClass[]): number {
  const scale = scaleOf([value, ...classes.map((c) => c.from)]);
  const units = Quantity.of(value).at(scale);
  if (units === undefined) return 0;
  return classes.filter((c) => (Quantity.of(c.from).at(scale) ?? 0n) <= units).length;
}

/** The shade of a class: they are spread so that the last one is the deepest, however few there are. */
export function shade(n: number, many: number): number {
  return many <= 1 ? SHADES : Math.round(1 + ((n - 1) * (SHADES - 1)) / (many - 1));
}
