//! Why a step of an order is refused.

use super::shipping::MAX_PARCELS;
use super::{State, WrongState};
use crate::domain::escrow::OverHeld;
use crate::domain::explain::Explain;
use crate::domain::group::GroupError;
use serde_json::{Value, json};
use yunlong_sdk::{Text, money, t};

/// Why the money stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A return is open.
    Return(String),
    /// A claim is open.
    Claim(String),
    /// A refund was refused by the provider, and nobody has asked again.
    FailedRefund,
}

/// Why a step of an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Its state does not allow it.
    #[error(transparent)]
    WrongState(#[from] WrongState<State>),
    /// Something is open that must be decided first.
    #[error("something is open: {0:?}")]
    Blocked(Block),
    /// More than the account holds.
    #[error(transparent)]
    OverHeld(#[from] OverHeld),
    /// More units than there are.
    #[error("line {line} has {left} units for that")]
    Units {
        /// The line's place.
        line: usize,
        /// Units that there are for it.
        left: u32,
    },
    /// More money than the line is worth.
    #[error("line {line} has {left} fen left")]
    OverLine {
        /// The line's place.
        line: usize,
        /// Fen that are left.
        left: u64,
    },
    /// More parcels than a shipment may have.
    #[error("{0} parcels are too many for one shipment")]
    Parcels(usize),
    /// Nothing was chosen.
    #[error("nothing was chosen")]
    Nothing,
    /// Its group buy does not allow it.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// It has no such shipment or claim.
    #[error("the order has no such shipment or claim")]
    Unknown,
    /// Whoever decides has a part in it.
    #[error("nobody decides on their own order")]
    OwnOrder,
}

impl Explain for OrderError {
    fn kind(&self) -> &'static str {
        match self {
            Self::WrongState(e) => e.kind(),
            Self::Blocked(_) => "escrow-held",
            Self::OverHeld(e) => e.kind(),
            Self::Units { .. } => "too-many-units",
            Self::OverLine { .. } => "over-line",
            Self::Parcels(_) => "too-many-parcels",
            Self::Nothing => "nothing-chosen",
            Self::Group(e) => e.kind(),
            Self::Unknown => "not-found",
            Self::OwnOrder => "own-goods",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::WrongState(e) => e.title(),
            Self::Blocked(_) => t("货款暂时冻结", "The money is held"),
            Self::OverHeld(e) => e.title(),
            Self::Units { .. } => t("数量超过可处理的件数", "More units than there are"),
            Self::OverLine { .. } => t("金额超过该商品的余额", "More than is left of the line"),
            Self::Parcels(_) => t("一次发货的包裹太多", "Too many parcels for one shipment"),
            Self::Nothing => t("没有选择任何商品", "Nothing was chosen"),
            Self::Group(e) => e.title(),
            Self::Unknown => t("没有找到", "Not found"),
            Self::OwnOrder => t("不能处理自己的订单", "You cannot decide on your own order"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::WrongState(e) => e.detail(),
            Self::Blocked(Block::Return(id)) => Text::new(
                format!("退货 {id} 尚未处理完。处理完后才能确认收货和结算。"),
                format!("The return {id} is open. Decide it first, then the order can be confirmed and settled."),
            ),
            Self::Blocked(Block::Claim(id)) => Text::new(
                format!("包裹 {id} 的理赔尚未处理完。处理完后才能确认收货和结算。"),
                format!("The claim for the parcel {id} is open. Decide it first, then the order can go on."),
            ),
            Self::Blocked(Block::FailedRefund) => t(
                "有一笔退款被支付机构拒绝。请先再次申请退款。",
                "The payment provider refused a refund. Ask for it again first.",
            ),
            Self::OverHeld(e) => e.detail(),
            Self::Units { line, left } => Text::new(
                format!("第 {} 行最多可处理 {left} 件。", line + 1),
                format!("Line {} has {left} units for that.", line + 1),
            ),
            Self::OverLine { line, left } => Text::new(
                format!("第 {} 行最多可退 {} 元。", line + 1, money::yuan(*left)),
                format!("At most {} yuan of line {} can be returned.", money::yuan(*left), line + 1),
            ),
            Self::Parcels(n) => Text::new(
                format!("这些商品共 {n} 个包裹，一次发货最多 {MAX_PARCELS} 个。请减少件数，分几次发货。"),
                format!(
                    "These goods make {n} parcels, and a shipment has at most {MAX_PARCELS}. Send fewer units at a time."
                ),
            ),
            Self::Nothing => t("请至少选择一件商品或填写金额。", "Choose at least one unit or an amount."),
            Self::Group(e) => e.detail(),
            Self::Unknown => t("这个订单没有这样的包裹或理赔。", "The order has no such shipment or claim."),
            Self::OwnOrder => {
                t("请由另一位主管处理；这次尝试已记录。", "Another manager must do it. The attempt was recorded.")
            }
        }
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::WrongState(e) => e.members(),
            Self::OverHeld(e) => e.members(),
            Self::Units { line, left } => vec![("line", json!(line)), ("left", json!(left))],
            Self::OverLine { line, left } => vec![("line", json!(line)), ("left", json!(left))],
            _ => Vec::new(),
        }
    }
}
