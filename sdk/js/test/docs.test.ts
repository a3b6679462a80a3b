// The examples in the vendor's guide are programs: their types fit.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const GUIDE = new URL("../../../docs/vendor-typescript.md", import.meta.url);

test("every example in the guide is a module whose types fit", () => {
  const blocks = [...readFileSync(GUIDE, "utf8").matchAll(/^```(tsx?)\n([^]*?)^```$/gm)];
  assert.ok(blocks.length >= 2, "the guide has examples");
  // Inside of the package, where its own name leads to it.
  const folder = mkdtempSync(fileURLToPath(new URL("apps/guide-", import.meta.url)));
  try {
    writeFileSync(`${folder}/tsconfig.json`, '{ "extends": "../../../tsconfig.json", "include": ["."] }');
    blocks.forEach(([, kind, text], n) => writeFileSync(`${folder}/example-${n}.${kind}`, text ?? ""));
    const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
    execFileSync(process.execPath, [tsc, "--noEmit", "--project", `${folder}/tsconfig.json`], { stdio: "pipe" });
  } catch (e) {
    assert.fail(String((e as { stdout?: Buffer }).stdout ?? e));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
