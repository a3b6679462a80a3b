// What the component is made of: the npm packages that gave code to the bundle, and the engine that
// runs it. CycloneDX 1.6 without times and numbers of its own: the same sources give the same bytes.
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The statement about a bundle; `inputs` are the files that stand in it, relative to `folder`. */
export async function sbomOf(folder, inputs) {
  const packages = new Map();
  const found = new Map();
  for (const file of inputs) {
    // What the build writes itself has no file.
    if (file === "component.js") continue;
    note(await packageOf(dirname(resolve(folder, file)), found), packages);
  }
  note(await packageOf(dirname(fileURLToPath(import.meta.resolve("@bytecodealliance/componentize-js"))), found), packages);
  const own = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  packages.delete(ref(own));
  const refs = [...packages.keys()].sort();
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", "bom-ref": ref(own), name: own.name, version: own.version } },
    components: refs.map((r) => packages.get(r)),
    dependencies: [{ ref: ref(own), dependsOn: refs }],
  };
}

/** The package URL, which is also the reference. */
function ref({ name, version }) {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function note(of, packages) {
  const license = typeof of.license === "string" ? { licenses: [{ expression: of.license }] } : {};
  const component = { type: "library", "bom-ref": ref(of), name: of.name, version: of.version, ...license, purl: ref(of) };
  packages.set(ref(of), component);
}

/** The nearest `package.json` that names a package and a version, from a folder upwards. */
async function packageOf(folder, found) {
  const known = found.get(folder);
  if (known !== undefined) return known;
  let of;
  try {
    of = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  } catch {
    of = {};
  }
  // Some packages have a file without a name in a folder of theirs, to say which kind of modules it holds.
  if (of.name === undefined || of.version === undefined) of = await packageOf(dirname(folder), found);
  found.set(folder, of);
  return of;
}
