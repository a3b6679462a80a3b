// ANCHOR: begin
//! The pages of librarians. They work with the number that a reader shows, and never learn who it is.

use crate::pages::{LAYOUT, state};
use crate::{book, loan};
use maud::{Markup, html};
use yunlong_sdk::{Form, Request, Response, StatusCode, page, t, web};

const ROLE: &[&str] = &["librarian"];
// ANCHOR_END: begin

// ANCHOR: form
/// The form for a new book.
pub(crate) fn add(req: &Request) -> web::Result<Response> {
    req.require_role(ROLE)?;
    form_page(req, &Form::new())
}

fn form_page(req: &Request, form: &Form) -> web::Result<Response> {
    let lang = req.lang();
    Ok(LAYOUT.page(
        req,
        &t("新书", "New book"),
        html! {
            (page::error_summary(lang, form))
            form method="post" action="/add" novalidate {
                (page::field(lang, form, "title", "text", &t("书名", "Title"), None))
                (page::field(lang, form, "author", "text", &t("作者", "Author"), None))
                (page::field(lang, form, "copies", "number", &t("册数", "Copies"), Some(&t("1 至 500", "1 to 500"))))
                div.actions { button type="submit" { (req.t("上架", "Add")) } }
            }
        },
    ))
}

/// Takes the form: back to it with the mistakes, or on to the book.
pub(crate) fn submit(req: &Request) -> web::Result<Response> {
    req.require_role(ROLE)?;
    let mut form = req.form()?;
    let (title, author) = (form.text("title", 1..=100), form.text("author", 1..=60));
    let copies = form.number("copies", 1..=500).and_then(|n| u32::try_from(n).ok());
    let (Some(title), Some(author), Some(copies)) = (title, author, copies) else {
        return Ok(form_page(req, &form)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let book = book::add(title, author, copies)?;
    Ok(Response::see_other(&format!("/books/{}", book.id)))
}
// ANCHOR_END: form

// ANCHOR: desk
/// Looks a loan up by its number.
pub(crate) fn desk(req: &Request) -> web::Result<Response> {
    req.require_role(ROLE)?;
    let mut form = req.query_form();
    let mut found = None;
    if form.checked("number") {
        let number = form.value("number").trim().to_uppercase();
        // An empty id is not a question to the store.
        found = if number.is_empty() { None } else { loan::get(&number)? };
        if found.is_none() {
            form.reject("number", t("没有这个取书号", "There is no such number"));
        }
    }
    let lang = req.lang();
    Ok(LAYOUT.page(
        req,
        &t("服务台", "Desk"),
        html! {
            (page::error_summary(lang, &form))
            form method="get" action="/desk" novalidate {
                (page::field(lang, &form, "number", "text", &t("取书号", "Number"), None))
                div.actions { button type="submit" { (req.t("查找", "Find")) } }
            }
            @if let Some(loan) = &found { (card(req, loan)) }
        },
    ))
}

fn card(req: &Request, loan: &loan::Loan) -> Markup {
    let (path, label) = match loan.state {
        loan::State::Ready => ("hand-out", req.t("借出", "Hand out")),
        loan::State::Lent => ("take-back", req.t("归还", "Take back")),
        loan::State::Waiting => ("", ""),
    };
    page::card(
        "loan",
        loan.title.as_deref().unwrap_or(&loan.book),
        html! {
            p { (state(req, loan.state)) }
            @if !path.is_empty() { (page::confirm(&format!("/desk/{}/{path}", loan.number), label, &[])) }
        },
    )
}

/// Hands a copy out.
pub(crate) fn hand_out(req: &Request) -> web::Result<Response> {
    req.require_role(ROLE)?;
    loan::hand_out(req.param("number"))?;
    Ok(Response::see_other("/desk"))
}
// ANCHOR_END: desk

// ANCHOR: take-back
/// Takes a copy back.
pub(crate) fn take_back(req: &Request) -> web::Result<Response> {
    req.require_role(ROLE)?;
    loan::take_back(req.param("number"))?;
    Ok(Response::see_other("/desk"))
}
// ANCHOR_END: take-back
