//! From the push to the decision.

use crate::*;
use yunlong_publications::checks::Check;
use yunlong_publications::{ReviewError, Stage, Status, SubmissionFilter};

#[tokio::test]
async fn a_vendor_publishes_a_reviewer_approves_and_everybody_sees_it() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let submission = city.approved(&package).await;
    assert_eq!(submission.state, State::Approved);
    let release = city.registry.release(&package.digest).await.unwrap();
    let approval = release.approval.unwrap();
    assert_eq!((approval.by.as_str(), approval.organization.as_str()), ("reviewer", CITY));
    assert_eq!((approval.remark.as_str(), release.key), ("可以上架", city.key.public().id()));
    let versions = city.registry.versions(&"tickets".parse().unwrap()).await.unwrap();
    assert_eq!((versions.len(), versions[0].status), (1, Status::Approved));
    assert!(city.registry.admit(Stage::Install, &package, Some(&package.digest), None).await.is_ok());
    // Each act is an entry of the log that names the package.
    city.sequenced().await;
    let actions: Vec<_> =
        city.registry.history(&package.digest.to_string()).await.unwrap().into_iter().map(|e| e.action).collect();
    assert_eq!(actions, ["registry.published", "registry.checked", "registry.assigned", "registry.approved"]);
}

#[tokio::test]
async fn the_same_bytes_again_change_nothing() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let first = city.registry.submit(&package, REPOSITORY, "author").await.unwrap();
    let again = city.registry.submit(&package, REPOSITORY, "author").await.unwrap();
    assert!(first.new && !again.new);
    assert_eq!(first.submission, again.submission);
    city.registry.check(first.submission.number, &package, &probes()).await.unwrap();
    city.registry.assign(first.submission.number, "reviewer", "governor").await.unwrap();
    city.approve(first.submission.number, "", "reviewer").await.unwrap();
    assert!(!city.registry.submit(&package, REPOSITORY, "author").await.unwrap().new);
}

#[tokio::test]
async fn after_changes_were_asked_for_the_version_comes_again_as_a_submission_of_its_own() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    let first = app.signed(&city.key);
    let submission = city.checked(&first).await;
    city.registry.assign(submission.number, "reviewer", "reviewer").await.unwrap();
    city.registry.comment(submission.number, "说明里缺少退票规则", "reviewer").await.unwrap();
    city.registry.comment(submission.number, "马上补充", "author").await.unwrap();
    city.registry.ask_changes(submission.number, "请补充退票规则", "reviewer").await.unwrap();
    // The same bytes are refused by name, other bytes are taken.
    assert_eq!(
        refusal(city.registry.submit(&first, REPOSITORY, "author").await),
        Refusal::Unchanged { submission: submission.number, state: State::ChangesAsked }
    );
    app.more = "orders = \"/orders\"".into();
    let second = app.signed(&city.key);
    let next = city.approved(&second).await;
    assert_eq!((next.previous, next.number), (Some(submission.number), submission.number + 1));
    let release = city.registry.release(&first.digest).await.unwrap();
    assert_eq!((release.state, release.approval), (State::ChangesAsked, None), "an approval is of one digest");
    let not = refusal(city.registry.admit(Stage::Install, &first, None, None).await);
    assert!(matches!(not, Refusal::ChangedVersion { known, .. } if known == second.digest), "{not}");
    let comments = city.registry.comments(submission.number).await.unwrap();
    let said: Vec<_> = comments.iter().map(|c| (c.by.as_str(), c.text.as_str(), c.state)).collect();
    assert_eq!(said, [("reviewer", "说明里缺少退票规则", State::Assigned), ("author", "马上补充", State::Assigned)]);
}

#[tokio::test]
async fn a_failed_check_stops_the_review_and_a_recheck_begins_it_anew() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "author").await.unwrap().submission.number;
    // Without its probes nothing passes.
    let findings = city.registry.check(number, &package, &[]).await.unwrap();
    assert!(!findings.passed());
    assert_eq!(findings.check(Check::ProbeLoop).unwrap().outcome, Outcome::Fail);
    assert_eq!(city.registry.submission(number).await.unwrap().state, State::ChecksFailed);
    let error = city.registry.assign(number, "reviewer", "reviewer").await.unwrap_err();
    assert!(matches!(error, PublicationError::Review(ReviewError::NotPossible { .. })), "{error}");
    city.registry.recheck(number, "reviewer").await.unwrap();
    let findings = city.registry.check(number, &package, &probes()).await.unwrap();
    assert!(findings.passed(), "{:#?}", findings.checks);
    let checked = city.registry.submission(number).await.unwrap().checked.unwrap();
    // The record of the decision is about these findings, byte for byte.
    let stored = city.registry.findings(number).await.unwrap().unwrap();
    assert_eq!(stored, findings);
    assert_eq!(checked.findings, Digest::of(&serde_json::to_vec(&findings).unwrap()));
}

