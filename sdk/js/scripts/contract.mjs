// Makes `contract/` from `wit/`: the WIT that the build composes worlds with, and the types that the
// SDK is written against. Both are committed, so that a change of the contract shows in review.
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateTypes } from "../node_modules/@bytecodealliance/jco/obj/js-component-bindgen-component.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "../../wit");
const contract = join(root, "contract");

/** The packages of the city; all but `city-app`, which is the root, are its dependencies. */
const CITY = ["city-identity", "city-data", "city-base", "city-messaging", "city-payments", "city-files"];

/** The packages of WASI that these build on; the host knows more of them, for components made elsewhere. */
const WASI = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/** All that an app can import and export: for types alone, no app has this world. */
const EVERYTHING = `
/// All of the contract: what the types are made of.
world everything {
    include imports;
    include wasi:http/proxy@0.2.10;
    import wasi:clocks/wall-clock@0.2.10;
    export consumer;
    export jobs;
    export lifecycle;
    export migrations;
}
`;

/** The tools read no features: what is behind one that no host has yet is left out. */
const UNSTABLE_IMPORT = / *@unstable\(feature = clocks-timezone\)\n *import [^\n]*\n/g;

async function copyWit() {
  const wit = join(contract, "wit");
  await rm(wit, { recursive: true, force: true });
  await cp(join(source, "city-app"), wit, { recursive: true });
  for (const name of WASI) await cp(join(source, "deps", name), join(wit, "deps", name), { recursive: true });
  for (const name of CITY) await cp(join(source, name), join(wit, "deps", name), { recursive: true });
  for (const file of ["cli/cli.wit", "clocks/clocks.wit"]) {
    const path = join(wit, "deps", file);
    await writeFile(path, (await readFile(path, "utf8")).replace(UNSTABLE_IMPORT, ""));
  }
  return wit;
}

async function types(wit) {
  const dir = join(contract, "types");
  await rm(dir, { recursive: true, force: true });
  const work = await mkdtemp(join(tmpdir(), "yunlong-contract-"));
  try {
    await cp(wit, work, { recursive: true });
    await writeFile(join(work, "everything.wit"), `package city:app@1.0.0;\n${EVERYTHING}`);
    const files = generateTypes("everything", {
      wit: { tag: "path", val: work },
      world: "everything",
      features: { tag: "list", val: [] },
      guest: true,
    });
    const written = [];
    for (const [name, bytes] of files) {
      if (!name.startsWith("interfaces/")) continue;
      await mkdir(dir, { recursive: true });
      const file = name.slice("interfaces/".length);
      await writeFile(join(dir, file), bytes);
      written.push(file);
    }
    const index = written.sort().map((f) => `/// <reference path="./types/${f}" />\n`);
    await writeFile(join(contract, "index.d.ts"), index.join(""));
  } finally {
    await rm(work, { recursive: true });
  }
}

const wit = await copyWit();
await types(wit);
console.log(`contract/ holds ${(await readdir(join(contract, "types"))).length} interfaces`);
