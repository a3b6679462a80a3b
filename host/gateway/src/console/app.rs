//! One installation: its state, permissions, roles, configuration, log and dead letters.

use super::{administer, config_form};
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, empty, notice};
use crate::listing;
use crate::operations::Review;
use crate::view::{View, see_other};
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;
use futures::SinkExt as _;
use futures::channel::mpsc;
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::io;
use yunlong_identity::RoleAssignment;
use yunlong_installations::{Capability, Installation, Status};
use yunlong_model::InstallationName;
use yunlong_payments::Held;
use yunlong_publications::Status as Standing;

/// A state with a word and a sign.
pub(super) fn status_badge(view: &View, i: &Installation) -> Markup {
    match &i.status {
        Status::Installing => html! { span.badge { (view.t("正在安装", "Being installed")) } },
        Status::Running => html! { span.badge.badge-ok { (view.t("运行中", "Running")) } },
        Status::Migrating => html! { span.badge.badge-warn { (view.t("正在升级数据", "Data being made ready")) } },
        Status::Stopped => html! { span.badge.badge-warn { (view.t("已暂停", "Paused")) } },
        Status::Failed(_) => html! { span.badge.badge-bad { (view.t("故障", "Failed")) } },
        Status::Recalled => html! { span.badge.badge-bad { (view.t("已召回，服务停止", "Recalled: stopped")) } },
    }
}

pub(super) async fn page(view: View, Path(name): Path<String>, Query(query): Query) -> Outcome {
    let (installation, _) = administer(&view, &name)?;
    let saved = query.raw("saved").is_some();
    show(&view, &installation, StatusCode::OK, saved, None).await
}

pub(super) async fn health(view: View, Path(name): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let answer = view.gateway.operations.health(&i.name).await?;
    let title = view.t("健康检查", "Health");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        @match &answer {
            Ok(()) => (notice("ok", view.t("应用报告一切正常。", "The app says that it is well."))),
            Err(why) => div.notice.notice-bad role="alert" { strong { (view.t("应用报告异常", "The app is not well")) } p { (why.get(view.lang())) } },
        }
        form method="post" action={ "/apps/" (i.name) "/health" } { button.outline { (view.t("再查一次", "Ask again")) } }
    };
    super::page(&view, &Page::narrow(title, "/"), &content)
}

/// A form that was refused, and what was typed into it.
#[derive(Clone, Copy)]
struct Refused<'a> {
    failure: &'a Failure,
    form: &'a Fields,
}

/// The page; with a form that was refused on it.
async fn show(view: &View, i: &Installation, status: StatusCode, saved: bool, refused: Option<Refused<'_>>) -> Outcome {
    let assignments = view.gateway.services.identity.role_assignments(&i.name).await?;
    let used = view.gateway.services.installations.used(&i.name).await?;
    let held = view.gateway.services.payments.held(&i.name).await?;
    let datasets = super::hub::uses::states(view, i).await?;
    let release = view.gateway.operations.review(i.package_digest).await?;
    let title = i.manifest.title.get(view.lang());
    let content = html! {
        p { a href="/" { "← " (view.t("已装应用", "Installed apps")) } }
        h1 { (title) " " (status_badge(view, i)) }
        @if saved { (notice("ok", view.t("已保存，立即生效。", "Saved. It takes effect at the next call."))) }
        @if let Some(r) = refused { (refusal(view, r.failure)) }
        @if let Status::Failed(why) = &i.status {
            div.notice.notice-bad role="alert" { strong { (view.t("应用未能启动", "The app did not start")) } p { (why.text().get(view.lang())) } }
        }
        @if i.status == Status::Recalled {
            div.notice.notice-bad role="alert" {
                strong { (view.t("城市召回了这个版本，服务已停止", "The city recalled this version: the service is stopped")) }
                p { (view.t("数据、消息和定时任务都保留着。升级到其他版本，或退回以前运行过的版本，服务即恢复。", "Its data, messages and jobs are all kept. Upgrade it to another version, or roll it back to one that it ran before: then it serves again.")) }
            }
        }
        @if let Some(problem) = i.change.as_ref().and_then(|c| c.problem.as_ref()) {
            div.notice.notice-bad role="alert" { strong { (view.t("新版本需要您处理", "The new version needs your decision")) } p { (problem.text().get(view.lang())) } p { a href={ "/apps/" (i.name) "/versions" } { (view.t("查看版本", "See the versions")) } } }
        }
        (doubts(view, i, &release))
        (facts(view, i, used, held))
        (permissions(view, i))
        (datasets)
        (roles(view, i, &assignments, refused))
        (configuration(view, i, refused))
    };
    super::page_with(status, view, &Page::new(title, "/"), &content)
}

