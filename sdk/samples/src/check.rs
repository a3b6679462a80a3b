//! Numbers with their check digits.

use yunlong_formats::{Date, ResidentId, Uscc};

/// A resident's number of an area, a date of birth and an order number (odd for men, even for women).
///
/// `None` when they make no number.
#[must_use]
pub fn resident_id(area: &str, birth: Date, order: u16) -> Option<ResidentId> {
    // GB 11643: weights and characters of ISO 7064 MOD 11-2.
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("{area}{:04}{:02}{:02}{order:03}", birth.year(), birth.month(), birth.day());
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(c, w)| u32::from(c.wrapping_sub(b'0')) * w).sum();
    let check = char::from(b"10X98765432"[(sum % 11) as usize]);
    ResidentId::parse(&format!("{body}{check}")).ok()
}

/// The characters of a unified social credit code.
pub(crate) const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// A unified social credit code of a head (two characters: who registered it, and what it is), a division of
/// six digits, and eight characters of an organization code.
///
/// `None` when they make no code.
#[must_use]
pub fn uscc(head: &str, area: &str, body: &str) -> Option<Uscc> {
    // GB 11714 inside, GB 32100 around it.
    const INNER: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let digit = |c: u8| u32::from(if c.is_ascii_digit() { c - b'0' } else { c.wrapping_sub(b'A').wrapping_add(10) });
    let sum: u32 = body.bytes().zip(INNER).map(|(c, w)| digit(c) * w).sum();
    let inner = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        n => char::from_digit(n, 10)?,
    };
    let code = format!("{head}{area}{body}{inner}");
    let mut weight = 1;
    let mut sum = 0;
    for c in code.bytes() {
        sum += ALPHABET.iter().position(|a| *a == c)? as u32 * weight;
        weight = weight * 3 % 31;
    }
    let check = char::from(ALPHABET[((31 - sum % 31) % 31) as usize]);
    Uscc::parse(&format!("{code}{check}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_the_vectors() {
        let born = Date::new(1990, 1, 1).unwrap();
        for (area, order, want) in [
            ("320302", 999, "320302199001019999"),
            ("320321", 998, "32032119900101998X"),
            ("320323", 999, "320323199001019990"),
        ] {
            assert_eq!(resident_id(area, born, order).unwrap().as_str(), want);
        }
        for (head, area, body, want) in [
            ("91", "320300", "MA000TX1", "91320300MA000TX14G"),
            ("92", "320324", "MA000TX2", "92320324MA000TX221"),
            ("11", "320300", "MB000TX4", "11320300MB000TX42P"),
            ("91", "320300", "MA000TX9", "91320300MA000TX9X6"),
        ] {
            assert_eq!(uscc(head, area, body).unwrap().as_str(), want);
        }
        assert!(uscc("91", "320300", "MA0I0TX1").is_none());
    }
}
