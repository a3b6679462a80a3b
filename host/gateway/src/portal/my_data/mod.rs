//! "My data": what the city holds about a person, who read it, and what they may ask for.

pub(super) mod apps;
pub(super) mod copy;
pub(super) mod corrections;
mod facts;
pub(super) mod reads;

use crate::body::Query;
use crate::failure::Outcome;
use crate::layout::{Page, empty};
use crate::view::View;
use crate::words;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::sync::Arc;
use yunlong_audit::Entry;
use yunlong_hub::{Dataset, Item, Provenance, Record, Sensitivity};
use yunlong_identity::Session;
use yunlong_model::PersonId;

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

/// What the hub holds about somebody, by dataset.
pub(super) struct HeldRecord {
    pub(super) dataset: Arc<Dataset>,
    /// The record’s id: a keyed hash, which may stand in an address.
    pub(super) id: String,
    pub(super) record: Record,
}

/// The records about the person of an account; that they are shown is written down first.
pub(super) async fn records(view: &View, session: &Session, people: &People) -> Outcome<Vec<HeldRecord>> {
    let hub = &view.gateway.services.hub;
    let mut all = Vec::new();
    for dataset in hub.datasets().into_iter().filter(|d| d.is_personal()) {
        let records = hub.records(&dataset.id)?;
        for person in &people.0 {
            for found in records.about(person).await? {
                let entry = Entry {
                    about: Some(person.clone()),
                    dataset: Some(dataset.id.clone()),
                    fields: found.record.body.keys().cloned().collect(),
                    request_id: view.request_id.to_string(),
                    ..Entry::new(reads::SHOWN, &session.account, session.kind.principal())
                };
                all.push((entry, HeldRecord { dataset: dataset.clone(), id: found.id, record: found.record }));
            }
        }
    }
    let (entries, held): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    view.gateway.services.audit.record(entries).await?;
    Ok(held)
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
    let sources = held.iter().flat_map(|h| {
        let others = h.record.sources.values().map(|p| p.organization.as_str());
        others.chain([h.record.source.organization.as_str(), h.dataset.provider.as_str()])
    });
    let names = Names::of(&view, &sources.collect::<Vec<_>>()).await?;
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
    h.dataset.items.iter().any(|i| i.sensitivity == Sensitivity::Sensitive && h.record.body.contains_key(&i.name))
}

fn dataset_card(view: &View, h: &HeldRecord, names: &Names, whole: bool) -> Markup {
    let (d, r, lang) = (&h.dataset, &h.record, view.lang());
    let heading = d.title.get(lang);
    html! {
        section.card {
            h3 { (heading) }
            p { (d.summary.get(lang)) }
            p.muted { (view.t("由", "Kept by ")) (names.get(&d.provider)) (view.t("登记；", "; ")) (view.t("自 ", "holds since ")) (r.valid_from) (view.t(" 起有效", "")) }
            div.table-wrap tabindex="0" role="region" aria-label=(heading) { table {
                thead { tr {
                    th scope="col" { (view.t("信息项", "Item")) }
                    th scope="col" { (view.t("内容", "Value")) }
                    th scope="col" { (view.t("来源", "Source")) }
                    th scope="col" { (view.t("登记时间", "Recorded")) }
                    th scope="col" { (view.t("操作", "Action")) }
                } }
                tbody { @for item in &d.items {
                    @let value = r.body.get(&item.name).map(|value| covered(view, item, value, whole));
                    (item_row(view, h, item, value.as_deref(), names))
                } }
            } }
            p { a href={ (corrections::NEW) "?dataset=" (crate::encode(&d.id)) "&record=" (crate::encode(&h.id)) } { (view.t("这条登记不是我的", "This record is not about me")) span.visually-hidden { " " (heading) } } }
        }
    }
}

/// A value as it stands on the page: what is sensitive is covered until the person asks.
fn covered(view: &View, item: &Item, value: &serde_json::Value, whole: bool) -> String {
    let text = words::value(Some(item), value, view.lang());
    if whole || item.sensitivity != Sensitivity::Sensitive {
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
            td {
                a role="button" class="small outline" href={ (corrections::NEW) "?dataset=" (crate::encode(&h.dataset.id)) "&item=" (crate::encode(&item.name)) "&record=" (crate::encode(&h.id)) } {
                    (view.t("申请更正", "Correct")) span.visually-hidden { " " (title) }
                }
            }
        }
    }
}
