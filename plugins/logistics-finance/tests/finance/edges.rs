//! The edges: who may what, keys that are used again, consents that are taken back, companies that change.

use crate::support::*;
use logistics_finance::LogisticsFinance;
use logistics_finance::domain::loan::State;
use logistics_finance::domain::receipt;
use logistics_finance::domain::refused::Refused;
use logistics_finance::service::loans::NewSale;
use logistics_finance::service::receipts::NewReceipt;
use logistics_finance::service::warehouses::NewWarehouse;
use logistics_finance::service::{Refusal, borrowers, loans, receipts, warehouses, who};
use logistics_finance::store::LEDGER_SUM;
use serde_json::{Value, json};
use yunlong_sdk::{DataError, Event, data};

#[test]
fn nobody_and_a_person_for_themself_do_nothing_here() {
    let x = Xuzhou::new();
    assert!(matches!(who(), Err(Refusal::Other(yunlong_sdk::Error::SignIn))));
    x.sign_in("citizen");
    let citizen = who().unwrap();
    assert!(matches!(rule(borrowers::consent(&citizen, BANK_A)), Refused::Role { .. }));
    assert!(matches!(rule(receipts::draft(&citizen, None, &NewReceipt::default())), Refused::Role { .. }));
    assert!(matches!(rule(loans::pledges(&citizen, 10, None)), Refused::Role { .. }));
    // A company that owns goods is no bank and no regulator, whatever it asks for.
    assert!(matches!(rule(borrowers::open_file(&x.company(A), A)), Refused::Role { .. }));
    assert!(matches!(rule(warehouses::register(&x.company(A), None, &NewWarehouse::default())), Refused::Role { .. }));
}

#[test]
fn what_belongs_to_others_is_not_found() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.ready(1_000);
    for actor in [x.bank(BANK_B, "officer"), x.company(C)] {
        not_found(loans::get(&actor, &loan.id));
        not_found(loans::overview(&actor, &loan.id));
        not_found(loans::ledger(&actor, &loan.id, 10, None));
        not_found(receipts::get(&actor, &receipt.id));
        not_found(warehouses::lot(&actor, &receipt.lot));
    }
    let other = x.bank(BANK_B, "officer");
    not_found(loans::approve(&other, &loan.id, None));
    not_found(loans::ask_disbursement(&other, &loan.id));
    not_found(loans::repay(&other, &loan.id, "R", 1));
    not_found(receipts::freeze(&other, &receipt.id, "x"));
    not_found(receipts::transfer(&x.company(C), &receipt.id, C));
    not_found(loans::get(&x.bank(BANK_A, "officer"), &"x".repeat(400)));
}

#[test]
fn a_key_answers_the_same_receipt_and_another_request_is_refused() {
    let x = Xuzhou::new();
    let lot = x.coal(1_000);
    let new = NewReceipt { lot: lot.id.clone(), quantity: 600_000, holder: None };
    let clerk = x.clerk();
    let first = receipts::issue_new(&clerk, Some("k"), &new).unwrap();
    for _ in 0..3 {
        assert_eq!(receipts::issue_new(&clerk, Some("k"), &new).unwrap().id, first.id);
    }
    let other = NewReceipt { quantity: 1, ..new };
    assert!(matches!(receipts::issue_new(&clerk, Some("k"), &other), Err(Refusal::KeyReused { .. })));
    assert_eq!(warehouses::lot(&clerk, &lot.id).unwrap().receipted, 600_000);
    let mine = x.company(A);
    let parts = receipts::split(&mine, Some("s"), &first.id, &[200_000, 400_000]).unwrap();
    let again = receipts::split(&mine, Some("s"), &first.id, &[200_000, 400_000]).unwrap();
    assert_eq!(parts, again);
    let rest = x.issue(&lot, 400).unwrap();
    for (receipt, quantities) in [
        (&first.id, &[400_000, 200_000][..]),
        (&first.id, &[100_000, 200_000, 300_000][..]),
        (&rest.id, &[200_000, 200_000][..]),
    ] {
        let other = receipts::split(&mine, Some("s"), receipt, quantities);
        assert!(matches!(&other, Err(Refusal::KeyReused { first }) if *first == parts[0].id), "{other:?}");
    }
    let ids: Vec<String> = parts.iter().map(|p| p.id.clone()).collect();
    let merged = receipts::merge(&mine, Some("m"), &ids).unwrap();
    assert_eq!(receipts::merge(&mine, Some("m"), &ids).unwrap(), merged);
    assert_eq!(merged.quantity, 600_000);
    assert!(receipts::verify(&merged.id).unwrap().genuine);
    assert_eq!(receipts::verify(&first.id).unwrap().replaced_by, ids);
}

