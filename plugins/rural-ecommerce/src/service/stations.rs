//! Village stations: set up by managers; their keepers order for people without a telephone.

use super::access::{self, MANAGER, STATION, known, need};
use super::checkout::{self, Buyer, Purchase};
use super::{Refusal, keys, now, orders};
use crate::domain::edit::{self, Check};
use crate::domain::order::Order;
use crate::domain::station::{CONSENT_TEXT, Consent, ConsentBy, Service, Station, StationError, StationSale, Visit};
use crate::domain::time::{Date, MINUTE};
use crate::policy;
use crate::store::{CONSENTS, STATIONS, STATIONS_BY_KEEPER, STATIONS_BY_VILLAGE, VISITS_RECORDED, table};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use yunlong_sdk::{DataError, Page, Principal, Query, Text, random, t, transact};

/// The most orders that a station brings at once after it was offline.
pub const MAX_SYNC: usize = 50;
/// How far a station's clock may be ahead.
const CLOCK_AHEAD: i64 = 5 * MINUTE;

/// What a manager says of a station.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationInput {
    /// Its name.
    pub name: Text,
    /// The village's code.
    pub village: String,
    /// The address in the village.
    pub address: String,
    /// The keeper's subject.
    pub keeper: String,
    /// What it does.
    pub services: Vec<Service>,
    /// The USCC that is paid the commission.
    pub payee: String,
}

/// Adds or changes a station. A new one is active from today on, without a commission; another keeper or
/// another receiver begins without one, too. Nobody does it for a station of their own, before or after:
/// an attempt is recorded.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::Fields`], an unknown village, [`StationError::OwnStation`].
pub fn put(who: &Principal, id: Option<&str>, input: &StationInput) -> Result<Station, Refusal> {
    let me = access::role(who, MANAGER)?;
    let kept = id.map(get).transpose()?.is_some_and(|s| s.keeper == me);
    if kept || input.keeper.trim() == me {
        transact(|tx| tx.audit("station.own", id.unwrap_or("new"), &json!({"refused": true})))
            .map_err(Refusal::Data)?;
        return Err(StationError::OwnStation.into());
    }
    let (now, fresh) = (now(), random::code(10));
    transact(|tx| {
        let before = match id {
            Some(id) => Some(need::<Station>(tx, id)?),
            None => None,
        };
        if before.as_ref().is_some_and(|s| s.keeper == me) {
            return Err(StationError::OwnStation.into());
        }
        let same = |s: &&Station| s.keeper == input.keeper.trim() && s.payee == input.payee.trim();
        let village = table(tx)?.village(&input.village, Date::at(now)).map(|v| v.code.clone());
        let mut station = Station {
            id: before.as_ref().map_or_else(|| fresh.clone(), |s| s.id.clone()),
            name: input.name.clone(),
            village: village?,
            address: input.address.trim().to_owned(),
            keeper: input.keeper.trim().to_owned(),
            services: input.services.clone(),
            commission_bps: before.as_ref().filter(same).map_or(0, |s| s.commission_bps),
            payee: input.payee.trim().to_owned(),
            active: before.as_ref().map_or_else(Vec::new, |s| s.active.clone()),
            created_at: before.as_ref().map_or(now, |s| s.created_at),
        };
        if before.is_none() {
            station.open(Date::at(now));
        }
        edit::station(&station)?;
        tx.put(&station)?;
        tx.audit("station.put", &station.id, &json!({"village": station.village, "keeper": station.keeper}))?;
        Ok(station)
    })
}

/// Sets a station's commission, in basis points: for managers, never for its own keeper. An attempt on
/// one's own is recorded.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`StationError`].
pub fn set_commission(who: &Principal, id: &str, bps: u16) -> Result<Station, Refusal> {
    let me = access::subject(who)?;
    if get(id)?.keeper == me {
        transact(|tx| tx.audit("station.own-commission", id, &json!({"refused": true, "bps": bps})))
            .map_err(Refusal::Data)?;
        return Err(StationError::OwnCommission.into());
    }
    access::role(who, MANAGER)?;
    transact(|tx| {
        let mut s: Station = need(tx, id)?;
        let before = s.commission_bps;
        s.set_commission(bps, me)?;
        tx.put(&s)?;
        tx.audit("station.commission", id, &json!({"before": before, "bps": bps}))?;
        Ok(s)
    })
}

