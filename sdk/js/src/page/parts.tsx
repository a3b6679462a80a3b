/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** The parts of pages, with the classes of the stylesheet that the host serves. No page needs JavaScript. */
import type { Child, PropsWithChildren } from "hono/jsx";
import type { CityRequest } from "../web/request.ts";

/** What a notice or a badge says with its colour; the words must say it too. */
export type Tone = "ok" | "info" | "warn" | "bad";

/** What stands out. `bad` and `warn` are alerts to screen readers, the others status messages. */
export function Notice({ tone, children }: PropsWithChildren<{ tone: Tone }>) {
  return (
    <div class={`notice notice-${tone}`} role={tone === "bad" || tone === "warn" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** A word about a state. */
export function Badge({ tone, children }: PropsWithChildren<{ tone: Tone }>) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

/** A card with a heading. `id` makes the heading's anchor; it must be unique on the page. */
export function Card({ id, heading, children }: PropsWithChildren<{ id: string; heading: Child }>) {
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{heading}</h2>
      {children}
    </section>
  );
}

/** What stands in place of an empty list, with what to do next. */
export function Empty({ children }: PropsWithChildren) {
  return <div class="empty">{children}</div>;
}

/** An amount of money in fen, as yuan: `¥1,080.00`. */
export function Amount({ fen }: { fen: number }) {
  const yuan = String(Math.floor(fen / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  return <span class="amount">¥{yuan}.{String(fen % 100).padStart(2, "0")}</span>;
}

/** A form of one button that posts to `action`, with hidden values. */
export function Confirm(props: PropsWithChildren<{ action: string; values?: Readonly<Record<string, string>> }>) {
  return (
    <form class="inline" method="post" action={props.action}>
      {Object.entries(props.values ?? {}).map(([name, value]) => <Hidden name={name} value={value} />)}
      <button type="submit">{props.children}</button>
    </form>
  );
}

/** A value that a form carries without showing it. */
export function Hidden({ name, value }: { name: string; value: string }) {
  return <input type="hidden" name={name} value={value} />;
}

/** A column of a table: its heading and how it shows a row. */
export interface Column<R> {
  readonly heading: string;
  readonly cell: (row: R) => Child;
  /** Numbers, aligned at their ends. */
  readonly numeric?: boolean;
  /** A heading that sorts by this key, in the table of a `Listing` that offers it. */
  readonly sortedBy?: string;
}

/** What stands in a heading, and how the table is sorted by it (`aria-sort`). */
export interface Heading {
  readonly words: Child;
  readonly sorted?: "none" | "ascending" | "descending";
}

/**
 * A table with a caption. The first column heads its rows. It scrolls by itself on a narrow screen,
 * reachable with the keyboard.
 */
export function Table<R>(props: { caption: string; columns: readonly Column<R>[]; rows: readonly R[] }) {
  return <SortedTable {...props} heading={({ heading }: Column<R>) => ({ words: heading })} />;
}

/** A table whose headings are made by `heading`. */
export function SortedTable<R>(props: {
  caption: string;
  columns: readonly Column<R>[];
  rows: readonly R[];
  heading: (column: Column<R>) => Heading;
}) {
  const amount = (column: Column<R>) => (column.numeric === true ? "amount" : undefined);
  const cell = (row: R) => (column: Column<R>, i: number) =>
    i === 0 ? <th scope="row">{column.cell(row)}</th> : <td class={amount(column)}>{column.cell(row)}</td>;
  return (
    <div class="table-wrap" role="region" aria-label={props.caption} tabindex={0}>
      <table>
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((c) => {
              const { words, sorted } = props.heading(c);
              return <th scope="col" class={amount(c)} aria-sort={sorted}>{words}</th>;
            })}
          </tr>
        </thead>
        <tbody>{props.rows.map((row) => <tr>{props.columns.map(cell(row))}</tr>)}</tbody>
      </table>
    </div>
  );
}

/**
 * Links to the first and the next page of a list with cursors. `kept` are the query's other
 * parameters; the cursor goes into `after`.
 */
export function Pager(props: {
  request: CityRequest;
  path: string;
  next: string | undefined;
  kept?: Readonly<Record<string, string>>;
}) {
  const { request, path, next, kept = {} } = props;
  const atStart = request.queryValue("after") === undefined;
  if (atStart && next === undefined) return null;
  return (
    <nav class="pager" aria-label={request.t("分页", "Pages")}>
      {atStart ? null : <a href={link(path, kept)} rel="first">{request.t("回到第一页", "First page")}</a>}
      {next === undefined ? null : (
        <a href={link(path, { ...kept, after: next })} rel="next">{request.t("下一页", "Next page")}</a>
      )}
    </nav>
  );
}

/** A path with a query, encoded. */
export function link(path: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([n, v]) => `${encodeURIComponent(n)}=${encodeURIComponent(v)}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join("&")}`;
}
