//! What a department may write into its catalogue.

use super::catalogue::{Attraction, Component, Concession, DayPlan, Gate, PlaceKind, Product, ProductKind, Session};
use super::refund::RefundTier;
use super::slot::{self, Day};
use super::time::Date;
use super::visitor::FieldError;
use std::collections::BTreeSet;
use yunlong_formats::{DivisionCode, Uscc};
use yunlong_sdk::{Text, t};

/// The most people of one slot or day.
const MOST_PEOPLE: u32 = 1_000_000;
/// The highest price: 100,000 yuan.
const HIGHEST_PRICE: u64 = 10_000_000;

/// The longest stay, in minutes: a gate reads a counter for each ten of them.
const LONGEST_STAY: u32 = 720;

/// Collects what is wrong.
#[derive(Default)]
struct Check(Vec<FieldError>);

impl Check {
    fn that(&mut self, holds: bool, at: impl Into<String>, why: Text) {
        if !holds {
            self.0.push(FieldError::new(at, why));
        }
    }

    fn text(&mut self, text: &Text, max: usize, at: &str) {
        for (lang, value) in [("zh", &text.zh), ("en", &text.en)] {
            let n = value.trim().chars().count();
            self.that(
                (1..=max).contains(&n) && !value.chars().any(char::is_control),
                format!("{at}/{lang}"),
                Text::new(format!("请填写，最多 {max} 个字"), format!("Fill this in, at most {max} characters")),
            );
        }
    }

    fn sessions(&mut self, sessions: &[Session], at: &str) {
        self.that((1..=24).contains(&sessions.len()), at, t("请填写 1 至 24 个时段", "Enter 1 to 24 sessions"));
        let starts: BTreeSet<_> = sessions.iter().map(|s| s.start).collect();
        let twice = t("有两个时段的开始时间相同", "Two sessions begin at the same time");
        self.that(starts.len() == sessions.len(), at, twice);
        for (i, s) in sessions.iter().enumerate() {
            self.that(s.cap <= MOST_PEOPLE, format!("{at}/{i}/cap"), t("人数太大", "Too many people"));
        }
    }

    fn cap(&mut self, cap: u32, at: &str) {
        self.that(cap <= MOST_PEOPLE, at, t("人数太大", "Too many people"));
    }

    fn end(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Whether a text can be an id: lower-case letters, digits and hyphens, at most 40.
fn is_slug(id: &str) -> bool {
    (1..=40).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !id.starts_with('-')
}

fn bad_slug() -> Text {
    t("编号由小写字母、数字和连字符组成，最长 40 个", "An id has lower-case letters, digits and hyphens, at most 40")
}

/// Whether an attraction can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn check_attraction(a: &Attraction) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.that(is_slug(&a.id), "/id", bad_slug());
    c.text(&a.name, 60, "/name");
    c.text(&a.about, 300, "/about");
    c.text(&a.address, 120, "/address");
    c.text(&a.operator_name, 80, "/operator_name");
    let district = t("行政区划代码有误（GB/T 2260）", "Not a division's code (GB/T 2260)");
    c.that(a.district.parse::<DivisionCode>().is_ok(), "/district", district);
    let operator = t("统一社会信用代码有误（GB 32100）", "Not a unified social credit code (GB 32100)");
    c.that(a.operator.parse::<Uscc>().is_ok(), "/operator", operator);
    c.sessions(&a.sessions, "/sessions");
    let weekdays: BTreeSet<_> = a.closed_weekdays.iter().collect();
    c.that(
        weekdays.len() == a.closed_weekdays.len() && a.closed_weekdays.iter().all(|d| (1..=7).contains(d)),
        "/closed_weekdays",
        t("星期用 1（周一）至 7（周日）表示，不重复", "Weekdays are 1 for Monday to 7 for Sunday, each once"),
    );
    c.cap(a.daily_cap, "/daily_cap");
    let few = t("至少 1 人；不限制请留空", "At least 1; leave it empty for no bound");
    c.that(a.instant_cap != Some(0), "/instant_cap", few);
    c.cap(a.instant_cap.unwrap_or(0), "/instant_cap");
    let stay = t("停留时间为 10 至 720 分钟", "A stay is 10 to 720 minutes");
    c.that((10..=LONGEST_STAY).contains(&a.stay_minutes), "/stay_minutes", stay);
    gates(&mut c, &a.gates);
    c.end()
}

fn gates(c: &mut Check, gates: &[Gate]) {
    c.that(gates.len() <= 50, "/gates", t("最多 50 个检票口", "At most 50 gates"));
    let names: BTreeSet<_> = gates.iter().map(|g| &g.name).collect();
    c.that(names.len() == gates.len(), "/gates", t("有两个检票口同名", "Two gates have the same name"));
    for (i, g) in gates.iter().enumerate() {
        let named = (1..=40).contains(&g.name.chars().count()) && g.name.trim() == g.name;
        let name = t("检票口名称为 1 至 40 个字", "A gate's name has 1 to 40 characters");
        c.that(named && !g.name.chars().any(char::is_control), format!("/gates/{i}/name"), name);
        let many = t("最多 100 位检票员，工号不为空", "At most 100 officers, none of them empty");
        let known = g.officers.iter().all(|o| (1..=100).contains(&o.len()));
        c.that(g.officers.len() <= 100 && known, format!("/gates/{i}/officers"), many);
    }
}

/// Whether a day's plan can be written.
///
/// # Errors
/// Every field that is wrong.
pub fn check_plan(plan: &DayPlan) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    if let Some(reason) = &plan.reason {
        c.text(reason, 100, "/reason");
    }
    if let Some(sessions) = &plan.sessions {
        c.sessions(sessions, "/sessions");
    }
    c.cap(plan.daily_cap.unwrap_or(0), "/daily_cap");
    c.end()
}

