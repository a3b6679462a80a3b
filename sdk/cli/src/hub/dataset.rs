//! The catalogue, as far as files need it.

use crate::apps::{items, table};
use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use serde_json::Value;
use yunlong_exchange::{Columns, Kind};

/// Where a row says from when on and until when it holds, in files.
pub(crate) const VALID_FROM: &str = "valid_from";
pub(crate) const VALID_TO: &str = "valid_to";

/// A dataset of the catalogue.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) id: String,
    /// Its items.
    pub(crate) columns: Columns,
}

/// The path of a dataset in the console's API.
pub(crate) fn path(id: &str, action: &str) -> Result<String, CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if id.is_empty() || !id.chars().all(plain) {
        return Err(CliError::told(
            (format!("“{id}”不是数据集的代码"), format!("`{id}` is no dataset's code")),
            ("用 `yunlong hub datasets` 查看", "see `yunlong hub datasets`"),
        ));
    }
    Ok(format!("/api/v1/hub/datasets/{id}{action}"))
}

impl Dataset {
    /// Asks the platform for it.
    pub(crate) fn get(client: &Client, id: &str) -> Result<Self, CliError> {
        let answer = client.get(&path(id, "")?)?;
        Ok(Self { id: id.to_owned(), columns: columns(&answer) })
    }

    /// Its items, and the two days.
    pub(crate) fn with_days(&self) -> Columns {
        let days = [(VALID_FROM, "生效日期"), (VALID_TO, "失效日期")];
        days.into_iter()
            .filter(|(name, _)| self.columns.get(name).is_none())
            .fold(self.columns.clone(), |columns, (name, title)| {
                columns.titled(name, Kind::Text, vec![title.to_owned()])
            })
    }
}

/// What a value of an item is in a file.
pub(crate) fn kind(of: &str) -> Kind {
    match of {
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal,
        "boolean" => Kind::Boolean,
        "geometry" => Kind::Json,
        _ => Kind::Text,
    }
}

fn columns(dataset: &Value) -> Columns {
    let items = dataset["items"].as_array().into_iter().flatten();
    items.fold(Columns::new(), |columns, item| {
        let titles = [&item["title"]["zh"], &item["title"]["en"]];
        let titles = titles.into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
        columns.titled(item["name"].as_str().unwrap_or(""), kind(item["type"].as_str().unwrap_or("")), titles)
    })
}

pub(crate) fn list(as_json: bool, server: &Server) -> Result<(), CliError> {
    let answer = Client::signed_in(server)?.get("/api/v1/hub/datasets")?;
    if as_json {
        return say!("{answer:#}");
    }
    let rows: Vec<[String; 4]> = items(&answer).iter().map(row).collect();
    if rows.is_empty() {
        eprintln!("{}", lang().pick("目录是空的", "the catalogue is empty"));
        return Ok(());
    }
    say_raw!("{}", table(&["DATASET", "PROVIDER", "SHARING", "TITLE"], &rows))
}

fn row(dataset: &Value) -> [String; 4] {
    let text = |value: &Value| printable(value.as_str().unwrap_or(""));
    [
        text(&dataset["id"]),
        text(&dataset["provider"]),
        text(&dataset["sharing"]["class"]),
        text(&dataset["title"][lang().pick("zh", "en")]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn items_become_columns_and_a_file_may_call_them_by_their_titles() {
        let answer = json!({ "items": [
            { "name": "uscc", "type": "uscc", "title": { "zh": "统一社会信用代码", "en": "Code" } },
            { "name": "capital", "type": "integer", "title": { "zh": "注册资本", "en": "Capital" } },
            { "name": "geometry", "type": "geometry", "title": { "zh": "位置", "en": "Geometry" } },
        ] });
        let dataset = Dataset { id: "x.y".into(), columns: columns(&answer) };
        let all = dataset.with_days();
        assert_eq!(
            all.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
            ["uscc", "capital", "geometry", VALID_FROM, VALID_TO]
        );
        assert_eq!(all.called("注册资本").map(|c| c.kind), Some(Kind::Integer));
        assert_eq!(all.called("失效日期").map(|c| c.name.as_str()), Some(VALID_TO));
        assert_eq!(all.get("geometry").map(|c| c.kind), Some(Kind::Json));
    }

    #[test]
    fn codes_that_are_none_never_reach_the_server() {
        for bad in ["", "../imports", "a/b", "a?b", "人口"] {
            assert!(path(bad, "").is_err(), "{bad}");
        }
        assert_eq!(
            path("population.person", "/records").ok().as_deref(),
            Some("/api/v1/hub/datasets/population.person/records")
        );
    }
}
