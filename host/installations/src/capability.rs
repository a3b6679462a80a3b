//! What an installation may do, in words that a person can approve.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use yunlong_model::manifest::{Attribute, Audience};
use yunlong_model::{InstallationName, Manifest, Text};

/// One thing that an installation may do. As text: `identity`, `attributes:concession`, `data`,
/// `publish:order.paid`, `consume:order.paid@tickets`, `payments`, `outbound:example.org`,
/// `jobs:daily-report`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Recognize a person again, by a pseudonym of its own.
    Identity,
    /// Read the attributes of a scope of those who consent to it.
    Attributes(String),
    /// Keep data of its own.
    Data,
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
        // Publishing, consuming, jobs and payments happen in data transactions.
        let transacts = !manifest.collections.is_empty()
            || !manifest.counters.is_empty()
            || !manifest.publishes.is_empty()
            || !manifest.consumes.is_empty()
            || !manifest.jobs.is_empty()
            || manifest.payments.is_some();
        all.extend(transacts.then_some(Self::Data));
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

    /// What it means, for the person who approves it. Reasons come from the manifest.
    #[must_use]
    pub fn title(&self, manifest: &Manifest) -> Text {
        let (zh, en) = match self {
            Self::Identity => (
                "用本应用专用的代号识别已登录的人（看不到账号）".into(),
                "Recognize people who sign in, by a pseudonym of its own (never the account)".into(),
            ),
            Self::Attributes(scope) => attributes_title(manifest, scope),
            Self::Data => (
                "保存和读取自己的数据，并通知与它打过交道的人".into(),
                "Keep data of its own, and notify people who have used it".into(),
            ),
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

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.write_str("identity"),
            Self::Attributes(scope) => write!(f, "attributes:{scope}"),
            Self::Data => f.write_str("data"),
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
    /// attributes than before, and payments or scopes for another reason, count as added.
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
        Capability::Payments => old.payments != new.payments,
        Capability::Publish(topic) => {
            audience(old, topic) != Some(Audience::City) && audience(new, topic) == Some(Audience::City)
        }
        _ => false,
    }
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
        [[publishes]]
        name = "order.paid"
        [[consumes]]
        topic = "order.paid"
        [[consumes]]
        topic = "alert"
        from = "weather"
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
                "data",
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

    #[test]
    fn what_is_no_capability_is_refused() {
        for bad in
            ["", "root", "data:", "data:x", "publish", "publish:", "consume:x", "consume:x@console", "identity:all"]
        {
            assert!(bad.parse::<Capability>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wider_scope_or_another_purpose_is_a_new_permission() {
        let old = manifest(MANIFEST);
        assert_eq!(Difference::between(&old, &old), Difference::default());
        let wider = manifest(&MANIFEST.replace(r#"["birth-date"]"#, r#"["birth-date", "resident-id"]"#));
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
