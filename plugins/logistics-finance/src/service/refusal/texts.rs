//! What refusals say to people.

use super::names::{disagreement, role_name, state_name, step_name, thing_name, unit_name};
use crate::domain::money::percent;
use crate::domain::refused::{Refused, WrongState};
use crate::domain::sensor::{MAX_QUANTITY, SensorError};
use yunlong_sdk::money::yuan;
use yunlong_sdk::{DataError, Text, t};

/// What an error of the data service means to who reads the page.
pub(super) fn data_title(e: &DataError) -> Text {
    match e {
        DataError::Conflict | DataError::Unavailable(_) => {
            t("系统繁忙，请稍后再试", "Very busy: try again in a moment")
        }
        DataError::OutOfBounds { .. } => t("数量已到上限", "A limit is reached"),
        DataError::AlreadyExists(_) | DataError::UniqueViolation { .. } => {
            t("相同的记录已经存在", "There is such a record already")
        }
        DataError::Invalid(_) | DataError::TooLarge(_) => {
            t("填写的内容有误或过长", "What was sent is wrong or too long")
        }
        _ => t("出了问题，请稍后再试", "Something went wrong. Try again in a moment"),
    }
}

pub(super) fn title(e: &Refused) -> Text {
    match e {
        Refused::Role { .. } => t("您没有所需的岗位", "You do not hold the role for this"),
        Refused::NotYours => t("没有找到", "Not found"),
        Refused::State(s) => {
            let (zh, en) = thing_name(s.thing);
            Text::new(format!("{zh}的状态不允许这样操作"), format!("{en}'s state does not allow this"))
        }
        Refused::LotShort { .. } => t("仓单数量超过批次的在库数量", "Receipts would promise more than lies in the lot"),
        Refused::LotMissing { .. } => t("批次货物短缺，不能解冻", "Goods of the lot are missing: it stays frozen"),
        Refused::OverBooks { .. } => t("盘点数量超过账面", "More was counted than the books ever held"),
        Refused::Nothing(_) => t("不能为零或空", "It must be more than nothing"),
        Refused::Parts { .. } => t("分拆数量与仓单不符", "The parts do not sum to the receipt"),
        Refused::NotAlike(..) => t("仓单不能合并", "The receipts cannot be merged"),
        Refused::Pledged { .. } => t("仓单已质押", "The receipt is pledged already"),
        Refused::ReceiptFrozen { .. } => t("仓单已冻结", "The receipt is frozen"),
        Refused::Affiliate { .. } => t("仓库与借款企业有关联关系", "The warehouse is an affiliate of the borrower"),
        Refused::OverLtv { .. } => t("超过质押率上限", "More than may be lent on the goods"),
        Refused::NoQuote { .. } => t("没有有效的价格", "There is no price that holds"),
        Refused::SameHands { .. } => t("经办与复核须为不同的人", "Maker and checker must be two people"),
        Refused::NoConsent { .. } => t("没有企业的征信授权", "The company has not consented"),
        Refused::Credit(_) => t("征信结果不允许放贷", "The credit record does not allow it"),
        Refused::NotRegistered { .. } => t("质押尚未登记", "The pledge is not registered"),
        Refused::NotSigned => t("合同尚未签署", "The contract is not signed"),
        Refused::LoanFrozen { .. } => t("贷款已冻结", "The loan is frozen"),
        Refused::ReferenceReused { .. } => t("编号已用于另一笔", "The number was used for something else"),
        Refused::OtherPayment { .. } => t("不是当前这笔放款", "It is not the payment in question"),
        Refused::OverOwed { .. } => t("金额超过欠款", "More than is owed"),
        Refused::LeavesOverLtv { .. } => t("释放后质物价值不足", "Too little would stay pledged"),
        Refused::TooEarly { .. } => t("还没到时间", "It is too early"),
        Refused::Disagree(_) => t("三流不一致，不能继续", "The three flows do not agree"),
        Refused::Sensor(_) => t("传感器读数不被接受", "The reading is not accepted"),
        Refused::NoParcel(_) => t("运单中没有这个包裹", "The waybill has no such parcel"),
        Refused::NoSale(_) => t("没有这笔待复核的出售", "No such sale waits"),
        Refused::NoProof => t("没有签收凭证", "There is no proof of delivery"),
    }
}

fn wrong_state(e: &WrongState) -> Text {
    let (thing_zh, thing_en) = thing_name(e.thing);
    let (state, step) = (state_name(e.state), step_name(e.step));
    let allowed: Vec<Text> = e.allowed.iter().map(|s| step_name(s)).collect();
    let list = |pick: fn(&Text) -> &str, between: &str, none: &str| {
        if allowed.is_empty() { none.to_owned() } else { allowed.iter().map(pick).collect::<Vec<_>>().join(between) }
    };
    Text::new(
        format!("{thing_zh} {} {}，不能{}。现在可以：{}。", e.id, state.zh, step.zh, list(|t| &t.zh, "、", "无")),
        format!(
            "{thing_en} {} is {}, which does not allow to {}. Allowed now: {}.",
            e.id,
            state.en,
            step.en,
            list(|t| &t.en, ", ", "nothing")
        ),
    )
}

