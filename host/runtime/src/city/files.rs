//! `city:files/files`: the installation's own files.

use super::bindings::city::files::files::{self as wit, Error};
use super::collections::Transaction;
use crate::FileAnswer;
use crate::interceptor::Interface;
use crate::state::State;
use wasmtime::component::Resource;
use yunlong_files::{File, FileError, NewTicket, Owner, Ticket, Who};
use yunlong_installations::Capability;
use yunlong_model::Kind;

/// What attaching or deleting a file stages, beside its row: keys and the row of what expires.
const STAGED: usize = 4_096;

impl From<FileError> for Error {
    fn from(e: FileError) -> Self {
        match e {
            FileError::Undeclared(area) => Self::Undeclared(area),
            FileError::NotFound => Self::NotFound,
            FileError::NotYours => Self::NotYours,
            FileError::Attached(to) => Self::Attached(to),
            FileError::Invalid(why) => Self::Invalid(why),
            FileError::TooLarge { .. } | FileError::OverQuota { .. } => Self::TooLarge(e.to_string()),
            FileError::WrongType { .. } => Self::WrongType(e.to_string()),
            FileError::Busy | FileError::Blob(_) | FileError::Store(_) | FileError::Commit(_) => {
                Self::Unavailable(e.to_string())
            }
            e => Self::Other(e.to_string()),
        }
    }
}

impl From<File> for wit::File {
    fn from(f: File) -> Self {
        Self {
            id: f.id.to_string(),
            area: f.area,
            name: f.name,
            media_type: f.media_type,
            size: f.size,
            sha256: f.sha256,
            created: f.created.as_u64(),
            uploader: f.uploader,
            attached_to: f.attached_to,
            expires: f.expires.map(yunlong_model::Timestamp::as_u64),
        }
    }
}

fn ticket(token: &str, t: &Ticket) -> wit::Ticket {
    wit::Ticket {
        action: format!("/_city/files/{token}"),
        uploads: format!("/_city/files/{token}/uploads"),
        accept: t.accept.join(","),
        max_bytes: t.max_bytes,
        expires: t.expires.as_u64(),
    }
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Unwraps the inner result, answering its error to the guest.
macro_rules! attempt {
    ($e:expr) => {
        match $e {
            Ok(v) => v,
            Err(e) => return Ok(Err(Error::from(e))),
        }
    };
}

/// The id of a file, as a guest writes it.
macro_rules! id {
    ($text:expr) => {
        match $text.parse() {
            Ok(id) => id,
            Err(_) => return Ok(Err(Error::NotFound)),
        }
    };
}

impl State {
    /// Passes the interceptor.
    fn files(&self, function: &'static str) -> Answer<()> {
        Ok(self.interceptor.fallible(Interface::Files, function)?.map_err(Error::Unavailable))
    }

    /// Checks the grant of an area.
    fn area(&self, area: &str) -> Result<(), Error> {
        let granted = self.interceptor.granted(|c| matches!(c, Capability::Files(a) if a == area));
        if granted { Ok(()) } else { Err(Error::Undeclared(area.chars().take(60).collect())) }
    }

    fn owner(&self) -> Owner<'_> {
        let own = &self.invocation.installation;
        Owner { name: &own.name, manifest: &own.manifest, quota: self.services.installations.quota(&own.name) }
    }

    /// A file, if its area is granted.
    async fn granted_file(&mut self, id: &str) -> Answer<File> {
        let id = id!(id);
        let file = attempt!(self.services.files.stat(&self.invocation.installation.name, id).await);
        Ok(self.area(&file.area).map(|()| file))
    }
}

impl wit::Host for State {
    async fn issue_ticket(&mut self, wanted: wit::NewTicket) -> Answer<wit::Ticket> {
        attempt!(self.files("issue-ticket")?);
        attempt!(self.area(&wanted.area));
        let principal = &self.invocation.principal;
        let Some(subject) = principal.subject.as_deref().filter(|_| principal.kind != Kind::Service) else {
            return Ok(Err(Error::NotSignedIn));
        };
        let new = NewTicket {
            area: wanted.area,
            max_bytes: wanted.max_bytes,
            accept: wanted.accept,
            max_files: wanted.max_files,
            return_path: wanted.return_path,
        };
        let (token, issued) = attempt!(self.services.files.issue(self.owner(), subject, new));
        Ok(Ok(ticket(&token, &issued)))
    }

    async fn stat(&mut self, id: String) -> Answer<wit::File> {
        attempt!(self.files("stat")?);
        Ok(self.granted_file(&id).await?.map(Into::into))
    }

    async fn attached(&mut self, to: String) -> Answer<Vec<wit::File>> {
        attempt!(self.files("attached")?);
        let found = attempt!(self.services.files.attached(&self.invocation.installation.name, &to).await);
        Ok(Ok(found.into_iter().filter(|f| self.area(&f.area).is_ok()).map(Into::into).collect()))
    }

    async fn read(&mut self, id: String, offset: u64, length: u32) -> Answer<Vec<u8>> {
        attempt!(self.files("read")?);
        let file = attempt!(self.granted_file(&id).await?);
        let name = &self.invocation.installation.name;
        let bytes = attempt!(self.services.files.read(name, file.id, offset, length).await);
        Ok(Ok(bytes.to_vec()))
    }

    async fn write(&mut self, new: wit::NewFile) -> Answer<wit::File> {
        attempt!(self.files("write")?);
        attempt!(self.area(&new.area));
        let (services, content) = (self.services.clone(), new.content.into());
        let file = attempt!(services.files.write(self.owner(), &new.area, &new.name, content).await);
        Ok(Ok(file.into()))
    }

    async fn attach(&mut self, transaction: Resource<Transaction>, id: String, to: String) -> Answer<wit::File> {
        attempt!(self.files("attach")?);
        let file = attempt!(self.granted_file(&id).await?);
        let (services, invocation) = (self.services.clone(), &self.invocation);
        let name = invocation.installation.name.clone();
        let (kind, subject) = (invocation.principal.kind, invocation.principal.subject.clone());
        let who = if kind == Kind::Service { Who::Installation } else { Who::Person(subject.as_deref()) };
        let t = self.table.get_mut(&transaction)?;
        if let Err(e) = t.room_for(STAGED + to.len()) {
            return Ok(Err(Error::Invalid(e)));
        }
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        let attached = attempt!(services.files.attach(txn, &name, who, file.id, &to).await);
        Ok(Ok(attached.into()))
    }

    async fn remove(&mut self, transaction: Resource<Transaction>, id: String) -> Answer<()> {
        attempt!(self.files("remove")?);
        let file = match self.granted_file(&id).await? {
            Ok(file) => Some(file),
            Err(Error::NotFound) => None,
            Err(e) => return Ok(Err(e)),
        };
        let (services, name) = (self.services.clone(), self.invocation.installation.name.clone());
        let t = self.table.get_mut(&transaction)?;
        if let Err(e) = t.room_for(STAGED) {
            return Ok(Err(Error::Invalid(e)));
        }
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        let Some(file) = file else { return Ok(Ok(())) };
        Ok(services.files.delete(txn, &name, file.id).await.map_err(Into::into))
    }

    async fn serve(&mut self, id: String, how: wit::Disposition) -> Answer<String> {
        attempt!(self.files("serve")?);
        let file = attempt!(self.granted_file(&id).await?);
        let inline = matches!(how, wit::Disposition::Inline);
        Ok(Ok(FileAnswer { id: file.id.to_string(), inline }.to_string()))
    }
}
