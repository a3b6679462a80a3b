//! The pages: Chinese and English, without scripts.

use crate::report::{self, NewReport, PAGE, Report, Status};
use maud::{Markup, html};
use yunlong_sdk::identity::{self, AttributeError};
use yunlong_sdk::page::{self, Column};
use yunlong_sdk::{Attribute, Form, Layout, NavItem, Request, Response, StatusCode, Text, Tone, clock, t, web};

static LAYOUT: Layout = Layout::new(t("报修", "Repairs"))
    .nav(|_| vec![NavItem::new("/", t("全部报修", "All reports")), NavItem::new("/new", t("我要报修", "Report something"))])
    .help("/help");

/// The longest query in bytes that a form travels in: proxies on the way refuse addresses of 8 KiB.
const LONGEST_QUERY: usize = 4096;

/// All reports, newest first.
pub(crate) fn list(req: &Request) -> web::Result<Response> {
    let after = req.query_value("after");
    let at_start = after.is_none();
    let found = report::newest(PAGE, after)?;
    let columns = [
        Column::new(
            req.t("问题", "What is broken"),
            |r: &Report| html! { a href={ "/reports/" (r.id) } { (r.title) } },
        ),
        Column::new(req.t("地点", "Place"), |r: &Report| html! { (r.place) }),
        Column::new(req.t("报修时间", "Reported at"), |r: &Report| moment(r)),
        Column::new(req.t("状态", "Status"), |r: &Report| status(req, r)),
    ];
    Ok(LAYOUT.page(
        req,
        &t("全部报修", "All reports"),
        html! {
            @if found.items.is_empty() {
                (page::empty(html! {
                    p { (req.t("还没有报修。", "Nothing has been reported yet.")) }
                    a role="button" href="/new" { (req.t("我要报修", "Report something")) }
                }))
            } @else {
                div.actions { a role="button" href="/new" { (req.t("我要报修", "Report something")) } }
                (page::table(req.t("全部报修", "All reports"), &columns, found.items.iter().map(|r| r.value.clone())))
            }
            (page::pager(req.lang(), "/", &[], at_start, found.next.as_deref()))
        },
    ))
}

fn moment(report: &Report) -> Markup {
    html! { time datetime=(clock::rfc3339(report.time)) { (clock::minute(report.time)) } }
}

fn status(req: &Request, report: &Report) -> Markup {
    match report.status {
        Status::Open => page::badge(Tone::Warn, req.t("待办理", "Open")),
        Status::Closed => page::badge(Tone::Ok, req.t("已办结", "Closed")),
    }
}

/// One report. Clerks see the number to call, and close it.
pub(crate) fn detail(req: &Request) -> web::Result<Response> {
    let report = report::get(req.param("id"))?;
    let clerk = req.principal().has_role("clerk");
    Ok(LAYOUT.page(
        req,
        &Text::new(report.title.clone(), report.title.clone()),
        html! {
            p { (status(req, &report)) }
            dl {
                dt { (req.t("地点", "Place")) } dd { (report.place) }
                dt { (req.t("报修时间", "Reported at")) } dd { (moment(&report)) }
                @if !report.details.is_empty() { dt { (req.t("详细情况", "Details")) } dd { (report.details) } }
                @if let Some(phone) = report.phone.as_ref().filter(|_| clerk) {
                    dt { (req.t("联系电话", "Telephone")) } dd { (phone) }
                }
            }
            @if clerk && report.status == Status::Open {
                (page::confirm(&format!("/reports/{}/close", report.id), req.t("办结", "Close"), &[]))
            }
            p { a href="/" { (req.t("返回全部报修", "Back to all reports")) } }
        },
    ))
}

/// The form, for those who signed in. What stands in the query is filled in.
pub(crate) fn new(req: &Request) -> web::Result<Response> {
    req.subject()?;
    Ok(form_page(req, &req.query_form()))
}

fn form_page(req: &Request, form: &Form) -> Response {
    let lang = req.lang();
    LAYOUT.page(req, &t("我要报修", "Report something"), html! {
        (page::error_summary(lang, form))
        form method="post" action="/new" novalidate {
            (page::field(lang, form, "title", "text", &t("问题", "What is broken"), Some(&t("最多 80 个字符。", "At most 80 characters."))))
            (page::field(lang, form, "place", "text", &t("地点", "Place"), Some(&t("最多 120 个字符，如道路和门牌。", "At most 120 characters, such as street and number."))))
            (page::textarea(lang, form, "details", 5, &t("详细情况（选填）", "Details (optional)"), Some(&t("最多 2000 个字符，所有人可见，请不要填写个人信息。", "At most 2000 characters. Everybody can read it: leave personal data out."))))
            (page::checkbox(lang, form, "call_back", &t("请与我联系（将在征得您同意后读取您登记的手机号码）", "Call me back (your registered mobile number is read, after you consented)")))
            div.actions { button type="submit" { (req.t("提交", "Submit")) } }
        }
    })
}

/// Takes the form: back to it with the mistakes, or on to the report.
pub(crate) fn submit(req: &Request) -> web::Result<Response> {
    let mut form = req.form()?;
    let reporter = req.subject()?;
    let Some(new) = NewReport::checked(&mut form) else {
        return Ok(form_page(req, &form).status(StatusCode::UNPROCESSABLE_ENTITY));
    };
    let phone = if form.checked("call_back") {
        match identity::attribute(Attribute::Mobile) {
            Ok(phone) => Some(phone),
            // Who has registered no number, and where the department gave this app none, can still report.
            Err(AttributeError::Absent | AttributeError::NotGranted(_)) => None,
            Err(AttributeError::ConsentRequired(scope)) => {
                return Ok(Response::see_other(&identity::consent_url(&[&scope], &form_address(&form))));
            }
            Err(e) => return Err(e.into()),
        }
    } else {
        None
    };
    let report = report::file(reporter, phone, new)?;
    Ok(Response::see_other(&format!("/reports/{}", report.id)))
}

/// The form with what was typed, to come back to after the consent. All of it becomes public with the report, so
/// that it may stand in an address; what is too long for one has to be typed again.
fn form_address(form: &Form) -> String {
    let pair = |(name, value): (&str, &str)| format!("{}={}", web::encode_url(name), web::encode_url(value));
    let whole = form.pairs().map(pair).collect::<Vec<_>>().join("&");
    let short = || form.pairs().filter(|(n, _)| *n != "details").map(pair).collect::<Vec<_>>().join("&");
    format!("/new?{}", if whole.len() <= LONGEST_QUERY { whole } else { short() })
}

/// A clerk closes a report.
pub(crate) fn close(req: &Request) -> web::Result<Response> {
    req.require_role(&["clerk"])?;
    let id = req.param("id");
    report::close(id)?;
    Ok(Response::see_other(&format!("/reports/{id}")))
}

/// Help.
pub(crate) fn help(req: &Request) -> web::Result<Response> {
    Ok(LAYOUT.page(req, &t("帮助", "Help"), html! {
        p { (req.t("登录后可以报修公共设施的损坏。问题、地点和详细情况对所有人公开。勾选“请与我联系”时，平台会征求您的同意，再把手机号码提供给办理人员。",
            "Sign in to report what is broken in public space. Everybody can read what is broken, where, and the details. If you ask to be called back, the platform asks for your consent first, and only clerks see your number.")) }
        p { (req.t("您可以随时在城市门户的“我的数据”中查看或删除自己的报修。",
            "See and erase your reports at any time under “My data” on the city's portal.")) }
    }))
}
