//! Who read what about a person, when and what for: straight from the log, with the proof of each entry.

use super::shown::{COPY, SHOWN};
use super::{NAV, People, described, tabs};
use crate::body::Query;
use crate::failure::{Failure, Outcome};
use crate::layout::{Page, empty};
use crate::operations::personal::parts;
use crate::view::{View, json};
use crate::words;
use axum::extract::Path;
use http::StatusCode;
use maud::{Markup, html};
use serde_json::Value;
use yunlong_audit::{Checked, Entry, Outcome as Ended, Seen};
use yunlong_hub::Hub;
use yunlong_model::{Kind, Lang, Text};

/// Entries of one page.
pub(super) const PAGE: usize = 30;
/// Some entries about the person of an account, the newest first, and where to go on.
pub(super) struct Found {
    pub(super) entries: Vec<Seen>,
    pub(super) next: Option<String>,
}

/// Entries about a person who may be known in two ways: by their resident ID, and by the account from
/// before it was known. Those under the first come first. `before` is `<which>.<place in it>`.
pub(super) async fn entries(view: &View, people: &People, before: &str, app: &str, limit: usize) -> Outcome<Found> {
    let services = &view.gateway.services;
    let standing = services.hub.standing_orders().await?;
    let (mut which, mut place) = match before.split_once('.') {
        Some((n, place)) => (n.parse().unwrap_or(0), Some(place.to_owned()).filter(|p| !p.is_empty())),
        None => (0, None),
    };
    let mut found = Vec::new();
    while let Some(person) = people.0.get(which) {
        // As many as there is room for: so no entry is left between two pages.
        let (room, fits) = (limit - found.len(), |entry: &Entry| shown(entry, app));
        let audit = &services.audit;
        let page = audit.entries_about_where(person, &standing, place.as_deref(), room, &fits).await?;
        found.extend(page.entries);
        place = page.next;
        // One walk looks at so many rows: where it ended, the next page goes on.
        if place.is_some() {
            break;
        }
        which += 1;
        if found.len() >= limit {
            break;
        }
    }
    let next = people.0.get(which).map(|_| format!("{which}.{}", place.unwrap_or_default()));
    Ok(Found { entries: found, next })
}

/// What is listed: of one app, of all, or what the person looked at themself.
fn shown(entry: &Entry, app: &str) -> bool {
    let own = entry.action == SHOWN;
    match app {
        OWN => own,
        "" => !own,
        app => !own && entry.installation.as_ref().is_some_and(|i| i.as_str() == app),
    }
}

/// The filter for it; no installation has such a name.
const OWN: &str = "-";

/// An entry in words.
pub(super) struct Told {
    /// Who did what.
    pub(super) sentence: Text,
    /// What for.
    pub(super) purpose: Option<Text>,
    /// On what ground.
    pub(super) basis: Option<Text>,
    /// Why it was refused.
    pub(super) refused: Option<Text>,
    /// How often more it happened, where an entry stands for several.
    pub(super) more: Option<Text>,
}

/// Says an entry in both languages.
pub(super) async fn tell(view: &View, seen: &Seen) -> Outcome<Told> {
    let who = Who::of(view, seen).await?;
    let entry = &seen.entry;
    let dataset = entry.dataset.as_ref().and_then(|id| described(view, id));
    let list = |lang: Lang| {
        let name = |f: &String| {
            let item = dataset.as_ref().and_then(|d| d.item(f));
            let known = item.map(|i| i.title.get(lang)).or_else(|| words::attribute(f, lang));
            known.unwrap_or(f).to_owned()
        };
        entry.fields.iter().map(name).collect::<Vec<_>>().join(lang.pick("、", ", "))
    };
    let both = |f: &dyn Fn(Lang) -> String| Text { zh: f(Lang::Zh), en: f(Lang::En) };
    let own = own_part(view, entry);
    let what = |lang: Lang| {
        if let Some(part) = &own {
            return part.get(lang).to_owned();
        }
        let title = dataset.as_ref().map(|d| d.title.get(lang).to_owned()).or_else(|| entry.dataset.clone());
        match (title, entry.fields.is_empty()) {
            (Some(title), true) => format!("{}{title}", lang.pick("您的", "your record in ")),
            (Some(title), false) => {
                format!(
                    "{}{}{}{title}{}",
                    lang.pick("您的", "your "),
                    list(lang),
                    lang.pick("（", " ("),
                    lang.pick("）", ")")
                )
            }
            (None, true) => lang.pick("您的信息", "your data").to_owned(),
            (None, false) => format!("{}{}", lang.pick("您的", "your "), list(lang)),
        }
    };
    let sentence =
        both(&|lang| format!("{}{}{}", who.0.get(lang), verb(&entry.action, &entry.outcome, lang), what(lang)));
    let purpose = purpose(entry);
    let basis = entry.basis.as_deref().map(|b| both(&|lang| words::basis_named(b, lang)));
    let refused = match &entry.outcome {
        Ended::Answered => None,
        Ended::Denied(code) => Some(both(&|lang| words::denial(code, lang))),
    };
    let more = Hub::repetitions(entry).map(|n| Text {
        zh: format!("一分钟内又有同样的 {n} 次"),
        en: format!("{n} more of the same within a minute"),
    });
    Ok(Told { sentence, purpose, basis, refused, more })
}

