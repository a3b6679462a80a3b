declare module 'city:app/context@1.0.0' {
  /**
   * The installation.
   */
  export function current(): Installation;
  /**
   * The id of the request, message, job or lifecycle call that this instance serves; the
   * same id stands in the host's logs and on error pages.
   */
  export function requestId(): string;
  /**
   * A value of the installation's configuration as JSON text, checked against the schema in
   * `app.toml`; `none` where neither a value nor a default is set.
   */
  export function config(key: string): string | undefined;
  /**
   * `n` bytes (at most 64) derived from a secret of this installation that never leaves the
   * host (HKDF-SHA-256 with `purpose` as info), the same at every call: for signing codes
   * that this app alone checks.
   */
  export function deriveKey(purpose: string, n: number): Uint8Array;
  /**
   * The installation.
   */
  export interface Installation {
    /**
     * Its name, which is also the label of its origin.
     */
    name: string,
    /**
     * The app's name and version.
     */
    app: string,
    /**
     * The app's version (SemVer 2.0).
     */
    version: string,
    /**
     * The code of the organization that installed it.
     */
    organization: string,
    /**
     * The organization's name in Chinese.
     */
    organizationName: string,
    /**
     * `http://<name>.<domain>`, without a slash at the end.
     */
    origin: string,
    /**
     * The portal's origin, without a slash at the end.
     */
    portal: string,
  }
}
