//! What people may write: lengths, ranges and forms of everything that is typed, field by field.

use super::batch::Batch;
use super::coupon::{Coupon, Off};
use super::explain::FieldError;
use super::farmer::is_name;
use super::group::GroupBuy;
use super::order::Recipient;
use super::product::Product;
use super::station::Station;
use super::store::Store;
use super::time::{DAY, Date};
use yunlong_formats::{Explain as _, Mobile, Uscc};
use yunlong_sdk::{Text, t};

/// The highest price, in fen: a hundred thousand yuan.
pub const HIGHEST_PRICE: u64 = 10_000_000;
/// The largest stock of a variant.
pub const MOST_STOCK: i64 = 1_000_000;

/// Gathers what is wrong.
#[derive(Debug, Default)]
pub struct Check {
    wrong: Vec<FieldError>,
}

impl Check {
    /// Notes a field when a condition does not hold.
    pub fn that(&mut self, holds: bool, at: impl Into<String>, text: Text) {
        if !holds {
            self.wrong.push(FieldError::new(at, text));
        }
    }

    /// A text in both languages of 1 to `max` characters.
    pub fn both(&mut self, text: &Text, max: usize, at: &str) {
        for (of, lang) in [(&text.zh, "zh"), (&text.en, "en")] {
            self.text(of, 1..=max, format!("{at}/{lang}"));
        }
    }

    /// A text of so many characters, without control characters but line breaks.
    pub fn text(&mut self, text: &str, length: std::ops::RangeInclusive<usize>, at: impl Into<String>) {
        let n = text.trim().chars().count();
        let plain = !text.chars().any(|c| c.is_control() && c != '\n' && c != '\r');
        let say = Text::new(
            format!("长度须为 {} 至 {} 个字", length.start(), length.end()),
            format!("{} to {} characters", length.start(), length.end()),
        );
        self.that(plain && length.contains(&n), at, say);
    }

    /// A unified social credit code.
    pub fn uscc(&mut self, code: &str, at: &str) {
        if let Err(e) = Uscc::parse(code) {
            self.wrong.push(FieldError::new(at, Text::new(e.zh(), e.en())));
        }
    }

    /// A mobile number, or none.
    pub fn phone(&mut self, phone: &str, at: &str) {
        if !phone.trim().is_empty()
            && let Err(e) = Mobile::parse(phone)
        {
            self.wrong.push(FieldError::new(at, Text::new(e.zh(), e.en())));
        }
    }

    /// What was found.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn end(self) -> Result<(), Vec<FieldError>> {
        if self.wrong.is_empty() { Ok(()) } else { Err(self.wrong) }
    }
}

fn is_slug(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a store can be written.
///
/// # Errors
/// Every field that is wrong; so with all functions here.
pub fn store(s: &Store) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.both(&s.name, 40, "/name");
    c.both(&s.intro, 1_000, "/intro");
    c.text(&s.address, 1..=100, "/address");
    c.end()
}

/// Whether a product can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn product(p: &Product) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.both(&p.title, 60, "/title");
    c.both(&p.description, 4_000, "/description");
    c.that((1..=20).contains(&p.skus.len()), "/skus", t("须有 1 至 20 个规格", "1 to 20 variants"));
    for (i, s) in p.skus.iter().enumerate() {
        let at = |f: &str| format!("/skus/{i}/{f}");
        let slug = t("由小写字母、数字和连字符组成，最长 20 个字符", "Small letters, digits and hyphens, at most 20");
        c.that(is_slug(&s.id, 20), at("id"), slug);
        let twice = p.skus.iter().take(i).any(|o| o.id == s.id);
        c.that(!twice, at("id"), t("规格代码重复", "This code stands twice"));
        c.both(&s.name, 40, &at("name"));
        let price = t("价格为 0.01 至 100000 元", "A price is 0.01 to 100,000 yuan");
        c.that((1..=HIGHEST_PRICE).contains(&s.price), at("price"), price);
        let grams = t("重量为 1 克至 1000 千克", "The weight is 1 g to 1,000 kg");
        c.that((1..=1_000_000).contains(&s.grams), at("grams"), grams);
        c.that((1..=20).contains(&s.parcels), at("parcels"), t("包裹数为 1 至 20", "1 to 20 parcels"));
    }
    c.that(p.licences.len() <= 10, "/licences", t("最多 10 项许可", "At most 10 licences"));
    for (i, l) in p.licences.iter().enumerate() {
        let slug = t("许可种类不正确", "No such kind of licence");
        c.that(is_slug(&l.kind, 40), format!("/licences/{i}/kind"), slug);
        c.text(&l.number, 4..=40, format!("/licences/{i}/number"));
    }
    c.end()
}