/// What somebody looked at here that is no record of the hub: everything at once, or what an app keeps.
fn own_part(view: &View, entry: &Entry) -> Option<Text> {
    if entry.action != SHOWN {
        return None;
    }
    if entry.target == COPY {
        return Some(Text {
            zh: "您的全部信息（下载副本）".into(), en: "all of your data (a copy was taken)".into()
        });
    }
    let name = entry.installation.as_ref()?;
    let Some(i) = view.gateway.services.installations.get(name) else {
        return Some(Text {
            zh: format!("应用 {name} 保存的您的信息"),
            en: format!("what the app {name} keeps about you"),
        });
    };
    let (app, part) = (&i.manifest.title, parts(&i).into_iter().find(|(name, _)| *name == entry.target));
    let title = part.map(|(_, p)| p.title);
    let (zh, en) = title.as_ref().map_or(("您的信息", "Your data"), |t| (t.zh.as_str(), t.en.as_str()));
    Some(Text {
        zh: format!("应用“{}”保存的“{zh}”", app.zh), en: format!("“{en}”, which the app “{}” keeps", app.en)
    })
}

/// Who acted, in words.
struct Who(Text);

impl Who {
    async fn of(view: &View, seen: &Seen) -> Outcome<Self> {
        let (services, entry) = (&view.gateway.services, &seen.entry);
        let mine = view.session.as_ref().is_some_and(|s| s.account == entry.actor);
        // What a person looks at here, they do not look at through the app that keeps it.
        let through = entry.installation.as_ref().filter(|_| entry.action != SHOWN);
        let installed = through.and_then(|n| services.installations.get(n));
        let organization = match (&installed, &entry.organization) {
            (Some(i), _) => i.organization_name.clone(),
            (None, Some(code)) => services.identity.organization(code).await?.map_or_else(|| code.clone(), |o| o.name),
            (None, None) => String::new(),
        };
        let app = |lang: Lang| match (&installed, through) {
            (Some(i), _) => Some(i.manifest.title.get(lang).to_owned()),
            (None, Some(name)) => Some(name.to_string()),
            (None, None) => None,
        };
        let zh = match (app(Lang::Zh), mine, entry.actor_kind) {
            (Some(app), true, _) => format!("{organization}的应用“{app}”（由您本人使用）"),
            (Some(app), false, Some(Kind::Official)) => format!("{organization}的工作人员通过应用“{app}”"),
            (Some(app), false, _) => format!("{organization}的应用“{app}”"),
            (None, true, _) => "您本人".to_owned(),
            (None, false, Some(Kind::Official)) if !organization.is_empty() => format!("{organization}的工作人员"),
            (None, false, _) => "城市平台".to_owned(),
        };
        let en = match (app(Lang::En), mine, entry.actor_kind) {
            (Some(app), true, _) => format!("The app “{app}” of {organization}, used by yourself, "),
            (Some(app), false, Some(Kind::Official)) => {
                format!("An official of {organization}, through the app “{app}”, ")
            }
            (Some(app), false, _) => format!("The app “{app}” of {organization} "),
            (None, true, _) => "You ".to_owned(),
            (None, false, Some(Kind::Official)) if !organization.is_empty() => {
                format!("An official of {organization} ")
            }
            (None, false, _) => "The city’s platform ".to_owned(),
        };
        Ok(Self(Text { zh, en }))
    }
}

