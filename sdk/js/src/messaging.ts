/**
 * Events between apps, and notes to people. Both are staged in a transaction: they exist if and only
 * if it commits.
 */
import * as host from "city:messaging/publisher@1.0.0";
import type * as types from "city:messaging/types@1.0.0";
import type { z } from "zod";
import { big, call, whole } from "./contract.ts";
import type { Tx } from "./data/transact.ts";
import { Failure } from "./failure.ts";
import { MessagingError } from "./messaging-error.ts";
import { PaymentOutcome } from "./payment-outcome.ts";
import type { Text } from "./text.ts";

/** The topic of the events by which the platform reports what became of a payment. */
export const PAYMENTS_TOPIC = "city.payments";

/** An event to publish. Id, source and time are the host's. */
export interface Outgoing {
  /** A topic that `app.toml` declares under `[[publishes]]`. */
  readonly topic: string;
  /** The payload: anything with a JSON form, of at most 256 KiB. */
  readonly data: unknown;
  /** What the event is about, such as an order's number. */
  readonly subject?: string;
  /** The ordering key: events with one key arrive in the order of their commits. */
  readonly key?: string;
  /** Not to be delivered before this time (ms since 1970): the way to let a hold expire. */
  readonly notBefore?: number;
  /** Publishing twice with one deduplication key publishes once. */
  readonly once?: string;
}

/** A note to a person, shown in their inbox on the portal. */
export interface Notification {
  /** The pairwise subject of the person, as this installation knows them. */
  readonly recipient: string;
  readonly title: Text;
  readonly body: Text;
  /** A path of this app that the note leads to. */
  readonly path?: string;
}

/** Publishes an event with the commit and answers its id. @throws {MessagingError} */
export function publish(tx: Tx, event: Outgoing): string {
  const data = JSON.stringify(event.data) as string | undefined;
  if (data === undefined) throw MessagingError.of({ tag: "invalid", val: "the payload has no JSON form" });
  const raw: host.Outgoing = {
    topic: event.topic,
    data,
    subject: event.subject,
    key: event.key,
    notBefore: event.notBefore === undefined ? undefined : big(event.notBefore),
    deduplicationKey: event.once,
  };
  return call(() => host.publish(tx.raw, raw), MessagingError.of);
}

/** Puts a note into a person's inbox with the commit. @throws {MessagingError} */
export function notify(tx: Tx, note: Notification): void {
  const raw: host.Notification = {
    recipient: note.recipient,
    titleZh: note.title.zh,
    titleEn: note.title.en,
    bodyZh: note.body.zh,
    bodyEn: note.body.en,
    path: note.path,
  };
  call(() => host.notify(tx.raw, raw), MessagingError.of);
}

/** An event as a consumer gets it: the attributes of CloudEvents 1.0. */
export class Event {
  /** Unique for its source. The same id is the same event, delivered again. */
  readonly id: string;
  /** `/installations/<name>`, or `/platform/<service>` for the platform's own. */
  readonly source: string;
  /** The topic (the CloudEvents attribute `type`). */
  readonly topic: string;
  /** What the event is about. */
  readonly subject: string | undefined;
  /** When it was published (ms since 1970). */
  readonly time: number;
  /** The ordering key. */
  readonly key: string | undefined;
  /** The payload, JSON text. */
  readonly data: string;
  /** 1 for the first delivery, 2 for the next. */
  readonly attempt: number;

  constructor(raw: types.Event) {
    this.id = raw.id;
    this.source = raw.source;
    this.topic = raw.topic;
    this.subject = raw.subject;
    this.time = whole(raw.time);
    this.key = raw.key;
    this.data = raw.data;
    this.attempt = raw.attempt;
  }

  /**
   * The payload, as a schema describes it.
   *
   * @throws {Failure} `reject` when it is something else: another attempt would not help.
   */
  json<T>(schema: z.ZodType<T>): T {
    let value: unknown;
    try {
      value = JSON.parse(this.data);
    } catch (e) {
      throw Failure.reject(`${this.topic} ${this.id}: ${(e as Error).message}`);
    }
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    throw Failure.reject(`${this.topic} ${this.id}: ${read.error.issues.map((i) => i.message).join("; ")}`);
  }

  /**
   * What became of a payment, when this is an event of the platform's payments.
   *
   * @throws {Failure} `reject` when the payload is not what the contract says.
   */
  payment(): PaymentOutcome | undefined {
    return this.topic === PAYMENTS_TOPIC ? this.json(PaymentOutcome) : undefined;
  }
}
