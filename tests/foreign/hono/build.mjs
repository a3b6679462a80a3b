// Bundles src/app.ts and makes a component of it: `node build.mjs WIT OUT`, where WIT is a folder with
// the published definitions, one package a folder.
import { componentize } from "@bytecodealliance/componentize-js";
import { build } from "esbuild";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [definitions, out] = process.argv.slice(2);
if (!definitions || !out) {
  console.error("usage: node build.mjs WIT OUT");
  process.exit(2);
}
const work = await mkdtemp(join(tmpdir(), "hono-"));
try {
  const wit = join(work, "wit");
  for (const name of ["io", "clocks", "random", "filesystem", "sockets", "cli", "http", "keyvalue-draft2"]) {
    await cp(join(definitions, name), join(wit, "deps", name), { recursive: true });
  }
  const world = `package hono:guestbook;
world app {
  import wasi:keyvalue/store@0.2.0-draft2;
  export wasi:http/incoming-handler@0.2.10;
}
`;
  await writeFile(join(wit, "world.wit"), world);
  const bundle = join(work, "app.js");
  await build({ entryPoints: ["src/app.ts"], outfile: bundle, bundle: true, format: "esm", external: ["wasi:*"] });
  const { component } = await componentize({ sourcePath: bundle, witPath: wit, worldName: "app" });
  await writeFile(out, component);
} finally {
  await rm(work, { recursive: true });
}
