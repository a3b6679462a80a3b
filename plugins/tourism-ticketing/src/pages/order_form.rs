//! The order form: who goes. Everything that was typed comes back with every answer.

use super::{LAYOUT, answer, refused, weekday};
use crate::domain::catalogue::{Attraction, Product, Proof};
use crate::domain::time::{Clock, Date};
use crate::domain::visitor::{FieldError, VisitorInput};
use crate::policy;
use crate::service::concession::{self, Unknown};
use crate::service::purchase::{self, Choice, Purchase};
use crate::service::{Refusal, catalogue, orders};
use maud::{Markup, html};
use yunlong_sdk::identity::{self, AttributeError};
use yunlong_sdk::page::{amount, card, checkbox, error_summary, field, hidden, notice, select};
use yunlong_sdk::web::encode_url;
use yunlong_sdk::{DataError, Error, Form, Lang, Request, Response, StatusCode, Text, Tone, random, t, web};

/// Where the window of the consent page ends.
const DONE: &str = "/order/consented";

/// What is ordered, from the query or the form.
struct Wish {
    product: Product,
    date: Date,
    parts: Vec<(Attraction, Option<Clock>)>,
}

impl Wish {
    fn read(value: impl Fn(&str) -> String) -> Result<Self, Refusal> {
        let product = catalogue::product(&value("product"))?;
        let date = value("date").parse().map_err(|_| Refusal::NotFound)?;
        let part = |attraction: &str| {
            let slot = value(&format!("slot-{attraction}"));
            // A slot that cannot be read is chosen again, not guessed.
            let start = if slot.is_empty() { None } else { Some(slot.parse().map_err(|_| Refusal::NotFound)?) };
            Ok((catalogue::attraction(attraction)?, start))
        };
        let parts = product.components.iter().map(|c| part(&c.attraction)).collect::<Result<_, Refusal>>()?;
        Ok(Self { product, date, parts })
    }

    /// The path of the form for the same wish.
    fn path(&self) -> String {
        let slots: String =
            self.parts.iter().filter_map(|(a, s)| Some(format!("&slot-{}={}", encode_url(&a.id), (*s)?))).collect();
        format!("/order?product={}&date={}{slots}", encode_url(&self.product.id), self.date)
    }

    /// Where to choose another slot.
    fn back(&self) -> String {
        match &self.parts[..] {
            [(a, _)] => format!("/attractions/{}?date={}", a.id, self.date),
            _ => format!("/products/{}?date={}", self.product.id, self.date),
        }
    }
}

/// `GET /order`.
pub(super) fn show(request: &Request) -> web::Result<Response> {
    request.subject()?;
    answer(request, first(request))
}

fn first(request: &Request) -> Result<Response, Refusal> {
    let wish = Wish::read(|name| request.query_value(name).unwrap_or_default())?;
    let mut form = Form::new().with("count", "1").with("key", random::code(24)).with("v0-id_type", "resident-id");
    // Who consented once is not asked again, and types nothing.
    if let Ok(own) = purchase::buyer() {
        form = form.with("v0-name", own.name).with("v0-id_number", own.id_number).with("v0-phone", own.phone);
    }
    Ok(page(request, &wish, &form, None))
}

/// `POST /order`: another visitor, or the order.
pub(super) fn submit(request: &Request) -> web::Result<Response> {
    let form = request.form()?;
    answer(request, submitted(request, form))
}

fn submitted(request: &Request, form: Form) -> Result<Response, Refusal> {
    let wish = Wish::read(|name| form.value(name).to_owned())?;
    let max = policy::max_visitors()?;
    let count = form.value("count").parse::<usize>().unwrap_or(1).clamp(1, max);
    match form.value("action") {
        "add" => return Ok(page(request, &wish, &recounted(form, (count + 1).min(max)), None)),
        "remove" => return Ok(page(request, &wish, &recounted(form, (count - 1).max(1)), None)),
        "again" => return Ok(page(request, &wish, &recounted(form, count), None)),
        "fill" => return fill(request, &wish, recounted(form, count)),
        _ => {}
    }
    let Some(owner) = request.principal().subject.clone() else {
        // The session ended while the form was filled in: nothing that was typed is lost.
        let again = refused_sign_in(request, &wish);
        return Ok(page(request, &wish, &recounted(form, count), Some(again)).status(StatusCode::UNAUTHORIZED));
    };
    let purchase = Purchase {
        product: wish.product.id.clone(),
        choices: wish.parts.iter().map(|(_, start)| Choice { date: wish.date, start: *start }).collect(),
        visitors: Some((0..count).map(|i| visitor(&form, i)).collect()),
        guardian: form.checked("guardian"),
    };
    let key = Some(form.value("key")).filter(|k| !k.is_empty() && k.len() <= 200);
    match purchase::create(&owner, key, &purchase) {
        Ok(order) => Ok(Response::see_other(&format!("/orders/{}", order.id))),
        Err(refusal) => again(request, &wish, recounted(form, count), refusal),
    }
}

