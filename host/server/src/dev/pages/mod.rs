//! The pages under `/_city/dev/` on the app's origin: what the app has stored, said and asked for, and what is to
//! fail. They read past the app: they show what is there, not what it would show.

mod data;
mod faults;
mod jobs;
mod logs;
mod messages;
mod payments;

use super::bar;
use super::bench::Bench;
use super::error::DevError;
use super::layer::PREFIX;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;
use std::time::Duration;
use yunlong_gateway::{Visit, is_local_path};
use yunlong_model::{Lang, Timestamp};

/// The largest form in bytes.
const FORM: usize = 64 << 10;
/// How long an open page waits for a change before it asks again.
const PATIENCE: Duration = Duration::from_secs(20);

/// The pages, in the order of the bar: path, Chinese, English.
const PAGES: [(&str, &str, &str); 7] = [
    ("", "概览", "Overview"),
    ("data", "数据", "Data"),
    ("messages", "消息", "Messages"),
    ("notes", "通知", "Notifications"),
    ("payments", "支付", "Payments"),
    ("jobs", "定时任务", "Jobs"),
    ("logs", "日志", "Logs"),
];

/// What a page is made for.
pub(super) struct Asked<'a> {
    pub(super) bench: &'a Arc<Bench>,
    pub(super) visit: Visit,
    query: Fields,
}

impl Asked<'_> {
    fn lang(&self) -> Lang {
        self.visit.presentation.lang
    }

    fn t(&self, zh: &'static str, en: &'static str) -> &'static str {
        self.lang().pick(zh, en)
    }
}

/// The fields of a form or a query.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(text: &str) -> Self {
        // A query that is none has no fields.
        let uri = format!("/?{text}").parse::<http::Uri>();
        let read = uri.ok().and_then(|u| axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&u).ok());
        Self(read.map(|q| q.0).unwrap_or_default())
    }

    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    }

    fn has(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// Where a form leads back to: a path of this origin.
    fn back(&self) -> &str {
        Some(self.text("return")).filter(|p| is_local_path(p)).unwrap_or("/")
    }
}

/// Links to all pages.
pub(super) fn links(lang: Lang) -> Markup {
    html! {
        nav.row aria-label=(lang.pick("开发页面", "Development pages")) {
            @for (path, zh, en) in PAGES { a href={ (PREFIX) (path) } { (lang.pick(zh, en)) } }
            a href={ (PREFIX) "faults" } { (lang.pick("模拟故障", "Faults")) }
        }
    }
}

/// A moment, in the city's time.
pub(super) fn moment(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    jiff::tz::Offset::constant(8).to_datetime(at).strftime("%m-%d %H:%M:%S").to_string()
}

