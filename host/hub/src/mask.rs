//! Masks: what the host makes of a value before an app sees it.

use crate::{ItemKind, Mask};
use serde_json::Value;
use yunlong_formats::{Date, DivisionCode, Mobile, ResidentId, mask_name};

impl Mask {
    /// Whether the mask makes sense of items of this kind. `Plain` and `Presence` fit every one.
    #[must_use]
    pub fn fits(self, kind: ItemKind) -> bool {
        match self {
            Self::Plain | Self::Presence => true,
            Self::Partial => matches!(kind, ItemKind::Text | ItemKind::ResidentId | ItemKind::Uscc | ItemKind::Mobile),
            Self::Year => matches!(kind, ItemKind::Date | ItemKind::Time | ItemKind::Period),
            Self::Age => kind == ItemKind::Date,
            Self::County => kind == ItemKind::Division,
        }
    }

    /// The value as the mask shows it on the day `today`. What a mask makes no sense of is shown as
    /// being there, `true`: a mask fails towards telling less.
    #[must_use]
    pub fn apply(self, kind: ItemKind, value: &Value, today: Date) -> Value {
        let text = value.as_str();
        let shown = match self {
            Self::Plain => Some(value.clone()),
            Self::Presence => None,
            Self::Partial => text.and_then(|t| partial(kind, t)).map(Value::from),
            Self::Year => text.and_then(year).map(Value::from),
            Self::Age => text.and_then(|t| t.parse::<Date>().ok()?.age_on(today)).map(Value::from),
            Self::County => text.and_then(county).map(Value::from),
        };
        shown.unwrap_or(Value::Bool(true))
    }
}

fn partial(kind: ItemKind, text: &str) -> Option<String> {
    match kind {
        ItemKind::ResidentId => ResidentId::parse(text).ok().map(|id| id.masked()),
        ItemKind::Mobile => Mobile::parse(text).ok().map(|m| m.masked()),
        // The registration authority and the check digits: enough to tell two companies on a list apart.
        ItemKind::Uscc if text.is_ascii() && text.len() == 18 => Some(format!("{}********{}", &text[..6], &text[14..])),
        ItemKind::Text => Some(mask_name(text)),
        _ => None,
    }
}

fn year(text: &str) -> Option<String> {
    let year = text.get(..4)?;
    year.bytes().all(|b| b.is_ascii_digit()).then(|| year.to_owned())
}

/// The county that a division lies in; a city or a province is itself.
fn county(text: &str) -> Option<String> {
    DivisionCode::parse(text).ok()?.as_str().get(..6).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn today() -> Date {
        Date::new(2026, 11, 26).unwrap()
    }

    fn shown(mask: Mask, kind: ItemKind, value: Value) -> Value {
        mask.apply(kind, &value, today())
    }

    #[test]
    fn each_mask_shows_what_it_says() {
        for (mask, kind, value, expected) in [
            (Mask::Plain, ItemKind::Text, json!("云小龙"), json!("云小龙")),
            (Mask::Partial, ItemKind::Text, json!("云小龙"), json!("云**")),
            (Mask::Partial, ItemKind::ResidentId, json!("32032119900101998X"), json!("3203**********998X")),
            (Mask::Partial, ItemKind::Mobile, json!("19900000001"), json!("199****0001")),
            (Mask::Partial, ItemKind::Uscc, json!("91320300MA0000000X"), json!("913203********000X")),
            (Mask::Year, ItemKind::Date, json!("1990-01-01"), json!("1990")),
            (Mask::Year, ItemKind::Period, json!("2025-Q3"), json!("2025")),
            (Mask::Age, ItemKind::Date, json!("1990-11-26"), json!(36)),
            (Mask::Age, ItemKind::Date, json!("1990-11-27"), json!(35)),
            (Mask::County, ItemKind::Division, json!("320324001002"), json!("320324")),
            (Mask::County, ItemKind::Division, json!("320300"), json!("320300")),
            (Mask::Presence, ItemKind::Mobile, json!("19900000001"), json!(true)),
        ] {
            assert!(mask.fits(kind), "{mask:?} {kind:?}");
            assert_eq!(shown(mask, kind, value.clone()), expected, "{mask:?} {value}");
        }
    }

    #[test]
    fn what_a_mask_cannot_show_is_only_said_to_be_there() {
        for (mask, kind, value) in [
            (Mask::Age, ItemKind::Date, json!("2990-01-01")),
            (Mask::Age, ItemKind::Date, json!("soon")),
            (Mask::Year, ItemKind::Date, json!("年1990")),
            (Mask::Partial, ItemKind::ResidentId, json!("not a number at all")),
            (Mask::Partial, ItemKind::Integer, json!(7)),
            (Mask::County, ItemKind::Division, json!("nowhere")),
        ] {
            assert_eq!(shown(mask, kind, value.clone()), json!(true), "{mask:?} {value}");
        }
    }

    const MASKS: [Mask; 6] = [Mask::Plain, Mask::Partial, Mask::Year, Mask::Age, Mask::County, Mask::Presence];

    proptest! {
        /// Of the masks that fit, only `Plain` ever gives a text of more than four characters back unchanged. (The county of a
        /// county is all of it.)
        #[test]
        fn no_mask_shows_a_whole_text(text in "[0-9a-zA-Z一-龥]{5,30}", kind in 0_usize..4) {
            let kind = [ItemKind::Text, ItemKind::ResidentId, ItemKind::Uscc, ItemKind::Mobile][kind];
            for mask in MASKS.into_iter().filter(|m| *m != Mask::Plain && m.fits(kind)) {
                let value = Value::from(text.clone());
                prop_assert_ne!(mask.apply(kind, &value, today()), value);
            }
        }
    }
}