#[test]
fn a_receipt_is_verified_by_anybody_and_a_draft_by_nobody() {
    let x = Xuzhou::new();
    let lot = x.coal(10);
    let draft = receipts::draft(&x.clerk(), None, &NewReceipt { lot: lot.id, quantity: 10, holder: None }).unwrap();
    not_found(receipts::verify(&draft.id));
    receipts::issue(&x.clerk(), &draft.id).unwrap();
    x.sign_out();
    let seen = receipts::verify(&draft.id).unwrap();
    assert_eq!((seen.genuine, seen.state, seen.quantity), (true, receipt::State::Issued, 10));
    let jwks = receipts::jwks().unwrap();
    let kids: Vec<&Value> = jwks["keys"].as_array().unwrap().iter().map(|k| &k["kid"]).collect();
    assert!(kids.contains(&&json!(seen.signature.unwrap().kid)));
    x.configure("receipt_algorithm", "SM2-SM3");
    receipts::transfer(&x.company(A), &draft.id, C).unwrap();
    let again = receipts::transfer(&x.company(C), &draft.id, C);
    assert!(matches!(again, Err(Refusal::Fields(_))), "they hold it already: {again:?}");
    let seen = receipts::verify(&draft.id).unwrap();
    assert_eq!((seen.genuine, seen.signature.unwrap().algorithm.code()), (true, "SM2-SM3"));
}

#[test]
fn a_consent_that_is_taken_back_stops_what_is_not_approved() {
    let x = Xuzhou::new();
    let body = json!({"event": "E1", "uscc": A, "kind": "honour", "date": "2026-01-01", "until": "2030-01-01"});
    x.put_record("credit.event", "E1", None, &body);
    let (loan, _) = x.checked(1_000);
    let reads = || x.shared_reads().iter().filter(|r| r.dataset == "credit.event").count();
    assert_eq!(reads(), 1);
    borrowers::withdraw_consent(&x.company(A), BANK_A).unwrap();
    let bank = x.bank(BANK_A, "approver");
    assert!(matches!(rule(loans::approve(&bank, &loan.id, None)), Refused::NoConsent { withdrawn: true, .. }));
    assert!(matches!(rule(loans::check_credit(&bank, &loan.id)), Refused::NoConsent { .. }));
    assert_eq!(reads(), 1, "nothing was read without the consent");
    assert_eq!(x.alerts(BANK_A), ["consent-withdrawn"]);
    borrowers::consent(&x.company(A), BANK_A).unwrap();
    loans::approve(&x.bank(BANK_A, "approver"), &loan.id, None).unwrap();
}

#[test]
fn a_breach_in_the_credit_record_forbids_it() {
    let x = Xuzhou::new();
    let body = json!({"event": "E1", "uscc": A, "kind": "breach", "date": "2026-01-01", "until": "2030-01-01"});
    x.put_record("credit.event", "E1", None, &body);
    let (loan, _) = x.checked(1_000);
    let e = rule(loans::approve(&x.bank(BANK_A, "approver"), &loan.id, None));
    assert_eq!(e, Refused::Credit(vec!["breach-in-force"]));
    let rejected = loans::reject(&x.bank(BANK_A, "approver"), &loan.id, "失信").unwrap();
    assert_eq!(rejected.state, State::Rejected);
    let mine = receipts::list(&x.company(A), 10, None).unwrap();
    assert_eq!(mine.items[0].state, receipt::State::Issued, "the receipt is free again");
}

