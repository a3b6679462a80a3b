//! `city:base/economy`.

use super::super::bindings::city::base::economy as wit;
use super::{Answer, Error, attempt};
use crate::state::State;
use yunlong_formats::{DivisionCode, Level};
use yunlong_hub::base::economy::{self, Observation};
use yunlong_hub::series::{Divisions, Period, Series, SeriesQuery};

const OBSERVATION: &str = "economy.observation";

impl From<Observation> for wit::Observation {
    fn from(o: Observation) -> Self {
        Self {
            standing: o.about.into(),
            number: o.observation,
            indicator: o.indicator,
            division: o.division,
            period: o.period,
            value: o.value,
            unit: o.unit,
            state: o.state,
        }
    }
}

impl From<Series> for wit::Series {
    fn from(s: Series) -> Self {
        let rates = s.growth();
        let number = |d| f64::try_from(d).unwrap_or(f64::NAN);
        let points = s.points.iter().zip(rates).map(|(p, rate)| wit::Point {
            period: p.period.to_string(),
            value: number(p.value),
            state: p.state.map(|s| s.code().to_owned()),
            growth: rate.percent.map(number),
        });
        Self { points: points.collect(), indicator: s.indicator, division: s.division.to_string(), unit: s.unit }
    }
}

fn invalid(e: impl ToString) -> Error {
    Error::Invalid(e.to_string())
}

fn period(text: &str) -> Result<Period, Error> {
    text.parse().map_err(invalid)
}

fn divisions(asked: wit::Divisions) -> Result<Divisions, Error> {
    let code = |text: &str| DivisionCode::parse(text).map_err(invalid);
    Ok(match asked {
        wit::Divisions::Codes(codes) => Divisions::Codes(codes.iter().map(|c| code(c)).collect::<Result<_, _>>()?),
        wit::Divisions::Level(l) => {
            let level = match l.level.as_str() {
                "city" => Level::City,
                "county" => Level::County,
                "town" => Level::Town,
                "village" => Level::Village,
                other => return Err(invalid(format!("`{other}` is no level: city, county, town or village"))),
            };
            Divisions::Level { within: code(&l.within)?, level }
        }
    })
}

impl wit::Host for State {
    async fn get(&mut self, purpose: String, number: String) -> Answer<Option<wit::Observation>> {
        let asking = self.base("economy.get")?;
        let (hub, caller) = attempt!(asking.of(OBSERVATION, &purpose).await);
        Ok(Ok(attempt!(economy::get(hub, caller, &purpose, &number).await).map(Into::into)))
    }

    async fn indicators(&mut self, purpose: String) -> Answer<Vec<wit::Indicator>> {
        let asking = self.base("economy.indicators")?;
        let (hub, caller) = attempt!(asking.of(OBSERVATION, &purpose).await);
        let all = attempt!(economy::indicators(hub, caller, &purpose).await);
        Ok(Ok(all.into_iter().map(|i| wit::Indicator { code: i.code, zh: i.name.zh, en: i.name.en }).collect()))
    }

    async fn get_series(
        &mut self,
        purpose: String,
        indicator: String,
        asked: wit::Divisions,
        from: String,
        to: String,
    ) -> Answer<Vec<wit::Series>> {
        let asking = self.base("economy.get-series")?;
        let (hub, caller) = attempt!(asking.of(OBSERVATION, &purpose).await);
        let (divisions, from, to) = (attempt!(divisions(asked)), attempt!(period(&from)), attempt!(period(&to)));
        let query = attempt!(SeriesQuery::new(vec![indicator], divisions, from, to).map_err(invalid));
        let mut meter = asking.meter("economy.get-series");
        let series = attempt!(economy::series(hub, caller, &purpose, &query, &mut meter).await);
        Ok(Ok(series.into_iter().map(Into::into).collect()))
    }
}
