//! Stations: acceptance line 8, offline work, commissions.

use crate::support::*;
use rural_ecommerce::domain::order::Recipient;
use rural_ecommerce::domain::product::Category;
use rural_ecommerce::domain::station::{ConsentBy, Service, Station};
use rural_ecommerce::service::stations::{Sale, StationInput};
use rural_ecommerce::service::{orders, stations};
use rural_ecommerce::store::CONSENTS;
use yunlong_sdk::Principal;

const PEIXIAN: &str = "320322101201";

pub(crate) fn station(x: &Xuzhou) -> Station {
    let input = StationInput {
        name: text("龙固服务站"),
        village: PEIXIAN.into(),
        address: "村部".into(),
        keeper: "keeper".into(),
        services: vec![Service::Order, Service::Parcels],
        payee: "93320382MA000TX30Q".into(),
    };
    let s = x.role("manager", |w| stations::put(w, None, &input)).unwrap();
    x.role("manager", |w| stations::set_commission(w, &s.id, 200)).unwrap()
}

pub(crate) fn keeper<T>(x: &Xuzhou, f: impl FnOnce(&Principal) -> T) -> T {
    x.sign_in_official("keeper", &["station"]);
    f(&x.who())
}

pub(crate) fn sale(listing: &str, client_id: &str) -> Sale {
    let mut purchase = purchase(listing, 1);
    purchase.recipient =
        Recipient {
            name: "老人 1 号".into(), phone: String::new(), division: PEIXIAN.into(), address: "二组".into()
        };
    let made_at = TUESDAY as i64;
    Sale { client_id: client_id.into(), purchase, consent: Some(ConsentBy::Fingerprint), made_at }
}

/// Acceptance line 8.
#[test]
fn an_elder_without_a_telephone_orders_at_a_station_with_a_consent_row_and_a_receipt() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let s = station(&x);
    let mut wanted = sale(&bed.id, "client-0001");
    wanted.consent = None;
    assert_eq!(kind(keeper(&x, |w| stations::sell(w, &s.id, &wanted))), "consent-required");
    assert_eq!((x.all_orders().len(), x.stock(&bed.id)), (0, 5));
    wanted.consent = Some(ConsentBy::Fingerprint);
    let o = keeper(&x, |w| stations::sell(w, &s.id, &wanted)).unwrap().remove(0);
    let consent = CONSENTS.get(&o.id).unwrap().unwrap();
    assert_eq!(
        (consent.by, consent.name.as_str(), consent.station.as_str()),
        (ConsentBy::Fingerprint, "老人 1 号", s.id.as_str())
    );
    assert!(x.audit().iter().any(|r| r.action == "station.order" && r.target == o.id));
    assert!(x.audit().iter().all(|r| !r.detail.to_string().contains("老人")), "no name in the audit rows");
    let receipt = keeper(&x, |w| stations::receipt(w, &o.id)).unwrap();
    assert_eq!((receipt.order.id.as_str(), receipt.number.len(), receipt.order.owner), (o.id.as_str(), 8, None));
    assert_eq!(kind(x.by("anna", |w| stations::receipt(w, &o.id))), "not-found");
    assert_eq!(keeper(&x, |w| orders::of_station(w, &s.id, 10, None)).unwrap().items.len(), 1);
}

#[test]
fn the_stations_commission_comes_out_of_the_price_and_everything_is_divided() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let s = station(&x);
    let o = keeper(&x, |w| stations::sell(w, &s.id, &sale(&bed.id, "client-0001"))).unwrap().remove(0);
    keeper(&x, |w| orders::pay(w, &o.id, true)).unwrap();
    x.paid(&o.id);
    x.by("bed-maker", |w| orders::accept(w, &o.id)).unwrap();
    let what = whole(&o, rural_ecommerce::domain::shipment::Carrier::Store);
    let sent = x.by("bed-maker", |w| rural_ecommerce::service::shipping::ship(w, &o.id, &what)).unwrap();
    let request = sent.shipments[0].request.clone();
    x.by("bed-maker", |w| rural_ecommerce::service::shipping::brought(w, &o.id, &request)).unwrap();
    keeper(&x, |w| orders::confirm(w, &o.id)).unwrap();
    x.later(7 * DAY);
    let d = x.order(&o.id).release.unwrap().division;
    assert_eq!((d.platform, d.station, d.seller), (3_240, 2_160, 102_600));
    assert_eq!(x.escrow(&o).released, 108_000);
}

#[test]
fn a_station_that_was_offline_brings_its_orders_once_however_often_it_syncs() {
    let x = Xuzhou::new();
    x.garlic_store();
    let l = x.listed("garlic-grower", &product(Category::Craft, 1_500), None, 3);
    let s = station(&x);
    let mut sales: Vec<Sale> = (0..4).map(|n| sale(&l.id, &format!("offline-{n:03}"))).collect();
    sales[1].consent = None;
    sales[3].purchase.items[0].quantity = 2;
    let sync = |sales: &[Sale]| keeper(&x, |w| stations::sync(w, &s.id, sales)).unwrap();
    let first = sync(&sales);
    let outcome: Vec<_> =
        first.iter().map(|r| r.result.as_ref().map(|o| o[0].id.clone()).map_err(|e| e.kind())).collect();
    assert!(outcome[0].is_ok() && outcome[2].is_ok());
    assert_eq!((outcome[1].clone(), outcome[3].clone()), (Err("consent-required"), Err("sold-out")));
    let again = sync(&sales);
    let ids: Vec<_> = again.iter().map(|r| r.result.as_ref().map(|o| o[0].id.clone()).map_err(|e| e.kind())).collect();
    assert_eq!(ids, outcome, "the same again gives the same");
    assert_eq!((x.all_orders().len(), x.stock(&l.id)), (2, 1));
    let many: Vec<Sale> = (0..51).map(|n| sale(&l.id, &format!("offline-{n:03}"))).collect();
    assert_eq!(kind(keeper(&x, |w| stations::sync(w, &s.id, &many))), "invalid-fields");
    let mut ahead = sale(&l.id, "offline-900");
    ahead.made_at = (TUESDAY + HOUR) as i64;
    assert_eq!(sync(&[ahead])[0].result.as_ref().unwrap_err().kind(), "invalid-fields", "a clock that is ahead");
}

