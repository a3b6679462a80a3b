//! Numbers, with their reasons.

/// The longest name of a file in bytes: what file systems take, less what a browser adds to a second copy.
pub const MAX_NAME: usize = 200;
/// The longest name of a document that a file is attached to, in bytes: as long as a document's id, and its collection.
pub const MAX_TO: usize = 256;
/// Files that are attached to one document and listed at once.
pub const MAX_ATTACHED: usize = 100;
/// Files of one form.
pub const MAX_FILES: u32 = 20;
/// Uploads of one person in one installation that are not attached: as many as one form can have.
pub const MAX_OPEN: usize = 20;
/// Bytes that are read at once into a guest: they are copied into its memory.
pub const MAX_READ: u32 = 1 << 20;
/// Bytes that an app writes at once: half of what one host call may copy.
pub const MAX_WRITTEN: usize = 4 << 20;
/// How long an upload stays that nothing is attached to: a day, so that a form that was begun in the evening can be
/// sent in the morning.
pub const EXPIRES_MILLIS: i64 = 24 * 3_600_000;
/// How long a ticket is valid: a page that was opened in the morning still takes a photograph in the evening.
pub const TICKET_MILLIS: i64 = 12 * 3_600_000;

/// Bytes by which a file's type is recognized. Signatures stand in the first few hundred; what tells one kind of office
/// document from another, in the first few thousand.
pub(crate) const SNIFFED: usize = 8 << 10;
/// Bytes after which an upload under way is made durable: what a crash of the server costs at most.
pub(crate) const CHECKPOINT: u64 = 8 << 20;
