// `yunlong-build`: checks the types of the app in a folder, and makes `build/app.wasm` of it, with
// `sbom.cdx.json` beside `app.toml`, which `yunlong package` takes in.
// `yunlong-build --check` only checks.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { bundle, entryOf, partsOf } from "./bundle.mjs";
import { sbomOf } from "./sbom.mjs";
import { BuildError, say } from "./say.mjs";
import { checkTypes } from "./types.mjs";
import { withWorld } from "./world.mjs";

/** Checks or builds the app of `folder` and answers the exit code. */
export async function main(folder, args) {
  const began = Date.now();
  try {
    const only = args[0] === "--check";
    if (args.length > (only ? 1 : 0)) {
      throw new BuildError(
        say(`不认识的参数：${args.join(" ")}`, `unknown arguments: ${args.join(" ")}`),
        say("用法：yunlong-build [--check]", "usage: yunlong-build [--check]"),
      );
    }
    if (only) {
      await checkTypes(folder);
      return 0;
    }
    const file = await build(folder);
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    console.error(say(`完成：${file}（${seconds} 秒）`, `Done: ${file} (${seconds} s)`));
    return 0;
  } catch (e) {
    if (!(e instanceof BuildError)) throw e;
    console.error(`${say("错误", "error")}: ${e.message}`);
    if (e.next !== undefined) console.error(`${say("下一步", "next")}: ${e.next}`);
    return 1;
  }
}

async function build(folder) {
  const entry = await entryOf(folder);
  console.error(say("检查类型…", "Checking types…"));
  await checkTypes(folder);
  console.error(say("打包源码…", "Bundling…"));
  const parts = await partsOf(folder, entry);
  const { code, imports, inputs } = await bundle(folder, entry, parts);
  const out = join(folder, "build");
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "app.js"), code);
  console.error(say("生成 WebAssembly 组件（约半分钟）…", "Making the WebAssembly component (about half a minute)…"));
  const component = await withWorld(imports, parts, (wit, world) => componentOf(join(out, "app.js"), wit, world));
  // Whoever reads the folder meanwhile sees the component before or this one, never a part.
  const file = join(out, "app.wasm");
  await writeFile(`${file}.tmp`, component);
  await rename(`${file}.tmp`, file);
  await writeFile(join(folder, "sbom.cdx.json"), `${JSON.stringify(await sbomOf(folder, inputs), undefined, 2)}\n`);
  return relative(folder, file);
}

async function componentOf(sourcePath, witPath, worldName) {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  try {
    // Every feature stays on: without `random` the engine's randomness would be the same in every request.
    const { component } = await componentize({ sourcePath, sourceName: "app.js", witPath, worldName });
    return component;
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new BuildError(
      say(`组件无法生成：${why}`, `the component cannot be made: ${why}`),
      say(
        "模块顶层的代码在构建时运行，不能调用城市的接口、时钟或随机数；请移到处理函数里。",
        "what stands at the top of a module runs when it is built, and must not call the city, the clock or randomness: move it into a handler.",
      ),
    );
  }
}
