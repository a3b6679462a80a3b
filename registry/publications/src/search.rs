//! Finding apps by words. Chinese is written without spaces, so that words are parts of texts: a term is found
//! where it stands, and a longer Chinese one also where most of its pairs of characters do (`旅游门票` finds
//! `旅游景区的门票`).

/// A text as it is compared: half-width, lower case, one space between words.
pub(crate) fn normal(text: &str) -> String {
    let half = |c: char| match c {
        // Full-width forms of ASCII.
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    };
    let text: String = text.chars().map(half).flat_map(char::to_lowercase).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest query, in characters.
const MAX_QUERY: usize = 100;
/// Of a Chinese term's pairs, so many in ten must be found.
const PAIRS_OF_TEN: usize = 6;

/// What somebody looks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms(Vec<String>);

impl Terms {
    pub(crate) fn read(query: &str) -> Self {
        let query: String = query.chars().take(MAX_QUERY).collect();
        Self(normal(&query).split(' ').filter(|t| !t.is_empty()).map(str::to_owned).collect())
    }

    /// How well texts fit; each has a weight. 0: not every term is found.
    pub(crate) fn score(&self, texts: &[(u32, &str)]) -> u32 {
        let mut sum = 1;
        for term in &self.0 {
            let best = texts.iter().map(|(weight, text)| weight * fit(term, text)).max().unwrap_or(0);
            if best == 0 {
                return 0;
            }
            sum += best;
        }
        sum
    }
}

/// 4: the text is the term; 3: it begins with it; 2: it holds it; 1: it holds most of its pairs.
fn fit(term: &str, text: &str) -> u32 {
    if text == term {
        return 4;
    }
    if text.starts_with(term) {
        return 3;
    }
    if text.contains(term) {
        return 2;
    }
    let chars: Vec<char> = term.chars().collect();
    // Pairs of Latin letters say nothing.
    if chars.len() < 3 || !chars.iter().all(|c| is_han(*c)) {
        return 0;
    }
    let pairs = chars.windows(2);
    let (all, found) = pairs.fold((0, 0), |(all, found), pair| {
        let pair: String = pair.iter().collect();
        (all + 1, found + usize::from(text.contains(&pair)))
    });
    u32::from(found * 10 >= all * PAIRS_OF_TEN)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, text: &str) -> bool {
        Terms::read(query).score(&[(1, &normal(text))]) > 0
    }

    #[test]
    fn chinese_is_found_by_its_parts() {
        assert!(found("门票", "景区电子联票与门票"));
        assert!(found("旅游门票", "旅游景区的门票"), "most of its pairs");
        assert!(!found("旅游门票", "旅行的门"));
        assert!(!found("医疗", "景区门票"));
        assert!(found("ＴＩＣＫＥＴ", "Tickets"), "full-width letters");
    }

    #[test]
    fn every_word_must_be_found_and_order_does_not_matter() {
        assert!(found("tickets lake", "Lake tickets"));
        assert!(!found("tickets moon", "Lake tickets"));
        assert!(!found("tkc", "tickets"), "letters are not pairs of meaning");
        assert!(found("", "anything") && found("   ", "anything"));
    }

    #[test]
    fn a_name_that_is_the_term_comes_before_one_that_holds_it() {
        let terms = Terms::read("票");
        assert!(terms.score(&[(3, "票")]) > terms.score(&[(3, "门票")]));
        assert!(terms.score(&[(3, "门票")]) > terms.score(&[(1, "门票")]));
    }
}