/// Whether a product can be written, over these places.
///
/// # Errors
/// Every field that is wrong.
pub fn check_product(p: &Product, places: &[Attraction]) -> Result<(), Vec<FieldError>> {
    let mut c = Check::default();
    c.that(is_slug(&p.id), "/id", bad_slug());
    c.text(&p.name, 60, "/name");
    components(&mut c, p, places);
    let dear = t("价格最高 100000 元", "A price is at most 100,000 yuan");
    c.that(p.price <= HIGHEST_PRICE, "/price", dear);
    tiers(&mut c, &p.refund_tiers);
    let order = |from: Option<Date>, until: Option<Date>| from.zip(until).is_none_or(|(f, u)| f <= u);
    let turned = || t("结束日期不早于开始日期", "The last day is not before the first");
    c.that(order(p.validity.sale_from, p.validity.sale_until), "/validity/sale_until", turned());
    c.that(order(p.validity.visit_from, p.validity.visit_until), "/validity/visit_until", turned());
    concessions(&mut c, &p.concessions);
    c.end()
}

fn components(c: &mut Check, p: &Product, places: &[Attraction]) {
    let place = |k: &Component| places.iter().find(|a| a.id == k.attraction);
    let fits = match p.kind {
        ProductKind::Single => p.components.len() == 1,
        ProductKind::Joint | ProductKind::Package => (2..=8).contains(&p.components.len()),
    };
    let number = t("单票含一处，联票和套票含 2 至 8 处", "A single ticket has one place, others have 2 to 8");
    c.that(fits, "/components", number);
    for (i, k) in p.components.iter().enumerate() {
        let unknown = t("没有这个景区或班线", "There is no such attraction or coach line");
        c.that(place(k).is_some(), format!("/components/{i}/attraction"), unknown);
        let twice = t("同一处不能出现两次", "A place stands only once");
        let before = p.components.iter().take(i).any(|o| o.attraction == k.attraction);
        c.that(!before, format!("/components/{i}/attraction"), twice);
        let weight = t("权重为 1 至 1000000 的整数", "A weight is a whole number from 1 to 1,000,000");
        c.that((1..=1_000_000).contains(&k.weight), format!("/components/{i}/weight"), weight);
    }
    let coach = p.components.iter().filter_map(place).any(|a| a.kind == PlaceKind::Coach);
    let needs = t("套票须含一条旅游班线", "A package has a coach line");
    c.that(p.kind != ProductKind::Package || coach, "/components", needs);
}

