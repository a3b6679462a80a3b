//! Installing: choose a package, read what it is and what it may do, approve each permission, choose the
//! organization, answer the configuration, assign roles; then watch how far it is. And upgrading what is installed.

use super::config_form;
use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::refused;
use crate::layout::{Page, empty, field_error};
use crate::listing;
use crate::operations::installing::{PATIENCE, Unassigned};
use crate::operations::{Install, InstallStep, OperationError, Progress, Review, Upgrading};
use crate::portal::Names;
use crate::view::{Administrator, View, see_other};
use axum::extract::Path;
use http::{HeaderValue, StatusCode, header};
use maud::{Markup, html};
use std::collections::BTreeMap;
use yunlong_identity::{AccountKind, OrganizationLevel};
use yunlong_installations::{Capability, Difference, Installation, RoleDue};
use yunlong_library::LibraryError;
use yunlong_model::manifest::Role;
use yunlong_model::{Digest, InstallationName, Manifest, Text};
use yunlong_publications::{PublicationError, Search, Status, Version};
use yunlong_registry::listing::Listing;
use yunlong_registry::trust::Side;

/// Apps of one page.
const PAGE: usize = 30;
/// Organizations that are offered.
const OFFERED: usize = 60;
/// Accounts that one role may be given with the installation.
const MOST_ACCOUNTS: usize = 50;
/// How often the page of the progress loads itself again: then it waits to be asked.
const LOOKS: u32 = 60;

fn steps(view: &View, current: usize) -> Markup {
    let all = [("选择应用", "Choose an app"), ("核对并填写", "Check and fill in"), ("安装", "Install")];
    html! { ol.steps { @for (n, (zh, en)) in all.iter().enumerate() { li aria-current=[(n == current).then_some("step")] { (view.t(zh, en)) } } } }
}

pub(super) async fn choose(view: View, Query(query): Query) -> Outcome {
    view.administrator()?;
    show_choice(&view, StatusCode::OK, &query, None).await
}

/// The page again, with what was wrong with a package that was uploaded there.
pub(super) async fn refused_upload(view: &View, failure: &Failure) -> Outcome {
    show_choice(view, failure.status(), &Fields::default(), Some(failure)).await
}

