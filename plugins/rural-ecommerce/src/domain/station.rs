//! Village stations: who keeps one, when it is active, what it orders for people without a telephone.

use super::explain::Explain;
use super::time::{Date, Month};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use yunlong_sdk::{Text, t};

/// What a station does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Orders for others.
    Order,
    /// Keeps parcels.
    Parcels,
    /// Sends farmers' goods.
    Sending,
    /// Payments and bills.
    Bills,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 4] = [Self::Order, Self::Parcels, Self::Sending, Self::Bills];

    /// As documents write it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Parcels => "parcels",
            Self::Sending => "sending",
            Self::Bills => "bills",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::Order => t("代购", "orders for others"),
            Self::Parcels => t("代收快递", "keeps parcels"),
            Self::Sending => t("代发农产品", "sends farmers' goods"),
            Self::Bills => t("代缴费用", "pays bills"),
        }
    }
}

/// A span of days in which a station is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first day.
    pub from: Date,
    /// The last day; absent while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// A station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Station {
    /// Ten characters.
    pub id: String,
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
    /// Its commission on what it orders for others, in basis points of the price.
    pub commission_bps: u16,
    /// The USCC that is paid the commission.
    pub payee: String,
    /// When it is active, the first first.
    pub active: Vec<Span>,
    /// Milliseconds of UTC.
    pub created_at: i64,
}

impl Station {
    /// Whether it is active on a day.
    #[must_use]
    pub fn on(&self, day: Date) -> bool {
        self.active.iter().any(|s| s.from <= day && s.to.is_none_or(|t| day <= t))
    }

    /// Whether it is active on any day of a month.
    #[must_use]
    pub fn active_in(&self, month: Month) -> bool {
        self.active.iter().any(|s| s.from <= month.last() && s.to.is_none_or(|t| month.first() <= t))
    }

    /// Opens it from a day on; an open one stays as it is.
    pub fn open(&mut self, from: Date) {
        if self.active.last().is_none_or(|s| s.to.is_some()) {
            self.active.push(Span { from, to: None });
        }
    }

    /// Closes it with a day as its last; one that is closed stays as it is.
    pub fn close(&mut self, last: Date) {
        if let Some(s) = self.active.last_mut().filter(|s| s.to.is_none()) {
            if last < s.from {
                self.active.pop();
            } else {
                s.to = Some(last);
            }
        }
    }

    /// Sets the commission.
    ///
    /// # Errors
    /// [`StationError::OwnCommission`] for its keeper, whatever other role they hold.
    pub fn set_commission(&mut self, bps: u16, by: &str) -> Result<(), StationError> {
        if by == self.keeper {
            return Err(StationError::OwnCommission);
        }
        if bps > super::commission::MAX_STATION {
            return Err(StationError::TooHigh(bps));
        }
        self.commission_bps = bps;
        Ok(())
    }
}

/// Why a station's matter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StationError {
    /// Nobody edits their own commission.
    #[error("a keeper does not set their own commission")]
    OwnCommission,
    /// Nobody sets up or changes a station of their own.
    #[error("a manager does not set up or change their own station")]
    OwnStation,
    /// Over what a station may have.
    #[error("{0} basis points are too many")]
    TooHigh(u16),
    /// It is not active, or has no such service.
    #[error("the station takes no orders now")]
    NotActive,
    /// The elder has not agreed.
    #[error("without the person's consent nothing is ordered for them")]
    NoConsent,
}

