// `node --import @yunlong/sdk/testing/register --test …`: TypeScript runs as it is, and what an app
// imports from the city and from WASI is the double in memory.
import { register } from "node:module";
import { register as registerTsx } from "tsx/esm/api";

registerTsx();
register("./hooks.mjs", import.meta.url);
