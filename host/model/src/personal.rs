//! `personal` of a collection in `app.toml`: what is personal in an app's own documents, and about whom.

use crate::Text;
use crate::manifest::{Collection, ManifestError, field, no_blank};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is personal in a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// What the documents are to the person, such as "Your orders".
    pub title: Text,
    /// The path of the field that holds the person's subject, as `principal.current` gives it.
    pub subject: String,
    /// The index whose first field is `subject`: a person's documents are found by it.
    pub index: String,
    /// The paths of the personal fields; the whole document when empty.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What the person reads beside a value: the path of a field, arrays passed through, to its words,
    /// such as `"visitors.name" = { zh = "游客姓名", en = "Visitor" }`. A path without words is shown as
    /// it is written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Text>,
    /// What becomes of a document when the person asks for erasure.
    pub on_erasure: OnErasure,
    /// Why documents are kept, when they are: the provision as it is cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

/// What becomes of a document when the person whom it is about asks for erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnErasure {
    /// It is removed.
    Delete,
    /// Its personal fields are removed and its subject becomes a random one, the rest stays for the app's accounts.
    Clear,
    /// It is kept: a law demands it, see [`Personal::law`].
    Keep,
}

impl Personal {
    pub(crate) fn check(&self, at: &str, collection: &Collection) -> Result<(), ManifestError> {
        no_blank(&format!("{at}.title.zh"), &self.title.zh)?;
        no_blank(&format!("{at}.title.en"), &self.title.en)?;
        let found = collection.indexes.iter().find(|i| i.name == self.index);
        if found.and_then(|i| i.fields.first()) != Some(&self.subject) {
            return Err(field(
                &format!("{at}.index"),
                &format!("name an index of the collection whose first field is `{}`", self.subject),
            ));
        }
        for (path, words) in &self.labels {
            let shown =
                |f: &String| path == f || path.strip_prefix(f.as_str()).is_some_and(|rest| rest.starts_with('.'));
            if !self.fields.is_empty() && !self.fields.iter().any(shown) {
                return Err(field(&format!("{at}.labels"), &format!("`{path}` is in none of the personal fields")));
            }
            no_blank(&format!("{at}.labels.\"{path}\".zh"), &words.zh)?;
            no_blank(&format!("{at}.labels.\"{path}\".en"), &words.en)?;
        }
        if self.fields.iter().any(|f| f.is_empty() || f.split('.').any(str::is_empty)) {
            return Err(field(&format!("{at}.fields"), "write paths such as `visitors` or `visitor.id`"));
        }
        match (self.on_erasure, self.fields.is_empty(), self.law.as_deref().is_none_or(|l| l.trim().is_empty())) {
            (OnErasure::Keep, _, true) => {
                Err(field(&format!("{at}.law"), "cite the provision that demands to keep it"))
            }
            (OnErasure::Clear, true, _) => Err(field(&format!("{at}.fields"), "name the fields that are cleared")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Manifest;

    fn manifest(personal: &str) -> Result<Manifest, crate::manifest::ManifestError> {
        Manifest::parse(&format!(
            r#"
            name = "cards"
            version = "1.0.0"
            vendor = "han-software"
            title = {{ zh = "证", en = "Cards" }}
            description = {{ zh = "证", en = "Cards" }}
            [[collections]]
            name = "cards"
            [collections.personal]
            title = {{ zh = "您的证", en = "Your cards" }}
            subject = "owner"
            {personal}
            [[collections.indexes]]
            name = "by-owner"
            fields = ["owner"]
            "#
        ))
    }

    #[test]
    fn what_is_personal_is_found_by_an_index_and_its_fate_is_said() {
        manifest("index = \"by-owner\"\non_erasure = \"delete\"").unwrap();
        manifest("index = \"by-owner\"\nfields = [\"holder\"]\non_erasure = \"clear\"").unwrap();
        for (personal, named) in [
            ("index = \"other\"\non_erasure = \"delete\"", "collections[0].personal.index"),
            ("index = \"by-owner\"\non_erasure = \"clear\"", "collections[0].personal.fields"),
            ("index = \"by-owner\"\non_erasure = \"keep\"", "collections[0].personal.law"),
            ("index = \"by-owner\"\nfields = [\"a..b\"]\non_erasure = \"delete\"", "collections[0].personal.fields"),
        ] {
            let refused = manifest(personal).unwrap_err().to_string();
            assert!(refused.contains(named), "{personal}: {refused}");
        }
    }

    #[test]
    fn labels_are_words_for_personal_fields() {
        let with = |label: &str| {
            manifest(&format!(
                "index = \"by-owner\"\nfields = [\"holder\"]\non_erasure = \"delete\"\nlabels = {{ {label} }}"
            ))
        };
        let found = with("\"holder.name\" = { zh = \"持证人\", en = \"Holder\" }").unwrap();
        let personal = found.collections[0].personal.as_ref().unwrap();
        assert_eq!(personal.labels["holder.name"].en, "Holder");
        for label in ["\"price\" = { zh = \"价\", en = \"Price\" }", "\"holder\" = { zh = \"\", en = \"Holder\" }"] {
            assert!(with(label).unwrap_err().to_string().contains("labels"), "{label}");
        }
    }
}
