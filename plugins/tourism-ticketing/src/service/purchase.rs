//! Buying: from what was asked to a held order, or a refusal that says why.

use super::{Refusal, catalogue, concession, keys, now};
use crate::domain::catalogue::{Attraction, Component, DayPlan, Product, Proof};
use crate::domain::code::{self, Ticket};
use crate::domain::entitlement;
use crate::domain::mandate::{Acting, Company};
use crate::domain::order::{NewOrder, Order, Part};
use crate::domain::pricing;
use crate::domain::slot::{self, DAY_COUNTER, Day, SLOT_COUNTER, SalesWindow, Slot, SlotState};
use crate::domain::time::{Clock, Date};
use crate::domain::visitor::{self, CheckedVisitor, FieldError, Visitor, VisitorInput};
use crate::policy;
use crate::store::{ENTITLEMENTS, OPEN_COUNTER, ORDERS, stage};
use serde::Serialize;
use serde_json::json;
use yunlong_sdk::identity::{self, ActingFor, AttributeError, Grantor};
use yunlong_sdk::{Attribute, DataError, Problem, Text, Tx, money, random, t, transact};

/// How often another slot is tried when the one that the app itself chose fills up meanwhile.
const CHOICES: u32 = 4;

/// When one component is to be visited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The day.
    pub date: Date,
    /// The slot's start; the first with room when absent.
    pub start: Option<Clock>,
}

/// What a buyer asks for, with texts read and attractions not yet looked up.
#[derive(Clone, Debug, Serialize)]
pub struct Purchase {
    /// The product's id.
    pub product: String,
    /// One for each component, in the product's order.
    pub choices: Vec<Choice>,
    /// The visitors; the buyer alone when absent.
    pub visitors: Option<Vec<VisitorInput>>,
    /// Whether the buyer declares to be the guardian of the children among them.
    pub guardian: bool,
}

/// A component with its attraction.
struct Wanted<'a> {
    attraction: Attraction,
    component: &'a Component,
    choice: &'a Choice,
}

/// Reserves everything or nothing, and answers the order: held, or issued where it is free.
/// The same buyer and idempotency key answer the same order.
///
/// # Errors
/// [`Refusal`] says what is wrong; nothing was reserved.
pub fn create(owner: &str, idempotency_key: Option<&str>, purchase: &Purchase) -> Result<Order, Refusal> {
    let now = now();
    let acting = identity::acting_for().map(|a| acting(a, now));
    let mut request = serde_json::to_string(purchase).unwrap_or_default();
    if let Some(a) = &acting {
        // The same request for somebody else is another one.
        request += &a.mandate;
    }
    let request = keys().request_digest(&request);
    let number = match idempotency_key {
        Some(key) => keys().order_number(owner, key),
        None => random::code(12),
    };
    // A repetition gets its first answer, whatever has changed since.
    if idempotency_key.is_some()
        && let Some(first) = ORDERS.get(&number)?
    {
        return repeated(first.into_value(), owner, &request);
    }
    let buyer = Buyer { owner, number: &number, request: &request, acting };
    let made = reserve(&buyer, purchase, now);
    if idempotency_key.is_some()
        && made.is_err()
        && let Some(first) = ORDERS.get(&number)?
    {
        // The same request at the same time was first, and may have taken the last place.
        return repeated(first.into_value(), owner, &request);
    }
    made
}

/// Whose order it becomes, and under which number.
struct Buyer<'a> {
    owner: &'a str,
    number: &'a str,
    request: &'a str,
    acting: Option<Acting>,
}

fn acting(grantor: ActingFor, now: i64) -> Acting {
    let company = match grantor.grantor {
        Grantor::Person => None,
        Grantor::Company { code, name } => Some(Company { code, name }),
    };
    Acting { subject: grantor.subject, mandate: grantor.mandate, company, at: now }
}

/// Whether the product is sold today, and for these days.
///
/// # Errors
/// [`Refusal::NotValid`].
pub fn valid(product: &Product, days: impl IntoIterator<Item = Date>, now: i64) -> Result<(), Refusal> {
    let v = &product.validity;
    let name = || product.name.clone();
    if !v.sells_on(Date::at(now)) {
        return Err(Refusal::NotValid { name: name(), visit: false, from: v.sale_from, until: v.sale_until });
    }
    if !days.into_iter().all(|d| v.covers(d)) {
        return Err(Refusal::NotValid { name: name(), visit: true, from: v.visit_from, until: v.visit_until });
    }
    Ok(())
}

