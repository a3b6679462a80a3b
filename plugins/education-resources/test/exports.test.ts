// Lists as files: what stands in them, for whom, and with which conditions.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import app from "../src/app.tsx";
import { every } from "../src/pages/files.tsx";
import { DAY_MS } from "../src/domain/time.ts";
import * as service from "../src/service/index.ts";
import { City, METADATA, type Person, schoolInput } from "./support.ts";

const SCHOOL = schoolInput(1).id;

let city: City;
let teacher: Person;
beforeEach(() => {
  city = new City();
  city.schools(1);
  city.curriculum();
  teacher = city.posted("teacher-1", "teacher", SCHOOL);
});

async function answerTo(who: Person | undefined, target: string): Promise<Response> {
  if (who === undefined) city.of.signOut();
  else void who.asks;
  return city.of.get(app, target);
}

/** The rows of a list as CSV, the headings first. */
async function csv(who: Person | undefined, target: string): Promise<string[]> {
  const answer = await answerTo(who, target);
  const text = await answer.text();
  assert.equal(answer.status, 200, `${target}: ${text}`);
  assert.match(answer.headers.get("content-disposition") ?? "", /^attachment/);
  return text.replace(/^\uFEFF/, "").trimEnd().split("\r\n");
}

/** The links to files that a page has. */
async function links(who: Person | undefined, target: string): Promise<string[]> {
  const html = await (await answerTo(who, target)).text();
  return [...html.matchAll(/href="([^"]*\/file\?[^"]*format=(?:csv|xlsx)[^"]*)"/g)].map((m) => (m[1] ?? "").replaceAll("&amp;", "&"));
}

