//! 宏观经济: figures and series.

use super::{About, Fields, lacks, open, over, within};
use crate::read::MAX_PAGE;
use crate::series::{Divisions, Figure, Series, SeriesError, SeriesQuery, assemble};
use crate::{Bound, Caller, Denial, Hub, Open, Query, ReadError, Released};
use yunlong_model::Text;

const OBSERVATION: &str = "economy.observation";
/// The most figures that a question reads.
const MAX_FIGURES: usize = 20_000;
/// The most pages that a question reads, those among them on which nothing may be shown.
const MAX_PAGES: usize = 500;

/// A figure, as it is on record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// What was released.
    pub about: About,
    /// Its number.
    pub observation: Option<String>,
    /// The indicator's code.
    pub indicator: Option<String>,
    /// The division.
    pub division: Option<String>,
    /// `2025`, `2025-Q3` or `2025-07`.
    pub period: Option<String>,
    /// The value, in its unit.
    pub value: Option<f64>,
    /// The unit.
    pub unit: Option<String>,
    /// `preliminary`, `revised` or `final`.
    pub state: Option<String>,
}

impl From<&Released> for Observation {
    fn from(released: &Released) -> Self {
        let mut f = Fields::of(released);
        Self {
            observation: f.text("observation"),
            indicator: f.text("indicator"),
            division: f.text("division"),
            period: f.text("period"),
            value: f.number("value"),
            unit: f.text("unit"),
            state: f.text("state"),
            about: f.about(),
        }
    }
}

/// The figure of a number.
///
/// # Errors
/// As [`Open::get`].
pub async fn get(hub: &Hub, caller: Caller, purpose: &str, number: &str) -> Result<Option<Observation>, ReadError> {
    let found = open(hub, caller, OBSERVATION, purpose).await?.get(number, &[], None).await?;
    Ok(found.as_ref().map(Observation::from))
}

/// An indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Text,
}

/// The indicators that there are.
///
/// # Errors
/// [`ReadError`] when the dataset is not granted for the purpose.
pub async fn indicators(hub: &Hub, caller: Caller, purpose: &str) -> Result<Vec<Indicator>, ReadError> {
    open(hub, caller, OBSERVATION, purpose).await?;
    let dataset = hub.dataset(OBSERVATION).ok_or_else(|| Denial::UnknownDataset(OBSERVATION.into()))?;
    let codes = dataset.item("indicator").map(|item| item.codes.clone()).unwrap_or_default();
    Ok(codes.into_iter().map(|(code, name)| Indicator { code, name }).collect())
}

/// Series, by indicator, division and unit. `meter` is asked before each page is read: one question is many
/// reads, and whoever bounds what a caller may read counts each of them.
///
/// # Errors
/// As [`Open::query`]; the denial of an item that a figure needs; [`ReadError::TooLarge`] for more than
/// 20,000 figures, or 500 pages; what `meter` answers.
pub async fn series(
    hub: &Hub,
    caller: Caller,
    purpose: &str,
    query: &SeriesQuery,
    meter: &mut (dyn FnMut() -> Result<(), ReadError> + Send),
) -> Result<Vec<Series>, ReadError> {
    let walks = queries(query);
    if walks.len() > MAX_PAGES {
        let count = walks.len();
        return Err(ReadError::TooLarge(format!("{count} series are asked for, {MAX_PAGES} are possible at once")));
    }
    let open = open(hub, caller, OBSERVATION, purpose).await?;
    let mut reader = Reader { open, meter, pages: 0, figures: Vec::new() };
    for walk in walks {
        reader.read(walk).await?;
    }
    Ok(assemble(query, reader.figures))
}

/// The walks of an index that find all figures of a question.
fn queries(query: &SeriesQuery) -> Vec<Query> {
    let index = ["indicator", "division", "period"];
    let (from, to) = query.ends();
    let end = |period: crate::series::Period| Some(Bound { value: period.to_string().into(), inclusive: true });
    let mut all = Vec::new();
    for indicator in query.indicators() {
        let indicator = indicator.as_str();
        match query.divisions() {
            // Texts of one frequency are in the order of their periods; other frequencies are left out later.
            Divisions::Codes(codes) => all.extend(codes.iter().map(|code| Query {
                lower: end(from),
                upper: end(to),
                ..over(&index, vec![indicator.into(), code.as_str().into()], None)
            })),
            Divisions::Level { within: around, .. } => {
                all.push(within(over(&index, vec![indicator.into()], None), around));
            }
        }
    }
    all
}

/// Reads figures, within what one question may.
struct Reader<'a> {
    open: Open,
    meter: &'a mut (dyn FnMut() -> Result<(), ReadError> + Send),
    pages: usize,
    figures: Vec<Figure>,
}

impl Reader<'_> {
    async fn read(&mut self, mut query: Query) -> Result<(), ReadError> {
        query.limit = MAX_PAGE;
        loop {
            self.pages += 1;
            if self.pages > MAX_PAGES {
                return Err(ReadError::TooLarge(format!(
                    "more than {MAX_PAGES} pages of figures: ask for fewer at once"
                )));
            }
            (self.meter)()?;
            let page = self.open.query(&query, &[]).await?;
            for released in &page.records {
                self.figures.push(Figure::from_body(&released.body).map_err(|e| match e {
                    SeriesError::Lacks(item) => lacks(item),
                    other => ReadError::Invalid(other.to_string()),
                })?);
            }
            if self.figures.len() > MAX_FIGURES {
                return Err(ReadError::TooLarge(format!("more than {MAX_FIGURES} figures: ask for fewer at once")));
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use yunlong_formats::{DivisionCode, Level};

    fn code(text: &str) -> DivisionCode {
        DivisionCode::parse(text).unwrap()
    }

    #[test]
    fn a_question_walks_one_range_for_each_indicator_and_division() {
        let ask = |divisions| {
            let indicators = vec!["gdp".to_owned(), "population".to_owned()];
            SeriesQuery::new(indicators, divisions, "2020".parse().unwrap(), "2025".parse().unwrap()).unwrap()
        };
        let by_code = queries(&ask(Divisions::Codes(vec![code("320302"), code("320303")])));
        assert_eq!(by_code.len(), 4);
        assert_eq!(by_code[1].equals, [json!("gdp"), json!("320303")]);
        assert_eq!(by_code[1].upper, Some(Bound { value: json!("2025"), inclusive: true }));
        let by_level = queries(&ask(Divisions::Level { within: code("320300"), level: Level::County }));
        assert_eq!(by_level.len(), 2);
        assert_eq!(by_level[1].equals, [json!("population")]);
        assert_eq!(by_level[1].lower, Some(Bound { value: json!("3203"), inclusive: true }));
    }
}
