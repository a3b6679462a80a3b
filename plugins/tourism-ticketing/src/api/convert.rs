//! From what the services answer to what the API shows.

use super::types::*;
use crate::domain::catalogue::{self, Attraction, Product};
use crate::domain::entitlement;
use crate::domain::mandate::Acting;
use crate::domain::order;
use crate::domain::refund::Returned;
use crate::domain::slot::Availability;
use crate::domain::time::{Date, rfc3339};
use crate::domain::visitor::VisitorInput;
use crate::service::catalogue::DayView;
use crate::service::gate::{Admitted, TicketView};
use crate::service::now;
use crate::service::sales::AttractionSales;

impl From<Attraction> for AttractionItem {
    fn from(a: Attraction) -> Self {
        let session =
            |s: &catalogue::Session| SessionItem { start: s.start.to_string(), end: s.end.to_string(), cap: s.cap };
        Self {
            sessions: a.sessions.iter().map(session).collect(),
            id: a.id,
            kind: a.kind.code().to_owned(),
            name: a.name,
            about: a.about,
            address: a.address,
            district: a.district,
            operator: a.operator,
            closed_weekdays: a.closed_weekdays,
            daily_cap: a.daily_cap,
            instant_cap: a.instant_cap,
            stay_minutes: a.stay_minutes,
            gates: a.gates.into_iter().map(|g| g.name).collect(),
            active: a.active,
        }
    }
}

impl From<Product> for ProductItem {
    fn from(p: Product) -> Self {
        let concession = |c: catalogue::Concession| ConcessionItem {
            code: c.code,
            title: c.title,
            min_age: c.min_age,
            below_age: c.below_age,
            proof: c.proof.code().to_owned(),
            percent: c.percent,
        };
        Self {
            kind: p.kind.code().to_owned(),
            id: p.id,
            name: p.name,
            components: p
                .components
                .into_iter()
                .map(|c| ComponentItem { attraction: c.attraction, weight: c.weight })
                .collect(),
            price: p.price,
            concessions: p.concessions.into_iter().map(concession).collect(),
            refund_tiers: p
                .refund_tiers
                .into_iter()
                .map(|t| TierItem { before_minutes: t.before_minutes, percent: t.percent })
                .collect(),
            validity: p.validity.into(),
            one_id: p.one_id,
            active: p.active,
        }
    }
}

impl From<catalogue::Validity> for ValidityItem {
    fn from(v: catalogue::Validity) -> Self {
        let day = |d: Option<Date>| d.map(|d| d.to_string());
        Self {
            sale_from: day(v.sale_from),
            sale_until: day(v.sale_until),
            visit_from: day(v.visit_from),
            visit_until: day(v.visit_until),
        }
    }
}

impl From<Acting> for ActingItem {
    fn from(a: Acting) -> Self {
        let grantor = if a.company.is_some() { "company" } else { "person" };
        let (code, name) = a.company.map(|c| (c.code, c.name)).unzip();
        Self { mandate: a.mandate, grantor: grantor.to_owned(), code, name }
    }
}

impl Slots {
    pub(crate) fn of(attraction: String, date: String, view: DayView) -> Self {
        match view {
            DayView::Closed(reason) => Self { attraction, date, closed: true, reason, slots: Vec::new() },
            DayView::Open(slots) => Self {
                attraction,
                date,
                closed: false,
                reason: None,
                slots: slots.into_iter().map(SlotItem::from).collect(),
            },
        }
    }
}

impl From<Availability> for SlotItem {
    fn from(a: Availability) -> Self {
        Self {
            slot: a.slot.id.start.to_string(),
            end: a.slot.end.to_string(),
            starts_at: rfc3339(a.slot.starts_at),
            ends_at: rfc3339(a.slot.ends_at),
            cap: a.slot.cap,
            remaining: a.remaining,
            state: a.state.code().to_owned(),
        }
    }
}

impl From<VisitorBody> for VisitorInput {
    fn from(v: VisitorBody) -> Self {
        Self {
            name: v.name,
            id_type: v.id_type,
            id_number: v.id_number,
            birth_date: v.birth_date.unwrap_or_default(),
            phone: v.phone.unwrap_or_default(),
            concession: v.concession,
        }
    }
}