async fn show_choice(view: &View, status: StatusCode, query: &Fields, failure: Option<&Failure>) -> Outcome {
    let wanted: String = query.text("q").chars().take(100).collect();
    let page = query.text("page").parse::<usize>().unwrap_or(1).clamp(1, 1_000);
    let search = Search { text: wanted.clone(), from: (page - 1) * PAGE, limit: PAGE, ..Search::default() };
    let publications = view.gateway.services.library.publications();
    let found = publications.catalogue(&search).await.map_err(OperationError::from)?;
    let codes = found.apps.iter().flat_map(|a| [a.organization.as_str(), a.reviewer_organization.as_str()]);
    let names = Names::of(view, &codes.collect::<Vec<_>>()).await?;
    let (title, lang) = (view.t("安装应用", "Install an app"), view.lang());
    let list = view.t("可以安装的应用", "Apps that may be installed");
    let turn = |page: usize| format!("/install?q={}&page={page}", crate::encode(&wanted));
    // A name that finds nothing may be one of a version that was yanked.
    let gone = if found.apps.is_empty() { not_offered(view, &wanted).await? } else { None };
    let content = html! {
        h1 { (title) }
        (steps(view, 0))
        (refused(view, failure))
        form.search role="search" method="get" action="/install" {
            label.visually-hidden for="q" { (view.t("搜索应用", "Search apps")) }
            input #q type="search" name="q" value=(wanted) maxlength="100" placeholder=(view.t("应用、用途或开发商", "App, purpose or vendor"));
            button { (view.t("搜索", "Search")) }
        }
        h2 { (list) }
        @if found.apps.is_empty() && wanted.is_empty() {
            (empty(view.t("还没有通过审核的应用。供应商用 yunlong publish 或在“应用审核”里发布，审核员通过后出现在这里。", "No app has been approved yet. Vendors publish with `yunlong publish` or under “App reviews”; what a reviewer approves appears here."), None))
        } @else if let Some(gone) = &gone {
            (empty(gone.get(lang), Some(("/install", view.t("全部应用", "All apps")))))
        } @else if found.apps.is_empty() {
            (empty(view.t("没有符合的应用。请换一个词再试。", "Nothing matches. Try another word."), Some(("/install", view.t("全部应用", "All apps")))))
        } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(list) { table {
                thead { tr {
                    th scope="col" { (view.t("应用", "App")) }
                    th scope="col" { (view.t("版本", "Version")) }
                    th scope="col" { (view.t("供应商", "Vendor")) }
                    th scope="col" { (view.t("审核", "Reviewed by")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for a in &found.apps { tr {
                    th scope="row" { (a.title.get(lang)) br; small.muted { (a.description.get(lang)) } }
                    td { (a.version) }
                    td { (names.get(&a.organization)) br; small.muted { (a.vendor) } }
                    td { (names.get(&a.reviewer_organization)) br; small.muted.when { (a.approved_at.to_shanghai()) } }
                    td { a role="button" class="small" href={ "/install/" (a.digest) } { (view.t("查看", "Look at it")) span.visually-hidden { " " (a.title.get(lang)) " " (a.version) } } }
                } } }
            } }
            @if found.total > PAGE {
                nav.pager aria-label=(view.t("翻页", "Pages")) {
                    @if page > 1 { a href=(turn(page - 1)) rel="prev" { (view.t("上一页", "Previous")) } }
                    span { (page) " / " (found.total.div_ceil(PAGE)) }
                    @if page * PAGE < found.total { a href=(turn(page + 1)) rel="next" { (view.t("下一页", "Next")) } }
                }
            }
        }
        (super::publish::form(view, "/install"))
        p { a href="/help#install" { (view.t("关于安装", "About installing")) } }
    };
    Ok(super::publish::with_form(view, super::page_with(status, view, &Page::new(title, "/install"), &content)?))
}

/// Why the app of this name, as `APP` or `APP@VERSION`, may not be installed.
async fn not_offered(view: &View, reference: &str) -> Outcome<Option<Text>> {
    let (app, version) = reference.trim().split_once('@').unwrap_or((reference.trim(), ""));
    match view.gateway.operations.named(app, version).await {
        Err(OperationError::Library(LibraryError::Publication(e @ PublicationError::NotOffered { .. }))) => {
            Ok(Some(e.text()))
        }
        Err(e) => Err(e.into()),
        Ok(_) => Ok(None),
    }
}

fn digest(text: &str) -> Outcome<Digest> {
    text.parse().map_err(|_| Failure::not_found())
}

/// A package as its page shows it.
struct Shown {
    review: Review,
    versions: Vec<Version>,
    listing: Option<Listing>,
    names: Names,
    datasets: Markup,
}

impl Shown {
    async fn of(view: &View, review: Review) -> Outcome<Self> {
        let publications = view.gateway.services.library.publications();
        let mut versions = publications.versions(&review.manifest.name).await.map_err(OperationError::from)?;
        versions.retain(|v| v.approval.is_some() || v.digest == review.digest);
        let listing = publications.summary(&review.digest).await.map_err(OperationError::from)?.listing;
        let mut codes: Vec<&str> = listing::reviewers(&versions).collect();
        codes.push(&review.release.organization);
        let names = Names::of(view, &codes).await?;
        let datasets = super::hub::uses::asked(view, &review.manifest).await?;
        Ok(Self { review, versions, listing, names, datasets })
    }

    fn may_be_installed(&self) -> bool {
        self.review.standing == Status::Approved
    }

    fn facts(&self, view: &View) -> Markup {
        let (r, m) = (&self.review, &self.review.manifest);
        html! {
            section.card {
                p { (m.description.get(view.lang())) }
                dl.facts {
                    dt { (view.t("版本", "Version")) } dd { (m.name) " " (m.version) " " (listing::standing(view, r.standing)) }
                    dt { (view.t("供应商", "Vendor")) } dd { (self.names.get(&r.release.organization)) " (" (r.signer.vendor) ") " span.badge.badge-ok { (view.t("签名有效", "Signature valid")) } }
                    @if let Some(a) = &r.release.approval { dt { (view.t("审核", "Reviewed by")) } dd { (listing::reviewed(view, a, &self.names)) } }
                    @if let Some(l) = &self.listing { dt { (view.t("分类", "Category")) } dd { (l.category.area().title().get(view.lang())) " · " (l.category.title().get(view.lang())) } }
                    dt { (view.t("签名密钥", "Signed by")) } dd { code.digest { (r.signer.key) } }
                    dt { (view.t("安装包", "Package")) } dd { code.digest { (r.digest) } }
                    @if r.release.approval.is_some() { dt { (view.t("核验", "Verify")) } dd {
                        a.target href={ "/api/v1/packages/" (r.digest) "/proof" } download={ "proof-" (m.version) ".json" } { (view.t("下载公开日志的证明", "Download the log’s proof")) }
                        (view.t("，用独立程序检查：", ", and have the independent program check it: "))
                        code.digest { "yunlong-verify publication --digest " (r.digest) " --key " (view.t("日志公钥", "LOG-KEY")) " proof-" (m.version) ".json" }
                    } }
                }
            }
        }
    }

    /// What its vendor and its reviewer say, and what it looks like.
    fn story(&self, view: &View) -> Markup {
        let heading = view.t("版本", "Versions");
        html! {
            @if let Some(changes) = self.listing.as_ref().and_then(|l| l.changes.as_ref()) {
                h2 { (view.t("本版更新内容", "What has changed in this version")) }
                p.lines { (changes.get(view.lang())) }
            }
            @if let Some(a) = &self.review.release.approval { (listing::remark(view, a, &self.names)) }
            @if let Some(l) = &self.listing { (listing::screenshots(view, &self.review.digest, &l.screenshots)) }
            h2 { (heading) }
            (listing::versions(view, &self.versions, &self.names, heading, (view.t("查看", "Look at it"), |v: &Version| html! {
                @if v.digest == self.review.digest { (view.t("当前页面", "This page")) }
                @else { a.target href={ "/install/" (v.digest) } { (view.t("查看", "Look at it")) span.visually-hidden { " " (v.version) } } }
            })))
        }
    }
}

pub(super) async fn review(view: View, Path(text): Path<String>) -> Outcome {
    let by = view.administrator()?;
    let review = view.gateway.operations.review(digest(&text)?).await?;
    let mut typed = Fields::default();
    typed.push("name".into(), review.manifest.name.to_string());
    typed.push("organization".into(), by.organization.clone().unwrap_or_default());
    show_review(&view, &by, review, StatusCode::OK, &typed, None).await
}

/// The installations of an app that this person may upgrade to a version.
fn upgradable(view: &View, r: &Review) -> Outcome<Vec<std::sync::Arc<Installation>>> {
    let session = view.signed_in()?;
    let services = &view.gateway.services;
    let mut all = services.installations.list();
    all.retain(|i| {
        i.app == r.manifest.name
            && i.manifest.version < r.manifest.version
            && services.identity.may_administer(session, &i.organization)
    });
    Ok(all)
}

/// The difference of permissions: new, gone, unchanged. What is new is approved one by one.
fn upgrade_form(view: &View, i: &Installation, r: &Review, typed: Option<&Fields>) -> Markup {
    let difference = Difference::between(&i.manifest, &r.manifest);
    let unchanged: Vec<&Capability> = r.capabilities.iter().filter(|c| !difference.added.contains(c)).collect();
    let id = format!("upgrade-{}", i.name);
    html! {
        form.card method="post" action={ "/install/" (r.digest) "/upgrade" } aria-labelledby=(id) {
            h2 id=(id) { (view.t("升级：", "Upgrade: ")) (i.name) " " (i.version) " → " (r.manifest.version) }
            p.muted { (i.organization_name) }
            input type="hidden" name="name" value=(i.name);
            h3 { (view.t("新增或放宽的权限", "New or wider permissions")) }
            @if difference.added.is_empty() { p { (view.t("不需要新的权限。", "It asks for no new permission.")) } } @else {
                fieldset {
                    legend.visually-hidden { (view.t("逐项批准", "Approve each")) }
                    @for c in &difference.added { (approval(view, c, &r.manifest, typed, &format!("{id}-"))) }
                }
            }
            @if !difference.removed.is_empty() {
                h3 { (view.t("不再需要的权限", "No longer asked for")) }
                ul { @for c in &difference.removed { li { (c.title(&i.manifest).get(view.lang())) } } }
            }
            details {
                summary { (view.t("不变的权限", "Unchanged permissions")) " (" (unchanged.len()) ")" }
                ul { @for c in &unchanged { li {
                    (c.title(&r.manifest).get(view.lang()))
                    @if !i.is_granted(c) { " " span.badge { (view.t("已撤销，升级后仍然撤销", "Revoked, and stays so")) } }
                } } }
            }
            @if i.manifest.data.understands(r.manifest.data.schema) {
                label for={ "share-" (i.name) } { (view.t("先服务多少市民", "Whom it serves at first")) }
                select id={ "share-" (i.name) } name="share" {
                    option value="" { (view.t("全部市民", "Everybody")) }
                    @for share in [5, 10, 25, 50] { option value=(share) { (share) " %" } }
                }
            } @else {
                p { (view.t("新版本改变数据结构，当前版本读不了新数据：不能灰度发布；退回前会先请您确认。", "It changes the shape of the data, which the running version does not read: no canary is possible, and going back asks you first.")) }
            }
            div.actions { button { (view.t("批准并升级", "Approve and upgrade")) } }
        }
    }
}

/// A permission to be approved by itself.
fn approval(view: &View, c: &Capability, m: &Manifest, typed: Option<&Fields>, prefix: &str) -> Markup {
    let id = c.to_string();
    let given = typed.is_some_and(|t| t.all("approve").any(|a| a == id));
    html! {
        label.choice for={ (prefix) (id) } {
            input id={ (prefix) (id) } type="checkbox" name="approve" value=(id) required checked[given];
            span { (c.title(m).get(view.lang())) (listing::personal(view, &id)) " " small.muted.mono { (id) } }
        }
    }
}

/// The page on which one installation is upgraded.
pub(super) async fn upgrade_page(view: View, Path((name, text)): Path<(String, String)>) -> Outcome {
    let (i, _) = super::administer(&view, &name)?;
    let review = view.gateway.operations.review(digest(&text)?).await?;
    show_upgrade(&view, &i, review, StatusCode::OK, None, None).await
}

async fn show_upgrade(
    view: &View,
    i: &Installation,
    review: Review,
    status: StatusCode,
    typed: Option<&Fields>,
    failure: Option<&Failure>,
) -> Outcome {
    if review.manifest.name != i.app {
        return Err(Failure::not_found());
    }
    let shown = Shown::of(view, review).await?;
    let r = &shown.review;
    let title = view.t("升级", "Upgrade");
    let content = html! {
        p { a href={ "/apps/" (i.name) "/versions" } { "← " (i.manifest.title.get(view.lang())) " · " (view.t("版本", "Versions")) } }
        h1 { (title) ": " (i.manifest.title.get(view.lang())) " " (r.manifest.version) }
        (refused(view, failure))
        (view.step_up_first_at(&format!("/apps/{}/upgrade/{}", i.name, r.digest)))
        (shown.facts(view))
        (shown.datasets)
        @if !shown.may_be_installed() { (not_installable(view, &shown)) }
        @else if i.manifest.version >= r.manifest.version { (empty(view.t("已在运行这个版本或更新的版本。", "It runs this version or a newer one already."), Some((&format!("/apps/{}/versions", i.name), view.t("版本", "Versions"))))) }
        @else { (upgrade_form(view, i, r, typed)) }
        (shown.story(view))
    };
    super::page_with(status, view, &Page::new(title, "/"), &content)
}

/// Why a version may not be installed, and which others may.
fn not_installable(view: &View, shown: &Shown) -> Markup {
    let r = &shown.review;
    let stand: Vec<&Version> = shown.versions.iter().filter(|v| v.status == Status::Approved).collect();
    html! {
        div.notice.notice-warn role="status" {
            strong { (view.t("这个版本不能安装：", "This version may not be installed: ")) (listing::standing(view, r.standing)) }
            @if let Some(yank) = &r.release.yank {
                p { (yank.at.to_shanghai()) " · " (match yank.side {
                    Side::Vendor => view.t("由开发商决定", "by its vendor"),
                    Side::City => view.t("由城市决定", "by the city"),
                }) }
                p { (view.t("原因：", "Why: ")) (yank.reason) }
            }
            @if !stand.is_empty() {
                p { (view.t("可以安装的版本：", "These may be installed: ")) @for v in &stand { a.target href={ "/install/" (v.digest) } { (v.version) } " " } }
            }
        }
    }
}

pub(super) async fn upgrade(view: View, Path(text): Path<String>, Form(form): Form) -> Outcome {
    let (installation, by) = super::administer(&view, form.text("name"))?;
    let package = digest(&text)?;
    view.step_up_for(&format!("/apps/{}/upgrade/{package}", installation.name))?;
    let approve: Vec<String> = form.all("approve").map(str::to_owned).collect();
    let share = match form.text("share") {
        "" => None,
        share => Some(share.parse().map_err(|_| Failure::new(kinds::MALFORMED))?),
    };
    let wanted = Upgrading { package, approve, share, by: by.account };
    match view.gateway.operations.upgrade(&installation.name, wanted).await.map_err(Failure::from) {
        Ok(upgraded) => Ok(see_other(&format!("/apps/{}/versions?done=1", upgraded.name))),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => {
            let review = view.gateway.operations.review(package).await?;
            // The state may have changed with the attempt.
            let now = view.gateway.services.installations.get(&installation.name);
            let i = now.as_deref().unwrap_or(&installation);
            show_upgrade(&view, i, review, failure.status(), Some(&form), Some(&failure)).await
        }
    }
}

async fn show_review(
    view: &View,
    by: &Administrator,
    review: Review,
    status: StatusCode,
    typed: &Fields,
    failure: Option<&Failure>,
) -> Outcome {
    let shown = Shown::of(view, review).await?;
    let (r, m) = (&shown.review, &shown.review.manifest);
    let title = m.title.get(view.lang());
    let values: BTreeMap<_, _> = config_form::values(m.config.as_ref(), typed);
    let upgradable = upgradable(view, r)?;
    let organizations = offered(view, by).await?;
    let accounts = if m.roles.is_empty() { Vec::new() } else { accounts_of(view).await? };
    let content = html! {
        h1 { (view.t("安装：", "Install: ")) (title) }
        (steps(view, 1))
        (refused(view, failure))
        (view.step_up_first_at(&format!("/install/{}", r.digest)))
        (shown.facts(view))
        (super::standing::link(view, r))
        (shown.story(view))
        (shown.datasets)
        @if !shown.may_be_installed() { (not_installable(view, &shown)) } @else {
            @for i in &upgradable { (upgrade_form(view, i, r, None)) }
            form method="post" action={ "/install/" (r.digest) } {
                p.muted { (view.t("带 * 的必须填写。", "Fields with * are needed.")) }
                fieldset.card {
                    legend { (view.t("该应用申请以下权限，请逐项核对并批准", "The app asks for these permissions: check and approve each")) }
                    @if r.capabilities.is_empty() { p { (view.t("不申请任何权限。", "None.")) } }
                    @for c in &r.capabilities { (approval(view, c, m, Some(typed), "approve-")) }
                    @if r.capabilities.iter().any(|c| listing::is_about_people(&c.to_string())) {
                        p { (view.t("标有“个人信息”的，请确认用途和依据与本部门的职责相符。", "Where personal data is marked, see that purpose and ground fit what your department does.")) }
                    }
                    p.muted { (view.t("须全部批准才能安装；以后可在控制台逐项撤销，撤销后立即生效。不同意其中任何一项，请不要安装，可向供应商提出。", "All of them are needed to install it. You can revoke each at the console later; that takes effect at once. If you do not agree to one, do not install it, and tell its vendor.")) }
                }
                fieldset.card {
                    legend { (view.t("安装到", "Where")) }
                    (place(view, typed, &organizations, failure))
                }
                @if config_form::has_fields(m.config.as_ref()) {
                    fieldset.card {
                        legend { (view.t("设置", "Configuration")) }
                        (config_form::fields(view, m.config.as_ref(), &values, failure))
                    }
                }
                @if !m.roles.is_empty() { (roles(view, &m.roles, typed, &accounts, failure)) }
                div.actions {
                    button { (view.t("批准并安装", "Approve and install")) }
                    a role="button" class="outline" href="/install" { (view.t("取消", "Cancel")) }
                }
            }
        }
    };
    super::page_with(status, view, &Page::new(title, "/install"), &content)
}

fn place(view: &View, typed: &Fields, organizations: &[(String, String)], failure: Option<&Failure>) -> Markup {
    let of = |field: &str| error_of(view, failure, field);
    let (name, organization) = (of("name"), of("organization"));
    html! {
        label.required for="name" { (view.t("网址名", "Name")) }
        input #name name="name" value=(typed.text("name")) required maxlength="40" pattern="[a-z][a-z0-9\\-]*" autocapitalize="none" spellcheck="false" aria-describedby=(if name.is_some() { "name-error name-help" } else { "name-help" }) aria-invalid=[name.map(|_| "true")];
        (field_error("name-error", name))
        span.field-help #name-help { (view.t("小写字母、数字和连字符，以字母开头；安装后不能更改。市民访问的网址为：", "a–z, 0–9 and -, a letter first; it cannot change later. Citizens open: ")) code { (view.gateway.origins.any_app().replace('*', view.t("网址名", "name"))) } }
        label.required for="organization" { (view.t("部门代码", "Department's code")) }
        input #organization name="organization" value=(typed.text("organization")) list="organizations" required maxlength="18" spellcheck="false" aria-describedby=(if organization.is_some() { "organization-error organization-help" } else { "organization-help" }) aria-invalid=[organization.map(|_| "true")];
        datalist #organizations { @for (code, title) in organizations { option value=(code) { (title) } } }
        (field_error("organization-error", organization))
        span.field-help #organization-help { (view.t("从列表选择，或输入行政区划代码或统一社会信用代码，例如 320300。", "Choose from the list, or type a division code or a unified social credit code, such as 320300.")) " " a href="/organizations" { (view.t("查找代码", "Find a code")) } }
    }
}

fn error_of<'a>(view: &View, failure: Option<&'a Failure>, field: &str) -> Option<&'a str> {
    failure?.fields().iter().find(|e| e.name == field).map(|e| e.detail.get(view.lang()))
}

