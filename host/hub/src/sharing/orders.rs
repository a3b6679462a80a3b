//! Legal orders: the only reason for which a person is not shown that something about them was read,
//! and only for as long as the order stands.

use super::request::said;
use super::{keys, new_id};
use crate::{Actor, Hub, HubError, detached};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use yunlong_audit::{Entry, HiddenBy};
use yunlong_formats::ResidentId;
use yunlong_model::{InstallationName, PersonId, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, StoreError, transact};

/// An order of an authority that reads be kept from the persons whom they are about, for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// The number of the document, as the authority writes it.
    pub reference: String,
    /// The authority.
    pub authority: String,
    /// The law that allows it, as it is cited.
    pub law: String,
    /// Whose reads are hidden.
    pub installation: InstallationName,
    /// Of which dataset.
    pub dataset: String,
    /// About which person alone; `None`: about anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// From when.
    pub from: Timestamp,
    /// Until when; no longer at this moment.
    pub until: Timestamp,
    /// The security administrator who registered it.
    pub registered_by: String,
    /// When and by whom it was ended early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedOrder>,
}

/// The early end of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedOrder {
    /// When.
    pub at: Timestamp,
    /// The security administrator.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An order to be registered.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// As [`Order::reference`].
    pub reference: String,
    /// As [`Order::authority`].
    pub authority: String,
    /// As [`Order::law`].
    pub law: String,
    /// As [`Order::installation`].
    pub installation: InstallationName,
    /// As [`Order::dataset`].
    pub dataset: String,
    /// The resident ID of the person whom it is about alone.
    pub resident_id: Option<String>,
    /// As [`Order::until`].
    pub until: Timestamp,
}

impl Order {
    /// Whether it stands at this moment: what was read under it is hidden while it does, and appears
    /// when it ends.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.from <= now && now < self.until
    }

    fn covers(&self, installation: &InstallationName, dataset: &str, person: &PersonId) -> bool {
        self.installation == *installation
            && self.dataset == dataset
            && self.person.as_ref().is_none_or(|p| p == person)
    }
}

const DAY: i64 = 86_400_000;

