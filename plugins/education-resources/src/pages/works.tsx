/** Lists of works, one's own or those that wait for a review: narrowed by words, subject and state, sorted by their headings. */
import { type CityRequest, type Column, Field, Listing, Select, t } from "@yunlong/sdk";
import type { Resource, ResourceState } from "../domain/resource.ts";
import { STAGES, SUBJECTS, isWord } from "../domain/vocabulary.ts";
import { STATE_TEXTS } from "../service/index.ts";
import { DayOf, State, at } from "./common.tsx";

/** So many works stand on a page. */
export const PER_PAGE = 20;

/** The listing of a page; `first` is the key by which it is sorted when nothing is asked for. */
export function worksListing(request: CityRequest, first: "changed" | "-changed"): Listing {
  return new Listing(request, { sorts: [first, "title", "subject"], filters: ["q", "subject", "state"] });
}

/** When its state changed last. */
export function changedAt(r: Resource): number {
  return r.history.at(-1)?.at ?? 0;
}

/** What the listing asks for, in its order. */
export function narrowed<R>(list: Listing, rows: readonly R[], of: (row: R) => Resource): R[] {
  const [q, subject, state] = [list.filter("q").toLowerCase(), list.filter("subject"), list.filter("state")];
  const out = rows.filter((row) => {
    const r = of(row);
    return r.input.title.toLowerCase().includes(q) && (subject === "" || subjectOf(r) === subject) && (state === "" || r.state === state);
  });
  const key = (row: R): string | number => ({ changed: changedAt(of(row)), title: of(row).input.title, subject: of(row).input.node })[list.sort] ?? "";
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

/** The form that narrows the list; it offers the subjects that are there, and these states. */
export function WorksForm(props: { request: CityRequest; list: Listing; all: readonly Resource[]; states: readonly ResourceState[] }) {
  const { request, list, all, states } = props;
  const subjects = new Map(all.filter((r) => r.input.stage !== "" && r.input.subject !== "").map((r) => [subjectOf(r), subjectText(request, r)]));
  const everything = ["", request.t("全部", "All")] as const;
  return list.form(
    <div class="grid">
      <Field request={request} form={list.filters} name="q" kind="search" label={t("标题", "Title")} />
      <Select request={request} form={list.filters} name="subject" label={t("学段学科", "Stage and subject")} options={[everything, ...[...subjects].sort(([a], [b]) => (a < b ? -1 : 1))]} />
      <Select request={request} form={list.filters} name="state" label={t("状态", "State")} options={[everything, ...states.map((s) => [s, request.text(STATE_TEXTS[s] ?? { zh: s, en: s })] as const)]} />
    </div>,
  );
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
