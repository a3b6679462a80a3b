//! The JSON API. Each operation reads its input, calls one service and shows the answer.

mod flows;
mod goods;
mod loans;
mod sensors;
mod types;
mod way;

use crate::service::fields::FieldError;
use crate::service::{Refusal, who};
use crate::views::waiting;
use types::{Listed, Me, Paging, WaitingItem};
use yunlong_sdk::{Document, Input, Operation, Page, Request, Router, StatusCode, Stored, t, web};

/// Adds the operations.
pub(crate) fn routes(router: Router) -> Router {
    let router = router.operation(
        read("/api/me", "whoAmI", "people")
            .summary("For whom the caller acts, what they may be, and what waits for them"),
        |r, _: Input| answer(r, me()),
    );
    way::routes(flows::routes(loans::routes(sensors::routes(goods::routes(router)))))
}

/// An operation that reads, for those who signed in.
fn read(path: &'static str, id: &'static str, tag: &'static str) -> Operation {
    Operation::get(path, id)
        .tag(tag)
        .signed_in()
        .problem(403, "`role-required` names the role")
        .problem(404, "There is no such thing, or it is another organization's")
        .problem(422, "`invalid-fields` points at each parameter")
}

/// An operation that makes something new: the same key makes it once.
fn make(path: &'static str, id: &'static str, tag: &'static str) -> Operation {
    step(path, id, tag).status(StatusCode::CREATED).header(
        "Idempotency-Key",
        "1 to 200 characters, the caller's own for this request: sent again it answers what it made the first time.",
    )
}

/// An operation that changes something.
fn step(path: &'static str, id: &'static str, tag: &'static str) -> Operation {
    Operation::post(path, id)
        .tag(tag)
        .signed_in()
        .problem(403, "`role-required` names the role; `same-hands`: for somebody who did not do the step before")
        .problem(404, "There is no such thing, or it is another organization's")
        .problem(409, "The state does not allow it, or a rule of the trade: `type` names which, and members say more")
        .problem(422, "`invalid-fields` points at each field; `idempotency-key-reused`")
}

fn answer<T>(request: &Request, result: Result<T, Refusal>) -> web::Result<T> {
    result.map_err(|e| e.into_error(request.lang()))
}

/// The caller's idempotency key.
fn key(request: &Request) -> Option<&str> {
    request.header("idempotency-key").map(str::trim).filter(|k| !k.is_empty())
}

/// How many of a list are wanted.
fn limit(asked: Option<u32>) -> Result<u32, Refusal> {
    match asked.unwrap_or(20) {
        n @ 1..=100 => Ok(n),
        _ => Err(FieldError::new("/limit", t("每页 1 至 100 条", "1 to 100 a page")).into()),
    }
}

/// A page of a list as the API shows it.
fn listed<T: Document, I: From<T>>(
    query: Paging,
    list: impl FnOnce(u32, Option<String>) -> Result<Page<T>, Refusal>,
) -> Result<Listed<I>, Refusal> {
    let page = list(limit(query.limit)?, query.after)?;
    Ok(Listed { items: page.items.into_iter().map(Stored::into_value).map(I::from).collect(), next: page.next })
}

fn me() -> Result<Me, Refusal> {
    let actor = who()?;
    let waits = |w: waiting::Waiting| WaitingItem {
        role: w.role.code().to_owned(),
        what: w.what,
        urgent: w.urgent,
        more: w.more,
        paths: w.things.into_iter().map(|t| t.path).collect(),
    };
    Ok(Me {
        waiting: waiting::of(&actor)?.into_iter().map(waits).collect(),
        roles: actor.roles.iter().map(|r| r.code().to_owned()).collect(),
        organization: actor.organization,
        organization_name: actor.organization_name,
    })
}
