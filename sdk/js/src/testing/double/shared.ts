/**
 * Datasets of the information hub in memory: grants, consents and rows as the hub decides on them.
 * The hub's masks are not applied: a test puts in what the app is to see.
 */
import { createHash } from "node:crypto";
import type * as host from "city:data/shared@1.1.0";
import { type Json, compare, reaches } from "./order.ts";
import { refuse } from "./refuse.ts";
import { type State, city } from "./state.ts";

/** The hub's bound for one page. */
const MAX_LIMIT = 500;

/** What the provider decided for one use. */
export type Standing =
  /** All fields that were asked for, or these. */
  | { readonly granted: readonly string[] | "all" }
  | { readonly expired: string }
  | { readonly revoked: string };

/** A record, and the subject of the person whom it is about. */
export interface Kept {
  person?: string;
  version: bigint;
  body: Record<string, Json>;
  validFrom: string;
}

/** A read that was answered, as the city's audit log has it. */
export interface SharedRead {
  readonly dataset: string;
  readonly purpose: string;
  readonly key: string;
  readonly fields: readonly string[];
}

/** What the hub holds. */
export class Hub {
  readonly records = new Map<string, Map<string, Kept>>();
  readonly standings = new Map<string, Standing>();
  readonly reads: SharedRead[] = [];
  readonly jobs: string[][] = [];

  of(dataset: string): Map<string, Kept> {
    let records = this.records.get(dataset);
    if (records === undefined) this.records.set(dataset, (records = new Map()));
    return records;
  }
}

/** What a call may do. */
interface Allowed {
  readonly fields: readonly string[];
  readonly granted: readonly string[];
  readonly consent: string | undefined;
  /** The caller's own records only, of what is about persons; empty for a visitor, who has none. */
  readonly own: string | undefined;
  /** No record but those of `own`. */
  readonly onlyOwn: boolean;
}

const deny = (e: host.Error): never => refuse(e);

/** The contract's dataset. */
export class Dataset implements host.Dataset {
  private constructor(
    private readonly dataset: string,
    private readonly purpose: string,
  ) {}

  static open(dataset: string, purpose: string): Dataset {
    if (city().manifest.datasetUse(dataset, purpose) === undefined) {
      const val = `\`${dataset}\` for \`${purpose}\` is not declared under [[datasets]] in app.toml`;
      deny({ tag: "unknown-dataset", val });
    }
    return new Dataset(dataset, purpose);
  }

  fields(): string[] {
    // Whatever it is granted for.
    const access = city().manifest.datasetUse(this.dataset, this.purpose)?.access[0] ?? "get";
    return [...this.#decide(access, []).fields];
  }

  get(key: string, fields: string[], asOf: string | undefined): host.Released | undefined {
    const found = this.#read(this.#decide("get", fields), key);
    return asOf !== undefined && found !== undefined && found.validFrom > asOf ? undefined : found;
  }

  me(fields: string[]): host.Released | undefined {
    const allowed = this.#decide("get", fields);
    const person = city().person ?? deny({ tag: "not-signed-in" });
    const own = [...city().hub.of(this.dataset)].find(([, r]) => r.person === person);
    return own && this.#read(allowed, own[0]);
  }

  query(query: host.Query, fields: string[]): host.Page {
    const allowed = this.#decide("query", fields);
    const keys = this.#found(allowed, query);
    const from = query.cursor === undefined ? 0 : Number(query.cursor);
    if (!Number.isInteger(from) || from < 0) deny({ tag: "invalid", val: "the cursor is not from this query" });
    const records = keys.slice(from, from + query.limit).flatMap((key) => this.#read(allowed, key) ?? []);
    const next = from + query.limit;
    return { records, next: keys.length > next ? String(next) : undefined };
  }

  write(key: string, body: string, version: bigint, validFrom: string): bigint {
    const fields = JSON.parse(body) as Record<string, Json>;
    const allowed = this.#decide("write", Object.keys(fields));
    const records = city().hub.of(this.dataset);
    const record = records.get(key);
    if ((record?.version ?? 0n) !== version) deny({ tag: "conflict" });
    if (record === undefined) {
      records.set(key, { version: 1n, body: fields, validFrom });
      return 1n;
    }
    checkRow(allowed, record);
    Object.assign(record.body, fields);
    record.version += 1n;
    record.validFrom = validFrom;
    return record.version;
  }

  startJob(query: host.Query, fields: string[]): string {
    const keys = this.#found(this.#decide("bulk", fields), query);
    return `job-${city().hub.jobs.push(keys)}`;
  }

  job(id: string): host.Job {
    const keys = jobKeys(id);
    return { id, ready: true, records: BigInt(keys.length), pages: Math.ceil(keys.length / MAX_LIMIT) };
  }

  jobPage(id: string, page: number): host.Released[] {
    const allowed = this.#decide("bulk", []);
    const keys = jobKeys(id).slice(page * MAX_LIMIT, (page + 1) * MAX_LIMIT);
    if (keys.length === 0) deny({ tag: "not-found" });
    return keys.flatMap((key) => this.#read(allowed, key) ?? []);
  }

  [Symbol.dispose](): void {}

  #decide(access: string, fields: readonly string[]): Allowed {
    const state = city();
    const use = state.manifest.datasetUse(this.dataset, this.purpose);
    if (use === undefined) return deny({ tag: "unknown-dataset", val: this.dataset });
    const standing = state.hub.standings.get(`${this.dataset} ${this.purpose}`);
    if (standing === undefined) return this.#notGranted(state);
    if ("expired" in standing) return deny({ tag: "expired", val: standing.expired });
    if ("revoked" in standing) return deny({ tag: "revoked", val: standing.revoked });
    const granted = standing.granted === "all" ? use.fields : standing.granted;
    if (!use.access.includes(access)) deny({ tag: "access-not-granted", val: use.access });
    const onlyOwn = use.rows === undefined || use.rows === "own";
    const { kind, subject, roles } = state.principal;
    if (onlyOwn && kind === "anonymous") deny({ tag: "not-signed-in" });
    if (onlyOwn && kind === "service") deny({ tag: "row-not-granted" });
    if (kind === "official" && use.roles.length > 0 && !use.roles.some((r) => roles.includes(r))) {
      deny({ tag: "role-required", val: use.roles });
    }
    // A visitor's own records are none; an official and a job read what the grant covers.
    const own = kind === "anonymous" ? "" : kind === "service" || (kind === "official" && !onlyOwn) ? undefined : subject;
    const missing = fields.filter((f) => !granted.includes(f));
    if (missing.length > 0) deny({ tag: "fields-not-granted", val: missing });
    const consent = use.basis === "consent" ? use.purpose : undefined;
    const asked = granted.filter((f) => fields.length === 0 || fields.includes(f));
    return { fields: asked, granted, consent, own, onlyOwn };
  }

  #notGranted(state: State): never {
    const others = [...state.hub.standings]
      .filter(([use, standing]) => use.startsWith(`${this.dataset} `) && "granted" in standing)
      .map(([use]) => use.slice(this.dataset.length + 1));
    if (others.length > 0) return deny({ tag: "other-purpose", val: others });
    return deny({ tag: "not-granted", val: "the provider has not granted it: `TestCity.grant` does" });
  }

  #read(allowed: Allowed, key: string): host.Released | undefined {
    const { hub, manifest } = city();
    const record = hub.of(this.dataset).get(key);
    if (record === undefined) return undefined;
    checkRow(allowed, record);
    checkConsent(allowed, record);
    hub.reads.push({ dataset: this.dataset, purpose: this.purpose, key, fields: allowed.fields });
    const has = (f: string) => Object.hasOwn(record.body, f);
    const present = allowed.fields.filter(has);
    const hash = createHash("sha256").update(`${manifest.of.name}\0${this.dataset}\0${key}`).digest("hex");
    return {
      reference: record.person === undefined ? key : hash.slice(0, 32),
      version: record.version,
      body: JSON.stringify(Object.fromEntries(present.map((f) => [f, record.body[f]]))),
      unrecorded: allowed.fields.filter((f) => !has(f)),
      validFrom: record.validFrom,
      sources: present.map((field) => ({ field, organization: "320300", recorded: "2026-01-01T00:00:00Z" })),
    };
  }