/// Writes the buyer's own data into the first visitor; the others stay as they were typed.
fn fill(request: &Request, wish: &Wish, form: Form) -> Result<Response, Refusal> {
    let own = match purchase::buyer() {
        Ok(own) => own,
        Err(AttributeError::NotSignedIn) => {
            let message = refused_sign_in(request, wish);
            return Ok(page(request, wish, &form, Some(message)).status(StatusCode::UNAUTHORIZED));
        }
        Err(AttributeError::ConsentRequired(_)) => {
            let message = ask_consent(request, &purchase::OWN_DATA);
            return Ok(page(request, wish, &form, Some(message)).status(StatusCode::FORBIDDEN));
        }
        Err(e) => return again(request, wish, form, e.into()),
    };
    let own = [
        ("v0-name", own.name),
        ("v0-id_type", own.id_type),
        ("v0-id_number", own.id_number),
        ("v0-birth_date", own.birth_date),
        ("v0-phone", own.phone),
    ];
    let kept = form.pairs().filter(|(name, _)| own.iter().all(|(filled, _)| filled != name));
    let form = kept.fold(Form::new(), |f, (name, value)| f.with(name, value));
    Ok(page(request, wish, &own.into_iter().fold(form, |f, (name, value)| f.with(name, value)), None))
}

/// Consent is given in another window, so that this one keeps what was typed.
fn ask_consent(request: &Request, scopes: &[&str]) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { (request.t("需要您的授权。请在新窗口授权，再回到这里点“已授权，继续”；已填写的内容不会丢失。", "This needs your consent. Give it in the new window and come back here to go on; nothing that you typed is lost.")) }
            p { a href=(identity::consent_url(scopes, DONE)) target="_blank" rel="noopener" { (request.t("去授权（新窗口）", "Go to the consent page (new window)")) } }
        },
    )
}

/// `GET /order/consented`: where the consent page's window ends.
pub(super) fn consented(request: &Request) -> web::Result<Response> {
    let body = html! { (notice(Tone::Ok, request.t("已回到本应用。请关闭这个窗口，回到填写订单的窗口继续。", "You are back. Close this window and go on in the one with your order."))) };
    Ok(LAYOUT.page(request, &t("授权", "Consent"), body))
}

fn refused_sign_in(request: &Request, wish: &Wish) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { (request.t("您的登录已过期。请在新窗口登录，再回到这里提交，已填写的内容不会丢失。", "Your session has ended. Sign in in another window and submit again here; nothing that you typed is lost.")) }
            p { a href=(identity::sign_in_url(&wish.path())) target="_blank" rel="noopener" { (request.t("登录（新窗口）", "Sign in (new window)")) } }
        },
    )
}

fn visitor(form: &Form, i: usize) -> VisitorInput {
    let value = |name: &str| form.value(&format!("v{i}-{name}")).to_owned();
    VisitorInput {
        name: value("name"),
        id_type: value("id_type"),
        id_number: value("id_number"),
        birth_date: value("birth_date"),
        phone: value("phone"),
        concession: Some(value("concession")).filter(|c| !c.is_empty()),
    }
}

/// The same form with another number of visitors.
fn recounted(form: Form, count: usize) -> Form {
    form.pairs()
        .filter(|(name, _)| *name != "count" && *name != "action")
        .fold(Form::new().with("count", count.to_string()), |f, (name, value)| f.with(name, value))
}

