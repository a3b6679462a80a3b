/** Schools, their links, and what probes say. */
import { Failure, type Page, type Tx, now, publish, transact, z } from "@yunlong/sdk";
import * as context from "@yunlong/sdk/context";
import { type AccessPoint, type AccessRate, accessRate, accessTrend, byCounty } from "../domain/access.ts";
import { type Delivery, deliveryFor } from "../domain/bandwidth.ts";
import { LINK_RULE, type Link, type LinkState, type Probe, apply, checkProbe, probed, renewed, silenced } from "../domain/link.ts";
import { keyed, sameText } from "../domain/pseudonym.ts";
import { Refused } from "../domain/refused.ts";
import { mustBeBureau, mustRunSchool } from "../domain/rights.ts";
import { type Ending, type School, type SchoolInput, edit, end, inService, register } from "../domain/school.ts";
import { dayOf } from "../domain/time.ts";
import { LINKS, LINKS_BY_STATE, PROBES, PROBES_BY_SCHOOL, SCHOOLS, SCHOOL_NAMES, SCHOOLS_BY_DIVISION, all } from "../store/index.ts";
import { type Asker, guarded, standingOf } from "./ask.ts";

/** More schools than a city of ten millions has. */
export const MOST_SCHOOLS = 5000;

/** A page of schools in the order of their divisions; those that lie in `division` (a county's or town's code) when it is given. */
export const listSchools = guarded((division: string | undefined, after: string | undefined, limit: number = 20): Page<School> => {
  const query = SCHOOLS_BY_DIVISION.all().limit(limit).after(after);
  // Codes are digits: all that lie in a division begin with its own.
  return SCHOOLS.find(division === undefined ? query : query.atLeast(division).below(`${division}:`));
});

/** A school. @throws {Refusal} `not-found` */
export const schoolById = guarded((id: string): School => school(id));

/** A school's name. @throws {Refusal} `not-found` */
export const schoolName = guarded((id: string): string => {
  const found = SCHOOL_NAMES.get(id);
  if (found === undefined) throw Refused.notFound("school");
  return found.value.name;
});

/** A school, through a transaction or as last committed. @throws {Refused} `not-found` */
export function school(id: string, tx?: Tx): School {
  const found = id === "" ? undefined : tx === undefined ? SCHOOLS.get(id) : tx.get(SCHOOLS, id);
  if (found === undefined) throw Refused.notFound("school");
  return found.value;
}

/** All schools, those that ended among them. */
export function allSchools(): School[] {
  return all(SCHOOLS.byId(), MOST_SCHOOLS);
}

/** Enters a school. The bureau alone. @throws {Refusal} `not-permitted`, `fields`, `exists` */
export const addSchool = guarded((asker: Asker, input: SchoolInput): School =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const made = register(input);
    if (tx.get(SCHOOLS, made.id) !== undefined) throw new Refused({ kind: "exists", what: "school", id: made.id });
    tx.insert(SCHOOLS, made);
    tx.audit("school.add", made.id);
    return made;
  }),
);

/** Changes a school. @throws {Refusal} `not-permitted`, `not-found`, `fields`, `wrong-state` */
export const editSchool = guarded((asker: Asker, id: string, input: SchoolInput): School =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const changed = edit(school(id, tx), input);
    tx.put(SCHOOLS, changed);
    tx.audit("school.edit", id);
    return changed;
  }),
);

/** Merges or closes a school from a day on; pupils are moved class by class (`moveStudent`). @throws {Refusal} `not-permitted`, `not-found`, `fields`, `wrong-state` */
export const endSchool = guarded((asker: Asker, id: string, how: Ending["how"], into: string | null, day: string): School =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const ended = end(school(id, tx), how, into === null ? null : school(into, tx), day);
    tx.put(SCHOOLS, ended);
    tx.audit(`school.${how === "merged" ? "merge" : "close"}`, id, { day, into });
    return ended;
  }),
);

/** A school applies to be linked; again changes nothing. Its administrator or the bureau. @throws {Refusal} `not-permitted`, `not-found` */
export const applyForLink = guarded((asker: Asker, id: string): Link =>
  transact((tx) => {
    mustRunSchool(standingOf(asker, tx), school(id, tx).id);
    const there = tx.get(LINKS, id);
    if (there !== undefined) return there.value;
    const link = apply(id, now());
    tx.insert(LINKS, link);
    tx.audit("link.apply", id);
    tell(tx, link);
    return link;
  }),
);

/**
 * The key with which a school's probe signs, 64 hexadecimal digits: HMAC-SHA-256 over {@link probeText}. The bureau's alone, which
 * installs the probe: what a school could sign by itself would be a report of its own.
 *
 * @throws {Refusal} `not-permitted`, `not-found`
 */
export const probeKey = guarded((asker: Asker, id: string): string => {
  mustBeBureau(standingOf(asker));
  return keyOf(school(id).id, LINKS.get(id)?.value);
});

