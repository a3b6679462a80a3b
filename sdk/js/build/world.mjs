// The world of one app: what its bundle imports and what it exports, and nothing else.
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const WIT = fileURLToPath(new URL("../contract/wit", import.meta.url));

/** The package in which the world stands: that of the contract's root. */
const PACKAGE = "city:app";

/** The world's text. */
export function worldOf(imports, parts) {
  // An interface of the world's own package is named without it.
  const local = (name) => (name.startsWith(`${PACKAGE}/`) ? name.slice(PACKAGE.length + 1).split("@")[0] : name);
  const lines = [
    ...imports.map((name) => `    import ${local(name)};`),
    "    export wasi:http/incoming-handler@0.2.10;",
    ...parts.map((part) => `    export ${part};`),
  ];
  return `package ${PACKAGE}@1.0.0;\n\n/// Made by yunlong-build.\nworld this-app {\n${lines.join("\n")}\n}\n`;
}

/** Calls `use` with a folder of WIT that has the app's world, and removes it afterwards. */
export async function withWorld(imports, parts, use) {
  const folder = await mkdtemp(join(tmpdir(), "yunlong-world-"));
  try {
    await cp(WIT, folder, { recursive: true });
    await writeFile(join(folder, "this-app.wit"), worldOf(imports, parts));
    return await use(folder, "this-app");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
