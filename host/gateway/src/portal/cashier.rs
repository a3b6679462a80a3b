//! The page of the sandbox cashier, and the address that payment providers call back.

use super::escrow;
use crate::body::{self, Form};
use crate::failure::{Failure, Outcome, kinds};
use crate::layout::{Page, money, notice};
use crate::view::{View, json, see_other};
use axum::extract::{Path, Request};
use axum::response::IntoResponse;
use http::StatusCode;
use maud::{Markup, html};
use std::time::Duration;
use yunlong_payments::{Behaviour, CallbackError, Intent, Line, PaymentError, RefundStatus, Status};

/// How long a payer waits for the provider before the page says that it goes on without them.
const PATIENCE: Duration = Duration::from_secs(3);
/// The largest callback: providers send a few hundred bytes.
const CALLBACK_LIMIT: usize = 64 * 1024;

impl From<PaymentError> for Failure {
    fn from(e: PaymentError) -> Self {
        match &e {
            PaymentError::UnknownIntent(_) => Self::not_found().because("没有这笔付款。", "There is no such payment."),
            PaymentError::StillHeld { held, refunding } => {
                Self::new(kinds::CONFLICT).because(super::still_held(*held, *refunding), e.to_string())
            }
            PaymentError::WrongStatus { .. } | PaymentError::WrongKind { .. } | PaymentError::OverHeld { .. } => {
                Self::new(kinds::CONFLICT).because("这笔付款的当前状态不允许该操作。", e.to_string())
            }
            PaymentError::Expired => Self::new(kinds::CONFLICT)
                .because("付款时间已过，请重新下单。", "The time to pay is over: place the order again."),
            PaymentError::Closed => Self::new(kinds::CONFLICT).because(
                "该服务已下线，不再收款。没有扣款；已在途中的款项到账后会自动退回。",
                "This service was removed and takes no payments. Nothing was taken; money that is still on its way is returned by itself.",
            ),
            PaymentError::NotThePayer => Self::new(kinds::FORBIDDEN).because(
                "这笔付款属于其他账号，请用下单时的账号登录。",
                "This payment belongs to another account: sign in as the one who placed the order.",
            ),
            PaymentError::NoDirectConfirmation(_) | PaymentError::Invalid(_) => Self::new(kinds::INVALID)
                .because("请求的内容有误：请从“我的订单”重新进入。", e.to_string()),
            PaymentError::Store(store) => store.clone().into(),
            PaymentError::Commit(commit) => commit.clone().into(),
            PaymentError::Messaging(_) => Self::internal(e),
        }
    }
}

/// The intent, if it is this person's to pay and to see.
async fn own(view: &View, id: &str) -> Outcome<Intent> {
    let session = view.signed_in()?;
    let intent = view.gateway.services.payments.intent_by_id(id).await?;
    if intent.payer.as_ref().is_some_and(|p| *p != session.account) {
        return Err(PaymentError::NotThePayer.into());
    }
    Ok(intent)
}

/// Whether the app is there to lead back to.
fn is_installed(view: &View, intent: &Intent) -> bool {
    view.gateway.services.installations.get(&intent.installation).is_some()
}

fn back(view: &View, intent: &Intent) -> String {
    format!("{}{}", view.gateway.origins.app(&intent.installation), intent.return_path)
}

/// A status in a word, for people.
pub(crate) fn status_badge(view: &View, status: Status) -> Markup {
    let (class, text) = match status {
        Status::Pending => ("badge badge-warn", view.t("待支付", "To be paid")),
        Status::Processing => ("badge", view.t("处理中", "In progress")),
        Status::Captured => ("badge badge-ok", view.t("已支付", "Paid")),
        Status::Failed => ("badge badge-bad", view.t("支付失败", "Failed")),
        Status::Cancelled => ("badge", view.t("已取消", "Cancelled")),
        Status::Refunded => ("badge", view.t("已退款", "Refunded")),
    };
    html! { span class=(class) { (text) } }
}

pub(super) async fn page(view: View, Path(id): Path<String>) -> Outcome {
    let intent = own(&view, &id).await?;
    if view.wants_json {
        return json(StatusCode::OK, &as_json(&view, &intent));
    }
    show(&view, &intent, StatusCode::OK, None).await
}

pub(super) fn as_json(view: &View, i: &Intent) -> serde_json::Value {
    serde_json::json!({
        "id": i.id, "installation": i.installation, "reference": i.reference, "description": i.description,
        "amount": i.amount, "captured": i.captured, "refunded": i.refunded(), "status": i.status.code(), "failure": i.failure,
        "escrow": i.escrow_state(),
        "lines": i.lines, "created_at": i.created_at.to_rfc3339(), "expires_at": i.expires_at.to_rfc3339(), "return_url": back(view, i),
    })
}

