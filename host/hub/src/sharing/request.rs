//! A request for a dataset: where it stands and what is possible from there. No store and no clock.

use crate::days::after_working_days;
use crate::{Dataset, HubConfig, HubError, LegalBasis, Mask, Rows, Sharing, Terms, Widening};
use serde::{Deserialize, Serialize};
use yunlong_model::manifest::DatasetUse;
use yunlong_model::{InstallationName, Timestamp};

/// An installation's request for a dataset, for one purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its id; ids are in the order of their filing.
    pub id: String,
    /// Who asks.
    pub installation: InstallationName,
    /// The organization that installed it.
    pub organization: String,
    /// The dataset's provider when it was filed. Who decides is the provider as the catalogue has it.
    pub provider: String,
    /// What is asked for, as the app's manifest says it.
    pub asked: DatasetUse,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// The account that filed it; `-` for the platform.
    pub filed_by: String,
    /// Until when it is to be accepted.
    pub accept_by: Timestamp,
    /// Until when it is to be decided.
    pub decide_by: Timestamp,
    /// Whether a grant for the same stood when it was filed: it asks for more, or for longer.
    #[serde(default)]
    pub extends: bool,
    /// Where it stands.
    pub state: RequestState,
    /// What was done with it, in order.
    pub steps: Vec<Step>,
    /// When the provider was reminded last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
}

/// Where a request stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum RequestState {
    /// It waits for the provider.
    Filed,
    /// The provider has it in hand.
    Accepted,
    /// The provider gave what it asked for, or less.
    Approved {
        /// What was given.
        decision: Decision,
        /// Whether it is less than was asked for.
        narrowed: bool,
    },
    /// The provider, or the dataset's class, said no.
    Refused {
        /// Why, as the department that asked reads it.
        reason: String,
    },
    /// The department that asked took it back.
    Withdrawn {
        /// Why.
        reason: String,
    },
}

/// What a provider gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// On which terms.
    pub terms: Terms,
    /// Until when; no longer at this moment.
    pub until: Timestamp,
}

/// What was done with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The account; `-` for the platform.
    pub by: String,
    /// What: `filed`, `accepted`, `approved`, `narrowed`, `refused`, `withdrawn`, `reminded`, `revoked`.
    pub action: String,
    /// More: a reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What can be done with a request.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestStep {
    /// The provider takes it in hand.
    Accept,
    /// The provider gives this.
    Approve(Decision),
    /// The provider refuses, for this reason.
    Refuse(String),
    /// The department that asked takes it back, for this reason.
    Withdraw(String),
}

impl RequestState {
    /// The state's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Accepted => "accepted",
            Self::Approved { narrowed: false, .. } => "approved",
            Self::Approved { narrowed: true, .. } => "narrowed",
            Self::Refused { .. } => "refused",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    /// Whether it still waits for a decision.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Filed | Self::Accepted)
    }

    /// The steps that are possible from here.
    #[must_use]
    pub fn possible(&self) -> &'static [&'static str] {
        match self {
            Self::Filed => &["accept", "approve", "refuse", "withdraw"],
            Self::Accepted => &["approve", "refuse", "withdraw"],
            Self::Approved { .. } | Self::Refused { .. } | Self::Withdrawn { .. } => &[],
        }
    }
}

impl RequestStep {
    /// The step's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Approve(_) => "approve",
            Self::Refuse(_) => "refuse",
            Self::Withdraw(_) => "withdraw",
        }
    }
}

/// What the dataset itself says to a request, before anybody decides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is shared unconditionally.
    Given,
    /// It cannot be granted, for this reason.
    Refused(String),
    /// The provider decides.
    Open,
}

impl Request {
    /// A request as it is filed at `now`.
    pub(crate) fn filed(
        id: String,
        (installation, organization): (&InstallationName, &str),
        dataset: &Dataset,
        asked: DatasetUse,
        by: &str,
        now: Timestamp,
        config: &HubConfig,
    ) -> Self {
        Self {
            id,
            installation: installation.clone(),
            organization: organization.to_owned(),
            provider: dataset.provider.clone(),
            asked,
            filed_at: now,
            filed_by: by.to_owned(),
            accept_by: after_working_days(now, config.acceptance_working_days),
            decide_by: after_working_days(now, config.decision_working_days),
            extends: false,
            state: RequestState::Filed,
            steps: vec![Step { at: now, by: by.to_owned(), action: "filed".into(), note: String::new() }],
            reminded_at: None,
        }
    }