fn changed(x: &Xuzhou, reference: &str, fields: &[&str], ended: bool) -> Result<(), yunlong_sdk::Failure> {
    told_of(x, reference, u64::MAX, fields, ended)
}

fn told_of(
    x: &Xuzhou,
    reference: &str,
    version: u64,
    fields: &[&str],
    ended: bool,
) -> Result<(), yunlong_sdk::Failure> {
    let data = json!({
        "dataset": "legal-entities.entity", "purpose": "borrower-standing", "reference": reference,
        "version": version, "fields": fields, "ended": ended,
    });
    x.deliver_event::<LogisticsFinance>(&Event {
        id: "hub-1".into(),
        source: "/platform/hub".into(),
        topic: "city.hub.changed".into(),
        subject: None,
        time: yunlong_sdk::now(),
        key: None,
        data: data.to_string(),
        attempt: 1,
    })
}

#[test]
fn a_borrower_that_goes_out_of_business_or_changes_has_its_loans_frozen_and_the_bank_told() {
    for (fields, status, ended, reason) in [
        (&["status"][..], "revoked", false, Some("not-in-business")),
        (&["representative"][..], "active", false, Some("representative-changed")),
        (&["name"][..], "active", false, Some("name-changed")),
        (&["address"][1..], "active", true, Some("registration-ended")),
        (&["status"][..], "active", false, None),
        (&["address"][..], "active", false, None),
    ] {
        let x = Xuzhou::new();
        let (loan, _) = x.out(70_000_000);
        x.register(A, status);
        changed(&x, A, fields, ended).unwrap();
        changed(&x, C, fields, ended).unwrap();
        let frozen = loans::get(&x.bank(BANK_A, "officer"), &loan.id).unwrap().frozen.map(|f| f.reason);
        assert_eq!(frozen.as_deref(), reason, "{fields:?}");
        assert_eq!(x.alerts(BANK_A).len(), usize::from(reason.is_some()));
        if reason.is_some() {
            let freed = [loans::Freed { receipt: "x".into(), quantity: None }];
            let bank = x.bank(BANK_A, "officer");
            assert!(matches!(rule(loans::release(&bank, &loan.id, &freed)), Refused::LoanFrozen { .. }));
            loans::repay(&bank, &loan.id, "RP-1", 100).unwrap();
            assert!(loans::unfreeze(&bank, &loan.id, "已核实").unwrap().frozen.is_none());
        }
    }
}

#[test]
fn a_late_message_of_what_the_bank_has_read_freezes_nothing() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    let bank = x.bank(BANK_A, "officer");
    let seen = borrowers::files(&bank, 10, None).unwrap().items.remove(0).into_value().version;
    told_of(&x, A, seen, &["name", "representative", "status"], false).unwrap();
    assert!(loans::get(&bank, &loan.id).unwrap().frozen.is_none());
    told_of(&x, A, seen + 1, &["representative"], false).unwrap();
    assert!(loans::get(&bank, &loan.id).unwrap().frozen.is_some());
}

#[test]
fn a_company_that_is_not_in_business_gets_no_file_and_no_approval() {
    let x = Xuzhou::new();
    x.register(A, "cancelled");
    let e = borrowers::open_file(&x.bank(BANK_A, "opener"), A);
    assert!(matches!(e, Err(Refusal::NotInBusiness { status: Some(_), .. })));
    x.register(A, "active");
    let (loan, _) = x.checked(1_000);
    x.register(A, "revoked");
    let e = loans::approve(&x.bank(BANK_A, "approver"), &loan.id, None);
    assert!(matches!(e, Err(Refusal::NotInBusiness { .. })));
}

