/** Text for people, in Chinese and in English. */

/** A language of the platform; Simplified Chinese is the default. */
export type Lang = "zh" | "en";

/** A text in both languages, stored and sent as it is. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** A text in both languages: `t("门票", "Tickets")`. */
export function t(zh: string, en: string): Text {
  return { zh, en };
}

/** A text that reads the same in both languages, such as a name. */
export function same(text: string): Text {
  return { zh: text, en: text };
}

/** The text in a language. */
export function pick(lang: Lang, text: Text): string {
  return text[lang];
}

/** The BCP 47 tag for `lang=`. */
export function tag(lang: Lang): string {
  return lang === "zh" ? "zh-CN" : "en";
}
