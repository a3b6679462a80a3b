//! Figures on four levels, the service coverage, and changes of divisions. The figures are sums and
//! tell of nobody: they are for everybody.

use super::access::{self, MANAGER};
use super::{Refusal, now};
use crate::domain::coverage::Coverage;
use crate::domain::division::{self, CITY, Change, Level, Row, Table};
use crate::domain::statistics::{Figure, Figures, Period};
use crate::domain::time::{Date, Month};
use crate::policy;
use crate::store::{CHANGES, STATIONS, VISITS, every, table};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::{DataError, Principal, Query, data, transact};

/// A division with its figures.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The division's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: Level,
    /// Its figures.
    pub figures: Figures,
}

/// A division's figures and those of the divisions below it, which sum to them.
#[derive(Clone, Debug)]
pub struct Drill {
    /// The period.
    pub period: Period,
    /// The divisions that it lies in, the city first, as codes and names.
    pub path: Vec<(String, String)>,
    /// The division.
    pub of: Counted,
    /// Those right below it that were in force in the period, or have figures of it, by code.
    pub below: Vec<Counted>,
}

impl Drill {
    /// Whether the figures below sum to those above, as they must; a village has none below.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let mut sum = Figures::default();
        self.below.iter().for_each(|b| sum += b.figures);
        self.of.level == Level::Village || sum == self.of.figures
    }
}

fn figures(period: Period, code: &str) -> Result<Figures, DataError> {
    let mut out = Figures::default();
    for f in Figure::ALL {
        out.set(f, data::counter(f.counter(), &period.key(code))?);
    }
    Ok(out)
}

/// The figures of one division in a period, without those below it: for charts over many periods.
///
/// # Errors
/// [`Refusal::NotFound`] for a code that is none of this city.
pub fn figures_of(code: &str, period: Period) -> Result<Figures, Refusal> {
    Level::of(code).ok_or(Refusal::NotFound)?;
    Ok(figures(period, code)?)
}

fn counted(period: Period, row: &Row) -> Result<Counted, DataError> {
    Ok(Counted {
        code: row.code.clone(),
        name: row.name.to_string(),
        level: Level::of(&row.code).unwrap_or(Level::City),
        figures: figures(period, &row.code)?,
    })
}

/// The table of divisions as it stands.
///
/// # Errors
/// An error of the data service.
pub fn divisions() -> Result<Table, Refusal> {
    Ok(Table::with(&changes()?))
}

/// How often figures that are not equal are read.
const READINGS: usize = 5;

/// The figures of a division in a period, and of those below it.
///
/// # Errors
/// [`Refusal::NotFound`] for what is no division of the city.
pub fn drill(code: &str, period: Period) -> Result<Drill, Refusal> {
    let table = divisions()?;
    let row = table.get(code).ok_or(Refusal::NotFound)?;
    let mut drill = read(&table, row, period)?;
    // Counters are read one by one: an order that is counted between two of them is no mistake that anybody should be told of.
    for _ in 1..READINGS {
        if drill.adds_up() {
            break;
        }
        drill = read(&table, row, period)?;
    }
    Ok(drill)
}

fn read(table: &Table, row: &Row, period: Period) -> Result<Drill, Refusal> {
    let code = row.code.as_str();
    let (first, last) = period.days();
    let mut below = Vec::new();
    for r in table.lower(code) {
        let c = counted(period, r)?;
        // On the day of its change a village was still counted in, until the change was recorded: on the first of a
        // month it has figures of a period in which it was in force on no day.
        if r.within(first, last) || c.figures != Figures::default() {
            below.push(c);
        }
    }
    let path = division::line(code).into_iter().rev().map(|c| (c.to_owned(), table.name(c).to_owned())).collect();
    Ok(Drill { period, path, of: counted(period, row)?, below })
}

/// The villages that are served in a month: an active station, or a visit.
fn served(table: &Table, month: Month) -> Result<BTreeSet<String>, Refusal> {
    let mut out = BTreeSet::new();
    // A station in a village that merged serves what the village became.
    let mut serves = |village: &str| out.extend(table.village(village, month.last()).map(|v| v.code.clone()));
    let stations = every(|q| STATIONS.find(q), &Query::by_id())?;
    stations.iter().filter(|s| s.active_in(month)).for_each(|s| serves(&s.village));
    // `0` follows `/`: every row of the month stands below.
    let rows = Query::by_id().at_least(format!("{month}/")).below(format!("{month}0"));
    every(|q| VISITS.find(q), &rows)?.iter().for_each(|v| serves(&v.village));
    Ok(out)
}

/// The service coverage of a division and of each below it, by name.
#[derive(Clone, Debug)]
pub struct Covered {
    /// The division's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its coverage.
    pub coverage: Coverage,
}

/// The service coverage of a division in a month, and of those right below it.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn coverage(code: &str, month: Month) -> Result<(Covered, Vec<Covered>), Refusal> {
    let table = divisions()?;
    let (served, target) = (served(&table, month)?, policy::coverage_target()?);
    let of = |r: &Row| Covered {
        code: r.code.clone(),
        name: r.name.to_string(),
        coverage: Coverage::of(&table, &r.code, month, &served, target),
    };
    let row = table.get(code).ok_or(Refusal::NotFound)?;
    let below = table.children(code, month.last(), month.last()).map(of).collect();
    Ok((of(row), below))
}

/// The villages of a division that nothing serves in a month, as codes and names.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn uncovered(code: &str, month: Month) -> Result<Vec<(String, String)>, Refusal> {
    let table = divisions()?;
    table.get(code).ok_or(Refusal::NotFound)?;
    let served = served(&table, month)?;
    let rest = table.villages(code, month).filter(|r| !served.contains(&r.code));
    Ok(rest.map(|r| (r.code.clone(), r.name.to_string())).collect())
}

/// The whole city's code.
#[must_use]
pub fn city() -> &'static str {
    CITY
}

/// A change of a village: a merger or another code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeInput {
    /// The village's code until then.
    pub village: String,
    /// Its code from then on.
    pub into: String,
    /// The name from then on, for a code that is new.
    pub name: Option<String>,
    /// The first day.
    pub on: Date,
}

/// Records that a village merges or changes its code: for managers. What was counted stays where it was
/// counted; from the day on it is counted under the new code. A day that is over would tear figures
/// that were counted since, and is refused.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::Fields`].
pub fn change_division(who: &Principal, input: &ChangeInput) -> Result<Change, Refusal> {
    let me = access::role(who, MANAGER)?;
    let now = now();
    transact(|tx| {
        let change = Change {
            id: format!("{}/{}", input.on, input.village),
            village: input.village.clone(),
            into: input.into.clone(),
            name: input.name.clone().map(|n| n.trim().to_owned()),
            on: input.on,
            by: me.to_owned(),
            at: now,
        };
        if change.on < Date::at(now) {
            let text = yunlong_sdk::t("生效日期不能早于今天", "The day is not before today");
            return Err(Refusal::field("/on", text));
        }
        table(tx)?.check(&change)?;
        tx.insert(&change)?;
        tx.audit("division.change", &change.id, &json!({"into": change.into}))?;
        Ok(change)
    })
}

/// The changes that were recorded, the oldest first.
///
/// # Errors
/// An error of the data service.
pub fn changes() -> Result<Vec<Change>, Refusal> {
    Ok(every(|q| CHANGES.find(q), &Query::by_id())?)
}
