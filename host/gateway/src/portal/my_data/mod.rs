//! "My data": what the city holds about a person, who read it, and what they may ask for.

pub(super) mod apps;
pub(super) mod copy;
pub(super) mod corrections;
mod facts;
pub(super) mod reads;
mod shown;

use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty};
use crate::view::View;
use crate::words;
use maud::{Markup, html};
use shown::Shown;
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_hub::{Dataset, Item, Provenance, Publication, Record, Sensitivity};
use yunlong_identity::{Attributes, Session};
use yunlong_model::{Lang, PersonId};

/// The path of the first page, and the entry in the navigation.
pub(super) const NAV: &str = "/my-data";

/// The first page with nothing covered.
const SHOW_ALL: &str = "/my-data?show=all";

/// The pages below it.
const TABS: [(&str, &str, &str); 6] = [
    (NAV, "我的信息", "What is held"),
    ("/my-data/reads", "谁看过", "Who read it"),
    ("/consents", "授权", "Consents"),
    ("/my-data/corrections", "更正", "Corrections"),
    ("/my-data/copy", "副本", "A copy"),
    ("/my-data/erasure", "删除", "Erasure"),
];

/// The way between the pages.
pub(super) fn tabs(view: &View, current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(view.t("我的数据", "My data")) { ul {
            @for (path, zh, en) in TABS { li { a href=(path) aria-current=[(path == current).then_some("page")] { (view.t(zh, en)) } } }
        } }
    }
}

/// The persons that an account stands for: by its resident ID, and by the account itself from before
/// that was known.
pub(super) struct People(pub(super) Vec<PersonId>);

impl People {
    pub(super) async fn of(view: &View, account: &str) -> Outcome<Self> {
        Ok(Self(view.gateway.services.identity.persons_of_account(account).await?))
    }
}

/// What the hub holds about somebody: a record with all that it ever was.
pub(super) struct HeldRecord {
    person: PersonId,
    pub(super) dataset: Arc<Dataset>,
    /// Where the dataset stands in the catalogue: what is withdrawn is still held.
    pub(super) publication: Publication,
    /// The record’s id: a keyed hash, which may stand in an address.
    pub(super) id: String,
    /// The newest version.
    pub(super) record: Record,
    /// Whether that holds today.
    pub(super) holds: bool,
    /// Versions that held before, the newest first. Apps may read them by their day.
    pub(super) former: Vec<Record>,
    /// What was once on record and was replaced, the newest first.
    pub(super) replaced: Vec<Record>,
}

impl HeldRecord {
    pub(super) fn versions(&self) -> impl Iterator<Item = &Record> {
        std::iter::once(&self.record).chain(&self.former).chain(&self.replaced)
    }

    /// Whether its authority can be asked to correct it.
    fn may_be_doubted(&self) -> bool {
        self.holds && self.publication == Publication::Published
    }

    /// The organizations that anything on the page comes from.
    fn organizations(&self) -> impl Iterator<Item = &str> {
        let sources = self.versions().flat_map(|r| r.sources.values().chain([&r.source]));
        sources.map(|p| p.organization.as_str()).chain([self.dataset.provider.as_str()])
    }
}

/// The records about somebody in every register of persons, whatever its publication. They are the caller's to
/// write down before they are shown.
async fn gathered(view: &View, people: &People) -> Outcome<Vec<HeldRecord>> {
    let mut all = Vec::new();
    for (publication, records) in view.gateway.services.hub.registers_of_persons() {
        for person in &people.0 {
            for found in records.whole_about(person).await? {
                all.push(HeldRecord {
                    person: person.clone(),
                    dataset: records.dataset().clone(),
                    publication,
                    id: found.id,
                    record: found.newest,
                    holds: found.holds,
                    former: found.former,
                    replaced: found.replaced,
                });
            }
        }
    }
    Ok(all)
}

/// The records about the person of an account; that they are shown is written down first.
pub(super) async fn records(view: &View, session: &Session, people: &People) -> Outcome<Vec<HeldRecord>> {
    let held = gathered(view, people).await?;
    held.iter().fold(Shown::to(view, session, people), |s, h| s.record(h, None)).write_down().await?;
    Ok(held)
}

/// That the account's own page shows what it holds of its person.
pub(super) async fn account_shown(view: &View, session: &Session, known: &Attributes) -> Outcome<()> {
    let people = People::of(view, &session.account).await?;
    Shown::to(view, session, &people).account(known).write_down().await
}

/// A dataset as it is described, whatever its publication: what it held is still told in its words.
fn described(view: &View, id: &str) -> Option<Arc<Dataset>> {
    view.gateway.services.hub.catalogue_entry(id).map(|e| e.dataset)
}

