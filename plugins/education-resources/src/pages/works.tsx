/** Lists of works, one's own or those that wait for a review: narrowed by words, subject and state, sorted by their headings. */
import { type CityRequest, type Column, Field, Listing, Select, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import type * as sheet from "@yunlong/sdk/sheet";
import type { Resource, ResourceState } from "../domain/resource.ts";
import { LICENCES, STAGES, SUBJECTS, TYPES, isWord } from "../domain/vocabulary.ts";
import { STATE_TEXTS } from "../service/index.ts";
import { DayOf, type Piece, State, at } from "./common.tsx";

/** So many works stand on a page. */
export const PER_PAGE = 20;

/** By what a list is narrowed and sorted besides what all have. */
export interface More<R> {
  /** By the names of its filters: whether a row fits what one says. */
  readonly fits?: Readonly<Record<string, (row: R, asked: string) => boolean>>;
  /** By the keys of its sorts. */
  readonly keys?: Readonly<Record<string, (row: R) => string>>;
}

/** The listing of a page; `first` is the key by which it is sorted when nothing is asked for. */
export function worksListing<R>(request: CityRequest, first: "changed" | "-changed", { fits = {}, keys = {} }: More<R> = {}): Listing {
  return new Listing(request, { sorts: [first, "title", "subject", ...Object.keys(keys)], filters: ["q", "subject", "state", ...Object.keys(fits)] });
}

/** When its state changed last. */
export function changedAt(r: Resource): number {
  return r.history.at(-1)?.at ?? 0;
}

/** What the listing asks for, in its order. */
export function narrowed<R>(list: Listing, rows: readonly R[], of: (row: R) => Resource, { fits = {}, keys = {} }: More<R> = {}): R[] {
  const [q, subject, state] = [list.filter("q").toLowerCase(), list.filter("subject"), list.filter("state")];
  const out = rows.filter((row) => {
    const r = of(row);
    const more = Object.entries(fits).every(([name, fit]) => list.filter(name) === "" || fit(row, list.filter(name)));
    return more && r.input.title.toLowerCase().includes(q) && (subject === "" || subjectOf(r) === subject) && (state === "" || r.state === state);
  });
  const key = (row: R): string | number => keys[list.sort]?.(row) ?? { changed: changedAt(of(row)), title: of(row).input.title, subject: of(row).input.node }[list.sort] ?? "";
  out.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  return list.descending ? out.reverse() : out;
}

function subjectOf({ input }: Resource): string {
  return `${input.stage}.${input.subject}`;
}

/** Stage and subject in words, of a draft as far as it says them. */
export function subjectText(request: CityRequest, { input: { stage, subject } }: Resource): string {
  return [isWord(STAGES, stage) ? request.text(STAGES[stage]) : "", isWord(SUBJECTS, subject) ? request.text(SUBJECTS[subject]) : ""].join(" ").trim();
}

/** The form that narrows the list; it offers the subjects that are there, these states, and whatever else the page has. */
export function WorksForm(props: { request: CityRequest; list: Listing; all: readonly Resource[]; states: readonly ResourceState[]; children?: Piece }) {
  const { request, list, all, states } = props;
  const subjects = new Map(all.filter((r) => r.input.stage !== "" && r.input.subject !== "").map((r) => [subjectOf(r), subjectText(request, r)]));
  const everything = ["", request.t("全部", "All")] as const;
  return list.form(
    <div class="grid">
      <Field request={request} form={list.filters} name="q" kind="search" label={t("标题", "Title")} />
      <Select request={request} form={list.filters} name="subject" label={t("学段学科", "Stage and subject")} options={[everything, ...[...subjects].sort(([a], [b]) => (a < b ? -1 : 1))]} />
      <Select request={request} form={list.filters} name="state" label={t("状态", "State")} options={[everything, ...states.map((s) => [s, stateText(request, s)] as const)]} />
      {props.children}
    </div>,
  );
}

function stateText(request: CityRequest, state: string): string {
  return request.text(STATE_TEXTS[state] ?? { zh: state, en: state });
}

/** The columns of files that both lists have: what their headings are, and what stands in a work's row. */
export function workCells(request: CityRequest, changed: string): { headings: string[]; row: (r: Resource) => sheet.Cell[] } {
  return {
    headings: [
      request.t("标识", "Identifier"), request.t("标题", "Title"), request.t("版本", "Version"), request.t("学段学科", "Stage and subject"), request.t("类型", "Type"), request.t("授权", "Licence"), request.t("状态", "State"), changed,
    ],
    row: (r) => [
      r.id, r.input.title, r.version, subjectText(request, r), isWord(TYPES, r.input.type) ? request.text(TYPES[r.input.type]) : "", isWord(LICENCES, r.input.licence) ? request.text(LICENCES[r.input.licence]) : "", stateText(request, r.state),
      clock.minute(changedAt(r)),
    ],
  };
}

/** The columns that both lists have; `changed` is what the last one is called. */
export function workColumns<R>(request: CityRequest, of: (row: R) => Resource, changed: string) {
  const column = (c: Column<R>): Column<R> => c;
  return {
    title: column({ heading: request.t("标题", "Title"), sortedBy: "title", cell: (row) => <a href={at("works", of(row).id)}>{of(row).input.title}</a> }),
    subject: column({ heading: request.t("学段学科", "Stage and subject"), sortedBy: "subject", cell: (row) => subjectText(request, of(row)) }),
    state: column({ heading: request.t("状态", "State"), cell: (row) => <State request={request} state={of(row).state} /> }),
    changed: column({ heading: changed, sortedBy: "changed", cell: (row) => <DayOf ms={changedAt(of(row))} /> }),
  };
}
