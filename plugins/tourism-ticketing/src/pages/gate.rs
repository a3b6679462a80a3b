//! The gate: a code is scanned or typed, the answer fills the screen.

use super::{LAYOUT, answer};
use crate::domain::alert::Level;
use crate::domain::catalogue::Attraction;
use crate::domain::site::OnSite;
use crate::service::gate::{self, Admitted, Desk};
use crate::service::orders::GATE;
use crate::service::{Refusal, catalogue, now};
use maud::{Markup, html};
use yunlong_sdk::page::{badge, confirm, error_summary, field, notice, select};
use yunlong_sdk::{Form, Request, Response, StatusCode, Text, Tone, t, web};

/// `GET /gate`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.require_role(&[GATE])?;
    let form = request.query_form();
    answer(request, page(request, &form, None))
}

/// `POST /gate`.
pub(super) fn admit(request: &Request) -> web::Result<Response> {
    let officer = request.require_role(&[GATE])?.subject.clone().unwrap_or_default();
    let form = request.form()?;
    answer(request, decide(request, &form, &officer))
}

fn decide(request: &Request, form: &Form, officer: &str) -> Result<Response, Refusal> {
    let attraction = form.value("attraction").to_owned();
    if catalogue::attractions()?.iter().all(|a| a.id != attraction) {
        // A gate that does not say where it stands would open for every attraction's tickets.
        let mut form = form.clone();
        form.reject("attraction", t("请选择检票口所在的景区", "Choose the attraction at which the gate is"));
        return Ok(page(request, &form, None)?.status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let short = |field: &str, n: usize| form.value(field).trim().chars().take(n).collect::<String>();
    let (name, device) = (short("gate", 40), short("device", 60));
    let desk = Desk {
        gate: if name.is_empty() { "gate" } else { &name },
        officer,
        device: Some(device.as_str()).filter(|d| !d.is_empty()),
        over_cap: form.checked("over_cap"),
    };
    let answered = if form.value("how") == "document" {
        let value = |n: &str| form.value(n).to_owned();
        let document = gate::Document { id_type: value("id_type"), id_number: value("id_number") };
        gate::admit_document(&document, &attraction, desk)
    } else {
        gate::admit(form.value("code"), Some(&attraction), desk)
    };
    let (status, result) = match answered {
        Ok(admitted) => (StatusCode::OK, welcome(request, &admitted)),
        Err(Refusal::Fields(errors)) => {
            let mut form = form.clone();
            errors.into_iter().for_each(|e| form.reject("id_number", e.text));
            return Ok(page(request, &form, None)?.status(StatusCode::UNPROCESSABLE_ENTITY));
        }
        Err(e @ Refusal::WrongGate(_)) => {
            let mut form = form.clone();
            let (what, which) = (e.title(), e.detail());
            let text = Text::new(format!("{}。{}", what.zh, which.zh), format!("{}. {}", what.en, which.en));
            form.reject("gate", text);
            return Ok(page(request, &form, None)?.status(StatusCode::UNPROCESSABLE_ENTITY));
        }
        Err(e @ Refusal::SiteFull { .. }) => (StatusCode::CONFLICT, full(request, form, &e)),
        Err(e @ (Refusal::Code(_) | Refusal::Gate(_) | Refusal::WrongState(_) | Refusal::NoTicket)) => {
            let lang = request.lang();
            let (title, detail) = (e.title(), e.detail());
            let result = notice(
                Tone::Bad,
                html! {
                    h2 { (request.t("不能入园", "Not admitted")) }
                    p { strong { (title.get(lang)) } }
                    p { (detail.get(lang)) }
                },
            );
            (StatusCode::CONFLICT, result)
        }
        Err(e) => return Err(e),
    };
    Ok(page(request, form, Some(result))?.status(status))
}

/// The site is full: why, and the officer's own decision, one button away. A code that has changed
/// meanwhile is scanned again.
fn full(request: &Request, form: &Form, e: &Refusal) -> Markup {
    let lang = request.lang();
    let (title, detail) = (e.title(), e.detail());
    let mut values = vec![("over_cap", "yes")];
    for name in ["attraction", "gate", "device", "how", "code", "id_type", "id_number"] {
        values.push((name, form.value(name)));
    }
    notice(
        Tone::Bad,
        html! {
            h2 { (title.get(lang)) }
            p { (detail.get(lang)) }
            (confirm("/gate", request.t("仍然放行", "Admit all the same"), &values))
        },
    )
}

/// How many are on site, loud enough for how full it is.
fn crowd(request: &Request, c: OnSite) -> Markup {
    let text = html! { (request.t("估计在园：", "On site, about: ")) (c.people) " / " (c.cap) };
    html! {
        p {
            @match c.level() {
                Some(Level::Red) => (badge(Tone::Bad, text)),
                Some(_) => (badge(Tone::Warn, text)),
                None => (badge(Tone::Info, text)),
            }
        }
    }
}

fn welcome(request: &Request, a: &Admitted) -> Markup {
    let lang = request.lang();
    notice(
        Tone::Ok,
        html! {
            h2 { (request.t("可以入园", "Admitted")) }
            p { strong { (a.visitor.name) } " · " (a.visitor.id_masked) }
            p { (a.attraction.get(lang)) " · " (a.slot.id.date) " " (a.slot.hours()) }
            @if let Some(c) = a.crowd { (crowd(request, c)) }
            @if a.visitor.concession.is_some() { p { strong { (request.t("优惠票：请核对年龄证件", "Reduced price: check the proof of age")) } } }
        },
    )
}

/// The form keeps the gate and its attraction, and forgets the code.
fn page(request: &Request, form: &Form, result: Option<Markup>) -> Result<Response, Refusal> {
    let attractions = catalogue::attractions()?;
    // Before the next visitor comes, not only after.
    let here = attractions.iter().find(|a| a.id == form.value("attraction")).filter(|_| result.is_none());
    let on_site = here.map(|a| gate::on_site(a, now())).transpose()?.flatten();
    let body = html! {
        @if let Some(r) = result { (r) }
        @if let Some(c) = on_site { (crowd(request, c)) }
        (error_summary(request.lang(), form))
        form method="post" action="/gate" autocomplete="off" {
            (attraction_field(request, &attractions, form))
            (gate_field(request, &attractions, form))
            (field(request.lang(), form, "device", "text", &t("设备（选填）", "Device (optional)"), Some(&t("扫码枪或手机的编号，供记录", "The scanner's or phone's number, for the record"))))
            div.field {
                label for="code" { (request.t("票码", "Code")) }
                input #code type="text" name="code" inputmode="text" autocapitalize="characters" spellcheck="false" autofocus aria-describedby="code-help";
                p.field-help #code-help { (request.t("扫码枪扫描，或照票面输入；横线和空格可以省略。", "Scan it, or type it as shown; hyphens and blanks may be left out.")) }
            }
            div.actions { button type="submit" name="how" value="code" { (request.t("验票", "Check")) } }
            details open[form.value("how") == "document"] {
                summary { (request.t("没有手机：凭证件入园", "No phone: admit by the document")) }
                (select(request.lang(), form, "id_type", &t("证件类型", "Document"), &[("resident-id", request.t("居民身份证", "Resident ID")), ("passport", request.t("护照", "Passport"))]))
                (field(request.lang(), &kept(form), "id_number", "text", &t("证件号码", "Document's number"), None))
                div.actions { button.secondary type="submit" name="how" value="document" { (request.t("凭证件验票", "Check the document")) } }
            }
        }
        @if let Some(number) = &request.principal().subject { p.muted { (request.t("您的工号（供管理员配置检票口）：", "Your number, for a manager who assigns gates: ")) code { (number) } } }
        p { a href="/gate/offline" { (request.t("网络不稳？离线检票", "An unsteady network? The gate without one")) } }
    };
    Ok(LAYOUT.page(request, &t("检票", "Gate"), body))
}

/// The form without a document's number that was dealt with: the next visitor's is another.
fn kept(form: &Form) -> Form {
    if form.is_valid() { Form::new() } else { form.clone() }
}

/// The gate: one of the attraction's, once it is chosen and where it has any.
fn gate_field(request: &Request, attractions: &[Attraction], form: &Form) -> Markup {
    let (lang, label) = (request.lang(), t("检票口", "Gate"));
    let gates = attractions.iter().find(|a| a.id == form.value("attraction")).map_or(&[][..], |a| &a.gates);
    if gates.is_empty() {
        return field(lang, form, "gate", "text", &label, None);
    }
    let mut options = vec![("", request.t("请选择", "Choose"))];
    options.extend(gates.iter().map(|g| (g.name.as_str(), g.name.as_str())));
    select(lang, form, "gate", &label, &options)
}

/// Where the gate is. The keeper chooses once; the form keeps it from ticket to ticket.
fn attraction_field(request: &Request, attractions: &[Attraction], form: &Form) -> Markup {
    let lang = request.lang();
    let mut options = vec![("", request.t("请选择", "Choose"))];
    options.extend(attractions.iter().map(|a| (a.id.as_str(), a.name.get(lang))));
    select(lang, form, "attraction", &t("景区", "Attraction"), &options)
}