/// The organizations that this person may install for, as far as a list is of use: their own and those below it.
async fn offered(view: &View, by: &Administrator) -> Outcome<Vec<(String, String)>> {
    let identity = &view.gateway.services.identity;
    let Some(own) = &by.organization else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    if let Some(own) = identity.organization(own).await? {
        all.push((own.code, own.name));
    }
    let below = identity.children(own).await?.into_iter().filter(|o| o.level != OrganizationLevel::Vendor);
    all.extend(below.map(|o| (o.code, o.name)));
    all.truncate(OFFERED);
    Ok(all)
}

/// The accounts that are suggested for roles.
async fn accounts_of(view: &View) -> Outcome<Vec<String>> {
    let (found, _) = crate::people::list(view, "", "").await?;
    Ok(found.into_iter().filter(|a| a.kind == AccountKind::Official && !a.disabled).map(|a| a.name).collect())
}

fn field_of(role: &Role) -> String {
    format!("role.{}", role.name)
}

fn roles(view: &View, roles: &[Role], typed: &Fields, accounts: &[String], failure: Option<&Failure>) -> Markup {
    html! {
        fieldset.card {
            legend { (view.t("角色（选填）", "Roles (optional)")) }
            p.muted #roles-help { (view.t("填写本部门工作人员的账号，多个账号用空格或逗号分开。以后可随时增减。", "Accounts of the department’s officials, with spaces or commas between them. You can change them at any time.")) }
            @for role in roles {
                @let field = field_of(role);
                @let error = error_of(view, failure, &field);
                @let error_id = format!("{field}-error");
                label for=(field) { (role.title.get(view.lang())) " " small.muted.mono { (role.name) } }
                input id=(field) name=(field) value=(typed.text(&field)) list="accounts" maxlength="2000" autocapitalize="none" spellcheck="false" autocomplete="off" aria-describedby=(if error.is_some() { format!("{error_id} roles-help") } else { "roles-help".to_owned() }) aria-invalid=[error.map(|_| "true")];
                (field_error(&error_id, error))
            }
            datalist #accounts { @for account in accounts { option value=(account) {} } }
        }
    }
}