impl Explain for StationError {
    fn kind(&self) -> &'static str {
        match self {
            Self::OwnCommission => "own-commission",
            Self::OwnStation => "own-station",
            Self::TooHigh(_) => "commission-too-high",
            Self::NotActive => "station-not-active",
            Self::NoConsent => "consent-required",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::OwnCommission => t("不能修改自己站点的佣金", "You cannot set your own station's commission"),
            Self::OwnStation => t("不能设立或修改自己的站点", "You cannot set up or change a station of your own"),
            Self::TooHigh(_) => t("佣金比例过高", "The commission is too high"),
            Self::NotActive => t("站点现在不能代购", "The station takes no orders now"),
            Self::NoConsent => t("须先取得本人同意", "The person must agree first"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::OwnCommission | Self::OwnStation => {
                t("请由另一位主管修改；这次尝试已记录。", "Another manager must do it. The attempt was recorded.")
            }
            Self::TooHigh(bps) => Text::new(
                format!("填写的是万分之 {bps}，最高万分之 {}。", super::commission::MAX_STATION),
                format!("{bps} basis points; at most {}.", super::commission::MAX_STATION),
            ),
            Self::NotActive => {
                t("站点已停业或没有代购服务，请联系主管。", "It is closed or does not order for others. Ask a manager.")
            }
            Self::NoConsent => t(
                "请向老人说明代购事项，由本人签字、按手印或在见证下口头同意，再提交。",
                "Explain the order to the person, take their signature, fingerprint or witnessed word, and submit again.",
            ),
        }
    }
}

/// How an elder agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentBy {
    /// Signed on paper.
    Signature,
    /// With a fingerprint on paper.
    Fingerprint,
    /// Aloud, before a witness.
    Witness,
}

impl ConsentBy {
    /// As people read it.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::Signature => t("签字", "signature"),
            Self::Fingerprint => t("按手印", "fingerprint"),
            Self::Witness => t("口头同意（有见证人）", "aloud, before a witness"),
        }
    }
}

/// That somebody agreed to be ordered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The order's id.
    pub id: String,
    /// The station.
    pub station: String,
    /// The person's name.
    pub name: String,
    /// How they agreed.
    pub by: ConsentBy,
    /// The text that was read to them, word for word.
    pub text: String,
    /// The keeper's subject.
    pub keeper: String,
    /// Milliseconds of UTC.
    pub at: i64,
}

/// The text that is read to a person before a station orders for them.
pub const CONSENT_TEXT: &str =
    "我同意由本站点代我下单和付款，并为此登记我的姓名和收货信息；我可以随时查询、更正或取消。";

/// What of an order is the station's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationSale {
    /// The station.
    pub station: String,
    /// Its village on the day.
    pub village: String,
    /// The USCC that is paid the commission.
    pub payee: String,
    /// The keeper's subject.
    pub keeper: String,
    /// When it was made at the station, by the station's clock: milliseconds of UTC.
    pub made_at: i64,
}

/// Stations that served a village in a month by coming there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// `month/village`.
    pub id: String,
    /// The village's code.
    pub village: String,
    /// The days of the visits, with the station, each once.
    pub visits: BTreeSet<(Date, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn station() -> Station {
        Station {
            id: "st".into(),
            name: Text::new("东风村站", "Dongfeng"),
            village: "320324109002".into(),
            address: "村部".into(),
            keeper: "k".into(),
            services: vec![Service::Order],
            commission_bps: 100,
            payee: "93320382MA000TX30Q".into(),
            active: Vec::new(),
            created_at: 0,
        }
    }

    #[test]
    fn a_station_is_active_in_each_month_that_it_is_open_for_a_day() {
        let day = |d: &str| d.parse::<Date>().unwrap();
        let month = |m: &str| m.parse::<Month>().unwrap();
        let mut s = station();
        assert!(!s.active_in(month("2026-01")));
        s.open(day("2026-01-31"));
        s.open(day("2026-02-05"));
        s.close(day("2026-03-01"));
        s.close(day("2026-04-01"));
        let active = ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"].map(|m| s.active_in(month(m)));
        assert_eq!(active, [false, true, true, true, false]);
        s.open(day("2026-06-10"));
        s.close(day("2026-06-01"));
        assert!(!s.active_in(month("2026-06")), "closed before it opened again");
    }

    #[test]
    fn a_keeper_who_is_a_manager_too_does_not_set_their_own_commission() {
        let mut s = station();
        assert_eq!(s.set_commission(200, "k"), Err(StationError::OwnCommission));
        assert_eq!(s.set_commission(1_001, "boss"), Err(StationError::TooHigh(1_001)));
        assert_eq!((s.set_commission(200, "boss"), s.commission_bps), (Ok(()), 200));
    }
}
