//! The state machine of a review, as a specification and under random histories.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use proptest::prelude::*;
use std::collections::BTreeSet;
use yunlong_model::{Digest, Kind, Text, Timestamp};
use yunlong_publications::submission::{Actor, Step, StepKind};
use yunlong_publications::{Duty, Person, ReviewError, State, Submission};
use yunlong_registry::KeyId;

const VENDOR: &str = "91320300MA000TX14G";
const CITY: &str = "11320300MB000TX42P";

fn person(account: &str, organization: Option<&str>, duties: &[Duty]) -> Person {
    Person {
        account: account.into(),
        kind: Kind::Official,
        organization: organization.map(str::to_owned),
        duties: duties.iter().copied().collect(),
    }
}

fn submission() -> Submission {
    Submission {
        number: 1,
        app: "tickets".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        digest: Digest::of(b"package"),
        title: Text { zh: "票".into(), en: "Tickets".into() },
        vendor: "tongshan".into(),
        organization: VENDOR.into(),
        key: KeyId(Digest::of(b"key")),
        by: "author".into(),
        by_organization: Some(VENDOR.into()),
        at: Timestamp(1),
        state: State::Submitted,
        since: Timestamp(1),
        reviewer: None,
        checked: None,
        decision: None,
        previous: None,
    }
}

fn reviewer() -> Person {
    person("reviewer", Some(CITY), &[Duty::Review])
}

fn governor() -> Person {
    person("governor", Some(CITY), &[Duty::Govern])
}

fn author() -> Person {
    person("author", Some(VENDOR), &[Duty::Publish])
}

fn checks(passed: bool) -> Step {
    Step::FinishChecks { passed, warnings: 0, findings: Digest::of(b"findings") }
}

fn approve(remark: &str) -> Step {
    Step::Approve(remark.into(), Digest::of(b"findings"))
}

/// A submission that a reviewer has.
fn assigned() -> Submission {
    let mut s = submission();
    s.take(Step::BeginChecks, Actor::Platform, Timestamp(2)).unwrap();
    s.take(checks(true), Actor::Platform, Timestamp(3)).unwrap();
    s.take(Step::Assign(reviewer()), Actor::Person(&reviewer()), Timestamp(4)).unwrap();
    s
}

#[test]
fn the_straight_way_leads_to_an_approval_that_names_its_reviewer() {
    let mut s = assigned();
    s.take(approve("好"), Actor::Person(&reviewer()), Timestamp(5)).unwrap();
    let decision = s.decision.clone().unwrap();
    assert_eq!((s.state, decision.by.as_str(), decision.organization.as_str()), (State::Approved, "reviewer", CITY));
    assert_eq!((decision.findings, decision.at), (Digest::of(b"findings"), Timestamp(5)));
}

#[test]
fn an_approval_is_of_the_findings_that_the_reviewer_saw() {
    let mut s = assigned();
    let stale = Step::Approve(String::new(), Digest::of(b"findings of yesterday"));
    assert_eq!(s.take(stale, Actor::Person(&reviewer()), Timestamp(5)), Err(ReviewError::StaleFindings));
    assert_eq!(s, assigned(), "a step that is refused changes nothing");
}

#[test]
fn nothing_is_reviewed_while_a_check_failed() {
    let mut s = submission();
    s.take(Step::BeginChecks, Actor::Platform, Timestamp(2)).unwrap();
    s.take(checks(false), Actor::Platform, Timestamp(3)).unwrap();
    let error = s.take(Step::Assign(reviewer()), Actor::Person(&governor()), Timestamp(4)).unwrap_err();
    assert_eq!(error, ReviewError::NotPossible { step: StepKind::Assign, state: State::ChecksFailed });
    let text = error.text();
    assert!(text.zh.contains("检查未通过") && text.zh.contains("重新检查") && text.zh.contains("撤回"), "{}", text.zh);
    assert!(text.en.contains("possible: check again, withdraw"), "{}", text.en);
}

#[test]
fn checks_that_were_cut_short_begin_again() {
    let mut s = submission();
    s.take(Step::BeginChecks, Actor::Platform, Timestamp(2)).unwrap();
    s.take(Step::BeginChecks, Actor::Platform, Timestamp(9)).unwrap();
    assert_eq!((s.state, s.since), (State::Checking, Timestamp(2)));
}

#[test]
fn nobody_of_the_vendors_organization_reviews() {
    let colleague = person("colleague", Some(VENDOR), &[Duty::Review, Duty::Govern]);
    let mut s = assigned();
    let own = ReviewError::OwnWork { account: "colleague".into() };
    assert_eq!(s.take(Step::Assign(colleague.clone()), Actor::Person(&governor()), Timestamp(5)), Err(own.clone()));
    assert_eq!(s.take(approve(""), Actor::Person(&colleague), Timestamp(5)), Err(own));
    // Whoever published it has moved to the city since: it stays their own work.
    let moved = person("author", Some(CITY), &[Duty::Review]);
    assert_eq!(s.may_review(&moved), Err(ReviewError::OwnWork { account: "author".into() }));
    let nowhere = person("x", None, &[Duty::Review]);
    assert_eq!(s.may_review(&nowhere), Err(ReviewError::NoOrganization { account: "x".into() }));
}

