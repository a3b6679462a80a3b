/** Schools, links, probes and figures, as JSON. */
import { type AnswerOf, type CityRequest, type InputOf, operation, z } from "@yunlong/sdk";
import type { AccessRate } from "../domain/access.ts";
import { ACCESS_FORMULA } from "../domain/access.ts";
import { EQUITY_FORMULA, type Figure, type SchoolFigure } from "../domain/equity.ts";
import type { Link } from "../domain/link.ts";
import { access, addSchool, applyForLink, deliveryOf, editSchool, endSchool, equityOf, equityTrend, linkOf, listSchools, probesOf, schoolById, takeProbe } from "../service/index.ts";
import * as s from "./types.ts";

const tag = "schools";
const Division = z.string().regex(/^\d{6}(\d{3})?$/).describe("A county's six digits or a town's nine.");

function link({ school, state, appliedAt, heard, mbps, days, history }: Link): z.infer<typeof s.Link> {
  return { school, state, appliedAt, heard, mbps, days: [...days], history: history.map((h) => ({ state: h.state, at: h.at })) };
}

/** `GET /api/schools` */
export const listOfSchools = operation({
  method: "GET", path: "/api/schools", id: "listSchools", tag, summary: "Schools in the order of their divisions",
  query: s.Paged.extend({ division: Division.optional() }), answer: z.object({ items: z.array(s.School), next: s.next }),
});

export function list(_: CityRequest, { query }: InputOf<typeof listOfSchools>): AnswerOf<typeof listOfSchools> {
  return s.paged(listSchools(query.division, query.after, query.limit), (x) => x);
}

/** `GET /api/schools/{id}` */
export const getSchool = operation({
  method: "GET", path: "/api/schools/:id", id: "getSchool", tag, summary: "A school, its link as probes found it, and what its line carries",
  params: s.OfSchool, answer: s.School.extend({ link: s.Link.nullable(), delivery: s.Delivery }), problems: { 404: s.ABSENT },
});

export function get(_: CityRequest, { params }: InputOf<typeof getSchool>): AnswerOf<typeof getSchool> {
  const found = linkOf(params.id);
  return { ...schoolById(params.id), link: found === undefined ? null : link(found), delivery: deliveryOf(params.id) };
}

/** `POST /api/schools` */
export const createSchool = operation({
  method: "POST", path: "/api/schools", id: "createSchool", tag, summary: "Enters a school (the bureau)",
  body: s.SchoolInput, answer: s.School, status: 201, location: "/api/schools/{id}", signedIn: true,
  problems: { 403: s.FORBIDDEN, 409: "There is a school of this code", 422: s.FIELDS },
});

export function create(request: CityRequest, { body }: InputOf<typeof createSchool>): AnswerOf<typeof createSchool> {
  return addSchool(request.principal, body);
}

