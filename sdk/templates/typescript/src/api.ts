/** The same functions as JSON; `/openapi.json` is made of these schemas. */
import { type AnswerOf, type CityRequest, Form, type InputOf, Problem, operation, t, z } from "@yunlong/sdk";
import * as reports from "./reports.ts";

const Item = z.object({
  id: z.string(),
  title: z.string(),
  place: z.string(),
  status: z.enum(["open", "closed"]),
  time: z.number().describe("Milliseconds since 1970-01-01T00:00:00Z."),
});
const Shown = Item.extend({ details: z.string() });
const Items = z.object({
  items: z.array(Item),
  next: z.string().nullable().describe("Give this as `after` for the next page; null when there is no more."),
});
const List = z.object({
  after: z.string().optional().describe("`next` of the page before."),
  limit: z.coerce.number().int().default(20).describe("1 to 100."),
});
/** What is absent is told with the rest that is wrong. */
const Create = z.object({
  title: z.string().default("").describe("What is broken, 1 to 80 characters."),
  place: z.string().default("").describe("Where, 1 to 120 characters."),
  details: z.string().default("").describe("Anything more, at most 2000 characters."),
});
const ById = z.object({ id: z.string() });

/** `GET /api/reports` */
export const listReports = operation({
  method: "GET",
  path: "/api/reports",
  id: "listReports",
  summary: "Reports, newest first",
  query: List,
  answer: Items,
});

/** `GET /api/reports/{id}` */
export const getReport = operation({
  method: "GET",
  path: "/api/reports/:id",
  id: "getReport",
  summary: "One report",
  params: ById,
  answer: Shown,
  problems: { 404: "There is no such report" },
});

/** `POST /api/reports` */
export const fileReport = operation({
  method: "POST",
  path: "/api/reports",
  id: "fileReport",
  summary: "Files a report",
  body: Create,
  answer: Shown,
  status: 201,
  location: "/api/reports/{id}",
  signedIn: true,
  problems: { 422: "A field is refused; `errors` says why" },
});

/** A report as everybody sees it; who reported and their number stay with the app. */
function shown({ id, title, place, details, status, time }: reports.Report): AnswerOf<typeof getReport> {
  return { id, title, place, details, status, time };
}

export function list(_: CityRequest, { query }: InputOf<typeof listReports>): AnswerOf<typeof listReports> {
  if (query.limit < 1 || query.limit > 100) {
    throw Problem.invalid(t("条数无效", "Invalid limit")).field("limit", t("1 至 100", "1 to 100"));
  }
  const page = reports.newest(query.after, query.limit);
  const items = page.items.map(({ value: { id, title, place, status, time } }) => ({ id, title, place, status, time }));
  return { items, next: page.next ?? null };
}

export function get(_: CityRequest, { params }: InputOf<typeof getReport>): AnswerOf<typeof getReport> {
  return shown(reports.get(params.id));
}

export function file(request: CityRequest, { body }: InputOf<typeof fileReport>): AnswerOf<typeof fileReport> {
  // The checks of the page's form are those of the API.
  const form = new Form(Object.entries(body));
  const what = reports.checked(form);
  form.finish();
  if (what === undefined) throw Problem.internal("a valid form without values");
  return shown(reports.file(request.subject, what));
}
