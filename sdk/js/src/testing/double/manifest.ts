/** What the double needs of `app.toml`, so that it refuses what the host would refuse. */
import { parse } from "smol-toml";
import { z } from "zod";

const Named = z.object({ name: z.string() });

const DatasetUse = z.object({
  dataset: z.string(),
  purpose: z.string(),
  basis: z.string(),
  fields: z.array(z.string()),
  /** `own`, which is the default, `all`, or a table of divisions. */
  rows: z.unknown().optional(),
  access: z.array(z.string()).default(["get"]),
  roles: z.array(z.string()).default([]),
});

/** A use of a dataset of the information hub. */
export type DatasetUse = z.infer<typeof DatasetUse>;

const IndexOf = z.object({ name: z.string(), fields: z.array(z.string()), unique: z.boolean().default(false) });

const FileAreaOf = z.object({ name: z.string(), accept: z.array(z.string()).default([]), max_mib: z.number().default(10) });

/** An area in which the app keeps files. */
export type FileArea = z.infer<typeof FileAreaOf>;

/** An index of a collection. */
export type DeclaredIndex = z.infer<typeof IndexOf>;

const Shape = z.object({
  name: z.string(),
  version: z.string(),
  roles: z.array(Named).default([]),
  collections: z.array(z.object({ name: z.string(), indexes: z.array(IndexOf).default([]) })).default([]),
  counters: z.array(z.string()).default([]),
  files: z.array(FileAreaOf).default([]),
  publishes: z.array(Named).default([]),
  consumes: z.array(z.object({ topic: z.string(), from: z.string().optional() })).default([]),
  scopes: z.array(z.object({ name: z.string(), attributes: z.array(z.string()) })).default([]),
  datasets: z.array(DatasetUse).default([]),
  jobs: z.array(Named).default([]),
  outbound: z.array(z.string()).default([]),
  payments: z.unknown().optional(),
  config: z.object({ properties: z.record(z.string(), z.unknown()).default({}) }).optional(),
});

/** The parts of `app.toml` that the double enforces. The rest is checked when it is packaged. */
export class Manifest {
  private constructor(readonly of: z.infer<typeof Shape>) {}

  /** @throws an error that says what is wrong with the text. */
  static parse(text: string): Manifest {
    const read = Shape.safeParse(parse(text));
    if (read.success) return new Manifest(read.data);
    throw new Error(`app.toml: ${read.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ")}`);
  }

  publishes(topic: string): boolean {
    return this.of.publishes.some((p) => p.name === topic);
  }

  /** Whether an event of `source` reaches the app's own consumer. */
  consumes(topic: string, source: string): boolean {
    const from = (installation: string) => source === `/installations/${installation}`;
    return topic === "city.payments" || this.of.consumes.some((c) => c.topic === topic && from(c.from ?? this.of.name));
  }

  declaresRole(role: string): boolean {
    return this.of.roles.some((r) => r.name === role);
  }

  declaresJob(job: string): boolean {
    return this.of.jobs.some((j) => j.name === job);
  }

  datasetUse(dataset: string, purpose: string): DatasetUse | undefined {
    return this.of.datasets.find((u) => u.dataset === dataset && u.purpose === purpose);
  }

  /** Whether a person can consent to this: a scope, or the use of a dataset that rests on consent. */
  asksConsent(name: string): boolean {
    const rests = this.of.datasets.some((u) => u.basis === "consent" && u.purpose === name);
    return rests || this.of.scopes.some((s) => s.name === name);
  }

  /** The scopes that carry an attribute. */
  scopesWith(attribute: string): string[] {
    return this.of.scopes.filter((s) => s.attributes.includes(attribute)).map((s) => s.name);
  }

  /** The defaults of the configuration. */
  configDefaults(): Map<string, unknown> {
    const out = new Map<string, unknown>();
    for (const [key, schema] of Object.entries(this.of.config?.properties ?? {})) {
      if (typeof schema === "object" && schema !== null && "default" in schema) out.set(key, schema.default);
    }
    return out;
  }
}
