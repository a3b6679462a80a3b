/**
 * The words of the metadata: CELTS-42 (educational resources), over LOM, with the names that people read.
 * The curriculum's stages and subjects are the first two parts of a node's id.
 */
import { type Text, t } from "./text.ts";

/** Words with their names, in the order in which they are offered. */
export type Words<K extends string> = Readonly<Record<K, Text>>;

/** Stages of schooling. */
export const STAGES = {
  preschool: t("学前", "Preschool"),
  primary: t("小学", "Primary"),
  junior: t("初中", "Junior secondary"),
  senior: t("高中", "Senior secondary"),
  vocational: t("中职", "Vocational"),
  special: t("特殊教育", "Special education"),
} as const satisfies Words<string>;
export type Stage = keyof typeof STAGES;

/** Subjects. */
export const SUBJECTS = {
  chinese: t("语文", "Chinese"),
  math: t("数学", "Mathematics"),
  english: t("英语", "English"),
  morality: t("道德与法治", "Morality and law"),
  science: t("科学", "Science"),
  physics: t("物理", "Physics"),
  chemistry: t("化学", "Chemistry"),
  biology: t("生物", "Biology"),
  history: t("历史", "History"),
  geography: t("地理", "Geography"),
  music: t("音乐", "Music"),
  art: t("美术", "Art"),
  sport: t("体育与健康", "Sport and health"),
  it: t("信息科技", "Information technology"),
  labour: t("劳动", "Labour"),
  practice: t("综合实践活动", "Integrated practice"),
} as const satisfies Words<string>;
export type Subject = keyof typeof SUBJECTS;

/** Types of resources: the nine of CELTS-42. */
export const TYPES = {
  media: t("媒体素材", "Media material"),
  question: t("试题", "Test question"),
  paper: t("试卷", "Test paper"),
  courseware: t("课件", "Courseware"),
  case: t("案例", "Case"),
  literature: t("文献资料", "Literature"),
  course: t("网络课程", "Online course"),
  faq: t("常见问题解答", "Frequently asked questions"),
  index: t("资源目录索引", "Index of resources"),
} as const satisfies Words<string>;
export type ResourceType = keyof typeof TYPES;

/** Who it is for (LOM 5.5). */
export const AUDIENCES = {
  learner: t("学生", "Learners"),
  teacher: t("教师", "Teachers"),
  parent: t("家长", "Parents"),
  manager: t("教育管理者", "Managers"),
} as const satisfies Words<string>;
export type Audience = keyof typeof AUDIENCES;

/** Languages of a resource (RFC 5646). */
export const LANGUAGES = {
  "zh-CN": t("中文", "Chinese"),
  en: t("英文", "English"),
  "zh-CN,en": t("中英双语", "Chinese and English"),
  none: t("无语言内容", "No language"),
} as const satisfies Words<string>;
export type Language = keyof typeof LANGUAGES;

/** Languages of captions, in the order in which they are offered. */
export const CAPTION_LANGUAGES = {
  "zh-CN": t("中文", "Chinese"),
  en: t("英文", "English"),
} as const satisfies Words<string>;
export type CaptionLanguage = keyof typeof CAPTION_LANGUAGES;

/** What a licence allows. */
export interface LicenceWords extends Text {
  /** Whether the city's schools may be shown it at all. */
  readonly shown: boolean;
  /** Whether it needs the date until which it was granted. */
  readonly dated: boolean;
}

/** Licences. What has none that allows it is never shown. */
export const LICENCES = {
  "cc0": { zh: "CC0 公共领域贡献", en: "CC0, public domain", shown: true, dated: false },
  "cc-by-4.0": { zh: "知识共享 署名 4.0", en: "CC BY 4.0", shown: true, dated: false },
  "cc-by-sa-4.0": { zh: "知识共享 署名—相同方式共享 4.0", en: "CC BY-SA 4.0", shown: true, dated: false },
  "cc-by-nc-4.0": { zh: "知识共享 署名—非商业性使用 4.0", en: "CC BY-NC 4.0", shown: true, dated: false },
  "cc-by-nc-sa-4.0": { zh: "知识共享 署名—非商业性使用—相同方式共享 4.0", en: "CC BY-NC-SA 4.0", shown: true, dated: false },
  granted: { zh: "权利人授权本市学校使用（有期限）", en: "Granted to this city's schools, until a day", shown: true, dated: true },
  unclear: { zh: "尚未确认", en: "Not cleared yet", shown: false, dated: false },
} as const satisfies Readonly<Record<string, LicenceWords>>;
export type Licence = keyof typeof LICENCES;

/** Whether a text is one of the words. */
export function isWord<K extends string>(words: Words<K>, text: string): text is K {
  return Object.hasOwn(words, text);
}

/** The words as a list, for schemas and choices. */
export function keys<K extends string>(words: Words<K>): [K, ...K[]] {
  return Object.keys(words) as [K, ...K[]];
}