fn reserve(buyer: &Buyer<'_>, purchase: &Purchase, now: i64) -> Result<Order, Refusal> {
    let (owner, request) = (buyer.owner, buyer.request);
    let product = catalogue::product(&purchase.product)?;
    valid(&product, purchase.choices.iter().map(|c| c.date), now)?;
    let wanted = look_up(&product, purchase)?;
    let first_day = purchase.choices.iter().map(|c| c.date).min().unwrap_or_else(|| Date::at(now));
    let checked = check_visitors(purchase, now)?;
    guarded(&checked, purchase.guardian, first_day)?;
    let visitors = price(buyer.number, &product, &checked, [first_day, Date::at(now)])?;
    let window = policy::sales_window()?;
    let hold_minutes = policy::hold_minutes()?;
    let app_chooses = purchase.choices.iter().any(|c| c.start.is_none());
    let mut tries = if app_chooses { CHOICES } else { 1 };
    loop {
        tries -= 1;
        let made = transact(|tx| {
            let people = u32::try_from(visitors.len()).unwrap_or(u32::MAX);
            let parts = wanted.iter().map(|w| part(tx, w, people, &window, now)).collect::<Result<Vec<_>, _>>()?;
            let new = NewOrder {
                id: buyer.number.to_owned(),
                owner: owner.to_owned(),
                request: request.to_owned(),
                parts,
                visitors: visitors.clone(),
                guardian: purchase.guardian && checked.iter().any(|v| v.guarded(first_day)),
                acting: buyer.acting.clone(),
            };
            let mut order = Order::draft(new, &product, now);
            let effects = order.hold(hold_minutes, now)?;
            stage(tx, &mut order, effects, true, now)?;
            if let Some(a) = &buyer.acting {
                tx.audit("order.mandate", &order.id, &json!({"mandate": a.mandate}))?;
            }
            Ok(order)
        });
        match made.map_err(|e| explain(e, &wanted, &visitors, owner, request)) {
            Err(Explained::First(order)) => return Ok(*order),
            Err(Explained::Refused(Refusal::SoldOut { .. })) if tries > 0 => {}
            Err(Explained::Refused(refusal)) => return Err(refusal),
            Ok(order) => return Ok(order),
        }
    }
}

fn look_up<'a>(product: &'a Product, purchase: &'a Purchase) -> Result<Vec<Wanted<'a>>, Refusal> {
    if purchase.choices.len() != product.components.len() {
        let text = Text::new(
            format!("此产品含 {} 个景区，请为每个景区选择时段", product.components.len()),
            format!("The product has {} attractions: choose a slot for each", product.components.len()),
        );
        return Err(Refusal::Fields(vec![FieldError::new("/components", text)]));
    }
    let pairs = product.components.iter().zip(&purchase.choices);
    pairs
        .map(|(component, choice)| {
            Ok(Wanted { attraction: catalogue::attraction(&component.attraction)?, component, choice })
        })
        .collect()
}

/// What was typed about the visitors, or the buyer's own attributes, checked.
fn check_visitors(purchase: &Purchase, now: i64) -> Result<Vec<CheckedVisitor>, Refusal> {
    let own;
    let inputs = match &purchase.visitors {
        Some(inputs) => inputs,
        None => {
            own = vec![buyer()?];
            &own
        }
    };
    visitor::check_all(inputs, policy::max_visitors()?, Date::at(now)).map_err(Refusal::Fields)
}

/// The scopes by which the buyer is a visitor, in the order in which they are asked for: each is decided on
/// alone, and only the mobile may be kept back.
pub const OWN_DATA: [&str; 3] = ["visitor-name", "visitor-id", "visitor-mobile"];

// ANCHOR: buyer
/// The buyer as a visitor, by their consent to [`OWN_DATA`]; without a mobile where they keep that back.
///
/// # Errors
/// [`AttributeError::ConsentRequired`] until they consented to name and ID number.
pub fn buyer() -> Result<VisitorInput, AttributeError> {
    let name = identity::attribute(Attribute::RealName)?;
    let id_number = identity::attribute(Attribute::ResidentId)?;
    let phone = match identity::attribute(Attribute::Mobile) {
        Err(AttributeError::Absent | AttributeError::ConsentRequired(_)) => String::new(),
        other => other?,
    };
    Ok(VisitorInput {
        name,
        id_type: "resident-id".to_owned(),
        id_number,
        birth_date: String::new(),
        phone,
        concession: None,
    })
}
// ANCHOR_END: buyer

