import type * as host from "city:identity/representation@1.1.0";
import { city } from "../double/state.ts";

export const actingFor: typeof host.actingFor = () => {
  const { actingFor, principal } = city();
  // A consumer or a job acts for nobody, whoever is signed in meanwhile.
  if (actingFor === undefined || principal.kind === "service") return undefined;
  const { subject, mandate, grantor } = actingFor;
  if (grantor.kind === "person") return { subject, mandate, kind: "person" };
  return { subject, mandate, kind: "company", code: grantor.code, name: grantor.name };
};
