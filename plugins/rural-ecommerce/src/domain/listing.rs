//! Listings: a product on sale, food with the batch that it is of.

use super::batch::Batch;
use super::explain::Explain;
use super::machine::{WrongState, machine};
use super::product::{Category, Product};
use super::time::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yunlong_sdk::{Text, t};

machine! {
    of "商品" "listing";
    /// Where a listing stands.
    states State {
        /// Its seller works on it.
        Draft "draft" "草稿" "a draft" => [Submit];
        /// A manager looks at it.
        Review "review" "审核中" "under review" => [Publish, Return, Recall];
        /// It can be bought.
        OnSale "on-sale" "在售" "on sale" => [Withdraw, Recall, Change];
        /// Its batch is bad. It never comes back.
        Recalled "recalled" "已召回" "recalled" => [];
    }
    /// What can happen to a listing.
    steps Step {
        /// The seller asks for the review.
        Submit "submit" "提交审核" "submit";
        /// The reviewer lets it on sale.
        Publish "publish" "上架" "publish";
        /// The reviewer sends it back.
        Return "return" "退回" "send back";
        /// It goes off sale, and can be submitted again.
        Withdraw "withdraw" "下架" "withdraw";
        /// Its batch is bad.
        Recall "recall" "召回" "recall";
        /// What it sells is no longer what was reviewed.
        Change "change" "修改" "change";
    }
}

/// A product on sale, or on its way there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Ten characters.
    pub id: String,
    /// The product.
    pub product: String,
    /// The store.
    pub store: String,
    /// The product's name, as lists show it.
    pub title: Text,
    /// The product's category.
    pub category: Category,
    /// The lowest price, in fen.
    pub price_from: u64,
    /// The store's village.
    pub village: String,
    /// The batch, for what is traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Where it stands.
    pub state: State,
    /// What the reviewer said, or why it went off sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
    /// The reviewer's subject, once it was reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
    /// Milliseconds of UTC.
    pub created_at: i64,
    /// When it came to stand there: milliseconds of UTC.
    pub changed_at: i64,
}

/// Why a listing cannot be put on sale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// Its state does not allow it.
    #[error(transparent)]
    WrongState(#[from] WrongState<State>),
    /// Food has no batch.
    #[error("food needs a batch")]
    NoBatch,
    /// The batch is not live.
    #[error("the batch {0} is not live")]
    BatchNotLive(String),
    /// The batch is another store's, or of other goods.
    #[error("the batch {0} is another store's")]
    OthersBatch(String),
    /// A licence is missing or has run out.
    #[error("the licence `{0}` is missing or has run out")]
    NoLicence(String),
    /// Who reviews it sells it.
    #[error("a seller does not review their own goods")]
    OwnGoods,
    /// It is not on sale now.
    #[error("the listing is not on sale")]
    NotOnSale(State),
}

impl Explain for ListingError {
    fn kind(&self) -> &'static str {
        match self {
            Self::WrongState(e) => e.kind(),
            Self::NoBatch => "batch-required",
            Self::BatchNotLive(_) => "batch-not-live",
            Self::OthersBatch(_) => "others-batch",
            Self::NoLicence(_) => "licence-required",
            Self::OwnGoods => "own-goods",
            Self::NotOnSale(_) => "not-on-sale",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::WrongState(e) => e.title(),
            Self::NoBatch => t("食品必须登记批次才能上架", "Food is listed with a batch alone"),
            Self::BatchNotLive(_) => t("批次未检测合格或已失效", "The batch has not passed its test, or is over"),
            Self::OthersBatch(_) => t("批次不属于本店", "The batch is another store's"),
            Self::NoLicence(_) => t("缺少经营许可或许可已过期", "A licence is missing or has run out"),
            Self::OwnGoods => t("不能审核自己的商品", "You cannot review your own goods"),
            Self::NotOnSale(_) => t("商品不在售", "Not on sale"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::WrongState(e) => e.detail(),
            Self::NoBatch => t(
                "规则：食品（含生鲜农产品）上架前须登记批次（产地、采收日期），且检测合格。请先登记批次，再提交。",
                "The rule: food, fresh or not, is listed with a registered batch (origin, day of harvest) that passed its test. Register the batch first, then submit.",
            ),
            Self::BatchNotLive(code) => Text::new(
                format!("批次 {code} 须为“检测合格”且在保质期内。请等待检测结果或改用其他批次。"),
                format!(
                    "The batch {code} must have passed its test and be within its days. Wait for the test, or choose another batch."
                ),
            ),
            Self::OthersBatch(code) => Text::new(
                format!("批次 {code} 由其他店铺登记，请选择本店的批次。"),
                format!("The batch {code} was registered by another store. Choose one of your own."),
            ),
            Self::NoLicence(kind) => Text::new(
                format!("此类商品需要有效的许可（{kind}）。请在商品资料中补充许可证编号和有效期。"),
                format!("These goods need a valid licence ({kind}). Add its number and last day to the product."),
            ),
            Self::OwnGoods => t("请由另一位主管审核这件商品。", "Another manager must review this listing."),
            Self::NotOnSale(state) => {
                use super::machine::Machine;
                let name = state.name();
                Text::new(
                    format!("这件商品现为“{}”，不能购买。请从购物车中删除。", name.zh),
                    format!("The listing is {} and cannot be bought. Take it out of the cart.", name.en),
                )
            }
        }
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::WrongState(e) => e.members(),
            Self::BatchNotLive(code) | Self::OthersBatch(code) => vec![("batch", json!(code))],
            Self::NoLicence(kind) => vec![("licence", json!(kind))],
            _ => Vec::new(),
        }
    }
}

