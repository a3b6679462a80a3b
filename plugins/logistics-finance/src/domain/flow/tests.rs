use super::*;
use proptest::prelude::*;

pub(crate) fn agreed() -> Flow {
    let (buyer, seller) = ("B".to_owned(), "A".to_owned());
    let goods = "coal-5500".to_owned();
    Flow {
        id: "FL1".into(),
        order: Order {
            number: "SO-1".into(),
            buyer: buyer.clone(),
            seller: seller.clone(),
            goods: goods.clone(),
            quantity: 1_000,
            amount: 100_000,
        },
        buyer: buyer.clone(),
        seller: seller.clone(),
        bank: "K".into(),
        carried: Some(Carried {
            waybill: "WB1".into(),
            order: "SO-1".into(),
            goods: goods.clone(),
            delivered: Some(1_000),
        }),
        stored: Some(Stored {
            receipt: "WR1".into(),
            holder: seller.clone(),
            goods,
            quantity: 1_000,
            encumbered: false,
        }),
        paid: Some(Paid {
            reference: "P1".into(),
            payer: buyer,
            payee: seller,
            amount: 100_000,
            bank: "K".into(),
            by: "teller".into(),
            at: 0,
        }),
        state: State::Open,
        released_by: None,
        released_at: None,
        invoice: None,
        created_at: 0,
        request: String::new(),
    }
}

#[test]
fn proof_of_delivery_without_payment_stays_open_and_the_invoice_does_not_settle() {
    let mut flow = Flow { paid: None, ..agreed() };
    let missing = Refused::Disagree(vec![Disagreement::NoPayment]);
    assert_eq!(flow.settle("INV-1"), Err(missing.clone()));
    assert_eq!(flow.release("officer", 1), Err(missing));
    assert_eq!(flow.state, State::Open);
}

#[test]
fn funds_go_when_all_agree_and_then_the_invoice_settles_once() {
    let mut flow = agreed();
    assert!(matches!(flow.settle("INV-1"), Err(Refused::State(s)) if s.allowed == ["release-funds"]));
    let same = Refused::SameHands { step: "release-funds", first: "confirm-payment" };
    assert_eq!(flow.release("teller", 1), Err(same));
    assert_eq!(flow.release("officer", 1), Ok(true));
    assert_eq!(flow.release("officer", 2), Ok(false));
    assert!(flow.may_change().is_err());
    assert_eq!(flow.settle("INV-1"), Ok(true));
    assert_eq!(flow.settle("INV-1"), Ok(false));
    assert_eq!(flow.settle("INV-2"), Err(Refused::ReferenceReused { reference: "INV-1".into() }));
}

proptest! {
    #[test]
    fn any_one_difference_keeps_the_funds(which in 0_usize..13, by in 1_u64..1_000) {
        let mut f = agreed();
        let (carried, stored, paid) = (f.carried.as_mut().unwrap(), f.stored.as_mut().unwrap(), f.paid.as_mut().unwrap());
        match which {
            0 => f.carried = None,
            1 => carried.delivered = None,
            2 => carried.order = "SO-2".into(),
            3 => carried.goods = "steel".into(),
            4 => carried.delivered = Some(1_000 + by),
            5 => f.stored = None,
            6 => stored.goods = "steel".into(),
            7 => stored.quantity = 1_000 - by.min(999),
            8 => stored.holder = "Z".into(),
            9 => stored.encumbered = true,
            10 => f.paid = None,
            11 => paid.amount += by,
            _ => std::mem::swap(&mut paid.payer, &mut paid.payee),
        }
        let found = f.disagreements();
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        prop_assert!(f.release("officer", 1).is_err() && f.settle("INV").is_err());
        prop_assert_eq!(f.state, State::Open);
    }
}
