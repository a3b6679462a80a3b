//! How the versions of a record follow each other: pure rules over their days, without a store.
//!
//! - A change begins a new version on a day that is not before the newest one began, and today at the
//!   latest; the newest one ends there, unless it has ended before.
//! - A second change on the day on which the newest version began takes its place.
//! - A change does not reach into a time that another version holds to its stated end.
//! - Only a correction reaches behind the newest version. On the first day of a version it takes that
//!   version's place; within a version it takes over the rest of it; in a gap it fills the gap, or a part.

use crate::{FieldError, Record};
use serde_json::{Map, Value};

/// The days of a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) from: String,
    pub(super) to: Option<String>,
}

/// Where a new version goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It becomes the newest one. `before` becomes a former version that ends there.
    Head {
        /// The days of the version that was the newest one and goes on as a former one.
        before: Option<Days>,
        days: Days,
    },
    /// It takes the place of the newest one.
    InsteadOfHead(Days),
    /// It becomes a former version; the one that began on `cut` ends on its first day.
    Former { cut: Option<Days>, days: Days },
    /// It takes the place of the former version of the same first day.
    InsteadOfFormer(Days),
}

fn refused(field: &str, zh: impl Into<String>, en: impl Into<String>) -> FieldError {
    FieldError::new(field, zh, en)
}

/// Checks the days by themselves.
pub(super) fn sane(days: &Days, today: &str) -> Result<(), FieldError> {
    if days.from.as_str() > today {
        return Err(refused(
            "valid_from",
            "生效日期不能晚于今天：请在生效当日再提交",
            "it begins in the future: send it on that day",
        ));
    }
    if days.to.as_ref().is_some_and(|to| *to <= days.from) {
        return Err(refused("valid_to", "失效日期应晚于生效日期", "it ends on or before the day on which it begins"));
    }
    Ok(())
}

/// The place of a change.
pub(super) fn change(head: Option<&Record>, days: Days) -> Result<Place, FieldError> {
    let Some(head) = head else { return Ok(Place::Head { before: None, days }) };
    if days.from < head.valid_from {
        return Err(refused(
            "valid_from",
            format!("已有自 {} 起生效的版本：更早的内容请以更正方式提交", head.valid_from),
            format!("there is a version from {}: what held before is changed by a correction", head.valid_from),
        ));
    }
    if days.from == head.valid_from {
        let to = days.to.or_else(|| head.valid_to.clone());
        return Ok(Place::InsteadOfHead(Days { from: days.from, to }));
    }
    let before = match &head.valid_to {
        Some(to) if *to > days.from => return Err(overlap(head)),
        Some(to) => Days { from: head.valid_from.clone(), to: Some(to.clone()) },
        None => Days { from: head.valid_from.clone(), to: Some(days.from.clone()) },
    };
    Ok(Place::Head { before: Some(before), days })
}

/// The place of a correction. `former` are the former versions, the oldest first.
pub(super) fn correction(former: &[Record], head: &Record, days: Days) -> Result<Place, FieldError> {
    if days.from > head.valid_from {
        return within_head(head, days);
    }
    let next_from = |from: &str| {
        let later = former.iter().map(|r| &r.valid_from).chain([&head.valid_from]);
        later.filter(|f| f.as_str() > from).min().cloned()
    };
    if days.from == head.valid_from {
        let to = days.to.or_else(|| head.valid_to.clone());
        return Ok(Place::InsteadOfHead(Days { from: days.from, to }));
    }
    let next = next_from(&days.from);
    if let (Some(to), Some(next)) = (&days.to, &next)
        && to > next
    {
        return Err(refused(
            "valid_to",
            format!("与自 {next} 起生效的版本重叠"),
            format!("it overlaps with the version from {next}"),
        ));
    }
    if let Some(same) = former.iter().find(|r| r.valid_from == days.from) {
        let to = days.to.or_else(|| same.valid_to.clone());
        return Ok(Place::InsteadOfFormer(Days { from: days.from, to }));
    }
    let inside =
        former.iter().find(|r| r.valid_from < days.from && r.valid_to.as_ref().is_none_or(|to| days.from < *to));
    let Some(inside) = inside else {
        return Ok(Place::Former { cut: None, days: Days { to: days.to.or(next), from: days.from } });
    };
    if days.to.is_some() && days.to != inside.valid_to {
        return Err(rest_only(inside));
    }
    let cut = Days { from: inside.valid_from.clone(), to: Some(days.from.clone()) };
    Ok(Place::Former { cut: Some(cut), days: Days { from: days.from, to: inside.valid_to.clone() } })
}

