//! What people read in their inbox.

use crate::domain::alert::{Alert, Kind};
use yunlong_sdk::money::yuan;
use yunlong_sdk::{Notification, Text, t};

/// An alert's name.
#[must_use]
pub fn kind_name(kind: Kind) -> Text {
    match kind {
        Kind::GoodsMissing => t("质物异常出库，仓单已冻结", "Pledged goods left without an order; receipts are frozen"),
        Kind::SensorGap => t("传感器读数缺失", "A sensor's readings are missing"),
        Kind::ReceiptFrozen => t("质押的仓单被冻结", "A pledged receipt was frozen"),
        Kind::MarginCall => t("质物价值不足，已要求追加", "The goods are worth too little: a margin call"),
        Kind::MarginCured => t("追加要求已满足", "The margin call was met"),
        Kind::MarginLapsed => t("追加要求逾期，转入处置", "The margin call was not met: the goods are to be sold"),
        Kind::Overdue => t("贷款逾期", "The loan is overdue"),
        Kind::BorrowerChanged => {
            t("借款企业登记变更，贷款已冻结", "The borrower's registration changed; the loan is frozen")
        }
        Kind::ConsentWithdrawn => t("企业撤回征信授权", "The company took back its consent"),
        Kind::DisbursementUnknown => {
            t("放款结果未知，请按原编号核实", "A payment's outcome is unknown: look it up under its number")
        }
    }
}

/// A reason's code in words; words stay as they are.
#[must_use]
pub fn reason_name(code: &str) -> Text {
    match code {
        "representative-changed" => t("法定代表人变更", "the legal representative changed"),
        "name-changed" => t("企业名称变更", "the company's name changed"),
        "status-changed" | "not-in-business" => t("企业不再存续", "the company is not in business any more"),
        "goods-missing" => t("质物异常出库", "goods left without an order"),
        other => Text::same(other.to_owned()),
    }
}

/// What an alert's detail says, in words: a reason by its code, a device and what was done to it, a number, a day.
#[must_use]
pub fn detail_name(detail: &str) -> Text {
    match detail.rsplit_once(' ') {
        Some((device, "off")) => Text::new(format!("{device} 已停用"), format!("{device} was switched off")),
        Some((device, "secret")) => Text::new(format!("{device} 已更换密钥"), format!("{device} got another secret")),
        _ => reason_name(detail),
    }
}

/// The note for an officer of the bank.
#[must_use]
pub(crate) fn alert(officer: &str, alert: &Alert) -> Notification {
    let (mut zh, mut en) = (format!("贷款 {}", alert.loan), format!("Loan {}", alert.loan));
    if let Some(receipt) = &alert.receipt {
        zh += &format!("，仓单 {receipt}");
        en += &format!(", receipt {receipt}");
    }
    if let Some(amount) = alert.amount {
        let (value_zh, value_en) = match alert.kind {
            Kind::GoodsMissing | Kind::SensorGap => (amount.to_string(), amount.to_string()),
            _ => (format!("{} 元", yuan(amount)), format!("{} yuan", yuan(amount))),
        };
        zh += &format!("：{value_zh}");
        en += &format!(": {value_en}");
    }
    if let Some(detail) = &alert.detail {
        let said = detail_name(detail);
        zh += &format!("（{}）", said.zh);
        en += &format!(" ({})", said.en);
    }
    Notification::new(officer, kind_name(alert.kind), Text::new(format!("{zh}。"), format!("{en}.")))
        .path(format!("/loans/{}", alert.loan))
}
