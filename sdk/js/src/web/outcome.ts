/** Ways out of a handler that lead somewhere else. Thrown; the app's error handler answers them. */

/** Nobody is signed in: a page leads to the sign-in page and back, the API answers 401. */
export class SignIn extends Error {
  override readonly name = "SignIn";
  constructor() {
    super("not signed in");
  }
}

/**
 * The person has not consented to a scope: a page leads to the consent page and back, the API
 * answers 403 with the page's address, whose parameter `return` a program sets to a path of its own.
 */
export class MissingConsent extends Error {
  override readonly name = "MissingConsent";
  /**
   * @param url makes the consent page's address. Handed in rather than imported where responses are
   * made: only an app that asks for attributes may import that interface, and the build leaves out
   * what is not named.
   */
  constructor(
    readonly scope: string,
    private readonly url: (scopes: string[], returnPath: string) => string,
  ) {
    super(`consent to \`${scope}\` is missing`);
  }

  /** The consent page's address. */
  consentUrl(returnPath: string): string {
    return this.url([this.scope], returnPath);
  }
}

/** An error of the city's services that says what a handler answers when it does nothing about it. */
export interface HasOutcome {
  readonly outcome: Error;
}

/** Whether an error says what to answer. */
export function hasOutcome(e: unknown): e is HasOutcome {
  // Only looked for, not read: reading one may write to the log.
  return e instanceof Error && "outcome" in e;
}
