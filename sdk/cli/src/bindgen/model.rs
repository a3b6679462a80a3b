//! What the languages write: records with fields, and choices of texts.

use std::collections::BTreeSet;

/// What a language brings, or what the generated file brings in, under a name that looks like one of ours.
const TAKEN: [&str; 17] = [
    "Any",
    "BTreeMap",
    "Deserialize",
    "False",
    "Literal",
    "None",
    "Ok",
    "Option",
    "Released",
    "ReleasedDate",
    "Self",
    "Serialize",
    "Some",
    "String",
    "True",
    "Value",
    "Vec",
];

/// A type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    /// Any JSON.
    Any,
    /// A [`Choice`], by its name.
    Choice(String),
    /// A [`Record`], by its name.
    Record(String),
    List(Box<Type>),
    Map(Box<Type>),
    /// It may be `null`.
    Nullable(Box<Type>),
    /// A value behind whatever mask its provider chose: it, or `true` where only its being there is told.
    Released(Box<Type>),
    /// A date, or the age in its place, or `true`.
    ReleasedDate,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name in JSON.
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) required: bool,
    /// What people read about it, a line each.
    pub(super) doc: Vec<String>,
}

/// A JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) doc: Vec<String>,
    pub(super) fields: Vec<Field>,
}

/// One of several texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) values: Vec<String>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Record(Record),
    Choice(Choice),
    /// Another name of a type.
    Alias {
        name: String,
        doc: Vec<String>,
        kind: Type,
    },
}

/// Everything that is written, each after what it is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) all: Vec<Named>,
    names: BTreeSet<String>,
}

impl Model {
    /// A name for what is called so, which nothing else has.
    pub(super) fn name(&mut self, of: &str) -> String {
        let base = pascal(of);
        let mut name = base.clone();
        let mut n = 2;
        while TAKEN.contains(&&*name) || !self.names.insert(name.clone()) {
            name = format!("{base}{n}");
            n += 1;
        }
        name
    }

    /// Whether a type stands anywhere.
    pub(super) fn has(&self, wanted: impl Fn(&Type) -> bool + Copy) -> bool {
        self.all.iter().any(|named| match named {
            Named::Record(r) => r.fields.iter().any(|f| f.kind.has(wanted)),
            Named::Alias { kind, .. } => kind.has(wanted),
            Named::Choice(_) => false,
        })
    }
}

impl Type {
    fn has(&self, wanted: impl Fn(&Self) -> bool + Copy) -> bool {
        wanted(self)
            || match self {
                Self::List(of) | Self::Map(of) | Self::Nullable(of) | Self::Released(of) => of.has(wanted),
                _ => false,
            }
    }
}

/// `order.paid` becomes `OrderPaid`.
pub(super) fn pascal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let name: String = words.map(|w| w[..1].to_ascii_uppercase() + &w[1..]).collect();
    match name.chars().next() {
        None => "Item".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("N{name}"),
        Some(_) => name,
    }
}

/// The name of a field of a struct or a dataclass: `discount-rate` becomes `discount_rate`, and what the language has
/// for itself gets a `_`.
pub(super) fn snake(name: &str, reserved: &[&str]) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            'A'..='Z' => {
                if !out.is_empty() && !out.ends_with('_') {
                    out.push('_');
                }
                out.push(c.to_ascii_lowercase());
            }
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ => out.push('_'),
        }
    }
    if out.chars().all(|c| c == '_') {
        out = "item".to_owned();
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    if reserved.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// A name that nothing else among `taken` has.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut own = name.to_owned();
    let mut n = 2;
    while !taken.insert(own.clone()) {
        own = format!("{name}_{n}");
        n += 1;
    }
    own
}

/// A text as one line of a comment: nothing in it ends the line.
pub(super) fn line(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_control() || "\u{2028}\u{2029}".contains(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_never_twice_the_same() {
        let mut model = Model::default();
        let mut name = |of: &str| model.name(of);
        assert_eq!(name("order.paid"), "OrderPaid");
        assert_eq!(name("order-paid"), "OrderPaid2");
        assert_eq!(name("3d"), "N3d");
        assert_eq!(name("路灯"), "Item");
        assert_eq!(name("released"), "Released2");
        assert_eq!(name("none"), "None2", "what is no name in Python is none here");
    }

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(line(" a\n*/ b\u{2028}c\u{1b}[2J "), "a */ b c [2J");
    }

    #[test]
    fn names_of_json_become_names_of_fields() {
        for (json, own) in [
            ("id", "id"),
            ("birthDate", "birth_date"),
            ("hold-until", "hold_until"),
            ("type", "type_"),
            ("3d", "_3d"),
            ("电话", "item"),
            ("", "item"),
        ] {
            assert_eq!(snake(json, &["type"]), own);
        }
        let mut taken = BTreeSet::new();
        assert_eq!([unique("a", &mut taken), unique("a", &mut taken)], ["a", "a_2"]);
    }
}
