//! 法人: legal entities and other organizations.

use super::{About, Fields, TypedPage, division, open, over, within};
use crate::{Caller, Hub, Query, ReadError, Released};

const ENTITY: &str = "legal-entities.entity";

/// A legal entity or another organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entity {
    /// What was released.
    pub about: About,
    /// 18 characters, GB 32100.
    pub uscc: Option<String>,
    /// The registered name.
    pub name: Option<String>,
    /// `company`, `sole-trader`, `farmers-cooperative`, `institution`, `government` or `association`.
    pub kind: Option<String>,
    /// The legal representative's name.
    pub representative: Option<String>,
    /// The section of GB/T 4754-2017, `A` to `S`.
    pub industry: Option<String>,
    /// The division of the seat.
    pub division: Option<String>,
    /// The seat.
    pub address: Option<String>,
    /// The registered capital in fen.
    pub capital: Option<i64>,
    /// `YYYY-MM-DD`.
    pub founded: Option<String>,
    /// `active`, `revoked` or `cancelled`.
    pub status: Option<String>,
}

impl From<&Released> for Entity {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        Self {
            uscc: f.text("uscc"),
            name: f.text("name"),
            kind: f.text("kind"),
            representative: f.text("representative"),
            industry: f.text("industry"),
            division: f.text("division"),
            address: f.text("address"),
            capital: f.integer("capital"),
            founded: f.text("founded"),
            status: f.text("status"),
            about: f.about(),
        }
    }
}

/// Which entities are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those of this registered name, letter by letter.
    Named(String),
    /// Those whose seat is in a division.
    In(String),
    /// Those of an industry whose seat is in a division.
    Industry {
        /// The section of GB/T 4754-2017, `A` to `S`.
        section: String,
        /// The division.
        division: String,
    },
}

impl Which {
    fn query(&self, cursor: Option<String>) -> Result<Query, ReadError> {
        Ok(match self {
            Self::Named(name) => over(&["name"], vec![name.as_str().into()], cursor),
            Self::In(code) => within(over(&["division"], vec![], cursor), &division(code)?),
            Self::Industry { section, division: code } => {
                let index = over(&["industry", "division"], vec![section.as_str().into()], cursor);
                within(index, &division(code)?)
            }
        })
    }
}

/// The entity of a unified social credit code.
///
/// # Errors
/// As [`crate::Open::get`].
pub async fn get(hub: &Hub, caller: Caller, purpose: &str, uscc: &str) -> Result<Option<Entity>, ReadError> {
    let found = open(hub, caller, ENTITY, purpose).await?.get(uscc, &[], None).await?;
    Ok(found.as_ref().map(Entity::from))
}

/// A page of entities.
///
/// # Errors
/// As [`crate::Open::query`]; [`ReadError::Invalid`] for a division that cannot be.
pub async fn find(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    which: &Which,
    cursor: Option<String>,
) -> Result<TypedPage<Entity>, ReadError> {
    let query = which.query(cursor)?;
    let page = open(hub, caller, ENTITY, purpose).await?.query(&query, &[]).await?;
    Ok(TypedPage { records: page.records.iter().map(Entity::from).collect(), next: page.next })
}