#[test]
fn an_overdue_loan_is_sold_for_and_the_rest_written_off() {
    let x = Xuzhou::new();
    let (loan, receipt) = x.out(70_000_000);
    x.advance(100 * DAY);
    x.run_job::<LogisticsFinance>("due-days").unwrap();
    x.settle();
    assert_eq!(loans::get(&x.company(A), &loan.id).unwrap().state, State::Overdue);
    assert!(x.alerts(BANK_A).contains(&"overdue"));
    loans::dispose(&x.bank(BANK_A, "officer"), &loan.id).unwrap();
    let sale =
        NewSale { receipt: receipt.id.clone(), buyer: C.into(), proceeds: 60_000_000, bank_reference: "SL-1".into() };
    let mut entered = loan.clone();
    for _ in 0..2 {
        entered = loans::enter_sale(&x.bank(BANK_A, "teller"), &loan.id, &sale).unwrap();
    }
    let number = entered.pending_sales[0].number.as_str();
    assert_eq!(
        (entered.pending_sales.len(), receipts::get(&x.company(A), &receipt.id).unwrap().holder.as_str()),
        (1, A)
    );
    let e = rule(loans::confirm_sale(&x.bank(BANK_A, "teller"), &loan.id, number, true));
    assert_eq!(e, Refused::SameHands { step: "confirm-sale", first: "enter-sale" });
    assert_eq!(x.audited("loan.confirm-sale.refused"), 1);
    for _ in 0..2 {
        loans::confirm_sale(&x.bank(BANK_A, "second"), &loan.id, number, true).unwrap();
    }
    assert_eq!((x.audited("loan.enter-sale"), x.audited("loan.confirm-sale")), (1, 1));
    let e = rule(loans::write_off(&x.bank(BANK_A, "officer"), &loan.id, "无可执行财产"));
    assert!(matches!(e, Refused::SameHands { .. }));
    let done = loans::write_off(&x.bank(BANK_A, "boss"), &loan.id, "无可执行财产").unwrap();
    assert_eq!((done.state, done.balance.owed()), (State::WrittenOff, 0));
    let sold = receipts::get(&x.company(C), &receipt.id).unwrap();
    assert_eq!((sold.holder.as_str(), sold.state), (C, receipt::State::Released));
    assert_eq!(data::counter(LEDGER_SUM, "all").unwrap(), 0);
}

#[test]
fn a_call_whose_commit_never_goes_through_leaves_nothing_behind_and_counts_once_when_it_is_made_again() {
    let x = Xuzhou::new();
    let (loan, _) = x.out(70_000_000);
    let teller = x.bank(BANK_A, "teller");
    let entries = || loans::ledger(&teller, &loan.id, 100, None).unwrap().items.len();
    let before = (loans::get(&teller, &loan.id).unwrap(), x.audit().len(), x.published().len(), entries());
    // As often as the SDK tries.
    x.conflict_next(24);
    let lost = loans::repay(&teller, &loan.id, "RP-1", 100);
    assert!(matches!(lost, Err(Refusal::Data(DataError::Conflict))), "{lost:?}");
    let after = (loans::get(&teller, &loan.id).unwrap(), x.audit().len(), x.published().len(), entries());
    assert_eq!(before, after);
    for _ in 0..3 {
        let repaid = loans::repay(&teller, &loan.id, "RP-1", 100).unwrap();
        assert_eq!((repaid.balance.principal, entries()), (69_999_900, before.3 + 1));
    }
    assert_eq!(x.audited("loan.repay"), 1);
}

#[test]
fn a_receipt_is_unfrozen_by_other_hands() {
    let x = Xuzhou::new();
    let receipt = x.issue(&x.coal(10), 10).unwrap();
    receipts::freeze(&x.regulator(), &receipt.id, "核查").unwrap();
    let e = rule(receipts::unfreeze(&x.regulator(), &receipt.id, "无误"));
    assert!(matches!(e, Refused::SameHands { .. }));
    assert_eq!(x.audited("receipt.unfreeze.refused"), 1);
}

#[test]
fn the_routes_are_sound() {
    use yunlong_sdk::App;
    LogisticsFinance::router().check().unwrap();
}