/// Opens a station from today on, or closes it with today as its last day.
///
/// # Errors
/// [`Refusal::RoleRequired`], [`Refusal::NotFound`].
pub fn set_active(who: &Principal, id: &str, active: bool) -> Result<Station, Refusal> {
    access::role(who, MANAGER)?;
    let today = Date::at(now());
    transact(|tx| {
        let mut s: Station = need(tx, id)?;
        if active {
            s.open(today)
        } else {
            s.close(today)
        }
        tx.put(&s)?;
        tx.audit("station.active", id, &json!({"active": active}))?;
        Ok(s)
    })
}

/// A station, for everybody.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(id: &str) -> Result<Station, Refusal> {
    Ok(known(STATIONS.get(id))?.ok_or(Refusal::NotFound)?.into_value())
}

/// Stations in the order of their ids, or those of a county, a town or a village, village after village.
///
/// # Errors
/// An error of the data service, also for a cursor of another query.
pub fn list(division: Option<&str>, limit: u32, after: Option<String>) -> Result<Page<Station>, Refusal> {
    // The codes of what lies in a division begin with its own, and a village's has twelve digits.
    let query = division.map_or_else(Query::by_id, |code| {
        STATIONS_BY_VILLAGE.all().at_least(format!("{code:0<12}")).at_most(format!("{code:9<12}"))
    });
    Ok(STATIONS.find(query.limit(limit).after(after))?)
}

/// The stations that whoever asks keeps.
///
/// # Errors
/// [`Refusal::RoleRequired`].
pub fn mine(who: &Principal) -> Result<Vec<Station>, Refusal> {
    let me = access::role(who, STATION)?;
    Ok(STATIONS.find(STATIONS_BY_KEEPER.equals(me).limit(20))?.into_iter().map(|s| s.value).collect())
}

/// A station of whoever asks.
fn kept(who: &Principal, id: &str) -> Result<Station, Refusal> {
    let me = access::role(who, STATION)?;
    let station = get(id)?;
    if station.keeper == me { Ok(station) } else { Err(Refusal::NotFound) }
}

/// An order for somebody without a telephone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The station's own number for it: the same number is the same order, once.
    pub client_id: String,
    /// What is bought. The receiver is the person; the phone may be empty.
    pub purchase: Purchase,
    /// How the person agreed; absent when they have not.
    pub consent: Option<ConsentBy>,
    /// When it was made, by the station's clock: milliseconds of UTC.
    pub made_at: i64,
}

/// Orders for somebody at a station of whoever asks: the person's consent is a row of its own, and the
/// receipt can be printed. The keeper pays at the cashier.
///
/// # Errors
/// [`StationError`] without the consent or at a station that is closed; as [`checkout::place`].
pub fn sell(who: &Principal, station: &str, sale: &Sale) -> Result<Vec<Order>, Refusal> {
    let station = kept(who, station)?;
    sell_at(&station, sale)
}

fn sell_at(station: &Station, sale: &Sale) -> Result<Vec<Order>, Refusal> {
    let now = now();
    let mut c = Check::default();
    c.text(&sale.client_id, 8..=64, "/client_id");
    let ahead = t("站点时钟超前，请校准时间", "The station's clock is ahead: set it");
    c.that((0..=now + CLOCK_AHEAD).contains(&sale.made_at), "/made_at", ahead);
    let group = t("代购不能参加拼团", "A station's order joins no group buy");
    c.that(sale.purchase.group.is_none(), "/group", group);
    c.end()?;
    edit::recipient(&sale.purchase.recipient, false)?;
    let by = sale.consent.ok_or(StationError::NoConsent)?;
    if !station.on(Date::at(now)) || !station.services.contains(&Service::Order) {
        return Err(StationError::NotActive.into());
    }
    let consent = Consent {
        id: String::new(),
        station: station.id.clone(),
        name: sale.purchase.recipient.name.trim().to_owned(),
        by,
        text: CONSENT_TEXT.to_owned(),
        keeper: station.keeper.clone(),
        at: sale.made_at,
    };
    let of_station = StationSale {
        station: station.id.clone(),
        village: station.village.clone(),
        payee: station.payee.clone(),
        keeper: station.keeper.clone(),
        made_at: sale.made_at,
    };
    // A person without an account has no hash of their own; a coupon is used once by name and station.
    let scope = format!("station-{}", station.id);
    let buyer = Buyer {
        owner: None,
        placed_by: station.keeper.clone(),
        scope,
        station: Some((of_station, station.commission_bps, consent)),
    };
    checkout::place_for(&buyer, Some(&sale.client_id), &sale.purchase)
}

