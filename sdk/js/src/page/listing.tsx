/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
/** Lists that are sorted, filtered and turned over by links: the server does it, and the address says how. */
import type { Child } from "hono/jsx";
import { Form } from "../web/form.ts";
import type { CityRequest } from "../web/request.ts";
import { type Column, type Heading, Hidden, Pager, SortedTable, link } from "./parts.tsx";

/** A key to sort by, and whether the largest come first. */
interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

/** What a listing offers. */
export interface ListingOptions {
  /** Keys to sort by, the first of them by default; one with `-` before it begins with the largest. */
  readonly sorts?: readonly string[];
  /** The names of the fields by which the list is narrowed. */
  readonly filters?: readonly string[];
}

/**
 * How a list is to be shown, from the query: `?sort=-amount&q=…&page=2`. What the query asks for and the app does not offer is
 * not heard of.
 *
 * ```tsx
 * const list = new Listing(request, { sorts: ["name", "-amount"], filters: ["q"] });
 * const rows = sales.filter((s) => s.name.includes(list.filter("q"))).toSorted(by(list.sort, list.descending));
 * <>
 *   {list.form(<Field request={request} form={list.filters} name="q" kind="search" label={t("名称", "Name")} />)}
 *   {list.table("各县区", columns, rows.slice(...list.range(rows.length, 20)))}
 *   {list.pages(rows.length, 20)}
 *   {list.files("/sales/file")}
 * </>
 * ```
 */
export class Listing {
  /** The key to sort by: one of those that are offered; empty when there is none. */
  readonly sort: string;
  /** Whether the largest come first. */
  readonly descending: boolean;
  /** The filters, for the fields of {@link form}. */
  readonly filters: Form;
  readonly #sorts: readonly Sort[];
  readonly #names: readonly string[];
  readonly #page: number;

  constructor(
    private readonly request: CityRequest,
    options: ListingOptions = {},
  ) {
    this.#sorts = (options.sorts ?? []).map(direction);
    this.#names = options.filters ?? [];
    const asked = direction(request.queryValue("sort") ?? "");
    const found = this.#sorts.some((s) => s.key === asked.key) ? asked : this.#sorts[0];
    this.sort = found?.key ?? "";
    this.descending = found?.descending ?? false;
    this.filters = new Form(this.#names.map((name) => [name, request.queryValue(name)?.trim() ?? ""]));
    const page = request.queryValue("page") ?? "";
    this.#page = /^[1-9]\d{0,8}$/.test(page) ? Number(page) : 1;
  }

  /** What a filter says, without spaces around it; empty when it says nothing. */
  filter(name: string): string {
    return this.filters.value(name);
  }

  /** Whether any filter says something: an empty list then means something else. */
  get isFiltered(): boolean {
    return this.#names.some((name) => this.filter(name) !== "");
  }

  /** The cursor of a list with cursors, for `Query.after`. */
  get after(): string | undefined {
    return this.request.queryValue("after") || undefined;
  }

  /** Where the rows of the page begin and end among `total`, with so many on each. A page behind the last one is the last one. */
  range(total: number, perPage: number): [number, number] {
    const start = (this.#at(total, perPage) - 1) * perPage;
    return [start, Math.min(start + perPage, total)];
  }

  #at(total: number, perPage: number): number {
    return Math.min(this.#page, pages(total, perPage));
  }

  /** The query that keeps order and filters. */
  get kept(): Record<string, string> {
    const [first] = this.#sorts;
    const usual = first === undefined || (first.key === this.sort && first.descending === this.descending);
    return { ...(usual ? {} : { sort: signed(this) }), ...this.#narrowed() };
  }

  #narrowed(): Record<string, string> {
    return Object.fromEntries(this.#names.map((name) => [name, this.filter(name)]).filter(([, value]) => value !== ""));
  }

  /** A table whose headings sort it: those of columns that are `sortedBy` a key that is offered. */
  table<R>(caption: string, columns: readonly Column<R>[], rows: readonly R[]) {
    return <SortedTable caption={caption} columns={columns} rows={rows} heading={(c: Column<R>) => this.#heading(c)} />;
  }

  #heading<R>({ sortedBy, heading }: Column<R>): Heading {
    const offered = this.#sorts.find((s) => s.key === sortedBy);
    if (offered === undefined) return { words: heading };
    const here = offered.key === this.sort;
    const sorted = !here ? "none" : this.descending ? "descending" : "ascending";
    const next = { sort: offered.key, descending: here ? !this.descending : offered.descending };
    const to = link(this.request.path, { sort: signed(next), ...this.#narrowed() });
    return { sorted, words: <a class="sort" href={to}>{heading}</a> };
  }

  /**
   * A form of filters, sent by `GET`: `fields` of the names that were offered. It keeps the order and begins at the first page;
   * beside the button stands a way back to the whole list.
   */
  form(fields: Child) {
    const { sort } = this.kept;
    return (
      <form class="no-print" method="get" action={this.request.path} role="search">
        {fields}
        {sort === undefined ? null : <Hidden name="sort" value={sort} />}
        <div class="actions">
          <button type="submit">{this.request.t("筛选", "Filter")}</button>
          {this.isFiltered ? (
            <a href={link(this.request.path, sort === undefined ? {} : { sort })}>{this.request.t("清除筛选", "Clear")}</a>
          ) : null}
        </div>
      </form>
    );
  }

  /** Links to the pages of a list whose length is known. {@link pager} is for cursors. */
  pages(total: number, perPage: number) {
    const { request } = this;
    const [last, here] = [pages(total, perPage), this.#at(total, perPage)];
    if (last === 1) return total === 0 ? null : <p class="muted">{request.t(`共 ${total} 条`, `${total} in all`)}</p>;
    const to = (n: number) => link(request.path, n > 1 ? { ...this.kept, page: String(n) } : this.kept);
    return (
      <nav class="pager" aria-label={request.t("分页", "Pages")}>
        {here > 1 ? (
          <>
            <a href={to(1)} rel="first">{request.t("第一页", "First page")}</a>
            <a href={to(here - 1)} rel="prev">{request.t("上一页", "Previous page")}</a>
          </>
        ) : null}
        <span class="here">{request.t(`第 ${here} / ${last} 页，共 ${total} 条`, `Page ${here} of ${last}, ${total} in all`)}</span>
        {here < last ? (
          <>
            <a href={to(here + 1)} rel="next">{request.t("下一页", "Next page")}</a>
            <a href={to(last)} rel="last">{request.t("最后一页", "Last page")}</a>
          </>
        ) : null}
      </nav>
    );
  }

  /** Links to the first and the next page of a list with cursors, which keep order and filters. */
  pager(next: string | undefined) {
    return <Pager request={this.request} path={this.request.path} kept={this.kept} next={next} />;
  }

  /**
   * Links to the list as files, all of its pages in the order and with the filters of now: `path` answers by `format=csv` and
   * `format=xlsx` (`@yunlong/sdk/sheet`).
   */
  files(path: string) {
    const to = (format: string) => link(path, { ...this.kept, format });
    return (
      <div class="actions no-print">
        <a href={to("csv")}>{this.request.t("下载 CSV", "Download CSV")}</a>
        <a href={to("xlsx")}>{this.request.t("下载 Excel", "Download for Excel")}</a>
      </div>
    );
  }
}

function direction(text: string): Sort {
  return text.startsWith("-") ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

const signed = ({ sort, descending }: { sort: string; descending: boolean }) => `${descending ? "-" : ""}${sort}`;

const pages = (total: number, perPage: number) => Math.max(1, Math.ceil(total / perPage));
