/** Holds every answer to the OpenAPI document: its status, its media type, its schema. */
import assert from "node:assert/strict";
import { z } from "@yunlong/sdk";

type Json = Record<string, unknown>;
interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Described>> }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** The document, with the schemas of what was compared so far. */
export class Contract {
  readonly #schemas = new Map<string, z.ZodType>();
  /** `GET /api/x 200`: what was answered at least once. */
  readonly seen = new Set<string>();

  constructor(readonly document: Document) {}

  /** @throws an assertion that says in what the answer differs from the document */
  async hold(method: string, target: string, answer: Response): Promise<void> {
    const path = target.split("?")[0] ?? "";
    const [template, item] = this.#templateOf(path);
    const where = `${method} ${template} ${answer.status}`;
    const described = item[method.toLowerCase()]?.responses[String(answer.status)];
    const text = await answer.clone().text();
    assert.ok(described, `${where} is not described: ${text}`);
    this.seen.add(where);
    const content = Object.entries(described.content ?? {})[0];
    if (content === undefined) {
      assert.equal(text, "", `${where} has a body that is not described`);
      return;
    }
    const [media, { schema }] = content;
    assert.equal(answer.headers.get("content-type"), media, where);
    const read = this.#schemaOf(where, schema).safeParse(JSON.parse(text));
    assert.ok(read.success, `${where} is not as described: ${read.error?.message}\n${text}`);
  }

  /** The template that a path is of: one without parameters goes before one with them. */
  #templateOf(path: string): [string, Document["paths"][string]] {
    const parts = path.split("/");
    const fits = (template: string): boolean => {
      const of = template.split("/");
      return of.length === parts.length && of.every((p, i) => p.startsWith("{") || p === parts[i]);
    };
    const found = Object.entries(this.document.paths)
      .filter(([template]) => fits(template))
      .sort(([a], [b]) => a.split("{").length - b.split("{").length)[0];
    assert.ok(found, `${path} is not described`);
    return found;
  }

  #schemaOf(where: string, schema: Json): z.ZodType {
    const known = this.#schemas.get(where);
    if (known !== undefined) return known;
    const name = typeof schema.$ref === "string" ? schema.$ref.replace("#/components/schemas/", "") : undefined;
    const made = z.fromJSONSchema((name === undefined ? schema : (this.document.components.schemas[name] ?? {})) as Parameters<typeof z.fromJSONSchema>[0]);
    this.#schemas.set(where, made);
    return made;
  }
}