/// At the portal's origin: the browser becomes there who it is at the app.
pub(super) fn at_portal(bench: &Bench, request: &Request) -> Response {
    let query = Fields::parse(request.uri().query().unwrap_or(""));
    let Some((cookie, back)) = bench.tickets.redeem(query.text("ticket")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = see_other(&back);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// At the app's origin.
pub(super) async fn answer(bench: &Arc<Bench>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or("").to_owned();
    match (&parts.method, path.as_str()) {
        (&Method::GET, "bar.css") => return file("text/css; charset=utf-8", include_str!("../bar.css")),
        (&Method::GET, "bar.js") => return file("text/javascript; charset=utf-8", include_str!("../bar.js")),
        (&Method::GET, "changed") => return changed(bench, &parts).await,
        _ => {}
    }
    let answered = match parts.method {
        Method::GET | Method::HEAD => show(bench, &parts, &path).await,
        Method::POST if same_origin(&parts) => match to_bytes(body, FORM).await {
            Ok(form) => act(bench, &path, &Fields::parse(&String::from_utf8_lossy(&form))).await,
            Err(_) => Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
        },
        Method::POST => Ok((StatusCode::FORBIDDEN, "forms of this origin only / 只接受本站的表单\n").into_response()),
        _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
    };
    answered.unwrap_or_else(|e| {
        let text = format!("{}\n{}\n", e.text().zh, e.text().en);
        (StatusCode::CONFLICT, text).into_response()
    })
}

/// As the gateway asks of every form.
fn same_origin(parts: &Parts) -> bool {
    let mut values = parts.headers.get_all("sec-fetch-site").iter();
    values.next().is_some_and(|v| v == "same-origin") && values.next().is_none()
}

fn file(media_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Answers 200 when something else serves than what the page knows, 204 when nothing changed for a while.
async fn changed(bench: &Bench, parts: &Parts) -> Response {
    let query = Fields::parse(parts.uri.query().unwrap_or(""));
    let Ok(known) = query.text("known").parse::<u64>() else { return StatusCode::BAD_REQUEST.into_response() };
    let mut standing = bench.standing.subscribe();
    let mut stopped = bench.stopped.clone();
    let status = tokio::select! {
        _ = standing.wait_for(|s| s.number != known) => StatusCode::OK,
        _ = stopped.wait_for(|s| *s) => StatusCode::NO_CONTENT,
        () = tokio::time::sleep(PATIENCE) => StatusCode::NO_CONTENT,
    };
    (status, [(header::CACHE_CONTROL, "no-store")]).into_response()
}

async fn show(bench: &Arc<Bench>, parts: &Parts, path: &str) -> Result<Response, DevError> {
    let visit = bench.city.gateway.visit(&bench.name, &parts.headers).await.map_err(DevError::city)?;
    let asked = Asked { bench, visit, query: Fields::parse(parts.uri.query().unwrap_or("")) };
    let (title, content) = match path {
        "" => (asked.t("概览", "Overview"), overview(&asked)),
        "data" => (asked.t("数据", "Data"), data::page(&asked).await?),
        "messages" => (asked.t("消息", "Messages"), messages::page(&asked).await?),
        "notes" => (asked.t("通知", "Notifications"), messages::notes(&asked).await?),
        "payments" => (asked.t("支付", "Payments"), payments::page(&asked).await?),
        "jobs" => (asked.t("定时任务", "Jobs"), jobs::page(&asked).await?),
        "logs" => (asked.t("日志", "Logs"), logs::page(&asked).await?),
        "faults" => (asked.t("模拟故障", "Faults on purpose"), faults::page(&asked)),
        _ => return Ok(StatusCode::NOT_FOUND.into_response()),
    };
    let back = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let bar = bar::bar(bench, &asked.visit, true, back).await?;
    let lang = asked.lang();
    let page = html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-elder[asked.visit.presentation.elder] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (asked.t("云龙开发", "Yunlong dev")) }
                link rel="stylesheet" href=(bench.city.gateway.stylesheet());
            }
            body.yunlong-dev-page {
                main #main .container {
                    p { a href="/" { (asked.t("回到应用", "Back to the app")) } }
                    h1 { (title) }
                    (links(lang))
                    (content)
                }
                (bar)
            }
        }
    };
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let policy = format!("{policy}; img-src 'self' data:; font-src 'self'")
        .replace("form-action 'self'", &format!("form-action 'self' {}", bench.city.gateway.origins().portal()));
    let mut response = Html(page.into_string()).into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    fixed
        .into_iter()
        .for_each(|(name, value)| drop(response.headers_mut().insert(name, HeaderValue::from_static(value))));
    Ok(response)
}

async fn act(bench: &Arc<Bench>, path: &str, form: &Fields) -> Result<Response, DevError> {
    match path {
        "who" => {
            let turned = bench.turn_into(form.text("account"), &form.all("role"), form.back()).await?;
            let mut response = see_other(&turned.at_portal);
            response.headers_mut().append(header::SET_COOKIE, turned.cookie);
            return Ok(response);
        }
        "faults" => faults::set(bench, form),
        "payments" => payments::pay(bench, form).await?,
        "jobs" => jobs::run(bench, form).await?,
        "messages" => messages::letter(bench, form).await?,
        _ => return Ok(StatusCode::NOT_FOUND.into_response()),
    }
    Ok(see_other(&format!("{PREFIX}{path}")))
}

fn overview(asked: &Asked<'_>) -> Markup {
    let bench = asked.bench;
    let origins = bench.city.gateway.origins();
    let standing = bench.standing.borrow().clone();
    html! {
        dl {
            dt { (asked.t("应用", "App")) }
            dd { a href="/" { (bench.origin()) } }
            dt { (asked.t("门户", "Portal")) }
            dd { a href=(origins.portal()) { (origins.portal()) } }
            dt { (asked.t("版本", "Version")) }
            dd { (bench.city.installations.get(&bench.name).map_or_else(String::new, |i| i.version.to_string())) }
            dt { (asked.t("最近一次构建", "Last build")) }
            dd {
                (moment(standing.at)) " · "
                @if standing.failure.is_some() { (asked.t("失败，原来的版本继续服务", "failed; the version before serves on")) }
                @else { (asked.t("已启用", "serves")) }
            }
            dt { (asked.t("控制台", "Console")) }
            dd {
                a href=(origins.console()) { (origins.console()) } " – "
                (asked.t("账户 tourism-admin、city-admin 等，密码 ", "accounts such as tourism-admin and city-admin, password "))
                (crate::demo::PASSWORD)
            }
        }
    }
}
