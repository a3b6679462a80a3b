declare module 'city:identity/attributes@1.1.0' {
  /**
   * The attribute of the current principal. It is in the city's audit log before it is answered, and so is
   * that it was denied: the person sees both. In a consumer, job or lifecycle call there is
   * no person, and the answer is `not-signed-in`.
   */
  export function get(attribute: Attribute): string;
  /**
   * The address to which to redirect (303) a person who must consent to `scopes` first: names of
   * `[[scopes]]`, and purposes of `[[datasets]]` that rest on consent; each is asked by itself.
   * `return-path` is a path of this app to come back to, whatever they decide.
   */
  export function consentUrl(scopes: Array<string>, returnPath: string): string;
  /**
   * An attribute that the platform can release.
   * # Variants
   * 
   * ## `"real-name"`
   * 
   * The person's name as registered.
   * ## `"resident-id"`
   * 
   * The 18-character resident ID number (GB 11643).
   * ## `"mobile"`
   * 
   * A mobile number of the mainland, 11 digits.
   * ## `"birth-date"`
   * 
   * The date of birth as `YYYY-MM-DD`, taken from the resident ID. Enough for a
   * concession; ask for this rather than for the whole number.
   */
  export type Attribute = 'real-name' | 'resident-id' | 'mobile' | 'birth-date';
  /**
   * Why an attribute is not released.
   */
  export type Error = ErrorNotSignedIn | ErrorConsentRequired | ErrorNotGranted | ErrorAbsent | ErrorOther;
  /**
   * Nobody is signed in: redirect to `sign-in-url`.
   */
  export interface ErrorNotSignedIn {
    tag: 'not-signed-in',
  }
  /**
   * The person has not consented to the scope: redirect to `consent-url`.
   * The payload names the scope.
   */
  export interface ErrorConsentRequired {
    tag: 'consent-required',
    val: string,
  }
  /**
   * `app.toml` declares no scope that carries this attribute, or no department granted it.
   */
  export interface ErrorNotGranted {
    tag: 'not-granted',
    val: string,
  }
  /**
   * The person's record holds no such attribute.
   */
  export interface ErrorAbsent {
    tag: 'absent',
  }
  /**
   * Anything else, in words.
   */
  export interface ErrorOther {
    tag: 'other',
    val: string,
  }
}
