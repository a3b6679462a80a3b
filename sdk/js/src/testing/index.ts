/// <reference types="node" />
/// <reference path="../../contract/index.d.ts" />
/**
 * The city in memory, for tests of an app under Node: the same API as in a component, with a clock,
 * messages and payments that move when the test says so.
 *
 * Run tests with `node --import @yunlong/sdk/testing/register --test …`. It refuses what `app.toml` does not
 * declare, as the host does; it does not check topics against their schemas, nor limits of time and memory.
 */
import type { Handler } from "../component.ts";
import { Tx } from "../data/transact.ts";
import { DataError } from "../data/error.ts";
import { dataCall } from "../data/collection.ts";
import { Failure } from "../failure.ts";
import type { ActingFor, Attribute, Presentation, Principal } from "../identity.ts";
import { Event, type Notification } from "../messaging.ts";
import type { Consumer, Jobs, Lifecycle, Migrations, Progress } from "../parts.ts";
import type { Lang } from "../text.ts";
import { Manifest } from "./double/manifest.ts";
import type { Json } from "./double/order.ts";
import { type SharedRead, type Standing } from "./double/shared.ts";
import { type AuditRow, NOBODY, type State, install } from "./double/state.ts";
import { Transaction } from "./double/transaction.ts";

export type { AuditRow, Json, SharedRead };

/** How often a consumer meets a conflict before the double gives up. */
const REDELIVERIES = 32;

/** What a delivery did. */
export interface Deliveries {
  handled: number;
  /** Events that the consumer wants again; they stay in the queue. */
  retried: number;
  /** Events that became dead letters. */
  dead: number;
}

/** What another host answers: always the same, or made of the request. */
export type Answer = Response | ((request: Request) => Response | Promise<Response>);

/**
 * An empty city with one installation, of the app of an `app.toml`. Nobody is signed in; it is 09:00
 * on 2026-05-01 in China. A new one takes the place of the last: one at a time.
 *
 * Setting it up wrongly (an `app.toml` that cannot be read, a role that is not declared) throws.
 */
export class TestCity {
  readonly #state: State;
  #preferred: Presentation | undefined;
  readonly #outside: [string, Answer][] = [];
  readonly #sent: Request[] = [];

  /** @param appToml the text of the app's `app.toml`. */
  constructor(appToml: string) {
    this.#state = install(Manifest.parse(appToml));
    globalThis.fetch = (input, init) => this.#fetch(new Request(input, init));
  }

  /** What other hosts answer to addresses that begin like this; the last that was said comes first. */
  answer(url: string, answer: Answer): void {
    this.#outside.unshift([url, answer]);
  }

  /** What was sent to other hosts. */
  get sent(): readonly Request[] {
    return this.#sent;
  }

  async #fetch(request: Request): Promise<Response> {
    const { host } = new URL(request.url);
    if (!this.#state.manifest.of.outbound.includes(host)) throw new TypeError(`the host refuses ${host}: it is not declared`);
    this.#sent.push(request.clone());
    const answer = this.#outside.find(([prefix]) => request.url.startsWith(prefix))?.[1];
    if (answer === undefined) throw new TypeError("nobody answers, until `TestCity.answer` says it");
    return answer instanceof Response ? answer.clone() : answer(request);
  }

  /** The time, ms since 1970. */
  get now(): number {
    return this.#state.now;
  }

  set now(ms: number) {
    this.#state.now = ms;
  }

  /** Moves the clock. */
  advance(ms: number): void {
    this.#state.now += ms;
  }

  /** A citizen signs in. */
  signIn(subject: string): void {
    this.signInAs({ subject, kind: "citizen", assurance: "password", roles: [] });
  }

  /** An official signs in, with roles that the department assigned. */
  signInOfficial(subject: string, ...roles: string[]): void {
    this.signInAs({ subject, kind: "official", assurance: "password", roles, organization: "320300" });
  }

