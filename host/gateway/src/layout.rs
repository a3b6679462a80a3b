//! The frame of every page of the portal and the console.

use crate::failure::Failure;
use crate::origins::Site;
use crate::view::View;
use maud::{DOCTYPE, Markup, html};

/// A page's heading and what is special about its frame.
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    /// The path of the entry in the navigation that the page belongs to.
    pub(crate) nav: &'a str,
    /// A single form reads better in a narrow column.
    pub(crate) narrow: bool,
}

impl<'a> Page<'a> {
    pub(crate) fn new(title: &'a str, nav: &'a str) -> Self {
        Self { title, nav, narrow: false }
    }

    pub(crate) fn narrow(title: &'a str, nav: &'a str) -> Self {
        Self { title, nav, narrow: true }
    }

    /// The whole document. `content` starts with the `<h1>`.
    pub(crate) fn render(&self, view: &View, unread: u64, content: &Markup) -> Markup {
        let site_name = match view.site {
            Some(Site::Console) => view.t("云龙控制台", "Yunlong console"),
            _ => view.t("云龙 · 徐州城市服务", "Yunlong · Xuzhou city services"),
        };
        let home = view.gateway.origins.portal();
        html! {
            (DOCTYPE)
            html lang=(view.lang().tag()) data-elder[view.presentation.elder] {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " – " (site_name) }
                    link rel="stylesheet" href=(view.gateway.theme.path());
                    link rel="icon" type="image/svg+xml" href="/_city/icon.svg";
                }
                body {
                    a.skip-link href="#main" { (view.t("跳到正文", "Skip to the content")) }
                    (header(view, self.nav, unread))
                    main #main .container .narrow[self.narrow] tabindex="-1" { (content) }
                    footer.city-footer {
                        div {
                            p { (view.t("云龙 · 徐州城市服务平台", "Yunlong · the service platform of Xuzhou")) }
                            a href={ (home) "/help" } { (view.t("帮助", "Help")) }
                            a href={ (home) "/help#accessibility" } { (view.t("无障碍说明", "Accessibility")) }
                            a href={ (home) "/my-data" } { (view.t("我的数据与授权", "Your data and consents")) }
                        }
                    }
                }
            }
        }
    }
}

fn header(view: &View, nav: &str, unread: u64) -> Markup {
    let console = matches!(view.site, Some(Site::Console));
    let portal = view.gateway.origins.portal();
    html! {
        header.city-header {
            div.city-header-inner {
                a.brand href=(if view.site.is_none() { portal } else { "/" }) {
                    img src="/_city/icon.svg" alt="" width="32" height="32";
                    span {
                        (view.t("云龙 Yunlong", "Yunlong 云龙")) " "
                        small { "· " @if console { (view.t("部门控制台", "Console")) } @else { (view.t("徐州城市服务", "Xuzhou city services")) } }
                    }
                }
                @match view.site {
                    Some(Site::Console) => (navigation(view, nav, unread, &console_entries(view))),
                    Some(_) => (navigation(view, nav, unread, &[
                        ("/", "服务", "Services"),
                        ("/apps", "应用目录", "Apps"),
                        ("/orders", "我的订单", "Orders"),
                        ("/inbox", "消息", "Inbox"),
                        ("/my-data", "我的数据", "My data"),
                        ("/account", "我的", "Account"),
                        ("/help", "帮助", "Help"),
                    ])),
                    None => {}
                }
                @if view.site.is_some() { (tools(view)) }
            }
            @if let Some(mandate) = &view.acting {
                p.acting role="status" {
                    (view.t("正在代办：", "You act for: ")) strong { (mandate.grantor.title()) } " "
                    a href={ (portal) "/mandates" } { (view.t("更改", "Change")) }
                }
            }
        }
    }
}

/// What somebody can do at the console goes by their role on the platform.
fn console_entries(view: &View) -> Vec<(&'static str, &'static str, &'static str)> {
    use yunlong_identity::PlatformRole::{AppReviewer, AuditAdmin, DepartmentAdmin, SecurityAdmin, SystemAdmin};
    let has = |roles: &[yunlong_identity::PlatformRole]| {
        view.session.as_ref().is_some_and(|s| roles.iter().any(|r| s.has(*r)))
    };
    let (runs, staff) = (has(&[SystemAdmin, DepartmentAdmin]), has(&[SystemAdmin, DepartmentAdmin, SecurityAdmin]));
    // The hub is every official's: a provider's people need no role on the platform to look at it.
    let official = view.session.as_ref().is_some_and(|s| s.kind == yunlong_identity::AccountKind::Official);
    let vendor = view.session.as_ref().is_some_and(|s| s.kind == yunlong_identity::AccountKind::Vendor);
    let reviews = vendor || has(&[SystemAdmin, AppReviewer]);
    let entries = [
        (runs || !(staff || official || reviews || has(&[AuditAdmin])), ("/", "已装应用", "Apps")),
        (runs, ("/install", "安装", "Install")),
        (reviews, ("/reviews", "应用审核", "App reviews")),
        (official, ("/hub", "信息资源", "Information hub")),
        (staff, ("/signers", "供应商密钥", "Vendor keys")),
        (staff, ("/accounts", "账号", "Accounts")),
        (staff, ("/organizations", "组织", "Organizations")),
        (staff, ("/roles", "角色", "Roles")),
        (runs, ("/companies", "企业", "Companies")),
        (has(&[SecurityAdmin]), ("/policy", "安全策略", "Policy")),
        (has(&[AuditAdmin]), ("/audit", "审计", "Audit")),
        (true, ("/help", "帮助", "Help")),
    ];
    entries.into_iter().filter(|(shown, _)| *shown).map(|(_, entry)| entry).collect()
}

