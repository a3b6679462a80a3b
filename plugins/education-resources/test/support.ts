/** A city with schools and people of every kind, for the tests over the services. People are called by role and number. */
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { TestCity } from "@yunlong/sdk/testing";
import type { Role } from "../src/domain/people.ts";
import type { Why } from "../src/domain/refused.ts";
import type { MetadataInput } from "../src/domain/metadata.ts";
import type { SchoolInput } from "../src/domain/school.ts";
import * as app from "../src/service/index.ts";
import { consumer } from "../src/service/parts.ts";

export const MANIFEST = readFileSync(new URL("../app.toml", import.meta.url), "utf8");

/** A school of 铜山 or, from the fourth on, of 睢宁. */
export function schoolInput(n: number, of: Partial<SchoolInput> = {}): SchoolInput {
  const division = n < 4 ? "320312102" : "320324109002";
  return { id: `213200010${n}`, name: `第 ${n} 所小学`, division, setting: "rural", kind: "primary", bandwidth: 20, pupils: 100, from: "2020-09-01", ...of };
}

/** Everything that a resource needs. */
export const METADATA: MetadataInput = {
  title: "分数的初步认识",
  description: "",
  keywords: ["分数"],
  stage: "primary",
  subject: "math",
  type: "courseware",
  audience: ["learner"],
  author: "三年级备课组",
  copyright: "第 1 所小学",
  licence: "cc-by-4.0",
  licensedUntil: "",
  language: "zh-CN",
  node: "primary.math.3.1.e1.1",
};

/** A person who can sign in again and again. */
export class Person {
  constructor(
    private readonly city: City,
    readonly subject: string,
    readonly roles: readonly Role[],
  ) {}

  /** Signs in, and is the asker. */
  get asks(): app.Asker {
    const kind = this.roles.length === 0 ? "citizen" : "official";
    const principal = { subject: this.subject, kind, assurance: "password", roles: [...this.roles] } as const;
    this.city.of.signInAs(principal);
    return principal;
  }
}

/** The city under test. */
export class City {
  readonly of = new TestCity(MANIFEST);
  readonly bureau = new Person(this, "bureau-1", ["bureau"]);

  person(subject: string, ...roles: Role[]): Person {
    return new Person(this, subject, roles);
  }

  /** A person in a post. */
  posted(subject: string, kind: "county" | "admin" | "reviewer" | "teacher", at: string): Person {
    const role = ({ county: "county", admin: "school", reviewer: "school", teacher: "teacher" } as const)[kind];
    const who = this.person(subject, role);
    app.takeUpPost(who.asks, app.invite(this.bureau.asks, kind, at));
    return who;
  }

  /** Schools 1 to `n`. */
  schools(n: number): void {
    for (let i = 1; i <= n; i++) app.addSchool(this.bureau.asks, schoolInput(i));
  }

  /** The curriculum down to one unit with one item. */
  curriculum(edition = "e1"): void {
    const nodes = [
      ["", "primary"],
      ["primary", "math"],
      ["primary.math", "3"],
      ["primary.math.3", "1"],
      ["primary.math.3.1", edition],
      [`primary.math.3.1.${edition}`, "1"],
      [`primary.math.3.1.${edition}.1`, "1"],
    ] as const;
    for (const [parent, code] of nodes) {
      if (app.nodesBelow(parent).items.some((i) => i.value.id === (parent === "" ? code : `${parent}.${code}`))) continue;
      app.addNode(this.bureau.asks, { parent, code, zh: `节点 ${code}`, en: `Node ${code}`, order: 1 });
    }
  }

  /** Whoever is signed in uploads a text. */
  upload(who: Person, text: string): string {
    void who.asks;
    return this.of.upload("resources", "a.txt", "text/plain", new TextEncoder().encode(text));
  }

  /** A resource on its whole way. */
  published(author: Person, reviewer: Person, county: Person, text: string, of: Partial<MetadataInput> = {}): string {
    const { id } = app.createResource(author.asks, { metadata: { ...METADATA, ...of }, file: this.upload(author, text) });
    this.toPublished(author, reviewer, county, id);
    return id;
  }

  toPublished(author: Person, reviewer: Person, county: Person, id: string): void {
    app.submitResource(author.asks, id);
    app.reviewResource(reviewer.asks, id, "school", true, "");
    app.reviewResource(county.asks, id, "county", true, "");
    app.publishResource(county.asks, id);
  }

  /** What the city knows of somebody's birth, and that they let the app read it. */
  born(subject: string, birth: string): void {
    this.of.setAttribute(subject, "birth-date", birth);
    this.of.consent(subject, "student-birth");
  }

  /** The messages that are due. */
  deliver(): void {
    const { retried, dead } = this.of.deliver(consumer);
    assert.deepEqual({ retried, dead }, { retried: 0, dead: 0 }, JSON.stringify(this.of.deadLetters));
  }

  /** A class with students on seats 1 to `n`, each with a guardian's consent. Answers the class and the students' ids. */
  classOf(teacher: Person, at: string, n: number): { id: string; students: string[] } {
    const { id } = app.addClass(this.bureau.asks, at, { name: "三（1）班", grade: 3, year: 2025 });
    const post = app.myPosts(teacher.asks).find((p) => p.kind === "teacher" && p.at === at);
    app.giveClass(this.bureau.asks, id, post?.id ?? "");
    if (n === 0) return { id, students: [] };
    const codes = app.seatCodes(teacher.asks, id, 1, n);
    const students = codes.map(({ seat, code }) => app.consentForChild(this.person(`guardian-${id}-${seat}`).asks, { code, name: `学生 ${seat}`, birth: "2016-09-01", agrees: true }).id);
    return { id, students };
  }
}

/** What a call is refused with. */
export function refusal(f: () => unknown): Why {
  try {
    f();
  } catch (e) {
    if (e instanceof app.Refusal) return e.why;
    throw e;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** The kind of a refusal. */
export function kindOf(f: () => unknown): Why["kind"] {
  return refusal(f).kind;
}

/** The fields that are refused. */
export function fieldsOf(f: () => unknown): string[] {
  const why = refusal(f);
  return why.kind === "fields" ? why.fields.map((x) => x.at) : [why.kind];
}
