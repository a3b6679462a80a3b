//! A dataset as an app sees it: the fields that it declares, each behind whatever mask the provider chose.

use super::model::{Field, Model, Named, Record, Type, line};
use crate::CliError;
use crate::terminal::lang;
use serde::Deserialize;
use std::collections::BTreeMap;
use yunlong_model::Text;
use yunlong_model::manifest::DatasetUse;

/// A dataset of the catalogue, as far as its types need it; the rest of its description is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Catalogued {
    title: Text,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    name: String,
    title: Text,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    codes: BTreeMap<String, Text>,
}

/// Adds the record of a use. Every field may be missing: not granted, or not on record.
pub(super) fn add(model: &mut Model, used: &DatasetUse, described: &Catalogued) -> Result<(), CliError> {
    let mut fields = Vec::new();
    for name in &used.fields {
        let Some(item) = described.items.iter().find(|i| i.name == *name) else {
            let known = described.items.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(CliError::usage(
                lang().pick(
                    &format!("app.toml：{} 没有信息项 {name}", used.dataset),
                    &format!("app.toml: {} has no item {name}", used.dataset),
                ),
                lang().pick(&format!("它有：{known}"), &format!("it has: {known}")),
            ));
        };
        let mut doc = vec![format!("{} {}", line(&item.title.zh), line(&item.title.en))];
        doc.extend(
            item.codes.iter().map(|(code, text)| {
                format!("`{}`: {} {}", line(code).replace('`', "'"), line(&text.zh), line(&text.en))
            }),
        );
        fields.push(Field { name: name.clone(), kind: kind(&item.kind), required: false, doc });
    }
    let name = model.name(&format!("{}-{}", used.dataset, used.purpose));
    let doc = vec![
        format!("{} {}", line(&described.title.zh), line(&described.title.en)),
        format!("The dataset `{}`, opened for `{}`.", used.dataset, used.purpose),
    ];
    model.all.push(Named::Record(Record { name, doc, fields }));
    Ok(())
}

fn kind(of: &str) -> Type {
    let whole = match of {
        "date" => return Type::ReleasedDate,
        // Being there is `true`, too.
        "boolean" => return Type::Boolean,
        "integer" => Type::Integer,
        "decimal" => Type::Number,
        // Any JSON has `true` in it.
        "geometry" => return Type::Any,
        _ => Type::Text,
    };
    Type::Released(Box::new(whole))
}
