//! What an app is: the traits behind [`export!`](crate::export!).

use crate::data::{DataError, Tx};
use crate::messaging::{Event, MessagingError};
use crate::payments::PaymentError;
use crate::web::Router;

/// An app that serves pages and an API.
pub trait App {
    /// The routes. Called once for each request, in a fresh instance: keep it to declarations.
    fn router() -> Router;
}

/// An app that consumes events: those of `[[consumes]]` in `app.toml`, and `city.payments`.
pub trait Consumer {
    /// Handles one event. What is written in `tx` commits together with the acknowledgment, so
    /// the event has its effect exactly once; the host commits. After a conflict the host
    /// delivers again.
    ///
    /// # Errors
    /// [`Failure`] says whether the host should try again. Nothing is written then.
    fn handle(event: &Event, tx: &Tx<'_>) -> Result<(), Failure>;
}

/// An app that runs the jobs of `app.toml`.
pub trait Jobs {
    /// Runs `job`, which fell due at `scheduled` (ms since 1970). What is written in `tx` commits
    /// together with the run's record.
    ///
    /// # Errors
    /// [`Failure`] says whether the host should try again. Nothing is written then.
    fn run(job: &str, scheduled: u64, tx: &Tx<'_>) -> Result<(), Failure>;
}

/// An app that is called around its installation.
pub trait Lifecycle {
    /// Called once, before the installation serves its first request: the place for first data.
    ///
    /// # Errors
    /// A text for the operator: the installation is refused.
    fn install(tx: &Tx<'_>) -> Result<(), String>;

    /// Called before an installation becomes ready, and by the operator.
    ///
    /// # Errors
    /// A text for the operator: the installation does not serve.
    fn health() -> Result<(), String> {
        Ok(())
    }
}

/// Why a message, a job or a lifecycle call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again later; after the last attempt it becomes a dead letter.
    #[error("{0}")]
    Retry(String),
    /// It will never succeed: a dead letter at once.
    #[error("{0}")]
    Reject(String),
}

impl From<DataError> for Failure {
    fn from(e: DataError) -> Self {
        match e {
            DataError::Conflict | DataError::Unavailable(_) | DataError::Other(_) | DataError::OutOfBounds { .. } => {
                Self::Retry(e.to_string())
            }
            _ => Self::Reject(e.to_string()),
        }
    }
}

impl From<MessagingError> for Failure {
    fn from(e: MessagingError) -> Self {
        match e {
            MessagingError::Other(_) => Self::Retry(e.to_string()),
            _ => Self::Reject(e.to_string()),
        }
    }
}

impl From<PaymentError> for Failure {
    fn from(e: PaymentError) -> Self {
        match e {
            PaymentError::Other(_) => Self::Retry(e.to_string()),
            _ => Self::Reject(e.to_string()),
        }
    }
}

/// Makes the crate a component of the platform. `http` is what every app has; the other parts
/// are optional and may be the same type.
///
/// ```
/// # use yunlong_sdk::{App, Consumer, Event, Failure, Router, Tx};
/// struct Shop;
/// impl App for Shop {
///     fn router() -> Router { Router::new() }
/// }
/// impl Consumer for Shop {
///     fn handle(_: &Event, _: &Tx<'_>) -> Result<(), Failure> { Ok(()) }
/// }
/// yunlong_sdk::export!(http: Shop, consumer: Shop);
/// ```
#[macro_export]
macro_rules! export {
    ($http:ty) => {
        $crate::export!(http: $http);
    };
    (http: $http:ty $(, consumer: $consumer:ty)? $(, jobs: $jobs:ty)? $(, lifecycle: $lifecycle:ty)? $(,)?) => {
        // Natively there is nothing to export; the bounds are checked all the same.
        const _: () = {
            const fn app<T: $crate::App>() {}
            app::<$http>();
            $({ const fn consumer<T: $crate::Consumer>() {} consumer::<$consumer>(); })?
            $({ const fn jobs<T: $crate::Jobs>() {} jobs::<$jobs>(); })?
            $({ const fn lifecycle<T: $crate::Lifecycle>() {} lifecycle::<$lifecycle>(); })?
        };
        #[cfg(target_arch = "wasm32")]
        mod yunlong_component {
            #[allow(unused_imports)]
            use super::*;
            type Http = $crate::__private::exports::Http<$http>;
            $crate::__private::bindings::app::export!(Http with_types_in $crate::__private::bindings::app);
            $(
                type Consumer_ = $crate::__private::exports::Consumer<$consumer>;
                $crate::__private::bindings::consumer::export!(Consumer_ with_types_in $crate::__private::bindings::consumer);
            )?
            $(
                type Jobs_ = $crate::__private::exports::Jobs<$jobs>;
                $crate::__private::bindings::jobs::export!(Jobs_ with_types_in $crate::__private::bindings::jobs);
            )?
            $(
                type Lifecycle_ = $crate::__private::exports::Lifecycle<$lifecycle>;
                $crate::__private::bindings::lifecycle::export!(Lifecycle_ with_types_in $crate::__private::bindings::lifecycle);
            )?
        }
    };
}