    /// The dataset's code.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.asked.dataset
    }

    /// The purpose.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.asked.purpose
    }

    /// The latest moment until which it can be granted, when it is decided at `now`.
    #[must_use]
    pub fn longest(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::from(self.asked.days) * DAY)
    }

    /// All that it asks for.
    #[must_use]
    pub fn everything(&self, now: Timestamp) -> Decision {
        Decision { terms: Terms::of_use(&self.asked), until: self.longest(now) }
    }

    /// The deadline that has passed: of its acceptance, or of its decision.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> Option<Timestamp> {
        let passed = |deadline: Timestamp| (now >= deadline).then_some(deadline);
        match self.state {
            RequestState::Filed => passed(self.decide_by).or_else(|| passed(self.accept_by)),
            RequestState::Accepted => passed(self.decide_by),
            _ => None,
        }
    }

    /// Whether the provider is to be reminded: once when a deadline passes, and again every `again` days.
    pub(crate) fn reminder_due(&self, now: Timestamp, again: u32) -> bool {
        self.overdue(now).is_some_and(|deadline| {
            self.reminded_at
                .is_none_or(|last| last < deadline || now >= last.plus_millis(i64::from(again.max(1)) * DAY))
        })
    }

    /// Takes a step. A decision was checked before ([`check`]).
    ///
    /// # Errors
    /// [`HubError::Transition`] says what is possible; [`HubError::Invalid`] for a reason that is missing.
    pub fn take(&mut self, step: RequestStep, by: &str, now: Timestamp) -> Result<(), HubError> {
        if !self.state.possible().contains(&step.name()) {
            return Err(HubError::Transition {
                step: step.name(),
                state: self.state.name(),
                possible: self.state.possible().to_vec(),
            });
        }
        let (state, note) = match step {
            RequestStep::Accept => (RequestState::Accepted, String::new()),
            RequestStep::Approve(decision) => {
                let narrowed = decision.terms != Terms::of_use(&self.asked) || decision.until < self.longest(now);
                (RequestState::Approved { decision, narrowed }, String::new())
            }
            RequestStep::Refuse(reason) => (RequestState::Refused { reason: said(&reason)? }, reason),
            RequestStep::Withdraw(reason) => (RequestState::Withdrawn { reason: reason.clone() }, reason),
        };
        self.state = state;
        self.steps.push(Step { at: now, by: by.to_owned(), action: self.state.name().to_owned(), note });
        Ok(())
    }
}

const DAY: i64 = 86_400_000;

/// The longest reason, in characters.
const MAX_REASON: usize = 1_000;

/// A reason that says something.
pub(crate) fn said(reason: &str) -> Result<String, HubError> {
    let reason = reason.trim();
    if !(1..=MAX_REASON).contains(&reason.chars().count()) {
        return Err(HubError::invalid(
            "reason",
            format!("请说明理由（不超过 {MAX_REASON} 字）"),
            format!("say why, in at most {MAX_REASON} characters"),
        ));
    }
    Ok(reason.to_owned())
}