/// Whether a product may be on sale on a day, with this batch: the rules of tracing and licences.
///
/// # Errors
/// The rule that it breaks.
pub fn sellable(product: &Product, batch: Option<&Batch>, day: Date) -> Result<(), ListingError> {
    match batch {
        None if product.category.is_food() => return Err(ListingError::NoBatch),
        Some(b) if b.store != product.store => return Err(ListingError::OthersBatch(b.id.clone())),
        Some(b) if !b.is_live(day) => return Err(ListingError::BatchNotLive(b.id.clone())),
        _ => {}
    }
    match product.category.licence() {
        Some(kind) if !product.licences.iter().any(|l| l.kind == kind && day <= l.until) => {
            Err(ListingError::NoLicence(kind.to_owned()))
        }
        _ => Ok(()),
    }
}

impl Listing {
    fn step(&mut self, step: Step, to: State, now: i64) -> Result<(), ListingError> {
        use super::machine::Machine;
        self.state.check(step)?;
        self.state = to;
        self.changed_at = now;
        Ok(())
    }

    /// Asks for the review.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn submit(&mut self, product: &Product, batch: Option<&Batch>, now: i64) -> Result<(), ListingError> {
        use super::machine::Machine;
        self.state.check(Step::Submit)?;
        sellable(product, batch, Date::at(now))?;
        self.reason = None;
        self.title = product.title.clone();
        self.price_from = product.price_from();
        self.step(Step::Submit, State::Review, now)
    }

    /// Puts it on sale.
    ///
    /// # Errors
    /// [`ListingError`], also when the seller reviews their own goods.
    pub fn publish(
        &mut self,
        product: &Product,
        batch: Option<&Batch>,
        (reviewer, seller): (&str, &str),
        now: i64,
    ) -> Result<(), ListingError> {
        use super::machine::Machine;
        self.state.check(Step::Publish)?;
        if reviewer == seller {
            return Err(ListingError::OwnGoods);
        }
        sellable(product, batch, Date::at(now))?;
        self.reviewer = Some(reviewer.to_owned());
        self.step(Step::Publish, State::OnSale, now)
    }

    /// Sends it back to its seller.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn send_back(&mut self, reviewer: &str, reason: Text, now: i64) -> Result<(), ListingError> {
        self.step(Step::Return, State::Draft, now)?;
        self.reviewer = Some(reviewer.to_owned());
        self.reason = Some(reason);
        Ok(())
    }

    /// Follows its product: on sale it has the new price at once, and goes back to the review when anything
    /// else changed. Answers whether it is another.
    pub fn follow(&mut self, before: &Product, product: &Product, now: i64) -> bool {
        let was = self.clone();
        if matches!(self.state, State::OnSale | State::Review) {
            self.title = product.title.clone();
            self.price_from = product.price_from();
        }
        if self.state == State::OnSale && !product.sells_as(before) {
            self.state = State::Review;
            self.changed_at = now;
        }
        *self != was
    }

    /// Takes it off sale.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn withdraw(&mut self, reason: Option<Text>, now: i64) -> Result<(), ListingError> {
        self.step(Step::Withdraw, State::Draft, now)?;
        self.reason = reason;
        Ok(())
    }

    /// Takes it off sale for ever, or a draft back to where nothing can be done with it: its batch is
    /// bad. A repetition does nothing; answers whether it changed.
    pub fn recall(&mut self, reason: Text, now: i64) -> bool {
        let changes = self.state != State::Recalled;
        if changes {
            self.state = State::Recalled;
            self.reason = Some(reason);
            self.changed_at = now;
        }
        changes
    }

    /// Whether it can be bought now.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn buyable(&self, product: &Product, batch: Option<&Batch>, now: i64) -> Result<(), ListingError> {
        if self.state != State::OnSale {
            return Err(ListingError::NotOnSale(self.state));
        }
        sellable(product, batch, Date::at(now))
    }

    /// The key of a variant's stock.
    #[must_use]
    pub fn stock_key(listing: &str, sku: &str) -> String {
        format!("{listing}/{sku}")
    }
}
