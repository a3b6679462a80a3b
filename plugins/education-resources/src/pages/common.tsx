/** What the pages share: the frame, the words of states, and what a refusal becomes beside a form. */
import { type AppContext, Badge, type CityRequest, type Column, ErrorSummary, type Form, Hidden, Layout, type NavItem, Notice, type Text, type Tone, t } from "@yunlong/sdk";
import * as clock from "@yunlong/sdk/clock";
import { divisionName } from "../domain/division.ts";
import type { Words } from "../domain/vocabulary.ts";
import { Refusal, STATE_TEXTS } from "../service/index.ts";

/** The frame of every page. */
export const LAYOUT = new Layout(t("教育资源", "Education resources"), { nav, help: "/help" });

const STAFF = ["bureau", "county", "school", "teacher"];

function nav(request: CityRequest): NavItem[] {
  const items: NavItem[] = [
    { path: "/", title: t("资源", "Resources") },
    { path: "/curriculum", title: t("课程目录", "Curriculum") },
    { path: "/schools", title: t("学校", "Schools") },
    { path: "/figures", title: t("统计", "Figures") },
  ];
  if (request.isAnonymous) return items;
  const has = (...roles: string[]): boolean => roles.some((r) => request.hasRole(r));
  if (has("teacher")) items.push({ path: "/mine", title: t("我的资源", "My resources") }, { path: "/space", title: t("我的空间", "My space") });
  if (has("teacher", "school")) items.push({ path: "/classes", title: t("班级", "Classes") });
  if (has("school", "county", "bureau")) items.push({ path: "/reviews", title: t("审核", "Reviews") });
  if (has(...STAFF)) items.push({ path: "/posts", title: t("岗位", "Posts") });
  items.push({ path: "/family", title: t("学习与家庭", "Learning and family") });
  return items;
}

/** A parameter of the path. */
export function param(c: AppContext, name: string): string {
  return c.req.param(name) ?? "";
}

/** Where a form leads to that was done. */
export function seeOther(c: AppContext, path: string): Response {
  return c.redirect(path, 303);
}

/** An address of this app, its parts encoded. */
export function at(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/**
 * Does what a form asks. What the domain refuses is noted at the form's fields (a pointer `/keywords/2` at `keywords`; `names`
 * says where a field is called otherwise), and answered, so that the page shows the form again with what was typed.
 */
export function tried<T>(form: Form, f: () => T, names: Readonly<Record<string, string>> = {}): T | Refusal {
  try {
    return f();
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    const { why } = e;
    if (why.kind === "fields") {
      for (const field of why.fields) {
        const name = field.at.split("/")[1] ?? "";
        form.reject(names[name] ?? name, field.why);
      }
    }
    if (why.kind === "file") form.reject(names["file"] ?? "file", e.detail);
    if (why.kind === "captions") form.reject(`captions-${why.language}`, e.detail);
    return e;
  }
}

/** The status of a form that is shown again. */
export function statusOf(form: Form, refusal: Refusal | undefined): number {
  if (refusal !== undefined) return refusal.outcome.status;
  return form.isValid ? 200 : 422;
}

/** What is wrong, above a form: the fields, or the reason as a whole. */
export function Wrong({ request, form, refusal }: { request: CityRequest; form: Form; refusal?: Refusal | undefined }) {
  if (!form.isValid) return <ErrorSummary request={request} form={form} />;
  if (refusal === undefined) return null;
  return (
    <Notice tone="bad">
      <strong>{request.text(refusal.title)}</strong>
      <p>{request.text(refusal.detail)}</p>
    </Notice>
  );
}

/** The day of a moment, for lists. */
export function DayOf({ ms }: { ms: number }) {
  return <time class="nowrap" datetime={clock.rfc3339(ms)}>{clock.date(ms)}</time>;
}

/** A step beside a thing of a list: a small button, whose name says of which thing. */
export function Aside(props: { action: string; values?: Readonly<Record<string, string>>; says: string; of: string }) {
  return (
    <form class="inline" method="post" action={props.action}>
      {Object.entries(props.values ?? {}).map(([name, value]) => <Hidden name={name} value={value} />)}
      <button type="submit" class="secondary small" aria-label={`${props.says} ${props.of}`}>{props.says}</button>
    </form>
  );
}

/** A moment to the minute. */
export function Time({ ms }: { ms: number }) {
  return <time datetime={clock.rfc3339(ms)}>{clock.minute(ms)}</time>;
}

const TONES: Readonly<Record<string, Tone>> = {
  published: "ok", verified: "ok", marked: "ok", ready: "ok", "in-service": "ok", "handed-in": "ok",
  submitted: "warn", "school-reviewed": "warn", "county-reviewed": "warn", applied: "warn", building: "warn", stale: "warn", connected: "warn",
  rejected: "bad", lost: "bad", withdrawn: "bad", none: "bad", returned: "bad",
};

/** A state in words, with a tone. */
export function State({ request, state }: { request: CityRequest; state: string }) {
  return <Badge tone={TONES[state] ?? "info"}>{request.text(STATE_TEXTS[state] ?? { zh: state, en: state })}</Badge>;
}

/** Words as options of a select, with a first one for nothing chosen. */
export function options<K extends string>(request: CityRequest, words: Words<K>, none: Text): (readonly [string, string])[] {
  return [["", request.text(none)], ...Object.entries<Text>(words).map(([key, text]) => [key, request.text(text)] as const)];
}

/** Several of a list: checkboxes of one name, in a group with its error. */
export function Choices(props: { request: CityRequest; form: Form; name: string; label: Text; offered: readonly (readonly [string, string])[] }) {
  const { request, form, name } = props;
  const why = form.error(name);
  const chosen = form.values(name);
  return (
    <fieldset id={`field-${name}`} aria-describedby={why === undefined ? undefined : `error-${name}`}>
      <legend>{request.text(props.label)}</legend>
      {props.offered.map(([value, text]) => (
        <label class="choice">
          <input type="checkbox" name={name} value={value} checked={chosen.includes(value)} />
          <span>{text}</span>
        </label>
      ))}
      {why === undefined ? null : <span class="field-error" id={`error-${name}`}>{request.text(why)}</span>}
    </fieldset>
  );
}

/** A size for people: `1.2 MiB`. */
export function bytes(n: number): string {
  // The number and its unit stay on one line.
  if (n < 1024) return `${n}\u00a0B`;
  const unit = n < 1024 * 1024 ? 1024 : 1024 * 1024;
  const tenths = Math.floor((n * 10) / unit);
  return `${Math.floor(tenths / 10)}.${tenths % 10}\u00a0${unit === 1024 ? "KiB" : "MiB"}`;
}

/** A division's name with its county before it: `铜山区大彭镇`; the code where the table has none. */
export function place(code: string): string {
  const county = divisionName(code.slice(0, 6)) ?? code.slice(0, 6);
  if (code.length === 6) return county;
  return `${county}${divisionName(code) ?? code}`;
}

/** What can stand in a page. */
export type Piece = ReturnType<Column<unknown>["cell"]>;

/** Names and values. What is absent is left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, Piece])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === undefined || value === null || value === "" ? null : (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ),
      )}
    </dl>
  );
}