/// Organizations' names by their codes, looked up once each.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    pub(crate) async fn of(view: &View, codes: &[&str]) -> Outcome<Self> {
        let mut names = Self::default();
        for code in codes {
            if !names.0.contains_key(*code) {
                let found = view.gateway.services.identity.organization(code).await?;
                names.0.insert((*code).to_owned(), found.map_or_else(|| (*code).to_owned(), |o| o.name));
            }
        }
        Ok(names)
    }

    pub(crate) fn get<'a>(&'a self, code: &'a str) -> &'a str {
        self.0.get(code).map_or(code, String::as_str)
    }
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let whole = query.text("show") == "all";
    if whole || view.wants_json {
        // What is covered for whoever looks on is not uncovered for whoever has the browser in hand.
        view.step_up_for(SHOW_ALL)?;
    }
    let people = People::of(&view, &session.account).await?;
    let held = records(&view, session, &people).await?;
    if view.wants_json {
        let records: Vec<_> = held.iter().map(copy::record_json).collect();
        let apps = apps::counts_json(&view, &session.account).await?;
        return crate::view::json(http::StatusCode::OK, &serde_json::json!({ "records": records, "apps": apps }));
    }
    let names = Names::of(&view, &held.iter().flat_map(HeldRecord::organizations).collect::<Vec<_>>()).await?;
    let known = view.gateway.services.identity.attributes_of(&session.account).await?;
    let apps = apps::overview(&view, &session.account).await?;
    let title = view.t("我的数据", "My data");
    let content = html! {
        h1 { (title) }
        (tabs(&view, NAV))
        p { (view.t("城市登记了您的哪些信息、来自哪里、谁看过，都在这里。有误的可以申请更正，也可以下载副本。", "What the city holds about you, where it comes from and who read it. You can have it corrected, and take a copy.")) }
        h2 #records { (view.t("部门登记的信息", "What departments hold")) }
        @if held.is_empty() {
            @if known.resident_id.is_some() {
                (empty(view.t("信息资源枢纽中没有关于您的登记。", "The information hub holds no record about you."), None))
            } @else {
                (empty(view.t("您的账号没有登记身份证号码，无法对应到部门的登记。请携带身份证到服务窗口办理。", "Your account has no resident ID number, so that no department’s record can be found by it. Bring your ID card to a service window."), Some(("/account", view.t("我的账号", "Your account")))))
            }
        } @else {
            @if !whole && held.iter().any(sensitive) { p { a href={ (SHOW_ALL) "#records" } { (view.t("显示被遮掩的内容", "Show what is covered")) } " " span.muted { (view.t("（请留意旁人）", "(mind who looks on)")) } } }
            @for h in &held { (dataset_card(&view, h, &names, whole)) }
        }
        p { (view.t("应当有您的登记、这里却没有？", "A record about you should be here and is not? ")) a href=(corrections::MISSING) { (view.t("申请补登", "Ask for it to be entered")) } }
        (apps)
        p { a href="/account" { (view.t("账号本身的信息（姓名、手机号码、登录记录）在“我的账号”", "What the account itself holds (name, mobile, sessions) is under “Your account”")) } }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::page(&view, &Page::new(title, NAV), content).await
}

fn sensitive(h: &HeldRecord) -> bool {
    let covers = |i: &&Item| i.sensitivity == Sensitivity::Sensitive;
    h.dataset.items.iter().filter(covers).any(|i| h.versions().any(|r| r.body.contains_key(&i.name)))
}

fn dataset_card(view: &View, h: &HeldRecord, names: &Names, whole: bool) -> Markup {
    let (d, r, lang) = (&h.dataset, &h.record, view.lang());
    let heading = d.title.get(lang);
    html! {
        section.card {
            h3 { (heading) (standing(view, h)) }
            p { (d.summary.get(lang)) }
            p.muted { (view.t("由", "Kept by ")) (names.get(&d.provider)) (view.t("登记；", "; ")) (held_for(view, r)) }
            @if !h.may_be_doubted() { p.muted { (view.t("这条登记仍然保存，但已不再有效或不再提供；内容有误的，请向上述部门提出。", "The record is still kept, and no longer holds or is no longer offered. If it is wrong, turn to that department.")) } }
            div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                thead { tr {
                    th scope="col" { (view.t("信息项", "Item")) }
                    th scope="col" { (view.t("内容", "Value")) }
                    th scope="col" { (view.t("来源", "Source")) }
                    th scope="col" { (view.t("登记时间", "Recorded")) }
                    @if h.may_be_doubted() { th scope="col" { (view.t("操作", "Action")) } }
                } }
                tbody { @for item in &d.items {
                    @let value = r.body.get(&item.name).map(|value| covered(view, Some(item), value, whole));
                    (item_row(view, h, item, value.as_deref(), names))
                } }
            } }
            (versions(view, h, &h.former, view.t("以前的登记", "What it said before"), names, whole))
            (versions(view, h, &h.replaced, view.t("已被更正或替换的登记", "What was corrected or replaced"), names, whole))
            @if h.may_be_doubted() { p { a href={ (corrections::NEW) "?dataset=" (crate::encode(&d.id)) "&record=" (crate::encode(&h.id)) } { (view.t("这条登记不是我的", "This record is not about me")) span.visually-hidden { " " (heading) } } } }
        }
    }
}

