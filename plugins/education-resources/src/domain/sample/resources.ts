/** 500 resources with real files: five for each unit of the sample's curriculum, most of them published. */
import type { Node } from "../curriculum.ts";
import { type MetadataInput, checkMetadata } from "../metadata.ts";
import { type FileRef, type Resource, type Review, draft, publish, review, submit, withdraw } from "../resource.ts";
import type { School } from "../school.ts";
import { DAY_MS } from "../time.ts";
import { QUALITIES, type Quality } from "../bandwidth.ts";
import { COURSES, unitId } from "./curriculum.ts";
import { chartPng, tuneWav, worksheetCsv, worksheetPdf, worksheetText } from "./content.ts";
import { Dice } from "./dice.ts";
import { stripFilm } from "./film.ts";

/** How many. */
export const SAMPLE_RESOURCES = 500;
const EACH_UNIT = 5;

const FORMS = [
  { what: "课堂练习（PDF）", type: "paper", ending: "pdf" },
  { what: "方格统计图", type: "media", ending: "png" },
  { what: "随堂小测（文本）", type: "question", ending: "txt" },
  { what: "题目与答案表", type: "index", ending: "csv" },
  { what: "听音与计时提示音", type: "media", ending: "wav" },
] as const;

const FILM_FORM = { what: "折纸条认识几分之一（动画）", type: "media", ending: "webm" } as const;

const LICENCES = ["cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0"] as const;

/** What the n-th resource is, before its file is kept. */
export interface SampleResource {
  readonly input: MetadataInput;
  readonly name: string;
  readonly content: Uint8Array;
  /** A film's other sizes. */
  readonly renditions: readonly { readonly quality: Quality; readonly name: string; readonly content: Uint8Array }[];
}

/** The one that is a film, in the unit on fractions. */
const FILM = 24;

/** The n-th, from 0 on. */
export function sampleResource(n: number): SampleResource {
  const unit = Math.floor(n / EACH_UNIT);
  const c = COURSES[Math.floor(unit / 10)];
  const form = n === FILM ? FILM_FORM : FORMS[n % EACH_UNIT];
  const topic = c?.topics[unit % 10];
  if (c === undefined || form === undefined || topic === undefined) throw new RangeError(`the sample has ${SAMPLE_RESOURCES} resources`);
  const dice = new Dice(n + 1);
  const title = `${topic}：${form.what}`;
  const content = {
    pdf: () => worksheetPdf(title, c.subject, topic, dice),
    png: () => chartPng(dice),
    txt: () => worksheetText(title, c.subject, topic, dice),
    csv: () => worksheetCsv(c.subject, topic, dice),
    wav: () => tuneWav(dice),
    webm: () => stripFilm("1080p"),
  }[form.ending]();
  const input: MetadataInput = {
    title,
    description: `配合“${topic}”使用的${form.what}。`,
    keywords: [topic, form.what.replace(/（.*）/, "")],
    stage: c.stage,
    subject: c.subject,
    type: form.type,
    audience: form.ending === "csv" ? ["teacher"] : ["learner", "teacher"],
    author: `${c.grade} 年级备课组`,
    copyright: "编写学校",
    licence: dice.of(LICENCES),
    licensedUntil: "",
    language: form.ending === "wav" || form.ending === "png" || form.ending === "webm" ? "none" : "zh-CN",
    node: unitId(c, unit % 10),
  };
  const name = String(n + 1).padStart(3, "0");
  const renditions = n === FILM ? QUALITIES.map((quality) => ({ quality, name: `${name}-${quality}.webm`, content: stripFilm(quality) })) : [];
  return { input, name: `${name}.${form.ending}`, content, renditions };
}

/** The n-th resource where it ends up: most are published; of each fifty, some wait at every stage of the way. */
export function sampleWork(n: number, at: School, node: Node, input: MetadataInput, kept: Pick<Resource, "renditions"> & { readonly file: FileRef }, now: number): { resource: Resource; reviews: Review[] } {
  const author = { subject: `sample-author-${at.id}`, school: at.id, division: at.division };
  const began = now - ((n * 13) % 300) * DAY_MS - DAY_MS;
  const first: Resource = { ...draft(`s${String(n + 1).padStart(4, "0")}`, author, input, began), ...kept };
  const stop = STOPS[n % 50];
  if (stop === "draft") return { resource: first, reviews: [] };
  const submitted = submit(first, checkMetadata(input, node, began), began);
  if (stop === "submitted") return { resource: submitted, reviews: [] };
  const school = review(submitted, [], { id: `${first.id}/1/school`, level: "school", reviewer: `sample-school-${at.id}`, passed: stop !== "rejected", note: stop === "rejected" ? "请补充适用年级的说明。" : "", at: began }, began);
  if (stop === "rejected" || stop === "school-reviewed") return { resource: school.resource, reviews: [school.review] };
  const county = review(school.resource, [school.review], { id: `${first.id}/1/county`, level: "county", reviewer: `sample-county-${at.division.slice(0, 6)}`, passed: true, note: "", at: began }, began);
  const reviews = [school.review, county.review];
  if (stop === "county-reviewed") return { resource: county.resource, reviews };
  const { resource } = publish(county.resource, reviews, undefined, began);
  return { resource: stop === "withdrawn" ? withdraw(resource, "编写学校发现内容有误", began) : resource, reviews };
}

/** Where the n-th of fifty stops, when not in the catalogue. */
const STOPS: Readonly<Record<number, "draft" | "submitted" | "rejected" | "school-reviewed" | "county-reviewed" | "withdrawn">> = {
  9: "draft",
  18: "submitted",
  27: "rejected",
  36: "school-reviewed",
  41: "county-reviewed",
  48: "withdrawn",
};
