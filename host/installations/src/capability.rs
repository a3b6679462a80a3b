//! What an installation may do, in words that a person can approve.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use yunlong_model::manifest::{Access, Attribute, Audience, DatasetUse, LegalBasis, Rows};
use yunlong_model::{InstallationName, Manifest, Text};

/// One thing that an installation may do. As text: `identity`, `attributes:concession`,
/// `dataset:population.person@concession-check`, `data`, `files:photos`, `publish:order.paid`, `consume:order.paid@tickets`, `payments`, `outbound:example.org`,
/// `jobs:daily-report`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Recognize a person again, by a pseudonym of its own.
    Identity,
    /// Read the attributes of a scope of those who consent to it.
    Attributes(String),
    /// Use a dataset of the information hub for a purpose, within what its provider grants.
    Dataset {
        /// The dataset's code in the catalogue.
        dataset: String,
        /// The purpose.
        purpose: String,
    },
    /// Keep data of its own.
    Data,
    /// Keep files in an area, and let people upload them there.
    Files(String),
    /// Publish a topic.
    Publish(String),
    /// Receive a topic of another installation. Its own topics need no grant.
    Consume {
        /// The topic.
        topic: String,
        /// The installation that publishes it.
        from: InstallationName,
    },
    /// Take payments.
    Payments,
    /// Send HTTP requests to a host, `example.org` or `example.org:8443`.
    Outbound(String),
    /// Run a job by the clock.
    Jobs(String),
}

/// The text names no capability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no capability: write one as `yunlong permissions` prints it, such as `publish:order.paid`")]
pub struct CapabilityError(String);

impl Capability {
    /// What a manifest asks for, in the order in which it is shown.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest) -> Vec<Self> {
        let mut all = vec![Self::Identity];
        all.extend(manifest.scopes.iter().map(|s| Self::Attributes(s.name.clone())));
        all.extend(manifest.datasets.iter().map(Self::of_use));
        // Publishing, consuming, jobs, payments and attaching files happen in data transactions.
        let transacts = !manifest.collections.is_empty()
            || !manifest.counters.is_empty()
            || !manifest.buckets.is_empty()
            || !manifest.files.is_empty()
            || !manifest.publishes.is_empty()
            || !manifest.consumes.is_empty()
            || !manifest.jobs.is_empty()
            || manifest.payments.is_some();
        all.extend(transacts.then_some(Self::Data));
        all.extend(manifest.files.iter().map(|a| Self::Files(a.name.clone())));
        all.extend(manifest.publishes.iter().map(|t| Self::Publish(t.name.clone())));
        all.extend(manifest.consumes.iter().filter_map(|c| {
            let from = c.from.as_ref()?.parse().ok()?;
            Some(Self::Consume { topic: c.topic.clone(), from })
        }));
        all.extend(manifest.payments.as_ref().map(|_| Self::Payments));
        all.extend(manifest.outbound.iter().map(|h| Self::Outbound(h.clone())));
        all.extend(manifest.jobs.iter().map(|j| Self::Jobs(j.name.clone())));
        all
    }

    /// The permission that a use of a dataset needs.
    #[must_use]
    pub fn of_use(u: &DatasetUse) -> Self {
        Self::Dataset { dataset: u.dataset.clone(), purpose: u.purpose.clone() }
    }

    /// What it means, for the person who approves it. Reasons come from the manifest.
    #[must_use]
    pub fn title(&self, manifest: &Manifest) -> Text {
        let (zh, en) = match self {
            Self::Identity => (
                "用本应用专用的代号识别已登录的人（看不到账号）".into(),
                "Recognize people who sign in, by a pseudonym of its own (never the account)".into(),
            ),
            Self::Attributes(scope) => attributes_title(manifest, scope),
            Self::Dataset { dataset, purpose } => dataset_title(manifest, dataset, purpose),
            Self::Data => (
                "保存和读取自己的数据，并通知与它打过交道的人".into(),
                "Keep data of its own, and notify people who have used it".into(),
            ),
            Self::Files(area) => files_title(manifest, area),
            Self::Publish(topic) if audience(manifest, topic) == Some(Audience::City) => (
                format!("发布消息“{topic}”，其他部门的应用经其部门批准后可以接收"),
                format!(
                    "Publish messages on `{topic}`, which apps of other departments may receive once theirs approves"
                ),
            ),
            Self::Publish(topic) => {
                (format!("发布消息“{topic}”，仅本应用接收"), format!("Publish messages on `{topic}`, for itself alone"))
            }
            Self::Consume { topic, from } => {
                (format!("接收“{from}”发布的消息“{topic}”"), format!("Receive the messages on `{topic}` of `{from}`"))
            }
            Self::Payments => match &manifest.payments {
                Some(p) => {
                    (format!("收款和退款：{}", p.reason.zh), format!("Take and refund payments: {}", p.reason.en))
                }
                None => ("收款和退款".into(), "Take and refund payments".into()),
            },
            Self::Outbound(host) => (format!("访问互联网主机 {host}"), format!("Send requests to {host}")),
            Self::Jobs(job) => match manifest.jobs.iter().find(|j| j.name == *job) {
                Some(j) => (
                    format!("定时运行任务“{job}”（{}，北京时间）", j.cron),
                    format!("Run the job `{job}` by the clock ({}, Beijing time)", j.cron),
                ),
                None => (format!("定时运行任务“{job}”"), format!("Run the job `{job}` by the clock")),
            },
        };
        Text { zh, en }
    }
}