/// A child's data is taken only with the word of its guardian.
fn guarded(visitors: &[CheckedVisitor], declared: bool, day: Date) -> Result<(), Refusal> {
    if declared || !visitors.iter().any(|v| v.guarded(day)) {
        return Ok(());
    }
    Err(Refusal::Fields(vec![FieldError::new(
        "/guardian",
        Text::new(
            format!("同行有不满 {} 周岁的儿童，请确认您是其监护人并同意填写其信息", visitor::GUARDED_BELOW),
            format!(
                "There is a child under {}: declare that you are its guardian and agree that its data is taken",
                visitor::GUARDED_BELOW
            ),
        ),
    )]))
}

/// Every visitor with a price.
fn price(
    order: &str,
    product: &Product,
    visitors: &[CheckedVisitor],
    [day, today]: [Date; 2],
) -> Result<Vec<Visitor>, Refusal> {
    let keys = keys();
    let unusable = |e: money::SplitError| Problem::internal(&format!("{}: {e}", product.id));
    let mut own = None;
    let mut priced = Vec::with_capacity(visitors.len());
    for (i, v) in visitors.iter().enumerate() {
        let age = match v.concession {
            None => None,
            Some(proof) => Some((age(product, v, proof, [day, today], i, &mut own)?, proof)),
        };
        let quote = pricing::quote(product, age).map_err(unusable)?;
        priced.push(Visitor {
            name: v.name.clone(),
            id_type: v.id_type,
            id_masked: v.masked(),
            id_hash: v.hash(&keys),
            document_check: code::document_check(
                &Ticket { order: order.to_owned(), visitor: i },
                v.id_type.code(),
                &v.id_number,
            ),
            phone: v.phone.clone(),
            price: quote.price,
            shares: quote.shares,
            concession: quote.concession,
        });
    }
    Ok(priced)
}

/// The age on the day of the visit of a visitor who asked for a concession. The buyer's own is
/// proven by their record in the population database; a child's by its document, which the gate
/// looks at.
fn age(
    product: &Product,
    visitor: &CheckedVisitor,
    proof: Proof,
    [day, today]: [Date; 2],
    i: usize,
    own: &mut Option<usize>,
) -> Result<i32, Refusal> {
    let wrong = |text: Text| Err(Refusal::Fields(vec![FieldError::new(format!("/visitors/{i}/concession"), text)]));
    if !product.has_concession(proof) {
        return wrong(t("此产品没有这种优惠票", "This product has no such reduced price"));
    }
    let birth = match proof {
        Proof::Document => visitor.proven_birth(),
        Proof::Account => {
            if own.replace(i).is_some() {
                return wrong(t(
                    "一个订单只能有一张本人的优惠票；请同行老人用自己的账号购票",
                    "An order takes one reduced ticket, the buyer's own; others buy theirs with their own account",
                ));
            }
            let known = concession::own().map_err(|unknown| unknown.refusal(i, product.price))?;
            let document = visitor.proven_birth().filter(|born| known.fits(*born, today));
            if document.is_none() {
                return wrong(t(
                    "年龄与您的人口信息不符：优惠票只能由本人用居民身份证购买",
                    "The age differs from your record: a reduced ticket is for yourself, with your resident ID",
                ));
            }
            document
        }
    };
    let Some(birth) = birth else {
        return wrong(t(
            "儿童优惠凭居民身份证号码中的出生日期核对",
            "A child's reduced price needs a resident ID, whose number holds the date of birth",
        ));
    };
    let age = day.age_of(birth);
    if product.concession_for(age, proof).is_none() {
        return wrong(wrong_age(product, proof));
    }
    Ok(age)
}