#[tokio::test]
async fn what_the_city_brought_in_is_reviewed_by_somebody_of_another_organization() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "governor").await.unwrap().submission.number;
    city.registry.check(number, &package, &probes()).await.unwrap();
    let error = city.registry.assign(number, "reviewer", "reviewer").await.unwrap_err();
    assert_eq!(error, PublicationError::Review(ReviewError::OwnWork { account: "reviewer".into() }));
    city.people.put("elsewhere", OTHER, &[Duty::Review]);
    city.registry.assign(number, "elsewhere", "elsewhere").await.unwrap();
    assert_eq!(city.approve(number, "", "elsewhere").await.unwrap().state, State::Approved);
}

#[tokio::test]
async fn a_package_that_cannot_be_read_ends_its_checks_with_the_reason() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "author").await.unwrap().submission.number;
    let why = Refusal::MissingReferrer { what: "signature".into() };
    city.registry.unreadable(number, &why).await.unwrap();
    let submission = city.registry.submission(number).await.unwrap();
    assert_eq!(submission.state, State::ChecksFailed);
    let findings = city.registry.findings(number).await.unwrap().unwrap();
    let check = findings.check(Check::Package).unwrap();
    assert_eq!((check.outcome, &check.text), (Outcome::Fail, &why.text()));
    assert_eq!(submission.checked.unwrap().findings, Digest::of(&serde_json::to_vec(&findings).unwrap()));
    // What was mended meanwhile is checked again.
    city.registry.recheck(number, "reviewer").await.unwrap();
    assert!(city.registry.check(number, &package, &probes()).await.unwrap().passed());
}

#[tokio::test]
async fn nobody_approves_findings_that_they_did_not_see() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.checked(&package).await.number;
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    let seen = city.registry.submission(number).await.unwrap().checked.unwrap().findings;
    // Whoever governs has them run again, and now one has a remark.
    city.registry.recheck(number, "governor").await.unwrap();
    let warned: Vec<Arc<dyn Probe>> =
        ProbeKind::ALL.into_iter().map(|kind| Arc::new(Probed(kind, Outcome::Warn)) as Arc<dyn Probe>).collect();
    city.registry.check(number, &package, &warned).await.unwrap();
    let error = city.registry.approve(number, "", &seen, "reviewer").await.unwrap_err();
    assert_eq!(error, PublicationError::Review(ReviewError::StaleFindings));
    assert_eq!(city.registry.submission(number).await.unwrap().state, State::Assigned);
    let approved = city.approve(number, "", "reviewer").await.unwrap();
    assert_ne!(approved.decision.unwrap().findings, seen);
}

/// A version that asks to reach this host.
fn reaching(version: &'static str, host: &str) -> App {
    App { more: format!("outbound = [\"{host}\"]"), ..App::new("tickets", version) }
}

#[tokio::test]
async fn an_approval_is_of_the_difference_to_the_version_that_is_the_last_one_then() {
    let city = City::new().await;
    let (first, second) =
        (App::new("tickets", "1.0.0").signed(&city.key), reaching("1.1.0", "pay.example.org").signed(&city.key));
    let (before, after) = (city.checked(&first).await.number, city.checked(&second).await.number);
    assert_eq!(
        city.registry.findings(after).await.unwrap().unwrap().difference,
        None,
        "there was none to compare with"
    );
    for number in [before, after] {
        city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    }
    city.approve(before, "", "reviewer").await.unwrap();
    let error = city.approve(after, "", "reviewer").await.unwrap_err();
    assert_eq!(error, PublicationError::Review(ReviewError::StaleDifference));
    assert_eq!(city.registry.submission(after).await.unwrap().state, State::Assigned);
    // Checked again, the reviewer sees what widened.
    city.registry.recheck(after, "reviewer").await.unwrap();
    let findings = city.registry.check(after, &second, &probes()).await.unwrap();
    let difference = findings.difference.unwrap();
    assert_eq!((difference.before_digest, difference.widened.len()), (first.digest, 1));
    city.approve(after, "", "reviewer").await.unwrap();
}