  /** The keys of the records that a query finds and the caller may see, in the index's order. */
  #found(allowed: Allowed, query: host.Query): string[] {
    if (query.limit < 1 || query.limit > MAX_LIMIT) deny({ tag: "invalid", val: `the limit is 1 to ${MAX_LIMIT}` });
    const filter = JSON.parse(query.filter ?? "{}") as Record<string, Json>;
    const hidden = [...query.index, ...Object.keys(filter)].filter((i) => !allowed.granted.includes(i));
    if (hidden.length > 0) deny({ tag: "fields-not-granted", val: hidden });
    const value = (r: Kept, item: string): Json => (Object.hasOwn(r.body, item) ? (r.body[item] ?? null) : null);
    const equals = query.equals.map((text) => JSON.parse(text) as Json);
    const ranged = query.index[equals.length];
    const fits = (r: Kept): boolean =>
      equals.every((v, i) => compare(value(r, query.index[i] ?? ""), v) === 0) &&
      (ranged === undefined || (reaches(query.lower, value(r, ranged), 1) && reaches(query.upper, value(r, ranged), -1))) &&
      Object.entries(filter).every(([item, v]) => compare(value(r, item), v) === 0);
    const found = [...city().hub.of(this.dataset)].filter(([, r]) => fits(r) && visible(allowed, r));
    const order = (a: Kept, b: Kept): number =>
      query.index.reduce((so, item) => so || compare(value(a, item), value(b, item)), 0);
    return found.sort(([a, x], [b, y]) => order(x, y) || compare(a, b)).map(([key]) => key);
  }
}

function checkRow({ own, onlyOwn }: Allowed, { person }: Kept): void {
  if (own === undefined || person === own || (!onlyOwn && person === undefined)) return;
  deny(own === "" ? { tag: "not-signed-in" } : { tag: "row-not-granted" });
}

function checkConsent({ consent }: Allowed, { person }: Kept): void {
  if (consent === undefined || person === undefined || city().consents.has(`${person} ${consent}`)) return;
  deny({ tag: "consent-required", val: consent });
}

function visible(allowed: Allowed, record: Kept): boolean {
  try {
    checkRow(allowed, record);
    checkConsent(allowed, record);
    return true;
  } catch {
    return false;
  }
}

function jobKeys(id: string): string[] {
  const n = /^job-(\d+)$/.exec(id)?.[1];
  return (n === undefined ? undefined : city().hub.jobs[Number(n) - 1]) ?? deny({ tag: "not-found" });
}
