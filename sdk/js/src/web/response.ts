/** Responses that hono has no word for. */

/** A file to save under `name`. */
export function download(contentType: string, name: string, body: BodyInit): Response {
  // RFC 6266 with the encoding of RFC 8187, so that a Chinese name arrives as it is.
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const headers = { "content-type": contentType, "content-disposition": `attachment; filename*=UTF-8''${encoded}` };
  return new Response(body, { headers });
}
