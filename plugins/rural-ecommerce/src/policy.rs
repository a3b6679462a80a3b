//! The installation's configuration, read where it is needed. Names and defaults stand in
//! `app.toml`; the host has checked every value against its schema.

use crate::domain::order::{Terms, Times};
use crate::domain::returns::Rules;
use serde::de::DeserializeOwned;
use yunlong_sdk::context::{self, ConfigError};

fn value<T: DeserializeOwned>(key: &str) -> Result<T, ConfigError> {
    context::config(key)?
        .ok_or_else(|| ConfigError { key: key.to_owned(), problem: "has neither a value nor a default".to_owned() })
}

/// How long things take.
///
/// # Errors
/// [`ConfigError`] when schema and code disagree; so with all functions here.
pub(crate) fn times() -> Result<Times, ConfigError> {
    Ok(Times {
        pay_minutes: value("pay_minutes")?,
        accept_days: value("accept_days")?,
        confirm_days: value("confirm_days")?,
        settle_days: value("settle_days")?,
        terms: Terms {
            ship_days: value("ship_days")?,
            carrier_hours: value("carrier_hours")?,
            arrive_days: value("arrive_days")?,
            return_days: value("return_days")?,
        },
    })
}

/// The rules of returns.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn returns() -> Result<Rules, ConfigError> {
    Ok(Rules { days: value("return_days")?, fresh: value("fresh_no_reason")?, step_days: value("return_step_days")? })
}

/// The platform's commission, in basis points.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn commission() -> Result<u16, ConfigError> {
    value("commission_bps")
}

/// Who keeps the commission: a USCC.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn commission_payee() -> Result<String, ConfigError> {
    value("commission_payee")
}

/// Who collects for farmers that have no USCC.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn collecting_agent() -> Result<String, ConfigError> {
    value("collecting_agent")
}

/// How long the outcome of a payment before a group's deadline may take: milliseconds.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn group_grace() -> Result<i64, ConfigError> {
    Ok(value::<i64>("group_grace_seconds")? * 1_000)
}

/// The most orders that one buyer holds unpaid.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn max_open_orders() -> Result<i64, ConfigError> {
    value("max_open_orders")
}

/// The most orders that one station holds unpaid.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn max_station_orders() -> Result<i64, ConfigError> {
    value("max_station_orders")
}

/// The most villages that a keeper records as visited on one day.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn visits_a_day() -> Result<i64, ConfigError> {
    value("visits_a_day")
}

/// The target of the service coverage, in per cent.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn coverage_target() -> Result<u64, ConfigError> {
    value("coverage_target")
}