async fn show(view: &View, intent: &Intent, status: StatusCode, failure: Option<&Failure>) -> Outcome {
    let title = view.t("模拟收银台", "Sandbox cashier");
    let installed = is_installed(view, intent);
    let payable = installed
        && matches!(intent.status, Status::Pending | Status::Failed)
        && view.gateway.services.clock.now() < intent.expires_at;
    let content = html! {
        h1 { (title) }
        (notice("warn", view.t("这是模拟收银台，用于试用和测试，不会产生真实扣款。", "This cashier is a sandbox for trials and tests: no real money is taken.")))
        @if let Some(f) = failure { (notice("bad", f.text(view.lang()))) }
        @if installed { (state(view, intent, payable)) } @else { (removed(view, intent)) }
        (escrow::note(view, intent))
        section.card {
            dl.facts {
                dt { (view.t("付款事项", "For")) } dd { (intent.description.get(view.lang())) }
                dt { (view.t("服务", "Service")) } dd { (super::consent::app_title(view, &intent.installation)) }
                dt { (view.t("金额", "Amount")) } dd { strong.amount { "¥" (money(intent.amount)) } }
                dt { (view.t("状态", "State")) } dd { (status_badge(view, intent.status)) }
                @if payable { dt { (view.t("请在此前付款", "Pay before")) } dd { (intent.expires_at.to_shanghai()) } }
            }
            @if intent.escrow.is_some() { (escrow::parts(view, intent)) } @else { (lines(view, &intent.lines)) }
        }
        @if payable { (form(view, intent)) } @else {
            div.actions {
                @if installed { a role="button" href=(back(view, intent)) { (view.t("返回服务", "Back to the service")) } }
                a role="button" class="outline" href="/orders" { (view.t("我的订单", "My orders")) }
            }
        }
        p { a href="/help#payments" { (view.t("关于支付", "About payments")) } }
    };
    super::page_with(status, view, &Page::narrow(title, "/orders"), content).await
}

/// What the payer of an app that was removed is told.
fn removed(view: &View, intent: &Intent) -> Markup {
    match intent.status {
        Status::Captured if intent.refunds.values().any(|r| r.status == RefundStatus::Staged) => notice(
            "info",
            view.t(
                "该服务已下线，您的付款正在自动退回。",
                "This service was removed. Your payment is being returned by itself.",
            ),
        ),
        Status::Captured => notice(
            "info",
            view.t(
                "已付款。该服务此后已下线，有疑问请联系提供服务的部门。",
                "Paid. The service was removed since: ask the department that offered it if you have questions.",
            ),
        ),
        Status::Refunded => notice("info", view.t("款项已全部退回。", "Everything was returned.")),
        Status::Pending | Status::Processing | Status::Failed | Status::Cancelled => notice(
            "warn",
            view.t(
                "该服务已下线，不再收款。已在途中的款项到账后会自动退回。",
                "This service was removed and takes no payments. Money that is still on its way is returned by itself.",
            ),
        ),
    }
}

fn state(view: &View, intent: &Intent, payable: bool) -> Markup {
    match intent.status {
        Status::Captured => notice("ok", view.t("付款成功。", "Paid.")),
        Status::Refunded => notice("info", view.t("款项已全部退回。", "Everything was returned.")),
        Status::Cancelled => notice("info", view.t("这笔付款已取消。", "This payment was cancelled.")),
        Status::Processing => html! {
            div.notice.notice-info role="status" {
                strong { (view.t("正在等待付款结果", "Waiting for the result")) }
                p { (view.t("请不要重复付款。稍后刷新本页，或在“我的订单”查看结果。", "Do not pay again. Reload this page a little later, or look under “My orders”.")) }
                p { a href={ "/cashier/" (intent.id) } { (view.t("刷新", "Reload")) } }
            }
        },
        Status::Failed if payable => {
            notice("bad", view.t("上次付款没有成功，可以再试一次。", "The last attempt failed. You can try again."))
        }
        Status::Pending | Status::Failed if !payable => notice(
            "warn",
            view.t("付款时间已过，请返回服务重新下单。", "The time to pay is over: go back and place the order again."),
        ),
        Status::Pending | Status::Failed => html! {},
    }
}

pub(super) fn lines(view: &View, lines: &[Line]) -> Markup {
    let caption = view.t("收款方", "Who receives it");
    html! {
        div.table-wrap tabindex="0" role="region" aria-label=(caption) { table {
            caption { (caption) }
            thead { tr { th scope="col" { (view.t("收款单位", "Payee")) } th scope="col" { (view.t("事项", "For")) } th.amount scope="col" { (view.t("金额（元）", "Yuan")) } } }
            tbody { @for l in lines { tr { th scope="row" { code { (l.payee) } } td { (l.description) } td.amount { (money(l.amount)) } } } }
        } }
    }
}

