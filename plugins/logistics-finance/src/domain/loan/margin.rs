//! Margin calls: when the goods are worth too little for what is owed, the company has some business days to repay or
//! to pledge more; then the goods are sold.

use super::super::alert::{self, Alert};
use super::super::calendar::Calendar;
use super::super::effect::Wake;
use super::super::money::{ratio_up, whole_up};
use super::super::quote::Valuation;
use super::super::refused::Refused;
use super::super::time::Date;
use super::{Deal, Effect, State, Step};
use serde::{Deserialize, Serialize};

/// Where a margin call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarginState {
    /// The company has until its day.
    Open,
    /// What is owed is within the limit again.
    Cured,
    /// The day has passed.
    Lapsed,
}

impl MarginState {
    /// As documents and the API write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Cured => "cured",
            Self::Lapsed => "lapsed",
        }
    }
}

/// A margin call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginCall {
    /// Where it stands.
    pub state: MarginState,
    /// What is owed in basis points of what the goods are worth, when it was called.
    pub ltv_bps: u64,
    /// Fen that the goods were worth.
    pub value: u64,
    /// Fen of value that were missing.
    pub short: u64,
    /// When it was called: milliseconds of UTC.
    pub called_at: i64,
    /// The last day on which it can be met.
    pub until: Date,
    /// When it ended: milliseconds of UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl MarginCall {
    /// Whether the company still has time.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == MarginState::Open
    }

    pub(crate) fn met(&mut self, now: i64) {
        if self.is_open() {
            self.state = MarginState::Cured;
            self.ended_at = Some(now);
        }
    }
}

impl Deal {
    /// Looks at what the goods are worth now: calls for more, or finds a call met. `secured` is the value of what is
    /// registered.
    pub fn revalue(&mut self, secured: &Valuation, days: u32, calendar: &Calendar, now: i64) -> Vec<Effect> {
        let loan = &mut self.loan;
        if !loan.state.is_out() || loan.state == State::Disposal {
            return Vec::new();
        }
        let mut effects = loan.accrue(now);
        let owed = loan.balance.owed();
        let ltv_bps = ratio_up(owed, secured.value);
        if let Some(call) = loan.margin.as_mut().filter(|m| m.is_open()) {
            if ltv_bps <= loan.terms.ltv_bps {
                call.met(now);
                let occurrence = call.called_at.to_string();
                let alert = Alert::new(loan, alert::Kind::MarginCured, &occurrence, now);
                effects.push(Effect::Alert(alert));
            }
            return effects;
        }
        if ltv_bps > loan.terms.margin_bps {
            let until = calendar.business_days_after(Date::at(now), days);
            let short = whole_up(owed, loan.terms.ltv_bps).saturating_sub(secured.value);
            loan.margin = Some(MarginCall {
                state: MarginState::Open,
                ltv_bps,
                value: secured.value,
                short,
                called_at: now,
                until,
                ended_at: None,
            });
            let alert = Alert::new(loan, alert::Kind::MarginCall, &now.to_string(), now);
            effects.push(Effect::Alert(alert.amount(short).detail(until.to_string())));
            let at = until.plus(1).start();
            effects.push(Effect::Wake { loan: loan.id.clone(), what: Wake::Margin, at });
        }
        effects
    }

    /// The day of a margin call has come to its end: met, or the goods are sold. The caller has looked at the prices
    /// with [`Deal::revalue`] first.
    pub fn margin_ended(&mut self, now: i64) -> Vec<Effect> {
        let loan = &mut self.loan;
        let Some(call) = loan.margin.as_mut().filter(|m| m.is_open()) else { return Vec::new() };
        if Date::at(now) <= call.until {
            return Vec::new();
        }
        call.state = MarginState::Lapsed;
        call.ended_at = Some(now);
        let (short, occurrence) = (call.short, call.called_at.to_string());
        let mut effects =
            vec![Effect::Alert(Alert::new(loan, alert::Kind::MarginLapsed, &occurrence, now).amount(short))];
        if loan.state.allows().contains(&Step::Dispose) {
            effects.extend(loan.accrue(now));
            loan.pass(State::Disposal, now);
        }
        effects
    }

    /// # Errors
    /// [`Refused::TooEarly`] while a margin call is open; a wrong state where there is no reason to sell.
    pub(crate) fn has_reason_to_sell(&self) -> Result<(), Refused> {
        let loan = &self.loan;
        loan.check(Step::Dispose)?;
        if loan.state == State::Overdue {
            return Ok(());
        }
        match &loan.margin {
            Some(call) if call.is_open() => Err(Refused::TooEarly { step: "dispose", from: call.until.plus(1) }),
            Some(call) if call.state == MarginState::Lapsed => Ok(()),
            _ => Err(loan.wrong(Step::Dispose).into()),
        }
    }
}