#[tokio::test]
async fn a_version_that_was_yanked_since_is_nothing_to_compare_with() {
    let city = City::new().await;
    let (first, second) =
        (App::new("tickets", "1.0.0").signed(&city.key), reaching("1.1.0", "pay.example.org").signed(&city.key));
    city.approved(&first).await;
    city.approved(&second).await;
    let third = reaching("1.2.0", "pay.example.org").signed(&city.key);
    let number = city.checked(&third).await.number;
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    city.registry.yank(&second.digest, "takes money twice", false, "governor").await.unwrap();
    let error = city.approve(number, "", "reviewer").await.unwrap_err();
    assert_eq!(error, PublicationError::Review(ReviewError::StaleDifference));
    city.registry.recheck(number, "reviewer").await.unwrap();
    let findings = city.registry.check(number, &third, &probes()).await.unwrap();
    assert_eq!(findings.difference.unwrap().before_digest, first.digest);
    city.approve(number, "", "reviewer").await.unwrap();
}

#[tokio::test]
async fn a_version_that_was_submitted_again_goes_on_with_its_newest_submission_alone() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    let first = app.signed(&city.key);
    let old = city.registry.submit(&first, REPOSITORY, "author").await.unwrap().submission.number;
    city.registry.check(old, &first, &[]).await.unwrap();
    app.more = "orders = \"/orders\"".into();
    let second = app.signed(&city.key);
    let new = city.checked(&second).await.number;
    let error = city.registry.recheck(old, "reviewer").await.unwrap_err();
    assert_eq!(error, PublicationError::Review(ReviewError::Superseded { by: new }));
    assert_eq!(city.registry.submission(old).await.unwrap().state, State::ChecksFailed);
    // Taking it back stays possible, and does nothing to the newer one.
    city.registry.withdraw(old, "author").await.unwrap();
    assert_eq!(city.registry.submission(new).await.unwrap().state, State::Waiting);
    assert_eq!(city.registry.release(&first.digest).await.unwrap().state, State::Withdrawn);
}

#[tokio::test]
async fn bytes_that_were_submitted_again_are_not_taken_back_with_their_older_submission() {
    let city = City::new().await;
    let mut app = App::new("tickets", "1.0.0");
    let first = app.signed(&city.key);
    let old = city.registry.submit(&first, REPOSITORY, "author").await.unwrap().submission.number;
    city.registry.check(old, &first, &[]).await.unwrap();
    app.more = "orders = \"/orders\"".into();
    let between = city.checked(&app.signed(&city.key)).await.number;
    city.registry.withdraw(between, "author").await.unwrap();
    let again = city.checked(&first).await.number;
    city.registry.withdraw(old, "author").await.unwrap();
    assert_eq!(city.registry.submission(old).await.unwrap().state, State::Withdrawn);
    let release = city.registry.release(&first.digest).await.unwrap();
    assert_eq!((release.submission, release.state), (again, State::Waiting));
}

#[tokio::test]
async fn checks_of_other_bytes_do_not_count() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.registry.submit(&package, REPOSITORY, "author").await.unwrap().submission.number;
    let other = App::new("tickets", "1.0.1").signed(&city.key);
    assert_eq!(
        city.registry.check(number, &other, &probes()).await.unwrap_err(),
        PublicationError::StaleChecks(number)
    );
}

