use super::*;
use crate::domain::warehouse::coal;
use proptest::prelude::*;

fn issued(lot: &mut Lot, id: &str, quantity: u64) -> Receipt {
    let mut receipt = Receipt::draft(id.into(), lot, quantity, "A", "p-1", 0).unwrap();
    receipt.issue(lot, 1).unwrap();
    receipt
}

fn to(bank: &str) -> PledgedTo {
    PledgedTo { bank: bank.into(), loan: format!("LN-{bank}") }
}

#[test]
fn an_illegal_step_says_the_state_and_what_it_allows() {
    let mut lot = coal(10);
    let mut receipt = Receipt::draft("WR1".into(), &lot, 10, "A", "p-1", 0).unwrap();
    let e = receipt.withdraw(&mut lot, 1).unwrap_err();
    assert_eq!(
        e.to_string(),
        "the Receipt is drafted, which does not allow `withdraw`; allowed: issue, cancel, freeze"
    );
    assert_eq!(Receipt::draft("WR2".into(), &lot, 0, "A", "p", 0), Err(Refused::Nothing("quantity")));
}

#[test]
fn what_is_pledged_is_neither_split_nor_moved_nor_pledged_again() {
    let mut lot = coal(10);
    let mut receipt = issued(&mut lot, "WR1", 10);
    receipt.request_pledge(to("B1"), 2).unwrap();
    let pledged = Refused::Pledged { receipt: "WR1".into(), bank: "B1".into() };
    assert_eq!(receipt.request_pledge(to("B2"), 3), Err(pledged.clone()));
    let parts = [("a".to_owned(), 4), ("b".to_owned(), 6)];
    assert_eq!(receipt.split(&parts, 3), Err(pledged.clone()), "a split while a pledge is pending");
    receipt.register_pledge(3).unwrap();
    assert_eq!(receipt.withdraw(&mut lot, 4), Err(pledged.clone()));
    assert_eq!(receipt.transfer("C", 4), Err(pledged));
    assert_eq!((lot.quantity, lot.leaving), (10, 0));
}

#[test]
fn a_released_receipt_changes_hands_once_it_is_reissued() {
    let mut lot = coal(10);
    let mut receipt = issued(&mut lot, "WR1", 10);
    receipt.request_pledge(to("B1"), 2).unwrap();
    receipt.register_pledge(3).unwrap();
    receipt.release(4).unwrap();
    assert!(receipt.transfer("C", 5).is_err());
    receipt.reissue(5).unwrap();
    receipt.transfer("C", 6).unwrap();
    receipt.transfer("D", 7).unwrap();
    receipt.withdraw(&mut lot, 8).unwrap();
    receipt.cancel(&mut lot, 9).unwrap();
    assert_eq!((receipt.state, lot.quantity, lot.receipted, lot.leaving), (State::Cancelled, 0, 0, 10));
}

#[test]
fn a_frozen_receipt_comes_back_to_where_it_was() {
    let mut lot = coal(10);
    let mut receipt = issued(&mut lot, "WR1", 10);
    receipt.request_pledge(to("B1"), 2).unwrap();
    receipt.register_pledge(3).unwrap();
    receipt.freeze("goods-missing", "sensor DV1", 4).unwrap();
    receipt.freeze("another reason", "p-2", 5).unwrap();
    let frozen = Refused::ReceiptFrozen { receipt: "WR1".into(), reason: "goods-missing".into() };
    assert_eq!(receipt.release(6), Err(frozen.clone()), "no release");
    assert_eq!(receipt.withdraw(&mut lot, 6), Err(frozen));
    assert!(receipt.is_live());
    let same = Refused::SameHands { step: "unfreeze", first: "freeze" };
    assert_eq!(receipt.unfreeze("sensor DV1", &lot, 7), Err(same));
    receipt.unfreeze("p-2", &lot, 7).unwrap();
    assert_eq!((receipt.state, receipt.frozen.is_none()), (State::Pledged, true));
    assert!(receipt.unfreeze("p-2", &lot, 8).is_err());
}

#[test]
fn a_withdrawn_receipt_that_is_frozen_is_not_cancelled_before_it_is_cleared_up() {
    let mut lot = coal(10);
    let mut receipt = issued(&mut lot, "WR1", 10);
    receipt.withdraw(&mut lot, 2).unwrap();
    receipt.freeze("title disputed", "p-2", 3).unwrap();
    let frozen = Refused::ReceiptFrozen { receipt: "WR1".into(), reason: "title disputed".into() };
    let books = lot.clone();
    assert_eq!(receipt.cancel(&mut lot, 4), Err(frozen));
    assert!(!receipt.is_live(), "it promises nothing any more, frozen or not");
    // What is missing of the lot is not missing of what may leave.
    lot.missing = 5;
    receipt.unfreeze("p-3", &lot, 5).unwrap();
    assert_eq!(receipt.state, State::Withdrawn);
    lot.missing = 0;
    receipt.cancel(&mut lot, 6).unwrap();
    assert_eq!((receipt.state, lot), (State::Cancelled, books), "it was off the books before");
}

