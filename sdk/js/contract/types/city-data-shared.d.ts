declare module 'city:data/shared@1.1.0' {
  /**
   * A JSON value as text (RFC 8259, UTF-8).
   */
  export type Json = string;
  /**
   * Why a call is denied or fails. The denials, `unknown-dataset` to `not-authority`, are written into the
   * audit log, with the person if it is about one. What follows them (`conflict`, `not-found`, `invalid`,
   * `too-large`, `unavailable`, `other`) denies nothing and is not, but for a `write` about a person that is
   * refused for what is on record, or for there being nothing: that is written down as a comparison.
   */
  export type Error = ErrorUnknownDataset | ErrorNotGranted | ErrorExpired | ErrorRevoked | ErrorOtherPurpose | ErrorFieldsNotGranted | ErrorAccessNotGranted | ErrorRowNotGranted | ErrorNotSignedIn | ErrorRoleRequired | ErrorConsentRequired | ErrorNotShared | ErrorNotAuthority | ErrorConflict | ErrorNotFound | ErrorInvalid | ErrorTooLarge | ErrorUnavailable | ErrorOther;
  /**
   * The catalogue has no such dataset, or `app.toml` does not declare this use of it.
   */
  export interface ErrorUnknownDataset {
    tag: 'unknown-dataset',
    val: string,
  }
  /**
   * No grant: the provider has not decided yet, or has refused. In words.
   */
  export interface ErrorNotGranted {
    tag: 'not-granted',
    val: string,
  }
  /**
   * The grant has expired, at this time (RFC 3339).
   */
  export interface ErrorExpired {
    tag: 'expired',
    val: string,
  }
  /**
   * The grant was revoked, at this time (RFC 3339).
   */
  export interface ErrorRevoked {
    tag: 'revoked',
    val: string,
  }
  /**
   * The dataset is granted for other purposes; these.
   */
  export interface ErrorOtherPurpose {
    tag: 'other-purpose',
    val: Array<string>,
  }
  /**
   * Fields that the grant does not cover; these.
   */
  export interface ErrorFieldsNotGranted {
    tag: 'fields-not-granted',
    val: Array<string>,
  }
  /**
   * The grant does not cover this kind of access; it covers these.
   */
  export interface ErrorAccessNotGranted {
    tag: 'access-not-granted',
    val: Array<string>,
  }
  /**
   * The record exists or not: it is outside of the rows that the grant covers.
   */
  export interface ErrorRowNotGranted {
    tag: 'row-not-granted',
  }
  /**
   * Nobody is signed in: redirect to `sign-in-url` of `city:identity/principal`.
   */
  export interface ErrorNotSignedIn {
    tag: 'not-signed-in',
  }
  /**
   * The official holds none of the roles that the grant demands; these.
   */
  export interface ErrorRoleRequired {
    tag: 'role-required',
    val: Array<string>,
  }
  /**
   * The person has not consented, or has taken the consent back: redirect to `consent-url` of
   * `city:identity/attributes` with this name.
   */
  export interface ErrorConsentRequired {
    tag: 'consent-required',
    val: string,
  }
  /**
   * The dataset is not shared; the law that is cited for it.
   */
  export interface ErrorNotShared {
    tag: 'not-shared',
    val: string,
  }
  /**
   * The organization is not the authority for these fields.
   */
  export interface ErrorNotAuthority {
    tag: 'not-authority',
    val: Array<string>,
  }
  /**
   * A write met a record that has changed since it was read: read again and decide again.
   */
  export interface ErrorConflict {
    tag: 'conflict',
  }
  /**
   * There is no such record, job or page.
   */
  export interface ErrorNotFound {
    tag: 'not-found',
  }
  /**
   * A key, field name, query, cursor, record or time that cannot be. In words.
   */
  export interface ErrorInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * Over a limit. In words.
   */
  export interface ErrorTooLarge {
    tag: 'too-large',
    val: string,
  }
  /**
   * The hub or its log cannot be reached: nothing was read, nothing was written.
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
   * Where a field's value comes from.
   */
  export interface Source {
    /**
     * The field.
     */
    field: string,
    /**
     * The code of the organization that gave it.
     */
    organization: string,
    /**
     * When it was recorded (RFC 3339). Of a record about a person the day alone, and empty where
     * `released.valid-from` is.
     */
    recorded: string,
  }
  /**
   * A record, as far as it is released. A field that is not granted is absent; a field that is granted
   * and not on record is absent, too, and stands in `unrecorded`.
   */
  export interface Released {
    /**
     * The record's opaque reference in this installation. For records about persons it differs
     * from one installation to another, so that two apps cannot compare what they hold.
     */
    reference: string,
    /**
     * The record's version: another one when a granted field has changed. Compare it for equality alone
     * and give it to `write`; for a record about a person it is this installation's own number, which
     * neither grows nor tells how often the record was changed.
     */
    version: bigint,
    /**
     * The released fields, a JSON object; values are masked as the grant says.
     */
    body: Json,
    /**
     * Granted fields that the record does not have.
     */
    unrecorded: Array<string>,
    /**
     * From when the record holds, `YYYY-MM-DD`. Empty for a record about a person unless the number that
     * says who it is is granted without a mask: two apps could find their records of one person by a day.
     */
    validFrom: string,
    /**
     * Until when it held, `YYYY-MM-DD`, that day excluded; `none` while it holds, and where
     * `valid-from` is empty.
     */
    validTo?: string,
    /**
     * Where the released fields come from.
     */
    sources: Array<Source>,
  }
  /**
   * One end of a range over the index item that follows the `equals` items.
   */
  export interface Bound {
    /**
     * A JSON scalar.
     */
    value: Json,
    /**
     * Whether the value itself is in the range.
     */
    inclusive: boolean,
  }
  /**
   * A query over one of the dataset's declared indexes. Every item of the index must be granted.
   * 
   * In a dataset about persons it needs an index with items (all records are read by a job), and at most 5,000
   * records may have the same values there; over that it is `too-large`: an index with more items tells them
   * apart, or a job reads them.
   * 
   * Where records are kept back (by rows, or because somebody has not consented) pages do not tell how
   * many: a page is full unless it is the last, and a query that meets too many of them is `too-large`.
   * An index that begins with the division walks the granted divisions alone; or start a job. Whoever is
   * named by a resident ID in `equals` or `filter` is in the log, found or not.
   */
  export interface Query {
    /**
     * The items of the index, in its order, such as `["division"]`. None: all records, of a dataset about
     * persons by a job alone.
     */
    index: Array<string>,
    /**
     * JSON scalars for the first items of the index.
     */
    equals: Array<Json>,
    /**
     * The lower end for the item that follows.
     */
    lower?: Bound,
    /**
     * The upper end for the item that follows.
     */
    upper?: Bound,
    /**
     * Only records whose granted items have these values: a JSON object. They are filtered after
     * the index, so a page can be short and still have a next one where no records are kept back.
     */
    filter?: Json,
    /**
     * At most this many records: 1 to 500.
     */
    limit: number,
    /**
     * Where the page before ended: `page.next` of the same query.
     */
    cursor?: string,
  }
  /**
   * A page of a query's answer.
   */
  export interface Page {
    /**
     * The records, in the index's order; those about persons that have the same values there in an order
     * that is the installation's own.
     */
    records: Array<Released>,
    /**
     * Give this as `cursor` for the next page; `none` when there is no more.
     */
    next?: string,
  }
  /**
   * Where a bulk job stands.
   */
  export interface Job {
    /**
     * Its id.
     */
    id: string,
    /**
     * Whether its pages can be read.
     */
    ready: boolean,
    /**
     * Records so far; of a dataset about persons 0 until it is ready.
     */
    records: bigint,
    /**
     * Pages so far; of a dataset about persons 0 until it is ready.
     */
    pages: number,
    /**
     * Why it failed, if it did.
     */
    failure?: string,
  }
  
  export class Dataset implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Opens a dataset by its code in the catalogue for a purpose that `app.toml` declares.
    */
    static open(dataset: string, purpose: string): Dataset;
    /**
    * The fields that the grant gives, in the catalogue's order.
    */
    fields(): Array<string>;
    /**
    * Reads one record by the value of its key item, such as a resident ID. `fields` are the ones
    * that are needed now (ask for few: each is written into the log); empty: all that are
    * granted. `as-of` reads the version that held on that day (`YYYY-MM-DD`). A record that does
    * not exist, and one that no longer holds, is `none`; a key that no record can have, such as a
    * number with a wrong check digit, is `invalid`.
    */
    get(key: string, fields: Array<string>, asOf: string | undefined): Released | undefined;
    /**
    * Reads the record about the person who asks, whose resident ID the app need not know.
    * `none` when there is none, or the account has no resident ID.
    */
    me(fields: Array<string>): Released | undefined;
    /**
    * Finds records.
    */
    query(query: Query, fields: Array<string>): Page;
    /**
    * Writes fields for which the installation's organization is the authority; others stay as
    * they are. `body` is a JSON object of the fields. `version` is the version that the change
    * is based on; 0 for a record that must be new, which needs every required field.
    * `valid-from` is the day from which it holds. Answers the new version. A refusal that tells what is
    * on record of a person, or that nothing is (`conflict`, or `invalid` for what stands there), is in the
    * log before it is answered; it names days only where `released.valid-from` does.
    */
    write(key: string, body: Json, version: bigint, validFrom: string): bigint;
    /**
    * Starts a job of the host that reads all records of a query (its `limit` and `cursor` are
    * not used) under the same rules. Records about persons come in an order that is the installation's own,
    * not in that of the index. The topic `city.hub.job` (above) tells when it has ended; its pages
    * are kept for 24 hours. Answers its id.
    */
    startJob(query: Query, fields: Array<string>): string;
    /**
    * Where a job stands that this installation started. Whom its count tells about is in the log before
    * it is told.
    */
    job(id: string): Job;
    /**
    * Reads a page (from 0) of a job that is ready: up to 500 records. Grant, consent and roles
    * are checked again; the reads are logged before they are answered.
    */
    jobPage(id: string, page: number): Array<Released>;
    [Symbol.dispose](): void;
  }
}