impl Hub {
    /// Registers a legal order. Reads in its scope are written down as every other, and shown to the
    /// person when it ends; how many are hidden in the whole city is public.
    ///
    /// # Errors
    /// [`HubError::Forbidden`] for whoever is not a security administrator, [`HubError::Invalid`] names
    /// what is missing or too long: an order lasts [`crate::HubConfig::order_days`] days at most.
    pub async fn register_order(&self, new: NewOrder, by: &Actor) -> Result<Order, HubError> {
        security_admin(by)?;
        let order = self.check_order(new, by)?;
        let (me, by) = (self.clone(), by.clone());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                txn.put_as(keys::order(&order.id), &order);
                me.inner.audit.stage(txn, &entry("order.registered", &order, &by, order.until.to_rfc3339())).await?;
                Ok::<_, HubError>(order.clone())
            });
            me.inner.sharing.orders.changed(&());
            done
        })
        .await
    }

    /// Ends an order before its time: what it hid appears at once.
    ///
    /// # Errors
    /// As [`Hub::register_order`]; [`HubError::Unknown`]. One that has ended stays as it is.
    pub async fn end_order(&self, id: &str, reason: &str, by: &Actor) -> Result<Order, HubError> {
        security_admin(by)?;
        let (me, by, id, reason) = (self.clone(), by.clone(), id.to_owned(), said(reason)?);
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let now = me.inner.now();
                let found: Option<Order> = txn.get_as(&keys::order(&id)).await?;
                let mut order = found.ok_or_else(|| HubError::Unknown { what: "order", id: id.clone() })?;
                if !order.stands(now) {
                    return Ok(order);
                }
                order.ended = Some(EndedOrder { at: now, by: by.account.clone(), reason: reason.clone() });
                txn.put_as(keys::order(&id), &order);
                me.inner.audit.stage(txn, &entry("order.ended", &order, &by, reason.clone())).await?;
                Ok::<_, HubError>(order)
            });
            me.inner.sharing.orders.changed(&());
            done
        })
        .await
    }

    /// Every order, the newest first: for the security administrators and the audit administrators.
    ///
    /// # Errors
    /// [`HubError::Forbidden`] for others; when the store fails.
    pub async fn orders(&self, by: &Actor) -> Result<Vec<Order>, HubError> {
        if !by.security_admin && !by.audit_admin {
            return Err(security_admin(by).err().unwrap_or_else(super::not_theirs));
        }
        let mut all = self.all_orders().await?.to_vec();
        all.reverse();
        Ok(all)
    }

    /// The ids of the orders that stand: what [`yunlong_audit::Audit::entries_about`] leaves out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn standing_orders(&self) -> Result<Vec<String>, HubError> {
        let now = self.inner.now();
        Ok(self.all_orders().await?.iter().filter(|o| o.stands(now)).map(|o| o.id.clone()).collect())
    }

    /// The order that hides a read about a person, if one does.
    pub(crate) async fn hidden_by(
        &self,
        installation: &InstallationName,
        dataset: &str,
        person: &PersonId,
        now: Timestamp,
    ) -> Result<Option<HiddenBy>, StoreError> {
        let all = self.all_orders().await?;
        // Of several the one that stands longest: they all want it hidden.
        let covering = all.iter().filter(|o| o.stands(now) && o.covers(installation, dataset, person));
        let longest = covering.max_by_key(|o| o.until);
        Ok(longest.map(|o| HiddenBy { order: o.id.clone(), until: o.until }))
    }

    async fn all_orders(&self) -> Result<Arc<Vec<Order>>, StoreError> {
        let kept = &self.inner.sharing.orders;
        if let Some(found) = kept.get(&()) {
            return Ok(found);
        }
        let changes = kept.changes();
        let rows = self.inner.store.scan(&keys::orders().children(), Direction::Ascending, usize::MAX).await?;
        let all = rows.iter().map(|r| from_json(&r.key, &r.value)).collect::<Result<Vec<Order>, _>>()?;
        let all = Arc::new(all);
        kept.keep(changes, (), all.clone());
        Ok(all)
    }

    fn check_order(&self, new: NewOrder, by: &Actor) -> Result<Order, HubError> {
        let (now, days) = (self.inner.now(), self.inner.config.order_days);
        for (field, value) in [("reference", &new.reference), ("authority", &new.authority), ("law", &new.law)] {
            if !(1..=200).contains(&value.trim().chars().count()) {
                return Err(HubError::invalid(
                    field,
                    "请填写（不超过 200 字）",
                    "fill this in, with at most 200 characters",
                ));
            }
        }
        if new.until <= now || new.until > now.plus_millis(i64::from(days) * DAY) {
            return Err(HubError::invalid(
                "until",
                format!("截止时间应晚于现在，最长 {days} 天；期满可凭新的法律文书重新登记"),
                format!("choose a time within {days} days; a new document may be registered then"),
            ));
        }
        let dataset = self.dataset(&new.dataset).filter(|d| d.is_personal());
        if dataset.is_none() {
            return Err(HubError::invalid("dataset", "请选择涉及个人的信息资源", "choose a dataset about persons"));
        }
        self.installed(&new.installation)?;
        let person = match new.resident_id.as_deref().map(str::parse::<ResidentId>) {
            None => None,
            Some(Ok(id)) => Some(self.inner.person(id.as_str())),
            Some(Err(e)) => {
                return Err(HubError::invalid(
                    "resident_id",
                    yunlong_formats::Explain::zh(&e),
                    yunlong_formats::Explain::en(&e),
                ));
            }
        };
        Ok(Order {
            id: new_id(now),
            reference: new.reference.trim().to_owned(),
            authority: new.authority.trim().to_owned(),
            law: new.law.trim().to_owned(),
            installation: new.installation,
            dataset: new.dataset,
            person,
            from: now,
            until: new.until,
            registered_by: by.account.clone(),
            ended: None,
        })
    }
}

/// About nobody: an entry about the person would tell them what the order keeps from them.
fn entry(action: &str, order: &Order, by: &Actor, detail: String) -> Entry {
    Entry {
        organization: by.organization.clone(),
        installation: Some(order.installation.clone()),
        dataset: Some(order.dataset.clone()),
        target: order.id.clone(),
        basis: Some(format!("{} {} {}", order.authority, order.reference, order.law)),
        request_id: by.request_id.clone(),
        detail,
        ..Entry::new(action, &by.account, by.kind)
    }
}

fn security_admin(by: &Actor) -> Result<(), HubError> {
    if by.security_admin {
        return Ok(());
    }
    Err(HubError::forbidden("法律文书由安全管理员登记", "a security administrator registers legal orders"))
}
