//! The same functions as JSON.

use crate::entry::{self, Entry, NewEntry};
use serde::{Deserialize, Serialize};
use yunlong_sdk::schemars::{self, JsonSchema};
use yunlong_sdk::{Form, Input, Request, web};

/// Where to go on.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct List {
    /// `next` of the page before.
    after: Option<String>,
}

/// A message to leave.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Create {
    /// The name to show, 1 to 30 characters.
    name: String,
    /// 1 to 500 characters.
    text: String,
}

/// A message as everybody sees it; who wrote it stays with the app.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown {
    id: String,
    name: String,
    text: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    time: u64,
}

/// A page of messages.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Entries {
    entries: Vec<Shown>,
    /// Give this as `after` for the next page; null when there is no more.
    next: Option<String>,
}

impl From<Entry> for Shown {
    fn from(e: Entry) -> Self {
        Self { id: e.id, name: e.name, text: e.text, time: e.time }
    }
}

pub(crate) fn list(_: &Request, input: Input<(), List>) -> web::Result<Entries> {
    let page = entry::visible(input.query.after)?;
    Ok(Entries { next: page.next.clone(), entries: page.into_iter().map(|e| e.into_value().into()).collect() })
}

pub(crate) fn create(req: &Request, input: Input<(), (), Create>) -> web::Result<Shown> {
    // The checks of the page's form are those of the API.
    let mut form = Form::new().with("name", input.body.name).with("text", input.body.text);
    let new = checked(&mut form);
    form.finish()?;
    let new = new.ok_or_else(|| yunlong_sdk::Problem::internal("a valid form without values"))?;
    Ok(entry::add(req.subject()?, new)?.into())
}

/// The message in a form, when nothing is wrong with it.
pub(crate) fn checked(form: &mut Form) -> Option<NewEntry> {
    // Both are checked before either refuses, so that a person sees every mistake at once.
    let (name, text) = (form.text("name", entry::NAME), form.text("text", entry::TEXT));
    Some(NewEntry { name: name?, text: text? })
}
