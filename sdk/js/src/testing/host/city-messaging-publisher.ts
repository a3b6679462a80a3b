import type * as host from "city:messaging/publisher@1.0.0";
import { refuse } from "../double/refuse.ts";
import { city } from "../double/state.ts";
import { own } from "../double/transaction.ts";

/** The host's bound for a payload. */
const EVENT_BYTES = 256 * 1024;

export const publish: typeof host.publish = (transaction, event) => {
  const [state, staged] = [city(), own(transaction)];
  if (!state.manifest.publishes(event.topic)) refuse<host.Error>({ tag: "undeclared", val: event.topic });
  const size = Buffer.byteLength(event.data);
  if (size > EVENT_BYTES) {
    refuse<host.Error>({ tag: "invalid", val: `the payload has ${size} bytes; ${EVENT_BYTES} are allowed` });
  }
  if (staged.closed) refuse<host.Error>({ tag: "closed" });
  const id = state.newEventId();
  staged.events.push({ id, event });
  return id;
};

export const notify: typeof host.notify = (transaction, note) => {
  const staged = own(transaction);
  if (!city().people.has(note.recipient)) refuse<host.Error>({ tag: "unknown-recipient" });
  if (staged.closed) refuse<host.Error>({ tag: "closed" });
  staged.notes.push(note);
};
