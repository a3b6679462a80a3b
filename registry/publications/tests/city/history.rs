//! Random histories of two vendors, their keys, their versions and the city, against what must never be.

use crate::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use yunlong_publications::{Stage, Status};
use yunlong_registry::trust::Reason;
use yunlong_registry::{Endorsement, Rotation};

#[derive(Clone, Debug)]
enum Act {
    /// Vendor, key of it, app, minor version, variant of the bytes.
    Publish(bool, usize, usize, u64, bool),
    Check(usize, bool),
    Assign(usize, usize),
    Recheck(usize, usize),
    Decide(usize, usize, u8),
    Withdraw(usize, bool),
    Yank(usize, usize, bool),
    Revoke(bool, usize, u8, usize),
    Rotate(bool, usize),
    Keep(usize, usize),
}

fn acts() -> impl Strategy<Value = Act> {
    let n = 0_usize..8;
    prop_oneof![
        6 => (any::<bool>(), 0_usize..3, 0_usize..2, 0_u64..4, any::<bool>()).prop_map(|(v, k, a, n, b)| Act::Publish(v, k, a, n, b)),
        6 => (n.clone(), prop::bool::weighted(0.8)).prop_map(|(n, ok)| Act::Check(n, ok)),
        4 => (n.clone(), 0_usize..5).prop_map(|(n, who)| Act::Assign(n, who)),
        2 => (n.clone(), 0_usize..5).prop_map(|(n, who)| Act::Recheck(n, who)),
        5 => (n.clone(), 0_usize..5, 0_u8..4).prop_map(|(n, who, what)| Act::Decide(n, who, what)),
        1 => (n.clone(), any::<bool>()).prop_map(|(n, v)| Act::Withdraw(n, v)),
        1 => (n.clone(), 0_usize..5, any::<bool>()).prop_map(|(n, who, recall)| Act::Yank(n, who, recall)),
        1 => (any::<bool>(), 0_usize..3, 0_u8..3, 0_usize..5).prop_map(|(v, k, r, who)| Act::Revoke(v, k, r, who)),
        1 => (any::<bool>(), 0_usize..3).prop_map(|(v, k)| Act::Rotate(v, k)),
        2 => (n, 0_usize..5).prop_map(|(n, who)| Act::Keep(n, who)),
    ]
}

const PEOPLE: [&str; 5] = ["author", "rival", "reviewer", "governor", "insider"];
const APPS: [&str; 2] = ["tickets", "beds"];
const VERSIONS: [&str; 4] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"];

/// What the test itself knows.
#[derive(Default)]
struct Model {
    /// Each vendor's keys, the newest last, and when they were revoked.
    keys: [Vec<KeyPair>; 2],
    revoked: BTreeMap<String, i64>,
    /// The app's first vendor.
    owners: BTreeMap<&'static str, usize>,
    packages: BTreeMap<u64, Package>,
}

struct Run {
    city: City,
    model: Model,
}

impl Run {
    async fn new() -> Self {
        let city = City::new().await;
        // Of the first vendor's organization, and a reviewer: of the second vendor's work, never of the first's.
        city.people.put("insider", VENDOR, &[Duty::Review, Duty::Publish]);
        let mut model = Model::default();
        for (n, (vendor, organization)) in [("tongshan", VENDOR), ("suining", OTHER)].into_iter().enumerate() {
            for seed in 0..3_u8 {
                let key = KeyPair::generate(if seed == 0 { Algorithm::EcdsaP256 } else { Algorithm::Ed25519 });
                city.registry.enroll(vendor, organization, &key.public(), "governor").await.unwrap();
                model.keys[n].push(key);
            }
        }
        Self { city, model }
    }

