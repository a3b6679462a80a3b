import type * as host from "city:data/collections@1.1.0";
import { city } from "../double/state.ts";

export { Transaction } from "../double/transaction.ts";

export const get: typeof host.get = (collection, id) => city().data.get(collection, id);
export const find: typeof host.find = (collection, query) => city().data.find(collection, query);
export const counter: typeof host.counter = (counter, key) => city().data.counter(counter, key);
