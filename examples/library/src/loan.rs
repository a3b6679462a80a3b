// ANCHOR: begin
//! Loans, from the reservation to the day on which the book is back. What is over is not kept.

use crate::book::Book;
use serde::{Deserialize, Serialize};
use yunlong_sdk::context::{self, ConfigError};
use yunlong_sdk::messaging::MessagingError;
use yunlong_sdk::{
    Collection, DataError, Document, Failure, Notification, Problem, Stored, Text, Tx, clock, now, random, t, transact,
    web,
};

const DAY: u64 = 24 * 60 * 60 * 1000;
const WEEK: u64 = 7 * DAY;
const LOANS: Collection<Loan> = Collection::new();
// ANCHOR_END: begin

// ANCHOR: loan
/// How far a loan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No copy was free: it stands in line.
    Waiting,
    /// A copy lies at the desk.
    Ready,
    /// The reader has it.
    Lent,
}

/// A reservation, and the loan that it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Document)]
#[document(collection = "loans", indexes("by-reader", "by-queue", "by-wake"))]
pub struct Loan {
    /// Its number, which the reader shows at the desk.
    #[document(id)]
    pub number: String,
    /// The book's id.
    pub book: String,
    /// The book's title; absent once the reader had it erased.
    pub title: Option<String>,
    /// The pairwise subject of the reader.
    pub reader: String,
    /// How far it is.
    pub state: State,
    /// When it was reserved, ms since 1970.
    pub since: u64,
    /// Until when it lies at the desk, or is lent. Absent while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// When the job has to look at it. Absent while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake: Option<u64>,
}
// ANCHOR_END: loan

// ANCHOR: due
impl Loan {
    fn due(self, state: State, until: u64) -> Self {
        Self { state, until: Some(until), wake: Some(until), ..self }
    }
}

/// A time so many days from now, as the department configured.
fn in_days(key: &str, default: u64) -> Result<u64, ConfigError> {
    Ok(now() + context::config(key)?.unwrap_or(default) * DAY)
}
// ANCHOR_END: due

// ANCHOR: reserve
/// Takes a copy for this reader, or a place in the line for one.
pub(crate) fn reserve(reader: &str, book: &str) -> web::Result<Loan> {
    let (number, since, until) = (random::code(8), now(), in_days("pickup_days", 3)?);
    let made = transact(|tx| {
        let book = tx.get::<Book>(book)?.ok_or_else(Problem::not_found)?.into_value();
        let mut loan = Loan {
            number: number.clone(),
            book: book.id.clone(),
            title: Some(book.title.clone()),
            reader: reader.to_owned(),
            state: State::Waiting,
            since,
            until: None,
            wake: None,
        };
        // What was read here is checked at the commit: of two people who see the last copy, one runs this again
        // and sees that it is gone.
        if book.free() > 0 {
            tx.put(&Book { taken: book.taken + 1, ..book })?;
            loan = loan.due(State::Ready, until);
        }
        tx.insert(&loan)?;
        tx.audit("loan.reserve", &loan.number, &serde_json::json!({ "book": loan.book }))?;
        Ok::<_, web::Error>(loan)
    });
    match made {
        Err(web::Error::Data(DataError::UniqueViolation { .. })) => {
            Err(Problem::conflict(t("您已预约或借阅这本书", "You have this book, or a reservation of it"))
                .kind("reserved-already")
                .into())
        }
        other => other,
    }
}
// ANCHOR_END: reserve