/// The roles as they were typed; each account is an official of the organization or below it.
async fn assigned(view: &View, m: &Manifest, organization: &str, form: &Fields) -> Outcome<Vec<RoleDue>> {
    let identity = &view.gateway.services.identity;
    let mut all: Vec<RoleDue> = Vec::new();
    for role in &m.roles {
        let field = field_of(role);
        let separators = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；');
        let accounts: Vec<&str> = form.text(&field).split(separators).filter(|a| !a.is_empty()).collect();
        if accounts.len() > MOST_ACCOUNTS {
            return Err(Failure::new(kinds::INVALID).field(
                &field,
                format!("一次最多 {MOST_ACCOUNTS} 个账号"),
                format!("At most {MOST_ACCOUNTS} accounts at once"),
            ));
        }
        for name in accounts {
            let found = identity.account(name).await?.filter(|a| !a.disabled && a.kind == AccountKind::Official);
            let theirs = found.as_ref().and_then(|a| a.organization.as_deref());
            if !theirs.is_some_and(|o| identity.is_within(o, organization)) {
                let shown: String = name.chars().take(60).collect();
                return Err(Failure::new(kinds::INVALID).field(
                    &field,
                    format!("该部门没有工作人员账号“{shown}”"),
                    format!("The department has no official’s account `{shown}`"),
                ));
            }
            let assigned = RoleDue { account: name.to_owned(), role: role.name.clone() };
            if !all.contains(&assigned) {
                all.push(assigned);
            }
        }
    }
    Ok(all)
}

