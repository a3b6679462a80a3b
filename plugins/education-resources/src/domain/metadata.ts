/**
 * What is said of a resource: the elements of LOM and CELTS-42 (GB/T 21365-2008) that the city asks for. Format, size and
 * identifier are not filled in: the platform recognizes the first two by the bytes, and gives the third.
 */
import { type Node, ancestor, takesResources } from "./curriculum.ts";
import { Mistakes } from "./refused.ts";
import { type Day, dayOf, isDay } from "./time.ts";
import { AUDIENCES, type Audience, LANGUAGES, LICENCES, type Language, type Licence, type ResourceType, STAGES, SUBJECTS, type Stage, type Subject, TYPES, isWord, keys } from "./vocabulary.ts";

/** What is filled in. */
export interface MetadataInput {
  /** LOM 1.2. */
  readonly title: string;
  /** LOM 1.4. */
  readonly description: string;
  /** LOM 1.5. */
  readonly keywords: readonly string[];
  readonly stage: string;
  readonly subject: string;
  /** LOM 5.2. */
  readonly type: string;
  readonly audience: readonly string[];
  /** LOM 2.3: a group or an office, such as “三年级数学备课组”; the platform knows the person who submits. */
  readonly author: string;
  /** LOM 6.3: who has the rights. */
  readonly copyright: string;
  readonly licence: string;
  /** The last day of a licence that was granted until a day; empty otherwise. */
  readonly licensedUntil: string;
  /** LOM 1.3. */
  readonly language: string;
  /** The curriculum's unit or standard item. */
  readonly node: string;
}

/** As it is stored, when all of it is well. */
export interface Metadata {
  readonly title: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly stage: Stage;
  readonly subject: Subject;
  readonly type: ResourceType;
  readonly audience: readonly Audience[];
  readonly author: string;
  readonly copyright: string;
  readonly licence: Licence;
  readonly licensedUntil: Day | null;
  readonly language: Language;
  readonly node: string;
}

/** A draft may wait for what is missing; what is there must be well-formed. */
export const NO_METADATA: MetadataInput = {
  title: "",
  description: "",
  keywords: [],
  stage: "",
  subject: "",
  type: "",
  audience: [],
  author: "",
  copyright: "",
  licence: "",
  licensedUntil: "",
  language: "zh-CN",
  node: "",
};

/** Keywords as people type them: divided by commas, semicolons or spaces of either script. */
export function keywordsOf(text: string): string[] {
  return [...new Set(text.split(/[,，;；、\s]+/).filter((k) => k !== ""))];
}

/** Bounds that even a draft keeps, so that nobody fills the store with one. @throws {Refused} `fields` */
export function checkDraft(input: MetadataInput): void {
  const m = new Mistakes();
  m.text(input.title, "/title", 1, 80);
  m.text(input.description, "/description", 0, 500);
  m.text(input.author, "/author", 0, 60);
  m.text(input.copyright, "/copyright", 0, 120);
  for (const at of ["stage", "subject", "type", "licence", "licensedUntil", "language", "node"] as const) m.text(input[at], `/${at}`, 0, 200);
  m.check(input.keywords.length <= 10 && input.keywords.every((k) => [...k].length <= 20), "/keywords", "最多 10 个，每个最多 20 个字符", "At most 10 of at most 20 characters");
  m.check(input.audience.length <= 4 && input.audience.every((a) => isWord(AUDIENCES, a)), "/audience", "请选择列出的适用对象", "Choose from the audiences that are listed");
  m.finish();
}

/**
 * Checks everything, each element with its error at its field, and answers what is stored.
 *
 * @param node the curriculum's node that `input.node` names, when there is one.
 * @throws {Refused} `fields`
 */
export function checkMetadata(input: MetadataInput, node: Node | undefined, now: number): Metadata {
  const m = new Mistakes();
  m.text(input.title, "/title", 2, 80);
  m.text(input.description, "/description", 0, 500);
  checkKeywords(m, input.keywords);
  m.oneOf(input.stage, "/stage", keys(STAGES));
  m.oneOf(input.subject, "/subject", keys(SUBJECTS));
  m.oneOf(input.type, "/type", keys(TYPES));
  m.check(input.audience.length > 0 && input.audience.every((a) => isWord(AUDIENCES, a)), "/audience", "请至少选择一类适用对象", "Choose at least one audience");
  m.text(input.author, "/author", 2, 60);
  m.text(input.copyright, "/copyright", 2, 120);
  m.oneOf(input.language, "/language", keys(LANGUAGES));
  checkLicence(m, input, now);
  checkNode(m, input, node);
  m.finish();
  const dated = isWord(LICENCES, input.licence) && LICENCES[input.licence].dated;
  return {
    title: input.title.trim(),
    description: input.description.trim(),
    keywords: input.keywords.map((k) => k.trim()),
    stage: input.stage as Stage,
    subject: input.subject as Subject,
    type: input.type as ResourceType,
    audience: [...new Set(input.audience)] as Audience[],
    author: input.author.trim(),
    copyright: input.copyright.trim(),
    licence: input.licence as Licence,
    licensedUntil: dated ? input.licensedUntil : null,
    language: input.language as Language,
    node: input.node,
  };
}

function checkKeywords(m: Mistakes, keywords: readonly string[]): void {
  if (!m.check(keywords.length >= 1 && keywords.length <= 10, "/keywords", "请填写 1 至 10 个关键词", "1 to 10 keywords")) return;
  keywords.forEach((k, i) => m.text(k, `/keywords/${i}`, 1, 20));
}

function checkLicence(m: Mistakes, input: MetadataInput, now: number): void {
  m.oneOf(input.licence, "/licence", keys(LICENCES));
  if (!isWord(LICENCES, input.licence) || !LICENCES[input.licence].dated) return;
  const ok = isDay(input.licensedUntil) && input.licensedUntil >= dayOf(now);
  m.check(ok, "/licensedUntil", "请填写授权的最后一天，不早于今天", "The last day of the licence, today or later");
}

function checkNode(m: Mistakes, input: MetadataInput, node: Node | undefined): void {
  if (!m.check(input.node !== "", "/node", "请选择课程目录中的单元或标准条目", "Choose a unit or standard item of the curriculum")) return;
  if (!m.check(node !== undefined && takesResources(node), "/node", "课程目录中没有这个在用的单元或条目", "The curriculum has no such unit or item in use")) return;
  const same = ancestor(input.node, "subject") === `${input.stage}.${input.subject}`;
  m.check(same, "/node", "单元与所填学段、学科不一致", "The unit is of another stage or subject");
}

/** Whether the licence lets the resource be shown on a day. */
export function isLicensed(metadata: Pick<Metadata, "licence" | "licensedUntil">, day: Day): boolean {
  const { shown, dated } = LICENCES[metadata.licence];
  return shown && (!dated || (metadata.licensedUntil !== null && day <= metadata.licensedUntil));
}

/** What was stored, as a form shows it again. */
export function asInput(metadata: Metadata): MetadataInput {
  return { ...metadata, licensedUntil: metadata.licensedUntil ?? "" };
}
