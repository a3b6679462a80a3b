//! `personal` of a collection in `app.toml`: what is personal in an app's own documents, and about whom.
//!
//! A document may be about several people, such as an order that a daughter made in her mother's name:
//! each has a part of their own, with the index by which it is found and the fields that are theirs.

use crate::Text;
use crate::manifest::{Collection, ManifestError};
use crate::manifest_error::{field, no_blank};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most parts of a collection: every erasure and every page of "My data" asks for each.
const MAX_PARTS: usize = 4;

/// What is personal in a collection, about one of the people whom its documents are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// What the documents are to the person, such as "Your orders".
    pub title: Text,
    /// The path of the field that holds the person's subject, as `principal.current` gives it.
    pub subject: String,
    /// The index whose first field is `subject`: a person's documents are found by it.
    pub index: String,
    /// What the person sees, in this order, and what erasure clears.
    pub fields: Vec<PersonalField>,
    /// What becomes of a document when the person asks for erasure.
    pub on_erasure: OnErasure,
    /// Why documents are kept, when they are: the provision as it is cited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<String>,
}

/// A personal field, in words that its person understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonalField {
    /// Where a single value stands, such as `visitors.name`: arrays on the way are passed through.
    pub path: String,
    /// What the person reads beside it.
    pub title: Text,
    /// How the value is written.
    #[serde(default, skip_serializing_if = "is_text")]
    pub kind: PersonalKind,
    /// What the person reads instead of a value that is a code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Text>,
}

/// How a personal value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PersonalKind {
    /// As it stands: text, a number, yes or no, or a text in both languages (`{ zh, en }`).
    #[default]
    Text,
    /// Money in fen.
    Fen,
    /// Milliseconds of UTC.
    Moment,
    /// A keyed hash or the like, which tells a person nothing: that it is kept is said, and the copy has it.
    Digest,
}

fn is_text(kind: &PersonalKind) -> bool {
    *kind == PersonalKind::Text
}

/// What becomes of a document when the person whom it is about asks for erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnErasure {
    /// It is removed.
    Delete,
    /// Its personal fields are removed and its subject becomes a random one, the rest stays for the app's accounts.
    Clear,
    /// It is kept: a law demands it, see [`Personal::law`].
    Keep,
}

/// Whether a path is another one, or leads to or from it.
fn meets(one: &str, other: &str) -> bool {
    let leads = |to: &str, from: &str| to.strip_prefix(from).is_some_and(|rest| rest.starts_with('.'));
    one == other || leads(one, other) || leads(other, one)
}

impl Personal {
    fn paths(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|f| f.path.as_str())
    }

    fn check(&self, at: &str, collection: &Collection) -> Result<(), ManifestError> {
        no_blank(&format!("{at}.title.zh"), &self.title.zh)?;
        no_blank(&format!("{at}.title.en"), &self.title.en)?;
        let found = collection.indexes.iter().find(|i| i.name == self.index);
        if found.and_then(|i| i.fields.first()) != Some(&self.subject) {
            return Err(field(
                &format!("{at}.index"),
                format!("请写明该集合的一个索引，其第一个字段是“{}”", self.subject),
                format!("name an index of the collection whose first field is `{}`", self.subject),
            ));
        }
        if self.fields.is_empty() {
            return Err(field(
                &format!("{at}.fields"),
                "请写明与本人有关的字段及其说明：它们会向本人显示、随副本提供、按要求清除",
                "name the fields that are about the person, each with its words: they are shown, copied and cleared",
            ));
        }
        for (n, f) in self.fields.iter().enumerate() {
            let at = format!("{at}.fields[{n}]");
            if f.path.split('.').any(str::is_empty) {
                return Err(field(
                    &format!("{at}.path"),
                    "请写成 note 或 visitors.name 这样的路径",
                    "write a path such as `note` or `visitors.name`",
                ));
            }
            if meets(&f.path, &self.subject) {
                return Err(field(
                    &format!("{at}.path"),
                    "subject 是假名，对本人没有意义，清除时会自动替换：请不要列出",
                    "the subject is a pseudonym, which tells the person nothing and is replaced by itself",
                ));
            }
            if let Some(other) = self.fields[..n].iter().find(|o| meets(&o.path, &f.path)) {
                return Err(field(
                    &format!("{at}.path"),
                    format!("“{}”已经包含它：每个值只写一次", other.path),
                    format!("`{}` holds it already: name each single value once", other.path),
                ));
            }
            no_blank(&format!("{at}.title.zh"), &f.title.zh)?;
            no_blank(&format!("{at}.title.en"), &f.title.en)?;
            for (value, words) in &f.values {
                no_blank(&format!("{at}.values.\"{value}\".zh"), &words.zh)?;
                no_blank(&format!("{at}.values.\"{value}\".en"), &words.en)?;
            }
        }
        if self.on_erasure == OnErasure::Keep && self.law.as_deref().is_none_or(|l| l.trim().is_empty()) {
            return Err(field(
                &format!("{at}.law"),
                "请写明要求保存的法律条款",
                "cite the provision that demands to keep it",
            ));
        }
        Ok(())
    }
}

