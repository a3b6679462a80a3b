//! What people type into forms, read exactly: yuan as fen, tonnes as kilograms, days as instants.

use crate::domain::time::{DAY, Date};
use crate::domain::warehouse::Unit;
use crate::service::Refusal;
use crate::service::fields::FieldError;
use yunlong_sdk::{Form, Text, t};

/// Reads the fields of a form, and gathers what cannot be read.
pub(super) struct Read<'a> {
    form: &'a Form,
    wrong: Vec<FieldError>,
}

impl<'a> Read<'a> {
    pub(super) fn of(form: &'a Form) -> Self {
        Self { form, wrong: Vec::new() }
    }

    /// A text as it was typed: the service checks it.
    pub(super) fn text(&self, name: &str) -> String {
        self.form.value(name).to_owned()
    }

    /// A text that may be left out.
    pub(super) fn optional(&self, name: &str) -> Option<String> {
        Some(self.form.value(name).trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The lines or words of a field, or the boxes that are ticked.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let typed = self.form.values(name).flat_map(|v| v.split([',', '，', '、', ';', '；', ' ', '\n', '\r', '\t']));
        typed.map(str::trim).filter(|w| !w.is_empty()).map(ToOwned::to_owned).collect()
    }

    pub(super) fn wrong(&mut self, name: &str, text: Text) {
        self.wrong.push(FieldError::new(format!("/{name}"), text));
    }

    fn parse<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, why: Text) -> Option<T> {
        let read = parse(self.form.value(name).trim());
        if read.is_none() {
            self.wrong(name, why);
        }
        read
    }

    /// Yuan with at most two places, as fen.
    pub(super) fn fen(&mut self, name: &str) -> u64 {
        let why = t(
            "请填写金额（元），最多两位小数，如 700000.00",
            "Enter an amount in yuan with at most two places, such as 700000.00",
        );
        self.parse(name, |v| decimal(v, 2), why).unwrap_or(0)
    }

    /// A whole number.
    pub(super) fn number<N: std::str::FromStr + Default>(&mut self, name: &str) -> N {
        self.parse(name, |v| v.parse().ok(), t("请填写整数", "Enter a whole number")).unwrap_or_default()
    }

    /// A quantity in the unit of the goods, or with a unit behind it.
    pub(super) fn quantity(&mut self, name: &str, unit: Unit) -> u64 {
        self.parse(name, |v| amount_of(v, unit), wrong_quantity(unit)).unwrap_or(0)
    }

    /// Several quantities.
    pub(super) fn quantities(&mut self, name: &str, unit: Unit) -> Vec<u64> {
        let lines = self.form.value(name).lines().flat_map(|l| l.split([';', '；'])).map(str::trim);
        let lines: Vec<&str> = lines.filter(|l| !l.is_empty()).collect();
        let read: Option<Vec<u64>> = lines.into_iter().map(|l| amount_of(l, unit)).collect();
        read.unwrap_or_else(|| {
            self.wrong(name, wrong_quantity(unit));
            Vec::new()
        })
    }

    /// A day, as the last instant of it in Shanghai.
    pub(super) fn end_of_day(&mut self, name: &str) -> i64 {
        let day: Option<Date> = self.parse(name, |v| v.parse().ok(), t("请填写日期", "Enter a day"));
        day.map_or(0, |d| d.start() + DAY - 1)
    }

    /// One of the words that are offered.
    pub(super) fn choice<T: Default>(&mut self, name: &str, of: impl Fn(&str) -> Option<T>) -> T {
        self.parse(name, of, t("请选择列出的一项", "Choose one of those listed")).unwrap_or_default()
    }

    /// # Errors
    /// Everything that could not be read.
    pub(super) fn done(self) -> Result<(), Refusal> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Refusal::Fields(self.wrong)) }
    }
}

fn wrong_quantity(unit: Unit) -> Text {
    match unit {
        Unit::Kilogram => t(
            "请填写数量，如 600 吨或 600000 千克；最小单位为 1 千克",
            "Enter a quantity such as 600 t or 600000 kg, in whole kilograms",
        ),
        Unit::Litre => t(
            "请填写数量，如 50 立方米或 50000 升；最小单位为 1 升",
            "Enter a quantity such as 50 m³ or 50000 l, in whole litres",
        ),
        Unit::Piece => t("请填写件数", "Enter how many pieces"),
    }
}

