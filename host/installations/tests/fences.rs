//! What happens at the same time: migrations and roll-backs, installing and recalling.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use async_trait::async_trait;
use common::*;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use yunlong_installations::{
    DataRange, Installation, InstallationError, Installations, Migration, Registry, RollBack, Status, Switch, Wanted,
    Why,
};
use yunlong_model::{Digest, Text, Timestamp};
use yunlong_store::{CommitError, Key, SharedStore, Txn};

fn package(version: &str) -> Digest {
    Digest::of(version.as_bytes())
}

/// `tickets` 1.0.0, upgraded to 2.0.0, which writes another shape and holds.
async fn upgraded(switch: Switch) -> (SharedStore, Installations, Arc<Installation>) {
    let (store, installations) = fresh().await;
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let next = upgrade(manifest("2.0.0", "data = { schema = 2, reads = [1] }"), &[]);
    let upgraded = installations.take_charge(&name("tickets"), next, switch).await.unwrap();
    (store, installations, upgraded)
}

fn back(from: &Installation) -> RollBack {
    RollBack {
        to: from.trial().unwrap().former.clone(),
        from: from.package_digest,
        data: from.data,
        hold: false,
        unwritten: false,
        by: "city-admin".into(),
        why: None,
    }
}

fn place(package_digest: Digest) -> Migration {
    Migration {
        package_digest,
        from: 1,
        to: 2,
        cursor: None,
        done: 1,
        total: None,
        batches: 1,
        started_at: Timestamp(1),
        updated_at: Timestamp(1),
        finished: false,
        failure: None,
    }
}

#[tokio::test]
async fn a_batch_that_was_running_when_its_release_was_left_is_not_committed() {
    let (store, installations, now) = upgraded(Switch { hold: true, ..SWITCH }).await;
    // The first batch of all: there is no row of a migration yet that it could conflict with.
    let mut batch = Txn::new(store.clone());
    let document = Key::space("tickets").text("document");
    batch.put_as(document.clone(), &"of the newer shape");
    installations.stage_migration(&mut batch, &name("tickets"), &place(now.package_digest)).await.unwrap();
    installations.roll_back(&name("tickets"), back(&now)).await.unwrap();
    assert_eq!(batch.commit().await, Err(CommitError::Conflict));
    assert_eq!(store.get(&document).await.unwrap(), None);
    // Nor is one that begins later.
    let mut late = Txn::new(store);
    let refused = installations.stage_migration(&mut late, &name("tickets"), &place(now.package_digest)).await;
    assert_eq!(refused, Err(InstallationError::NotInCharge(name("tickets"))));
}

#[tokio::test]
async fn a_release_that_was_left_says_nothing_of_the_data_any_more() {
    let (_, installations, now) = upgraded(Switch { hold: true, ..SWITCH }).await;
    let old = installations.roll_back(&name("tickets"), back(&now)).await.unwrap();
    let not = InstallationError::NotInCharge(name("tickets"));
    let left = &now.package_digest;
    assert_eq!(installations.migrated(&name("tickets"), left, 2).await.unwrap_err(), not);
    assert_eq!(installations.may_write(&name("tickets"), left, 2).await.unwrap_err(), not);
    assert_eq!(installations.get(&name("tickets")).unwrap().data, old.data, "the older one writes the older shape");
}

#[tokio::test]
async fn going_back_is_judged_by_the_data_as_it_is_in_the_commit() {
    let (_, installations, now) = upgraded(Switch { hold: true, ..SWITCH }).await;
    assert_eq!(now.data, DataRange { oldest: 1, newest: 1 }, "it reads all that was written");
    let judged = back(&now);
    // The migration begins between the question and the commit.
    installations.may_write(&name("tickets"), &now.package_digest, 2).await.unwrap();
    let refused = installations.roll_back(&name("tickets"), judged).await.unwrap_err();
    assert_eq!(refused, InstallationError::Changed(name("tickets")));
    let now = installations.get(&name("tickets")).unwrap();
    assert_eq!(now.version.to_string(), "2.0.0");
    installations.roll_back(&name("tickets"), back(&now)).await.unwrap();
    let again = installations.roll_back(&name("tickets"), back(&now)).await.unwrap_err();
    assert_eq!(again, InstallationError::Changed(name("tickets")), "it was left already");
}

/// A registry that keeps its word in the store, as the city's does.
struct Listed(Mutex<HashMap<Digest, Wanted>>);

impl Listed {
    fn over(installations: &Installations) -> Arc<Self> {
        let listed = Arc::new(Self(Mutex::default()));
        installations.set_registry(listed.clone());
        listed
    }

    /// From now on a package is not to be used so.
    fn refuse(&self, package: Digest, wanted: Wanted) {
        self.0.lock().insert(package, wanted);
    }
}

#[async_trait]
impl Registry for Listed {
    async fn may(&self, _: &mut Txn, package: &Digest, wanted: Wanted) -> Result<(), InstallationError> {
        match self.0.lock().get(package) {
            // What may not run may not be installed either.
            Some(refused) if *refused == wanted || *refused == Wanted::Run => Err(withdrawn()),
            _ => Ok(()),
        }
    }
}

fn withdrawn() -> InstallationError {
    InstallationError::Withdrawn(Text { zh: "已下架".into(), en: "it was yanked".into() })
}

