//! Reviews of apps, for the console's pages and its JSON API: who sees and does what.

use crate::failure::{Failure, Outcome, kinds};
use crate::operations::OperationError;
use crate::view::View;
use yunlong_identity::{AccountKind, PlatformRole, Session};
use yunlong_model::Digest;
use yunlong_publications::submission::StepKind;
use yunlong_publications::{
    Comment, PublicationError, ReviewError, State, Submission, SubmissionFilter, SubmissionPage,
};

/// Submissions of one page.
const PAGE: usize = 50;

/// Whose submissions somebody may see: `None` all, otherwise those of one organization.
fn scope(view: &View) -> Outcome<Option<String>> {
    let session: &Session = view.signed_in()?;
    let all = [PlatformRole::SystemAdmin, PlatformRole::SecurityAdmin, PlatformRole::AppReviewer];
    if all.into_iter().any(|r| session.has(r)) {
        return Ok(None);
    }
    match (session.kind, &session.organization) {
        (AccountKind::Vendor, Some(own)) => Ok(Some(own.clone())),
        _ => Err(Failure::new(kinds::FORBIDDEN).because(
            "应用审核仅供开发商、应用审核员和市级管理员使用。",
            "Reviews of apps are for vendors, app reviewers and the city’s administrators.",
        )),
    }
}

/// Submissions that somebody may see, the newest first.
pub(crate) async fn list(view: &View, state: &str, app: &str, mine: bool, before: &str) -> Outcome<SubmissionPage> {
    let wrong = |field: &str| Failure::new(kinds::INVALID).field(field, "没有这个值", "There is no such value");
    let filter = SubmissionFilter {
        organization: scope(view)?,
        state: match state {
            "" => None,
            slug => Some(State::find(slug).ok_or_else(|| wrong("state"))?),
        },
        app: match app {
            "" => None,
            name => Some(name.parse().map_err(|_| wrong("app"))?),
        },
        reviewer: mine.then(|| view.signed_in().map(|s| s.account.clone())).transpose()?,
    };
    let before = match before {
        "" => None,
        number => Some(number.parse().map_err(|_| wrong("before"))?),
    };
    let publications = view.gateway.services.library.publications();
    Ok(publications.submissions(&filter, before, PAGE).await.map_err(OperationError::from)?)
}

/// A submission that somebody may see. Another vendor's is not there.
pub(crate) async fn visible(view: &View, number: u64) -> Outcome<Submission> {
    let scope = scope(view)?;
    let publications = view.gateway.services.library.publications();
    let found = publications.submission(number).await.map_err(OperationError::from)?;
    if scope.is_none_or(|own| own == found.organization) {
        return Ok(found);
    }
    Err(OperationError::from(PublicationError::NoSuchSubmission(number)).into())
}

/// The digest of the findings that somebody saw before they approved: an approval is of these.
pub(crate) fn seen(text: &str) -> Outcome<Digest> {
    text.parse().map_err(|_| {
        Failure::new(kinds::INVALID).field(
            "findings",
            "请写明您看过的检查结果的摘要：提交记录中的 checked.findings",
            "Say which findings you saw, by their digest: `checked.findings` of the submission",
        )
    })
}

/// Whether this person decides about a submission where it stands, having seen these findings if it is for an
/// approval: what the decision itself asks again.
pub(crate) fn may_decide(view: &View, s: &Submission, seen: Option<Digest>) -> Outcome<()> {
    let by = &view.signed_in()?.account;
    let text = |e: ReviewError| OperationError::from(PublicationError::Review(e));
    let step = StepKind::Approve;
    if !s.state.possible().contains(&step) {
        return Err(text(ReviewError::NotPossible { step, state: s.state }).into());
    }
    if seen.is_some_and(|seen| s.checked.as_ref().is_none_or(|c| c.findings != seen)) {
        return Err(text(ReviewError::StaleFindings).into());
    }
    match &s.reviewer {
        Some(r) if r.account == *by => Ok(()),
        Some(r) => Err(text(ReviewError::NotYours { reviewer: r.account.clone() }).into()),
        None => Err(Failure::new(kinds::FORBIDDEN)),
    }
}

/// What a person does with a submission.
pub(crate) enum Step {
    Assign(Option<String>),
    /// The remark, and the findings that were seen.
    Approve(String, Digest),
    Reject(String),
    AskChanges(String),
    Recheck,
    Withdraw,
}

impl Step {
    /// The step that is written so; `findings` are those that whoever approves saw.
    pub(crate) fn from_name(
        name: &str,
        reviewer: Option<String>,
        remark: String,
        findings: &str,
    ) -> Outcome<Option<Self>> {
        Ok(Some(match name {
            "assign" => Self::Assign(reviewer.filter(|r| !r.trim().is_empty())),
            "approve" => Self::Approve(remark, seen(findings)?),
            "reject" => Self::Reject(remark),
            "ask-changes" => Self::AskChanges(remark),
            "recheck" => Self::Recheck,
            "withdraw" => Self::Withdraw,
            _ => return Ok(None),
        }))
    }
}

/// Takes a step. Who may is for the registry to say: it looks at duties and organizations at each step.
pub(crate) async fn take(view: &View, number: u64, step: Step) -> Outcome<Submission> {
    visible(view, number).await?;
    let by = view.signed_in()?.account.clone();
    if matches!(step, Step::Approve(..) | Step::Reject(_)) {
        view.step_up()?;
    }
    let publications = view.gateway.services.library.publications();
    let done = match step {
        Step::Assign(reviewer) => publications.assign(number, reviewer.as_deref().unwrap_or(&by), &by).await,
        Step::Approve(remark, seen) => publications.approve(number, &remark, &seen, &by).await,
        Step::Reject(remark) => publications.reject(number, &remark, &by).await,
        Step::AskChanges(remark) => publications.ask_changes(number, &remark, &by).await,
        Step::Recheck => {
            let waiting = publications.recheck(number, &by).await;
            view.gateway.services.library.wake();
            waiting
        }
        Step::Withdraw => publications.withdraw(number, &by).await,
    };
    let done = done.map_err(OperationError::from)?;
    if done.state == State::Approved {
        view.gateway.operations.wake();
    }
    Ok(done)
}

/// Adds a comment.
pub(crate) async fn comment(view: &View, number: u64, text: &str) -> Outcome<Comment> {
    visible(view, number).await?;
    let by = view.signed_in()?.account.clone();
    let publications = view.gateway.services.library.publications();
    Ok(publications.comment(number, text, &by).await.map_err(OperationError::from)?)
}
