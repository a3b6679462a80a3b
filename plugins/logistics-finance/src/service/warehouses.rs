//! Warehouses, and the lots in them.

use super::fields::Check;
use super::{Numbered, Refusal, known, now};
use crate::domain::actor::{Actor, Role};
use crate::domain::pledge;
use crate::domain::warehouse::{Lot, Unit, Warehouse};
use crate::store::{LOTS, PLEDGES, WAREHOUSES, by};
use serde::Serialize;
use serde_json::json;
use yunlong_sdk::{Page, Query, Text, transact};

/// A warehouse that is to be registered.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewWarehouse {
    /// Its name.
    pub name: String,
    /// Its name in English.
    pub name_en: String,
    /// The custodian's USCC.
    pub custodian: String,
    /// The custodian's name.
    pub custodian_name: String,
    /// The division's code.
    pub division: String,
    /// The address, without a person's name.
    pub address: String,
    /// Companies that may not borrow on goods here: USCCs.
    pub affiliates: Vec<String>,
}

/// Registers a warehouse: for regulators.
///
/// # Errors
/// [`Refusal`].
pub fn register(actor: &Actor, key: Option<&str>, new: &NewWarehouse) -> Result<Warehouse, Refusal> {
    actor.needs(Role::Regulator)?;
    let mut check = Check::new();
    let name = check.text("/name", &new.name, 60);
    let name_en = if new.name_en.trim().is_empty() { name.clone() } else { check.text("/name_en", &new.name_en, 80) };
    let custodian = check.uscc("/custodian", &new.custodian);
    let custodian_name = check.text("/custodian_name", &new.custodian_name, 60);
    let division = check.division("/division", &new.division);
    let address = check.text("/address", &new.address, 120);
    let affiliates = new.affiliates.iter().enumerate();
    let affiliates: Vec<String> = affiliates.map(|(i, a)| check.uscc(&format!("/affiliates/{i}"), a)).collect();
    if affiliates.len() > 100 {
        check.wrong("/affiliates", yunlong_sdk::t("最多 100 家", "At most 100"));
    }
    check.done()?;
    let number = Numbered::new("WH", actor, key, new)?;
    number.once(
        |id| WAREHOUSES.get(id),
        |w| &w.request,
        || {
            let warehouse = Warehouse {
                id: number.id.clone(),
                name: Text::new(name.clone(), name_en.clone()),
                custodian,
                custodian_name,
                division,
                address,
                affiliates,
                active: true,
                created_at: now(),
                request: number.request.clone(),
            };
            transact(|tx| {
                tx.insert(&warehouse)?;
                tx.audit("warehouse.register", &warehouse.id, &json!({"custodian": warehouse.custodian}))?;
                Ok::<_, Refusal>(())
            })?;
            Ok(warehouse)
        },
    )
}

/// All warehouses: for everybody who is signed in, since receipts name them.
///
/// # Errors
/// An error of the data service.
pub fn list(_: &Actor, limit: u32, after: Option<String>) -> Result<Page<Warehouse>, Refusal> {
    Ok(WAREHOUSES.find(Query::by_id().limit(limit).after(after))?)
}

/// The warehouses of the actor's organization.
///
/// # Errors
/// An error of the data service.
pub fn own(actor: &Actor, limit: u32, after: Option<String>) -> Result<Page<Warehouse>, Refusal> {
    let query = by::WAREHOUSE_CUSTODIAN.equals(actor.organization.as_str());
    Ok(WAREHOUSES.find(query.limit(limit).after(after))?)
}

/// One warehouse.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn get(_: &Actor, id: &str) -> Result<Warehouse, Refusal> {
    known(WAREHOUSES.get(id))
}

/// Goods that come in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewLot {
    /// The warehouse.
    pub warehouse: String,
    /// Who brings them: a USCC.
    pub owner: String,
    /// The goods by their code.
    pub goods: String,
    /// What they are called.
    pub goods_name: String,
    /// What they are called in English.
    pub goods_name_en: String,
    /// Grade, size, packing.
    pub spec: String,
    /// In what they are counted.
    pub unit: Unit,
    /// How much.
    pub quantity: u64,
    /// Where they lie.
    pub location: String,
}