fn verb(action: &str, outcome: &Ended, lang: Lang) -> &'static str {
    let denied = matches!(outcome, Ended::Denied(_));
    let (zh, en) = match action {
        "data.read" | "data.denied" if denied => ("要读取", "asked for "),
        "data.read" => ("读取了", "read "),
        "data.written" => ("更新了", "changed "),
        "data.compared" => ("核对了", "compared "),
        "data.exported" => ("导出了", "exported "),
        SHOWN => ("查看了", "looked at "),
        "personal.erased" => ("按您的要求删除了", "erased, as you asked, "),
        a if a.starts_with("correction.") => ("办理更正：", "worked on a correction of "),
        _ if denied => ("要处理", "asked to process "),
        _ => ("处理了", "processed "),
    };
    lang.pick(zh, en)
}

/// What for, in the words that held then. A purpose's bare name tells a person nothing.
fn purpose(entry: &Entry) -> Option<Text> {
    let untold = || Text { zh: "（没有说明）".into(), en: "(not said)".into() };
    entry.purpose.as_ref().map(|_| entry.reason.clone().unwrap_or_else(untold))
}

pub(in crate::portal) async fn page(view: View, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let people = People::of(&view, &session.account).await?;
    let (before, app) = (query.text("before"), query.text("app"));
    let found = entries(&view, &people, before, app, PAGE).await?;
    if view.wants_json {
        return as_json(&view, &found).await;
    }
    let title = view.t("谁看过我的数据", "Who read my data");
    let mut told = Vec::with_capacity(found.entries.len());
    for seen in &found.entries {
        told.push((seen, tell(&view, seen).await?));
    }
    let hidden = view.gateway.services.audit.hidden_count().await?;
    let content = html! {
        h1 { (title) }
        (tabs(&view, "/my-data/reads"))
        p { (view.t("每一次读取和被拒绝的读取都先记录、后答复，最新的在最上面。点“核验”可以确认记录没有被改动。", "Every read, and every read that was refused, is written down before it is answered; the newest first. “Verify” shows that nobody changed the record.")) }
        (filter(&view, app))
        @if told.is_empty() && found.next.is_some() {
            (empty(view.t("最近的记录里没有符合的，可以继续往前找。", "None of the newest entries fits. Older ones may."), None))
        } @else if told.is_empty() {
            (empty(view.t("没有符合的记录。", "No entry fits."), (!app.is_empty()).then_some(("/my-data/reads", view.t("显示全部", "Show all")))))
        } @else { ol.entries { @for (seen, told) in &told { li { (row(&view, seen, told)) } } } }
        @if !before.is_empty() || found.next.is_some() {
            nav.pager aria-label=(view.t("翻页", "Pages")) {
                @if before.is_empty() { span {} } @else { a href={ "/my-data/reads?app=" (crate::encode(app)) } { (view.t("最新", "Newest")) } }
                @if let Some(next) = &found.next { a href={ "/my-data/reads?app=" (crate::encode(app)) "&before=" (crate::encode(next)) } { (view.t("更早的记录", "Older entries")) } }
            }
        }
        section.card {
            h2 { (view.t("依法暂不公开的读取", "Reads that a legal order hides for a time")) }
            p { (view.t("依照法律文书（例如侦查），个别读取在文书有效期内不向本人公开，期满后会出现在这里。全市此类读取累计：", "By a legal order, such as an investigation’s, a read may be kept from the person until the order ends; then it appears here. Such reads in the whole city so far: ")) strong { (hidden) } }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::new(title, NAV), content).await
}

fn filter(view: &View, app: &str) -> Markup {
    let all = view.gateway.services.installations.list();
    html! {
        form.search method="get" action="/my-data/reads" {
            label.visually-hidden for="app" { (view.t("哪个应用", "Which app")) }
            select #app name="app" {
                option value="" { (view.t("全部应用", "All apps")) }
                @for i in &all { option value=(i.name) selected[i.name.as_str() == app] { (i.manifest.title.get(view.lang())) } }
                option value=(OWN) selected[app == OWN] { (view.t("我自己在本页的查看", "What I looked at here")) }
            }
            button { (view.t("筛选", "Filter")) }
        }
    }
}

