use super::*;

pub(crate) fn order(parcels: &[&str]) -> FreightOrder {
    let parcel = |p: &&str| Parcel {
        parcel: (*p).to_owned(),
        goods: "床".into(),
        grams: 40_000,
        state: State::Booked,
        reason: None,
    };
    FreightOrder {
        id: "FO1".into(),
        shipper: "A".into(),
        carrier: "C".into(),
        order: "SO-1".into(),
        request: Some("R1".into()),
        goods: "coal-5500".into(),
        quantity: 1_000,
        from: Place::default(),
        to: Place::default(),
        value: 1,
        not_after: 10,
        parcels: parcels.iter().map(parcel).collect(),
        open: Some("C".into()),
        waybill: None,
        created_at: 0,
        digest: String::new(),
    }
}

fn proof(document: &str) -> Proof {
    Proof { received_by: "收货岗".into(), document: document.into(), quantity: 1_000, at: 0 }
}

#[test]
fn a_waybill_goes_step_by_step_to_its_signature() {
    let mut order = order(&[]);
    let mut waybill = order.book("WB1".into(), 0).unwrap();
    assert!(order.book("WB2".into(), 0).is_err(), "one order, one waybill");
    let e = waybill.advance(State::Delivered, None, 1).unwrap_err();
    assert_eq!(e.to_string(), "the Waybill is booked, which does not allow `delivered`; allowed: loaded, exception");
    for to in [State::Loaded, State::InTransit, State::Delivered] {
        assert_eq!(waybill.advance(to, None, 1), Ok(true));
        assert_eq!(waybill.advance(to, None, 1), Ok(false), "said again");
    }
    assert_eq!(waybill.advance(State::Signed, None, 2), Err(Refused::NoProof));
    assert_eq!(waybill.sign(proof("P1"), 2), Ok(true));
    assert_eq!(waybill.sign(proof("P1"), 3), Ok(false));
    assert_eq!(waybill.sign(proof("P2"), 3), Err(Refused::ReferenceReused { reference: "P1".into() }));
    assert!(waybill.advance(State::Exception, Some(Reason::Lost), 4).is_err(), "it is signed for");
}

#[test]
fn a_lost_parcel_stays_lost_and_the_others_arrive() {
    let mut waybill = order(&["1", "2"]).book("WB1".into(), 0).unwrap();
    waybill.advance(State::Loaded, None, 1).unwrap();
    assert_eq!(waybill.parcel_exception("1", Reason::Lost, 2), Ok(true));
    assert_eq!(waybill.parcel_exception("1", Reason::Lost, 2), Ok(false));
    assert_eq!(waybill.parcel_exception("3", Reason::Lost, 2), Err(Refused::NoParcel("3".into())));
    assert!(waybill.parcel_exception("1", Reason::Damaged, 2).is_err());
    waybill.advance(State::InTransit, None, 3).unwrap();
    let states: Vec<_> = waybill.parcels.iter().map(|p| (p.state, p.reason)).collect();
    assert_eq!(states, [(State::Exception, Some(Reason::Lost)), (State::InTransit, None)]);
    waybill.parcel_exception("2", Reason::Refused, 4).unwrap();
    assert_eq!((waybill.state, waybill.reason), (State::Exception, Some(Reason::Refused)), "nothing is left");
}

#[test]
fn what_was_only_late_goes_on() {
    let mut waybill = order(&["1"]).book("WB1".into(), 0).unwrap();
    assert_eq!(waybill.advance(State::Exception, None, 1), Err(Refused::Nothing("reason")));
    waybill.advance(State::Exception, Some(Reason::Delayed), 1).unwrap();
    let e = waybill.advance(State::InTransit, None, 2).unwrap_err();
    assert!(e.to_string().ends_with("allowed: loaded, exception"), "no vehicle and no driver are known: {e}");
    waybill.advance(State::Loaded, None, 2).unwrap();
    waybill.advance(State::Exception, Some(Reason::Delayed), 2).unwrap();
    assert_eq!(waybill.next(), [State::InTransit, State::Exception], "it is on its vehicle");
    waybill.advance(State::InTransit, None, 2).unwrap();
    assert_eq!((waybill.state, waybill.reason, waybill.parcels[0].reason), (State::InTransit, None, None));
    waybill.advance(State::Exception, Some(Reason::Lost), 3).unwrap();
    assert!(waybill.advance(State::InTransit, None, 4).is_err());
}
