//! Trades: waybills in every state, and the links of their flows.

use super::super::flow::{self, Carried, Flow, Order, Paid, Stored};
use super::super::freight::{self, FreightOrder, Place, Proof, Reason, Waybill};
use super::super::receipt::Receipt;
use super::super::refused::Refused;
use super::super::time::DAY;
use super::super::warehouse::{Lot, Unit};
use super::{BANKS, CARRIER, COMPANIES, CUSTODIANS, GOODS, PLACES, nth, warehouse_id};
use yunlong_sdk::Text;

/// A trade: its freight order, its waybill, and the link of its flows.
#[derive(Debug)]
pub struct Trade {
    /// The freight order.
    pub freight: FreightOrder,
    /// The waybill.
    pub waybill: Waybill,
    /// The link.
    pub flow: Flow,
}

/// The trade of a number: waybills in every state, and links from open to settled. The receipt of a link is one that a
/// story left free, where there is one.
///
/// # Errors
/// Never for these trades; a test holds that.
pub fn trade(n: u64, now: i64) -> Result<Trade, Refused> {
    let at = now - i64::try_from(n % 20).unwrap_or(0) * DAY - DAY;
    let (seller, buyer) = (nth(&COMPANIES, n).0.to_owned(), nth(&COMPANIES, n + 1).0.to_owned());
    let (goods, _, _, _, unit, price) = nth(&GOODS, n);
    let quantity = (10 + n) * if unit == Unit::Piece { 10 } else { 1_000 };
    let amount = quantity * price / unit.priced_by();
    let number = format!("SO-S{n:03}");
    let place = |n: u64| {
        let (division, town, village) = nth(&PLACES, n);
        Place { division: division.to_owned(), address: format!("{town}{village}") }
    };
    let mut freight = FreightOrder {
        id: format!("FO-S{n:03}"),
        shipper: seller.clone(),
        carrier: CARRIER.to_owned(),
        order: number.clone(),
        request: None,
        goods: goods.to_owned(),
        quantity,
        from: place(n),
        to: place(n + 5),
        value: amount,
        not_after: now + 7 * DAY,
        parcels: Vec::new(),
        open: Some(CARRIER.to_owned()),
        waybill: None,
        created_at: at,
        digest: String::new(),
    };
    let mut waybill = freight.book(format!("WB-S{n:03}"), at)?;
    let end = nth(&freight::State::ALL, n);
    for to in [freight::State::Loaded, freight::State::InTransit, freight::State::Delivered] {
        if end == freight::State::Booked || waybill.state == end {
            break;
        }
        if end == freight::State::Exception && to == freight::State::Delivered {
            waybill.advance(end, Some(nth(&Reason::ALL, n / 6)), at)?;
            break;
        }
        waybill.advance(to, None, at)?;
        waybill.vehicle = format!("苏C·示例{n:02}");
        waybill.driver = format!("D-{:03}", n + 1);
    }
    if end == freight::State::Signed {
        let document = format!("POD-S{n:03}");
        waybill.sign(Proof { received_by: "收货岗".into(), document, quantity, at }, at)?;
    }
    let flow = link(n, now, &waybill, Order { number, buyer, seller, goods: goods.to_owned(), quantity, amount })?;
    Ok(Trade { freight, waybill, flow })
}

fn link(n: u64, now: i64, waybill: &Waybill, order: Order) -> Result<Flow, Refused> {
    let bank = nth(&BANKS, n).to_owned();
    let delivered = waybill.proof.as_ref().map(|p| p.quantity);
    let paid = (!n.is_multiple_of(4)).then(|| Paid {
        reference: format!("PM-S{n:03}"),
        payer: order.buyer.clone(),
        payee: order.seller.clone(),
        amount: order.amount,
        bank: bank.clone(),
        by: "sample:bank-officer-05".into(),
        at: now - DAY,
    });
    let mut flow = Flow {
        id: format!("FL-S{n:03}"),
        buyer: order.buyer.clone(),
        seller: order.seller.clone(),
        bank,
        carried: Some(Carried {
            waybill: waybill.id.clone(),
            order: waybill.order.clone(),
            goods: waybill.goods.clone(),
            delivered,
        }),
        stored: Some(Stored {
            receipt: format!("WR-T{n:03}"),
            holder: order.seller.clone(),
            goods: order.goods.clone(),
            quantity: order.quantity,
            encumbered: false,
        }),
        paid,
        state: flow::State::Open,
        released_by: None,
        released_at: None,
        invoice: None,
        created_at: now - DAY,
        request: String::new(),
        order,
    };
    if flow.disagreements().is_empty() {
        flow.release("sample:bank-officer-03", now)?;
        if n > 12 {
            flow.settle(&format!("INV-S{n:03}"))?;
        }
    }
    Ok(flow)
}

/// The lot and the receipt of a trade, which its link names.
///
/// # Errors
/// Never for these trades.
pub fn stored(n: u64, trade: &Trade, now: i64) -> Result<(Lot, Receipt), Refused> {
    let (goods, zh, en, spec, unit, _) = nth(&GOODS, n);
    let (custodian, _) = nth(&CUSTODIANS, n % 12);
    let order = &trade.flow.order;
    let at = now - 2 * DAY;
    let mut lot = Lot {
        id: format!("LT-T{n:03}"),
        warehouse: warehouse_id(n),
        custodian: custodian.to_owned(),
        owner: order.seller.clone(),
        goods: goods.to_owned(),
        goods_name: Text::new(zh, en),
        spec: spec.to_owned(),
        unit,
        quantity: order.quantity,
        receipted: 0,
        leaving: 0,
        missing: 0,
        written_off: 0,
        location: format!("T-{:02}", n + 1),
        created_at: at,
        request: String::new(),
    };
    let id = format!("WR-T{n:03}");
    let mut receipt = Receipt::draft(id, &lot, order.quantity, &order.seller, "sample:warehouse-clerk-01", at)?;
    receipt.issue(&mut lot, at)?;
    Ok((lot, receipt))
}