    async fn act(&mut self, act: Act) {
        self.city.clock.advance(7);
        let now = yunlong_model::Clock::now(&self.city.clock).0;
        let registry = self.city.registry.clone();
        let number = |n: usize| n as u64 + 1;
        match act {
            Act::Publish(second, key, app, version, variant) => {
                let vendor = usize::from(second);
                let mut what = App::new(APPS[app], VERSIONS[version as usize]);
                what.vendor = ["tongshan", "suining"][vendor];
                if variant {
                    what.more = "orders = \"/orders\"".into();
                }
                let keys = &self.model.keys[vendor];
                let key = &keys[key % keys.len()];
                let package = what.signed(key);
                let by = PEOPLE[vendor];
                let answer = registry.submit(&package, REPOSITORY, by).await;
                let revoked = self.model.revoked.get(&key.public().id().to_string());
                if let Ok(submitted) = answer {
                    assert!(revoked.is_none(), "a revoked key took something in");
                    let owner = *self.model.owners.entry(APPS[app]).or_insert(vendor);
                    assert_eq!(owner, vendor, "a name changed hands");
                    // The same bytes again, with another key, are in already: what was kept is signed by the first one.
                    if submitted.new {
                        self.model.packages.insert(submitted.submission.number, package);
                    }
                }
            }
            Act::Check(n, ok) => {
                let Some(package) = self.model.packages.get(&number(n)) else { return };
                let probes = if ok { probes() } else { Vec::new() };
                _ = registry.check(number(n), package, &probes).await;
            }
            Act::Assign(n, who) => _ = registry.assign(number(n), PEOPLE[who], "governor").await,
            Act::Recheck(n, who) => _ = registry.recheck(number(n), PEOPLE[who]).await,
            Act::Decide(n, who, what) => {
                let by = PEOPLE[who];
                match what {
                    0 => _ = registry.reject(number(n), "不行", by).await,
                    1 => _ = registry.ask_changes(number(n), "改", by).await,
                    _ => _ = self.city.approve(number(n), "", by).await,
                }
            }
            Act::Withdraw(n, second) => _ = registry.withdraw(number(n), PEOPLE[usize::from(second)]).await,
            Act::Yank(n, who, recall) => {
                let Some(package) = self.model.packages.get(&number(n)) else { return };
                _ = registry.yank(&package.digest, "缺陷", recall, PEOPLE[who]).await;
            }
            Act::Revoke(second, key, reason, who) => {
                let keys = &self.model.keys[usize::from(second)];
                let id = keys[key % keys.len()].public().id();
                let reason = [Reason::Replaced, Reason::Compromised, Reason::Ended][usize::from(reason)];
                if registry.revoke(&id, reason, "r", PEOPLE[who]).await.is_ok() {
                    self.model.revoked.entry(id.to_string()).or_insert(now);
                }
            }
            Act::Rotate(second, key) => {
                let vendor = usize::from(second);
                let keys = &mut self.model.keys[vendor];
                let (new, n) = (KeyPair::generate(Algorithm::Ed25519), key % keys.len());
                let old = keys[n].public().id();
                let rotation = Rotation { vendor: ["tongshan", "suining"][vendor].into(), old, new: new.public().id() };
                let endorsed = Endorsement::OldKey(rotation.sign(&keys[n]));
                let possession = rotation.sign(&new);
                if registry.rotate(&old, &new.public(), &possession, &endorsed, PEOPLE[vendor]).await.is_ok() {
                    self.model.revoked.entry(old.to_string()).or_insert(now);
                    keys.push(new);
                }
            }
            Act::Keep(n, who) => {
                let Some(package) = self.model.packages.get(&number(n)) else { return };
                _ = registry.keep(&package.digest, "可以保留", PEOPLE[who]).await;
            }
        }
    }

    /// What must hold after every act.
    async fn check(&self) {
        let registry = &self.city.registry;
        for (number, package) in &self.model.packages {
            let submission = registry.submission(*number).await.unwrap();
            assert_eq!(submission.digest, package.digest);
            let release = registry.release(&package.digest).await.expect("what is published is never deleted");
            if release.submission != *number {
                // The same bytes were published again, maybe with another key, after they or what came after them
                // was withdrawn.
                let ended = [State::Withdrawn, State::ChecksFailed, State::ChangesAsked];
                assert!(ended.contains(&submission.state), "{submission:?}");
                continue;
            }
            let installs = registry.admit(Stage::Install, package, None, None).await.is_ok();
            let key = registry.key(&release.key).await.unwrap();
            if let Some(approval) = &release.approval {
                let approved = registry.submission(release.submission).await.unwrap();
                assert_eq!((approved.state, approved.digest), (State::Approved, package.digest));
                assert!(approved.checked.as_ref().unwrap().passed, "approved without passed checks");
                let of_another = approval.by == "insider" && release.organization == OTHER;
                assert!(approval.by == "reviewer" || of_another, "approved by {}, who may not", approval.by);
                let versions = registry.versions(&release.app).await.unwrap();
                let labelled = versions.iter().find(|v| v.version == release.version).map(|v| v.digest);
                assert_eq!(labelled, Some(package.digest), "two digests of a version are approved");
                assert_ne!(approval.organization, release.organization, "approved by the vendor's own people");
                assert_eq!(approved.decision.as_ref().unwrap().findings, approved.checked.unwrap().findings);
            }
            let status = release.status(Some(&key));
            assert_eq!(installs, status == Status::Approved, "{status}: {release:?}");
            if let (true, Some(at)) = (installs, key.revoked_at) {
                assert!(release.at < at, "signed by a key that was revoked before");
                let replaced = key.revocation.as_ref().unwrap().reason == Reason::Replaced;
                assert!(replaced || release.kept.is_some(), "nobody of the city decided");
            }
            if release.yank.is_some() {
                assert!(!installs);
            }
        }
        for app in APPS {
            let versions = registry.versions(&app.parse().unwrap()).await.unwrap();
            let best = versions.iter().find(|v| v.status == Status::Approved).map(|v| v.digest);
            let listed = registry.listed(&app.parse().unwrap()).await.unwrap().map(|l| l.digest);
            assert_eq!(listed, best, "the catalogue shows the newest that may be installed");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_what_the_registry_promises(history in prop::collection::vec(acts(), 1..70)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for act in history {
                run.act(act).await;
                run.check().await;
            }
            // The log has every event, in order, and each approved version can be proved or says why not.
            run.city.sequenced().await;
            for package in run.model.packages.values() {
                let release = run.city.registry.release(&package.digest).await.unwrap();
                let key = run.city.registry.key(&release.key).await.unwrap();
                if release.approval.is_none() {
                    continue;
                }
                let proof = run.city.registry.prove(&package.digest, None).await.unwrap();
                let vkey = yunlong_verify::note::VKey::parse(&run.city.audit.vkey()).unwrap();
                let json = serde_json::to_vec(&proof).unwrap();
                let verdict = yunlong_verify::publication::publication(&json, &yunlong_verify::proof::Trust::of(vkey));
                assert_eq!(verdict.is_ok(), release.status(Some(&key)) == Status::Approved, "{verdict:?}");
            }
        });
    }
}
