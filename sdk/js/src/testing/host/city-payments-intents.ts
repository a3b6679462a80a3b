import type * as host from "city:payments/intents@1.1.0";
import type { Transaction as Raw } from "city:data/collections@1.1.0";
import type { PaymentOp } from "../double/ledger.ts";
import { refuse } from "../double/refuse.ts";
import { city } from "../double/state.ts";
import { type Transaction, own } from "../double/transaction.ts";

/** The transaction to stage in, where payments are granted. */
function granted(transaction: Raw): Transaction {
  if (city().manifest.of.payments === undefined) {
    refuse<host.Error>({ tag: "not-granted", val: "app.toml has no [payments]" });
  }
  const staged = own(transaction);
  if (staged.closed) refuse<host.Error>({ tag: "closed" });
  return staged;
}

function stage(transaction: Raw, op: Exclude<PaymentOp, { kind: "create" }>): void {
  const staged = granted(transaction);
  city().ledger.check(op, staged.payments, city().person);
  staged.intents.push({ id: op.id, version: city().ledger.version(op.id) });
  staged.payments.push(op);
}

export const create: typeof host.create = (transaction, wanted) => {
  const staged = granted(transaction);
  const intent = city().ledger.prepare(wanted, staged.payments);
  staged.payments.push({ kind: "create", intent, lines: wanted.lines, payer: city().person });
  return intent;
};

export const confirm: typeof host.confirm = (transaction, id) => stage(transaction, { kind: "confirm", id });
export const cancel: typeof host.cancel = (transaction, id) => stage(transaction, { kind: "cancel", id });
export const refund: typeof host.refund = (transaction, id, of) => stage(transaction, { kind: "refund", id, refund: of });
export const get: typeof host.get = (id) => city().ledger.get(id);

export const createEscrow: typeof host.createEscrow = (transaction, wanted) => {
  const staged = granted(transaction);
  const intent = city().ledger.prepareEscrow(wanted, staged.payments);
  staged.payments.push({ kind: "create", intent, payer: city().person });
  return intent;
};

export const release: typeof host.release = (transaction, id, of) => stage(transaction, { kind: "release", id, release: of });
export const refundHeld: typeof host.refundHeld = (transaction, id, of) =>
  stage(transaction, { kind: "refund-held", id, refund: of });
export const escrow: typeof host.escrow = (id) => city().ledger.escrow(id);
