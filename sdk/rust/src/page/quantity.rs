//! Figures: the number that a chart draws, and what people read.

/// A figure of a chart or a map, exact: no binary fraction is in it. Whole numbers are figures by themselves (`12.into()`).
///
/// ```
/// use yunlong_sdk::page::Quantity;
///
/// assert_eq!(Quantity::from(12_345).text(), "12,345");
/// assert_eq!(Quantity::fen(108_000).text(), "¥1,080.00");
/// assert_eq!(Quantity::decimal(9_797, 2).text(), "97.97");
/// assert_eq!(Quantity::unknown("少于 5").number(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    number: Option<Decimal>,
    shown: String,
}

/// `units` tenths, hundredths, … by `scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) units: i128,
    pub(super) scale: u8,
}

/// The most places behind the point: more says nothing to people, and eighteen of them fit beside any `i64`.
const MOST_PLACES: u8 = 18;

impl Quantity {
    /// A number with places behind the point: `decimal(9_797, 2)` is 97.97. At most 18 places.
    #[must_use]
    pub fn decimal(units: i64, scale: u8) -> Self {
        Self::of(Decimal { units: units.into(), scale: scale.min(MOST_PLACES) })
    }

    /// An amount of money in fen: it is drawn in yuan, and read as `¥1,080.00`.
    #[must_use]
    pub fn fen(fen: i64) -> Self {
        let amount = Decimal { units: fen.into(), scale: 2 };
        let sign = if fen < 0 { "-" } else { "" };
        let shown = format!("{sign}¥{}", Decimal { units: amount.units.abs(), ..amount }.grouped());
        Self { number: Some(amount), shown }
    }

    /// What is not known, not told or not counted, in words: `—`, `少于 5`. It is not drawn.
    #[must_use]
    pub fn unknown(shown: impl Into<String>) -> Self {
        Self { number: None, shown: shown.into() }
    }

    /// Says it in other words, such as with a unit.
    #[must_use]
    pub fn shown(mut self, text: impl Into<String>) -> Self {
        self.shown = text.into();
        self
    }

    /// What people read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.shown
    }

    /// The number as programs read it: `-1080.00`. `None` for what is unknown.
    #[must_use]
    pub fn number(&self) -> Option<String> {
        self.number.map(|n| n.plain())
    }

    pub(super) fn value(&self) -> Option<Decimal> {
        self.number
    }

    fn of(number: Decimal) -> Self {
        Self { shown: number.grouped(), number: Some(number) }
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),*) => { $(
        impl From<$kind> for Quantity {
            fn from(count: $kind) -> Self {
                Self::of(Decimal { units: i128::from(count), scale: 0 })
            }
        }
    )* };
}

whole_numbers!(i32, u32, i64, u64);

impl From<usize> for Quantity {
    fn from(count: usize) -> Self {
        Self::from(count as u64)
    }
}

impl Decimal {
    /// The same number in units of a finer scale.
    pub(super) fn at(self, scale: u8) -> i128 {
        self.units.saturating_mul(10_i128.saturating_pow(u32::from(scale.saturating_sub(self.scale))))
    }

    pub(super) fn plain(self) -> String {
        let (sign, whole, places) = self.parts();
        format!("{sign}{whole}{places}")
    }

    pub(super) fn grouped(self) -> String {
        let (sign, whole, places) = self.parts();
        format!("{sign}{}{places}", thousands(&whole))
    }

    fn parts(self) -> (&'static str, String, String) {
        let one = 10_u128.pow(self.scale.into());
        let (sign, units) = (if self.units < 0 { "-" } else { "" }, self.units.unsigned_abs());
        let width = usize::from(self.scale);
        let places = if width == 0 { String::new() } else { format!(".{:0width$}", units % one) };
        (sign, (units / one).to_string(), places)
    }
}

/// Digits in groups of three.
pub(super) fn thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_read_as_people_write_them() {
        for (quantity, number, text) in [
            (Quantity::from(0), "0", "0"),
            (Quantity::from(-1_234_567_i64), "-1234567", "-1,234,567"),
            (Quantity::from(u64::MAX), "18446744073709551615", "18,446,744,073,709,551,615"),
            (Quantity::decimal(-5, 2), "-0.05", "-0.05"),
            (Quantity::decimal(i64::MIN, 18), "-9.223372036854775808", "-9.223372036854775808"),
            (Quantity::fen(5), "0.05", "¥0.05"),
            (Quantity::fen(-108_000), "-1080.00", "-¥1,080.00"),
        ] {
            assert_eq!((quantity.number().as_deref(), quantity.text()), (Some(number), text));
        }
        assert_eq!(Quantity::decimal(9_801, 2).shown("98.01 %").text(), "98.01 %");
    }

    #[test]
    fn scales_are_compared_by_value() {
        assert_eq!(Decimal { units: 98, scale: 0 }.at(2), Decimal { units: 9_800, scale: 2 }.at(2));
    }
}