pub(super) fn refusal(view: &View, f: &Failure) -> Markup {
    html! {
        div.notice.notice-bad role="alert" {
            strong { (view.t(f.kind().title.0, f.kind().title.1)) }
            @if f.fields().is_empty() { p { (f.text(view.lang())) } }
            @for e in f.fields() { p { (e.detail.get(view.lang())) } }
        }
    }
}

/// What is to be known of the version that runs when it is no longer offered.
fn doubts(view: &View, i: &Installation, r: &Review) -> Markup {
    html! {
        @if r.standing != Standing::Approved {
            div.notice.notice-warn role="status" {
                strong { (view.t("正在运行的版本 ", "The version that runs, ")) (i.version) " " (listing::standing(view, r.standing)) }
                @if let Some(yank) = &r.release.yank { p { (view.t("原因：", "Why: ")) (yank.reason) } }
                p { (view.t("请查看有没有可以升级的版本，或联系供应商。", "See whether there is a version to upgrade to, or ask its vendor.")) " " a.target href={ "/apps/" (i.name) "/versions" } { (view.t("查看版本", "See the versions")) } }
                (super::standing::link(view, r))
            }
        }
    }
}

/// Bytes as MiB with one digit.
fn mib(bytes: u64) -> String {
    format!("{}.{}", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}

fn storage(view: &View, i: &Installation, used: u64) -> Markup {
    let quota = view.gateway.services.installations.quota(&i.name);
    html! {
        (mib(used)) " MiB / " (mib(quota)) " MiB"
        @if used >= quota / 10 * 9 {
            " " span.badge.badge-warn { (view.t("即将用满", "Almost full")) }
            p { (view.t("用满后该应用不能再写入数据：请删除不再需要的数据，或请平台运维提高配额。", "When it is full the app can write no more: delete what is no longer needed, or ask the operators for a larger quota.")) }
        }
    }
}

fn facts(view: &View, i: &Installation, used: u64, held: Held) -> Markup {
    let origin = view.gateway.origins.app(&i.name);
    html! {
        section.card {
            dl.facts {
                dt { (view.t("网址", "Address")) } dd { a href={ (origin) "/" } { (origin) } }
                dt { (view.t("应用与版本", "App and version")) } dd { (i.app) " " (i.version) }
                dt { (view.t("部门", "Department")) } dd { (i.organization_name) " (" (i.organization) ")" }
                dt { (view.t("安装", "Installed")) } dd { (i.installed_at.to_shanghai()) " · " (i.installed_by) }
                dt { (view.t("供应商", "Vendor")) } dd { (i.manifest.vendor) " · " a href={ "/install/" (i.package_digest) } { (view.t("应用介绍", "About the app")) } }
                dt { (view.t("安装包", "Package")) } dd { code { (i.package_digest) } }
                dt { (view.t("存储", "Storage")) } dd { (storage(view, i, used)) }
                (super::payments::fact(view, i, held))
            }
            div.actions {
                @match &i.status {
                    Status::Running => form method="post" action={ "/apps/" (i.name) "/stop" } { button.secondary { (view.t("暂停服务", "Pause")) } },
                    Status::Stopped => form method="post" action={ "/apps/" (i.name) "/start" } { button { (view.t("恢复服务", "Resume")) } },
                    // It starts with another version alone.
                    Status::Recalled => {}
                    _ => form method="post" action={ "/apps/" (i.name) "/start" } { button { (view.t("重新启动", "Start again")) } },
                }
                form method="post" action={ "/apps/" (i.name) "/health" } { button.outline { (view.t("健康检查", "Ask after its health")) } }
                a role="button" class="outline" href={ "/apps/" (i.name) "/versions" } { (view.t("版本", "Versions")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/jobs" } { (view.t("定时任务", "Jobs")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/log" } { (view.t("日志", "Log")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/journals" } { (view.t("故障记录", "Journals")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/dead-letters" } { (view.t("未送达消息", "Dead letters")) }
                a role="button" class="outline" href={ "/apps/" (i.name) "/export" } { (view.t("导出数据…", "Export its data…")) }
                a role="button" class="outline danger" href={ "/apps/" (i.name) "/uninstall" } { (view.t("卸载…", "Uninstall…")) }
            }
        }
    }
}

fn permissions(view: &View, i: &Installation) -> Markup {
    let all = Capability::of_manifest(&i.manifest);
    let heading = view.t("权限", "Permissions");
    html! {
        h2 { (heading) }
        @if all.is_empty() { (empty(view.t("该应用不申请任何权限。", "The app asks for no permission."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                thead { tr {
                    th scope="col" { (view.t("可以做什么", "What it may do")) }
                    th scope="col" { (view.t("状态", "State")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for c in &all { (permission(view, i, c)) } }
            } }
        }
    }
}

fn permission(view: &View, i: &Installation, c: &Capability) -> Markup {
    let title = c.title(&i.manifest);
    let title = title.get(view.lang());
    let grant = i.grants.iter().find(|g| g.capability == *c);
    html! {
        tr {
            th scope="row" { (title) br; small.muted { code { (c.to_string()) } } }
            td {
                @match grant {
                    Some(g) => { span.badge.badge-ok { (view.t("已批准", "Granted")) } br; small.muted { (g.approved_by) " · " (g.approved_at.to_shanghai()) } }
                    None => span.badge.badge-bad { (view.t("未批准", "Not granted")) },
                }
            }
            td {
                form.inline method="post" action={ "/apps/" (i.name) "/grants" } {
                    input type="hidden" name="capability" value=(c.to_string());
                    @if grant.is_some() {
                        button.small.outline.danger name="granted" value="false" { (view.t("撤销", "Revoke")) span.visually-hidden { " " (title) } }
                    } @else {
                        button.small name="granted" value="true" { (view.t("批准", "Grant")) span.visually-hidden { " " (title) } }
                    }
                }
            }
        }
    }
}

fn roles(view: &View, i: &Installation, assignments: &[RoleAssignment], refused: Option<Refused<'_>>) -> Markup {
    let typed = |name: &str| refused.map_or("", |r| r.form.text(name));
    let heading = view.t("角色", "Roles");
    let title_of = |role: &str| {
        i.manifest
            .roles
            .iter()
            .find(|r| r.name == role)
            .map_or_else(|| role.to_owned(), |r| r.title.get(view.lang()).to_owned())
    };
    html! {
        h2 { (heading) }
        @if i.manifest.roles.is_empty() { (empty(view.t("该应用没有角色。", "The app has no roles."), None)) } @else {
            @if !assignments.is_empty() {
                div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                    thead { tr {
                        th scope="col" { (view.t("账号", "Account")) }
                        th scope="col" { (view.t("角色", "Role")) }
                        th scope="col" { (view.t("由谁指派", "Assigned by")) }
                        th scope="col" { (view.t("操作", "Action")) }
                    } }
                    tbody { @for a in assignments { tr {
                        th scope="row" { (a.account) }
                        td { (title_of(&a.role)) }
                        td { (a.assigned_by) " · " (a.assigned_at.to_shanghai()) }
                        td { form.inline method="post" action={ "/apps/" (i.name) "/roles" } {
                            input type="hidden" name="account" value=(a.account);
                            input type="hidden" name="role" value=(a.role);
                            button.small.outline.danger name="assign" value="false" { (view.t("撤销", "Revoke")) span.visually-hidden { " " (a.account) " " (title_of(&a.role)) } }
                        } }
                    } } }
                } }
            }
            form.card method="post" action={ "/apps/" (i.name) "/roles" } {
                label for="account" { (view.t("账号", "Account")) }
                input #account name="account" value=(typed("account")) required maxlength="100" autocapitalize="none" spellcheck="false" aria-describedby="account-help";
                span.field-help #account-help { (view.t("本人登录时使用的账号名。", "The name with which the person signs in.")) }
                label for="role" { (view.t("角色", "Role")) }
                select #role name="role" { @for r in &i.manifest.roles { option value=(r.name) selected[r.name == typed("role")] { (r.title.get(view.lang())) } } }
                div.actions { button name="assign" value="true" { (view.t("指派", "Assign")) } }
            }
        }
    }
}

fn configuration(view: &View, i: &Installation, refused: Option<Refused<'_>>) -> Markup {
    let schema = i.manifest.config.as_ref();
    // What was typed stays; a field that came empty shows empty again, not its stored value.
    let refused = refused.filter(|r| r.failure.fields().iter().any(|f| f.name.starts_with("config.")));
    let typed = refused.map(|r| config_form::values(schema, r.form));
    let values = typed.as_ref().unwrap_or(&i.config);
    html! {
        h2 { (view.t("设置", "Configuration")) }
        @if config_form::has_fields(schema) {
            form.card method="post" action={ "/apps/" (i.name) "/config" } {
                p.muted { (view.t("带 * 的必须填写。", "Fields with * are needed.")) }
                (config_form::fields(view, schema, values, refused.map(|r| r.failure)))
                div.actions { button { (view.t("保存", "Save")) } }
            }
        } @else { (empty(view.t("该应用没有可设置的内容。", "There is nothing to configure."), None)) }
    }
}

fn back(name: &str) -> axum::response::Response {
    see_other(&format!("/apps/{name}?saved=1"))
}

/// After a form: back to the page, or the page with what was refused.
async fn answer<T, E: Into<Failure>>(view: &View, i: &Installation, form: &Fields, outcome: Result<T, E>) -> Outcome {
    match outcome.map_err(Into::into) {
        Ok(_) => Ok(back(i.name.as_str())),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            // The state may have changed with the attempt.
            let now = view.gateway.services.installations.get(&i.name);
            let refused = Refused { failure: &failure, form };
            show(view, now.as_deref().unwrap_or(i), failure.status(), false, Some(refused)).await
        }
    }
}

pub(super) async fn stop(view: View, Path(name): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    answer(&view, &i, &Fields::default(), view.gateway.operations.stop(&i.name, &by.account).await).await
}

pub(super) async fn start(view: View, Path(name): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    answer(&view, &i, &Fields::default(), view.gateway.operations.start(&i.name, &by.account).await).await
}

pub(super) async fn set_grant(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let granted = form.text("granted") == "true";
    // Taking back is what one does in a hurry; giving is not.
    if granted {
        view.step_up_for(&format!("/apps/{}", i.name))?;
    }
    let set = view.gateway.operations.set_grant(&i.name, form.text("capability"), granted, &by.account).await;
    answer(&view, &i, &form, set).await
}

/// Asks for a dataset again: what was refused, has expired, or could not be asked for.
pub(super) async fn ask(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let (dataset, purpose) = (form.text("dataset"), form.text("purpose"));
    let asked = view.gateway.services.hub.ask(&i.name, dataset, purpose, &view.actor()?).await;
    answer(&view, &i, &form, asked).await
}

pub(super) async fn set_roles(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    view.step_up_for(&format!("/apps/{}", i.name))?;
    let (account, role, assigned) = (form.text("account"), form.text("role"), form.text("assign") == "true");
    let set = view.gateway.operations.set_role(&i.name, account, role, assigned, &by.account).await;
    answer(&view, &i, &form, set).await
}

pub(super) async fn set_config(view: View, Path(name): Path<String>, Form(form): Form) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    let values: BTreeMap<_, _> = config_form::values(i.manifest.config.as_ref(), &form);
    let set = view.gateway.operations.set_config(&i.name, values, &by.account).await;
    answer(&view, &i, &form, set).await
}

/// Where everything that the app keeps can be taken along.
pub(super) async fn export(view: View, Path(name): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let title = view.t("导出数据", "Export its data");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) ": " (i.manifest.title.get(view.lang())) }
        (view.step_up_first())
        section.card {
            p { (view.t("文件包含该应用保存的全部文档和计数器，每行一个 JSON。其中的人以本应用专用的代号出现，内容可能含个人信息：请按本部门的规定保管，不要外传。", "The file holds every document and counter that the app keeps, one line of JSON each. People stand in it by the app’s own pseudonyms, and what is said of them may be personal data: keep it by your department’s rules, and pass it to nobody.")) }
            p { (view.t("最后一行写明总数和校验值；没有这一行的文件不完整，请重新下载。", "The last line says how much there is, and the digest of the rest: a file without it was cut short, and is to be downloaded again.")) }
            @if matches!(i.status, Status::Running) {
                p { (view.t("应用正在服务：导出期间写入的内容可能不在文件里。需要完整的一份，或打算卸载，请先暂停服务。", "It serves: what is written meanwhile may not be in the file. For a whole one, or to remove it, pause it first.")) }
            }
            form method="post" action={ "/apps/" (i.name) "/export" } { div.actions {
                button { (view.t("下载", "Download")) }
                a role="button" class="outline" href={ "/apps/" (i.name) } { (view.t("返回", "Back")) }
            } }
            p.muted { (view.t("导出记入审计日志。", "The export goes into the audit trail.")) }
        }
    };
    super::page(&view, &Page::narrow(title, "/"), &content)
}