#[test]
fn a_receipt_is_frozen_wherever_it_stands_until_it_has_ended() {
    for state in State::ALL {
        let ended = state == State::Cancelled;
        let may = state == State::Frozen || state.allows().contains(&Step::Freeze);
        assert_eq!(may, !ended, "{state:?}");
    }
}

#[test]
fn a_receipt_stays_frozen_while_goods_of_its_lot_are_missing_or_written_off() {
    let mut lot = coal(1_000);
    let mut receipt = issued(&mut lot, "WR1", 1_000);
    receipt.freeze("goods-missing", "sensor DV1", 2).unwrap();
    lot.left(50);
    let short = Err(Refused::LotMissing { lot: "LT1".into(), short: 50, unit: lot.unit });
    assert_eq!(receipt.unfreeze("p-2", &lot, 3), short, "50 are missing");
    lot.counted(950).unwrap();
    assert_eq!(receipt.unfreeze("p-2", &lot, 3), short, "it promises 50 that are written off");
    assert_eq!(receipt.state, State::Frozen);
    lot.counted(1_000).unwrap();
    receipt.unfreeze("p-2", &lot, 4).unwrap();
    assert_eq!(receipt.state, State::Issued);
}

#[test]
fn a_frozen_application_that_comes_to_nothing_leaves_a_frozen_receipt_of_nobodys() {
    let mut lot = coal(10);
    let mut receipt = issued(&mut lot, "WR1", 10);
    receipt.request_pledge(to("B1"), 2).unwrap();
    receipt.freeze("goods-missing", "sensor DV1", 4).unwrap();
    receipt.drop_pledge(5).unwrap();
    assert_eq!((receipt.state, receipt.pledged_to.clone()), (State::Frozen, None));
    receipt.unfreeze("p-2", &lot, 6).unwrap();
    assert_eq!(receipt.state, State::Issued);
}

#[test]
fn receipts_of_another_lot_or_holder_or_twice_the_same_do_not_merge() {
    let mut lot = coal(10);
    let (a, b) = (issued(&mut lot, "a", 4), issued(&mut lot, "b", 6));
    let of = |f: fn(&mut Receipt)| {
        let mut other = b.clone();
        f(&mut other);
        other
    };
    for other in [of(|r| r.lot = "LT2".into()), of(|r| r.holder = "C".into()), of(|r| r.id = "a".into())] {
        assert!(matches!(Receipt::merge(&mut [a.clone(), other], "m", 2), Err(Refused::NotAlike(..))));
    }
    assert!(matches!(Receipt::merge(&mut [a.clone()], "m", 2), Err(Refused::Parts { .. })));
    let mut both = [a, b];
    let merged = Receipt::merge(&mut both, "m", 2).unwrap();
    assert_eq!((merged.quantity, merged.parents.len(), both[0].state), (10, 2, State::Cancelled));
    assert_eq!(both[1].children, ["m"]);
}

proptest! {
    #[test]
    fn splits_and_merges_conserve(quantity in 2_u64..1_000_000, cuts in prop::collection::vec(1_u64..500_000, 1..8)) {
        let mut lot = coal(quantity);
        let mut receipt = issued(&mut lot, "WR1", quantity);
        let mut parts: Vec<(String, u64)> = cuts.iter().enumerate().map(|(i, q)| (format!("c{i}"), *q)).collect();
        let before = receipt.clone();
        let sum: u64 = cuts.iter().sum();
        if sum < quantity {
            parts.push(("rest".into(), quantity - sum));
            let mut children = receipt.split(&parts, 2).unwrap();
            prop_assert_eq!(children.iter().map(|c| c.quantity).sum::<u64>(), quantity);
            prop_assert!(children.iter().all(Receipt::is_live) && !receipt.is_live());
            let merged = Receipt::merge(&mut children, "m", 3).unwrap();
            prop_assert_eq!((merged.quantity, lot.receipted), (quantity, quantity));
        } else if sum != quantity || parts.len() < 2 {
            prop_assert!(receipt.split(&parts, 2).is_err());
            prop_assert_eq!(receipt, before, "a refusal changes nothing");
        }
    }
}