/// What sets a record apart from one that holds and is offered.
fn standing(view: &View, h: &HeldRecord) -> Markup {
    html! {
        @if !h.holds { " " span.badge { (view.t("已失效", "Ended")) } }
        @match h.publication {
            Publication::Published => {}
            Publication::Withdrawn => { " " span.badge.badge-warn { (view.t("信息资源已撤回", "Dataset withdrawn")) } }
            Publication::Draft => { " " span.badge.badge-warn { (view.t("信息资源未发布", "Dataset not published")) } }
        }
    }
}

/// The days of a version.
fn held_for(view: &View, r: &Record) -> String {
    match (&r.valid_to, view.lang()) {
        (None, Lang::Zh) => format!("自 {} 起有效", r.valid_from),
        (None, Lang::En) => format!("holds since {}", r.valid_from),
        (Some(to), Lang::Zh) => format!("自 {} 起，至 {to} 前有效", r.valid_from),
        (Some(to), Lang::En) => format!("held from {}, until before {to}", r.valid_from),
    }
}

/// Versions that no longer stand: folded, since most people look for what does.
fn versions(view: &View, h: &HeldRecord, all: &[Record], title: &str, names: &Names, whole: bool) -> Markup {
    let lang = view.lang();
    html! {
        @if !all.is_empty() { details {
            summary { (title) (view.t("（", " (")) (all.len()) (view.t("）", ")")) span.visually-hidden { " " (h.dataset.title.get(lang)) } }
            @for r in all {
                h4 { (held_for(view, r)) }
                p.muted { (view.t("登记于 ", "Recorded ")) (r.recorded.to_shanghai()) (view.t("，来源：", ", from ")) (names.get(&r.source.organization)) }
                dl.facts { @for item in &h.dataset.items { @if let Some(value) = r.body.get(&item.name) {
                    dt { (item.title.get(lang)) } dd { (covered(view, Some(item), value, whole)) }
                } } }
            }
        } }
    }
}

/// A value as it stands on the page: what is sensitive is covered until the person asks, and what nobody can
/// say of whether it is, too.
fn covered(view: &View, item: Option<&Item>, value: &serde_json::Value, whole: bool) -> String {
    let text = words::value(item, value, view.lang());
    if whole || item.is_some_and(|i| i.sensitivity != Sensitivity::Sensitive) {
        return text;
    }
    let length = text.chars().count();
    let shown = if length > 8 { 4 } else { 0 };
    let head: String = text.chars().take(shown).collect();
    format!("{head}{}", "*".repeat(length - shown))
}

/// The day of a moment.
fn day(at: yunlong_model::Timestamp) -> String {
    at.to_shanghai().chars().take(10).collect()
}

/// A line of a record. What is not recorded has one, too: to say that it is missing.
fn item_row(view: &View, h: &HeldRecord, item: &Item, value: Option<&str>, names: &Names) -> Markup {
    let source: &Provenance = h.record.sources.get(&item.name).unwrap_or(&h.record.source);
    let title = item.title.get(view.lang());
    html! {
        tr {
            th scope="row" { (title) }
            @match value {
                Some(value) => { td { (value) } td { (names.get(&source.organization)) } td.nowrap { (day(source.at)) } }
                None => { td.muted { (view.t("未登记", "not recorded")) } td { "—" } td { "—" } }
            }
            @if h.may_be_doubted() { td {
                a role="button" class="small outline" href={ (corrections::NEW) "?dataset=" (crate::encode(&h.dataset.id)) "&item=" (crate::encode(&item.name)) "&record=" (crate::encode(&h.id)) } {
                    (view.t("申请更正", "Correct")) span.visually-hidden { " " (title) }
                }
            } }
        }
    }
}