/// Takes goods in: for the warehouse's custodian.
///
/// # Errors
/// [`Refusal`].
pub fn receive(actor: &Actor, key: Option<&str>, new: &NewLot) -> Result<Lot, Refusal> {
    actor.needs(Role::Warehouse)?;
    let mut check = Check::new();
    let owner = check.uscc("/owner", &new.owner);
    let goods = check.code("/goods", &new.goods);
    let name = check.text("/goods_name", &new.goods_name, 40);
    let name_en = if new.goods_name_en.trim().is_empty() {
        name.clone()
    } else {
        check.text("/goods_name_en", &new.goods_name_en, 60)
    };
    let spec = check.text("/spec", &new.spec, 60);
    let quantity = check.quantity("/quantity", new.quantity);
    let location = check.text("/location", &new.location, 40);
    check.done()?;
    let number = Numbered::new("LT", actor, key, new)?;
    number.once(
        |id| LOTS.get(id),
        |l| &l.request,
        || {
            transact(|tx| {
                let warehouse = known(tx.get::<Warehouse>(&new.warehouse))?;
                actor.needs_of(Role::Warehouse, &warehouse.custodian)?;
                let lot = Lot {
                    id: number.id.clone(),
                    warehouse: warehouse.id,
                    custodian: warehouse.custodian,
                    owner: owner.clone(),
                    goods: goods.clone(),
                    goods_name: Text::new(name.clone(), name_en.clone()),
                    spec: spec.clone(),
                    unit: new.unit,
                    quantity,
                    receipted: 0,
                    leaving: 0,
                    missing: 0,
                    written_off: 0,
                    location: location.clone(),
                    created_at: now(),
                    request: number.request.clone(),
                };
                tx.insert(&lot)?;
                tx.audit("lot.receive", &lot.id, &json!({"warehouse": lot.warehouse, "quantity": quantity}))?;
                Ok(lot)
            })
        },
    )
}

/// The lots that the actor's organization keeps or owns; a regulator's list is a warehouse's.
///
/// # Errors
/// [`Refusal::NotFound`] for a warehouse that is not the actor's.
pub fn lots(actor: &Actor, warehouse: Option<&str>, limit: u32, after: Option<String>) -> Result<Page<Lot>, Refusal> {
    let query = match warehouse {
        Some(id) => {
            let found: Warehouse = known(WAREHOUSES.get(id))?;
            if !actor.is(Role::Regulator) && !actor.is_of(Role::Warehouse, &found.custodian) {
                return Err(Refusal::NotFound);
            }
            by::LOT_WAREHOUSE.equals(id)
        }
        None if actor.is(Role::Manufacturer) => by::LOT_OWNER.equals(actor.organization.as_str()),
        None => by::LOT_CUSTODIAN.equals(actor.organization.as_str()),
    };
    Ok(LOTS.find(query.descending().limit(limit).after(after))?)
}

/// One lot: for its custodian, its owner, a regulator, and a bank that holds a pledge on it.
///
/// # Errors
/// [`Refusal::NotFound`], also for somebody else's.
pub fn lot(actor: &Actor, id: &str) -> Result<Lot, Refusal> {
    let lot: Lot = known(LOTS.get(id))?;
    let owns = actor.is_of(Role::Warehouse, &lot.custodian) || actor.is_of(Role::Manufacturer, &lot.owner);
    if owns || actor.is(Role::Regulator) || (actor.is(Role::Bank) && is_pledged_to(&lot.id, &actor.organization)?) {
        return Ok(lot);
    }
    Err(Refusal::NotFound)
}

fn is_pledged_to(lot: &str, bank: &str) -> Result<bool, Refusal> {
    let theirs = by::PLEDGE_LOT_BANK.equals(lot).equals(bank).equals(pledge::State::Registered.code());
    Ok(!PLEDGES.find(theirs.limit(1))?.items.is_empty())
}
