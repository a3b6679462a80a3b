import type { ZodError } from "zod";

/** What a schema refuses, in words. */
export function explain(error: ZodError): string {
  return error.issues.map((i) => `${i.path.length === 0 ? "" : `${i.path.join(".")}: `}${i.message}`).join("; ");
}