/// The parts of a collection, each by itself and beside the others.
pub(crate) fn check(at: &str, collection: &Collection) -> Result<(), ManifestError> {
    let parts = &collection.personal;
    if parts.len() > MAX_PARTS {
        return Err(field(
            at,
            format!("最多 {MAX_PARTS} 项：文档涉及的每个人一项"),
            format!("at most {MAX_PARTS}: one for each person whom a document is about"),
        ));
    }
    for (n, part) in parts.iter().enumerate() {
        let at = format!("{at}[{n}]");
        part.check(&at, collection)?;
        if parts[..n].iter().any(|o| o.subject == part.subject) {
            return Err(field(
                &format!("{at}.subject"),
                "另一项已经是关于此人的：请把字段写在那里",
                "another part is about this person: name its fields there",
            ));
        }
        if part.on_erasure == OnErasure::Delete && parts.len() > 1 {
            return Err(field(
                &format!("{at}.on_erasure"),
                "这些文档也涉及他人，删除会使他人失去自己的信息：请用 clear 只清除此人的字段",
                "the documents are about others, too, who would lose theirs: `clear` this person's fields",
            ));
        }
        if part.on_erasure != OnErasure::Clear {
            continue;
        }
        // What one person has cleared is nobody else's.
        for other in parts.iter().filter(|o| o.subject != part.subject) {
            let theirs = |path: &&str| other.paths().chain([other.subject.as_str()]).any(|o| meets(o, path));
            if let Some(path) = part.paths().find(theirs) {
                let zh = format!("“{path}”也关系到“{}”所指的人，会被一并清除：请只留给其中一方", other.subject);
                let en = format!(
                    "`{path}` is also about whom `{}` names, and would be cleared for both: leave it to one of them",
                    other.subject
                );
                return Err(field(&format!("{at}.fields"), zh, en));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Manifest;

    const FIELD: &str = r#"{ path = "holder", title = { zh = "持证人", en = "Holder" } }"#;

    fn manifest(parts: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(&format!(
            r#"
            name = "cards"
            version = "1.0.0"
            vendor = "han-software"
            title = {{ zh = "证", en = "Cards" }}
            description = {{ zh = "证", en = "Cards" }}
            [[collections]]
            name = "cards"
            {parts}
            [[collections.indexes]]
            name = "by-owner"
            fields = ["owner"]
            [[collections.indexes]]
            name = "by-guardian"
            fields = ["guardian.subject", "at"]
            "#
        ))
    }

    fn part(subject: &str, index: &str, fields: &str, more: &str) -> String {
        format!(
            "[[collections.personal]]\ntitle = {{ zh = \"您的证\", en = \"Your cards\" }}\nsubject = \"{subject}\"\n\
             index = \"{index}\"\nfields = [{fields}]\n{more}\n"
        )
    }

    fn refused(parts: &str) -> String {
        manifest(parts).map_or_else(|e| e.to_string(), |_| panic!("taken: {parts}"))
    }

    #[test]
    fn what_is_personal_is_found_by_an_index_and_its_fate_is_said() {
        manifest(&part("owner", "by-owner", FIELD, "on_erasure = \"delete\"")).unwrap();
        manifest(&part("owner", "by-owner", FIELD, "on_erasure = \"clear\"")).unwrap();
        for (index, fields, fate, named) in [
            ("other", FIELD, "delete", "collections[0].personal[0].index"),
            ("by-guardian", FIELD, "delete", "collections[0].personal[0].index"),
            ("by-owner", "", "delete", "collections[0].personal[0].fields"),
            ("by-owner", FIELD, "keep", "collections[0].personal[0].law"),
        ] {
            let refused = refused(&part("owner", index, fields, &format!("on_erasure = \"{fate}\"")));
            assert!(refused.contains(named), "{index} {fields} {fate}: {refused}");
        }
    }

    #[test]
    fn every_field_has_words_and_stands_once() {
        let with = |fields: &str| part("owner", "by-owner", fields, "on_erasure = \"clear\"");
        let found = manifest(&with(
            r#"{ path = "holder.name", title = { zh = "持证人", en = "Holder" } },
               { path = "state", title = { zh = "状态", en = "State" }, values = { ok = { zh = "有效", en = "Valid" } } },
               { path = "fee", title = { zh = "工本费", en = "Fee" }, kind = "fen" }"#,
        ))
        .unwrap();
        let fields = &found.collections[0].personal[0].fields;
        assert_eq!(fields[1].values["ok"].en, "Valid");
        assert_eq!(fields[2].kind, PersonalKind::Fen);
        for (wrong, named) in [
            (r#"{ path = "holder" }"#, "title"),
            (r#"{ path = "holder", title = { zh = "持证人", en = " " } }"#, "fields[0].title.en"),
            (r#"{ path = "a..b", title = { zh = "甲", en = "A" } }"#, "fields[0].path"),
            (r#"{ path = "owner", title = { zh = "甲", en = "A" } }"#, "fields[0].path"),
            (
                r#"{ path = "a", title = { zh = "甲", en = "A" } }, { path = "a.b", title = { zh = "乙", en = "B" } }"#,
                "fields[1].path",
            ),
            (
                r#"{ path = "a", title = { zh = "甲", en = "A" }, values = { x = { zh = "", en = "X" } } }"#,
                "fields[0].values",
            ),
        ] {
            let refused = refused(&with(wrong));
            assert!(refused.contains(named), "{wrong}: {refused}");
        }
    }

    #[test]
    fn a_document_about_several_people_is_nobodys_alone() {
        let owner = |fate: &str| part("owner", "by-owner", FIELD, fate);
        let guardian = |fields: &str, fate: &str| part("guardian.subject", "by-guardian", fields, fate);
        let own = r#"{ path = "guardian.phone", title = { zh = "监护人手机", en = "Guardian’s phone" } }"#;
        let clear = "on_erasure = \"clear\"";
        let keep = "on_erasure = \"keep\"\nlaw = \"某法\"";
        let both = manifest(&(owner(clear) + &guardian(own, clear))).unwrap();
        assert_eq!(both.collections[0].personal.len(), 2);
        manifest(&(owner(keep) + &guardian(FIELD, keep))).unwrap();
        for (parts, named) in [
            (owner(clear) + &guardian(own, "on_erasure = \"delete\""), "personal[1].on_erasure"),
            (owner(clear) + &owner(clear), "personal[1].subject"),
            (owner(clear) + &guardian(FIELD, keep), "personal[0].fields"),
            (owner(keep) + &guardian(FIELD, clear), "personal[1].fields"),
        ] {
            let refused = refused(&parts);
            assert!(refused.contains(named), "{parts}: {refused}");
        }
    }

    #[test]
    fn the_tickets_show_an_order_to_its_buyer_and_to_whom_it_was_made_for() {
        let tickets = Manifest::parse(include_str!("../../../plugins/tourism-ticketing/app.toml")).unwrap();
        let orders = tickets.collections.iter().find(|c| c.name == "orders").unwrap();
        let subjects: Vec<_> = orders.personal.iter().map(|p| p.subject.as_str()).collect();
        assert_eq!(subjects, ["owner", "acting.subject"]);
        for part in &orders.personal {
            let path = |path: &str| part.fields.iter().find(|f| f.path == path);
            assert!(path("visitors.name").is_some() && path("visitors.id_masked").is_some());
            assert_eq!(path("total").unwrap().kind, PersonalKind::Fen);
        }
    }
}
