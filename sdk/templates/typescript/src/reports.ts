/** Reports: what they are, how they are kept, and what may be done with them. */
import { Collection, Form, type Page, Problem, now, publish, transact, z } from "@yunlong/sdk";
import * as random from "@yunlong/sdk/random";

const Report = z.object({
  id: z.string(),
  title: z.string(),
  place: z.string(),
  details: z.string(),
  /** The subject of the person who reported, as this installation knows them. */
  reporter: z.string(),
  /** The mobile number to call back; absent when nobody asked for that. */
  phone: z.string().optional(),
  /** When it was reported, ms since 1970. */
  time: z.number(),
  status: z.enum(["open", "closed"]),
});

/** A report as it is stored. */
export type Report = z.infer<typeof Report>;

const REPORTS = new Collection("reports", Report);
const BY_TIME = REPORTS.index("by-time");

/** What somebody typed, when nothing is wrong with it. */
export type NewReport = Pick<Report, "title" | "place" | "details">;

/** Reads the fields; notes in the form what is wrong. Pages and API check the same. */
export function checked(form: Form): NewReport | undefined {
  // All are checked before any refuses, so that a person sees every mistake at once.
  const title = form.text("title", 1, 80);
  const place = form.text("place", 1, 120);
  const details = form.text("details", 0, 2000);
  if (title === undefined || place === undefined || details === undefined) return undefined;
  return { title, place, details };
}

/** A page of reports, newest first. */
export function newest(after: string | undefined, limit = 20): Page<Report> {
  return REPORTS.find(BY_TIME.all().descending().limit(limit).after(after));
}

/** A report. @throws {Problem} 404 */
export function get(id: string): Report {
  const found = REPORTS.get(id);
  if (found === undefined) throw Problem.notFound();
  return found.value;
}

/** Files a report and tells the city, both or neither. */
export function file(reporter: string, what: NewReport, phone?: string): Report {
  const report: Report = { id: random.code(16), ...what, reporter, phone, time: now(), status: "open" };
  transact((tx) => {
    tx.insert(REPORTS, report);
    // The event is about a thing, not about a person: no name, no number, no subject.
    publish(tx, { topic: "report.filed", key: report.id, data: { id: report.id, title: report.title, place: report.place } });
  });
  return report;
}

/** Closes a report; closing it again changes nothing. @throws {Problem} 404 */
export function close(id: string): void {
  transact((tx) => {
    const found = tx.get(REPORTS, id);
    if (found === undefined) throw Problem.notFound();
    if (found.value.status === "closed") return;
    tx.put(REPORTS, { ...found.value, status: "closed" });
    tx.audit("report.close", id);
  });
}