/// What an area takes, for the person who approves it.
fn files_title(manifest: &Manifest, area: &str) -> (String, String) {
    let Some(a) = manifest.file_area(area) else {
        return (format!("接收和保存文件（{area}）"), format!("Take and keep files ({area})"));
    };
    let types = a.accept.join("、");
    let (personal_zh, personal_en) =
        if a.personal.is_some() { ("；属于个人信息，加密保存", "; personal, encrypted") } else { ("", "") };
    (
        format!("接收和保存文件：{}（{types}，每个最大 {} MiB{personal_zh}）", a.title.zh, a.max_mib),
        format!(
            "Take and keep files: {} ({}, at most {} MiB each{personal_en})",
            a.title.en,
            a.accept.join(", "),
            a.max_mib
        ),
    )
}

fn audience(manifest: &Manifest, topic: &str) -> Option<Audience> {
    manifest.publishes.iter().find(|t| t.name == topic).map(|t| t.audience)
}

fn attributes_title(manifest: &Manifest, scope: &str) -> (String, String) {
    let Some(scope) = manifest.scopes.iter().find(|s| s.name == scope) else {
        return (
            format!("在本人同意后读取个人信息（{scope}）"),
            format!("Read personal data of those who consent ({scope})"),
        );
    };
    let list = |zh: bool, joint: &str| {
        let name = |a: &Attribute| match (a, zh) {
            (Attribute::RealName, true) => "姓名",
            (Attribute::RealName, false) => "name",
            (Attribute::ResidentId, true) => "身份号码",
            (Attribute::ResidentId, false) => "resident ID number",
            (Attribute::Mobile, true) => "手机号码",
            (Attribute::Mobile, false) => "mobile number",
            (Attribute::BirthDate, true) => "出生日期",
            (Attribute::BirthDate, false) => "date of birth",
        };
        scope.attributes.iter().map(name).collect::<Vec<_>>().join(joint)
    };
    (
        format!("在本人同意后读取{}：{}", list(true, "、"), scope.reason.zh),
        format!("Read the {} of those who consent: {}", list(false, ", "), scope.reason.en),
    )
}