  /** Anybody signs in. */
  signInAs(principal: Principal): void {
    const unknown = principal.roles.find((r) => !this.#state.manifest.declaresRole(r));
    if (unknown !== undefined) throw new Error(`app.toml declares no role \`${unknown}\``);
    if (principal.subject !== undefined) this.#state.people.add(principal.subject);
    this.#state.principal = principal;
    this.#state.actingFor = undefined;
  }

  /** Whoever is signed in acts for somebody else, as they chose at the portal. */
  actFor(grantor: ActingFor | undefined): void {
    this.#state.actingFor = grantor;
  }

  /** The visitor is nobody again. */
  signOut(): void {
    this.signInAs(NOBODY);
  }

  /** How the visitor wants pages to be: what they chose, whatever their browser asks for. */
  prefer(lang: Lang, elder = false): void {
    this.#preferred = { lang, elder };
  }

  /** What a person's record holds. */
  setAttribute(subject: string, attribute: Attribute, value: string): void {
    this.#state.attributes.set(`${subject} ${attribute}`, value);
  }

  /** A person consents to a scope, or to the use of a dataset that rests on consent: then `scope` is the purpose. */
  consent(subject: string, scope: string): void {
    if (!this.#state.manifest.asksConsent(scope)) throw new Error(`app.toml asks for no consent \`${scope}\``);
    this.#state.consents.add(`${subject} ${scope}`);
  }

  /** A person takes a consent back. */
  withdraw(subject: string, scope: string): void {
    this.#state.consents.delete(`${subject} ${scope}`);
  }

  /**
   * Puts a record into a dataset of the information hub, about a person or not. The hub's masks are
   * not applied: put in what the app is to see, such as an age instead of a date of birth.
   */
  putRecord(dataset: string, key: string, body: Record<string, Json>, person?: string): void {
    const records = this.#state.hub.of(dataset);
    const version = (records.get(key)?.version ?? 0n) + 1n;
    records.set(key, { version, body: { ...body }, person, validFrom: "2020-01-01" });
  }

  /** Takes a record out of a dataset. */
  removeRecord(dataset: string, key: string): void {
    this.#state.hub.of(dataset).delete(key);
  }

  /** The provider of a dataset grants what `app.toml` asks for, or these fields alone. Nothing is granted before. */
  grant(dataset: string, purpose: string, ...fields: string[]): void {
    this.#decide(dataset, purpose, { granted: fields.length === 0 ? "all" : fields });
  }

  /** The provider revokes a grant. */
  revoke(dataset: string, purpose: string): void {
    this.#decide(dataset, purpose, { revoked: "2026-05-01T01:00:00Z" });
  }

  /** A grant runs out. */
  expire(dataset: string, purpose: string): void {
    this.#decide(dataset, purpose, { expired: "2026-05-01T01:00:00Z" });
  }

  #decide(dataset: string, purpose: string, standing: Standing): void {
    if (this.#state.manifest.datasetUse(dataset, purpose) === undefined) {
      throw new Error(`app.toml declares no use of \`${dataset}\` for \`${purpose}\``);
    }
    this.#state.hub.standings.set(`${dataset} ${purpose}`, standing);
  }

  /** The reads of datasets that were answered, as the city's audit log has them. */
  get sharedReads(): readonly SharedRead[] {
    return this.#state.hub.reads;
  }

  /** Sets a value of the configuration; the defaults of `app.toml` stand already. */
  configure(key: string, value: Json): void {
    this.#state.config.set(key, value);
  }

  /** The next `n` commits answer `conflict`. */
  conflictNext(n: number): void {
    this.#state.conflicts = n;
  }

  /** Opens a page. */
  get(app: Handler, target: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(app, target, { headers });
  }

  /** Posts a form. */
  post(app: Handler, target: string, fields: Record<string, string> = {}): Promise<Response> {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return this.send(app, target, { method: "POST", headers, body: new URLSearchParams(fields).toString() });
  }

  /** Posts JSON. */
  postJson(app: Handler, target: string, value: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.send(app, target, { method: "POST", headers, body: JSON.stringify(value) });
  }

  /** Sends any request. */
  async send(app: Handler, target: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(`http://${this.#state.manifest.of.name}.localhost:8080${target}`, init);
    const english = request.headers.get("accept-language")?.toLowerCase().startsWith("en") ?? false;
    this.#state.presentation = this.#preferred ?? { lang: english ? "en" : "zh", elder: false };
    this.#state.calls += 1;
    return app.fetch(request);
  }

  /** Puts an event of another installation into this one's queue, when `app.toml` subscribes to it. */
  arrive(from: string, topic: string, data: unknown, key?: string): void {
    const source = `/installations/${from}`;
    const { manifest, queue, published, now } = this.#state;
    if (!manifest.consumes(topic, source)) throw new Error(`app.toml does not subscribe to \`${topic}\` from \`${from}\``);
    const id = `${from}-${queue.length + published.length}`;
    const event = { id, source, topic, time: BigInt(now), key, data: JSON.stringify(data), attempt: 1 };
    queue.push({ event, due: now });
  }

  /**
   * Delivers what is due, and what that publishes in turn, in the order of due times. An event that is
   * to be tried again waits for the next call.
   */
  deliver(consumer: Consumer): Deliveries {
    const out: Deliveries = { handled: 0, retried: 0, dead: 0 };
    const again: State["queue"] = [];
    for (let next = this.#takeDue(); next !== undefined; next = this.#takeDue()) {
      const { event, due } = next;
      const failure = this.#call((tx) => consumer.handle(new Event(event), tx)).failure;
      if (failure === undefined) out.handled += 1;
      else if (failure.code === "retry") {
        out.retried += 1;
        again.push({ event: { ...event, attempt: event.attempt + 1 }, due });
      } else {
        out.dead += 1;
        this.#state.dead.push({ event, why: failure.message });
      }
    }
    this.#state.queue.push(...again);
    return out;
  }

  #takeDue(): State["queue"][number] | undefined {
    const { queue, now } = this.#state;
    const due = queue.filter((q) => q.due <= now).sort((a, b) => a.due - b.due)[0];
    if (due !== undefined) queue.splice(queue.indexOf(due), 1);
    return due;
  }

