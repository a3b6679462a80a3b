import type * as host from "city:files/files@1.0.0";
import type { Transaction as Raw } from "city:data/collections@1.1.0";
import type { FileOp } from "../double/files.ts";
import { refuse } from "../double/refuse.ts";
import { city } from "../double/state.ts";
import { own } from "../double/transaction.ts";

function stage(transaction: Raw, op: FileOp): void {
  const staged = own(transaction);
  if (staged.closed) refuse<host.Error>({ tag: "closed" });
  staged.files.push(op);
}

export const issueTicket: typeof host.issueTicket = (wanted) => city().files.issueTicket(city(), wanted);
export const stat: typeof host.stat = (id) => city().files.stat(city(), id);
export const attached: typeof host.attached = (to) => city().files.attached(to);
export const read: typeof host.read = (id, offset, length) => city().files.read(city(), id, offset, length);
export const write: typeof host.write = (wanted) => city().files.write(city(), wanted);
export const serve: typeof host.serve = (id, how) => `${city().files.stat(city(), id).id}; ${how}`;

export const attach: typeof host.attach = (transaction, id, to) => {
  const file = city().files.attach(city(), id, to);
  stage(transaction, { kind: "attach", id, to });
  return file;
};

export const remove: typeof host.remove = (transaction, id) => stage(transaction, { kind: "delete", id });