/// The form once more, with what is wrong.
fn again(request: &Request, wish: &Wish, mut form: Form, refusal: Refusal) -> Result<Response, Refusal> {
    let lang = request.lang();
    let (status, message) = match refusal {
        Refusal::Fields(errors) => {
            let general = errors.into_iter().filter_map(|e| reject(&mut form, e)).collect::<Vec<_>>();
            let list = html! { @for text in &general { p { (text.get(lang)) } } };
            (StatusCode::UNPROCESSABLE_ENTITY, (!general.is_empty()).then(|| notice(Tone::Bad, list)))
        }
        Refusal::Other(Error::Consent(missing)) => {
            form.reject(
                "v0-concession",
                t("需要您同意读取出生日期", "This needs your consent to read the date of birth"),
            );
            (StatusCode::FORBIDDEN, Some(ask_consent(request, &[missing.scope()])))
        }
        ref r @ (Refusal::SoldOut { .. }
        | Refusal::Closed { .. }
        | Refusal::NotOnSale { .. }
        | Refusal::NotValid { .. }) => {
            let link = html! { p { a href=(wish.back()) { (request.t("选择其他时段", "Choose another slot")) } } };
            (StatusCode::CONFLICT, Some(refused(lang, r, link)))
        }
        ref r @ Refusal::DuplicateId { visitor, ref first_order, .. } => {
            form.reject(&format!("v{visitor}-id_number"), r.detail());
            // Somebody else's order answers nobody but its buyer: no link that leads to nothing.
            let theirs = orders::get(first_order, request.principal()).is_ok();
            let link = html! {
                @if theirs { p { a href={ "/orders/" (first_order) } { (request.t("查看该订单", "See that order")) } } }
                @else { p { (request.t("该订单由他人购买，详情请询问订票人。", "Somebody else bought that order: ask them about it.")) } }
            };
            (StatusCode::CONFLICT, Some(refused(lang, r, link)))
        }
        Refusal::KeyReused { order } => {
            form = rekeyed(form);
            (StatusCode::CONFLICT, Some(sent_before(request, &order)))
        }
        ref r @ Refusal::TooManyOpen { .. } => {
            let link = html! { p { a href="/orders" { (request.t("我的订单", "My orders")) } } };
            (StatusCode::CONFLICT, Some(refused(lang, r, link)))
        }
        Refusal::Data(DataError::Conflict | DataError::Unavailable(_)) => {
            let busy = request.t(
                "人太多，请稍后再提交。已填写的内容不会丢失。",
                "Very busy: submit again in a moment. Nothing that you typed is lost.",
            );
            (StatusCode::SERVICE_UNAVAILABLE, Some(notice(Tone::Warn, html! { p { (busy) } })))
        }
        Refusal::Other(Error::Problem(p)) => {
            (p.status(), Some(notice(Tone::Bad, html! { p { (p.title().get(lang)) } })))
        }
        other => return Err(other),
    };
    Ok(page(request, wish, &form, message).status(status))
}

/// The same form with a key of its own: submitted again, it makes another order.
fn rekeyed(form: Form) -> Form {
    let others = form.pairs().filter(|(name, _)| *name != "key");
    others.fold(Form::new().with("key", random::code(24)), |f, (name, value)| f.with(name, value))
}

fn sent_before(request: &Request, order: &str) -> Markup {
    notice(
        Tone::Warn,
        html! {
            p { (request.t("这张表单提交过，已生成下面的订单，内容与现在填写的不同。如需另下一单，请再次提交。", "This form was submitted before and made the order below, from what it held then. To make another order, submit it again.")) }
            p { a href={ "/orders/" (order) } { (request.t("查看该订单", "See that order")) " " (order) } }
        },
    )
}

/// Puts an error beside its field; answers the text when there is no such field.
fn reject(form: &mut Form, e: FieldError) -> Option<Text> {
    let field = e.pointer.strip_prefix("/visitors/").and_then(|rest| rest.split_once('/'));
    match field {
        Some((i, name)) => {
            form.reject(&format!("v{i}-{name}"), e.text);
            None
        }
        None if e.pointer == "/guardian" => {
            form.reject("guardian", e.text);
            None
        }
        None => Some(e.text),
    }
}

fn page(request: &Request, wish: &Wish, form: &Form, message: Option<Markup>) -> Response {
    let lang = request.lang();
    let count = form.value("count").parse::<usize>().unwrap_or(1);
    let max = policy::max_visitors().unwrap_or(1);
    let body = html! {
        @if let Some(m) = message { (m) }
        (error_summary(lang, form))
        (summary(lang, wish))
        form method="post" action="/order" novalidate {
            (hidden("product", &wish.product.id))
            (hidden("date", &wish.date.to_string()))
            @for (a, start) in &wish.parts { @if let Some(s) = start { (hidden(&format!("slot-{}", a.id), &s.to_string())) } }
            (hidden("key", form.value("key")))
            (hidden("count", &count.to_string()))
            // Enter in a field submits the first button of a form: it must be this one.
            button.visually-hidden type="submit" name="action" value="enter" tabindex="-1" aria-hidden="true" { (request.t("提交订单", "Place the order")) }
            div.actions {
                button.secondary.outline type="submit" name="action" value="fill" { (request.t("用我的实名信息填写第一位游客（需要您授权）", "Fill the first visitor in with my own data (with your consent)")) }
            }
            @for i in 0..count { (card(&format!("visitor-{i}"), format!("{} {}", request.t("游客", "Visitor"), i + 1), visitor_fields(request, wish, form, i))) }
            @if form.checked("guardian") || form.error("guardian").is_some() || wish.product.has_concession(Proof::Document) || count > 1 {
                (checkbox(lang, form, "guardian", &t("订单中有不满 14 周岁的儿童：我是其监护人，同意填写其信息", "There is a child under 14: I am its guardian and agree that its data is taken")))
            }
            div.actions {
                button type="submit" name="action" value="order" { (request.t("提交订单", "Place the order")) }
                @if count < max { button.secondary.outline type="submit" name="action" value="add" { (request.t("添加一位游客", "Add a visitor")) } }
                @if count > 1 { button.secondary.outline type="submit" name="action" value="remove" { (request.t("去掉最后一位", "Remove the last")) } }
            }
        }
        p.muted { (request.t("提交后名额会为您保留，请及时支付。", "After this your places are kept for a while; pay within that time.")) }
    };
    LAYOUT.page(request, &t("填写游客信息", "Who goes"), body)
}