fn row(view: &View, seen: &Seen, told: &Told) -> Markup {
    let lang = view.lang();
    html! {
        p.muted { (seen.at.to_shanghai())
            @if told.refused.is_some() { " " span.badge.badge-bad { (view.t("已拒绝", "Refused")) } }
        }
        p { (told.sentence.get(lang)) (view.t("。", ".")) }
        dl.facts {
            @if let Some(purpose) = &told.purpose { dt { (view.t("用途", "What for")) } dd { (purpose.get(lang)) } }
            @if let Some(basis) = &told.basis { dt { (view.t("依据", "On what ground")) } dd { (basis.get(lang)) } }
            @if let Some(more) = &told.more { dt { (view.t("次数", "How often")) } dd { (more.get(lang)) } }
            @if let Some(why) = &told.refused { dt { (view.t("拒绝原因", "Why refused")) } dd { (why.get(lang)) (view.t("；没有给出任何信息", "; nothing was given")) } }
        }
        p {
            @match seen.index {
                Some(index) => a href={ "/my-data/reads/" (index) } { (view.t("核验", "Verify")) span.visually-hidden { " " (seen.at.to_shanghai()) " " (told.sentence.get(lang)) } },
                None => span.muted { (view.t("正在写入日志，稍后可核验", "Being placed in the log; it can be verified in a moment")) },
            }
        }
    }
}

async fn as_json(view: &View, found: &Found) -> Outcome {
    let mut all = Vec::with_capacity(found.entries.len());
    for seen in &found.entries {
        all.push(entry_json(view, seen).await?);
    }
    json(StatusCode::OK, &serde_json::json!({ "entries": all, "next": found.next }))
}

/// An entry as programs, and the person's copy, get it.
pub(super) async fn entry_json(view: &View, seen: &Seen) -> Outcome<Value> {
    let (told, entry) = (tell(view, seen).await?, &seen.entry);
    let (outcome, refused) = match &entry.outcome {
        Ended::Answered => ("answered", None),
        Ended::Denied(code) => ("denied", Some(code)),
    };
    Ok(serde_json::json!({
        "at": seen.at.to_rfc3339(), "index": seen.index, "action": entry.action, "sentence": told.sentence,
        "installation": entry.installation, "organization": entry.organization, "dataset": entry.dataset,
        "fields": entry.fields, "purpose": entry.purpose, "reason": entry.reason, "basis": entry.basis,
        "outcome": outcome, "refused": refused, "more": Hub::repetitions(entry), "detail": entry.detail,
        "request_id": entry.request_id,
    }))
}

/// Whether an entry is this person's to see: it is about them, and no order that stands hides it.
async fn mine(view: &View, people: &People, index: u64, kept: Option<u64>) -> Outcome<yunlong_audit::Disclosure> {
    let services = &view.gateway.services;
    // What there is and is not theirs, looks like what there is not.
    let none = || Failure::not_found().because("没有这条记录。", "There is no such entry.");
    let disclosed = services.audit.disclose(index, kept).await.map_err(|e| match e {
        yunlong_audit::AuditError::NotFound(_) => none(),
        e => e.into(),
    })?;
    let record = data_encoding::BASE64.decode(disclosed.opened.record.as_bytes()).map_err(Failure::internal)?;
    let record: Value = serde_json::from_slice(&record).map_err(|_| none())?;
    let about = record["entry"]["about"].as_str().unwrap_or("");
    let hidden = record["entry"]["hidden"]["order"].as_str();
    let standing = services.hub.standing_orders().await?;
    let stands = hidden.is_some_and(|order| standing.iter().any(|s| s == order));
    if stands || !people.0.iter().any(|p| p.as_str() == about) { Err(none()) } else { Ok(disclosed) }
}