/// What a use reads, on what it rests and why. Titles of items are the catalogue's, which is not known
/// here: their names stand in it as the app wrote them.
fn dataset_title(manifest: &Manifest, dataset: &str, purpose: &str) -> (String, String) {
    let Some(u) = find_use(manifest, dataset, purpose) else {
        return (
            format!("为“{purpose}”使用信息资源“{dataset}”"),
            format!("Use the dataset `{dataset}` for `{purpose}`"),
        );
    };
    let fields = |joint: &str| u.fields.join(joint);
    let law = u.law.as_deref().map(|l| (format!("，{l}"), format!(", {l}"))).unwrap_or_default();
    let (basis_zh, basis_en) = basis_title(u.basis);
    let (rows_zh, rows_en) = rows_title(&u.rows);
    let (does_zh, does_en) = access_title(&u.access);
    (
        format!(
            "{does_zh}信息资源“{dataset}”的{}（{rows_zh}；依据：{basis_zh}{}）：{}",
            fields("、"),
            law.0,
            u.reason.zh
        ),
        format!(
            "{does_en} {} of the dataset `{dataset}` ({rows_en}; basis: {basis_en}{}): {}",
            fields(", "),
            law.1,
            u.reason.en
        ),
    )
}

fn find_use<'a>(manifest: &'a Manifest, dataset: &str, purpose: &str) -> Option<&'a DatasetUse> {
    manifest.datasets.iter().find(|u| u.dataset == dataset && u.purpose == purpose)
}

fn basis_title(basis: LegalBasis) -> (&'static str, &'static str) {
    match basis {
        LegalBasis::Consent => ("本人同意", "the person's consent"),
        LegalBasis::Contract => ("履行合同", "a contract with the person"),
        LegalBasis::StatutoryDuty => ("履行法定职责", "a statutory duty"),
        LegalBasis::Emergency => ("应对突发事件", "an emergency"),
        LegalBasis::PublicData => ("公开数据", "public data"),
    }
}

fn rows_title(rows: &Rows) -> (String, String) {
    match rows {
        Rows::Own => ("仅使用者本人的记录".into(), "records about whoever uses it, no others".into()),
        Rows::Divisions(codes) => {
            (format!("行政区划 {} 的记录", codes.join("、")), format!("records of the divisions {}", codes.join(", ")))
        }
        Rows::All => ("全部记录".into(), "all records".into()),
    }
}

fn access_title(access: &[Access]) -> (String, String) {
    let name = |a: &Access| match a {
        Access::Get => ("读取", "Read"),
        Access::Query => ("查询", "query"),
        Access::Changes => ("接收变更", "be told of changes of"),
        Access::Bulk => ("批量读取", "read in bulk"),
        Access::Write => ("写入", "write"),
    };
    let zh = access.iter().map(|a| name(a).0).collect::<Vec<_>>().join("、");
    let mut en = access.iter().map(|a| name(a).1).collect::<Vec<_>>().join(", ");
    if let Some(first) = en.get(..1).map(str::to_uppercase) {
        en.replace_range(..1, &first);
    }
    (zh, en)
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Attributes(scope) => write!(f, "attributes:{scope}"),
            Self::Dataset { dataset, purpose } => write!(f, "dataset:{dataset}@{purpose}"),
            Self::Data => f.write_str("data"),
            Self::Files(area) => write!(f, "files:{area}"),
            Self::Publish(topic) => write!(f, "publish:{topic}"),
            Self::Consume { topic, from } => write!(f, "consume:{topic}@{from}"),
            Self::Payments => f.write_str("payments"),
            Self::Outbound(host) => write!(f, "outbound:{host}"),
            Self::Jobs(job) => write!(f, "jobs:{job}"),
        }
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let err = || CapabilityError(text.chars().take(100).collect());
        let (kind, what) = text.split_once(':').map_or((text, None), |(k, w)| (k, Some(w)));
        match (kind, what.filter(|w| !w.is_empty())) {
            ("identity", None) if what.is_none() => Ok(Self::Identity),
            ("data", None) if what.is_none() => Ok(Self::Data),
            ("payments", None) if what.is_none() => Ok(Self::Payments),
            ("attributes", Some(scope)) => Ok(Self::Attributes(scope.to_owned())),
            ("dataset", Some(what)) => {
                let (dataset, purpose) = what.split_once('@').filter(|(d, p)| is_use(d, p)).ok_or_else(err)?;
                Ok(Self::Dataset { dataset: dataset.to_owned(), purpose: purpose.to_owned() })
            }
            ("files", Some(area)) => Ok(Self::Files(area.to_owned())),
            ("publish", Some(topic)) => Ok(Self::Publish(topic.to_owned())),
            ("consume", Some(what)) => {
                let (topic, from) = what.split_once('@').ok_or_else(err)?;
                Ok(Self::Consume { topic: topic.to_owned(), from: from.parse().map_err(|_| err())? })
            }
            ("outbound", Some(host)) => Ok(Self::Outbound(host.to_owned())),
            ("jobs", Some(job)) => Ok(Self::Jobs(job.to_owned())),
            _ => Err(err()),
        }
    }
}

