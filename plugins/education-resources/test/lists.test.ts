// How the access rate came to what it is, and the lists that people sort and narrow.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import app from "../src/app.tsx";
import { accessTrend } from "../src/domain/access.ts";
import { type Link, apply, probed, silenced, stoodAt } from "../src/domain/link.ts";
import { end, register } from "../src/domain/school.ts";
import { DAY_MS, startOf } from "../src/domain/time.ts";
import * as service from "../src/service/index.ts";
import { LISTED } from "../src/store/index.ts";
import { checkPage } from "./markup.ts";
import { City, METADATA, type Person, schoolInput } from "./support.ts";

const NOW = startOf("2026-05-15") + DAY_MS / 2;

/** A school's link, looked at on these days. */
function linkOf(school: string, days: readonly string[]): Link {
  return days.reduce((link, day) => {
    const at = startOf(day);
    return probed(link, { id: `probe-${school}-${day}`, school, at, ok: true, mbps: 20, latency: 30 }, at);
  }, apply(school, startOf("2026-01-01")));
}

test("the trend counts at the end of each month who was verified then, of those in service then", () => {
  const schools = [1, 2, 3].map((n) => register(schoolInput(n)));
  const [first, second, third] = schools.map((s) => s.id);
  assert.ok(first !== undefined && second !== undefined && third !== undefined && schools[2] !== undefined);
  schools[2] = end(schools[2], "closed", null, "2026-04-10");
  const links = new Map([
    // Verified in February, and heard of since.
    [first, linkOf(first, ["2026-02-10", "2026-02-11", "2026-02-12", "2026-03-05", "2026-03-30", "2026-04-25", "2026-05-14"])],
    // Verified in March, and silent ever after: the nightly job has not said so yet.
    [second, linkOf(second, ["2026-03-01", "2026-03-02", "2026-03-03"])],
  ]);
  const trend = accessTrend(schools, links, NOW, 4).map((p) => [p.month, p.verified, p.inService, p.basisPoints]);
  assert.deepEqual(trend, [
    ["2026-02", 1, 3, 3_333],
    ["2026-03", 2, 3, 6_666],
    ["2026-04", 1, 2, 5_000],
    ["2026-05", 1, 2, 5_000],
  ]);
  assert.deepEqual(accessTrend([], links, NOW, 1), [{ month: "2026-05", verified: 0, inService: 0, basisPoints: null }]);
});

test("as of now a link stands in its history as it stands", () => {
  for (const last of ["2026-05-14", "2026-04-10"]) {
    const link = linkOf("2132000101", ["2026-04-08", "2026-04-09", "2026-04-10", last]);
    assert.equal(stoodAt(link, NOW), silenced(link, NOW).state);
  }
  assert.equal(stoodAt(apply("2132000101", NOW), NOW - 1), "none");
});

let city: City;
let teacher: Person;
let reviewer: Person;
let county: Person;
beforeEach(() => {
  city = new City();
  city.schools(1);
  city.curriculum();
  const at = schoolInput(1).id;
  [teacher, reviewer, county] = [city.posted("teacher-1", "teacher", at), city.posted("reviewer-1", "reviewer", at), city.posted("county-1", "county", "320312")];
});

/** What stands in the first column of the table. */
async function listed(who: Person | undefined, target: string): Promise<string[]> {
  if (who === undefined) city.of.signOut();
  else void who.asks;
  const html = await (await city.of.get(app, target)).text();
  return [...html.matchAll(/<th scope="row"><a [^>]*>([^<]*)</g)].map((m) => m[1] ?? "");
}

/** A day passes between one and the next. */
function drafts(...titles: readonly string[]): string[] {
  return titles.map((title, n) => {
    city.of.advance(DAY_MS);
    const metadata = { ...METADATA, title, ...(n === 0 ? { subject: "music", node: "" } : {}) };
    return service.createResource(teacher.asks, { metadata, file: city.upload(teacher, title) }).id;
  });
}

test("a teacher's own list is sorted by its headings and narrowed by words, subject and state", async () => {
  const [, second] = drafts("甲乐谱", "乙练习", "丙课件");
  city.of.advance(DAY_MS);
  service.submitResource(teacher.asks, second ?? "");
  assert.deepEqual(await listed(teacher, "/mine"), ["乙练习", "丙课件", "甲乐谱"], "what changed last comes first");
  assert.deepEqual(await listed(teacher, "/mine?sort=changed"), ["甲乐谱", "丙课件", "乙练习"]);
  assert.deepEqual(await listed(teacher, "/mine?state=submitted"), ["乙练习"]);
  assert.deepEqual(await listed(teacher, "/mine?subject=primary.music"), ["甲乐谱"]);
  assert.deepEqual(await listed(teacher, "/mine?q=%E8%AF%BE%E4%BB%B6"), ["丙课件"]);
});

