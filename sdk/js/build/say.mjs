// Words for the terminal, in the language of the environment, and errors that say the next step.

const locale = process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || "";

/** One of two texts. */
export function say(zh, en) {
  return locale.startsWith("zh") ? zh : en;
}

/** What a vendor can mend: what is wrong, and what to do. */
export class BuildError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}
