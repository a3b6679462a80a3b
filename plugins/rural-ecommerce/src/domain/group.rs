//! Group buys: a lower price once enough people have paid before the deadline.

use super::explain::Explain;
use super::machine::machine;
use serde::{Deserialize, Serialize};
use yunlong_sdk::{Text, t};

machine! {
    of "拼团" "group buy";
    /// Where a group buy stands.
    states State {
        /// People join it.
        Open "open" "进行中" "open" => [Form, Fail];
        /// Enough have paid.
        Formed "formed" "已成团" "formed" => [];
        /// The deadline came first: everybody's money goes back.
        Failed "failed" "未成团" "failed" => [];
    }
    /// What can happen to it.
    steps Step {
        /// Enough have paid.
        Form "form" "成团" "form";
        /// The deadline is over.
        Fail "fail" "截止" "fail";
    }
}

/// A group buy of one variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupBuy {
    /// Ten characters.
    pub id: String,
    /// The listing.
    pub listing: String,
    /// The store.
    pub store: String,
    /// The variant.
    pub sku: String,
    /// The product's name.
    pub title: Text,
    /// Fen for one unit.
    pub price: u64,
    /// So many people must have paid.
    pub minimum: u32,
    /// Payments count before this instant: milliseconds of UTC.
    pub deadline: i64,
    /// Where it stands.
    pub state: State,
    /// People who have paid in time, and have not given up.
    pub paid: u32,
    /// Milliseconds of UTC.
    pub created_at: i64,
}

/// Why somebody cannot join, or an order cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// It is over.
    #[error("the group buy is over")]
    Over,
    /// The person is in it already.
    #[error("joined already")]
    JoinedAlready,
    /// The goods are not those of the group buy.
    #[error("a group buy is of one line of its own goods")]
    OtherGoods,
    /// It has not formed yet, so nothing is sent.
    #[error("the group buy is open")]
    StillOpen {
        /// People who have paid.
        paid: u32,
        /// People who must.
        minimum: u32,
    },
}

impl Explain for GroupError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Over => "group-over",
            Self::JoinedAlready => "group-joined",
            Self::OtherGoods => "group-other-goods",
            Self::StillOpen { .. } => "group-open",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::Over => t("拼团已结束", "The group buy is over"),
            Self::JoinedAlready => t("您已参加这个拼团", "You are in this group already"),
            Self::OtherGoods => t("拼团只能购买一种指定商品", "A group buy is of its own goods alone"),
            Self::StillOpen { .. } => t("拼团尚未成团", "The group has not formed yet"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::Over => {
                t("请选择其他拼团，或按原价购买。", "Choose another group buy, or buy at the ordinary price.")
            }
            Self::JoinedAlready => t(
                "每人在一个拼团中限下一单；可在“我的订单”中查看。",
                "One order a person; it stands under your orders.",
            ),
            Self::OtherGoods => t(
                "请只购买拼团的商品，不与其他商品合并下单，也不使用优惠券。",
                "Order the group's goods alone, without others and without a coupon.",
            ),
            Self::StillOpen { paid, minimum } => Text::new(
                format!("已付款 {paid} 人，需要 {minimum} 人。成团后才能接单发货。"),
                format!("{paid} of {minimum} people have paid. Accept the order once the group has formed."),
            ),
        }
    }
}

impl GroupBuy {
    /// Whether somebody may join now.
    ///
    /// # Errors
    /// [`GroupError::Over`].
    pub fn joinable(&self, now: i64) -> Result<(), GroupError> {
        if self.state == State::Failed || now >= self.deadline { Err(GroupError::Over) } else { Ok(()) }
    }

    /// Somebody's money was taken at `captured_at`. Before the deadline they are in, and with enough
    /// of them the group forms; answers whether they are in.
    pub fn pay(&mut self, captured_at: i64) -> bool {
        if self.state == State::Failed || captured_at >= self.deadline {
            return false;
        }
        self.paid += 1;
        if self.state == State::Open && self.paid >= self.minimum {
            self.state = State::Formed;
        }
        true
    }

    /// Somebody who had paid gives up. A group that has formed stays formed.
    pub fn leave(&mut self) {
        self.paid = self.paid.saturating_sub(1);
    }

    /// The deadline, and the time that payments' outcomes need, is over. Answers whether it failed now.
    pub fn end(&mut self) -> bool {
        let fails = self.state == State::Open;
        if fails {
            self.state = State::Failed;
        }
        fails
    }

    /// Whether its orders can be accepted.
    ///
    /// # Errors
    /// [`GroupError`].
    pub fn ready(&self) -> Result<(), GroupError> {
        match self.state {
            State::Formed => Ok(()),
            State::Open => Err(GroupError::StillOpen { paid: self.paid, minimum: self.minimum }),
            State::Failed => Err(GroupError::Over),
        }
    }
}

#[cfg(test)]
pub(crate) fn sample(minimum: u32, deadline: i64) -> GroupBuy {
    GroupBuy {
        id: "g".into(),
        listing: "l".into(),
        store: "s".into(),
        sku: "a".into(),
        title: Text::new("苹果", "apples"),
        price: 900,
        minimum,
        deadline,
        state: State::Open,
        paid: 0,
        created_at: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acceptance line 4.
    #[test]
    fn nineteen_at_the_deadline_fail_and_the_twentieth_in_the_last_millisecond_forms_it() {
        let mut g = sample(20, 1_000);
        assert!((0..19).all(|i| g.pay(i)));
        let mut late = g.clone();
        assert!(!late.pay(1_000), "at the deadline it is too late");
        assert!(late.end() && late.state == State::Failed);
        assert!(!late.end(), "it fails once");
        assert!(g.pay(999));
        assert_eq!((g.state, g.end()), (State::Formed, false));
        assert!(!late.pay(999), "after it failed nobody comes in");
    }
}