fn wrong_age(product: &Product, proof: Proof) -> Text {
    let mut offered = product.concessions.iter().filter(|c| c.proof == proof);
    let (zh, en): (Vec<_>, Vec<_>) = offered.by_ref().map(|c| (&*c.title.zh, &*c.title.en)).unzip();
    Text::new(
        format!("游览当日的年龄不符合优惠条件：{}", zh.join("；")),
        format!("The age on the day of the visit does not fit: {}", en.join("; ")),
    )
}

/// The slot of one component. The attraction and the day's plan are read in the transaction, so
/// that a closure that is decided meanwhile is met; what was taken is not read but bounded by the commit, so that
/// buyers of one slot do not meet each other.
fn part(tx: &Tx<'_>, wanted: &Wanted<'_>, people: u32, window: &SalesWindow, now: i64) -> Result<Part, Refusal> {
    let choice = wanted.choice;
    let a = tx.get::<Attraction>(&wanted.attraction.id)?.ok_or(Refusal::NotFound)?.into_value();
    let a = &a;
    let plan = tx.get::<DayPlan>(&DayPlan::key(&a.id, choice.date))?;
    let day = slot::day(a, plan.as_deref(), choice.date);
    if let Day::Closed(reason) = day {
        return Err(Refusal::Closed {
            attraction: a.id.clone(),
            name: a.name.clone(),
            date: choice.date,
            reason: reason.map(Box::new),
        });
    }
    let slot = match choice.start {
        Some(start) => day.slot(start).cloned().ok_or_else(|| no_such_slot(&day))?,
        None => first_free(tx, wanted, &day, people, window, now)?,
    };
    match window.state(&slot, now) {
        SlotState::OnSale | SlotState::SoldOut => room(tx, a, &slot, people)?,
        state => {
            return Err(Refusal::NotOnSale { name: a.name.clone(), date: choice.date, past: state == SlotState::Past });
        }
    }
    Ok(Part { name: a.name.clone(), operator: a.operator.clone(), slot })
}

/// Turns most of those away who come too late, before anything is staged. It decides nothing:
/// the commit's bound does.
fn room(tx: &Tx<'_>, a: &Attraction, slot: &Slot, people: u32) -> Result<(), Refusal> {
    let left = i64::from(slot.cap) - tx.counter(SLOT_COUNTER, &slot.id.to_string())?;
    if left >= i64::from(people) {
        return Ok(());
    }
    let remaining = u32::try_from(left).unwrap_or(0);
    Err(Refusal::SoldOut {
        attraction: a.id.clone(),
        name: a.name.clone(),
        date: slot.id.date,
        hours: Some(slot.hours()),
        remaining,
    })
}

fn no_such_slot(day: &Day) -> Refusal {
    let list = day.slots().iter().map(|s| s.id.start.to_string()).collect::<Vec<_>>().join(", ");
    Refusal::Fields(vec![FieldError::new(
        "/slot",
        Text::new(format!("没有这个时段；可选：{list}"), format!("There is no such slot; there are: {list}")),
    )])
}

/// The first slot that is on sale and has room.
fn first_free(
    tx: &Tx<'_>,
    wanted: &Wanted<'_>,
    day: &Day,
    people: u32,
    window: &SalesWindow,
    now: i64,
) -> Result<Slot, Refusal> {
    let (a, date) = (&wanted.attraction, wanted.choice.date);
    let day_taken = tx.counter(DAY_COUNTER, &DayPlan::key(&wanted.component.attraction, date))?;
    let (mut on_sale, mut most) = (None, 0);
    for slot in day.slots() {
        let state = window.state(slot, now);
        if state != SlotState::OnSale {
            on_sale = on_sale.or(Some(state));
            continue;
        }
        let taken = tx.counter(SLOT_COUNTER, &slot.id.to_string())?;
        let free = slot::availability(slot.clone(), taken, day_taken, window, now).remaining;
        if free >= people {
            return Ok(slot.clone());
        }
        most = most.max(free);
        on_sale = Some(SlotState::OnSale);
    }
    Err(match on_sale {
        Some(SlotState::OnSale) => {
            Refusal::SoldOut { attraction: a.id.clone(), name: a.name.clone(), date, hours: None, remaining: most }
        }
        state => Refusal::NotOnSale { name: a.name.clone(), date, past: state != Some(SlotState::NotYet) },
    })
}

enum Explained {
    /// The request was made before: its order.
    First(Box<Order>),
    Refused(Refusal),
}

