//! The JSON API. Each operation reads its input, calls one service and shows the answer.

mod buying;
mod department;
mod figures;
mod order_types;
mod orders;
mod selling;
mod selling_types;
mod shop;
mod station;
mod types;

use crate::service::Refusal;
use yunlong_sdk::{Operation, Request, Router, Text, t, web};

/// Adds the operations.
pub(crate) fn routes(router: Router) -> Router {
    let router = figures::routes(department::routes(station::routes(router)));
    selling::routes(orders::routes(buying::routes(shop::routes(router))))
}

fn answer<T>(request: &Request, result: Result<T, Refusal>) -> web::Result<T> {
    result.map_err(|e| e.into_error(request.lang()))
}

/// What every operation may answer that changes something, or shows what is somebody's own.
fn own<P, Q, B>(operation: Operation<P, Q, B>) -> Operation<P, Q, B> {
    operation
        .signed_in()
        .problem(403, "`role-required` names the role; `own-goods`, `own-commission`, `own-station`, `partial-arbiter`: another person must do it")
        .problem(404, "There is no such thing, or it is somebody else's")
        .problem(409, "A rule of the trade: `wrong-state` names the state and what it allows; `sold-out`, `price-changed`, `escrow-held`, `batch-required`, `not-selling` and the like")
        .problem(422, "`invalid-fields` points at each field; `unknown-village`; `idempotency-key-reused`")
}

/// What an operation may answer that everybody may ask.
fn public<P, Q, B>(operation: Operation<P, Q, B>) -> Operation<P, Q, B> {
    operation.problem(404, "There is no such thing").problem(422, "`invalid-fields` points at each field")
}

/// Rows of a page: 20 when absent.
fn limit(asked: Option<u32>) -> Result<u32, Refusal> {
    match asked.unwrap_or(20) {
        n @ 1..=100 => Ok(n),
        _ => Err(wrong("/limit", t("每页 1 至 100 条", "1 to 100 a page"))),
    }
}

fn wrong(at: &str, text: Text) -> Refusal {
    Refusal::field(at, text)
}

/// The refusal of a word that is none of those that the field takes.
fn unlisted(at: &str, words: &[&str]) -> Refusal {
    let zh = format!("请填写其中一项：{}", words.join("、"));
    wrong(at, Text { zh: zh.into(), en: format!("Enter one of {}", words.join(", ")).into() })
}

/// What a word of a list stands for, or the refusal of the field at `at`.
fn chosen<T: Copy>(all: &[T], code: fn(T) -> &'static str, word: &str, at: &str) -> Result<T, Refusal> {
    let found = all.iter().copied().find(|each| code(*each) == word);
    found.ok_or_else(|| unlisted(at, &all.iter().map(|each| code(*each)).collect::<Vec<_>>()))
}

/// A day of a body.
fn day(text: &str, at: &str) -> Result<crate::domain::time::Date, Refusal> {
    text.parse().map_err(|_| wrong(at, t("请填写日期，格式为 YYYY-MM-DD", "Enter a date as YYYY-MM-DD")))
}

/// The idempotency key of a request.
fn key(request: &Request) -> Result<Option<String>, Refusal> {
    let key = request.header("idempotency-key").map(str::trim).filter(|k| !k.is_empty());
    if key.is_some_and(|k| k.len() > 200) {
        return Err(wrong(
            "/idempotency-key",
            t("幂等键最长 200 个字符", "An idempotency key has at most 200 characters"),
        ));
    }
    Ok(key.map(str::to_owned))
}