pub(super) async fn approve(view: View, Path(text): Path<String>, Form(form): Form) -> Outcome {
    let by = view.administrator()?;
    let package = digest(&text)?;
    view.step_up_for(&format!("/install/{package}"))?;
    let review = view.gateway.operations.review(package).await?;
    match begin(&view, &by, &review.manifest, package, &form).await {
        Ok(address) => Ok(see_other(&address)),
        Err(failure) if failure.kind() == kinds::INTERNAL => Err(failure),
        Err(failure) => show_review(&view, &by, review, failure.status(), &form, Some(&failure)).await,
    }
}

/// Begins the installation and waits a little for it; answers where the browser goes on.
async fn begin(view: &View, by: &Administrator, m: &Manifest, package: Digest, form: &Fields) -> Outcome<String> {
    let organization = form.text("organization").to_owned();
    super::may_administer(view, &organization)?;
    let name: InstallationName = form.text("name").parse().map_err(OperationError::name)?;
    let roles = assigned(view, m, &organization, form).await?;
    let wanted = Install {
        package,
        name: Some(name.to_string()),
        config: config_form::values(m.config.as_ref(), form),
        approve: form.all("approve").map(str::to_owned).collect(),
        by: by.account.clone(),
        organization,
    };
    let job = view.gateway.operations.install_and_assign(&name, wanted, roles)?;
    match tokio::time::timeout(PATIENCE, job).await {
        Ok(ended) => {
            let installed = ended.map_err(Failure::internal)??;
            let name = &installed.installation.name;
            if installed.unassigned.is_empty() {
                return Ok(format!("/apps/{name}?saved=1"));
            }
            // What is left to do stands there.
            Ok(format!("/install/{package}/progress?name={name}"))
        }
        // It goes on by itself.
        Err(_) => Ok(format!("/install/{package}/progress?name={name}")),
    }
}

