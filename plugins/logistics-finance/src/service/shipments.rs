//! Other apps' requests for a waybill: each is answered once, however often it is asked.

use super::fields::Check;
use super::{Refusal, freight, keys, now};
use crate::domain::freight::{FreightOrder, Place};
use crate::policy;
use crate::store::{SHIPMENT_ANSWERED, Shipment};
use serde::Deserialize;
use serde_json::json;
use yunlong_sdk::{Event, Failure, Outgoing, Text, Tx, t};

/// The payload of `shipment.requested`.
#[derive(Debug, Deserialize)]
struct Requested {
    request: String,
    order: String,
    parcels: Vec<Asked>,
    from: End,
    to: End,
    value: u64,
    not_after: i64,
}

#[derive(Debug, Deserialize)]
struct Asked {
    parcel: String,
    goods: String,
    grams: u64,
}

/// An end of the way: a division's code, alone or with an address.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum End {
    Place {
        division: String,
        #[serde(default)]
        address: String,
    },
    Code(String),
}

impl From<End> for Place {
    fn from(end: End) -> Self {
        match end {
            End::Place { division, address } => Self { division, address },
            End::Code(division) => Self { division, address: String::new() },
        }
    }
}

/// Handles a request. What is wrong with it is an answer, too: whoever asked must know.
///
/// # Errors
/// [`Failure::Reject`] for what has no number to answer under.
pub(crate) fn requested(event: &Event, tx: &Tx<'_>) -> Result<(), Failure> {
    let asked: Requested = event.json()?;
    if asked.request.is_empty() || asked.request.len() > 100 {
        return Err(Failure::Reject("a request has a number of 1 to 100 bytes".into()));
    }
    let id = format!("{}/{}", event.source, asked.request);
    if tx.get::<Shipment>(&id)?.is_some() {
        // Answered already; the answer is on its way, or there.
        return Ok(());
    }
    let request = asked.request.clone();
    let mut shipment = Shipment { id, request: request.clone(), waybill: None, refused: None, at: now() };
    match take(event, asked, tx)? {
        Ok(waybill) => shipment.waybill = Some(waybill),
        Err(refused) => shipment.refused = Some(refused),
    }
    tx.insert(&shipment)?;
    let data = match &shipment.refused {
        Some((code, text)) => {
            json!({"request": request, "refused": {"code": code, "zh": text.zh, "en": text.en}})
        }
        None => json!({"request": request, "waybill": shipment.waybill}),
    };
    tx.publish(&Outgoing::new(SHIPMENT_ANSWERED, &data).subject(&request).key(&request).once(&shipment.id))?;
    Ok(())
}

type Answer = Result<String, (String, Text)>;

/// Books the waybill, or says why not.
fn take(event: &Event, asked: Requested, tx: &Tx<'_>) -> Result<Answer, Failure> {
    let refuse = |code: &str, text: Text| Ok(Err((code.to_owned(), text)));
    let carrier = policy::carrier().map_err(|e| Failure::Retry(e.to_string()))?;
    let Some(carrier) = carrier else {
        return refuse("no-carrier", t("目前没有承运人承接", "No carrier takes orders at present"));
    };
    let mut check = Check::new();
    let order = check.text("/order", &asked.order, 60);
    let (from, to) = (asked.from.into(), asked.to.into());
    let (from, to) = (freight::place(&mut check, "/from", &from), freight::place(&mut check, "/to", &to));
    let given: Vec<_> = asked.parcels.into_iter().map(|p| (p.parcel, p.goods, p.grams)).collect();
    let parcels = freight::parcels(&mut check, &given);
    if parcels.is_empty() {
        check.wrong("/parcels", t("请至少写明一个包裹", "Name at least one parcel"));
    }
    let value = check.fen("/value", asked.value);
    if let Err(wrong) = check.done() {
        let list = |pick: fn(&Text) -> &str| {
            wrong.iter().map(|w| format!("{}: {}", w.pointer, pick(&w.text))).collect::<Vec<_>>().join("; ")
        };
        return refuse("invalid", Text::new(list(|t| &t.zh), list(|t| &t.en)));
    }
    if asked.not_after <= now() {
        return refuse("too-late", t("送达期限已过", "The time by which it must be there is over"));
    }
    let number = |prefix: &str| keys().number(prefix, &event.source, &asked.request);
    let mut freight_order = FreightOrder {
        id: number("FO"),
        shipper: event.source.clone(),
        order,
        request: Some(asked.request.clone()),
        goods: parcels.first().map(|p| p.goods.clone()).unwrap_or_default(),
        quantity: parcels.len() as u64,
        from,
        to,
        value,
        not_after: asked.not_after,
        parcels,
        open: Some(carrier.clone()),
        carrier,
        waybill: None,
        created_at: now(),
        digest: String::new(),
    };
    let waybill = freight_order.book(number("WB"), now()).map_err(Refusal::from)?;
    tx.insert(&freight_order)?;
    tx.insert(&waybill)?;
    freight::tell(tx, &waybill, None)?;
    tx.audit("waybill.book", &waybill.id, &json!({"freight": freight_order.id, "from": event.source}))?;
    Ok(Ok(waybill.id))
}
