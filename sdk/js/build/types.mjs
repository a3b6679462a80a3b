// The type check: `tsc` of the SDK with the app's own `tsconfig.json`.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BuildError, say } from "./say.mjs";

const require = createRequire(import.meta.url);

/** Checks the types of an app; what is wrong goes to the terminal as `tsc` says it. */
export async function checkTypes(folder) {
  const config = join(folder, "tsconfig.json");
  if (!existsSync(config)) {
    throw new BuildError(
      say("缺少 tsconfig.json。", "there is no tsconfig.json."),
      say('写入 { "extends": "@yunlong/sdk/tsconfig.json", "include": ["src"] }。', 'write { "extends": "@yunlong/sdk/tsconfig.json", "include": ["src"] }.'),
    );
  }
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tsc, "--noEmit", "--project", config], { cwd: folder, stdio: ["ignore", 2, 2] });
    child.on("error", reject).on("close", resolve);
  });
  if (code !== 0) throw new BuildError(say("类型检查没有通过。", "the types do not fit."), say("按上面的提示修改后重试。", "mend what is said above and build again."));
}