#[test]
fn nobody_reviews_what_a_colleague_published() {
    // Whoever governs brought in what the vendor signed.
    let s = Submission { by: "governor".into(), by_organization: Some(CITY.into()), ..submission() };
    assert_eq!(s.may_review(&reviewer()), Err(ReviewError::OwnWork { account: "reviewer".into() }));
    let elsewhere = person("elsewhere", Some("12320300MB000TX50F"), &[Duty::Review]);
    assert_eq!(s.may_review(&elsewhere), Ok(()));
}

#[test]
fn a_reviewer_who_moved_to_the_vendor_decides_no_longer() {
    let mut s = assigned();
    let moved = person("reviewer", Some(VENDOR), &[Duty::Review]);
    let error = s.take(approve(""), Actor::Person(&moved), Timestamp(5)).unwrap_err();
    assert_eq!(error, ReviewError::OwnWork { account: "reviewer".into() });
    assert_eq!(s.state, State::Assigned);
}

#[test]
fn only_the_reviewer_who_has_it_decides_and_a_no_needs_its_reason() {
    let mut s = assigned();
    let other = person("other", Some(CITY), &[Duty::Review]);
    let error = s.take(approve(""), Actor::Person(&other), Timestamp(5)).unwrap_err();
    assert_eq!(error, ReviewError::NotYours { reviewer: "reviewer".into() });
    for step in [Step::Reject(" ".into()), Step::AskChanges(String::new())] {
        assert_eq!(s.take(step, Actor::Person(&reviewer()), Timestamp(5)), Err(ReviewError::NoRemark));
    }
    let long = "长".repeat(4_001);
    assert_eq!(s.take(approve(&long), Actor::Person(&reviewer()), Timestamp(5)), Err(ReviewError::RemarkTooLong));
    assert_eq!(s, assigned(), "a step that is refused changes nothing");
}

#[test]
fn a_reviewer_takes_it_themself_and_only_whoever_governs_gives_it_to_another() {
    let mut s = assigned();
    let other = person("other", Some(CITY), &[Duty::Review]);
    let error = s.take(Step::Assign(other.clone()), Actor::Person(&reviewer()), Timestamp(5)).unwrap_err();
    assert_eq!(error, ReviewError::NotYourDuty { account: "reviewer".into(), duty: Duty::Govern });
    s.take(Step::Assign(other), Actor::Person(&governor()), Timestamp(5)).unwrap();
    assert_eq!(s.reviewer.unwrap().account, "other");
}

#[test]
fn only_the_vendors_people_withdraw_and_never_after_the_decision() {
    let mut s = assigned();
    let stranger = person("stranger", Some("92320324MA000TX221"), &[Duty::Publish]);
    assert_eq!(s.take(Step::Withdraw, Actor::Person(&stranger), Timestamp(5)), Err(ReviewError::NotYourOrganization));
    let colleague = person("colleague", Some(VENDOR), &[Duty::Publish]);
    let mut withdrawn = s.clone();
    withdrawn.take(Step::Withdraw, Actor::Person(&colleague), Timestamp(5)).unwrap();
    assert_eq!(withdrawn.state, State::Withdrawn);
    s.take(approve(""), Actor::Person(&reviewer()), Timestamp(5)).unwrap();
    let error = s.take(Step::Withdraw, Actor::Person(&author()), Timestamp(6)).unwrap_err();
    assert_eq!(error, ReviewError::NotPossible { step: StepKind::Withdraw, state: State::Approved });
    assert!(error.text().en.ends_with("possible: nothing more"), "{error}");
}

#[test]
fn after_a_recheck_the_reviewer_keeps_it() {
    let mut s = assigned();
    s.take(Step::Recheck, Actor::Person(&reviewer()), Timestamp(5)).unwrap();
    s.take(Step::BeginChecks, Actor::Platform, Timestamp(6)).unwrap();
    s.take(checks(true), Actor::Platform, Timestamp(7)).unwrap();
    assert_eq!(s.state, State::Assigned);
}

#[test]
fn every_state_has_its_slug_and_every_possible_step_is_really_possible() {
    for state in State::ALL {
        assert_eq!(State::find(state.slug()), Some(state));
        for kind in state.possible() {
            let mut s = Submission { state, ..assigned() };
            s.checked = assigned().checked;
            let (step, by) = match kind {
                StepKind::BeginChecks => (Step::BeginChecks, None),
                StepKind::FinishChecks => (checks(true), None),
                StepKind::Recheck => (Step::Recheck, Some(governor())),
                StepKind::Assign => (Step::Assign(reviewer()), Some(governor())),
                StepKind::AskChanges => (Step::AskChanges("x".into()), Some(reviewer())),
                StepKind::Approve => (approve("x"), Some(reviewer())),
                StepKind::Reject => (Step::Reject("x".into()), Some(reviewer())),
                StepKind::Withdraw => (Step::Withdraw, Some(author())),
            };
            let actor = by.as_ref().map_or(Actor::Platform, Actor::Person);
            assert_eq!(s.take(step, actor, Timestamp(9)), Ok(()), "{kind:?} in {state:?}");
        }
    }
}

