// What `yunlong-build` makes of an app: a component asks for what its app uses, and for nothing else.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle, entryOf, partsOf } from "../build/bundle.mjs";
import { sbomOf } from "../build/sbom.mjs";
import { main } from "../build/main.mjs";
import { withWorld, worldOf } from "../build/world.mjs";

const app = (name: string) => fileURLToPath(new URL(`apps/${name}`, import.meta.url));
const city = (imports: string[]) => imports.filter((i) => i.startsWith("city:"));

test("an app of pages imports who asks and where it runs, and no data, message or attribute", async () => {
  const folder = app("pages");
  assert.deepEqual(await partsOf(folder, await entryOf(folder)), []);
  const { imports } = await bundle(folder, "src/app.ts", []);
  const wants = ["city:app/context@1.0.0", "city:identity/principal@1.1.0", "city:identity/representation@1.1.0"];
  assert.deepEqual(city(imports), wants);
});

test("the parts that an app exports are found, and bring what they use", async () => {
  const folder = app("parts");
  const parts = await partsOf(folder, "src/app.ts");
  assert.deepEqual(parts, ["consumer", "jobs", "lifecycle", "migrations"]);
  const { imports, code } = await bundle(folder, "src/app.ts", parts);
  assert.deepEqual(city(imports), [
    "city:app/context@1.0.0",
    "city:base/population@1.0.0",
    "city:data/collections@1.1.0",
    // The consent that a base database may rest on.
    "city:identity/attributes@1.1.0",
    "city:identity/principal@1.1.0",
    "city:identity/representation@1.1.0",
    "city:messaging/publisher@1.0.0",
  ]);
  const text = new TextDecoder().decode(code);
  assert.ok(!text.includes("locales/fr.js"), "of zod's languages the city's two stay");
});

test("the statement names the packages in the bundle and the engine, and nothing of the machine", async () => {
  const { inputs } = await bundle(app("parts"), "src/app.ts", []);
  const sbom = await sbomOf(fileURLToPath(new URL("..", import.meta.url)), inputs.map((f: string) => `${app("parts")}/${f}`));
  assert.deepEqual([sbom.bomFormat, sbom.specVersion], ["CycloneDX", "1.6"]);
  const names = sbom.components.map((c: { name: string }) => c.name);
  assert.deepEqual(names, ["@bytecodealliance/componentize-js", "hono", "zod"]);
  assert.match(sbom.components[1].purl, /^pkg:npm\/hono@\d/);
  assert.ok(!JSON.stringify(sbom).includes(app(".")));
});

test("the world has what is imported and exported, and stands beside the contract", async () => {
  const world = worldOf(["city:app/context@1.0.0", "wasi:random/random@0.2.10"], ["jobs"]);
  for (const line of ["import context;", "import wasi:random/random@0.2.10;", "export wasi:http/incoming-handler@0.2.10;", "export jobs;"]) {
    assert.ok(world.includes(`    ${line}\n`), line);
  }
  const seen = await withWorld([], [], async (folder: string, name: string) => {
    assert.match(readFileSync(`${folder}/this-app.wit`, "utf8"), new RegExp(`world ${name} `));
    assert.ok(existsSync(`${folder}/app.wit`) && existsSync(`${folder}/deps/city-data/data.wit`));
    return folder;
  });
  assert.ok(!existsSync(seen), "the folder is gone afterwards");
});

test("the contract of this package is the one of the repository", () => {
  for (const [here, there] of [
    ["app.wit", "city-app/app.wit"],
    ...["identity/identity", "data/data", "base/base", "messaging/messaging", "payments/payments", "files/files"].map((f) => [`deps/city-${f}.wit`, `city-${f}.wit`]),
  ]) {
    const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
    assert.equal(read(`../contract/wit/${here}`), read(`../../../wit/${there}`), `${here}: run \`npm run contract\``);
  }
});

test("mistakes are named with the next step, and leave nothing behind", async (t) => {
  const said: string[] = [];
  t.mock.method(console, "error", (line: string) => said.push(line));
  await assert.rejects(bundle(app("broken"), "src/app.ts", []), /node:fs/);
  await assert.rejects(entryOf(app(".")), { next: /src|app/ });
  assert.equal(await main(app("broken"), []), 1);
  assert.match(said.join("\n"), /tsconfig\.json/);
  assert.equal(await main(app("pages"), ["--fast"]), 1);
  assert.match(said.join("\n"), /--fast/);
  assert.ok(!existsSync(`${app("broken")}/build`) && !existsSync(`${app("pages")}/build`));
});

test("without the SDK's own packages it says which command installs them", () => {
  const folder = mkdtempSync(join(tmpdir(), "yunlong-sdk-"));
  try {
    for (const part of ["bin", "build", "package.json"]) {
      cpSync(fileURLToPath(new URL(`../${part}`, import.meta.url)), join(folder, part), { recursive: true });
    }
    const run = spawnSync(process.execPath, [join(folder, "bin/yunlong-build.js")], { encoding: "utf8" });
    assert.equal(run.status, 1);
    assert.match(run.stderr, /npm ci --prefix/);
    assert.doesNotMatch(run.stderr, /at .*main\.mjs/, "a message and no trace");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