fn summary(lang: Lang, wish: &Wish) -> Markup {
    html! {
        dl.facts {
            dt { (lang.pick("票种", "Ticket")) } dd { (wish.product.name.get(lang)) }
            dt { (lang.pick("价格", "Price")) } dd { @if wish.product.price == 0 { (lang.pick("免费", "free")) } @else { (amount(wish.product.price)) " " (lang.pick("每人", "each")) } }
            @for (a, start) in &wish.parts {
                dt { (a.name.get(lang)) }
                dd { (wish.date) " " (weekday(lang, wish.date)) " " @match start { Some(s) => { (s) }, None => { (lang.pick("最早有余票的时段", "the first slot with room")) } } }
            }
        }
        p { a href=(wish.back()) { (lang.pick("更改日期或时段", "Change day or slot")) } }
    }
}

fn visitor_fields(request: &Request, wish: &Wish, form: &Form, i: usize) -> Markup {
    let lang = request.lang();
    let name = |n: &str| format!("v{i}-{n}");
    let types = [("resident-id", request.t("居民身份证", "Resident ID")), ("passport", request.t("护照", "Passport"))];
    html! {
        (field(lang, form, &name("name"), "text", &t("姓名", "Name"), Some(&t("与证件一致", "As on the document"))))
        (select(lang, form, &name("id_type"), &t("证件类型", "Document"), &types))
        (field(lang, form, &name("id_number"), "text", &t("证件号码", "Document's number"), None))
        (field(lang, form, &name("birth_date"), "date", &t("出生日期（持护照者必填）", "Date of birth (with a passport)"), Some(&t("居民身份证不用填；只用于判断是否须由监护人同意，不保存", "Not needed with a resident ID. It only tells whether a guardian must agree, and is not kept"))))
        (field(lang, form, &name("phone"), "tel", &t("手机号（选填）", "Mobile (optional)"), Some(&t("国外号码请以 + 和国家代码开头", "Begin a number abroad with + and the country's code"))))
        (concession(request, wish, form, i))
    }
}

/// The reduced prices: the buyer's own by age, a child's by its document. What is known not to
/// fit is not offered, and what was chosen stays chosen.
fn concession(request: &Request, wish: &Wish, form: &Form, i: usize) -> Markup {
    let lang = request.lang();
    let name = format!("v{i}-concession");
    let chosen = form.value(&name);
    // Read where it can matter only: each read is in the person's own log.
    let own = (i == 0 && wish.product.has_concession(Proof::Account)).then(concession::own);
    let known = own.as_ref().and_then(|own| own.as_ref().ok());
    let ages = known.map(|k| k.ages_on(wish.date)).unwrap_or_default();
    let fits = ages.into_iter().find_map(|age| wish.product.concession_for(age, Proof::Account));
    let unknown = matches!(own, Some(Err(Unknown::Ask(_))));
    let offered = |proof: Proof| {
        let titles: Vec<&str> =
            wish.product.concessions.iter().filter(|c| c.proof == proof).map(|c| c.title.get(lang)).collect();
        titles.join(lang.pick("；", "; "))
    };
    let mut options = vec![(String::new(), lang.pick("全价", "Full price").to_owned())];
    if let Some(c) = fits {
        options.push(("senior".into(), c.title.get(lang).to_owned()));
    } else if chosen == "senior" {
        options.push(("senior".into(), offered(Proof::Account)));
    }
    if wish.product.has_concession(Proof::Document) || chosen == "child" {
        options.push(("child".into(), offered(Proof::Document)));
    }
    let options: Vec<(&str, &str)> = options.iter().map(|(v, t)| (v.as_str(), t.as_str())).collect();
    html! {
        @if options.len() > 1 { (select(lang, form, &name, &t("票价", "Price"), &options)) }
        @if unknown {
            p {
                (offered(Proof::Account)) (lang.pick("，限本人：", ", for yourself: "))
                a href=(identity::consent_url(&[concession::PURPOSE], DONE)) target="_blank" rel="noopener" { (lang.pick("授权核对出生日期（新窗口）", "consent to check the date of birth (new window)")) }
                " "
                button.secondary.outline type="submit" name="action" value="again" { (lang.pick("已授权，继续", "I have consented, go on")) }
            }
        }
    }
}