/// Whether a batch can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn batch(b: &Batch, today: Date) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.both(&b.goods, 60, "/goods");
    let future = t("采收日期不能晚于今天", "The harvest is not after today");
    c.that(b.harvest <= today, "/harvest", future);
    c.that(b.harvest >= today.plus(-3 * 366), "/harvest", t("采收日期过早", "The harvest is too long ago"));
    let turned = t("保质期不能早于采收日期", "The last day is not before the harvest");
    c.that(b.best_before.is_none_or(|d| d >= b.harvest), "/best_before", turned);
    let amount = t("重量为 1 至 1000000 千克", "1 to 1,000,000 kg");
    c.that((1..=1_000_000).contains(&b.kilograms), "/kilograms", amount);
    c.end()
}

/// Whether a group buy can be opened for a variant of this price.
///
/// # Errors
/// Every field that is wrong.
pub fn group(g: &GroupBuy, single: u64, now: i64) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    let price = t("拼团价须高于 0 并低于单买价", "The price is above 0 and below the single price");
    c.that(g.price > 0 && g.price < single, "/price", price);
    c.that((2..=10_000).contains(&g.minimum), "/minimum", t("成团人数为 2 至 10000", "2 to 10,000 people"));
    let days = t("截止时间须在今后 30 天内", "The deadline lies within the next 30 days");
    c.that(g.deadline > now && g.deadline <= now + 30 * DAY, "/deadline", days);
    c.end()
}

/// Whether a coupon can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn coupon(k: &Coupon) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    let code = (4..=20).contains(&k.id.len()) && k.id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    c.that(code, "/id", t("券码为 4 至 20 位大写字母或数字", "4 to 20 capitals or digits"));
    c.both(&k.title, 40, "/title");
    let worth = match k.off {
        Off::Amount { fen } => (1..=HIGHEST_PRICE).contains(&fen) && (k.from_amount == 0 || fen <= k.from_amount),
        Off::Rate { bps } => (1..=9_000).contains(&bps),
    };
    let say = t(
        "减免金额不超过使用门槛，折扣不超过九成",
        "The amount is not over the least order, a rate not over nine tenths",
    );
    c.that(worth, "/off", say);
    c.that(k.from_amount <= HIGHEST_PRICE, "/from_amount", t("门槛过高", "The least order is too large"));
    c.that(k.from <= k.until, "/until", t("结束日期不早于开始日期", "The last day is not before the first"));
    c.that((1..=1_000_000).contains(&k.uses), "/uses", t("数量为 1 至 1000000", "1 to 1,000,000 uses"));
    c.end()
}

/// Whether a station can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn station(s: &Station) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.both(&s.name, 40, "/name");
    c.text(&s.address, 1..=100, "/address");
    c.text(&s.keeper, 1..=100, "/keeper");
    c.that(!s.services.is_empty(), "/services", t("请至少选择一项服务", "Choose at least one service"));
    c.uscc(&s.payee, "/payee");
    c.end()
}

/// Whether goods can be sent there. A person without a telephone has none.
///
/// # Errors
/// Every field that is wrong.
pub fn recipient(r: &Recipient, phone_needed: bool) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    let name = t("请填写收货人姓名，最多 50 个字", "Enter the receiver's name, at most 50 characters");
    c.that(is_name(r.name.trim()), "/recipient/name", name);
    c.text(&r.address, 1..=120, "/recipient/address");
    c.phone(&r.phone, "/recipient/phone");
    let needed = t("请填写手机号码", "Enter the mobile number");
    c.that(!phone_needed || !r.phone.trim().is_empty(), "/recipient/phone", needed);
    c.end()
}
