//! The pages.

use crate::report::{self, PHOTOS, Report};
use maud::{Markup, html};
use yunlong_sdk::files::{self, NewTicket, Show};
use yunlong_sdk::{Form, Layout, NavItem, Page, Problem, Request, Response, StatusCode, Tone, clock, page, t, web};

static LAYOUT: Layout = Layout::new(t("随手拍", "Potholes")).nav(|req| {
    let mut all = vec![NavItem::new("/", t("我的上报", "My reports")), NavItem::new("/report", t("上报", "Report"))];
    if req.principal().has_role("inspector") {
        all.push(NavItem::new("/all", t("待处理", "To be mended")));
    }
    all
});

/// A person's own reports.
pub(crate) fn mine(req: &Request) -> web::Result<Response> {
    let found = report::of_person(req.subject()?, req.query_value("after"))?;
    list(req, "/", &t("我的上报", "My reports"), &found)
}

/// What is to be mended, for inspectors.
pub(crate) fn all(req: &Request) -> web::Result<Response> {
    req.require_role(&["inspector"])?;
    let found = report::open(req.query_value("after"))?;
    list(req, "/all", &t("待处理", "To be mended"), &found)
}

fn list(req: &Request, path: &str, title: &yunlong_sdk::Text, found: &Page<Report>) -> web::Result<Response> {
    let at_start = req.query_value("after").is_none();
    Ok(LAYOUT.page(req, title, html! {
        @if req.query_value("sent").is_some() { (page::notice(Tone::Ok, req.t("谢谢，已收到您的上报。", "Thank you: your report was received."))) }
        @if found.items.is_empty() {
            (page::empty(html! { p { (req.t("没有上报。", "There are no reports.")) } a href="/report" { (req.t("上报坑洼", "Report damage")) } }))
        }
        ul { @for r in &found.items { li {
            a href={ "/reports/" (r.id) } { (r.place) } " " (state(req, r)) " "
            span.muted { time datetime=(clock::rfc3339(r.time)) { (clock::minute(r.time)) } }
        } } }
        (page::pager(req.lang(), path, &[], at_start, found.next.as_deref()))
    }))
}

fn state(req: &Request, r: &Report) -> Markup {
    if r.mended {
        page::badge(Tone::Ok, req.t("已修复", "Mended"))
    } else {
        page::badge(Tone::Info, req.t("处理中", "Under way"))
    }
}

/// The form.
pub(crate) fn write(req: &Request) -> web::Result<Response> {
    req.subject()?;
    form_page(req, &Form::new())
}

// ANCHOR: form
fn form_page(req: &Request, form: &Form) -> web::Result<Response> {
    let lang = req.lang();
    let ticket = files::ticket(&NewTicket::new("photos", "/report").files(PHOTOS))?;
    // What was uploaded with a form that had a mistake is not uploaded again.
    let kept: Vec<&str> = form.values("photo").collect();
    Ok(LAYOUT.page(req, &t("上报坑洼", "Report damage"), html! {
        (page::error_summary(lang, form))
        form method="post" action=(ticket.action) enctype="multipart/form-data" novalidate {
            (page::field(lang, form, "place", "text", &t("地点", "Place"), Some(&t("路名和附近的建筑。", "The road, and a building nearby."))))
            (page::textarea(lang, form, "text", 4, &t("描述", "Description"), None))
            @if !kept.is_empty() { p { (req.t("已上传的照片：", "Photographs uploaded: ")) (kept.len()) } }
            @for id in &kept { (page::hidden("photo", id)) }
            (page::file_field(lang, form, "photo", &t("现场照片", "Photographs"), None, &ticket))
            div.actions { button type="submit" { (req.t("提交", "Send")) } }
        }
    }))
}

/// Takes the form, as the gateway hands it on: under `photo` stands the id of each file.
pub(crate) fn submit(req: &Request) -> web::Result<Response> {
    let reporter = req.subject()?;
    let mut form = req.form()?;
    let (place, text) = (form.text("place", 2..=80), form.text("text", 1..=500));
    let photos: Vec<String> = form.values("photo").map(str::to_owned).collect();
    if photos.len() > PHOTOS as usize {
        form.reject("photo", t("最多三张照片", "Three photographs at most"));
    }
    let (Some(place), Some(text), true) = (place, text, form.is_valid()) else {
        return Ok(form_page(req, &form)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let photos: Vec<&str> = photos.iter().map(String::as_str).collect();
    report::add(reporter, place, text, &photos)?;
    Ok(Response::see_other("/?sent=1"))
}
// ANCHOR_END: form

/// A report with its photographs.
pub(crate) fn show(req: &Request) -> web::Result<Response> {
    let r = report::seen_by(req, req.param("id"))?;
    let photos = report::photos(&r)?;
    let title = yunlong_sdk::Text::same(r.place.clone());
    Ok(LAYOUT.page(
        req,
        &title,
        html! {
            p { (state(req, &r)) " " span.muted { (clock::minute(r.time)) } }
            p { (r.text) }
            @for (n, p) in photos.iter().enumerate() {
                @let address = format!("/reports/{}/photos/{}", r.id, p.id);
                figure {
                    img src=(address) alt={ (req.t("照片 ", "Photograph ")) (n + 1) } loading="lazy";
                    figcaption { a href={ (address) "?save=1" } { (req.t("下载 ", "Save ")) (p.name) } }
                }
            }
            @if req.principal().has_role("inspector") && !r.mended {
                (page::confirm(&format!("/reports/{}/mended", r.id), req.t("标为已修复", "Mark as mended"), &[]))
            }
        },
    ))
}

/// An inspector notes that it is mended.
pub(crate) fn mended(req: &Request) -> web::Result<Response> {
    req.require_role(&["inspector"])?;
    report::mend(req.param("id"))?;
    Ok(Response::see_other(&format!("/reports/{}", req.param("id"))))
}

// ANCHOR: serve
/// A photograph, for whoever may see its report: the id of a file alone opens nothing.
pub(crate) fn photo(req: &Request) -> web::Result<Response> {
    let r = report::seen_by(req, req.param("id"))?;
    let wanted = req.param("photo");
    if !report::photos(&r)?.iter().any(|p| p.id == wanted) {
        return Err(Problem::not_found().into());
    }
    let how = if req.query_value("save").is_some() { Show::Attachment } else { Show::Inline };
    Ok(files::serve(wanted, how)?)
}
// ANCHOR_END: serve
