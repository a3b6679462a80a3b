//! Which columns a file may have, and what their cells are.

use serde::{Deserialize, Serialize};

/// What a cell becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A JSON string.
    Text,
    /// A JSON integer of 64 bits.
    Integer,
    /// A JSON number.
    Decimal,
    /// `true` or `false`; a cell may also say `1`, `0`, `是` or `否`.
    Boolean,
    /// Any JSON, written as JSON text: geometries.
    Json,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name: the key in a record.
    pub name: String,
    /// What its cells become.
    pub kind: Kind,
    /// Further names by which the row of names of a CSV file may call it, such as its Chinese title.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub titles: Vec<String>,
}

/// The columns of a dataset, in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// No columns.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more column.
    #[must_use]
    pub fn with(self, name: impl Into<String>, kind: Kind) -> Self {
        self.titled(name, kind, Vec::new())
    }

    /// With one more column that has further names.
    #[must_use]
    pub fn titled(mut self, name: impl Into<String>, kind: Kind, titles: Vec<String>) -> Self {
        self.0.push(Column { name: name.into(), kind, titles });
        self
    }

    /// Only the columns of these names, in their order.
    ///
    /// # Errors
    /// The name that is no column's.
    pub fn only(&self, names: &[String]) -> Result<Self, String> {
        names.iter().map(|n| self.get(n).cloned().ok_or_else(|| n.clone())).collect::<Result<_, _>>().map(Self)
    }

    /// The column of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Column> {
        self.0.iter().find(|c| c.name == name)
    }

    /// The column that a file calls so: by its name, or by one of its titles.
    #[must_use]
    pub fn called(&self, text: &str) -> Option<&Column> {
        self.get(text).or_else(|| self.0.iter().find(|c| c.titles.iter().any(|t| t == text)))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Column> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, for an error.
    pub(crate) fn names(&self) -> String {
        self.0.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}
