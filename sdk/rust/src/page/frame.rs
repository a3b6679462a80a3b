//! The frame of every page.

use crate::context::{self, Installation};
use crate::web::{Request, Response, encode_url};
use crate::{Lang, Text, identity};
use maud::{DOCTYPE, Markup, html};

/// A link in the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// The path.
    pub path: &'static str,
    /// What the link says.
    pub title: Text,
}

impl NavItem {
    /// A link.
    #[must_use]
    pub const fn new(path: &'static str, title: Text) -> Self {
        Self { path, title }
    }
}

/// What the pages of an app have in common.
///
/// ```
/// use yunlong_sdk::{Layout, NavItem, Request, Response, maud::html, t, web};
///
/// static LAYOUT: Layout = Layout::new(t("留言簿", "Guestbook")).nav(|_| vec![NavItem::new("/", t("留言", "Entries"))]).help("/help");
///
/// fn home(req: &Request) -> web::Result<Response> {
///     Ok(LAYOUT.page(req, &t("留言", "Entries"), html! { p { (req.t("你好", "Hello")) } }))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    title: Text,
    nav: fn(&Request) -> Vec<NavItem>,
    help: Option<&'static str>,
}

impl Layout {
    /// A layout with the app's title.
    #[must_use]
    pub const fn new(title: Text) -> Self {
        Self { title, nav: |_| Vec::new(), help: None }
    }

    /// The navigation, which may depend on who asks.
    #[must_use]
    pub const fn nav(mut self, nav: fn(&Request) -> Vec<NavItem>) -> Self {
        self.nav = nav;
        self
    }

    /// The path of the app's help page, linked at the same place of every page.
    #[must_use]
    pub const fn help(mut self, path: &'static str) -> Self {
        self.help = Some(path);
        self
    }

    /// A whole page. `title` becomes the heading (`h1`) and, with the app's title, that of the
    /// window.
    #[must_use]
    pub fn page(&self, request: &Request, title: &Text, body: Markup) -> Response {
        let lang = request.lang();
        let heading = title.get(lang);
        let app = self.title.get(lang);
        let nav = (self.nav)(request);
        let installation = context::installation();
        document(
            request,
            &format!("{heading} · {app}"),
            &html! {
                (header(request, &installation, Some(app), &nav))
                main #main.container tabindex="-1" {
                    h1 { (heading) }
                    (body)
                }
                (footer(lang, &installation, self.help))
            },
        )
    }
}

/// The page of a problem, with the request's id.
#[must_use]
pub fn problem(request: &Request, title: &str, detail: Option<&str>, more: &[&str]) -> Response {
    let lang = request.lang();
    let installation = context::installation();
    document(
        request,
        title,
        &html! {
            (header(request, &installation, None, &[]))
            main #main.container tabindex="-1" {
                h1 { (title) }
                @if let Some(detail) = detail { p { (detail) } }
                @if !more.is_empty() { ul { @for line in more { li { (line) } } } }
                div.actions { a role="button" href="/" { (lang.pick("回到首页", "Back to the start")) } }
                p.muted { (lang.pick("请求编号：", "Request id: ")) code { (context::request_id()) } }
            }
            (footer(lang, &installation, None))
        },
    )
}

fn document(request: &Request, title: &str, body: &Markup) -> Response {
    let presentation = request.presentation();
    let lang = presentation.lang;
    let markup = html! {
        (DOCTYPE)
        html lang=(lang.tag()) data-elder[presentation.elder] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/_city/theme.css";
                link rel="icon" type="image/svg+xml" href="/_city/icon.svg";
            }
            body {
                a.skip-link href="#main" { (lang.pick("跳到正文", "Skip to the content")) }
                (body)
            }
        }
    };
    Response::html(markup).header("content-language", lang.tag())
}

fn header(request: &Request, installation: &Installation, app: Option<&str>, nav: &[NavItem]) -> Markup {
    let lang = request.lang();
    html! {
        header.city-header {
            div.city-header-inner {
                a.brand href="/" {
                    img src="/_city/icon.svg" alt="" width="32" height="32";
                    span {
                        (app.unwrap_or(lang.pick("云龙", "Yunlong"))) " "
                        small lang="zh-CN" { "· " (installation.organization_name) }
                    }
                }
                @if !nav.is_empty() {
                    nav aria-label=(lang.pick("主导航", "Main")) {
                        ul {
                            @for item in nav {
                                li { a href=(item.path) aria-current=[(request.path() == item.path).then_some("page")] { (item.title.get(lang)) } }
                            }
                        }
                    }
                }
                div.city-tools {
                    (switches(request))
                    (session(request))
                }
            }
            (acting(lang, &installation.portal))
        }
    }
}

/// For whom the visitor acts: on every page, where it cannot be overlooked.
fn acting(lang: Lang, portal: &str) -> Markup {
    html! {
        @if let Some(acting) = identity::acting_for() {
            p.acting role="status" {
                @match acting.grantor {
                    identity::Grantor::Person => (lang.pick("正在为他人代办。", "You act for somebody else. ")),
                    identity::Grantor::Company { name, .. } => { (lang.pick("正在代办：", "You act for: ")) strong { (name) } " " }
                }
                a href={ (portal) "/mandates" } { (lang.pick("更改", "Change")) }
            }
        }
    }
}

/// The language and elder switches. They post to the host, which keeps the person's choice.
fn switches(request: &Request) -> Markup {
    let lang = request.lang();
    html! {
        form method="post" action="/_city/preferences" {
            input type="hidden" name="return" value=(request.back());
            // Each button is named in the language that it leads to.
            @match lang {
                Lang::Zh => button name="lang" value="en" lang="en" { "English" },
                Lang::En => button name="lang" value="zh" lang="zh-CN" { "中文" },
            }
            @if request.presentation().elder {
                button name="elder" value="false" { (lang.pick("标准版", "Standard")) }
            } @else {
                button name="elder" value="true" { (lang.pick("长辈版", "Elder mode")) }
            }
        }
    }
}

fn session(request: &Request) -> Markup {
    let lang = request.lang();
    html! {
        @if request.principal().is_anonymous() {
            a href=(identity::sign_in_url(&request.back())) { (lang.pick("登录", "Sign in")) }
        } @else {
            form method="post" action="/_city/sign-out" { button { (lang.pick("退出", "Sign out")) } }
        }
    }
}

fn footer(lang: Lang, installation: &Installation, help: Option<&str>) -> Markup {
    let portal = &installation.portal;
    html! {
        footer.city-footer {
            div {
                a href={ (portal) "/" } { (lang.pick("全部城市服务", "All city services")) }
                // The app's own help stands where the portal's would: at one place on every page.
                @match help {
                    Some(path) => a href=(path) { (lang.pick("帮助", "Help")) },
                    None => a href={ (portal) "/help" } { (lang.pick("帮助", "Help")) },
                }
                a href={ (portal) "/help#accessibility" } { (lang.pick("无障碍说明", "Accessibility")) }
                a href={ (portal) "/consents" } { (lang.pick("个人信息授权", "Your data and consents")) }
            }
        }
    }
}

/// A path with a query, encoded: `path_with("/", &[("after", cursor)])`.
#[must_use]
pub(crate) fn path_with(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(n, v)| format!("{}={}", encode_url(n), encode_url(v))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