/// What happened in this case and what to do.
pub(super) fn detail(e: &Refused) -> Text {
    match e {
        Refused::Role { role } => {
            let (zh, en) = role_name(*role);
            Text::new(
                format!("此操作需要岗位：{zh}。请联系部门管理员，或在门户选择企业委托。"),
                format!(
                    "The role is needed: {en}. Ask the department's administrator, or choose the mandate at the portal."
                ),
            )
        }
        Refused::State(s) => wrong_state(s),
        Refused::LotShort { lot, free, asked, unit } => {
            let unit = unit_name(*unit);
            Text::new(
                format!(
                    "批次 {lot} 还可开具 {free} {}，本次为 {asked} {}。请减少数量，或先办理入库。",
                    unit.zh, unit.zh
                ),
                format!(
                    "Lot {lot} has {free} {} left for receipts; {asked} were asked for. Ask for less, or take more goods in first.",
                    unit.en
                ),
            )
        }
        Refused::LotMissing { lot, short, unit } => {
            let unit = unit_name(*unit);
            Text::new(
                format!("批次 {lot} 短缺 {short} {}。由监管人员盘点；短缺补足后才能解冻。", unit.zh),
                format!(
                    "Lot {lot} is short of {short} {}. A regulator counts it; once it is made good, its receipts go on.",
                    unit.en
                ),
            )
        }
        Refused::OverBooks { lot, counted, most } => Text::new(
            format!("批次 {lot} 账面最多 {most}，盘点为 {counted}。多出的货物请另行入库登记。"),
            format!(
                "The books of lot {lot} have {most} at the most; {counted} were counted. Other goods come in as a lot of their own."
            ),
        ),
        Refused::Parts { sum, quantity } => Text::new(
            format!("各份之和为 {sum}，仓单为 {quantity}；须恰好相等，至少两份。"),
            format!("The parts sum to {sum}, the receipt is of {quantity}: they must be equal, in two parts at least."),
        ),
        Refused::NotAlike(a, b) => Text::new(
            format!("{a} 与 {b} 不是同一批次、同一持有人的两张仓单。"),
            format!("{a} and {b} are not two receipts of one lot and holder."),
        ),
        Refused::Pledged { receipt, bank } => Text::new(
            format!("仓单 {receipt} 已向银行 {bank} 质押或正在办理。须待其释放。"),
            format!("Receipt {receipt} is pledged to the bank {bank}, or about to be. It must let go of it first."),
        ),
        Refused::ReceiptFrozen { receipt, reason } => Text::new(
            format!("仓单 {receipt} 已冻结（{reason}）。查清后由监管人员或质权银行解冻。"),
            format!(
                "Receipt {receipt} is frozen ({reason}). The regulator or the bank unfreezes it once it is cleared up."
            ),
        ),
        Refused::Affiliate { warehouse, borrower } => Text::new(
            format!("仓库 {warehouse} 与 {borrower} 有关联关系，其仓单不能为该企业的贷款质押。请存入独立第三方仓库。"),
            format!(
                "The warehouse {warehouse} and {borrower} belong together: its receipts secure no loan of that company. Store the goods with somebody independent."
            ),
        ),
        Refused::OverLtv { principal, most, value, ltv_bps } => Text::new(
            format!(
                "质物价值 {} 元，质押率上限 {}，最多 {} 元；本次 {} 元。请减少金额或追加质物。",
                yuan(*value),
                percent(*ltv_bps),
                yuan(*most),
                yuan(*principal)
            ),
            format!(
                "The goods are worth {} yuan; {} of it is at most {} yuan, and {} were asked for. Ask for less, or pledge more.",
                yuan(*value),
                percent(*ltv_bps),
                yuan(*most),
                yuan(*principal)
            ),
        ),
        Refused::NoQuote { goods } => Text::new(
            format!("货物 {goods} 没有在有效期内的价格。请监管人员发布。"),
            format!("There is no price for {goods} that is young enough. A regulator publishes it."),
        ),
        Refused::SameHands { step, first } => {
            let (step, first) = (step_name(step), step_name(first));
            Text::new(
                format!("您办理过“{}”，不能再“{}”。请由另一位经办人办理；此次尝试已记录。", first.zh, step.zh),
                format!("You did this before: {}. Somebody else must {}. The attempt was recorded.", first.en, step.en),
            )
        }
        Refused::NoConsent { withdrawn: true, .. } => {
            t("企业已撤回授权。请企业重新授权后再办理。", "The company took its consent back. It can give it again.")
        }
        Refused::NoConsent { .. } => {
            t("请企业在本应用授权该银行查询征信。", "The company gives the bank its consent in this app first.")
        }
        Refused::Credit(reasons) => credit(reasons),
        Refused::NotRegistered { receipt } => Text::new(
            format!("仓单 {receipt} 的质押未登记。请先登记质押。"),
            format!("The pledge of the receipt {receipt} is not registered. Register it first."),
        ),
        Refused::NotSigned => t(
            "借款企业与银行须先后签署合同，再登记质押、申请放款。",
            "The company and the bank sign first; then pledges are registered and the money is asked for.",
        ),
        Refused::LoanFrozen { reason } => Text::new(
            format!("原因：{reason}。可以还款；其余由银行核实后解冻。"),
            format!("Reason: {reason}. Repayments are possible; the bank unfreezes it once it is cleared up."),
        ),
        Refused::ReferenceReused { reference } => Text::new(
            format!("编号 {reference} 已登记过不同的内容。请核对银行凭证。"),
            format!("{reference} is on record with other values. Check the bank's paper."),
        ),
        Refused::OtherPayment { reference, last } => Text::new(
            format!("回执的放款编号是 {reference}，当前放款为 {last}。请核对编号，按当前放款的回执填写。"),
            format!(
                "The answer is about {reference}; the payment that was asked for last is {last}. Check the number."
            ),
        ),
        Refused::OverOwed { owed, paid } => Text::new(
            format!("截至今日欠款 {} 元，本次 {} 元。请按欠款金额登记。", yuan(*owed), yuan(*paid)),
            format!("{} yuan are owed today; {} were paid. Book what is owed.", yuan(*owed), yuan(*paid)),
        ),
        Refused::LeavesOverLtv { left, needed } => Text::new(
            format!("释放后仍质押 {} 元，须至少 {} 元。请少释放，或先还款。", yuan(*left), yuan(*needed)),
            format!("{} yuan would stay pledged, {} must. Release less, or repay first.", yuan(*left), yuan(*needed)),
        ),
        Refused::TooEarly { from, .. } => Text::new(format!("{from} 起可以办理。"), format!("Possible from {from}.")),
        Refused::Disagree(points) => {
            let points: Vec<Text> = points.iter().map(|p| disagreement(*p)).collect();
            let list =
                |pick: fn(&Text) -> &str, between: &str| points.iter().map(pick).collect::<Vec<_>>().join(between);
            Text::new(format!("{}。", list(|t| &t.zh, "；")), format!("{}.", list(|t| &t.en, "; ")))
        }
        Refused::Sensor(e) => sensor(e),
        Refused::NoParcel(parcel) => Text::new(format!("没有包裹 {parcel}。"), format!("There is no parcel {parcel}.")),
        Refused::NoSale(sale) => Text::new(
            format!("没有待复核的出售 {sale}：可能已退回，或已由另一笔代替。请查看贷款页面。"),
            format!("No sale {sale} waits: it was refused, or another took its place. Look at the loan's page."),
        ),
        Refused::NoProof => t("请先登记签收凭证。", "Enter the proof of delivery first."),
        Refused::NotYours | Refused::Nothing(_) => Text::default(),
    }
}

