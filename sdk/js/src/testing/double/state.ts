/** The city in memory. One at a time: an instance of a component serves one call, and a test has one city. */
import type * as attributes from "city:identity/attributes@1.1.0";
import type * as publisher from "city:messaging/publisher@1.0.0";
import type { Event } from "city:messaging/types@1.0.0";
import type { ActingFor, Presentation, Principal } from "../../identity.ts";
import { Collections } from "./collections.ts";
import { Files } from "./files.ts";
import { Ledger, type Outcome } from "./ledger.ts";
import { Manifest } from "./manifest.ts";
import { refuse } from "./refuse.ts";
import { Hub } from "./shared.ts";

/** An event that waits for its delivery. */
export interface Queued {
  event: Event;
  readonly due: number;
}

/** A row of the audit trail. */
export interface AuditRow {
  /** The subject of the principal; absent for an anonymous visitor. */
  readonly actor: string | undefined;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

/** Nobody is signed in. */
export const NOBODY: Principal = { kind: "anonymous", assurance: "none", roles: [] };

/** What the city holds. */
export class State {
  /** 2026-05-01 09:00 in China. */
  now = 1_777_597_200_000;
  calls = 0;
  sequence = 0;
  principal: Principal = NOBODY;
  actingFor: ActingFor | undefined;
  presentation: Presentation = { lang: "zh", elder: false };
  readonly people = new Set<string>();
  readonly attributes = new Map<string, string>();
  readonly consents = new Set<string>();
  readonly audit: AuditRow[] = [];
  readonly published: Event[] = [];
  readonly deduplicated = new Set<string>();
  readonly dead: { event: Event; why: string }[] = [];
  readonly notes: publisher.Notification[] = [];
  readonly ledger = new Ledger();
  readonly files = new Files();
  readonly hub = new Hub();
  readonly config: Map<string, unknown>;
  readonly data: Collections;
  queue: Queued[] = [];
  /** How many of the next commits answer `conflict`. */
  conflicts = 0;
  #random = 0x5eedn;

  constructor(readonly manifest: Manifest) {
    this.config = manifest.configDefaults();
    this.data = new Collections(manifest);
  }

  /** The person whose call this is; nobody in a visitor's, an event's or a job's. */
  get person(): string | undefined {
    const { kind, subject } = this.principal;
    return kind === "anonymous" || kind === "service" ? undefined : subject;
  }

  /** 64 bits; SplitMix64, so that every run has the same numbers. */
  nextRandom(): bigint {
    const wrap = (n: bigint) => BigInt.asUintN(64, n);
    this.#random = wrap(this.#random + 0x9e3779b97f4a7c15n);
    let z = this.#random;
    z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  newEventId(): string {
    return `event-${this.nextRandom().toString(16).padStart(16, "0")}`;
  }

  /** Remembers a published event, and queues it when this app consumes it itself. */
  publish(source: string, of: publisher.Outgoing, id: string): void {
    const { topic, subject, key, data } = of;
    const event: Event = { id, source, topic, subject, time: BigInt(this.now), key, data, attempt: 1 };
    this.published.push(event);
    const due = Math.max(Number(of.notBefore ?? 0n), this.now);
    if (this.manifest.consumes(topic, source)) this.queue.push({ event, due });
  }

  /** Queues what became of a payment. */
  report(outcome: Outcome): void {
    const event: Event = {
      id: this.newEventId(),
      source: "/platform/payments",
      topic: "city.payments",
      subject: outcome.reference,
      time: BigInt(this.now),
      key: outcome.intent,
      data: JSON.stringify(outcome),
      attempt: 1,
    };
    this.queue.push({ event, due: this.now });
  }

  /** An attribute of the person whose call this is. */
  attribute(name: attributes.Attribute): string {
    const person = this.person ?? refuse<attributes.Error>({ tag: "not-signed-in" });
    const scopes = this.manifest.scopesWith(name);
    const [first] = scopes;
    if (first === undefined) {
      return refuse<attributes.Error>({ tag: "not-granted", val: `app.toml declares no scope with ${name}` });
    }
    if (!scopes.some((s) => this.consents.has(`${person} ${s}`))) {
      return refuse<attributes.Error>({ tag: "consent-required", val: first });
    }
    return this.attributes.get(`${person} ${name}`) ?? refuse<attributes.Error>({ tag: "absent" });
  }
}

let current: State | undefined;

/** Puts a new city in the place of the last one. */
export function install(manifest: Manifest): State {
  current = new State(manifest);
  return current;
}

/** The city. */
export function city(): State {
  if (current === undefined) {
    throw new Error("there is no city: make one with `new TestCity(app.toml)` before the app asks it for anything");
  }
  return current;
}