fn is_use(dataset: &str, purpose: &str) -> bool {
    yunlong_model::uses::is_dataset(dataset) && !purpose.is_empty() && !purpose.contains('@')
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How the permissions of two manifests differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What the new one asks for in addition, or more widely: a person must approve it.
    pub added: Vec<Capability>,
    /// What it no longer asks for.
    pub removed: Vec<Capability>,
}

impl Difference {
    /// Between an installed manifest and the one that is to replace it. A scope that holds more
    /// attributes than before, a use of a dataset that grew, and payments, scopes or uses for another
    /// reason, count as added.
    #[must_use]
    pub fn between(old: &Manifest, new: &Manifest) -> Self {
        let had: BTreeSet<_> = Capability::of_manifest(old).into_iter().collect();
        let asks = Capability::of_manifest(new);
        let removed = had.iter().filter(|c| !asks.contains(c)).cloned().collect();
        let added = asks.into_iter().filter(|c| !had.contains(c) || widened(c, old, new)).collect();
        Self { added, removed }
    }
}

fn widened(capability: &Capability, old: &Manifest, new: &Manifest) -> bool {
    match capability {
        Capability::Attributes(name) => {
            let scope = |m: &Manifest| m.scopes.iter().find(|s| s.name == *name).cloned();
            match (scope(old), scope(new)) {
                (Some(old), Some(new)) => {
                    old.reason != new.reason || !new.attributes.iter().all(|a| old.attributes.contains(a))
                }
                _ => true,
            }
        }
        Capability::Dataset { dataset, purpose } => {
            match (find_use(old, dataset, purpose), find_use(new, dataset, purpose)) {
                (Some(old), Some(new)) => use_widened(old, new),
                _ => true,
            }
        }
        Capability::Payments => old.payments != new.payments,
        Capability::Files(area) => match (old.file_area(area), new.file_area(area)) {
            (Some(old), Some(new)) => {
                new.title != old.title
                    || new.max_mib > old.max_mib
                    || !new.accept.iter().all(|t| old.accept.contains(t) || old.takes(t))
                    || new.personal != old.personal
            }
            _ => true,
        },
        Capability::Publish(topic) => {
            audience(old, topic) != Some(Audience::City) && audience(new, topic) == Some(Audience::City)
        }
        _ => false,
    }
}