// ANCHOR: pass-on
/// A copy is free again: whoever waits longest gets it and is told, otherwise it goes back to the shelf.
fn pass_on<E>(tx: &Tx<'_>, book: &str, until: u64) -> Result<(), E>
where
    E: From<DataError> + From<MessagingError>,
{
    let line = tx.find(Loan::BY_QUEUE.equals(book).equals("waiting").limit(1))?;
    if let Some(next) = line.into_iter().next() {
        let loan = next.into_value().due(State::Ready, until);
        tx.put(&loan)?;
        tell(
            tx,
            &loan,
            t("您预约的图书已到馆", "Your book is here"),
            Text::new(
                format!("请在 {} 前到馆取书。", clock::minute(until)),
                format!("Fetch it before {}.", clock::minute(until)),
            ),
        )?;
    } else if let Some(book) = tx.get::<Book>(book)? {
        let book = book.into_value();
        tx.put(&Book { taken: book.taken.saturating_sub(1), ..book })?;
    }
    Ok(())
}
// ANCHOR_END: pass-on

// ANCHOR: tell
/// Puts a note into the reader's inbox, with the commit.
fn tell(tx: &Tx<'_>, loan: &Loan, title: Text, body: Text) -> Result<(), MessagingError> {
    match tx.notify(&Notification::new(&loan.reader, title, body).path("/mine")) {
        // An account that was closed has no inbox. Everybody else's book must still move.
        Err(MessagingError::UnknownRecipient) => Ok(()),
        other => other,
    }
}
// ANCHOR_END: tell

// ANCHOR: cancel
/// Gives up a reservation. Who has the book brings it back instead.
pub(crate) fn cancel(reader: &str, number: &str) -> web::Result<()> {
    let until = in_days("pickup_days", 3)?;
    transact(|tx| {
        // Somebody else's is answered like none at all.
        let loan = tx.get::<Loan>(number)?.filter(|l| l.reader == reader).ok_or_else(Problem::not_found)?;
        if loan.state == State::Lent {
            return Err(not_now());
        }
        tx.delete::<Loan>(number)?;
        tx.audit("loan.cancel", number, &serde_json::json!({}))?;
        if loan.state == State::Ready { pass_on(tx, &loan.book, until) } else { Ok(()) }
    })
}
// ANCHOR_END: cancel

// ANCHOR: hand-out
/// A librarian hands the copy out.
pub(crate) fn hand_out(number: &str) -> web::Result<()> {
    let until = in_days("loan_days", 30)?;
    transact(|tx| {
        let loan = in_state(tx, number, State::Ready)?;
        tx.put(&loan.due(State::Lent, until))?;
        Ok(tx.audit("loan.hand-out", number, &serde_json::json!({}))?)
    })
}

/// A librarian takes the copy back.
pub(crate) fn take_back(number: &str) -> web::Result<()> {
    let until = in_days("pickup_days", 3)?;
    transact(|tx| {
        let loan = in_state(tx, number, State::Lent)?;
        tx.delete::<Loan>(number)?;
        tx.audit("loan.take-back", number, &serde_json::json!({}))?;
        pass_on(tx, &loan.book, until)
    })
}

fn in_state(tx: &Tx<'_>, number: &str, state: State) -> web::Result<Loan> {
    let loan = tx.get::<Loan>(number)?.ok_or_else(Problem::not_found)?.into_value();
    if loan.state == state { Ok(loan) } else { Err(not_now()) }
}
// ANCHOR_END: hand-out

// ANCHOR: not-now
fn not_now() -> web::Error {
    Problem::conflict(t("这本书现在不能这样办理", "This cannot be done with the loan as it is"))
        .kind("wrong-state")
        .detail(t("请刷新页面，查看它现在的状态。", "Reload the page and see how it stands."))
        .into()
}
// ANCHOR_END: not-now

// ANCHOR: deadlines
/// The job: what was not fetched goes to the next in line; who keeps a book too long is reminded each week. It takes
/// some at a time, and the others an hour later.
pub(crate) fn look_at_deadlines(tx: &Tx<'_>, scheduled: u64) -> Result<(), Failure> {
    let until = in_days("pickup_days", 3).map_err(|e| Failure::Reject(e.to_string()))?;
    for loan in tx.find(Loan::BY_WAKE.equals("ready").at_most(scheduled).limit(50))? {
        tx.delete::<Loan>(&loan.number)?;
        let body = t("如仍需要，请重新预约。", "Reserve it again if you still want it.");
        tell(tx, &loan, t("预约已过期", "Your reservation has ended"), body)?;
        pass_on::<Failure>(tx, &loan.book, until)?;
    }
    for loan in tx.find(Loan::BY_WAKE.equals("lent").at_most(scheduled).limit(50))? {
        let loan = Loan { wake: Some(scheduled + WEEK), ..loan.into_value() };
        tx.put(&loan)?;
        tell(tx, &loan, t("图书已到期", "Your book is due"), t("请尽快归还。", "Bring it back soon."))?;
    }
    Ok(())
}
// ANCHOR_END: deadlines

// ANCHOR: read
/// A loan by its number, for the desk.
pub(crate) fn get(number: &str) -> Result<Option<Loan>, DataError> {
    Ok(LOANS.get(number)?.map(Stored::into_value))
}

/// The latest loans of a reader.
pub(crate) fn of(reader: &str) -> Result<Vec<Loan>, DataError> {
    Ok(LOANS.find(Loan::BY_READER.equals(reader).descending())?.into_iter().map(Stored::into_value).collect())
}
// ANCHOR_END: read
