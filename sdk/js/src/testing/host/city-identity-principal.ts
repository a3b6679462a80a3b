import type * as host from "city:identity/principal@1.1.0";
import { current as installation } from "./city-app-context.ts";
import { city } from "../double/state.ts";

export const current: typeof host.current = () => {
  const { principal } = city();
  return { ...principal, roles: [...principal.roles] };
};

export const preferred: typeof host.preferred = () => {
  const { lang, elder } = city().presentation;
  return { language: lang, elderMode: elder };
};

const portal = (page: string, returnPath: string): string => {
  const { portal, name } = installation();
  return `${portal}/${page}?installation=${name}&return=${encodeURIComponent(returnPath)}`;
};

export const signInUrl: typeof host.signInUrl = (returnPath) => portal("sign-on", returnPath);
export const stepUpUrl: typeof host.stepUpUrl = (returnPath) => portal("step-up", returnPath);
