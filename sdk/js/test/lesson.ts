// The manifest of the SDKs' own tests: the same one that the Rust SDK is tested with.
import { readFileSync } from "node:fs";
import { TestCity } from "../src/testing/index.ts";

export const MANIFEST = readFileSync(new URL("../../rust/tests/app.toml", import.meta.url), "utf8");

export function newCity(): TestCity {
  return new TestCity(MANIFEST);
}

/** A matcher for `assert.throws`: an error of this code. */
export function code(expected: string): (e: unknown) => boolean {
  return (e) => {
    if (e instanceof Error && "code" in e && e.code === expected) return true;
    throw new Error(`expected the code ${expected}, not ${String(e)}`);
  };
}