/// What the commit's refusal means to the buyer.
fn explain(refusal: Refusal, wanted: &[Wanted<'_>], visitors: &[Visitor], owner: &str, request: &str) -> Explained {
    let Refusal::Data(error) = refusal else { return Explained::Refused(refusal) };
    match error {
        DataError::OutOfBounds { counter, max, .. } if counter == OPEN_COUNTER => {
            Explained::Refused(Refusal::TooManyOpen { max })
        }
        DataError::OutOfBounds { counter, key, value, max, .. } => Explained::Refused(
            full(&counter, &key, max - value, wanted)
                .unwrap_or_else(|| Refusal::Data(DataError::Other(format!("unknown counter {counter} {key}")))),
        ),
        DataError::AlreadyExists(_) | DataError::UniqueViolation { .. } => {
            existing(error, visitors, owner, request).unwrap_or_else(Explained::Refused)
        }
        other => Explained::Refused(Refusal::Data(other)),
    }
}

/// The component whose counter is at its bound.
fn full(counter: &str, key: &str, left: i64, wanted: &[Wanted<'_>]) -> Option<Refusal> {
    let mut parts = key.split('/');
    let (attraction, date, start) = (parts.next()?, parts.next()?, parts.next());
    let a = &wanted.iter().find(|w| w.attraction.id == attraction)?.attraction;
    let start: Option<Clock> = start.and_then(|s| s.parse().ok());
    let hours = start.filter(|_| counter == SLOT_COUNTER).map(|s| {
        let end = a.sessions.iter().find(|x| x.start == s).map(|x| x.end);
        end.map_or_else(|| s.to_string(), |end| format!("{s}–{end}"))
    });
    Some(Refusal::SoldOut {
        attraction: a.id.clone(),
        name: a.name.clone(),
        date: date.parse().ok()?,
        hours,
        remaining: u32::try_from(left).unwrap_or(0),
    })
}

fn existing(error: DataError, visitors: &[Visitor], owner: &str, request: &str) -> Result<Explained, Refusal> {
    match error {
        DataError::UniqueViolation { existing, .. } => {
            let held = ENTITLEMENTS.get(&existing)?.and_then(|e| e.value.claim).map(|c| c.id);
            let visitor = visitors.iter().position(|v| Some(&v.id_hash) == held.as_ref()).unwrap_or(0);
            let name = visitors.get(visitor).map(|v| v.name.clone()).unwrap_or_default();
            Ok(Explained::Refused(Refusal::DuplicateId {
                visitor,
                name,
                first_order: entitlement::order_of(&existing).to_owned(),
            }))
        }
        DataError::AlreadyExists(id) => {
            let order = ORDERS.get(&id)?.ok_or(Refusal::Data(DataError::AlreadyExists(id)))?;
            repeated(order.into_value(), owner, request).map(|o| Explained::First(Box::new(o)))
        }
        other => Err(Refusal::Data(other)),
    }
}

/// The order that the same number made before.
fn repeated(order: Order, owner: &str, request: &str) -> Result<Order, Refusal> {
    if order.owner != owner {
        // One chance in 2^60 for a pair of orders.
        return Err(Problem::internal(&format!("order number {} is taken", order.id)).into());
    }
    if order.request == request { Ok(order) } else { Err(Refusal::KeyReused { order: order.id }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    #[test]
    fn a_counter_at_its_bound_names_the_component_and_what_is_left() {
        let product = sample::product("lianghan-joint");
        let choice = Choice { date: "2026-11-25".parse().unwrap(), start: None };
        let wanted: Vec<_> = product
            .components
            .iter()
            .map(|component| Wanted {
                attraction: sample::attraction(&component.attraction),
                component,
                choice: &choice,
            })
            .collect();
        let named = |counter: &str, key: &str, left| match full(counter, key, left, &wanted) {
            Some(Refusal::SoldOut { attraction, hours, remaining, .. }) => (attraction, hours, remaining),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            named(SLOT_COUNTER, "bingmayong/2026-11-25/1300", 2),
            ("bingmayong".into(), Some("13:00–15:00".into()), 2)
        );
        assert_eq!(named(DAY_COUNTER, "guishan/2026-11-25", -3), ("guishan".into(), None, 0));
        assert!(full(SLOT_COUNTER, "museum/2026-11-25/0900", 0, &wanted).is_none());
    }
}