fn tiers(c: &mut Check, tiers: &[RefundTier]) {
    c.that(tiers.len() <= 6, "/refund_tiers", t("最多 6 档", "At most 6 tiers"));
    for (i, t_) in tiers.iter().enumerate() {
        let percent = t("比例为 0 至 100", "A rate is 0 to 100 per cent");
        c.that(t_.percent <= 100, format!("/refund_tiers/{i}/percent"), percent);
        let far = t("最长 90 天", "At most 90 days");
        c.that(t_.before_minutes <= 129_600, format!("/refund_tiers/{i}/before_minutes"), far);
    }
}

fn concessions(c: &mut Check, concessions: &[Concession]) {
    c.that(concessions.len() <= 8, "/concessions", t("最多 8 种优惠", "At most 8 concessions"));
    for (i, k) in concessions.iter().enumerate() {
        c.that(is_slug(&k.code), format!("/concessions/{i}/code"), bad_slug());
        c.text(&k.title, 60, &format!("/concessions/{i}/title"));
        let percent = t("比例为 0 至 100", "A rate is 0 to 100 per cent");
        c.that(k.percent <= 100, format!("/concessions/{i}/percent"), percent);
        let ages = t("年龄为 0 至 150，上限大于下限", "Ages are 0 to 150, the upper above the lower");
        let upper = k.below_age.unwrap_or(151);
        c.that(
            (0..=150).contains(&k.min_age) && (k.min_age + 1..=151).contains(&upper),
            format!("/concessions/{i}/min_age"),
            ages,
        );
    }
}

/// Whether a change of a day leaves a slot out that was there before and is not over.
#[must_use]
pub fn drops_slots(before: &Day, after: &Day, now: i64) -> bool {
    before.slots().iter().any(|s| s.ends_at > now && after.slot(s.id.start).is_none())
}

/// Whether a change of the timetable leaves slots out on ordinary days.
#[must_use]
pub fn drops_sessions(before: &Attraction, after: &Attraction) -> bool {
    let listed = |a: &Attraction| Attraction { active: true, ..a.clone() };
    let (before, after) = (listed(before), listed(after));
    // A week from any day has every weekday.
    let week = (0..7).map(|n| Date::at(0).plus(n));
    week.into_iter().any(|d| drops_slots(&slot::day(&before, None, d), &slot::day(&after, None, d), i64::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sample;

    fn wrong(a: &Attraction) -> Vec<String> {
        check_attraction(a).unwrap_err().into_iter().map(|e| e.pointer).collect()
    }

    #[test]
    fn the_sample_may_be_written() {
        let c = sample::catalogue().unwrap();
        c.attractions.iter().for_each(|a| check_attraction(a).unwrap());
        c.products.iter().for_each(|p| check_product(p, &c.attractions).unwrap());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut a = sample::attraction("guishan");
        a.id = "Guishan".into();
        a.name.en = " ".into();
        a.operator = "1".into();
        a.district = "99".into();
        a.sessions[1].start = a.sessions[0].start;
        a.closed_weekdays = vec![1, 1];
        assert_eq!(wrong(&a), ["/id", "/name/en", "/district", "/operator", "/sessions", "/closed_weekdays"]);
    }

    #[test]
    fn a_package_has_a_coach_and_a_single_ticket_one_place() {
        let places = sample::catalogue().unwrap().attractions;
        let mut p = sample::product("lianghan-joint");
        p.kind = ProductKind::Package;
        assert_eq!(check_product(&p, &places).unwrap_err()[0].pointer, "/components");
        p.kind = ProductKind::Single;
        assert_eq!(check_product(&p, &places).unwrap_err()[0].pointer, "/components");
        p.kind = ProductKind::Joint;
        p.components[1].attraction = "atlantis".into();
        assert_eq!(check_product(&p, &places).unwrap_err()[0].pointer, "/components/1/attraction");
    }

    #[test]
    fn a_closed_weekday_and_a_missing_session_drop_slots_and_a_lower_cap_does_not() {
        let a = sample::attraction("guishan");
        let closed = Attraction { closed_weekdays: vec![2], ..a.clone() };
        let shorter = Attraction { sessions: a.sessions[1..].to_vec(), ..a.clone() };
        let lower = Attraction { daily_cap: 1, ..a.clone() };
        assert!(drops_sessions(&a, &closed) && drops_sessions(&a, &shorter));
        assert!(!drops_sessions(&a, &lower) && !drops_sessions(&closed, &a));
    }
}
