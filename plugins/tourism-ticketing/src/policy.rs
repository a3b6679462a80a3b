//! The installation's configuration, read where it is needed. Names and defaults stand in
//! `app.toml`; the host has checked every value against its schema.

use crate::domain::admission::{Window, WindowRule};
use crate::domain::slot::SalesWindow;
use serde::de::DeserializeOwned;
use yunlong_sdk::context::{self, ConfigError};

fn value<T: DeserializeOwned>(key: &str) -> Result<T, ConfigError> {
    context::config(key)?
        .ok_or_else(|| ConfigError { key: key.to_owned(), problem: "has neither a value nor a default".to_owned() })
}

/// How long places are kept for a buyer who has not paid.
///
/// # Errors
/// [`ConfigError`] when schema and code disagree; so with all functions here.
pub(crate) fn hold_minutes() -> Result<u32, ConfigError> {
    value("hold_minutes")
}

/// The most visitors of one order.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn max_visitors() -> Result<usize, ConfigError> {
    value("max_visitors")
}

/// The most orders that one buyer holds unpaid.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn max_open_orders() -> Result<i64, ConfigError> {
    value("max_open_orders")
}

/// How long a ticket's code is shown before the next follows.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn code_seconds() -> Result<u32, ConfigError> {
    value("code_seconds")
}

/// When slots are on sale.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn sales_window() -> Result<SalesWindow, ConfigError> {
    Ok(SalesWindow { booking_days: value("booking_days")?, closes_before_end_minutes: value("sales_close_minutes")? })
}

/// When tickets open the gate.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn admission_window() -> Result<Window, ConfigError> {
    let rule: WindowRule = value("admission_window")?;
    let (early_minutes, late_minutes) = match rule {
        WindowRule::Slot => (value("admission_early_minutes")?, value("admission_late_minutes")?),
        WindowRule::AnyTime => (0, 0),
    };
    Ok(Window { rule, early_minutes, late_minutes })
}