/** Makes a new key, for one that may have leaked or was lost with its machine; the one before signs no more. @throws {Refusal} `not-permitted`, `not-found` when the school did not apply */
export const renewProbeKey = guarded((asker: Asker, id: string): string =>
  transact((tx) => {
    mustBeBureau(standingOf(asker, tx));
    const before = tx.get(LINKS, school(id, tx).id)?.value;
    if (before === undefined) throw Refused.notFound("link");
    const next = renewed(before);
    tx.put(LINKS, next);
    tx.audit("probe.renew-key", id, { renewals: next.renewals ?? 0 });
    return keyOf(id, next);
  }),
);

function keyOf(id: string, link: Link | undefined): string {
  return Array.from(context.deriveKey(`probe/${id}/${link?.renewals ?? 0}`, 32), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** What a probe signs: its fields in this order, one a line. */
export function probeText(p: Probe): string {
  return [p.id, p.school, p.at, p.ok, p.mbps, p.latency].join("\n");
}

/** The signature of a probe with a key of {@link probeKey}. */
export function signProbe(key: string, p: Probe): string {
  return keyed(Uint8Array.from(key.match(/../g) ?? [], (h) => Number.parseInt(h, 16)), probeText(p));
}

/**
 * Takes what a probe found: the only thing that moves a link on. The same probe again changes nothing.
 *
 * @throws {Refusal} `untrusted`, `fields`, `reused`; `not-found` when the school did not apply
 */
export const takeProbe = guarded((probe: Probe, signature: string): Link => {
  const rule = { ...LINK_RULE, days: context.config("verify_days", z.number()) ?? LINK_RULE.days };
  return transact((tx) => {
    const before = /^\d{10}$/.test(probe.school) ? tx.get(LINKS, probe.school)?.value : undefined;
    // Before anything else is told: who has no key learns nothing, not even which schools there are.
    if (!sameText(signProbe(keyOf(probe.school, before), probe), signature)) throw new Refused({ kind: "untrusted", why: "signature" });
    checkProbe(probe, now());
    if (before === undefined) throw Refused.notFound("link");
    const kept = tx.get(PROBES, probe.id)?.value;
    if (kept !== undefined) {
      if (probeText(kept) !== probeText(probe)) throw new Refused({ kind: "reused", id: probe.id });
      return before;
    }
    tx.insert(PROBES, probe);
    const link = probed(before, probe, now(), rule);
    tx.put(LINKS, link);
    if (link.state !== before.state) tell(tx, link);
    return link;
  });
});

function tell(tx: Tx, link: Link): void {
  publish(tx, { topic: "link.changed", key: link.school, data: { school: link.school, state: link.state, at: now() } });
}

/** A school's link as it stands now; `undefined` when it never applied. */
export const linkOf = guarded((id: string): Link | undefined => {
  const found = LINKS.get(school(id).id);
  return found && silenced(found.value, now());
});

/** A school's last probes, the newest first. Its administrator or the bureau. @throws {Refusal} `not-permitted`, `not-found` */
export const probesOf = guarded((asker: Asker, id: string, after?: string): Page<Probe> => {
  mustRunSchool(standingOf(asker), school(id).id);
  return PROBES.find(PROBES_BY_SCHOOL.equals(id).descending().limit(20).after(after));
});

/** So many months of the access rate are shown. */
const ACCESS_MONTHS = 12;

/** The access rate over divisions (all when empty) and by county, as it stands now, and how it came to this. Open to everybody. */
export interface Access {
  readonly total: AccessRate;
  /** The last twelve months, the oldest first. */
  readonly trend: readonly AccessPoint[];
  readonly counties: readonly { readonly county: string; readonly rate: AccessRate }[];
}

/** See {@link Access}. */
export const access = guarded((divisions: readonly string[] = []): Access => {
  const links = new Map(all(LINKS.byId(), MOST_SCHOOLS).map((l) => [l.school, l]));
  const schools = allSchools();
  return {
    total: accessRate(schools, links, now(), divisions),
    trend: accessTrend(schools, links, now(), ACCESS_MONTHS, divisions),
    counties: byCounty(schools, links, now()),
  };
});

/** What a school's line is served with. @throws {Refusal} `not-found` */
export const deliveryOf = guarded((id: string): Delivery => deliveryFor(school(id).bandwidth));

/** Whether a school is in service today. */
export function isOpen(of: School): boolean {
  return inService(of, dayOf(now()));
}

const SWEEP = 100;
const SWEPT: readonly LinkState[] = ["connected", "verified"];

/** A step of the nightly sweep: links that fell silent are lost. `after` is the state that it goes on with. */
export function sweepLinks(tx: Tx, after: string | undefined): void {
  const at = after === undefined ? 0 : SWEPT.findIndex((s) => s === after);
  const state = SWEPT[at];
  if (state === undefined) throw Failure.reject(`links.sweep: ${after}`);
  // The longest silent come first: one that was heard of lately ends the state's part.
  const page = tx.find(LINKS_BY_STATE.equals(state).limit(SWEEP));
  const silent = page.items.map(({ value }) => ({ value, link: silenced(value, now()) })).filter(({ value, link }) => link !== value);
  for (const { link } of silent) {
    tx.put(LINKS, link);
    tell(tx, link);
  }
  // What was lost left the state, so that the next step begins at its beginning again.
  const next = silent.length < page.items.length || page.next === undefined ? SWEPT[at + 1] : state;
  if (next !== undefined) publish(tx, { topic: "links.sweep", key: "links", data: { after: next } });
}
