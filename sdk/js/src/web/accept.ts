/** Content negotiation (RFC 9110 12.5.1) between the two representations that apps have. */

/**
 * Whether JSON is preferred over HTML. A path under `/api/` is JSON unless HTML is asked for by name;
 * any other path is HTML unless JSON is asked for by name.
 */
export function prefersJson(path: string, accept: string | undefined): boolean {
  const api = path === "/api" || path.startsWith("/api/") || path === "/openapi.json";
  if (accept === undefined) return api;
  const html = quality(accept, "text/html");
  const json = Math.max(quality(accept, "application/json"), quality(accept, "application/problem+json"));
  return html === json ? api : json > html;
}

/** The quality, 0 to 1, that `accept` gives to a media type named in full. */
function quality(accept: string, media: string): number {
  let best = 0;
  for (const range of accept.split(",")) {
    const [name, ...parameters] = range.split(";").map((p) => p.trim());
    if (name?.toLowerCase() !== media) continue;
    const q = Number(parameters.find((p) => p.startsWith("q="))?.slice(2) ?? "1");
    best = Math.max(best, Number.isNaN(q) ? 1 : Math.min(Math.max(q, 0), 1));
  }
  return best;
}
