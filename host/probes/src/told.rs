//! Words of a vendor, or of an app, in a report that a reviewer reads: short, on one line, and without signs that
//! draw something else on a terminal or turn the reading direction.

use yunlong_model::Text;

/// The first characters of a text.
pub(crate) fn short(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() || turns(c) { ' ' } else { c };
    let mut out: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// [`short`] in both languages.
pub(crate) fn shorten(text: &Text, most: usize) -> Text {
    Text { zh: short(&text.zh, most), en: short(&text.en, most) }
}

/// Whether a sign changes the direction of what follows, or ends such a change (Unicode's bidirectional controls).
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_short_and_draw_nothing() {
        assert_eq!(short("a\u{1b}[2J\nb\u{202e}c", 20), "a [2J b c");
        assert_eq!(short("云龙湖", 2), "云龙…");
        assert_eq!(short("云龙湖", 3), "云龙湖");
    }
}
