//! Notes to people, shown in their inbox on the portal.

use crate::{Messaging, MessagingError, queue};
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use yunlong_model::{InstallationName, Text, Timestamp};
use yunlong_store::{Direction, Key, Txn, transact};

const MAX_TITLE: usize = 200;
const MAX_BODY: usize = 4_000;
const MAX_PATH: usize = 1_024;

/// What an app tells a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The title: 1 to 200 characters.
    pub title: Text,
    /// The text: at most 4,000 characters.
    pub body: Text,
    /// A path of the app that it leads to, such as `/orders/7`; in a note of the platform, of the portal.
    pub path: Option<String>,
}

/// A note in an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id, for [`Messaging::mark_read`].
    pub id: String,
    /// The installation that wrote it; `None`: the platform itself.
    pub installation: Option<InstallationName>,
    /// The title.
    pub title: Text,
    /// The text.
    pub body: Text,
    /// A path of that installation, or of the portal.
    pub path: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Whether the person has read it.
    pub read: bool,
}

/// A page of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxPage {
    /// The notes, newest first.
    pub notes: Vec<Note>,
    /// Give this as `before` for the next page; `None` when there is no more.
    pub next: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NoteRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installation: Option<InstallationName>,
    #[serde(flatten)]
    content: Content,
    at: Timestamp,
    read: bool,
}

/// What the app wrote, which may be about anything in a person's life.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Content {
    /// Base64, bound to the person's inbox: the row's key has a part that is not known before the commit.
    Sealed {
        sealed: String,
    },
    Plain(Plain),
}

#[derive(Clone, Serialize, Deserialize)]
struct Plain {
    title: Text,
    body: Text,
    path: Option<String>,
}

/// Rows of one commit when notes are sealed anew.
const BATCH: usize = 200;

impl Messaging {
    /// Stages a note into the inbox of `account`.
    ///
    /// # Errors
    /// [`MessagingError::Invalid`] for texts that are empty or too long, and for a path that is
    /// not a path of the app itself.
    pub fn notify(
        &self,
        txn: &mut Txn,
        account: &str,
        installation: &InstallationName,
        notice: Notice,
    ) -> Result<(), MessagingError> {
        self.note(txn, account, Some(installation.clone()), notice)
    }

    /// Stages a note of the platform itself, such as the answer to a request that a person filed at
    /// the portal. Its path is one of the portal.
    ///
    /// # Errors
    /// As [`Messaging::notify`].
    pub fn notify_from_platform(&self, txn: &mut Txn, account: &str, notice: Notice) -> Result<(), MessagingError> {
        self.note(txn, account, None, notice)
    }

    fn note(
        &self,
        txn: &mut Txn,
        account: &str,
        installation: Option<InstallationName>,
        notice: Notice,
    ) -> Result<(), MessagingError> {
        check_text("title", &notice.title, 1, MAX_TITLE)?;
        check_text("body", &notice.body, 0, MAX_BODY)?;
        notice.path.as_deref().map_or(Ok(()), check_path)?;
        let row = NoteRow {
            installation,
            content: self.seal(account, Plain { title: notice.title, body: notice.body, path: notice.path })?,
            at: self.clock.now(),
            read: false,
        };
        txn.append_as(queue::inbox(account), &row);
        txn.adjust(queue::unread(account), 1, 0, i64::MAX);
        Ok(())
    }

    /// A page of a person's inbox, newest first: at most `limit` notes (1 to 100), from where the
    /// page before ended.
    ///
    /// # Errors
    /// [`MessagingError::UnknownNote`] when `before` is no place in this inbox,
    /// [`MessagingError::Store`].
    pub async fn inbox(&self, account: &str, before: Option<&str>, limit: usize) -> Result<InboxPage, MessagingError> {
        let limit = limit.clamp(1, 100);
        let mut range = queue::inbox(account).children();
        if let Some(id) = before {
            range.end = note_key(account, id)?;
        }
        let mut entries = self.store.scan(&range, Direction::Descending, limit + 1).await?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let notes = entries
            .iter()
            .map(|e| {
                let row: NoteRow = queue::parse(&e.key, &e.value)?;
                let Plain { title, body, path } = self.open(account, row.content)?;
                Ok(Note {
                    id: note_id(account, &e.key),
                    installation: row.installation,
                    title,
                    body,
                    path,
                    at: row.at,
                    read: row.read,
                })
            })
            .collect::<Result<Vec<_>, MessagingError>>()?;
        let next = if more { notes.last().map(|n| n.id.clone()) } else { None };
        Ok(InboxPage { notes, next })
    }

    /// Marks a note as read; one that is read already stays so.
    ///
    /// # Errors
    /// [`MessagingError::UnknownNote`], [`MessagingError::Commit`].
    pub async fn mark_read(&self, account: &str, id: &str) -> Result<(), MessagingError> {
        let key = note_key(account, id)?;
        transact!(&self.store, |txn| {
            let mut row = txn.get_as::<NoteRow>(&key).await?.ok_or(MessagingError::UnknownNote)?;
            if !row.read {
                row.read = true;
                txn.put_as(key.clone(), &row);
                txn.adjust(queue::unread(account), -1, 0, i64::MAX);
            }
            Ok(())
        })
    }