  /** Delivers one event, whether it is due, queued or new: for duplicates and late arrivals. @throws {Failure} */
  deliverEvent(consumer: Consumer, event: Event): void {
    const { failure } = this.#call((tx) => consumer.handle(event, tx));
    if (failure) throw failure;
  }

  /** Runs a job of `app.toml`, due now. @throws {Failure} */
  runJob(jobs: Jobs, job: string): void {
    if (!this.#state.manifest.declaresJob(job)) throw new Error(`app.toml declares no job \`${job}\``);
    const { failure } = this.#call((tx) => jobs.run(job, this.#state.now, tx));
    if (failure) throw failure;
  }

  /** Calls the app's `install` as the host does before the first request. @throws what it throws. */
  install(lifecycle: Lifecycle): void {
    const { error } = this.#call((tx) => lifecycle.install(tx));
    if (error !== undefined) throw error;
  }

  /** Asks the app how it is, as the host does. @throws what it throws. */
  health(lifecycle: Lifecycle): void {
    this.#asService(() => lifecycle.health?.());
  }

  /**
   * Migrates as the host does: batch by batch, each in a transaction, until the app says that all is
   * done. Answers how much was done. @throws what the app throws; an error when the cursor does not move on.
   */
  migrate(migrations: Migrations, from: number, to: number): number {
    let cursor: string | undefined;
    for (;;) {
      const { value, error } = this.#call((tx): Progress => migrations.migrate(from, to, cursor, tx));
      if (value === undefined) throw error;
      if (value.next === undefined) return value.done;
      if (value.next === cursor) throw new Error(`the cursor ${cursor} does not move on`);
      cursor = value.next;
    }
  }

  /** Everything that was published, in the order of the commits. */
  get published(): Event[] {
    return this.#state.published.map((e) => new Event(e));
  }

  /** What waits for its delivery. */
  get queued(): Event[] {
    return this.#state.queue.map((q) => new Event(q.event));
  }

  /** Events that the consumer rejected, with the reason. */
  get deadLetters(): { event: Event; why: string }[] {
    return this.#state.dead.map(({ event, why }) => ({ event: new Event(event), why }));
  }

  /** A person's inbox. */
  inbox(subject: string): Notification[] {
    return this.#state.notes
      .filter((n) => n.recipient === subject)
      .map((n) => ({
        recipient: n.recipient,
        title: { zh: n.titleZh, en: n.titleEn },
        body: { zh: n.bodyZh, en: n.bodyEn },
        path: n.path,
      }));
  }

  /** The audit trail. */
  get audit(): readonly AuditRow[] {
    return this.#state.audit;
  }

  /**
   * Whoever is signed in uploads a file of this type, as the gateway would have recognized it. Answers its id, as it
   * stands in a form's field then. @throws when the area does not take it.
   */
  upload(area: string, name: string, mediaType: string, content: Uint8Array): string {
    return this.#state.files.add(this.#state, area, name, mediaType, content, this.#state.principal.subject).id;
  }

  /**
   * The payer pays at the cashier; the outcome waits in the queue. Also works on an intent that was
   * cancelled or has expired: late money is reported. Paying twice changes nothing.
   */
  pay(intent: string): void {
    const outcome = this.#state.ledger.capture(intent);
    if (outcome) this.#state.report(outcome);
  }

  /** The provider refuses the payment. */
  refusePayment(intent: string, reason: string): void {
    this.#state.report(this.#state.ledger.fail(intent, reason));
  }

  /** The provider pays out all refunds that were asked for. */
  payRefunds(): void {
    for (const outcome of this.#state.ledger.settleRefunds(undefined)) this.#state.report(outcome);
  }

  /** The provider refuses all refunds that were asked for. */
  refuseRefunds(reason: string): void {
    for (const outcome of this.#state.ledger.settleRefunds(reason)) this.#state.report(outcome);
  }

  /** Runs a call as the installation's own service principal and commits it, again after a conflict, as the host does. */
  #call<T>(f: (tx: Tx) => T): { value?: T; error?: unknown; failure?: Failure } {
    try {
      return { value: this.#asService(() => this.#committed(f)) };
    } catch (error) {
      return { error, failure: Failure.of(error) };
    }
  }

  #committed<T>(f: (tx: Tx) => T): T {
    for (let i = 0; i < REDELIVERIES; i++) {
      const raw = Transaction.begin();
      const value = f(new Tx(raw));
      try {
        dataCall(() => raw.commit());
        return value;
      } catch (e) {
        if (!(e instanceof DataError && e.code === "conflict")) throw e;
      }
    }
    throw DataError.of({ tag: "conflict" });
  }

  /** Runs a call as the installation's own service principal. */
  #asService<T>(f: () => T): T {
    const state = this.#state;
    const person = state.principal;
    state.calls += 1;
    const subject = `service:${state.manifest.of.name}`;
    state.principal = { subject, kind: "service", assurance: "none", roles: [], organization: "320300" };
    try {
      return f();
    } finally {
      state.principal = person;
    }
  }
}