fn navigation(view: &View, current: &str, unread: u64, entries: &[(&str, &str, &str)]) -> Markup {
    html! {
        // An app's failure pages carry the portal's navigation: its paths are not the app's.
        @let origin = if matches!(view.site, Some(Site::App(_))) { view.gateway.origins.portal() } else { "" };
        nav aria-label=(view.t("主导航", "Main")) {
            ul {
                @for (path, zh, en) in entries {
                    li {
                        a href={ (origin) (path) } aria-current=[(*path == current).then_some("page")] {
                            (view.t(zh, en))
                            @if *path == "/inbox" && unread > 0 {
                                span.count { (unread) span.visually-hidden { (view.t(" 条未读", " unread")) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The switches of language and elder mode, and the session.
fn tools(view: &View) -> Markup {
    let p = view.presentation;
    html! {
        div.city-tools {
            form method="post" action="/_city/preferences" {
                input type="hidden" name="return" value=(view.path);
                // Each button is named in the language that it leads to.
                @if p.lang == yunlong_model::Lang::Zh {
                    button name="lang" value="en" lang="en" { "English" }
                } @else {
                    button name="lang" value="zh" lang="zh-CN" { "中文" }
                }
                @if p.elder {
                    button name="elder" value="false" { (view.t("标准版", "Standard")) }
                } @else {
                    button name="elder" value="true" { (view.t("长辈版", "Elder mode")) }
                }
            }
            @if let Some(session) = &view.session {
                a.who href={ (view.gateway.origins.portal()) "/account" } { span.visually-hidden { (view.t("当前账号：", "Signed in as ")) } (session.account) }
                form method="post" action="/_city/sign-out" {
                    button { (view.t("退出", "Sign out")) }
                }
            } @else if !view.path.starts_with("/sign-in") {
                a href=(view.gateway.sign_in_address(view.site.as_ref(), &view.path)) { (view.t("登录", "Sign in")) }
            }
        }
    }
}

/// The page of a failure.
pub(crate) fn failure(view: &View, failure: &Failure) -> Markup {
    let kind = failure.kind();
    let title = view.t(kind.title.0, kind.title.1);
    let advice = view.t(kind.advice.0, kind.advice.1);
    let portal = view.gateway.origins.portal();
    let content = html! {
        h1 { (title) }
        div.card {
            @if let Some(detail) = failure.detail() {
                p { (detail.get(view.lang())) }
            }
            @if !failure.fields().is_empty() {
                ul { @for f in failure.fields() { li { strong { (f.name) } ": " (f.detail.get(view.lang())) } } }
            }
            p { (advice) }
            div.actions {
                @if let Some(address) = failure.offer() { a role="button" href=(address) { (view.t("重新登录", "Sign in again")) } }
                @match (&view.site, kind.status) {
                    (Some(Site::App(_) | Site::Console), s) if s < 500 && s != 404 => a role="button" href="/" { (view.t("回到首页", "To the start")) },
                    _ => a role="button" href={ (portal) "/" } { (view.t("全部服务", "All services")) },
                }
                a href={ (portal) "/help/problems#" (kind.slug) } { (view.t("了解更多", "More about this")) }
            }
        }
        p.muted { (view.t("请求编号：", "Request number: ")) code { (view.request_id.as_str()) } }
    };
    Page::narrow(title, "").render(view, 0, &content)
}

/// An empty list: why, and what to do.
pub(crate) fn empty(text: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            p { (text) }
            @if let Some((href, label)) = action { p { a role="button" href=(href) { (label) } } }
        }
    }
}

/// A message at the top of a page.
pub(crate) fn notice(kind: &str, text: &str) -> Markup {
    html! { div class={ "notice notice-" (kind) } role=(if kind == "bad" { "alert" } else { "status" }) { p { (text) } } }
}

/// A field's error, tied to it by `aria-describedby`.
pub(crate) fn field_error(id: &str, text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { span.field-error id=(id) { (text) } } }
}

/// An amount in fen as yuan: `1,080.00`.
pub(crate) fn money(fen: u64) -> String {
    let yuan = (fen / 100).to_string();
    let mut out = String::with_capacity(yuan.len() + 8);
    for (i, digit) in yuan.chars().enumerate() {
        if i > 0 && (yuan.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{:02}", fen % 100)
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_are_grouped_by_thousands() {
        for (fen, text) in
            [(0, "0.00"), (5, "0.05"), (99_999, "999.99"), (108_000, "1,080.00"), (123_456_789, "1,234,567.89")]
        {
            assert_eq!(money(fen), text);
        }
    }
}
