//! What an app is: the traits behind [`export!`](crate::export!).

use crate::data::{DataError, Tx};
use crate::http::HttpError;
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

    /// Called before a release serves its first request, every few seconds while a new release is
    /// watched, and when an official asks for it. It must not write.
    ///
    /// # Errors
    /// A text for the operator: the release does not serve, or is rolled back.
    fn health() -> Result<(), String> {
        Ok(())
    }
}

/// An app that brings its data from an older schema to that of this version: `[data]` in
/// `app.toml`.
///
/// A version that names the older schema under `reads` serves at once, and the batches run while it
/// does; otherwise requests wait until the last batch is committed.
pub trait Migrations {
    /// Brings a batch of data from the schema `from` to `to`; `cursor` is [`Progress::next`] of the
    /// batch before. What is written in `tx` commits together with the progress, so that a batch has
    /// its effect exactly once, also when the server is killed in between.
    ///
    /// ```
    /// # use yunlong_sdk::{Collection, Document, Migrations, Progress, Query, Tx};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "notes")]
    /// struct Note {
    ///     #[document(id)]
    ///     id: String,
    ///     text: String,
    ///     /// New in schema 2.
    ///     words: Option<usize>,
    /// }
    /// struct App;
    /// impl Migrations for App {
    ///     fn migrate(_: u32, _: u32, cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String> {
    ///         let (done, after) = Progress::resume(cursor)?;
    ///         let page = tx.find::<Note>(Query::by_id().limit(200).after(after)).map_err(|e| e.to_string())?;
    ///         for note in &page.items {
    ///             if note.value.words.is_none() {
    ///                 let words = note.value.text.split_whitespace().count();
    ///                 let id = note.value.id.clone();
    ///                 tx.put(&Note { words: Some(words), id, text: note.value.text.clone() }).map_err(|e| e.to_string())?;
    ///             }
    ///         }
    ///         Ok(Progress::after(done + page.items.len() as u64, page.next))
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// A text for the department: the host tries the batch again, and then stops and shows it.
    fn migrate(from: u32, to: u32, cursor: Option<&str>, tx: &Tx<'_>) -> Result<Progress, String>;
}

/// How far a migration is after a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where the next batch goes on; `None` when all is done.
    pub next: Option<String>,
    /// Done so far, all batches counted.
    pub done: u64,
    /// All that there is to do, if it is known.
    pub total: Option<u64>,
}

impl Progress {
    /// Done so far, and the cursor of the page that comes next; a cursor that carries both.
    #[must_use]
    pub fn after(done: u64, next: Option<String>) -> Self {
        Self { next: next.map(|n| format!("{done}:{n}")), done, total: None }
    }

    /// What [`Progress::after`] put into a cursor.
    ///
    /// # Errors
    /// When it is another cursor.
    pub fn resume(cursor: Option<&str>) -> Result<(u64, Option<&str>), String> {
        let Some(cursor) = cursor else { return Ok((0, None)) };
        let (done, next) =
            cursor.split_once(':').ok_or_else(|| format!("`{cursor}` is no cursor of this migration"))?;
        let done = done.parse().map_err(|_| format!("`{cursor}` is no cursor of this migration"))?;
        Ok((done, Some(next)))
    }

    /// With how much there is in all.
    #[must_use]
    pub fn of(self, total: u64) -> Self {
        Self { total: Some(total), ..self }
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

impl From<HttpError> for Failure {
    fn from(e: HttpError) -> Self {
        Self::Retry(e.to_string())
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
    (http: $http:ty $(, consumer: $consumer:ty)? $(, jobs: $jobs:ty)? $(, lifecycle: $lifecycle:ty)? $(, migrations: $migrations:ty)? $(,)?) => {
        // Natively there is nothing to export; the bounds are checked all the same.
        const _: () = {
            const fn app<T: $crate::App>() {}
            app::<$http>();
            $({ const fn consumer<T: $crate::Consumer>() {} consumer::<$consumer>(); })?
            $({ const fn jobs<T: $crate::Jobs>() {} jobs::<$jobs>(); })?
            $({ const fn lifecycle<T: $crate::Lifecycle>() {} lifecycle::<$lifecycle>(); })?
            $({ const fn migrations<T: $crate::Migrations>() {} migrations::<$migrations>(); })?
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
            $(
                type Migrations_ = $crate::__private::exports::Migrations<$migrations>;
                $crate::__private::bindings::migrations::export!(Migrations_ with_types_in $crate::__private::bindings::migrations);
            )?
        }
    };
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn a_cursor_carries_what_is_done() {
        let progress = Progress::after(40, Some("a:b".into())).of(100);
        assert_eq!((progress.done, progress.total), (40, Some(100)));
        assert_eq!(Progress::resume(progress.next.as_deref()), Ok((40, Some("a:b"))));
        assert_eq!(Progress::resume(None), Ok((0, None)));
        assert!(Progress::resume(Some("x")).is_err() && Progress::resume(Some("x:y")).is_err());
        assert_eq!(Progress::after(7, None).next, None);
    }
}