test("on the desk what has waited longest comes first", async () => {
  const [, second, third] = drafts("甲", "乙练习", "丙课件");
  for (const id of [third, second]) {
    city.of.advance(DAY_MS);
    service.submitResource(teacher.asks, id ?? "");
  }
  assert.deepEqual(await listed(reviewer, "/reviews"), ["丙课件", "乙练习"]);
  assert.deepEqual(await listed(reviewer, "/reviews?sort=-changed"), ["乙练习", "丙课件"]);
  assert.deepEqual(await listed(reviewer, "/reviews?q=%E4%B9%99"), ["乙练习"]);
});

test("a desk is narrowed by school and by what is waited for, and sorted by place", async () => {
  service.addSchool(city.bureau.asks, schoolInput(2, { division: "320312001" }));
  const there = schoolInput(2).id;
  const [other, second] = [city.posted("teacher-2", "teacher", there), city.posted("reviewer-2", "reviewer", there)];
  const [mine = ""] = drafts("甲课件");
  service.saveResource(teacher.asks, mine, { metadata: { ...METADATA, title: "甲课件" } });
  const theirs = service.createResource(other.asks, { metadata: { ...METADATA, title: "乙练习" }, file: city.upload(other, "乙练习") }).id;
  for (const [by, of, id] of [[teacher, reviewer, mine], [other, second, theirs]] as const) {
    city.of.advance(DAY_MS);
    service.submitResource(by.asks, id);
    service.reviewResource(of.asks, id, "school", true, "");
  }
  service.reviewResource(county.asks, theirs, "county", true, "");
  assert.deepEqual(await listed(county, "/reviews"), ["甲课件", "乙练习"]);
  assert.deepEqual(await listed(county, "/reviews?sort=place"), ["乙练习", "甲课件"], "by the codes of the towns");
  assert.deepEqual(await listed(county, `/reviews?school=${there}`), ["乙练习"]);
  assert.deepEqual(await listed(county, "/reviews?level=county"), ["甲课件"]);
  assert.deepEqual(await listed(county, "/reviews?level=publish&q=%E7%94%B2"), []);
});

/** Three classes of the school, of which the teacher has two. */
function classes(): void {
  const at = schoolInput(1).id;
  const post = service.myPosts(teacher.asks).find((p) => p.kind === "teacher")?.id ?? "";
  for (const [name, grade, year] of [["三（1）班", 3, 2024], ["一（2）班", 1, 2025], ["一（1）班", 1, 2025]] as const) {
    const { id } = service.addClass(city.bureau.asks, at, { name, grade, year });
    if (name !== "一（2）班") service.giveClass(city.bureau.asks, id, post);
  }
}

test("a school's classes, and one's own, are sorted by their headings and narrowed by name, year, grade and teacher", async () => {
  classes();
  const at = `/schools/${schoolInput(1).id}/classes`;
  assert.deepEqual(await listed(city.bureau, at), ["一（1）班", "一（2）班", "三（1）班"], "the newest school year first");
  assert.deepEqual(await listed(city.bureau, `${at}?sort=year`), ["三（1）班", "一（1）班", "一（2）班"]);
  assert.deepEqual(await listed(city.bureau, `${at}?sort=-grade`), ["三（1）班", "一（1）班", "一（2）班"]);
  assert.deepEqual(await listed(city.bureau, `${at}?of-year=2024`), ["三（1）班"]);
  assert.deepEqual(await listed(city.bureau, `${at}?of-grade=1&teacher=nobody`), ["一（2）班"]);
  assert.deepEqual(await listed(city.bureau, `${at}?teacher=given&q=%E4%B8%89`), ["三（1）班"]);
  assert.deepEqual(await listed(city.bureau, `${at}?of-year=x&of-grade=13&teacher=y`), ["一（1）班", "一（2）班", "三（1）班"], "what is not offered is not heard of");
  assert.deepEqual(await listed(teacher, "/classes"), ["一（1）班", "三（1）班"]);
  assert.deepEqual(await listed(teacher, "/classes?of-year=2024"), ["三（1）班"]);
  void city.bureau.asks;
  const none = await (await city.of.get(app, `${at}?of-year=2019`)).text();
  assert.match(none, /没有符合条件的班级/);
  checkPage(none, at);
});

