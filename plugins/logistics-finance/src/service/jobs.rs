//! What runs by the clock. Each loan also wakes the app at its own time; these go after what slipped through.

use super::{Refusal, now, signed};
use crate::domain::alert::{self, Alert};
use crate::domain::loan::{Loan, State};
use crate::domain::pledge::{self, Pledge};
use crate::domain::sensor::Device;
use crate::domain::time::{Date, MINUTE};
use crate::policy;
use crate::store::{self, by, load_deal, stage_deal};
use yunlong_sdk::{Failure, Query, Tx};

/// Loans of one run that fall due; the others wait for the next.
const PAGE: usize = 200;

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
    let today = Date::at(now);
    let out = |l: &Loan| matches!(l.state, State::Disbursed | State::Repaying);
    let mut after: Option<String> = None;
    let mut done = 0;
    loop {
        let page = tx.find::<Loan>(by::LOAN_TIME.all().limit(200).after(after))?;
        for loan in page.items.iter().filter(|l| out(l) && l.due.is_some_and(|d| d < today)) {
            if done == PAGE {
                return Ok(());
            }
            let Some(mut deal) = load_deal(tx, &loan.id)? else { continue };
            let before = deal.clone();
            let effects = deal.fall_due(now);
            stage_deal::<Refusal>(tx, Some(&before), &mut deal, effects, signed)?;
            done += 1;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
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
                tell_of_silence(tx, device, heard, now)?;
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

fn tell_of_silence(tx: &Tx<'_>, device: &Device, heard: i64, now: i64) -> Result<(), Failure> {
    let lots = store::all(tx, &by::LOT_WAREHOUSE.equals(device.warehouse.as_str()))?;
    let registered = pledge::State::Registered.code();
    for lot in lots {
        let mut pledges = store::all::<Pledge>(tx, &by::PLEDGE_LOT.equals(lot.id.as_str()).equals(registered))?;
        pledges.dedup_by(|a, b| a.loan == b.loan);
        for pledge in pledges {
            let Some(loan) = tx.get::<Loan>(&pledge.loan)?.map(yunlong_sdk::Stored::into_value) else { continue };
            // One alert for a silence: it goes by when the device was heard last.
            let alert = Alert::new(&loan, alert::Kind::SensorGap, &format!("{}-{heard}", device.id), now);
            store::raise(tx, &alert.detail(device.id.clone()), &loan.bank_officers())?;
        }
    }
    Ok(())
}
