// The bundle: one module of the app and the SDK, with the city's interfaces and WASI as its imports.
import { build } from "esbuild";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { BuildError, say } from "./say.mjs";

const ENTRIES = ["src/app.tsx", "src/app.ts"];

/** What an app may export beside its routes, and what makes an export of the component of it. */
export const PARTS = {
  consumer: "exportConsumer",
  jobs: "exportJobs",
  lifecycle: "exportLifecycle",
  migrations: "exportMigrations",
};

/** An interface of the city or of WASI, such as `city:data/collections@1.1.0`. */
const INTERFACE = /^(city|wasi):[a-z-]+\/[a-z-]+@\d+\.\d+\.\d+$/;

/** The app's first module. */
export async function entryOf(folder) {
  const found = ENTRIES.find((file) => existsSync(join(folder, file)));
  if (found !== undefined) return found;
  throw new BuildError(
    say("这里没有 src/app.ts 或 src/app.tsx。", "there is no src/app.ts or src/app.tsx here."),
    say("请在应用的文件夹里运行，并让该模块 `export default` 一个 App。", "run this in the app's folder; the module has an App as its `export default`."),
  );
}

/**
 * Interfaces stay imports, without effects of their own: what is not used is left out, so that an app
 * asks the city for nothing that its manifest does not name.
 */
const interfaces = {
  name: "interfaces",
  setup({ onResolve }) {
    onResolve({ filter: INTERFACE }, ({ path }) => ({ path, external: true, sideEffects: false }));
  },
};

/** zod speaks fifty languages, a third of the bundle: the city's two stay. */
const languages = {
  name: "languages",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: 'export { default as en } from "./en.js";\nexport { default as zhCN } from "./zh-CN.js";\n',
      resolveDir: dirname(path),
    }));
  },
};

async function esbuild(folder, options) {
  try {
    return await build({
      absWorkingDir: folder,
      bundle: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["worker", "import", "default"],
      target: "es2022",
      charset: "utf8",
      metafile: true,
      write: false,
      logLevel: "silent",
      plugins: [interfaces, languages],
      ...options,
    });
  } catch (e) {
    const errors = e.errors?.map(({ text, location: at }) => (at ? `${at.file}:${at.line}: ${text}` : text)) ?? [e.message];
    throw new BuildError(
      say(`打包失败：\n  ${errors.join("\n  ")}`, `the sources cannot be bundled:\n  ${errors.join("\n  ")}`),
      say("Node 的内置模块（node:…）在组件里没有。", "modules of Node (node:…) are not there in a component."),
    );
  }
}

const only = (metafile) => Object.values(metafile.outputs)[0];

/** The parts that the app exports. */
export async function partsOf(folder, entry) {
  const { metafile } = await esbuild(folder, { entryPoints: [entry] });
  const names = only(metafile).exports;
  if (!names.includes("default")) {
    throw new BuildError(
      say(`${entry} 没有 \`export default\`。`, `${entry} has no \`export default\`.`),
      say("默认导出应用：`export default app`。", "export the app: `export default app`."),
    );
  }
  return Object.keys(PARTS).filter((part) => names.includes(part));
}

/** The module of the component, the interfaces that it imports, and the files that stand in it. */
export async function bundle(folder, entry, parts) {
  const wrappers = parts.map((part) => `, ${PARTS[part]}`).join("");
  const contents = [
    `import "@yunlong/sdk/prepare";`,
    `import * as app from "./${entry}";`,
    `import { serve${wrappers} } from "@yunlong/sdk/component";`,
    "serve(app.default);",
    ...parts.map((part) => `export const ${part} = ${PARTS[part]}(app.${part});`),
  ].join("\n");
  const { metafile, outputFiles } = await esbuild(folder, { stdin: { contents, resolveDir: folder, sourcefile: "component.js" } });
  const imports = only(metafile).imports.filter((i) => i.external).map((i) => i.path);
  const inputs = Object.entries(only(metafile).inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
  return { code: outputFiles[0].contents, imports: [...new Set(imports)].sort(), inputs };
}
