//! Files between browsers and the store: `/_city/files/…` at an app's origin, and answers that are files.
//!
//! Their bytes pass by the guests. A ticket of the app ([`yunlong_files::Ticket`]) says who may bring what: a form with
//! files ([`form`]) is taken apart on its way to the app, a script goes on with its upload after a cut ([`tus`]). An
//! answer whose header `city-file` names a file of the same installation is sent as that file ([`download`]).

mod download;
mod form;
mod range;
mod source;
mod tus;

pub(crate) use download::{Asked, Sent, send};

use crate::apps;
use crate::failure::{Failure, Outcome, kinds};
use crate::view::View;
use axum::body::Body;
use http::{Method, request::Parts};
use std::sync::Arc;
use yunlong_files::{FileError, Owner, Ticket, TicketError};
use yunlong_installations::{Capability, Installation};
use yunlong_model::InstallationName;

/// Where this begins in an app's paths.
pub(crate) const PREFIX: &str = "/_city/files/";

/// A person who shows a ticket.
struct Bringer<'a> {
    view: &'a View,
    installation: &'a Arc<Installation>,
    ticket: Ticket,
    token: &'a str,
}

impl Bringer<'_> {
    fn files(&self) -> &yunlong_files::Files {
        &self.view.gateway.services.files
    }

    fn owner(&self) -> Owner<'_> {
        let i = self.installation;
        let quota = self.view.gateway.services.installations.quota(&i.name);
        Owner { name: &i.name, manifest: &i.manifest, quota }
    }
}

/// Answers what comes under [`PREFIX`].
pub(crate) async fn answer(view: &View, name: &InstallationName, parts: Parts, body: Body) -> Outcome {
    let path = parts.uri.path().to_owned();
    let mut segments = path.strip_prefix(PREFIX).unwrap_or("").split('/');
    let (token, upload) = (segments.next().unwrap_or(""), segments.next());
    let (id, more) = (segments.next(), segments.next());
    if token.is_empty() || more.is_some() || upload.is_some_and(|u| u != "uploads") {
        return Err(Failure::not_found());
    }
    if upload.is_some() && parts.method == Method::OPTIONS {
        return Ok(tus::abilities());
    }
    let installation = apps::ready(view, name).await?;
    let services = &view.gateway.services;
    let subject = match &view.session {
        Some(session) => services.identity.principal(Some(session), name).await?.subject,
        None => None,
    };
    let ticket = services.files.ticket(token, name, subject.as_deref()).map_err(FileError::from)?;
    // A ticket that was issued before a permission was revoked lets nobody in behind it.
    if !installation.is_granted(&Capability::Files(ticket.area.clone())) {
        return Err(FileError::Undeclared(ticket.area).into());
    }
    let bringer = Bringer { view, installation: &installation, ticket, token };
    match (&parts.method, upload, id) {
        (&Method::POST, None, None) => form::send(&bringer, parts, body).await,
        (_, Some(_), id) => tus::answer(&bringer, id, &parts, body).await,
        (_, None, None) => Err(Failure::new(kinds::METHOD_NOT_ALLOWED)),
        _ => Err(Failure::not_found()),
    }
}

fn mib(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{} KiB", bytes.div_ceil(1 << 10)) } else { format!("{} MiB", bytes >> 20) }
}

impl From<FileError> for Failure {
    fn from(e: FileError) -> Self {
        let en = e.to_string();
        match e {
            FileError::Ticket(TicketError::Forged) | FileError::NotFound | FileError::Undeclared(_) => {
                Self::not_found().because("文件不存在或已过期，请返回上一页重试。", en)
            }
            FileError::Ticket(TicketError::Expired) => {
                Self::new(kinds::CONFLICT).because("页面打开得太久，请重新打开页面后再上传。", en)
            }
            FileError::Ticket(TicketError::OtherInstallation | TicketError::OtherPerson) | FileError::NotYours => {
                Self::new(kinds::FORBIDDEN).because("请用打开该页面的账号登录，并重新打开页面。", en)
            }
            FileError::TooLarge { limit } => {
                let most = mib(limit);
                Self::new(kinds::BODY_TOO_LARGE)
                    .because(format!("每个文件最大 {most}。"), format!("A file can have {most} at most."))
            }
            FileError::WrongType { found, wanted } => Self::new(kinds::UNSUPPORTED_MEDIA).because(
                format!("该文件是 {found}，这里只接收 {}。文件类型按内容识别，与文件名无关。", wanted.join("、")),
                format!(
                    "The file is {found}, and {} is taken here. What counts is the content, whatever the name says.",
                    wanted.join(", ")
                ),
            ),
            FileError::OverQuota { .. } => Self::new(kinds::STORAGE_FULL).because(
                "该应用的文件存储空间已满，请联系其主管部门。",
                "The app has no room for more files: tell the department that runs it.",
            ),
            FileError::TooManyOpen => Self::new(kinds::RATE_LIMITED).retry_after(3_600).because(
                "您已上传而未提交的文件太多，请先提交，或等待其过期。",
                "You have uploaded too many files without sending the form: send it, or wait until they expire.",
            ),
            FileError::Attached(_) | FileError::Offset { .. } => {
                Self::new(kinds::CONFLICT).because("该上传已有进展，请重新查询后继续。", en)
            }
            FileError::Invalid(why) => Self::new(kinds::INVALID).saying(why),
            FileError::Checksum => Self::new(kinds::INVALID).because("内容与校验值不符，请重新发送。", en),
            FileError::Cut => {
                Self::new(kinds::MALFORMED).because("文件没有完整送达，请重试。", "The file did not arrive whole.")
            }
            FileError::Busy => Self::new(kinds::BUSY).retry_after(2).because("该上传正在进行，请稍候。", en),
            FileError::Closed => Self::new(kinds::NO_SUCH_SERVICE),
            FileError::Store(e) => e.into(),
            FileError::Commit(e) => e.into(),
            FileError::Blob(e) => Self::internal(e),
        }
    }
}