#[tokio::test]
async fn what_was_yanked_meanwhile_is_neither_installed_nor_given_charge_nor_tried() {
    let (_, installations) = fresh().await;
    let registry = Listed::over(&installations);
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    registry.refuse(package("1.0.0"), Wanted::Install);
    registry.refuse(package("1.1.0"), Wanted::Install);
    let other = installations.install(new("other", manifest("1.0.0", ""))).await.unwrap_err();
    assert_eq!((other, installations.get(&name("other"))), (withdrawn(), None));
    let next = || upgrade(manifest("1.1.0", ""), &[]);
    assert_eq!(installations.plan(&name("tickets"), &next()).await.unwrap_err(), withdrawn());
    assert_eq!(installations.take_charge(&name("tickets"), next(), SWITCH).await.unwrap_err(), withdrawn());
    assert_eq!(installations.start_canary(&name("tickets"), next(), 10).await.unwrap_err(), withdrawn());
    // What runs goes on, also over a pause.
    for status in [Status::Stopped, Status::Running] {
        installations.set_status(&name("tickets"), status, "city-admin").await.unwrap();
    }
    // One that is tried is not given to everybody.
    let tried = upgrade(manifest("1.2.0", ""), &[]);
    installations.start_canary(&name("tickets"), tried, 10).await.unwrap();
    registry.refuse(package("1.2.0"), Wanted::Install);
    assert_eq!(installations.promote(&name("tickets"), SWITCH, "city-admin").await.unwrap_err(), withdrawn());
    assert!(installations.get(&name("tickets")).unwrap().canary().is_some(), "the city decides about it");
}

#[tokio::test]
async fn what_was_recalled_meanwhile_neither_starts_nor_is_gone_back_to() {
    let (_, installations) = fresh().await;
    let registry = Listed::over(&installations);
    running(&installations, new("tickets", manifest("1.0.0", ""))).await;
    let next = upgrade(manifest("1.1.0", ""), &[]);
    let now = installations.take_charge(&name("tickets"), next, SWITCH).await.unwrap();
    registry.refuse(package("1.0.0"), Wanted::Run);
    assert_eq!(installations.roll_back(&name("tickets"), back(&now)).await.unwrap_err(), withdrawn());
    installations.set_status(&name("tickets"), Status::Stopped, "city-admin").await.unwrap();
    registry.refuse(package("1.1.0"), Wanted::Run);
    let refused = installations.set_status(&name("tickets"), Status::Running, "city-admin").await.unwrap_err();
    assert_eq!(refused, withdrawn());
    assert_eq!(installations.get(&name("tickets")).unwrap().status, Status::Stopped);
    let late = installations.install(new("late", manifest("1.2.0", ""))).await.unwrap();
    registry.refuse(package("1.2.0"), Wanted::Run);
    let refused = installations.set_status(&late.name, Status::Running, "city-admin").await.unwrap_err();
    assert_eq!(refused, withdrawn(), "it has not run yet");
}

#[tokio::test]
async fn a_recall_holds_what_runs_the_version_and_ends_what_tries_it() {
    let (store, installations) = fresh().await;
    let why = Why::said("it steals").unwrap();
    for installation in ["running", "paused", "trying", "others"] {
        running(&installations, new(installation, manifest("1.0.0", ""))).await;
    }
    installations.set_status(&name("paused"), Status::Stopped, "city-admin").await.unwrap();
    let next = || upgrade(manifest("1.1.0", ""), &[]);
    installations.take_charge(&name("running"), next(), SWITCH).await.unwrap();
    installations.take_charge(&name("paused"), next(), SWITCH).await.unwrap();
    installations.start_canary(&name("trying"), next(), 10).await.unwrap();
    let users: Vec<_> = installations.users_of(&package("1.1.0")).await.iter().map(|i| i.name.to_string()).collect();
    assert_eq!(users, ["paused", "running", "trying"]);
    let recalled = async |of: &str| installations.recall(&name(of), &package("1.1.0"), "city-security", &why).await;
    let held = recalled("running").await.unwrap().unwrap();
    // Nothing is under way any more that the next upgrade would wait for.
    assert_eq!((held.status.clone(), held.change.is_none()), (Status::Recalled, true));
    assert_eq!(recalled("running").await.unwrap(), None, "once");
    let paused = recalled("paused").await.unwrap().unwrap();
    assert_eq!((paused.status.clone(), paused.change.is_none()), (Status::Stopped, true), "a person paused it");
    let trying = recalled("trying").await.unwrap().unwrap();
    assert_eq!((trying.status.clone(), trying.version.to_string()), (Status::Running, "1.0.0".into()));
    assert!(trying.canary().is_none());
    let history = installations.history(&name("running"), 1).await.unwrap();
    assert_eq!((history[0].event.as_str(), history[0].by.as_str()), ("recalled", "city-security"));
    assert_eq!(history[0].why.as_ref(), Some(&why));
    let trail = installations.audit(3).await.unwrap();
    assert!(trail.iter().all(|r| r.action == "recalled" && r.detail.contains("it steals")), "{trail:?}");
    // It is so after a restart, and another version ends it.
    let installations = open(&store).await;
    assert_eq!(installations.get(&name("running")).unwrap().status, Status::Recalled);
    let next = upgrade(manifest("1.2.0", ""), &[]);
    let on = installations.take_charge(&name("running"), next, SWITCH).await.unwrap();
    assert_eq!(on.status, Status::Running);
}
