//! The installation's configuration, read where it is needed. Names and defaults stand in `app.toml`; the host has
//! checked every value against its schema.

use crate::domain::calendar::Calendar;
use crate::domain::loan::{DayCount, Limits, Rate, Terms};
use crate::domain::signature::Algorithm;
use crate::domain::time::Date;
use serde::de::DeserializeOwned;
use yunlong_sdk::context::{self, ConfigError};

fn value<T: DeserializeOwned>(key: &str) -> Result<T, ConfigError> {
    context::config(key)?
        .ok_or_else(|| ConfigError { key: key.to_owned(), problem: "has neither a value nor a default".to_owned() })
}

/// What a bank offers here.
///
/// # Errors
/// [`ConfigError`] when schema and code disagree; so with all functions here.
pub fn terms(term_days: u32) -> Result<Terms, ConfigError> {
    let day_count: DayCount = value("day_count")?;
    Ok(Terms {
        rate: Rate { bps: value("rate_bps")?, day_count, overdue_bps: value("overdue_bps")? },
        term_days,
        ltv_bps: value("ltv_bps")?,
        margin_bps: value("margin_bps")?,
    })
}

/// By what a bank approves.
///
/// # Errors
/// [`ConfigError`].
pub fn limits() -> Result<Limits, ConfigError> {
    Ok(Limits { price_days: value("price_days")?, credit_days: value("credit_days")? })
}

/// Business days to meet a margin call.
///
/// # Errors
/// [`ConfigError`].
pub fn margin_days() -> Result<u32, ConfigError> {
    value("margin_days")
}

/// How long a consent holds, in days.
///
/// # Errors
/// [`ConfigError`].
pub fn consent_days() -> Result<i64, ConfigError> {
    value("consent_days")
}

/// Which days business is done. A day that cannot be read is none: the host has checked its form.
///
/// # Errors
/// [`ConfigError`].
pub fn calendar() -> Result<Calendar, ConfigError> {
    let days = |key: &str| -> Result<_, ConfigError> {
        let texts: Vec<String> = value(key)?;
        Ok(texts.iter().filter_map(|t| t.parse::<Date>().ok()).collect())
    };
    Ok(Calendar { holidays: days("holidays")?, workdays: days("workdays")? })
}

/// How receipts are signed.
///
/// # Errors
/// [`ConfigError`].
pub fn receipt_algorithm() -> Result<Algorithm, ConfigError> {
    value("receipt_algorithm")
}

/// Who carries what other apps ask for.
///
/// # Errors
/// [`ConfigError`].
pub fn carrier() -> Result<Option<String>, ConfigError> {
    Ok(Some(value::<String>("carrier")?).filter(|c| !c.is_empty()))
}

/// After how long a sensor counts as silent, in minutes.
///
/// # Errors
/// [`ConfigError`].
pub fn silent_minutes() -> Result<i64, ConfigError> {
    value("silent_minutes")
}

/// Whether a new installation begins with the sample.
///
/// # Errors
/// [`ConfigError`].
pub fn sample() -> Result<bool, ConfigError> {
    value("sample")
}
