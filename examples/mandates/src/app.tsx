/**
 * A mandate in an app: whoever is signed in keeps their own subject, and the one they act for is a
 * second one. Both are recorded.
 */
import { type AnswerOf, App, type CityRequest, operation, t, z } from "@yunlong/sdk";
import * as checks from "./checks.ts";
import * as pages from "./pages.tsx";

const Shown = z.object({
  year: z.number().optional(),
  time: z.number().optional().describe("Milliseconds since 1970-01-01T00:00:00Z."),
  by: z.enum(["holder", "delegate"]).describe("Who made it: the holder, or somebody with their mandate."),
});

const listChecks = operation({
  method: "GET",
  path: "/api/checks",
  id: "listChecks",
  summary: "The checks of whose card it is: the caller's, or that of the person they act for",
  signedIn: true,
  answer: z.array(Shown),
});

const Make = z.object({
  mandate: z.string().default("").describe("The mandate that the caller means to act under; empty for themself."),
});

const makeCheck = operation({
  method: "POST",
  path: "/api/checks",
  id: "makeCheck",
  summary: "Makes this year's check",
  signedIn: true,
  body: Make,
  answer: Shown,
  status: 201,
  problems: { 403: "The caller acts for a company", 409: "It is made already, or the caller acts for another than meant" },
});

/** A check without subjects and mandates: they stay with the app. */
function shown({ year, time, delegate }: checks.Check): AnswerOf<typeof makeCheck> {
  return { year, time, by: delegate === undefined ? "holder" : "delegate" };
}

const matter = (request: CityRequest) => checks.matterOf(request.subject);

// ANCHOR: app
const app = new App({ title: t("爱心卡年审", "Yearly check of the care card"), description: "One check a person and year." });

app.get("/", pages.home);
app.post("/checks", pages.make);
app.get("/help", pages.help);
app.operation(listChecks, (request) => checks.ofHolder(matter(request).holder).map(shown));
app.operation(makeCheck, (request, { body }) => shown(checks.make(matter(request), body.mandate)));

export default app;
// ANCHOR_END: app