/// Whether a use reads more than before, does more, rests on something else or has another reason: each
/// is for a person to approve. Fewer fields, rows, roles and days are not.
fn use_widened(old: &DatasetUse, new: &DatasetUse) -> bool {
    let wider_roles = match (old.roles.is_empty(), new.roles.is_empty()) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => !new.roles.iter().all(|r| old.roles.contains(r)),
    };
    new.reason != old.reason
        || new.basis != old.basis
        || new.law != old.law
        || !new.fields.iter().all(|f| old.fields.contains(f))
        || !new.access.iter().all(|a| old.access.contains(a))
        || !new.rows.is_within(&old.rows)
        || wider_roles
        || new.days > old.days
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
        name = "tickets"
        version = "1.0.0"
        vendor = "v"
        title = { zh = "票", en = "Tickets" }
        description = { zh = "票", en = "Tickets" }
        outbound = ["example.org:8443"]
        [[scopes]]
        name = "concession"
        attributes = ["birth-date"]
        reason = { zh = "核对优惠票", en = "To check a concession" }
        [[roles]]
        name = "clerk"
        title = { zh = "办事员", en = "Clerk" }
        [[roles]]
        name = "auditor"
        title = { zh = "核查员", en = "Checker" }
        [[datasets]]
        dataset = "population.person"
        purpose = "residence-check"
        basis = "statutory-duty"
        law = "《示例条例》第三条"
        fields = ["name", "division"]
        rows = { divisions = ["320324"] }
        access = ["get"]
        roles = ["clerk"]
        reason = { zh = "核对户籍", en = "To check the residence" }
        [[publishes]]
        name = "order.paid"
        [[consumes]]
        topic = "order.paid"
        [[consumes]]
        topic = "alert"
        from = "weather"
        [[files]]
        name = "photos"
        title = { zh = "照片", en = "Photographs" }
        accept = ["image/jpeg", "image/png"]
        [payments]
        reason = { zh = "售票", en = "Tickets" }
        [[jobs]]
        name = "nightly"
        cron = "0 3 * * *"
    "#;

    fn manifest(text: &str) -> Manifest {
        Manifest::parse(text).unwrap()
    }

    #[test]
    fn every_permission_of_a_manifest_is_listed_and_read_back() {
        let all = Capability::of_manifest(&manifest(MANIFEST));
        let texts: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "identity",
                "attributes:concession",
                "dataset:population.person@residence-check",
                "data",
                "files:photos",
                "publish:order.paid",
                "consume:alert@weather",
                "payments",
                "outbound:example.org:8443",
                "jobs:nightly"
            ]
        );
        for c in all {
            assert_eq!(c.to_string().parse::<Capability>().unwrap(), c);
            let title = c.title(&manifest(MANIFEST));
            assert!(!title.zh.is_empty() && !title.en.is_empty());
        }
    }

    #[test]
    fn titles_carry_the_manifests_reasons() {
        let title = Capability::Attributes("concession".into()).title(&manifest(MANIFEST));
        assert_eq!(title.zh, "在本人同意后读取出生日期：核对优惠票");
        assert_eq!(title.en, "Read the date of birth of those who consent: To check a concession");
    }

    fn residence() -> Capability {
        Capability::Dataset { dataset: "population.person".into(), purpose: "residence-check".into() }
    }

    #[test]
    fn a_use_of_a_dataset_says_what_it_reads_on_what_basis_and_why() {
        let title = residence().title(&manifest(MANIFEST));
        assert_eq!(
            title.zh,
            "读取信息资源“population.person”的name、division（行政区划 320324 的记录；依据：履行法定职责，《示例条例》第三条）：核对户籍"
        );
        assert_eq!(
            title.en,
            "Read name, division of the dataset `population.person` (records of the divisions 320324; basis: a statutory duty, 《示例条例》第三条): To check the residence"
        );
    }

    #[test]
    fn a_use_that_grows_is_a_new_permission_and_one_that_shrinks_is_none() {
        let old = manifest(MANIFEST);
        for (what, by) in [
            (r#"["name", "division"]"#, r#"["name", "division", "mobile"]"#),
            (r#"{ divisions = ["320324"] }"#, r#""all""#),
            (r#"{ divisions = ["320324"] }"#, r#"{ divisions = ["320324", "320322"] }"#),
            (r#"access = ["get"]"#, r#"access = ["get", "bulk"]"#),
            (r#"roles = ["clerk"]"#, "roles = []"),
            (r#"roles = ["clerk"]"#, r#"roles = ["clerk", "auditor"]"#),
            (r#"basis = "statutory-duty""#, r#"basis = "emergency""#),
            ("第三条", "第四条"),
            ("To check the residence", "To plan"),
            (r#"access = ["get"]"#, "access = [\"get\"]\ndays = 400"),
        ] {
            let changed = MANIFEST.replacen(what, by, 1);
            assert_ne!(changed, MANIFEST, "{what}");
            assert_eq!(Difference::between(&old, &manifest(&changed)).added, [residence()], "{what} -> {by}");
        }
        for (what, by) in [
            (r#"["name", "division"]"#, r#"["name"]"#),
            (r#"{ divisions = ["320324"] }"#, r#"{ divisions = ["320324001"] }"#),
            (r#"access = ["get"]"#, "access = [\"get\"]\ndays = 30"),
        ] {
            let changed = MANIFEST.replacen(what, by, 1);
            assert_eq!(Difference::between(&old, &manifest(&changed)), Difference::default(), "{what} -> {by}");
        }
    }

    #[test]
    fn an_area_of_files_says_what_it_takes_and_a_wider_one_is_a_new_permission() {
        let photos = Capability::Files("photos".into());
        let old = manifest(MANIFEST);
        let title = photos.title(&old);
        assert_eq!(title.zh, "接收和保存文件：照片（image/jpeg、image/png，每个最大 10 MiB）");
        assert_eq!(title.en, "Take and keep files: Photographs (image/jpeg, image/png, at most 10 MiB each)");
        for (by, widened) in [
            (r#"accept = ["image/*"]"#, true),
            (r#"accept = ["image/jpeg"]"#, false),
            ("accept = [\"image/jpeg\", \"image/png\"]\nmax_mib = 20", true),
            ("accept = [\"image/jpeg\", \"image/png\"]\nmax_mib = 5", false),
        ] {
            let changed = manifest(&MANIFEST.replacen(r#"accept = ["image/jpeg", "image/png"]"#, by, 1));
            let added = Difference::between(&old, &changed).added;
            assert_eq!(added, if widened { vec![photos.clone()] } else { vec![] }, "{by}");
        }
    }

    #[test]
    fn what_is_no_capability_is_refused() {
        for bad in [
            "",
            "root",
            "data:",
            "data:x",
            "publish",
            "publish:",
            "files:",
            "consume:x",
            "consume:x@console",
            "identity:all",
            "dataset:",
            "dataset:population.person",
            "dataset:person@check",
            "dataset:population.person@",
            "dataset:population.person@a@b",
        ] {
            assert!(bad.parse::<Capability>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wider_scope_or_another_purpose_is_a_new_permission() {
        let old = manifest(MANIFEST);
        assert_eq!(Difference::between(&old, &old), Difference::default());
        let wider = manifest(&MANIFEST.replace(r#"["birth-date"]"#, r#"["birth-date", "mobile"]"#));
        assert_eq!(Difference::between(&old, &wider).added, [Capability::Attributes("concession".into())]);
        assert_eq!(Difference::between(&wider, &old), Difference::default());
        let purpose = manifest(&MANIFEST.replace("To check a concession", "For marketing"));
        assert_eq!(Difference::between(&old, &purpose).added, [Capability::Attributes("concession".into())]);
        let open = r#"name = "order.paid"
        audience = "city""#;
        let open = manifest(&MANIFEST.replace(r#"name = "order.paid""#, open));
        assert_eq!(Difference::between(&old, &open).added, [Capability::Publish("order.paid".into())]);
        assert_eq!(Difference::between(&open, &old), Difference::default());
        let other = manifest(&MANIFEST.replace("example.org", "example.com"));
        let d = Difference::between(&old, &other);
        assert_eq!(
            (d.added, d.removed),
            (
                vec![Capability::Outbound("example.com:8443".into())],
                vec![Capability::Outbound("example.org:8443".into())]
            )
        );
    }
}