#[test]
fn a_keeper_who_is_also_a_manager_does_not_set_their_own_commission_and_the_attempt_is_recorded() {
    let x = Xuzhou::new();
    let s = station(&x);
    x.sign_in_official("keeper", &["station", "manager"]);
    assert_eq!(kind(stations::set_commission(&x.who(), &s.id, 900)), "own-commission");
    assert_eq!(stations::get(&s.id).unwrap().commission_bps, 200);
    assert!(x.audit().iter().any(|r| r.action == "station.own-commission" && r.target == s.id));
    assert_eq!(kind(x.by("anna", |w| stations::set_commission(w, &s.id, 900))), "role-required");
    assert_eq!(kind(x.role("manager", |w| stations::set_commission(w, &s.id, 1_001))), "commission-too-high");
}

#[test]
fn a_closed_station_and_anothers_station_take_no_orders() {
    let x = Xuzhou::new();
    let bed = x.bed(5);
    let s = station(&x);
    x.sign_in_official("other", &["station"]);
    assert_eq!(kind(stations::sell(&x.who(), &s.id, &sale(&bed.id, "client-0001"))), "not-found");
    x.role("manager", |w| stations::set_active(w, &s.id, false)).unwrap();
    x.advance(DAY);
    assert_eq!(kind(keeper(&x, |w| stations::sell(w, &s.id, &sale(&bed.id, "client-0001")))), "station-not-active");
    assert_eq!(x.all_orders().len(), 0);
}

#[test]
fn a_manager_neither_changes_nor_takes_over_a_station_of_their_own() {
    let x = Xuzhou::new();
    let s = station(&x);
    let input = |keeper: &str, payee: &str| StationInput {
        name: text("龙固服务站"),
        village: PEIXIAN.into(),
        address: "村部".into(),
        keeper: keeper.into(),
        services: vec![Service::Order],
        payee: payee.into(),
    };
    let (payee, other) = ("93320382MA000TX30Q", "92320324MA000TX221");
    // The way round the rule: give the station away, set the commission, take it back.
    x.sign_in_official("keeper", &["station", "manager"]);
    assert_eq!(kind(stations::put(&x.who(), Some(&s.id), &input("straw-man", payee))), "own-station");
    x.sign_in_official("boss", &["manager"]);
    assert_eq!(kind(stations::put(&x.who(), Some(&s.id), &input(" boss ", payee))), "own-station");
    assert_eq!(kind(stations::put(&x.who(), None, &input("boss", payee))), "own-station");
    assert_eq!(x.audit().iter().filter(|r| r.action == "station.own").count(), 3, "each attempt is recorded");
    assert_eq!(stations::get(&s.id).unwrap(), s);
    // Another receiver or keeper begins without a commission; the same ones keep it.
    let put = |keeper: &str, payee: &str| {
        x.role("manager", |w| stations::put(w, Some(&s.id), &input(keeper, payee))).unwrap().commission_bps
    };
    assert_eq!((put("keeper", payee), put("keeper", other)), (200, 0));
    x.role("manager", |w| stations::set_commission(w, &s.id, 200)).unwrap();
    assert_eq!(put("keeper-2", other), 0);
}

#[test]
fn a_keeper_records_a_few_visits_a_day_in_the_own_county_and_a_manager_the_others() {
    let x = Xuzhou::new();
    x.configure("visits_a_day", 2);
    let s = station(&x);
    let day = rural_ecommerce::domain::time::Date::at(TUESDAY as i64);
    let near = ["320322101202", "320322101203", "320322101204"];
    let visit = |village: &str| keeper(&x, |w| stations::record_visit(w, &s.id, village, day));
    assert_eq!(kind(visit(DONGFENG)), "invalid-fields", "another county");
    visit(near[0]).unwrap();
    visit(near[0]).unwrap();
    visit(near[1]).unwrap();
    assert_eq!(kind(visit(near[2])), "invalid-fields", "the third of a day");
    for village in [near[2], DONGFENG] {
        x.role("manager", |w| stations::record_visit(w, &s.id, village, day)).unwrap();
    }
    // Both roles of one person are not a manager's word for their own station.
    x.sign_in_official("keeper", &["station", "manager"]);
    assert_eq!(kind(stations::record_visit(&x.who(), &s.id, "320321111201", day)), "invalid-fields");
    assert_eq!(kind(x.by("anna", |w| stations::record_visit(w, &s.id, near[2], day))), "role-required");
}

#[test]
fn a_station_holds_so_many_unpaid_orders_and_no_more() {
    let x = Xuzhou::new();
    let bed = x.bed(9);
    x.configure("max_station_orders", 2);
    let s = station(&x);
    let sell = |n: u32| keeper(&x, |w| stations::sell(w, &s.id, &sale(&bed.id, &format!("client-{n:04}"))));
    let first = sell(1).unwrap().remove(0);
    sell(2).unwrap();
    assert_eq!(kind(sell(3)), "too-many-open-orders");
    keeper(&x, |w| orders::cancel(w, &first.id)).unwrap();
    sell(4).unwrap();
}