    /// Seals with the current key whatever is not; answers how many notes there were. It may be cut
    /// short at any place and begun again.
    ///
    /// # Errors
    /// When the store fails, or a note does not open with any key that is given.
    pub async fn seal_anew(&self) -> Result<u64, MessagingError> {
        let (mut range, mut done) = (queue::inboxes().children(), 0);
        loop {
            let rows = self.store.scan(&range, Direction::Ascending, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            range.start = last.key.next();
            let mut due = Vec::new();
            for row in rows {
                let note: NoteRow = queue::parse(&row.key, &row.value)?;
                if !self.is_current(&note.content) {
                    due.push(row.key);
                }
            }
            if due.is_empty() {
                continue;
            }
            done += transact!(&self.store, |txn| {
                let mut sealed = 0;
                for key in &due {
                    let Some(mut note) = txn.get_as::<NoteRow>(key).await? else { continue };
                    let account = queue::inbox_owner(key).ok_or(MessagingError::UnknownNote)?;
                    note.content = self.seal(&account, self.open(&account, note.content)?)?;
                    txn.put_as(key.clone(), &note);
                    sealed += 1;
                }
                Ok::<_, MessagingError>(sealed)
            })?;
        }
    }

    fn seal(&self, account: &str, plain: Plain) -> Result<Content, MessagingError> {
        let Some(fields) = &self.fields else { return Ok(Content::Plain(plain)) };
        let json = serde_json::to_vec(&plain).map_err(|e| MessagingError::Sealing(e.to_string()))?;
        let sealed = fields.seal(queue::inbox(account).as_bytes(), &json);
        let sealed = sealed.map_err(|e| MessagingError::Sealing(e.to_string()))?;
        Ok(Content::Sealed { sealed: BASE64.encode(&sealed) })
    }

    fn open(&self, account: &str, content: Content) -> Result<Plain, MessagingError> {
        let sealed = match content {
            Content::Plain(plain) => return Ok(plain),
            Content::Sealed { sealed } => sealed,
        };
        let broken = |why: String| MessagingError::Sealing(format!("a note to {account}: {why}"));
        let fields = self.fields.as_ref().ok_or_else(|| broken("there are no keys".into()))?;
        let bytes = BASE64.decode(sealed.as_bytes()).map_err(|e| broken(e.to_string()))?;
        let json = fields.open(queue::inbox(account).as_bytes(), &bytes).map_err(|e| broken(e.to_string()))?;
        serde_json::from_slice(&json).map_err(|e| broken(e.to_string()))
    }

    fn is_current(&self, content: &Content) -> bool {
        match (content, &self.fields) {
            (_, None) => true,
            (Content::Plain(_), Some(_)) => false,
            (Content::Sealed { sealed }, Some(fields)) => {
                BASE64.decode(sealed.as_bytes()).is_ok_and(|bytes| fields.is_current(&bytes))
            }
        }
    }

    /// How many notes a person has not read.
    ///
    /// # Errors
    /// [`MessagingError::Store`].
    pub async fn unread_count(&self, account: &str) -> Result<u64, MessagingError> {
        Ok(u64::try_from(self.store.counter(&queue::unread(account)).await?).unwrap_or(0))
    }
}

/// The part of the key behind the account, as hexadecimal digits.
fn note_id(account: &str, key: &Key) -> String {
    let prefix = queue::inbox(account).as_bytes().len();
    HEXLOWER.encode(key.as_bytes().get(prefix..).unwrap_or_default())
}

fn note_key(account: &str, id: &str) -> Result<Key, MessagingError> {
    let suffix = HEXLOWER.decode(id.as_bytes()).map_err(|_| MessagingError::UnknownNote)?;
    if suffix.is_empty() || suffix.len() > 64 {
        return Err(MessagingError::UnknownNote);
    }
    Ok(queue::inbox(account).raw(&suffix))
}

fn check_text(what: &str, text: &Text, least: usize, most: usize) -> Result<(), MessagingError> {
    for (lang, t) in [("Chinese", &text.zh), ("English", &text.en)] {
        let n = t.trim().chars().count();
        if n < least || n > most {
            return Err(MessagingError::Invalid(format!(
                "the {what} in {lang} has {n} characters: {least} to {most} are possible"
            )));
        }
    }
    Ok(())
}

/// A path leads to the app's own origin: `//host` and `/\host` would lead a browser elsewhere.
fn check_path(path: &str) -> Result<(), MessagingError> {
    let ok = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.len() <= MAX_PATH
        && !path.chars().any(char::is_control);
    if ok {
        Ok(())
    } else {
        Err(MessagingError::Invalid(format!("the path must start with one `/` and have at most {MAX_PATH} bytes")))
    }
}
