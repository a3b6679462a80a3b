import { createHash } from "node:crypto";
import type * as host from "city:app/context@1.0.0";
import { city } from "../double/state.ts";

export const current: typeof host.current = () => {
  const { name, version } = city().manifest.of;
  return {
    name,
    app: name,
    version,
    organization: "320300",
    organizationName: "徐州市",
    origin: `http://${name}.localhost:8080`,
    portal: "http://localhost:8080",
  };
};

export const requestId: typeof host.requestId = () => `test-${city().calls}`;

export const config: typeof host.config = (key) => {
  const { config } = city();
  return config.has(key) ? JSON.stringify(config.get(key)) : undefined;
};

export const deriveKey: typeof host.deriveKey = (purpose, n) => {
  const block = (i: number) => createHash("sha256").update(`${i}\0${city().manifest.of.name}\0${purpose}`).digest();
  return new Uint8Array(Buffer.concat([block(0), block(1)]).subarray(0, n));
};
