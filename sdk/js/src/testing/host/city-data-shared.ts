export { Dataset } from "../double/shared.ts";
