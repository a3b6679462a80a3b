import type * as host from "city:identity/attributes@1.1.0";
import { current as installation } from "./city-app-context.ts";
import { city } from "../double/state.ts";

export const get: typeof host.get = (attribute) => city().attribute(attribute);

export const consentUrl: typeof host.consentUrl = (scopes, returnPath) => {
  const { portal, name } = installation();
  const asked = scopes.map((s) => `&scope=${encodeURIComponent(s)}`).join("");
  return `${portal}/consent?installation=${name}${asked}&return=${encodeURIComponent(returnPath)}`;
};