#[test]
fn comments_are_for_both_sides_and_for_nobody_else() {
    let s = assigned();
    assert_eq!(s.may_comment(&author(), "为何？"), Ok(()));
    assert_eq!(s.may_comment(&reviewer(), "请说明"), Ok(()));
    assert_eq!(s.may_comment(&author(), "  "), Err(ReviewError::NoRemark));
    let stranger = person("stranger", Some("92320324MA000TX221"), &[Duty::Publish]);
    assert!(s.may_comment(&stranger, "x").is_err());
}

// ---- Random histories

fn people() -> impl Strategy<Value = Person> {
    let account = prop_oneof![Just("author"), Just("a"), Just("b"), Just("c")];
    let organization = prop_oneof![Just(None), Just(Some(VENDOR)), Just(Some(CITY)), Just(Some("12320300MB000TX50F"))];
    let duties =
        prop::collection::btree_set(prop_oneof![Just(Duty::Publish), Just(Duty::Review), Just(Duty::Govern)], 0..4);
    (account, organization, duties).prop_map(|(account, organization, duties): (_, _, BTreeSet<Duty>)| Person {
        account: account.into(),
        kind: Kind::Official,
        organization: organization.map(str::to_owned),
        duties,
    })
}

fn steps() -> impl Strategy<Value = (Step, Option<Person>)> {
    let remark = prop_oneof![Just(String::new()), Just("r".to_owned())];
    // Few, so that a reviewer has seen the right ones now and then.
    let findings = (0_u8..3).prop_map(|n| Digest::of(&[n]));
    let step = prop_oneof![
        3 => Just(Step::BeginChecks),
        3 => (any::<bool>(), findings.clone()).prop_map(|(passed, findings)| Step::FinishChecks { passed, warnings: 0, findings }),
        1 => Just(Step::Recheck),
        4 => people().prop_map(Step::Assign),
        1 => remark.clone().prop_map(Step::AskChanges),
        6 => (remark.clone(), findings).prop_map(|(remark, seen)| Step::Approve(remark, seen)),
        1 => remark.prop_map(Step::Reject),
        1 => Just(Step::Withdraw),
    ];
    (step, prop::option::weighted(0.7, people()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_history_approves_without_passed_checks_and_a_reviewer_of_another_organization(
        history in prop::collection::vec(steps(), 0..60),
    ) {
        let mut s = submission();
        let mut time = 1;
        for (step, by) in history {
            time += 1;
            let (before, kind) = (s.clone(), step.kind());
            let seen = if let Step::Approve(_, seen) = &step { Some(*seen) } else { None };
            let decides = matches!(step, Step::Approve(..) | Step::Reject(_) | Step::AskChanges(_));
            let actor = by.as_ref().map_or(Actor::Platform, Actor::Person);
            match s.take(step, actor, Timestamp(time)) {
                Err(_) => prop_assert_eq!(&s, &before, "a refused step changes nothing"),
                Ok(()) => {
                    prop_assert!(before.state.possible().contains(&kind));
                    if decides {
                        let by = by.unwrap();
                        prop_assert!(by.has(Duty::Review));
                        prop_assert!(by.organization.is_some() && !by.is_of(VENDOR) && by.account != "author");
                        let decision = s.decision.clone().unwrap();
                        prop_assert_eq!(&decision.by, &by.account);
                        prop_assert!(seen.is_none_or(|seen| seen == decision.findings), "approved unseen");
                        prop_assert_eq!(Some(decision.findings), s.checked.as_ref().map(|c| c.findings));
                    }
                }
            }
            // What never changes, whatever happens.
            prop_assert_eq!((&s.digest, &s.organization, &s.by), (&before.digest, &before.organization, &before.by));
            let final_before = matches!(before.state, State::Approved | State::Rejected | State::Withdrawn);
            prop_assert!(!final_before || s == before, "a decision is final");
            if s.state == State::Approved {
                let (decision, checked, reviewer) = (s.decision.as_ref().unwrap(), s.checked.as_ref().unwrap(), s.reviewer.as_ref().unwrap());
                prop_assert!(checked.passed);
                prop_assert!(!decision.organization.is_empty() && decision.organization != VENDOR);
                prop_assert_eq!(&decision.by, &reviewer.account);
                prop_assert_eq!(decision.findings, checked.findings);
            }
            if matches!(s.state, State::Waiting | State::Assigned) {
                prop_assert!(s.checked.as_ref().is_some_and(|c| c.passed));
            }
        }
    }
}
