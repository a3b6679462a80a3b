//! What a record looks like, as a JSON Schema (draft 2020-12): the provider's own where there is one, otherwise
//! derived from the items. It says the form that records are kept in; what a schema cannot say (check digits,
//! whether a division exists) the hub checks beside it.

use crate::{Dataset, Item, ItemKind};
use serde_json::{Map, Value, json};

impl Dataset {
    /// The JSON Schema of a record.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        self.schema.clone().unwrap_or_else(|| derived(self))
    }
}

fn derived(dataset: &Dataset) -> Value {
    let required = dataset.items.iter().filter(|i| i.required || i.name == dataset.key);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": dataset.title.zh,
        "description": dataset.summary.zh,
        "type": "object",
        "properties": dataset.items.iter().map(|i| (i.name.clone(), property(i))).collect::<Map<_, _>>(),
        "required": required.map(|i| &i.name).collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

fn property(item: &Item) -> Value {
    let mut schema = match item.kind {
        ItemKind::Text => json!({ "type": "string", "minLength": 1 }),
        ItemKind::Integer => json!({ "type": "integer" }),
        ItemKind::Decimal => json!({ "type": "number" }),
        ItemKind::Boolean => json!({ "type": "boolean" }),
        ItemKind::Date => json!({ "type": "string", "format": "date" }),
        ItemKind::Time => json!({ "type": "string", "format": "date-time" }),
        ItemKind::ResidentId => json!({ "type": "string", "pattern": "^[0-9]{17}[0-9X]$" }),
        ItemKind::Uscc => json!({ "type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$" }),
        ItemKind::Mobile => json!({ "type": "string", "pattern": "^1[0-9]{10}$" }),
        ItemKind::Division => json!({ "type": "string", "pattern": "^[0-9]{6}([0-9]{3}([0-9]{3})?)?$" }),
        ItemKind::Period => json!({ "type": "string", "pattern": "^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?$" }),
        // GeoJSON, RFC 7946.
        ItemKind::Geometry => json!({
            "type": "object", "required": ["type"], "properties": { "type": { "type": "string" } },
        }),
    };
    schema["title"] = item.title.zh.as_str().into();
    schema["description"] = item.title.en.as_str().into();
    if item.kind == ItemKind::Text && !item.codes.is_empty() {
        schema["enum"] = item.codes.keys().map(String::as_str).collect();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::schema::Schema;

    fn residents() -> Dataset {
        toml::from_str(include_str!("../../data/datasets/population.person.toml")).unwrap()
    }

    #[test]
    fn a_record_that_is_kept_fits_what_is_derived_from_the_items() {
        let schema = Schema::compile(&residents().json_schema()).unwrap();
        let fits = |record: Value| schema.for_value(&record).unwrap().is_valid(&record);
        let record = json!({
            "resident_id": "32032119900101998X", "name": "云小龙", "sex": "1", "birth_date": "1990-01-01",
            "division": "320321", "status": "normal", "mobile": "19900000001",
        });
        assert!(fits(record.clone()));
        for (name, wrong) in [("sex", json!("3")), ("name", json!(7)), ("mobile", json!("1")), ("other", json!("x"))] {
            let mut record = record.clone();
            record[name] = wrong;
            assert!(!fits(record), "{name}");
        }
        let mut short = record;
        short.as_object_mut().unwrap().remove("name");
        assert!(!fits(short), "an item that is required");
    }

    #[test]
    fn a_providers_own_schema_stands_as_it_is() {
        let own = json!({ "minProperties": 2 });
        assert_eq!(Dataset { schema: Some(own.clone()), ..residents() }.json_schema(), own);
    }
}
