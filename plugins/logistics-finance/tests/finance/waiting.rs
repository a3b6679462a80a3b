//! What waits is found, however much was done since.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::actor::{Actor, Role};
use logistics_finance::domain::alert::{self, Alert};
use logistics_finance::domain::loan::{Loan, State};
use logistics_finance::service::{alerts, loans};
use logistics_finance::views::overview;
use logistics_finance::views::waiting::{self, Waiting};
use yunlong_sdk::transact;

/// More loans than a list holds, all newer than this one and all settled.
fn many_newer(loan: &Loan) {
    for part in 0..11 {
        transact(|tx| {
            for n in 0..200 {
                let number = part * 200 + n;
                let newer = Loan {
                    id: format!("LN-N{number:04}"),
                    state: State::Settled,
                    created_at: loan.created_at + 1 + number,
                    disbursement: None,
                    ..loan.clone()
                };
                tx.put(&newer)?;
            }
            Ok::<_, yunlong_sdk::DataError>(())
        })
        .unwrap();
    }
}

fn waits(actor: &Actor, role: Role, what: &str) -> Vec<String> {
    let fits = |w: &Waiting| w.role == role && w.what.en.starts_with(what);
    let found = waiting::of(actor).unwrap().into_iter().filter(fits);
    found.flat_map(|w| w.things.into_iter().map(|t| t.path)).collect()
}

#[test]
fn an_old_loan_that_is_overdue_waits_behind_thousands_that_are_settled() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    many_newer(&loan);
    x.advance(100 * DAY);
    x.run_job::<LogisticsFinance>("due-days").unwrap();
    let path = format!("/loans/{}", loan.id);
    let bank = x.bank(BANK_A, "officer");
    assert_eq!(loans::get(&bank, &loan.id).unwrap().state, State::Overdue);
    assert_eq!(waits(&bank, Role::Bank, "Overdue"), [path.as_str()]);
    assert_eq!(waits(&bank, Role::Bank, "Alerts"), [path.as_str()], "what became of it is an alert");
    assert_eq!(waits(&x.company(A), Role::Manufacturer, "Overdue"), [path]);
    let figures = overview::of(&x.regulator()).unwrap();
    assert_eq!((figures.loans["settled"], figures.loans["overdue"], figures.cut), (2_200, 1, false));
    assert!(figures.overdue > 70_000_000, "{}", figures.overdue);
}

#[test]
fn a_settled_loan_waits_while_it_holds_goods() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    loans::repay(&x.bank(BANK_A, "teller"), &loan.id, "RP-1", 70_000_000).unwrap();
    let keeper = x.bank(BANK_A, "keeper");
    assert_eq!(waits(&keeper, Role::Bank, "Over:"), [format!("/loans/{}", loan.id)]);
    let all = [loans::Freed { receipt: receipt.id, quantity: None }];
    loans::release(&keeper, &loan.id, &all).unwrap();
    assert!(waits(&keeper, Role::Bank, "Over:").is_empty());
}

#[test]
fn what_is_more_than_is_read_is_told() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    transact(|tx| {
        for n in 0..250 {
            tx.put(&Alert::new(&loan, alert::Kind::SensorGap, &n.to_string(), TUESDAY + n))?;
        }
        Ok::<_, yunlong_sdk::DataError>(())
    })
    .unwrap();
    let bank = x.bank(BANK_A, "officer");
    let unseen = |actor: &Actor| waiting::of(actor).unwrap().into_iter().find(|w| w.what.en.starts_with("Alerts"));
    let found = unseen(&bank).unwrap();
    assert_eq!((found.things.len(), found.more), (200, true));
    assert_eq!(overview::of(&x.regulator()).unwrap().unseen, 250);
    let bank = x.bank(BANK_A, "officer");
    for alert in alerts::list(&bank, 100, None).unwrap().items {
        alerts::seen(&bank, &alert.value.id).unwrap();
    }
    let found = unseen(&bank).unwrap();
    assert_eq!((found.things.len(), found.more), (150, false), "those that somebody has seen wait no more");
}