/// What became of one order of a sync.
#[derive(Debug)]
pub struct Synced {
    /// The station's own number for it.
    pub client_id: String,
    /// The orders, or why there are none.
    pub result: Result<Vec<Order>, Refusal>,
}

/// Brings the orders that a station made while it had no network. Each stands for itself: one that is
/// refused leaves the others, and one that is here already is answered as it is.
///
/// # Errors
/// [`Refusal::Fields`] when there are too many at once; as [`sell`] for the station itself.
pub fn sync(who: &Principal, station: &str, sales: &[Sale]) -> Result<Vec<Synced>, Refusal> {
    let station = kept(who, station)?;
    if sales.is_empty() || sales.len() > MAX_SYNC {
        let text = Text::new(format!("一次同步 1 至 {MAX_SYNC} 单"), format!("1 to {MAX_SYNC} orders at once"));
        return Err(Refusal::field("/orders", text));
    }
    let one = |s: &Sale| Synced { client_id: s.client_id.clone(), result: sell_at(&station, s) };
    Ok(sales.iter().map(one).collect())
}

/// What is printed for the person.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The order.
    pub order: Order,
    /// The station.
    pub station: Station,
    /// The consent.
    pub consent: Consent,
    /// The number on the paper, short enough to be read aloud.
    pub number: String,
}

/// The receipt of a station's order: for its keeper and managers.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn receipt(who: &Principal, order: &str) -> Result<Receipt, Refusal> {
    let order = orders::get(who, order)?;
    let sale = order.station.as_ref().ok_or(Refusal::NotFound)?;
    let station = get(&sale.station)?;
    let consent = CONSENTS.get(&order.id)?.ok_or(Refusal::NotFound)?.into_value();
    let number = keys().reference(&order.id).chars().take(8).collect();
    Ok(Receipt { order, station, consent, number })
}

/// A station for whose visits somebody speaks: its keeper, or a manager who does not keep it.
///
/// # Errors
/// [`Refusal::NotFound`] for another's station, [`Refusal::RoleRequired`].
pub fn visiting(who: &Principal, id: &str) -> Result<Station, Refusal> {
    if who.has_role(MANAGER) {
        return get(id);
    }
    kept(who, id)
}

/// Records that a station served a village without one by coming there. Its keeper records a few a day in
/// the station's own county; beyond that it is a manager's word, who keeps no such station.
///
/// # Errors
/// [`Refusal::NotFound`] for another's station, [`Refusal::Fields`], an unknown village.
pub fn record_visit(who: &Principal, station: &str, village: &str, day: Date) -> Result<Visit, Refusal> {
    let station = visiting(who, station)?;
    let own = who.subject.as_deref() == Some(station.keeper.as_str());
    let most = policy::visits_a_day()?;
    let today = Date::at(now());
    let mut c = Check::default();
    let span = t("只能登记最近 31 天的服务", "Only the last 31 days can be recorded");
    c.that(day <= today && day >= today.plus(-31), "/day", span);
    c.that(station.on(day), "/day", t("站点当日未营业", "The station was closed on that day"));
    let far = t(
        "只能登记本县的村；其他村由主管登记",
        "Only villages of the station's county; others are recorded by a manager",
    );
    c.that(!own || county(village) == county(&station.village), "/village", far);
    c.end()?;
    let done = transact(|tx| {
        let village = table(tx)?.village(village, day)?.code.clone();
        let id = format!("{}/{village}", day.month());
        let empty = || Visit { id: id.clone(), village: village.clone(), visits: BTreeSet::new() };
        let mut visit = tx.get::<Visit>(&id)?.map_or_else(empty, |v| v.value);
        if visit.visits.insert((day, station.id.clone())) {
            if own {
                tx.adjust(VISITS_RECORDED, &format!("{day}/{}", station.id), 1, 0..=most)?;
            }
            tx.put(&visit)?;
            tx.audit("station.visit", &station.id, &json!({"village": village, "day": day, "keeper": own}))?;
        }
        Ok(visit)
    });
    match done {
        Err(Refusal::Data(DataError::OutOfBounds { .. })) => {
            let zh = format!("站点一天最多登记 {most} 个村；更多的由主管登记");
            let en = format!("A station records at most {most} villages a day; more are recorded by a manager");
            Err(Refusal::field("/day", Text::new(zh, en)))
        }
        other => other,
    }
}

fn county(village: &str) -> &str {
    village.get(..6).unwrap_or(village)
}
