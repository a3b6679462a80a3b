import type * as host from "wasi:random/random@0.2.10";
import { city } from "../double/state.ts";

export const getRandomBytes: typeof host.getRandomBytes = (len) => {
  const out = new Uint8Array(Number(len));
  for (let i = 0; i < out.length; i += 8) {
    const word = new Uint8Array(new BigUint64Array([city().nextRandom()]).buffer);
    out.set(word.subarray(0, out.length - i), i);
  }
  return out;
};