/// How far an installation is.
pub(super) async fn progress(view: View, Path(text): Path<String>, Query(query): Query) -> Outcome {
    let by = view.administrator()?;
    let package = digest(&text)?;
    let name = crate::api::name(query.text("name"))?;
    let look: u32 = query.text("look").parse().unwrap_or(0);
    let found = view.gateway.operations.installing(&name).filter(|p| p.by == by.account && p.package == package);
    let Some(progress) = found else {
        // Done, or none of theirs: the app's page knows which.
        return Ok(see_other(&format!("/apps/{name}?saved=1")));
    };
    let installed = !progress.unassigned.is_empty();
    let title = if installed { view.t("已安装", "Installed") } else { view.t("正在安装", "Being installed") };
    let content = html! {
        h1 { (title) ": " (name) }
        (steps(&view, 2))
        (refused(&view, progress.failure.as_ref()))
        @if installed { (unassigned(&view, &progress.unassigned)) } @else { (how_far(&view, &progress)) }
        div.actions {
            @if installed { a role="button" href={ "/apps/" (name) } { (view.t("打开应用页面，指派角色", "To the app’s page, to assign them")) } }
            @else if progress.failure.is_some() { a role="button" href={ "/install/" (package) } { (view.t("返回修改", "Back to the form")) } }
            @else { a role="button" class="outline" href={ "/install/" (package) "/progress?name=" (name) } { (view.t("刷新", "Reload")) } }
        }
    };
    let mut response = super::page(&view, &Page::narrow(title, "/install"), &content)?;
    if progress.is_under_way()
        && look < LOOKS
        && let Ok(again) = HeaderValue::from_str(&format!("3; url=?name={name}&look={}", look + 1))
    {
        response.headers_mut().insert(header::REFRESH, again);
    }
    Ok(response)
}

