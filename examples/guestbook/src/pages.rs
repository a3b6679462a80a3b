//! The pages.

use crate::api::checked;
use crate::entry::{self, Entry};
use maud::{Markup, html};
use yunlong_sdk::{
    DataError, Error, Form, Layout, NavItem, Request, Response, StatusCode, Tone, clock, identity, page, t, web,
};

pub(crate) static LAYOUT: Layout = Layout::new(t("留言簿", "Guestbook"))
    .nav(|_| {
        vec![
            NavItem::new("/", t("留言", "Messages")),
            NavItem::new("/days", t("统计", "Figures")),
            NavItem::new("/write", t("写留言", "Write")),
        ]
    })
    .help("/help");

// ANCHOR: list
/// Everybody's messages, newest first.
pub(crate) fn list(req: &Request) -> web::Result<Response> {
    let after = req.query_value("after");
    let at_start = after.is_none();
    let found = entry::visible(after)?;
    let moderator = req.principal().has_role("moderator");
    Ok(LAYOUT.page(req, &t("留言", "Messages"), html! {
        @if req.query_value("left").is_some() { (page::notice(Tone::Ok, req.t("谢谢您的留言。", "Thank you for your message."))) }
        @if found.items.is_empty() {
            (page::empty(html! { p { (req.t("还没有留言。", "There are no messages yet.")) } a href="/write" { (req.t("写第一条", "Write the first")) } }))
        }
        div.grid { @for e in &found.items { (card(req, e, moderator)) } }
        (page::pager(req.lang(), "/", &[], at_start, found.next.as_deref()))
    }))
}
// ANCHOR_END: list

fn card(req: &Request, entry: &Entry, moderator: bool) -> Markup {
    page::card(
        &format!("entry-{}", entry.id),
        &entry.name,
        html! {
            p { (entry.text) }
            p.muted { time datetime=(clock::rfc3339(entry.time)) { (clock::minute(entry.time)) } }
            @if moderator {
                (page::confirm(&format!("/entries/{}/hide", entry.id), html! {
                    (req.t("隐藏", "Hide")) span.visually-hidden { " " (entry.name) }
                }, &[]))
            }
        },
    )
}

/// The form, for those who signed in.
pub(crate) fn write(req: &Request) -> web::Result<Response> {
    req.subject()?;
    form_page(req, &Form::new(), None)
}

// ANCHOR: form
fn form_page(req: &Request, form: &Form, message: Option<Markup>) -> web::Result<Response> {
    let lang = req.lang();
    let left = match &req.principal().subject {
        Some(author) => Some((entry::allowance()? - entry::count_of(author)?).max(0)),
        None => None,
    };
    Ok(LAYOUT.page(req, &t("写留言", "Write a message"), html! {
        @if let Some(m) = message { (m) }
        (page::error_summary(lang, form))
        @if let Some(left) = left { p { (req.t("您还可以留言：", "Messages you may still leave: ")) (left) } }
        form method="post" action="/write" novalidate {
            (page::field(lang, form, "name", "text", &t("署名", "Name to show"), None))
            (page::textarea(lang, form, "text", 5, &t("留言", "Message"), Some(&t("最多 500 个字符，所有人可见。", "At most 500 characters; everybody can read it."))))
            div.actions { button type="submit" { (req.t("发布", "Publish")) } }
        }
    }))
}
// ANCHOR_END: form

// ANCHOR: submit
/// Takes the form: back to it with the mistakes, or on to the list. Whatever stands in the way,
/// what was typed comes back.
pub(crate) fn submit(req: &Request) -> web::Result<Response> {
    let mut form = req.form()?;
    let Some(author) = req.principal().subject.clone() else {
        return Ok(form_page(req, &form, Some(sign_in_again(req)))?.status(StatusCode::UNAUTHORIZED));
    };
    let Some(new) = checked(&mut form) else {
        return Ok(form_page(req, &form, None)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    match entry::add(&author, new) {
        Ok(_) => Ok(Response::see_other("/?left=1")),
        Err(Error::Problem(p)) => {
            let message = page::notice(Tone::Bad, html! { p { (p.title().get(req.lang())) } });
            Ok(form_page(req, &form, Some(message))?.status(p.status()))
        }
        Err(Error::Data(DataError::Conflict | DataError::Unavailable(_))) => {
            let busy = req.t("人太多，请稍后再点“发布”。", "Very busy: publish again in a moment.");
            let message = page::notice(Tone::Warn, html! { p { (busy) } });
            Ok(form_page(req, &form, Some(message))?.status(StatusCode::SERVICE_UNAVAILABLE))
        }
        Err(e) => Err(e),
    }
}
// ANCHOR_END: submit

/// The session ended while the form was filled in.
fn sign_in_again(req: &Request) -> Markup {
    page::notice(
        Tone::Warn,
        html! {
            p { (req.t("您的登录已过期。请在新窗口登录，再回到这里发布，已填写的内容不会丢失。", "Your session has ended. Sign in in another window and publish again here; nothing that you typed is lost.")) }
            p { a href=(identity::sign_in_url("/")) target="_blank" rel="noopener" { (req.t("登录（新窗口）", "Sign in (new window)")) } }
        },
    )
}

/// A moderator hides a message.
pub(crate) fn hide(req: &Request) -> web::Result<Response> {
    req.require_role(&["moderator"])?;
    entry::hide(req.param("id"))?;
    Ok(Response::see_other("/"))
}

/// Help.
pub(crate) fn help(req: &Request) -> web::Result<Response> {
    Ok(LAYOUT.page(req, &t("帮助", "Help"), html! {
        p { (req.t("登录后可以留言。留言对所有人可见，署名由您自己决定。管理员可以隐藏不当留言。",
            "Sign in to leave a message. Everybody can read it; you choose the name to show. A moderator may hide messages that do not belong here.")) }
    }))
}
