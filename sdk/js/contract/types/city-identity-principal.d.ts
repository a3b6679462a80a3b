declare module 'city:identity/principal@1.1.0' {
  /**
   * The principal of the current invocation. Never fails and costs no round trip.
   */
  export function current(): Principal;
  /**
   * How the current person wants pages to be.
   */
  export function preferred(): Presentation;
  /**
   * The address to which to redirect (303) a visitor who must sign in. `return-path`
   * is a path of this app (`/orders?x=1`) to come back to.
   */
  export function signInUrl(returnPath: string): string;
  /**
   * The address to which to redirect (303) a visitor before something that needs more
   * certainty than a password: the portal asks for the second factor and leads back to
   * `return-path`, a path of this app; then `current` says `multi-factor`. A person who has
   * no second factor is helped to set one up. Check `assurance` again when they are back:
   * they may have turned round. (since 1.1.0)
   */
  export function stepUpUrl(returnPath: string): string;
  /**
   * What kind of principal asks.
   * # Variants
   * 
   * ## `"anonymous"`
   * 
   * Nobody has signed in.
   * ## `"citizen"`
   * 
   * A natural person acting for themself.
   * ## `"representative"`
   * 
   * A person who acts for a legal entity.
   * ## `"official"`
   * 
   * A member of a department, acting in office.
   * ## `"service"`
   * 
   * The installation itself: consumers, jobs and lifecycle calls run as this.
   */
  export type Kind = 'anonymous' | 'citizen' | 'representative' | 'official' | 'service';
  /**
   * How sure the platform is of the principal's identity.
   * # Variants
   * 
   * ## `"none"`
   * 
   * Not signed in.
   * ## `"password"`
   * 
   * Signed in with a password.
   * ## `"multi-factor"`
   * 
   * Signed in with a second factor.
   */
  export type Assurance = 'none' | 'password' | 'multi-factor';
  /**
   * The principal of the current invocation.
   */
  export interface Principal {
    /**
     * A stable, opaque id of this principal in this installation (a pairwise
     * pseudonym); `none` for an anonymous visitor. Never the same in two installations.
     */
    subject?: string,
    /**
     * What kind of principal it is.
     */
    kind: Kind,
    /**
     * How sure the platform is.
     */
    assurance: Assurance,
    /**
     * The roles of `app.toml` that the department assigned to this principal.
     */
    roles: Array<string>,
    /**
     * For an official: the code of the organization in whose office they act
     * (a division code of GB/T 2260, or a USCC).
     */
    organization?: string,
  }
  /**
   * How the person wants pages to be.
   */
  export interface Presentation {
    /**
     * A BCP 47 tag, `zh` or `en` today.
     */
    language: string,
    /**
     * Larger type and targets, fewer choices.
     */
    elderMode: boolean,
  }
}
