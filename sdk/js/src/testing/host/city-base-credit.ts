import type * as host from "city:base/credit@1.0.0";
import type * as shared from "city:data/shared@1.1.0";
import { date } from "../../clock.ts";
import { Fields, all, over } from "../double/records.ts";
import { refuse } from "../double/refuse.ts";
import { Dataset } from "../double/shared.ts";
import { city } from "../double/state.ts";

function event(of: shared.Released): host.Event {
  const f = new Fields(of);
  return {
    number: f.text("event"),
    uscc: f.text("uscc"),
    kind: f.text("kind"),
    date: f.text("date"),
    until: f.text("until"),
    authority: f.text("authority"),
    content: f.text("content"),
    amount: f.whole("amount"),
    division: f.text("division"),
    standing: f.standing(),
  };
}

const log = (purpose: string) => Dataset.open("credit.event", purpose);

function kindOf(e: host.Event): string {
  return e.kind ?? refuse<shared.Error>({ tag: "fields-not-granted", val: ["kind"] });
}

export const events: typeof host.events = (purpose, uscc, kinds, cursor) => {
  const page = log(purpose).query(over(["uscc", "date"], [uscc], undefined, cursor), []);
  const found = page.records.map(event).filter((e) => kinds.length === 0 || kinds.includes(kindOf(e)));
  return { events: found, next: page.next };
};

export const summary: typeof host.summary = (purpose, uscc) => {
  const today = date(city().now);
  const counts = new Map<string, number>();
  for (const e of [...all(log(purpose), over(["uscc", "date"], [uscc]))].map(event)) {
    const inForce = e.until === undefined || e.until >= today;
    if (inForce) counts.set(kindOf(e), (counts.get(kindOf(e)) ?? 0) + 1);
  }
  return [...counts].sort().map(([kind, count]) => ({ kind, count }));
};