#[tokio::test]
async fn the_reviewer_reads_what_the_binary_can_do_and_what_differs() {
    let city = City::new().await;
    city.approved(&App::new("tickets", "1.0.0").signed(&city.key)).await;
    let mut app = App::new("tickets", "1.1.0");
    app.component = component(
        r#"(import "city:payments/intents@1.0.0" (instance (export "open" (func))))
           (import "city:messaging/types@1.0.0" (instance (type $t (record (field "a" u32))) (export "t" (type (eq $t)))))"#,
    );
    app.more = "[payments]\nreason = { zh = \"售票\", en = \"Tickets\" }\n[data]\nschema = 2".into();
    let package = app.signed(&city.key);
    // It promises payments and does not hear of their outcomes.
    let refused = refusal(city.registry.submit(&package, REPOSITORY, "author").await);
    assert!(refused.to_string().contains("city:app/consumer"), "{refused}");
    app.more = "outbound = [\"example.org\"]\n[data]\nschema = 2".into();
    app.component = component("");
    let package = app.signed(&city.key);
    let submission = city.checked(&package).await;
    let findings = city.registry.findings(submission.number).await.unwrap().unwrap();
    let difference = findings.difference.clone().unwrap();
    assert_eq!(difference.before.to_string(), "1.0.0");
    let ids = |all: &[yunlong_publications::checks::Permission]| all.iter().map(|p| p.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&difference.widened), ["outbound:example.org"]);
    assert!(difference.needs_approval() && difference.narrowed.is_empty());
    assert_eq!((difference.schema, difference.read_by_before), ((1, 2), false));
    let check = findings.check(Check::Difference).unwrap();
    assert_eq!(check.outcome, Outcome::Warn);
    assert!(
        check.text.zh.contains("权限扩大：outbound:example.org") && check.text.zh.contains("回退需人工决定"),
        "{}",
        check.text.zh
    );
    assert_eq!(findings.component.initial_memory, 131_072);
    assert_eq!(findings.component.exports, ["wasi:http/incoming-handler@0.2.10"]);
    // The way back is a narrowing, and needs nobody's word.
    city.registry.assign(submission.number, "reviewer", "reviewer").await.unwrap();
    city.approve(submission.number, "", "reviewer").await.unwrap();
    let mut app = App::new("tickets", "1.2.0");
    app.more = "[data]\nschema = 2".into();
    let back = city.checked(&app.signed(&city.key)).await;
    let difference = city.registry.findings(back.number).await.unwrap().unwrap().difference.unwrap();
    assert!(!difference.needs_approval());
    assert_eq!(ids(&difference.narrowed), ["outbound:example.org"]);
}

#[tokio::test]
async fn submissions_are_found_by_state_app_organization_and_reviewer_page_by_page() {
    let city = City::new().await;
    for n in 0..7 {
        let version: &'static str = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0"][n];
        city.registry.submit(&App::new("tickets", version).signed(&city.key), REPOSITORY, "author").await.unwrap();
    }
    let mut rivals = App::new("beds", "1.0.0");
    rivals.vendor = "suining";
    city.registry.submit(&rivals.signed(&city.other_key), REPOSITORY, "rival").await.unwrap();
    let numbers = async |filter: &SubmissionFilter| {
        let (mut out, mut before) = (Vec::new(), None);
        loop {
            let page = city.registry.submissions(filter, before, 3).await.unwrap();
            out.extend(page.submissions.iter().map(|s| s.number));
            before = page.next;
            if before.is_none() {
                return out;
            }
        }
    };
    assert_eq!(numbers(&SubmissionFilter::default()).await, [8, 7, 6, 5, 4, 3, 2, 1]);
    let mine = SubmissionFilter { organization: Some(VENDOR.into()), ..SubmissionFilter::default() };
    assert_eq!(numbers(&mine).await, [7, 6, 5, 4, 3, 2, 1]);
    city.registry.withdraw(3, "author").await.unwrap();
    let withdrawn = SubmissionFilter { state: Some(State::Withdrawn), ..SubmissionFilter::default() };
    assert_eq!(numbers(&withdrawn).await, [3]);
    let open = SubmissionFilter { state: Some(State::Submitted), ..mine };
    assert_eq!(numbers(&open).await, [7, 6, 5, 4, 2, 1]);
    let beds = SubmissionFilter { app: Some("beds".parse().unwrap()), ..SubmissionFilter::default() };
    assert_eq!(numbers(&beds).await, [8]);
    assert_eq!(numbers(&SubmissionFilter { reviewer: Some("reviewer".into()), ..beds }).await, [] as [u64; 0]);
}

#[tokio::test]
async fn two_reviewers_at_once_come_to_one_decision() {
    let city = City::new().await;
    let package = App::new("tickets", "1.0.0").signed(&city.key);
    let number = city.checked(&package).await.number;
    city.registry.assign(number, "reviewer", "reviewer").await.unwrap();
    let (a, b) = tokio::join!(city.approve(number, "", "reviewer"), city.registry.reject(number, "不行", "reviewer"));
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    let state = city.registry.submission(number).await.unwrap().state;
    assert_eq!(state, if a.is_ok() { State::Approved } else { State::Rejected });
    assert_eq!(city.registry.release(&package.digest).await.unwrap().state, state);
}
