declare module 'city:data/collections@1.1.0' {
  /**
   * Reads one document, outside any transaction.
   */
  export function get(collection: string, id: string): Document | undefined;
  /**
   * Reads one page, outside any transaction.
   */
  export function find(collection: string, query: Query): Page;
  /**
   * Reads a counter; one that was never adjusted is 0.
   */
  export function counter(counter: string, key: string): bigint;
  /**
   * A JSON value as text (RFC 8259, UTF-8).
   */
  export type Json = string;
  /**
   * A stored document.
   */
  export interface Document {
    /**
     * The document's id, unique in its collection: 1 to 256 bytes of UTF-8.
     */
    id: string,
    /**
     * The sequence number of the commit that wrote this state. Grows with every write.
     */
    version: bigint,
    /**
     * The document, a JSON object of at most 1 MiB.
     */
    body: Json,
  }
  /**
   * A value of a unique index is taken by another document.
   */
  export interface UniqueViolation {
    /**
     * The collection.
     */
    collection: string,
    /**
     * The unique index.
     */
    index: string,
    /**
     * The id of the document that has the value.
     */
    existing: string,
  }
  /**
   * An adjustment would take a counter outside its bounds.
   */
  export interface BoundViolation {
    /**
     * The counter's declared name.
     */
    counter: string,
    /**
     * The counter's key.
     */
    key: string,
    /**
     * What the counter stands at.
     */
    value: bigint,
    /**
     * The adjustment that was refused.
     */
    delta: bigint,
    /**
     * The lower bound that was asked for.
     */
    min: bigint,
    /**
     * The upper bound that was asked for.
     */
    max: bigint,
  }
  /**
   * Why a data call failed.
   */
  export type Error = ErrorConflict | ErrorAlreadyExists | ErrorUniqueViolation | ErrorOutOfBounds | ErrorUndeclared | ErrorInvalid | ErrorTooLarge | ErrorClosed | ErrorUnavailable | ErrorOther;
  /**
   * Another commit changed something that this transaction read. Run it again. It goes before
   * `already-exists` and `unique-violation`: who looked, found nothing and was forestalled
   * looks again and sees what is there.
   */
  export interface ErrorConflict {
    tag: 'conflict',
  }
  /**
   * `insert` met a document with this id.
   */
  export interface ErrorAlreadyExists {
    tag: 'already-exists',
    val: string,
  }
  /**
   * A unique index refuses the write. Found by the write or by the commit.
   */
  export interface ErrorUniqueViolation {
    tag: 'unique-violation',
    val: UniqueViolation,
  }
  /**
   * A counter would leave its bounds. Found by the commit; nothing was written.
   */
  export interface ErrorOutOfBounds {
    tag: 'out-of-bounds',
    val: BoundViolation,
  }
  /**
   * `app.toml` declares no such collection, index or counter.
   */
  export interface ErrorUndeclared {
    tag: 'undeclared',
    val: string,
  }
  /**
   * The document is not a JSON object, an indexed field has a type that cannot be
   * ordered, an id is empty or too long, a cursor is not from this query.
   */
  export interface ErrorInvalid {
    tag: 'invalid',
    val: string,
  }
  /**
   * A document, query or transaction is over a limit.
   */
  export interface ErrorTooLarge {
    tag: 'too-large',
    val: string,
  }
  /**
   * The transaction was committed or rolled back already, or the host owns its commit.
   */
  export interface ErrorClosed {
    tag: 'closed',
  }
  /**
   * The store cannot be reached. Nothing was written, unless it happened during a
   * commit: then read before you try again.
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
   * Which way an index is walked.
   * # Variants
   * 
   * ## `"ascending"`
   * 
   * Smallest first.
   * ## `"descending"`
   * 
   * Largest first.
   */
  export type Direction = 'ascending' | 'descending';
  /**
   * One end of a range over the index field that follows the `equals` fields.
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
   * A query over one declared index.
   */
  export interface Query {
    /**
     * The index's declared name, or `id` for the order of ids.
     */
    index: string,
    /**
     * JSON scalars for the first fields of the index, in its order.
     */
    equals: Array<Json>,
    /**
     * The lower end for the field that follows.
     */
    lower?: Bound,
    /**
     * The upper end for the field that follows.
     */
    upper?: Bound,
    /**
     * Which way to walk.
     */
    direction: Direction,
    /**
     * At most this many documents: 1 to 500. A page ends earlier once its documents have 4 MiB;
     * only `page.next` tells that there is no more.
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
     * The documents, in the index's order.
     */
    documents: Array<Document>,
    /**
     * Give this as `cursor` for the next page; `none` when there is no more.
     */
    next?: string,
  }
  
  export class Transaction implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * Opens a transaction.
    */
    static begin(): Transaction;
    /**
    * Reads one document.
    */
    get(collection: string, id: string): Document | undefined;
    /**
    * Reads one page. Another transaction's insertion into the range that was covered
    * makes the commit a `conflict`.
    */
    find(collection: string, query: Query): Page;
    /**
    * Adds a document whose id must be new.
    */
    insert(collection: string, id: string, body: Json): void;
    /**
    * Adds or replaces a document.
    */
    put(collection: string, id: string, body: Json): void;
    /**
    * Removes a document; removing one that is absent is no error.
    */
    'delete'(collection: string, id: string): void;
    /**
    * Adds `delta` to a counter when the commit is applied, and refuses the commit
    * (`out-of-bounds`) when the sum would be under `min` or over `max`. Two transactions
    * that adjust one counter do not conflict: use it for stock, seats and caps.
    */
    adjust(counter: string, key: string, delta: bigint, min: bigint, max: bigint): void;
    /**
    * What a counter stands at, with this transaction's own adjustments. The read is not
    * remembered: to rely on a bound, `adjust` with it.
    */
    counter(counter: string, key: string): bigint;
    /**
    * Adds a row to the installation's audit trail, with the commit: who (the host writes
    * that), `action` (a verb such as `order.refund`), `target` (what it was done to) and a
    * JSON object of details without personal data.
    */
    audit(action: string, target: string, detail: Json): void;
    /**
    * Applies everything or nothing, and answers the commit's sequence number once it is
    * on stable storage. The transaction is closed, whatever the answer.
    */
    commit(): bigint;
    /**
    * Forgets everything. The transaction is closed.
    */
    rollback(): void;
    [Symbol.dispose](): void;
  }
}