fn form(view: &View, intent: &Intent) -> Markup {
    let behaviours = [
        ("succeed", view.t("付款成功", "Succeed")),
        ("fail", view.t("付款失败", "Fail")),
        ("delay", view.t("成功，但结果晚到 10 秒", "Succeed, with the result 10 seconds late")),
        ("repeat", view.t("成功，结果重复通知 3 次", "Succeed, and report it 3 times")),
        (
            "lose",
            view.t(
                "成功，但不发送结果通知（平台约 1 分钟后自行查询）",
                "Succeed, but never say so (the platform asks after about a minute)",
            ),
        ),
        ("fail-refund", view.t("成功，但以后退款会失败", "Succeed, but fail a later refund")),
    ];
    html! {
        form.card method="post" action={ "/cashier/" (intent.id) } {
            fieldset {
                legend { (view.t("测试选项：收银台应当", "For tests: the cashier is to")) }
                @for (n, (value, text)) in behaviours.iter().enumerate() {
                    label.choice { input type="radio" name="behaviour" value=(value) checked[n == 0]; span { (text) } }
                }
            }
            div.actions {
                button { (view.t("支付 ", "Pay ")) span.amount { "¥" (money(intent.amount)) } }
                a href=(back(view, intent)) { (view.t("暂不付款，返回", "Not now, go back")) }
            }
        }
    }
}

fn behaviour(fields: &crate::body::Fields) -> Outcome<Behaviour> {
    let number = |name: &str, default: u64| match fields.text(name) {
        "" => Ok(default),
        text => text
            .parse::<u64>()
            .map_err(|_| Failure::new(kinds::INVALID).field(name, "请填写整数。", "Write a whole number.")),
    };
    match fields.text("behaviour") {
        "" | "succeed" => Ok(Behaviour::Succeed),
        "fail" => Ok(Behaviour::Fail),
        "delay" => Ok(Behaviour::Delay { millis: number("millis", 10_000)? }),
        "repeat" => Ok(Behaviour::Repeat { times: u32::try_from(number("times", 3)?).unwrap_or(u32::MAX) }),
        "lose" => Ok(Behaviour::Lose),
        "fail-refund" => Ok(Behaviour::FailRefund),
        _ => Err(Failure::new(kinds::INVALID).field(
            "behaviour",
            "请选择列出的选项。",
            "Choose `succeed`, `fail`, `delay`, `repeat`, `lose` or `fail-refund`.",
        )),
    }
}

pub(super) async fn pay(view: View, Path(id): Path<String>, Form(fields): Form) -> Outcome {
    let intent = own(&view, &id).await?;
    let account = view.signed_in()?.account.clone();
    let behaviour = behaviour(&fields)?;
    let paid = view.gateway.services.payments.pay_at_cashier(&intent.id, &account, behaviour).await;
    match paid.map_err(Failure::from) {
        Ok(_) => answer(&view, settled(&view, &intent.id).await?).await,
        // Somebody who sends the form twice sees how the first one went.
        Err(failure) if failure.kind() == kinds::CONFLICT && !view.wants_json => {
            let now = own(&view, &id).await?;
            if now.status == Status::Captured {
                answer(&view, now).await
            } else {
                show(&view, &now, StatusCode::CONFLICT, Some(&failure)).await
            }
        }
        Err(failure) => Err(failure),
    }
}

async fn answer(view: &View, intent: Intent) -> Outcome {
    if view.wants_json {
        return json(StatusCode::OK, &as_json(view, &intent));
    }
    match intent.status {
        Status::Captured => Ok(see_other(&back(view, &intent))),
        _ => Ok(see_other(&format!("/cashier/{}", intent.id))),
    }
}

/// The intent once the provider has answered, or as it is when patience ends. Asked ever more
/// seldom: many pay at once, and all of them waiting for each commit would be a stampede.
async fn settled(view: &View, id: &str) -> Outcome<Intent> {
    let mut pause = Duration::from_millis(15);
    let mut waited = Duration::ZERO;
    loop {
        let intent = view.gateway.services.payments.intent_by_id(id).await?;
        if intent.status != Status::Processing || waited >= PATIENCE {
            return Ok(intent);
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// `POST /payments/callback/{provider}`: 204 when it is recorded; 4xx when it is refused, without a
/// trace; 5xx when it must be sent again.
pub(super) async fn callback(view: View, Path(provider): Path<String>, request: Request) -> Outcome {
    let (parts, content) = request.into_parts();
    let body = body::read(content, &parts.headers, CALLBACK_LIMIT, view.gateway.config.read_timeout).await?;
    let headers =
        parts.headers.iter().filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned()))).collect();
    view.gateway.services.payments.handle_callback(&provider, &headers, &body).await.map_err(|e| match e {
        CallbackError::UnknownProvider(_) => Failure::not_found().saying(e),
        CallbackError::BadSignature => Failure::new(kinds::FORBIDDEN).saying(e),
        CallbackError::Stale | CallbackError::Invalid(_) => Failure::new(kinds::MALFORMED).saying(e),
        CallbackError::Replayed => Failure::new(kinds::CONFLICT).saying(e),
        CallbackError::Failed(_) => Failure::internal(e),
    })?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
