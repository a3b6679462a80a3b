//! Beginning an upload, looking at one, and giving it up.

use crate::content::FileKey;
use crate::limits::{EXPIRES_MILLIS, MAX_NAME, MAX_OPEN};
use crate::row::{self, Growing, Row, State};
use crate::service::{Files, Owner};
use crate::{FileError, keys};
use bytes::Bytes;
use yunlong_blobs::UploadId;
use yunlong_model::{InstallationName, Timestamp};
use yunlong_store::{Direction, transact};

/// What is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpload {
    /// The area.
    pub area: String,
    /// The name that it has at the person's computer.
    pub name: String,
    /// The person's subject; `None` for what the app writes itself.
    pub uploader: Option<String>,
    /// At most so many bytes; the area's limit when it is smaller.
    pub max_bytes: u64,
    /// The types that are taken; those of the area when empty.
    pub accept: Vec<String>,
    /// The bytes that it will have, if that is known.
    pub length: Option<u64>,
}

/// How far an upload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The bytes that are durable: where to go on.
    pub at: u64,
    /// The bytes that it will have, if that was said.
    pub length: Option<u64>,
    /// Whether it is whole.
    pub done: bool,
    /// Until when it stays as it is.
    pub expires: Option<Timestamp>,
}

impl Files {
    /// Begins an upload. The bytes that it may have are taken from the quota at once.
    ///
    /// # Errors
    /// [`FileError::Undeclared`], [`FileError::TooLarge`], [`FileError::OverQuota`], [`FileError::TooManyOpen`];
    /// [`FileError::Closed`] when the installation was removed.
    pub async fn begin(&self, owner: Owner<'_>, new: NewUpload) -> Result<UploadId, FileError> {
        let area = owner.area(&new.area)?;
        let max = new.max_bytes.min(area.max_bytes());
        if new.length.is_some_and(|length| length > max) {
            return Err(FileError::TooLarge { limit: max });
        }
        let reserved = new.length.unwrap_or(max);
        let expires = self.clock.now().plus_millis(EXPIRES_MILLIS);
        let key = area.personal.as_ref().map(|_| FileKey::generate()).transpose()?.map(|(_, text)| text);
        let id = UploadId::random();
        let row = Row {
            area: new.area,
            name: cleaned(&new.name),
            uploader: new.uploader,
            expires: Some(expires),
            to: None,
            key,
            reserved,
            state: State::Growing(Growing {
                max,
                accept: if new.accept.is_empty() { area.accept.clone() } else { new.accept },
                length: new.length,
                received: 0,
                stored: 0,
                plain: String::new(),
                sealed: String::new(),
                head: String::new(),
                tail: String::new(),
                media_type: None,
            }),
        };
        let quota = i64::try_from(owner.quota).unwrap_or(i64::MAX);
        let taken = i64::try_from(reserved).unwrap_or(i64::MAX);
        transact!(&self.store, |txn| {
            // Read: an installation that is removed meanwhile makes this a conflict.
            if txn.get(&keys::closed(owner.name)).await?.is_some() {
                return Err(FileError::Closed);
            }
            if let Some(subject) = &row.uploader {
                let open = keys::open(owner.name, subject);
                if txn.scan(&open.children(), Direction::Ascending, MAX_OPEN).await?.len() >= MAX_OPEN {
                    return Err(FileError::TooManyOpen);
                }
                txn.put(open.text(&id.to_string()), Bytes::new());
                txn.put(keys::by(owner.name, subject).text(&id.to_string()), Bytes::new());
            }
            row::put(txn, &self.keys, owner.name, id, &row)?;
            txn.put_as(keys::expires(expires, id), owner.name);
            txn.adjust(keys::bytes(owner.name), taken, 0, quota);
            Ok::<_, FileError>(())
        })?;
        Ok(id)
    }

    /// How far an upload of a person is.
    ///
    /// # Errors
    /// [`FileError::NotFound`], also for another person's.
    pub async fn progress(
        &self,
        installation: &InstallationName,
        id: UploadId,
        uploader: &str,
    ) -> Result<Progress, FileError> {
        let row = self.theirs(installation, id, uploader).await?;
        Ok(progress_of(&row))
    }

    /// Gives an upload up, or a file that is not attached.
    ///
    /// # Errors
    /// [`FileError::NotFound`], also for another person's; [`FileError::Attached`].
    pub async fn cancel(&self, installation: &InstallationName, id: UploadId, uploader: &str) -> Result<(), FileError> {
        let row = self.theirs(installation, id, uploader).await?;
        if let Some(to) = row.to {
            return Err(FileError::Attached(to));
        }
        let _turn = self.turn(id)?;
        self.forget(installation, id).await
    }

    /// Forgets a file or an upload, and removes its bytes.
    pub(crate) async fn forget(&self, installation: &InstallationName, id: UploadId) -> Result<(), FileError> {
        transact!(&self.store, |txn| { self.stage_forget(txn, installation, id).await })?;
        self.remove_soon(id).await
    }

    async fn theirs(&self, installation: &InstallationName, id: UploadId, uploader: &str) -> Result<Row, FileError> {
        let row = self.row(installation, id).await?.ok_or(FileError::NotFound)?;
        // Neither whether it is there nor how far it is is told to anybody else.
        if row.uploader.as_deref() != Some(uploader) || row.has_expired(self.clock.now()) {
            return Err(FileError::NotFound);
        }
        Ok(row)
    }

    /// The row of a file or an upload as it is committed.
    pub(crate) async fn row(&self, installation: &InstallationName, id: UploadId) -> Result<Option<Row>, FileError> {
        let key = keys::file(installation, id);
        let found = self.store.get(&key).await?;
        found.map(|v| row::opened(&self.keys, &key, &v.value)).transpose()
    }
}

pub(crate) fn progress_of(row: &Row) -> Progress {
    match &row.state {
        State::Growing(g) => Progress { at: g.received, length: g.length, done: false, expires: row.expires },
        State::Placing(w) | State::Placed(w) => {
            Progress { at: w.size, length: Some(w.size), done: true, expires: row.expires }
        }
    }
}

/// A name as it is kept: without a path, without characters that cannot be seen or that turn the direction of what
/// follows, at most [`MAX_NAME`] bytes, its ending kept.
pub(crate) fn cleaned(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or("");
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    let name: String = name.chars().filter(|c| !unseen(*c)).collect();
    let name = name.trim().trim_matches('.');
    if name.is_empty() {
        return "file".to_owned();
    }
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map_or("", |(_, e)| e);
    let ending = if ending.len() <= 12 && ending.bytes().all(|b| b.is_ascii_alphanumeric()) { ending } else { "" };
    let room = MAX_NAME - ending.len() - 1;
    let mut cut = String::new();
    for c in name.chars() {
        if cut.len() + c.len_utf8() > room {
            break;
        }
        cut.push(c);
    }
    if ending.is_empty() { cut } else { format!("{cut}.{ending}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_leads_nowhere() {
        for (given, kept) in [
            ("坑洼.jpg", "坑洼.jpg"),
            ("C:\\照片\\a.jpg", "a.jpg"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
            ("photo\u{202E}gpj.exe", "photogpj.exe"),
            ("  ", "file"),
            ("..", "file"),
            (".htaccess", "htaccess"),
        ] {
            assert_eq!(cleaned(given), kept, "{given:?}");
        }
        let long = cleaned(&format!("{}.pdf", "证".repeat(300)));
        assert!(long.len() <= MAX_NAME && long.ends_with(".pdf"), "{long}");
    }
}
