/**
 * What has outlived its purpose goes, each night, a page a message: codes that ran out, probes, and the days by which uses were
 * judged. What is counted stands in counters, and how links moved in their histories; uses themselves stay, as the proof.
 */
import { type Event, type Query, type Tx, now, publish, z } from "@yunlong/sdk";
import * as context from "@yunlong/sdk/context";
import { DAY_MS, dayOf } from "../domain/time.ts";
import { INVITATIONS_BY_EXPIRY, PROBES_BY_TIME, USE_DAYS_BY_DAY } from "../store/index.ts";

const KINDS = ["codes", "probes", "use-days"] as const;
type Kind = (typeof KINDS)[number];

/** Documents of one message. */
const AT_ONCE = 500;
/** Messages of one kind in one night: 100,000 documents, and the next night goes on. */
const STEPS = 200;

/** Begins the night's sweeps. */
export function beginSweeps(tx: Tx): void {
  for (const kind of KINDS) next(tx, kind, STEPS);
}

function next(tx: Tx, kind: Kind, left: number): void {
  publish(tx, { topic: "old.sweep", key: kind, data: { kind, left } });
}

const Step = z.object({ kind: z.enum(KINDS), left: z.number().int().min(1) });

/** One step of a sweep. */
export function sweep(event: Event, tx: Tx): void {
  const { kind, left } = event.json(Step);
  const old: Query<unknown> = queryOf(kind);
  const page = tx.find(old.limit(AT_ONCE));
  for (const { id } of page.items) tx.delete(old.collection, id);
  if (page.next !== undefined && left > 1) next(tx, kind, left - 1);
}

function queryOf(kind: Kind): Query<unknown> {
  switch (kind) {
    case "codes":
      return INVITATIONS_BY_EXPIRY.all().atMost(now() - DAY_MS) as Query<unknown>;
    case "probes":
      return PROBES_BY_TIME.all().below(now() - days("probe_days", 90) * DAY_MS) as Query<unknown>;
    case "use-days":
      return USE_DAYS_BY_DAY.all().below(dayOf(now() - days("use_day_days", 70) * DAY_MS)) as Query<unknown>;
  }
}

function days(name: string, usual: number): number {
  return context.config(name, z.number()) ?? usual;
}