/// What the dataset itself says to a request of this organization.
pub(crate) fn verdict(dataset: &Dataset, asked: &DatasetUse, organization: &str) -> Verdict {
    let own = organization == dataset.provider;
    if let Sharing::NotShared { law } = &dataset.sharing
        && !own
    {
        return Verdict::Refused(format!("依法不予共享：{law} / Not shared by law: {law}"));
    }
    let unknown: Vec<&str> = asked.fields.iter().filter(|f| dataset.item(f).is_none()).map(String::as_str).collect();
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        return Verdict::Refused(format!(
            "该信息资源没有这些信息项：{names}，请应用开发者核对 / The dataset has no such items: {names}; the app's vendor corrects app.toml"
        ));
    }
    if asked.basis == LegalBasis::Consent && !dataset.is_personal() {
        return Verdict::Refused(
            "该信息资源不涉及个人，不能以本人同意为依据 / The dataset is not about persons: nobody can consent to it"
                .into(),
        );
    }
    if asked.basis == LegalBasis::PublicData && dataset.is_personal() {
        return Verdict::Refused(
            "该信息资源涉及个人，不能以“公共数据”为依据：请应用开发者写明法律依据，或者征得本人同意 / The dataset is about persons, whose data is not public data: the app's vendor cites the law that it rests on, or asks for consent"
                .into(),
        );
    }
    if asked.rows == Rows::Own && !dataset.is_personal() {
        return Verdict::Refused(
            "该信息资源不涉及个人，没有“本人的记录” / The dataset is not about persons: there are no records about whoever asks".into(),
        );
    }
    if matches!(asked.rows, Rows::Divisions(_)) && dataset.division.is_none() {
        return Verdict::Refused(
            "该信息资源没有行政区划，不能按行政区划限定 / The dataset has no division to limit the rows by".into(),
        );
    }
    if dataset.sharing == Sharing::Unconditional { Verdict::Given } else { Verdict::Open }
}

/// Checks what a provider wants to give: it may narrow what was asked for and never widen it.
///
/// # Errors
/// [`HubError::Invalid`] names what gives more than was asked for, or cannot be.
pub(crate) fn check(decision: &Decision, request: &Request, dataset: &Dataset, now: Timestamp) -> Result<(), HubError> {
    let terms = &decision.terms;
    let mut wider = terms.wider_than(&Terms::of_use(&request.asked));
    if decision.until > request.longest(now) {
        wider.push(Widening::Time);
    }
    if let Some(first) = wider.first() {
        return Err(widening(first));
    }
    if decision.until <= now {
        return Err(HubError::invalid("until", "截止时间应晚于现在", "choose a time that is still to come"));
    }
    if terms.fields.is_empty() {
        return Err(HubError::invalid(
            "fields",
            "请至少保留一项；如都不提供，请不予批准",
            "leave one field at least, or refuse the request",
        ));
    }
    if terms.access.is_empty() {
        return Err(HubError::invalid("access", "请至少保留一种使用方式", "leave one kind of access at least"));
    }
    for (name, mask) in &terms.fields {
        if dataset.item(name).is_some_and(|item| !mask.fits(item.kind)) {
            return Err(unfit(name, *mask));
        }
    }
    if let Some(item) = terms.only.keys().find(|item| dataset.item(item).is_none()) {
        return Err(HubError::invalid(
            format!("only.{item}"),
            "该信息资源没有这一信息项",
            "the dataset has no such item",
        ));
    }
    match &terms.rows {
        Rows::Divisions(_) if dataset.division.is_none() => Err(HubError::invalid(
            "rows",
            "该信息资源没有行政区划，不能按行政区划限定",
            "the dataset has no division to limit the rows by",
        )),
        _ => Ok(()),
    }
}

fn widening(wider: &Widening) -> HubError {
    match wider {
        Widening::Fields(names) => {
            let names = names.join(", ");
            HubError::invalid(
                "fields",
                format!("只能少给，不能多给：{names} 未被申请，或遮盖少于申请"),
                format!("a decision may give less than was asked for, not more: {names}"),
            )
        }
        Widening::Rows => HubError::invalid("rows", "记录范围超出申请", "these are more records than were asked for"),
        Widening::Access(_) => HubError::invalid("access", "使用方式超出申请", "this access was not asked for"),
        Widening::Roles => {
            HubError::invalid("roles", "可使用的角色超出申请", "these roles are more than were asked for")
        }
        Widening::Basis => HubError::invalid("basis", "法律依据应与申请一致", "the legal basis is that of the request"),
        Widening::Time => HubError::invalid("until", "期限超出申请", "this is longer than was asked for"),
    }
}

fn unfit(item: &str, mask: Mask) -> HubError {
    HubError::invalid(
        format!("fields.{item}"),
        "这种遮盖方式不适用于该信息项",
        format!("the mask {mask:?} does not fit this item"),
    )
}