/// One entry with its proof, for people and, as JSON, for `yunlong-verify`.
pub(in crate::portal) async fn proof(view: View, Path(index): Path<String>, Query(query): Query) -> Outcome {
    let session = view.signed_in()?;
    let people = People::of(&view, &session.account).await?;
    let file = index.strip_suffix(".json");
    let number: u64 = file.unwrap_or(&index).parse().map_err(|_| Failure::not_found())?;
    let disclosed = mine(&view, &people, number, crate::console::hub::kept_checkpoint(&query)?).await?;
    if file.is_some() || view.wants_json {
        return json(StatusCode::OK, &disclosed);
    }
    let title = view.t("核验这条记录", "Verify this entry");
    let audit = &view.gateway.services.audit;
    let checked = audit.check(&disclosed).await?;
    let content = html! {
        p { a href="/my-data/reads" { "← " (view.t("谁看过我的数据", "Who read my data")) } }
        h1 { (title) }
        (verdict(&view, number, &checked))
        section.card {
            h2 { (view.t("这是什么意思？", "What does this mean?")) }
            p { (view.t("日志像一本逐页装订、逐页盖章的账簿：每一页的印记都包含之前所有的页。只要有人改动、抽走或者补写一条，后面的印记就对不上。", "The log is like a bound book whose every page carries a seal over all pages before: whoever changes, removes or adds an entry breaks the seals behind it.")) }
            p { (view.t("见证方是平台以外的机构，各自留着印记的底。平台自己想重写账簿，见证方那里就对不上。", "Witnesses are bodies outside of the platform, which keep the seals that they have seen. If the platform itself rewrote the book, theirs would not match.")) }
        }
        details {
            summary { (view.t("给专业人士：不依靠平台，自己核验", "For experts: check it without trusting the platform")) }
            section.card {
                ol {
                    li { a href={ "/my-data/reads/" (number) ".json" } download={ "entry-" (number) ".json" } { (view.t("下载这条记录和它的证明（JSON）", "Download the entry and its proof (JSON)")) } }
                    li { (view.t("取得独立的核验程序 yunlong-verify：它随平台源代码的 verify 目录公开，用 cargo install --path verify 编译；也可以向下列任一见证方索取，或者请懂行的人按 RFC 9162 自行编写。", "Get the independent verifier yunlong-verify: it is in the folder `verify` of the platform’s source, built with cargo install --path verify; or ask a witness below for it, or have somebody write one by RFC 9162.")) }
                    li { (view.t("运行：", "Run: ")) pre.log tabindex="0" role="region" aria-label=(view.t("核验命令", "The command")) { "yunlong-verify inclusion entry-" (number) ".json --key '" (audit.vkey()) "'" } }
                }
                dl.facts {
                    dt { (view.t("日志名", "Log")) } dd { code { (audit.origin()) } }
                    dt { (view.t("验证公钥", "Verifier key")) } dd { code.digest { (audit.vkey()) } }
                    dt { (view.t("日志长度", "Entries in the log")) } dd { (disclosed.proof.size) }
                }
                p.muted { (view.t("文件里有您的信息，请妥善保管；把它交给别人，对方也能核验这一条，但看不到其他任何记录。", "The file holds data about you: keep it safe. Somebody whom you give it to can verify this one entry, and sees no other.")) }
            }
        }
        p { a href="/help#my-data" { (view.t("关于我的数据", "About my data")) } }
    };
    super::super::page(&view, &Page::narrow(title, NAV), content).await
}

/// What the check found, in words for everybody.
fn verdict(view: &View, number: u64, checked: &Checked) -> Markup {
    let (class, heading, why) = match (checked.unchanged, checked.sealed) {
        (true, Some(true)) => (
            "notice-ok",
            view.t("核验通过：这条记录没有被改动", "Verified: nobody changed this entry"),
            view.t(
                "平台刚刚重新计算过：记录的内容与日志里的印记一致，印记有平台的签名。",
                "It was computed anew just now: the entry is what the log’s seal was put on, and the seal carries the platform’s signature.",
            ),
        ),
        (true, None) => (
            "notice-info",
            view.t("记录完好，印记还在路上", "The entry is whole, its seal is on the way"),
            view.t(
                "印记每隔片刻盖一次。请过一会儿刷新本页。",
                "Seals are put every few moments. Reload this page in a while.",
            ),
        ),
        _ => (
            "notice-bad",
            view.t("核验不通过：这条记录与印记对不上", "Not verified: this entry does not match its seal"),
            view.t(
                "请把本页的编号告诉市审计管理员，并下载下面的记录留存。",
                "Tell the city’s audit administrator the number of this entry, and keep the download below.",
            ),
        ),
    };
    html! {
        div class={ "notice " (class) } role="status" {
            strong { (heading) }
            p { (why) }
            p { (view.t("编号：全市审计日志第 ", "Its number: ")) strong { (number) } (view.t(" 条。", " in the city’s audit log.")) }
        }
        section.card {
            h2 { (view.t("谁见证了", "Who is a witness")) }
            @if checked.witnesses.is_empty() {
                p { (view.t("还没有平台以外的见证方为它副署。刚写入的记录，几分钟后再看。", "No witness outside of the platform has cosigned it yet. When it is new, look again in a few minutes.")) }
            } @else {
                p { (view.t("这些平台以外的见证方已为包含这条记录的账簿副署：", "These witnesses outside of the platform have cosigned the log with this entry in it:")) }
                ul { @for name in &checked.witnesses { li { strong { (name) } } } }
            }
        }
    }
}
