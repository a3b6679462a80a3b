// ANCHOR: begin
//! The pages of readers.

use crate::book::{self, Book};
use crate::loan::{self, Loan, State};
use maud::{Markup, html};
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::{Layout, NavItem, Request, Response, Stored, Text, Tone, clock, t, web};
// ANCHOR_END: begin

// ANCHOR: layout
pub(crate) static LAYOUT: Layout = Layout::new(t("图书预约", "Library"))
    .nav(|req| {
        let mut nav = vec![NavItem::new("/", t("书目", "Books")), NavItem::new("/mine", t("我的图书", "My books"))];
        if req.principal().has_role("librarian") {
            nav.push(NavItem::new("/desk", t("服务台", "Desk")));
            nav.push(NavItem::new("/add", t("新书", "New book")));
        }
        nav
    })
    .help("/help");
// ANCHOR_END: layout

// ANCHOR: shelf
/// All books, by title.
pub(crate) fn shelf(req: &Request) -> web::Result<Response> {
    let after = req.query_value("after");
    let at_start = after.is_none();
    let found = book::page(after)?;
    let columns = [
        Column::new(req.t("书名", "Title"), |b: &Stored<Book>| html! { a href={ "/books/" (b.id) } { (b.title) } }),
        Column::new(req.t("作者", "Author"), |b: &Stored<Book>| html! { (b.author) }),
        Column::new(req.t("可借", "Free"), |b: &Stored<Book>| html! { (b.free()) }).numeric(),
    ];
    Ok(LAYOUT.page(
        req,
        &t("书目", "Books"),
        html! {
            @if found.items.is_empty() {
                (page::empty(html! { p { (req.t("还没有图书。", "There are no books yet.")) } }))
            } @else {
                (page::table(req.t("馆藏图书", "Books of the library"), &columns, found.items))
            }
            (page::pager(req.lang(), "/", &[], at_start, found.next.as_deref()))
        },
    ))
}
// ANCHOR_END: shelf

// ANCHOR: book
/// One book, and the button.
pub(crate) fn book(req: &Request) -> web::Result<Response> {
    let book = book::get(req.param("id"))?;
    let label = if book.free() > 0 { req.t("预约", "Reserve") } else { req.t("排队等候", "Wait in line") };
    Ok(LAYOUT.page(
        req,
        &Text::new(book.title.clone(), book.title.clone()),
        html! {
            p { (book.author) }
            p { (req.t("可借 ", "Free: ")) (book.free()) (req.t(" 册，共 ", " of ")) (book.copies) (req.t(" 册", "")) }
            (page::confirm(&format!("/books/{}/reserve", book.id), label, &[]))
        },
    ))
}

/// Reserves it. Who is not signed in is led to the portal, and back.
pub(crate) fn reserve(req: &Request) -> web::Result<Response> {
    let reader = req.subject()?;
    loan::reserve(reader, req.param("id"))?;
    Ok(Response::see_other("/mine"))
}
// ANCHOR_END: book

// ANCHOR: mine
/// What this person has, and waits for.
pub(crate) fn mine(req: &Request) -> web::Result<Response> {
    let loans = loan::of(req.subject()?)?;
    Ok(LAYOUT.page(req, &t("我的图书", "My books"), html! {
        @if loans.is_empty() {
            (page::empty(html! { p { (req.t("您没有预约，也没有借书。", "You have no book, and wait for none.")) } a href="/" { (req.t("看书目", "Look at the books")) } }))
        }
        div.grid { @for loan in &loans { (card(req, loan)) } }
    }))
}
// ANCHOR_END: mine

// ANCHOR: card
fn card(req: &Request, loan: &Loan) -> Markup {
    let title = loan.title.as_deref().unwrap_or_else(|| req.t("（书名已删除）", "(title erased)"));
    let body = html! {
        p { (state(req, loan.state)) }
        @if let Some(until) = loan.until {
            p { (req.t("期限：", "Until ")) time datetime=(clock::rfc3339(until)) { (clock::minute(until)) } }
        }
        @if loan.state == State::Lent {
            p.muted { (req.t("还书时请出示 ", "When you bring it back, show ")) strong { (loan.number) } }
        } @else {
            p.muted { (req.t("取书时请出示 ", "When you fetch it, show ")) strong { (loan.number) } }
            (page::confirm(&format!("/loans/{}/cancel", loan.number), html! {
                (req.t("取消预约", "Cancel")) span.visually-hidden { " " (title) }
            }, &[]))
        }
    };
    page::card(&format!("loan-{}", loan.number), title, body)
}

/// A state in words.
pub(crate) fn state(req: &Request, state: State) -> Markup {
    match state {
        State::Waiting => page::badge(Tone::Info, req.t("等候中", "Waiting")),
        State::Ready => page::badge(Tone::Ok, req.t("可以取书", "At the desk")),
        State::Lent => page::badge(Tone::Warn, req.t("已借出", "Lent")),
    }
}
// ANCHOR_END: card

// ANCHOR: cancel
/// Gives a reservation up.
pub(crate) fn cancel(req: &Request) -> web::Result<Response> {
    let reader = req.subject()?;
    loan::cancel(reader, req.param("number"))?;
    Ok(Response::see_other("/mine"))
}

/// Help.
pub(crate) fn help(req: &Request) -> web::Result<Response> {
    Ok(LAYOUT.page(req, &t("帮助", "Help"), html! {
        p { (req.t("登录后可以预约。有空闲的书会为您保留几天；没有的，您按次序等候，到馆时会收到通知。",
            "Sign in to reserve a book. A free copy is kept for you for some days; otherwise you wait in line and get a note when it is here.")) }
    }))
}
// ANCHOR_END: cancel