/** `PUT /api/schools/{id}` */
export const saveSchool = operation({
  method: "PUT", path: "/api/schools/:id", id: "saveSchool", tag, summary: "Changes a school (the bureau); its code stays",
  params: s.OfSchool, body: s.SchoolInput, answer: s.School, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function save(request: CityRequest, { params, body }: InputOf<typeof saveSchool>): AnswerOf<typeof saveSchool> {
  return editSchool(request.principal, params.id, { ...body, id: params.id });
}

/** `POST /api/schools/{id}/end` */
export const closeSchool = operation({
  method: "POST", path: "/api/schools/:id/end", id: "endSchool", tag, summary: "Merges or closes a school from a day on (the bureau)",
  params: s.OfSchool, body: z.object({ how: z.enum(["merged", "closed"]), into: s.SchoolId.nullable().default(null), day: z.string() }),
  answer: s.School, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT, 409: s.STATE, 422: s.FIELDS },
});

export function end(request: CityRequest, { params, body }: InputOf<typeof closeSchool>): AnswerOf<typeof closeSchool> {
  return endSchool(request.principal, params.id, body.how, body.into, body.day);
}

/** `POST /api/schools/{id}/link` */
export const applyForSchool = operation({
  method: "POST", path: "/api/schools/:id/link", id: "applyForLink", tag, summary: "A school applies to be linked (its administrator, the bureau); again changes nothing",
  params: s.OfSchool, answer: s.Link, signedIn: true, problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function apply(request: CityRequest, { params }: InputOf<typeof applyForSchool>): AnswerOf<typeof applyForSchool> {
  return link(applyForLink(request.principal, params.id));
}

/** `GET /api/schools/{id}/probes` */
export const listProbes = operation({
  method: "GET", path: "/api/schools/:id/probes", id: "listProbes", tag, summary: "What a school's probes found, the newest first (its administrator, the bureau)",
  params: s.OfSchool, query: z.object({ after: s.Cursor.optional() }), answer: z.object({ items: z.array(s.Probe), next: s.next }), signedIn: true,
  problems: { 403: s.FORBIDDEN, 404: s.ABSENT },
});

export function probes(request: CityRequest, { params, query }: InputOf<typeof listProbes>): AnswerOf<typeof listProbes> {
  return s.paged(probesOf(request.principal, params.id, query.after), (p) => p);
}

/** `POST /api/probes` */
export const sendProbe = operation({
  method: "POST", path: "/api/probes", id: "sendProbe", tag, summary: "What a school's probe found: the only thing that moves a link on",
  description: "`signature` is the HMAC-SHA-256, in hexadecimal digits, of `id`, `school`, `at`, `ok`, `mbps` and `latency`, one a line, with the school's key. The same probe again changes nothing.",
  body: s.Probe.extend({ signature: z.string().max(200) }), answer: s.Link,
  problems: { 403: "The signature or the time cannot be", 404: "The school did not apply", 409: "The number stands for another probe", 422: s.FIELDS },
});

export function probe(_: CityRequest, { body: { signature, ...found } }: InputOf<typeof sendProbe>): AnswerOf<typeof sendProbe> {
  return link(takeProbe(found, signature));
}

/** `GET /api/figures/access` */
export const getAccess = operation({
  method: "GET", path: "/api/figures/access", id: "getAccess", tag: "figures", summary: "The access rate by probes, as it stands now, and at the end of each of the last twelve months",
  query: z.object({ division: Division.optional() }),
  answer: z.object({ formula: z.object({ zh: z.string(), en: z.string() }), total: s.AccessRate, trend: z.array(s.AccessPoint), counties: z.array(z.object({ county: z.string(), rate: s.AccessRate })) }),
});

const rate = (r: AccessRate): z.infer<typeof s.AccessRate> => ({ verified: r.verified, inService: r.inService, basisPoints: r.basisPoints, missing: r.missing.map((m) => ({ ...m })) });

export function accessRate(_: CityRequest, { query }: InputOf<typeof getAccess>): AnswerOf<typeof getAccess> {
  const all = access(query.division === undefined ? [] : [query.division]);
  return { formula: ACCESS_FORMULA, total: rate(all.total), trend: all.trend.map((p) => ({ ...p })), counties: all.counties.map((c) => ({ county: c.county, rate: rate(c.rate) })) };
}

function figure(f: Figure): z.infer<typeof s.Figure> {
  if (f.hidden) return { hidden: true, uses: null, seconds: null, people: null, perPupil: null };
  return { hidden: false, uses: f.uses, seconds: f.seconds, people: f.people, perPupil: f.perPupil };
}

const schoolFigure = ({ school, name, division, setting, pupils, figure: f }: SchoolFigure): z.infer<typeof s.SchoolFigure> => ({ school, name, division, setting, pupils, figure: figure(f) });

/** `GET /api/figures/equity` */
export const getEquity = operation({
  method: "GET", path: "/api/figures/equity", id: "getEquity", tag: "figures", summary: "Uses a pupil in rural and urban schools in a month; small cells are hidden",
  query: z.object({ month: s.MonthText.optional() }),
  answer: z.object({
    formula: z.object({ zh: z.string(), en: z.string() }),
    month: z.string(),
    ratio: z.number().int().nullable().describe("Hundredths, rounded down."),
    city: s.Figure, rural: s.Figure, urban: s.Figure,
    counties: z.array(z.object({ county: z.string(), figure: s.Figure })),
    schools: z.array(s.SchoolFigure),
  }),
  problems: { 422: s.FIELDS },
});

export function equity(_: CityRequest, { query }: InputOf<typeof getEquity>): AnswerOf<typeof getEquity> {
  const of = equityOf(query.month);
  return {
    formula: EQUITY_FORMULA,
    month: of.month,
    ratio: of.ratio,
    city: figure(of.city), rural: figure(of.rural), urban: figure(of.urban),
    counties: of.counties.map((c) => ({ county: c.county, figure: figure(c.figure) })),
    schools: of.schools.map(schoolFigure),
  };
}

/** `GET /api/figures/trend` */
export const getTrend = operation({
  method: "GET", path: "/api/figures/trend", id: "getTrend", tag: "figures", summary: "The equity ratio over some months, and the rural schools furthest behind in the last one",
  query: z.object({ months: z.coerce.number().int().min(1).max(24).default(12), until: s.MonthText.optional() }),
  answer: z.object({
    points: z.array(z.object({ month: z.string(), ratio: z.number().int().nullable(), rural: z.number().int().nullable(), urban: z.number().int().nullable() })),
    behind: z.array(s.SchoolFigure),
    hidden: z.array(z.object({ school: z.string(), name: z.string() })),
  }),
  problems: { 422: s.FIELDS },
});

export function trend(_: CityRequest, { query }: InputOf<typeof getTrend>): AnswerOf<typeof getTrend> {
  const { points, behind } = equityTrend(query.months, query.until);
  return {
    points: points.map((p) => ({ month: p.month, ratio: p.ratio, rural: p.rural, urban: p.urban })),
    behind: behind.shown.map(schoolFigure),
    hidden: behind.hidden.map((h) => ({ school: h.school, name: h.name })),
  };
}