fn within_head(head: &Record, days: Days) -> Result<Place, FieldError> {
    match &head.valid_to {
        Some(to) if *to > days.from => {
            if days.to.is_some() && days.to != head.valid_to {
                return Err(rest_only(head));
            }
            let before = Days { from: head.valid_from.clone(), to: Some(days.from.clone()) };
            Ok(Place::Head { before: Some(before), days: Days { from: days.from, to: Some(to.clone()) } })
        }
        _ => change(Some(head), days),
    }
}

fn overlap(other: &Record) -> FieldError {
    let to = other.valid_to.as_deref().unwrap_or("");
    refused(
        "valid_from",
        format!("与 {} 至 {to} 的版本重叠", other.valid_from),
        format!("it overlaps with the version from {} to {to}", other.valid_from),
    )
}

fn rest_only(inside: &Record) -> FieldError {
    let to = inside.valid_to.as_deref().unwrap_or("-");
    refused(
        "valid_to",
        format!("更正落在 {} 至 {to} 的版本之内，须一直到 {to}", inside.valid_from),
        format!(
            "the correction lies within the version from {} to {to}, and takes over the rest of it",
            inside.valid_from
        ),
    )
}

/// Since when the record is there without a gap, in a new version at this place.
pub(super) fn since(place: &Place, head: Option<&Record>) -> Option<String> {
    match (place, head) {
        (Place::Head { before: Some(before), days }, Some(head)) if before.to.as_ref() == Some(&days.from) => {
            Some(head.since.as_ref().unwrap_or(&head.valid_from).clone())
        }
        (Place::InsteadOfHead(_), Some(head)) => head.since.clone(),
        _ => None,
    }
}

/// Since when the newest version's record is there without a gap, after a correction has taken its place:
/// one of the past may fill a gap, or open one.
pub(super) fn since_corrected(former: &[Record], head: &Record, place: &Place) -> Option<String> {
    let (cut, placed) = match place {
        Place::Former { cut, days } => (cut.as_ref(), days),
        Place::InsteadOfFormer(days) => (None, days),
        Place::Head { .. } | Place::InsteadOfHead(_) => return head.since.clone(),
    };
    let others = former.iter().filter(|r| r.valid_from != placed.from && cut.is_none_or(|c| c.from != r.valid_from));
    let others = others.map(|r| (r.valid_from.as_str(), r.valid_to.as_deref()));
    let own = [Some(placed), cut].into_iter().flatten().map(|d| (d.from.as_str(), d.to.as_deref()));
    let spans: Vec<(&str, Option<&str>)> = others.chain(own).collect();
    let mut since = head.valid_from.as_str();
    while let Some((from, _)) = spans.iter().find(|(from, to)| *to == Some(since) && *from < since) {
        since = from;
    }
    (since != head.valid_from).then(|| since.to_owned())
}

pub(super) fn days_at(place: &Place) -> Days {
    match place {
        Place::Head { days, .. } | Place::Former { days, .. } => days.clone(),
        Place::InsteadOfHead(days) | Place::InsteadOfFormer(days) => days.clone(),
    }
}

/// Whether a version of these fields and days is the newest one already.
pub(super) fn says_nothing_new(head: &Record, body: &Map<String, Value>, days: &Days) -> bool {
    let within = days.from >= head.valid_from && head.valid_to.as_ref().is_none_or(|to| days.from < *to);
    within && head.body == *body && (days.to.is_none() || days.to == head.valid_to)
}

pub(super) fn came_through(record: &Record, through: &str) -> bool {
    record.source.through == through || record.sources.values().any(|p| p.through == through)
}