fn credit(reasons: &[&str]) -> Text {
    let name = |code: &str| match code {
        "breach-in-force" => ("有生效的失信记录", "a breach is in force"),
        "score-too-low" => ("评分低于 400", "the score is below 400"),
        "check-too-old" => ("征信查询已过有效期，请重新查询", "the check is too old: check again"),
        _ => ("尚未查询征信", "the record was not looked at"),
    };
    let names: Vec<_> = reasons.iter().map(|r| name(r)).collect();
    Text::new(
        format!("{}。", names.iter().map(|n| n.0).collect::<Vec<_>>().join("；")),
        format!("Why: {}.", names.iter().map(|n| n.1).collect::<Vec<_>>().join("; ")),
    )
}

fn sensor(e: &SensorError) -> Text {
    match e {
        SensorError::NotSigned => t(
            "签名不是已登记设备的。请核对设备编号、密钥和签名文本。",
            "The signature is not that of a device here. Check the device, its key and the text that is signed.",
        ),
        SensorError::SentAt { .. } => t(
            "发送时间与服务器相差超过 5 分钟。请校准设备时钟后重新签名发送。",
            "It was sent more than five minutes from now. Set the device's clock, sign and send again.",
        ),
        SensorError::TakenLater => {
            t("采集时间晚于发送时间，或序号为 0。", "It was taken after it was sent, or its sequence is 0.")
        }
        SensorError::SequenceReused(n) => {
            Text::new(format!("序号 {n} 已用于另一条读数。"), format!("Sequence {n} was another reading."))
        }
        SensorError::Quantity(n) => Text::new(
            format!("读数 {n} 不可能是货物的数量：盘点不能小于 0，任何读数不超过 {MAX_QUANTITY}。请检查设备。"),
            format!(
                "{n} is no quantity of goods: stock is not less than 0, and no reading is over {MAX_QUANTITY}. Check the device."
            ),
        ),
        SensorError::OtherLot => t("批次不在该设备所在的仓库。", "The lot is not in the device's warehouse."),
    }
}
