//! The public page on which anybody verifies a receipt by its number or code. No person is on it.

use super::party::party;
use super::{LAYOUT, Shown, facts, quantity, state_badge, when};
use crate::service::Refusal;
use crate::service::receipts::{self, Verification};
use maud::{Markup, html};
use yunlong_sdk::page::{card, error_summary, field, notice};
use yunlong_sdk::{Form, Request, Response, StatusCode, Tone, t};

/// The most characters of a number that is looked up.
const LONGEST: usize = 40;

/// `/verify`: the number is typed; a scanned code leads to the receipt's own page.
pub(super) fn ask(request: &Request) -> Shown {
    let form = request.query_form();
    let number = form.value("receipt").trim().to_uppercase();
    if number.is_empty() {
        return Ok(page(request, &form, None));
    }
    let plain = number.chars().count() <= LONGEST && number.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain && receipts::verify(&number).is_ok() {
        return Ok(Response::see_other(&format!("/verify/{number}")));
    }
    Ok(unknown(request, form))
}

fn unknown(request: &Request, mut form: Form) -> Response {
    form.reject(
        "receipt",
        t(
            "没有这张仓单，或尚未签发。请核对编号。",
            "There is no such receipt, or it was not issued. Check the number.",
        ),
    );
    page(request, &form, None).status(StatusCode::NOT_FOUND)
}

fn page(request: &Request, form: &Form, found: Option<Markup>) -> Response {
    let lang = request.lang();
    let body = html! {
        (error_summary(lang, form))
        @if let Some(found) = found { (found) }
        form.no-print method="get" action="/verify" role="search" {
            (field(lang, form, "receipt", "text", &t("仓单编号", "The receipt's number"), Some(&t("如 WR 开头的编号，或扫描仓单上的二维码", "It begins with WR; or scan the code on the receipt"))))
            div.actions { button type="submit" { (request.t("核验", "Verify")) } }
        }
        p.muted { (request.t("核验页不显示个人信息，无需登录。签名可用公布的公钥自行验证：", "No person is shown, and nobody signs in. The signature can be checked with the published keys: ")) a href="/api/keys" { "/api/keys" } }
    };
    LAYOUT.page(request, &t("仓单核验", "Verify a receipt"), body)
}

/// `/verify/{receipt}`.
pub(super) fn show(request: &Request) -> Shown {
    let number = request.param("receipt");
    match receipts::verify(number) {
        Ok(v) => Ok(page(request, &Form::new(), Some(verified(request, &v)))),
        Err(Refusal::NotFound) => {
            Ok(unknown(request, Form::new().with("receipt", number.chars().take(LONGEST).collect::<String>())))
        }
        Err(e) => Err(e),
    }
}

fn verified(request: &Request, v: &Verification) -> Markup {
    let lang = request.lang();
    html! {
        @if v.genuine { (notice(Tone::Ok, request.t("签名真实：这张仓单由本系统登记的仓储企业签发。", "Genuine: it was issued by a warehouse that is registered here."))) }
        @else { (notice(Tone::Bad, request.t("签名不符：请勿凭此办理，并告知监管部门。", "The signature does not fit: rely on nothing of it, and tell the regulator."))) }
        p { (state_badge(lang, v.state.code())) }
        (card("facts", &v.number, facts(&[
            (request.t("货物", "Goods"), html! { (v.goods_name.get(lang)) " · " (v.spec) }),
            (request.t("数量", "Quantity"), html! { (quantity(lang, v.quantity, v.unit)) }),
            (request.t("仓库", "Warehouse"), html! { (v.warehouse.get(lang)) }),
            (request.t("签发企业", "Issuer"), party(&v.issuer)),
            (request.t("签发时间", "Issued"), html! { (when(v.issued_at)) }),
        ])))
        @if !v.replaced_by.is_empty() { p { (request.t("已由这些仓单取代：", "In its place came: ")) @for id in &v.replaced_by { a href={ "/verify/" (id) } { (id) } " " } } }
        @if let Some(s) = &v.signature {
            details { summary { (request.t("自行验证签名", "Check the signature yourself")) }
                p { (s.algorithm.code()) " · " code { (s.kid) } }
                p { (request.t("被签名的文本（RFC 8785）：", "The text that is signed (RFC 8785):")) } p.mono { (v.text) }
                p { (request.t("签名（base64url，r 与 s）：", "The signature (base64url, r and s):")) } p.mono { (s.value) }
            }
        }
    }
}