/// What to type for a quantity.
pub(super) fn quantity_hint(unit: Unit) -> Text {
    match unit {
        Unit::Kilogram => t(
            "可写“600 吨”或“600000 千克”；只写数字时按吨计",
            "Such as “600 t” or “600000 kg”; a number alone is in tonnes",
        ),
        Unit::Litre => t(
            "可写“50 立方米”或“50000 升”；只写数字时按立方米计",
            "Such as “50 m³” or “50000 l”; a number alone is in cubic metres",
        ),
        Unit::Piece => t("件数", "Pieces"),
    }
}

/// A quantity in the smallest unit: `600 吨`, `0.05 t`, `50000 千克`, `12`. A number alone is in the large unit.
fn amount_of(text: &str, unit: Unit) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, word) = (text[..split].replace(',', ""), text[split..].trim().to_lowercase());
    let places = match (unit, word.as_str()) {
        (Unit::Kilogram, "" | "吨" | "t") | (Unit::Litre, "" | "立方米" | "方" | "m3" | "m³") => 3,
        (Unit::Kilogram, "千克" | "公斤" | "kg") | (Unit::Litre, "升" | "l") | (Unit::Piece, "" | "件" | "pieces") => {
            0
        }
        _ => return None,
    };
    decimal(&number, places)
}

/// A decimal number as units of its last place; `None` when it has more places, or is none.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let text: String = text.chars().filter(|c| *c != ',' && *c != '¥').collect();
    let (whole, part) = text.split_once('.').unwrap_or((text.as_str(), ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || part.len() > places
        || !digits(whole)
        || !digits(part)
        || (text.contains('.') && part.is_empty())
    {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

/// A quantity as its form shows it first: in the large unit, to be typed over.
pub(super) fn typed(n: u64, unit: Unit) -> String {
    if unit.priced_by() == 1 {
        return n.to_string();
    }
    let places = format!(".{:03}", n % 1_000);
    format!("{}{}", n / 1_000, places.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_become_fen_exactly_and_a_third_place_is_refused() {
        for (text, fen) in [
            ("700000.01", Some(70_000_001)),
            ("1,080", Some(108_000)),
            ("0.1", Some(10)),
            ("¥5.00", Some(500)),
            ("5.", None),
            (".5", None),
            ("1.005", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(decimal(text, 2), fen, "{text}");
        }
    }

    #[test]
    fn tonnes_and_kilograms_are_told_apart() {
        let kg = |text: &str| amount_of(text, Unit::Kilogram);
        assert_eq!(
            [kg("600 吨"), kg("600t"), kg("600"), kg("0.05"), kg("1,000 kg"), kg("50千克")],
            [Some(600_000), Some(600_000), Some(600_000), Some(50), Some(1_000), Some(50)]
        );
        assert_eq!([kg("1.5 kg"), kg("6 件"), kg("吨"), kg("0.0001")], [None; 4]);
        assert_eq!(
            (amount_of("12", Unit::Piece), amount_of("1.5", Unit::Piece), amount_of("2 m³", Unit::Litre)),
            (Some(12), None, Some(2_000))
        );
        for n in [0, 1, 50, 600_000, 1_234_567] {
            assert_eq!(kg(&typed(n, Unit::Kilogram)), Some(n));
        }
    }

    #[test]
    fn all_that_cannot_be_read_is_told_at_once() {
        let form = Form::new()
            .with("principal", "x")
            .with("quantity", "1.5 kg")
            .with("day", "2026-02-30")
            .with("receipts", "WR1, WR2\nWR3");
        let mut read = Read::of(&form);
        let _ = (read.fen("principal"), read.quantity("quantity", Unit::Kilogram), read.end_of_day("day"));
        assert_eq!(read.words("receipts"), ["WR1", "WR2", "WR3"]);
        let Err(Refusal::Fields(wrong)) = read.done() else { panic!("nothing was wrong") };
        assert_eq!(wrong.iter().map(|w| w.pointer.as_str()).collect::<Vec<_>>(), ["/principal", "/quantity", "/day"]);
    }
}
