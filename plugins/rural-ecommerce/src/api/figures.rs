//! Figures on four levels and the service coverage, for everybody.

use super::types::*;
use super::{answer, public, wrong};
use crate::domain::coverage::Light;
use crate::domain::division::CITY;
use crate::domain::statistics::Period;
use crate::domain::time::Month;
use crate::service::statistics::{self, Counted, Covered};
use crate::service::{Refusal, now};
use yunlong_sdk::{Input, Operation, Router, Text, t};

api! {
    /// Which figures.
    Deserialize FiguresQuery {
        /// The division's code; the city when absent.
        division: Option<String>,
        /// `2026-10` or `2026`; the last month when absent.
        period: Option<String>,
    }
    /// Which coverage.
    Deserialize CoverageQuery {
        /// The division's code; the city when absent.
        division: Option<String>,
        /// `2026-10`; this month when absent.
        month: Option<String>,
    }
    /// The figures of a division. Those below sum to them.
    Serialize FiguresBody {
        /// The period.
        period: String,
        /// The division.
        of: FigureItem,
        /// Those right below it.
        below: Vec<FigureItem>,
        /// Whether those below sum to those of the division; always for a village.
        adds_up: bool,
    }
    /// The figures of one division.
    Serialize FigureItem {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
        /// Orders that stores accepted.
        orders: i64,
        /// Fen of them.
        amount: i64,
        /// Fen of them that returned.
        refunded: i64,
        /// Those among them that a station placed for somebody.
        station: i64,
    }
    /// The service coverage.
    Serialize CoverageBody {
        /// The month.
        month: String,
        /// The division.
        of: CoverageItem,
        /// Those right below it.
        below: Vec<CoverageItem>,
        /// The formula with the division's numbers.
        formula: Text,
    }
    /// The coverage of one division.
    Serialize CoverageItem {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
        /// Villages that are served.
        served: u64,
        /// Villages in force.
        villages: u64,
        /// Hundredths of a per cent; never rounded up to a target that is not reached.
        hundredths: u64,
        /// The target, in per cent.
        target: u64,
        /// Whether the target is reached.
        reached: bool,
    }
}

pub(super) fn routes(router: Router) -> Router {
    router
        .operation(
            public(
                Operation::get("/api/figures", "getFigures")
                    .tag("figures")
                    .summary("The figures of a division and of those right below it")
                    .query::<FiguresQuery>(),
            ),
            |r, i: Input<(), FiguresQuery>| answer(r, figures(&i.query)),
        )
        .operation(
            public(
                Operation::get("/api/coverage", "getCoverage")
                    .tag("figures")
                    .summary("The service coverage of a division and of those right below it")
                    .query::<CoverageQuery>(),
            ),
            |r, i: Input<(), CoverageQuery>| answer(r, coverage(&i.query)),
        )
}

fn figures(query: &FiguresQuery) -> Result<FiguresBody, Refusal> {
    let unreadable = || wrong("/period", t("请写成 2026-10 或 2026", "Write it as 2026-10 or 2026"));
    let period = match query.period.as_deref() {
        None => Period::Month(Month::at(now()).before()),
        Some(text) => Period::parse(text).ok_or_else(unreadable)?,
    };
    let drill = statistics::drill(query.division.as_deref().unwrap_or(CITY), period)?;
    let adds_up = drill.adds_up();
    Ok(FiguresBody {
        period: period.to_string(),
        of: drill.of.into(),
        below: drill.below.into_iter().map(FigureItem::from).collect(),
        adds_up,
    })
}

fn coverage(query: &CoverageQuery) -> Result<CoverageBody, Refusal> {
    let unreadable = || wrong("/month", t("请写成 2026-10", "Write it as 2026-10"));
    let month = match query.month.as_deref() {
        None => Month::at(now()),
        Some(text) => text.parse().map_err(|_| unreadable())?,
    };
    let (of, below) = statistics::coverage(query.division.as_deref().unwrap_or(CITY), month)?;
    let formula = of.coverage.formula();
    Ok(CoverageBody {
        month: month.to_string(),
        of: of.into(),
        below: below.into_iter().map(CoverageItem::from).collect(),
        formula,
    })
}

impl From<Counted> for FigureItem {
    fn from(c: Counted) -> Self {
        let f = c.figures;
        Self {
            code: c.code,
            name: c.name,
            orders: f.orders,
            amount: f.amount,
            refunded: f.refunded,
            station: f.station,
        }
    }
}

impl From<Covered> for CoverageItem {
    fn from(c: Covered) -> Self {
        let of = c.coverage;
        Self {
            code: c.code,
            name: c.name,
            served: of.served,
            villages: of.villages,
            hundredths: of.hundredths(),
            target: of.target,
            reached: of.light() == Light::Green,
        }
    }
}
