/**
 * A school's link to the platform: applied → connected → verified → lost.
 *
 * Architecture invariant: nothing but access probes moves a link on. There is no function here by which a school, or anybody
 * else, says that it is connected.
 */
import { Mistakes, Refused } from "./refused.ts";
import { DAY_MS, type Day, dayOf, plusDays } from "./time.ts";

/** States of a link. */
export const LINK_STATES = ["applied", "connected", "verified", "lost"] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** A link is lost when its probes are silent for so long. */
export const SILENCE_DAYS = 30;
/** A probe may be late by so much, for a line that was down; its own clock says when it looked, and so since when it is silent. */
export const LATEST_DAYS = 7;
/** A probe's clock may be ahead by so much. */
const AHEAD_MS = 5 * 60_000;

/** When a link counts as verified. */
export interface LinkRule {
  /** So many different days with a probe that went through... */
  readonly days: number;
  /** ...within the last so many days... */
  readonly window: number;
  /** ...with at least so many Mbit/s. */
  readonly mbps: number;
}

/** The usual rule: three days of seven, 4 Mbit/s, which carries the smallest film. */
export const LINK_RULE: LinkRule = { days: 3, window: 7, mbps: 4 };

/** What a probe found. */
export interface Probe {
  /** The probe's own number: the same number is the same probe. */
  readonly id: string;
  readonly school: string;
  /** When it looked, by its own clock (ms). */
  readonly at: number;
  /** Whether the platform answered. */
  readonly ok: boolean;
  /** Mbit/s that it measured; 0 when nothing answered. */
  readonly mbps: number;
  /** Milliseconds to the answer. */
  readonly latency: number;
}

/** A change of a link's state. */
export interface LinkChange {
  readonly state: LinkState;
  readonly at: number;
}

/** A link. Its id is the school's. */
export interface Link {
  readonly school: string;
  readonly state: LinkState;
  readonly appliedAt: number;
  /** When a probe last went through, by the probe's clock; 0 when never. */
  readonly heard: number;
  /** Days within the window on which a probe came that found the line wide enough for the rule; sorted. By the city's clock, not the probe's. */
  readonly days: readonly Day[];
  /** What the last probe that went through measured. */
  readonly mbps: number;
  /** At most the last 50. */
  readonly history: readonly LinkChange[];
  /** How often the probe's key was renewed; absent for never. */
  readonly renewals?: number;
}

/** A school applies. */
export function apply(school: string, now: number): Link {
  return { school, state: "applied", appliedAt: now, heard: 0, days: [], mbps: 0, history: [{ state: "applied", at: now }] };
}

/** Whether a probe can be believed at all. @throws {Refused} `fields`, `untrusted` */
export function checkProbe(probe: Probe, now: number): void {
  const m = new Mistakes();
  m.check(/^[A-Za-z0-9._-]{8,64}$/.test(probe.id), "/id", "编号为 8 至 64 个字母、数字或 . _ -", "8 to 64 letters, digits or . _ -");
  m.whole(probe.at, "/at", 0, Number.MAX_SAFE_INTEGER);
  m.check(Number.isFinite(probe.mbps) && probe.mbps >= 0 && probe.mbps <= 100_000, "/mbps", "应为 0 至 100000", "0 to 100,000");
  m.whole(probe.latency, "/latency", 0, 600_000);
  m.finish();
  if (probe.at > now + AHEAD_MS || probe.at < now - LATEST_DAYS * DAY_MS) throw new Refused({ kind: "untrusted", why: "clock" });
}

/**
 * What a probe makes of a link. One that did not go through proves nothing: silence is what loses a link.
 *
 * The day on which it came counts, and not the one that it says it looked on: whoever has the key could write as many days as
 * they like into one minute, and the rate would be what somebody says of themselves.
 */
export function probed(link: Link, probe: Probe, now: number, rule: LinkRule = LINK_RULE): Link {
  const before = silenced(link, now);
  if (!probe.ok) return before;
  const heard = Math.max(before.heard, probe.at);
  const mbps = probe.at >= before.heard ? probe.mbps : before.mbps;
  const wide = probe.mbps >= rule.mbps ? [...before.days, dayOf(now)] : before.days;
  const since = plusDays(dayOf(now), 1 - rule.window);
  const days = [...new Set(wide)].filter((d) => d >= since).sort();
  const next: Link = { ...before, heard, mbps, days };
  const isSilent = now - heard >= SILENCE_DAYS * DAY_MS;
  if (isSilent) return next;
  if (days.length >= rule.days) return moved(next, "verified", now);
  return before.state === "verified" ? next : moved(next, "connected", now);
}

/** The probe's key is renewed. What the one before signed verifies nothing any more: it may have leaked. */
export function renewed(link: Link): Link {
  return { ...link, renewals: (link.renewals ?? 0) + 1, days: [] };
}

/** The link as it stands now: a silence of 30 days loses it, whether or not the daily job has run. */
export function silenced(link: Link, now: number): Link {
  const silent = now - link.heard >= SILENCE_DAYS * DAY_MS;
  // What was verified before it was lost proves nothing about the line that comes back.
  if (silent && (link.state === "connected" || link.state === "verified")) return moved({ ...link, days: [] }, "lost", now);
  return link;
}

/**
 * How a link stood at a moment that has passed, by its history: `none` before it was applied for. Beyond the 50 changes that are
 * kept nothing is known, which counts as `none`: nobody is verified by what cannot be shown.
 */
export function stoodAt(link: Link, at: number): LinkState | "none" {
  const state = link.history.filter((h) => h.at <= at).at(-1)?.state ?? "none";
  const silent = at - link.heard >= SILENCE_DAYS * DAY_MS;
  return silent && (state === "connected" || state === "verified") ? "lost" : state;
}

function moved(link: Link, state: LinkState, at: number): Link {
  if (link.state === state) return link;
  return { ...link, state, history: [...link.history, { state, at }].slice(-50) };
}