impl From<order::Order> for OrderBody {
    fn from(o: order::Order) -> Self {
        let held = o.state == order::State::Held;
        let returnable = o.returnable(now()).iter().map(|i| i.amount).sum();
        let refund_failure = o.refund_failure().map(ToOwned::to_owned);
        let refunds = o.refunds.iter().map(|r| refund(&o, r)).collect();
        let component = |p: &order::Part| OrderComponent {
            attraction: p.slot.id.attraction.clone(),
            name: p.name.clone(),
            date: p.slot.id.date.to_string(),
            slot: p.slot.id.start.to_string(),
            end: p.slot.end.to_string(),
            starts_at: rfc3339(p.slot.starts_at),
            ends_at: rfc3339(p.slot.ends_at),
        };
        Self {
            state: o.state.code().to_owned(),
            allowed: o.state.allows().iter().map(|s| s.code().to_owned()).collect(),
            components: o.parts.iter().map(component).collect(),
            lines: o
                .lines()
                .into_iter()
                .map(|l| LineItem { payee: l.payee, amount: l.amount, description: l.description })
                .collect(),
            visitors: o.visitors.into_iter().enumerate().map(OrderVisitor::from).collect(),
            id: o.id,
            product: o.product,
            name: o.product_name,
            amount: o.total,
            captured: o.captured,
            refunded: o.refunded,
            currency: "CNY".to_owned(),
            created_at: rfc3339(o.created_at),
            hold_expires_at: o.intent.as_ref().map(|_| rfc3339(o.hold_until)),
            cashier_url: o.intent.filter(|_| held).map(|i| i.cashier_url),
            refund_failure,
            refunds,
            returnable,
            acting: o.acting.map(ActingItem::from),
        }
    }
}

impl From<(usize, crate::domain::visitor::Visitor)> for OrderVisitor {
    fn from((ticket, v): (usize, crate::domain::visitor::Visitor)) -> Self {
        Self {
            ticket,
            name: v.name,
            id_type: v.id_type.code().to_owned(),
            id_number: v.id_masked,
            price: v.price,
            concession: v.concession,
        }
    }
}

fn refund(o: &order::Order, r: &order::Refund) -> RefundItem {
    let place = |part: usize| o.parts.get(part).map(|p| p.slot.id.attraction.clone()).unwrap_or_default();
    let returned =
        |i: &Returned| ReturnedItem { ticket: i.ticket.visitor, attraction: place(i.ticket.part), amount: i.amount };
    RefundItem {
        reference: r.reference.clone(),
        state: r.state.code().to_owned(),
        amount: r.amount,
        reason: r.reason.clone(),
        tickets: r.items.iter().map(returned).collect(),
    }
}

impl From<TicketView> for TicketBody {
    fn from(t: TicketView) -> Self {
        let now = now();
        let ends = |e: &entitlement::Entitlement| t.order.parts.get(e.part).map_or(i64::MAX, |p| p.slot.ends_at);
        let item = |e: &entitlement::Entitlement| EntitlementItem {
            attraction: e.slot.attraction.clone(),
            date: e.slot.date.to_string(),
            slot: e.slot.start.to_string(),
            state: e.state_at(ends(e), now).code().to_owned(),
            used_at: e.used_at.map(rfc3339),
        };
        Self {
            ticket: t.visitor,
            name: t.order.visitors.get(t.visitor).map(|v| v.name.clone()).unwrap_or_default(),
            entitlements: t.entitlements.iter().map(item).collect(),
            order: t.order.id,
            next_at: t.code.as_ref().map(|c| rfc3339(c.next_at)),
            expires_at: t.code.as_ref().map(|c| rfc3339(c.expires_at)),
            code: t.code.map(|c| c.text),
        }
    }
}

impl From<Admitted> for Admission {
    fn from(a: Admitted) -> Self {
        Self {
            admitted: true,
            order: a.order,
            name: a.visitor.name,
            id_number: a.visitor.id_masked,
            concession: a.visitor.concession,
            attraction: a.attraction,
            date: a.slot.id.date.to_string(),
            slot: a.slot.id.start.to_string(),
            at: rfc3339(a.at),
            on_site: a.crowd.map(|c| c.people),
            instant_cap: a.crowd.map(|c| c.cap),
        }
    }
}

impl SalesReport {
    pub(crate) fn of(date: String, all: Vec<AttractionSales>) -> Self {
        Self {
            date,
            sold: all.iter().map(AttractionSales::sold).sum(),
            revenue: all.iter().map(AttractionSales::revenue).sum(),
            attractions: all.into_iter().map(SalesItem::from).collect(),
        }
    }
}

impl From<AttractionSales> for SalesItem {
    fn from(a: AttractionSales) -> Self {
        let slot = |s: &crate::service::sales::SlotSales| SlotSalesItem {
            slot: s.slot.id.start.to_string(),
            cap: s.slot.cap,
            taken: s.taken,
            sold: s.sold,
            revenue: s.revenue,
            admitted: s.admitted,
        };
        Self {
            cap: a.cap,
            taken: a.taken,
            sold: a.sold(),
            revenue: a.revenue(),
            admitted: a.admitted(),
            alert: a.alert.map(|l| l.code().to_owned()),
            on_site: a.on_site.map(|c| c.people),
            instant_cap: a.on_site.map(|c| c.cap),
            slots: a.slots.iter().map(slot).collect(),
            attraction: a.attraction,
            name: a.name,
        }
    }
}
