declare module 'city:identity/representation@1.1.0' {
  /**
   * For whom the principal of the current invocation acts; `none` when for themself, when the
   * mandate does not cover this installation, and in consumers, jobs and lifecycle calls.
   */
  export function actingFor(): Grantor | undefined;
  /**
   * Who gave the mandate.
   * # Variants
   * 
   * ## `"person"`
   * 
   * A natural person, such as a parent.
   * ## `"company"`
   * 
   * A legal entity.
   */
  export type GrantorKind = 'person' | 'company';
  /**
   * The one for whom the principal acts.
   */
  export interface Grantor {
    /**
     * The grantor's opaque id in this installation. For a person it is the subject that
     * `current` gives when they come themself, so what was done for them is found again.
     */
    subject: string,
    /**
     * What it is.
     */
    kind: GrantorKind,
    /**
     * A company's unified social credit code (GB 32100); `none` for a person.
     */
    code?: string,
    /**
     * A company's registered name; `none` for a person.
     */
    name?: string,
    /**
     * The mandate's id, for this app's own record.
     */
    mandate: string,
  }
}
