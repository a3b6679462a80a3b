// What no component can have: a module of Node.
import { readFileSync } from "node:fs";

export default { fetch: () => new Response(readFileSync("/etc/hostname")) };