/// The roles that are to be assigned by hand: the rest is done.
fn unassigned(view: &View, all: &[Unassigned]) -> Markup {
    html! {
        div.notice.notice-warn role="alert" {
            strong { (view.t("应用已经安装并运行，但以下角色未能指派：", "It is installed and serves, but these roles could not be assigned:")) }
            ul { @for u in all { li {
                (u.assigned.account) " · " code { (u.assigned.role) } " — "
                @if u.why.fields().is_empty() { (u.why.text(view.lang())) }
                @for e in u.why.fields() { (e.detail.get(view.lang())) " " }
            } } }
        }
    }
}

fn how_far(view: &View, progress: &Progress) -> Markup {
    let all = [
        (InstallStep::Checking, "核对签名和审核", "Checking signature and approval"),
        (InstallStep::Compiling, "编译组件", "Compiling the component"),
        (InstallStep::Starting, "首次启动", "Starting it for the first time"),
    ];
    let done = all.iter().filter(|(step, ..)| *step < progress.step).count();
    html! {
        section.card {
            @if progress.failure.is_none() {
                label for="progress" { (view.t("进度", "Progress")) }
                progress #progress max=(all.len()) value=(done) { (done) " / " (all.len()) }
            }
            ol { @for (step, zh, en) in all { li aria-current=[(step == progress.step).then_some("step")] {
                (view.t(zh, en)) " "
                @if step < progress.step { span.badge.badge-ok { (view.t("完成", "Done")) } }
                @else if step == progress.step && progress.failure.is_some() { span.badge.badge-bad { (view.t("未成功", "Failed")) } }
                @else if step == progress.step { span.badge.badge-info { (view.t("进行中", "Under way")) } }
            } } }
            @if progress.failure.is_none() {
                p.muted { (view.t("大的组件编译需要几分钟。可以离开本页，安装会继续进行。", "A large component takes minutes to compile. You may leave this page: it goes on.")) }
            } @else {
                p { (view.t("没有安装任何内容，网址名可以再次使用。", "Nothing was installed, and the name is free.")) }
            }
        }
    }
}