test("of more classes than a page sorts the latest are read, and any year when it is asked for", () => {
  const at = schoolInput(1).id;
  for (let n = 0; n < 502; n++) service.addClass(city.bureau.asks, at, { name: `班 ${n}`, grade: 1, year: n < 2 ? 2020 : 2025 });
  const all = service.allClassesOf(city.bureau.asks, at);
  assert.deepEqual([all.length, all.every((k) => k.year === 2025)], [500, true]);
  assert.deepEqual(service.allClassesOf(city.bureau.asks, at, 2020).map((k) => k.name).sort(), ["班 0", "班 1"]);
});

test("the library begins with the newest, or with the oldest", async () => {
  for (const title of ["第一个", "第二个"]) {
    city.of.advance(DAY_MS);
    city.published(teacher, reviewer, county, title, { title });
  }
  for (const of of ["", "&stage=primary&subject=primary.math"]) {
    assert.deepEqual(await listed(undefined, `/?sort=${of}`), ["第二个", "第一个"]);
    assert.deepEqual(await listed(undefined, `/?sort=oldest${of}`), ["第一个", "第二个"]);
  }
});

/** Published one after the other, the first the oldest; answers their ids. */
function publishedOf(titles: readonly string[], of: Partial<typeof METADATA> = {}): string[] {
  return titles.map((title, n) => {
    city.of.advance(60_000);
    return city.published(teacher, reviewer, county, `${title} ${n} ${of.node ?? ""}`, { ...of, title });
  });
}

test("words that few have are looked for in pages, and not a row at a time", () => {
  publishedOf(["乙练习", ...Array<string>(30).fill("甲课件"), ...Array<string>(19).fill("乙练习")]);
  const reads: number[] = [];
  const find = LISTED.find.bind(LISTED);
  LISTED.find = (query) => (reads.push(query.raw.limit), find(query));
  try {
    assert.equal(service.catalogue({ text: "乙" }, undefined, 20).items.length, 20);
  } finally {
    LISTED.find = find;
  }
  assert.ok(reads.length <= 3, `read ${reads.join(", ")}`);
});

test("the next page begins behind the last one that was shown, however many were read", () => {
  const ids = publishedOf(Array.from({ length: 70 }, (_, n) => (n % 3 === 0 ? "乙练习" : "甲课件")));
  const wanted = ids.filter((_, n) => n % 3 === 0).reverse();
  for (const limit of [1, 2, 7, 20, 50]) {
    const found: string[] = [];
    let next: string | undefined;
    do {
      const page = service.catalogueAt("primary.math.3", { text: "乙" }, next, limit);
      assert.ok(page.items.length <= limit);
      found.push(...page.items.map((r) => r.id));
      next = page.next;
    } while (next !== undefined);
    assert.deepEqual(found, wanted, `by ${limit}`);
  }
});

test("a search at a unit or an edition finds what stood there in editions before, a page after the other", () => {
  const [old] = publishedOf(["旧版"]);
  city.curriculum("e2");
  service.changeEdition(city.bureau.asks, "primary.math.3.1.e1", "primary.math.3.1.e2");
  const [middle] = publishedOf(["中版"], { node: "primary.math.3.1.e2.1.1" });
  city.curriculum("e3");
  service.changeEdition(city.bureau.asks, "primary.math.3.1.e2", "primary.math.3.1.e3");
  const [newest] = publishedOf(["新版"], { node: "primary.math.3.1.e3.1" });
  const at = (node: string) => service.catalogueAt(node, {}, undefined, 20).items.map((r) => r.id);
  for (const node of ["primary.math.3.1.e3.1", "primary.math.3.1.e3", "primary.math"]) assert.deepEqual(at(node), [newest, middle, old], node);
  assert.deepEqual(at("primary.math.3.1.e3.1.1"), [middle], "an item finds what stood at its own place");
  assert.deepEqual(at("primary.math.3.1.e1.1"), [old], "an edition out of use still has its own");
  const first = service.catalogueAt("primary.math.3.1.e3.1", {}, undefined, 2);
  assert.deepEqual(service.catalogueAt("primary.math.3.1.e3.1", {}, first.next, 2).items.map((r) => r.id), [old]);
});

test("a teacher without a post is told so before typing", async () => {
  const newcomer = city.person("teacher-9", "teacher");
  const page = async (who: Person) => (void who.asks, (await city.of.get(app, "/mine/new")).text());
  assert.match(await page(newcomer), /还没有在学校到岗/);
  assert.doesNotMatch(await page(teacher), /还没有在学校到岗/);
});