test("the library is saved with the conditions of the page, all of its pages", async () => {
  const [reviewer, county] = [city.posted("reviewer-1", "reviewer", SCHOOL), city.posted("county-1", "county", "320312")];
  for (let n = 1; n <= 22; n++) {
    city.of.advance(60_000);
    city.published(teacher, reviewer, county, `text ${n}`, { title: n % 2 === 0 ? `练习 ${n}` : `课件 ${n}` });
  }
  city.published(teacher, reviewer, county, "formula", { title: "=1+1" });
  const all = await csv(undefined, "/library/file?format=csv");
  assert.equal(all.length, 1 + 23, "more than a page of twenty");
  assert.match(all[1] ?? "", /,'=1\+1,.*,第 1 所小学,/, "text stays text");
  const target = "/?q=%E7%BB%83%E4%B9%A0&sort=oldest&stage=primary&subject=primary.math";
  const [first, second] = await links(undefined, target);
  assert.ok(first !== undefined && second !== undefined);
  const found = await csv(undefined, first);
  assert.deepEqual(found.slice(1).map((row) => row.split(",")[1]), Array.from({ length: 11 }, (_, n) => `练习 ${2 * n + 2}`));
  const workbook = new Uint8Array(await (await answerTo(undefined, second)).arrayBuffer());
  assert.deepEqual([...workbook.slice(0, 2)], [0x50, 0x4b]);
  assert.equal((await answerTo(undefined, "/library/file?format=pdf")).status, 404);
});

test("a teacher saves the class's marks by its seats, with who is missing; nobody else does", async () => {
  const { id, students } = city.classOf(teacher, SCHOOL, 3);
  const due = city.of.now + 5 * DAY_MS;
  const of = service.saveAssignment(teacher.asks, id, { title: "分数练习", text: "", resources: [], due }, "ABCDEFGH1234");
  service.handOutAssignment(teacher.asks, of.id);
  const guardian = (seat: number): Person => city.person(`guardian-${id}-${seat}`);
  for (const seat of [1, 2]) service.handInAssignment(guardian(seat).asks, of.id, { text: `答 ${seat}`, files: [], child: students[seat - 1] ?? "" });
  service.markSubmission(teacher.asks, of.id, students[1] ?? "", 95, "很好");
  const [file] = await links(teacher, `/assignments/${of.id}`);
  const rows = await csv(teacher, file ?? "");
  assert.equal(rows.length, 1 + 3);
  assert.match(rows[1] ?? "", /^1,学生 1,[^,]+,[^,]+,否,,$/);
  assert.match(rows[2] ?? "", /^2,学生 2,[^,]+,[^,]+,否,95,很好$/);
  assert.equal(rows[3], "3,学生 3,未交,,,,");
  for (const who of [city.posted("teacher-2", "teacher", SCHOOL), guardian(1), city.person("stranger")]) {
    assert.ok([403, 404].includes((await answerTo(who, file ?? "")).status), who.subject);
  }
  assert.equal((await answerTo(undefined, file ?? "")).status, 303, "asked to sign in");
});

test("whoever gives a school's posts saves them", async () => {
  const admin = city.posted("admin-1", "admin", SCHOOL);
  const [post] = service.myPosts(teacher.asks);
  const [file] = await links(admin, `/posts/at/${SCHOOL}`);
  const rows = await csv(admin, file ?? "");
  assert.equal(rows.length, 1 + 2);
  assert.ok(rows.some((row) => row.startsWith(`${post?.id ?? "?"},教师,`)), rows.join("\n"));
  assert.equal((await answerTo(city.person("somebody"), file ?? "")).status, 403);
});

test("a teacher saves the own works as the page has them narrowed; the desk is saved by who reviews, without who wrote them", async () => {
  const [reviewer, county] = [city.posted("reviewer-1", "reviewer", SCHOOL), city.posted("county-1", "county", "320312")];
  const made = ["甲课件", "=乙练习", "丙"].map((title) => service.createResource(teacher.asks, { metadata: { ...METADATA, title }, file: city.upload(teacher, title) }).id);
  for (const id of made.slice(0, 2)) {
    city.of.advance(60_000);
    service.submitResource(teacher.asks, id);
  }
  service.reviewResource(reviewer.asks, made[0] ?? "", "school", false, "请补充答案");
  const [all, book] = await links(teacher, "/mine?sort=title");
  const own = await csv(teacher, all ?? "");
  assert.equal(own.length, 1 + 3);
  assert.ok(own.some((row) => row.includes(",'=乙练习,")), "text stays text");
  assert.match(own.find((row) => row.includes(",甲课件,")) ?? "", /,已退回|,退回/);
  assert.match(own.find((row) => row.includes(",甲课件,")) ?? "", /,请补充答案$/);
  assert.deepEqual([...new Uint8Array(await (await answerTo(teacher, book ?? "")).arrayBuffer()).slice(0, 2)], [0x50, 0x4b]);
  const [narrowed] = await links(teacher, "/mine?state=submitted");
  assert.equal((await csv(teacher, narrowed ?? "")).length, 1 + 1);

  const [desk] = await links(reviewer, "/reviews");
  const waits = await csv(reviewer, desk ?? "");
  assert.equal(waits.length, 1 + 1);
  assert.match(waits[1] ?? "", /,'=乙练习,1,小学 数学,.*,学校审核,第 1 所小学,铜山区/);
  assert.ok(!waits.join().includes("teacher-1"), "no subject of a person");
  assert.deepEqual(await links(county, "/reviews"), [], "nothing waits, nothing is saved");
  assert.equal((await answerTo(reviewer, "/mine/file?format=csv")).status, 403);
  assert.equal((await answerTo(city.person("somebody"), "/reviews/file?format=csv")).status, 403);
  for (const target of ["/mine/file", "/reviews/file", "/classes/file"]) assert.equal((await answerTo(undefined, `${target}?format=csv`)).status, 303, target);
  assert.equal((await answerTo(teacher, "/mine/file?format=pdf")).status, 404);
});

test("classes are saved by who may see them, without who teaches them", async () => {
  city.classOf(teacher, SCHOOL, 0);
  service.addClass(city.bureau.asks, SCHOOL, { name: "一（1）班", grade: 1, year: 2024 });
  const at = `/schools/${SCHOOL}/classes`;
  const [file] = await links(city.bureau, at);
  const rows = await csv(city.bureau, file ?? "");
  assert.equal(rows.length, 1 + 2);
  assert.match(rows[1] ?? "", /,三（1）班,3,2025–2026,已安排,2132000101,第 1 所小学$/);
  assert.match(rows[2] ?? "", /,一（1）班,1,2024–2025,未安排,/);
  assert.ok(!rows.join().includes("teacher-1"), "no subject of a person");
  const [narrowed] = await links(city.bureau, `${at}?of-year=2024`);
  assert.equal((await csv(city.bureau, narrowed ?? "")).length, 1 + 1);
  const [taught] = await links(teacher, "/classes");
  assert.equal((await csv(teacher, taught ?? "")).length, 1 + 1);
  assert.equal((await answerTo(city.person("somebody"), file ?? "")).status, 403);
  assert.equal((await answerTo(city.person("somebody"), "/classes/file?format=csv")).status, 403);
});

test("a file ends after two thousand rows, and a search after twenty reads", () => {
  const endless = (size: number) => {
    let reads = 0;
    const rows = every((after) => {
      reads += 1;
      const from = Number(after ?? 0);
      return { items: Array.from({ length: size }, (_, n) => from + n), next: String(from + size) };
    });
    return { reads, rows: rows.length, last: rows.at(-1) };
  };
  assert.deepEqual(endless(300), { reads: 7, rows: 2_000, last: 1_999 });
  assert.deepEqual(endless(1), { reads: 20, rows: 20, last: 19 });
});