pub(super) async fn download(view: View, Path(name): Path<String>) -> Outcome {
    let (i, by) = administer(&view, &name)?;
    view.step_up_for(&format!("/apps/{}/export", i.name))?;
    export_file(&view, &i.name, &by.account).await
}

/// Everything that an app keeps as a file, written while it is read.
pub(crate) async fn export_file(view: &View, name: &InstallationName, by: &str) -> Outcome {
    let mut export = view.gateway.operations.export(name, by).await?;
    let name = name.clone();
    let (mut sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    // A name holds letters, digits and hyphens alone.
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.jsonl\""));
    tokio::spawn(async move {
        loop {
            let (piece, last) = match export.next().await {
                Ok(Some(lines)) => (Ok(lines.into()), false),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(installation = %name, %error, "an export was cut short");
                    // A part must not pass for the whole.
                    (Err(io::ErrorKind::UnexpectedEof.into()), true)
                }
            };
            if sender.send(piece).await.is_err() || last {
                return;
            }
        }
    });
    let mut response = Response::new(Body::from_stream(receiver));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(Failure::internal)?);
    Ok(response)
}

pub(super) async fn log(view: View, Path(name): Path<String>) -> Outcome {
    let (i, _) = administer(&view, &name)?;
    let lines = view.gateway.services.installations.log().tail(&i.name, 200).await?;
    let title = view.t("日志", "Log");
    let content = html! {
        p { a href={ "/apps/" (i.name) } { "← " (i.manifest.title.get(view.lang())) } }
        h1 { (title) }
        @if lines.is_empty() { (empty(view.t("还没有日志。", "Nothing was logged yet."), None)) } @else {
            p.muted { (view.t("最近 200 行，最新的在最下面。时间为北京时间。", "The newest 200 lines, the newest last. Beijing time.")) }
            pre.log tabindex="0" role="region" aria-label=(title) {
                @for l in &lines { (l.at.to_shanghai()) " " (l.level.to_string()) " " @if let Some(id) = &l.request_id { "[" (id) "] " } (l.text) "\n" }
            }
            p { a role="button" class="outline" href={ "/apps/" (i.name) "/log" } { (view.t("刷新", "Reload")) } }
        }
    };
    super::page(&view, &Page::new(title, "/"), &content)
}
