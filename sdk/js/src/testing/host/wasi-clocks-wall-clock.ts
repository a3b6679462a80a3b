import type * as host from "wasi:clocks/wall-clock@0.2.10";
import { city } from "../double/state.ts";

export const now: typeof host.now = () => {
  const ms = city().now;
  return { seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 };
};
