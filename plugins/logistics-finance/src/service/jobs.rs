//! What runs by the clock. Each loan also wakes the app at its own time; these go after what slipped through.

use super::{Refusal, now, sensors, signed};
use crate::domain::loan::{Loan, State, Step};
use crate::domain::sensor::Device;
use crate::domain::time::{Date, MINUTE};
use crate::policy;
use crate::store::{by, load_deal, stage_deal};
use yunlong_sdk::{Failure, Query, Tx};

/// Loans of one state that fall due in one run, those that are due longest first; the others wait for the next.
const PAGE: u32 = 200;

/// Runs a job.
///
/// # Errors
/// [`Failure`].
pub fn run(job: &str, tx: &Tx<'_>) -> Result<(), Failure> {
    match job {
        "due-days" => due_days(tx),
        "silent-sensors" => silent_sensors(tx),
        other => Err(Failure::Reject(format!("no such job: {other}"))),
    }
}

/// Loans whose due day has passed, after a night in which their message did not come.
fn due_days(tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let today = Date::at(now).to_string();
    for state in State::ALL.into_iter().filter(|s| s.allows().contains(&Step::FallDue)) {
        let late = by::LOAN_STATE_DUE.equals(state.code()).below(today.as_str()).limit(PAGE);
        for loan in tx.find::<Loan>(late)?.items {
            let Some(mut deal) = load_deal(tx, &loan.id)? else { continue };
            let before = deal.clone();
            let effects = deal.fall_due(now);
            stage_deal::<Refusal>(tx, Some(&before), &mut deal, effects, signed)?;
        }
    }
    Ok(())
}

/// Devices that have not been heard for long: the banks with pledges in their warehouse are told once for each silence.
fn silent_sensors(tx: &Tx<'_>) -> Result<(), Failure> {
    let now = now();
    let silence = policy::silent_minutes().map_err(|e| Failure::Retry(e.to_string()))? * MINUTE;
    let mut after: Option<String> = None;
    loop {
        let page = tx.find::<Device>(Query::by_id().limit(200).after(after))?;
        for device in &page.items {
            if let Some(heard) = device.last_at.filter(|at| device.active && now - at > silence) {
                tell_of_silence(tx, &device.value, heard, now)?;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// One alert for a silence: it goes by when the device was heard last. While it lasts, only those are told whose pledges
/// were registered since.
fn tell_of_silence(tx: &Tx<'_>, device: &Device, heard: i64, now: i64) -> Result<(), Failure> {
    let occurrence = format!("{}-{heard}", device.id);
    let told = sensors::tell_pledgees(tx, device, device.silence_told, &occurrence, &device.id, now)?;
    if told > 0 || device.silence_told.is_none() {
        tx.put(&Device { silence_told: Some(now), ..device.clone() })?;
    }
    Ok(())
}
