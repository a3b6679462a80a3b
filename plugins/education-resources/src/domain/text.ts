/** A text in both languages. The same shape as the SDK's, which this folder does not know. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** A text in both languages. */
export function t(zh: string, en: string): Text {
  return { zh, en };
}
