#!/usr/bin/env node
// Says what is missing before anything is loaded that needs it.
import { fileURLToPath } from "node:url";
import { say } from "../build/say.mjs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

function missing(what, next) {
  console.error(`${say("错误", "error")}: ${what}\n${say("下一步", "next")}: ${next}`);
  process.exitCode = 1;
}

if (major < 20 || (major === 20 && minor < 11)) {
  missing(
    say(`Node ${process.versions.node} 太旧。`, `Node ${process.versions.node} is too old.`),
    say("安装 Node 20.11 或更新的版本。", "install Node 20.11 or newer."),
  );
} else {
  try {
    const { main } = await import("../build/main.mjs");
    process.exitCode = await main(process.cwd(), process.argv.slice(2));
  } catch (e) {
    if (e?.code !== "ERR_MODULE_NOT_FOUND") throw e;
    const sdk = fileURLToPath(new URL("..", import.meta.url));
    missing(
      say("SDK 所依赖的 npm 包没有安装。", "the npm packages that the SDK stands on are not installed."),
      say(`运行 npm ci --prefix ${sdk}`, `run npm ci --prefix ${sdk}`),
    );
  }
}
