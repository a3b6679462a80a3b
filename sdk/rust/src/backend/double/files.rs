//! Files in memory. What they are is said by the test that uploads them: the double recognizes nothing.

use super::{Manifest, State};
use crate::files::{File, FileError, NewTicket, Show, Ticket};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const MAX_READ: u32 = 1 << 20;
const MAX_WRITTEN: usize = 4 << 20;
const DAY: u64 = 24 * 3_600_000;

/// An area of `app.toml`.
#[derive(Clone, Deserialize)]
pub(crate) struct Area {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) accept: Vec<String>,
    max_mib: Option<u64>,
}

impl Area {
    fn max_bytes(&self) -> u64 {
        self.max_mib.unwrap_or(10) << 20
    }

    fn takes(&self, media_type: &str) -> bool {
        self.accept.iter().any(|pattern| match pattern.strip_suffix("/*") {
            Some("*") => true,
            Some(family) => media_type != "image/svg+xml" && media_type.split('/').next() == Some(family),
            None => pattern == media_type,
        })
    }
}

/// What a transaction asks.
#[derive(Clone, Debug)]
pub(crate) enum FileOp {
    Attach(String, String),
    Delete(String),
}

#[derive(Default)]
pub(crate) struct Files {
    all: BTreeMap<String, (File, Vec<u8>)>,
}

impl Files {
    pub(crate) fn apply(&mut self, op: FileOp) {
        match op {
            FileOp::Attach(id, to) => {
                if let Some((file, _)) = self.all.get_mut(&id) {
                    (file.attached_to, file.expires) = (Some(to), None);
                }
            }
            FileOp::Delete(id) => drop(self.all.remove(&id)),
        }
    }
}

fn area<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a Area, FileError> {
    manifest.files.iter().find(|a| a.name == name).ok_or_else(|| FileError::Undeclared(name.to_owned()))
}

pub(crate) fn issue(c: &State, wanted: &NewTicket) -> Result<Ticket, FileError> {
    let area = area(&c.manifest, &wanted.area)?;
    if c.person().is_none() {
        return Err(FileError::NotSignedIn);
    }
    if !(1..=20).contains(&wanted.max_files) || !wanted.return_path.starts_with('/') {
        return Err(FileError::Invalid("1 to 20 files, and a path of the app".into()));
    }
    if let Some(other) = wanted.accept.iter().find(|t| !area.accept.contains(t) && !area.takes(t)) {
        return Err(FileError::Invalid(format!("the area `{}` does not take {other}", wanted.area)));
    }
    let accept = if wanted.accept.is_empty() { &area.accept } else { &wanted.accept };
    Ok(Ticket {
        action: format!("/_city/files/ticket-{}", wanted.area),
        uploads: format!("/_city/files/ticket-{}/uploads", wanted.area),
        accept: accept.join(","),
        max_bytes: wanted.max_bytes.unwrap_or(u64::MAX).min(area.max_bytes()),
        expires: c.now + DAY / 2,
        max_files: wanted.max_files,
    })
}

/// A file as it is there once an upload is whole.
pub(crate) fn add(
    c: &mut State,
    name: (&str, &str),
    media_type: &str,
    content: Vec<u8>,
    uploader: Option<String>,
) -> Result<File, FileError> {
    let (area_name, name) = name;
    let area = area(&c.manifest, area_name)?;
    if content.len() as u64 > area.max_bytes() {
        return Err(FileError::TooLarge(format!("at most {} bytes", area.max_bytes())));
    }
    if !area.takes(media_type) {
        return Err(FileError::WrongType(format!(
            "the file is {media_type}, and {} is wanted",
            area.accept.join(", ")
        )));
    }
    let id = format!("{:08x}-0000-4000-8000-{:012x}", c.next_random() as u32, c.files.all.len());
    let file = File {
        id: id.clone(),
        area: area_name.to_owned(),
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        size: content.len() as u64,
        sha256: Sha256::digest(&content).iter().map(|b| format!("{b:02x}")).collect(),
        created: c.now,
        uploader,
        attached_to: None,
        expires: Some(c.now + DAY),
    };
    c.files.all.insert(id, (file.clone(), content));
    Ok(file)
}

/// The file that an app writes: of a type that its name tells, among those that apps write.
pub(crate) fn write(c: &mut State, area: &str, name: &str, content: Vec<u8>) -> Result<File, FileError> {
    if name.is_empty() || name.contains(['/', '\\']) {
        return Err(FileError::Invalid("the name of a file has no path".into()));
    }
    if content.len() > MAX_WRITTEN {
        return Err(FileError::TooLarge(format!("at most {MAX_WRITTEN} bytes")));
    }
    let media_type = match name.rsplit_once('.').map(|(_, e)| e) {
        Some("pdf") => "application/pdf",
        Some("csv") => "text/csv",
        Some("json") => "application/json",
        Some("txt") => "text/plain",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    };
    add(c, (area, name), media_type, content, None)
}

fn found<'a>(c: &'a State, id: &str) -> Result<&'a (File, Vec<u8>), FileError> {
    c.files.all.get(id).filter(|(f, _)| f.expires.is_none_or(|at| at > c.now)).ok_or(FileError::NotFound)
}

pub(crate) fn stat(c: &State, id: &str) -> Result<File, FileError> {
    found(c, id).map(|(file, _)| file.clone())
}

pub(crate) fn attached(c: &State, to: &str) -> Vec<File> {
    let of = |f: &&File| f.attached_to.as_deref() == Some(to);
    c.files.all.values().map(|(f, _)| f).filter(of).take(100).cloned().collect()
}

pub(crate) fn read(c: &State, id: &str, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
    if length > MAX_READ {
        return Err(FileError::Invalid(format!("at most {MAX_READ} bytes at once")));
    }
    let (_, content) = found(c, id)?;
    let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
    let to = from.saturating_add(length as usize).min(content.len());
    Ok(content.get(from..to).unwrap_or_default().to_vec())
}

pub(crate) fn serve(c: &State, id: &str, how: Show) -> Result<String, FileError> {
    found(c, id)?;
    Ok(format!("{id}; {}", if how == Show::Inline { "inline" } else { "attachment" }))
}

/// Whether a file may be attached, and what it is then.
pub(crate) fn attach(c: &State, id: &str, to: &str) -> Result<File, FileError> {
    let (file, _) = found(c, id)?;
    if to.is_empty() || to.len() > 256 {
        return Err(FileError::Invalid("what a file is attached to has a name of 1 to 256 bytes".into()));
    }
    match &file.attached_to {
        Some(there) if there == to => {}
        Some(other) => return Err(FileError::Attached(other.clone())),
        None if c.principal.kind != crate::Kind::Service && file.uploader.is_some() && file.uploader != c.person() => {
            return Err(FileError::NotYours);
        }
        None => {}
    }
    Ok(File { attached_to: Some(to.to_owned()), expires: None, ..file.clone() })
}
