/// <reference path="./city-data-collections.d.ts" />
declare module 'city:files/files@1.0.0' {
  /**
   * Issues a ticket for the person who makes this request. Nothing is written: it is signed by the host. A person
   * has at most 20 uploads in an installation that are not attached yet.
   */
  export function issueTicket(wanted: NewTicket): Ticket;
  /**
   * Looks at a file.
   */
  export function stat(id: string): File;
  /**
   * The files that are attached to a document, in the order of their ids; at most 100.
   */
  export function attached(to: string): Array<File>;
  /**
   * Reads at most `length` bytes from `offset` on: at most 1 MiB at once. Behind the end it is empty.
   */
  export function read(id: string, offset: bigint, length: number): Uint8Array;
  /**
   * Writes a file, and answers once it is on stable storage. It is not attached yet, and expires like an upload.
   */
  export function write(wanted: NewFile): File;
  /**
   * Binds a file to a document with the transaction: from its commit on the file stays until it is deleted. `to` is
   * the app's own word for the document, such as `reports/01J9…`: 1 to 256 bytes without personal data. Attaching
   * it there again is no error.
   */
  export function attach(transaction: Transaction, id: string, to: string): File;
  /**
   * Deletes a file with the transaction. Its bytes go within minutes of the commit; deleting one that is absent is
   * no error.
   */
  export function remove(transaction: Transaction, id: string): void;
  /**
   * What the header `city-file` has to say to answer this request with a file.
   */
  export function serve(id: string, how: Disposition): string;
  export type Transaction = import('city:data/collections@1.1.0').Transaction;
  /**
   * Why a call failed. Nothing was changed then.
   */
  export type Error = ErrorUndeclared | ErrorNotSignedIn | ErrorNotFound | ErrorNotYours | ErrorAttached | ErrorInvalid | ErrorTooLarge | ErrorWrongType | ErrorClosed | ErrorUnavailable | ErrorOther;
  /**
   * `app.toml` declares no such area, or it was not approved.
   */
  export interface ErrorUndeclared {
    tag: 'undeclared',
    val: string,
  }
  /**
   * Nobody is signed in: redirect to `sign-in-url` of `city:identity/principal`.
   */
  export interface ErrorNotSignedIn {
    tag: 'not-signed-in',
  }
  /**
   * There is no such file, it has expired, or its upload is not finished.
   */
  export interface ErrorNotFound {
    tag: 'not-found',
  }
  /**
   * The file is an upload of another person that is not attached yet: only whoever brought it, or the
   * installation itself (a job, a consumer), attaches it.
   */
  export interface ErrorNotYours {
    tag: 'not-yours',
  }
  /**
   * The file is attached to another document already; this one.
   */
  export interface ErrorAttached {
    tag: 'attached',
    val: string,
  }
  /**
   * A name, a path, a number or a range that cannot be. In words.
   */
  export interface ErrorInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * Over a limit: of the area, of a call, or of what the installation may store. In words.
   */
  export interface ErrorTooLarge {
    tag: 'too-large',
    val: string,
  }
  /**
   * The area does not take this type: the one that was recognized.
   */
  export interface ErrorWrongType {
    tag: 'wrong-type',
    val: string,
  }
  /**
   * The transaction was committed or rolled back already.
   */
  export interface ErrorClosed {
    tag: 'closed',
  }
  /**
   * The store cannot be reached: try again.
   */
  export interface ErrorUnavailable {
    tag: 'unavailable',
    val: string,
  }
  /**
   * Anything else, in words.
   */
  export interface ErrorOther {
    tag: 'other',
    val: string,
  }
  /**
   * What a page wants to let this request's person upload.
   */
  export interface NewTicket {
    /**
     * The area.
     */
    area: string,
    /**
     * At most so many bytes for each file; the area's own limit when absent. It can only be narrower.
     */
    maxBytes?: bigint,
    /**
     * Only these of the area's types, as `app.toml` writes them; all of them when empty.
     */
    accept: Array<string>,
    /**
     * At most so many files of one form: 1 to 20.
     */
    maxFiles: number,
    /**
     * The path of this app that the form leads to, such as `/reports`. It may have a query.
     */
    returnPath: string,
  }
  /**
   * Leave to upload, for this person and this installation.
   */
  export interface Ticket {
    /**
     * The address for the `action` of a form: a path at the app's own origin.
     */
    action: string,
    /**
     * The address for a script that speaks tus 1.0.0: where uploads are created.
     */
    uploads: string,
    /**
     * What the `accept` attribute of `<input type="file">` has to say. It helps people choose, and protects
     * nothing: the gateway looks for itself.
     */
    accept: string,
    /**
     * The largest file in bytes.
     */
    maxBytes: bigint,
    /**
     * Until when it is valid: 12 hours (milliseconds since 1970-01-01T00:00:00Z).
     */
    expires: bigint,
  }
  /**
   * A file that is there whole.
   */
  export interface File {
    /**
     * Its id: random, and never used again.
     */
    id: string,
    /**
     * Its area.
     */
    area: string,
    /**
     * The name that the person's computer gave it, without any path: at most 200 bytes of UTF-8. It is what
     * somebody wrote: show it, and decide nothing by it.
     */
    name: string,
    /**
     * Its media type, as recognized by its bytes; `application/octet-stream` when they tell nothing.
     */
    mediaType: string,
    /**
     * Its size in bytes.
     */
    size: bigint,
    /**
     * The SHA-256 of its bytes: 64 lower-case hexadecimal digits.
     */
    sha256: string,
    /**
     * When it was complete (milliseconds since 1970-01-01T00:00:00Z).
     */
    created: bigint,
    /**
     * The pairwise subject of the person who uploaded it; `none` for what the app wrote itself.
     */
    uploader?: string,
    /**
     * What it is attached to, in the app's own words; `none` while it is not.
     */
    attachedTo?: string,
    /**
     * Until when it stays if it is not attached; `none` once it is.
     */
    expires?: bigint,
  }
  /**
   * A file that the app writes itself.
   */
  export interface NewFile {
    /**
     * The area. Its types and limits hold here too.
     */
    area: string,
    /**
     * The name under which people download it: 1 to 200 bytes of UTF-8, without `/`, `\` and control characters.
     */
    name: string,
    /**
     * The bytes, at most 4 MiB.
     */
    content: Uint8Array,
  }
  /**
   * What a browser is to do with a file.
   * # Variants
   * 
   * ## `"attachment"`
   * 
   * Save it, under its name.
   * ## `"inline"`
   * 
   * Show it. Only pictures (not SVG), PDF, sound, film and plain text are shown; anything else, HTML above all, is
   * saved all the same. A page of the app may hold what the app serves: pictures in an `img`, sound and film in an
   * `audio` or a `video`, a PDF in an `iframe` (class `document`), with a link beside it for browsers without a viewer.
   */
  export type Disposition = 'attachment' | 'inline';
}
