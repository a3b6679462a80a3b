//! What roles, units, states, steps and disagreements are called.

use crate::domain::actor::Role;
use crate::domain::flow::Disagreement;
use crate::domain::refused::Thing;
use crate::domain::warehouse::Unit;
use yunlong_sdk::{Text, t};

/// A role as people read it.
pub(super) fn role_name(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Manufacturer => ("制造企业（持企业委托办理）", "manufacturer, under the company's mandate"),
        Role::Warehouse => ("仓储企业经办人", "warehouse clerk"),
        Role::Bank => ("银行经办人", "bank officer"),
        Role::Carrier => ("承运人经办人", "carrier clerk"),
        Role::Regulator => ("监管人员", "regulator"),
    }
}

/// A unit as people read it.
#[must_use]
pub fn unit_name(unit: Unit) -> Text {
    match unit {
        Unit::Kilogram => t("千克", "kg"),
        Unit::Litre => t("升", "l"),
        Unit::Piece => t("件", "pieces"),
    }
}

pub(super) fn thing_name(thing: Thing) -> (&'static str, &'static str) {
    match thing {
        Thing::Receipt => ("仓单", "The receipt"),
        Thing::Pledge => ("质押登记", "The pledge"),
        Thing::Loan => ("贷款", "The loan"),
        Thing::Disbursement => ("放款", "The payment"),
        Thing::Waybill => ("运单", "The waybill"),
        Thing::Parcel => ("包裹", "The parcel"),
        Thing::Flow => ("三流关联", "The flow link"),
        Thing::Margin => ("追加要求", "The margin call"),
    }
}

/// A state as people read it, by its code; states of different things that share a code share the words.
#[must_use]
pub fn state_name(code: &str) -> Text {
    match code {
        "drafted" => t("草稿", "drafted"),
        "issued" => t("已签发", "issued"),
        "pledge-pending" => t("待质押", "waiting to be pledged"),
        "pledged" => t("已质押", "pledged"),
        "released" => t("已释放", "released"),
        "withdrawn" => t("已提货", "withdrawn"),
        "cancelled" => t("已注销", "cancelled"),
        "frozen" => t("已冻结", "frozen"),
        "requested" => t("已申请", "asked for"),
        "registered" => t("已登记", "registered"),
        "dropped" => t("已放弃", "given up"),
        "enforced" => t("已处置", "sold"),
        "divided" => t("已分拆", "divided"),
        "applied" => t("已申请", "applied for"),
        "credit-checked" => t("已征信", "credit checked"),
        "approved" => t("已审批", "approved"),
        "signed" => t("已签署", "signed"),
        "disbursed" => t("已放款", "paid out"),
        "repaying" => t("还款中", "being repaid"),
        "settled" => t("已结清", "settled"),
        "rejected" => t("已拒绝", "refused"),
        "overdue" => t("已逾期", "overdue"),
        "disposal" => t("处置中", "in disposal"),
        "written-off" => t("已核销", "written off"),
        "asked" => t("已请求", "asked for"),
        "unknown" => t("结果未知", "of unknown outcome"),
        "confirmed" => t("已确认", "confirmed"),
        "refused" => t("被拒绝", "refused"),
        "to-book" => t("待承运", "to be taken"),
        "booked" => t("已承运", "booked"),
        "unseen" => t("未查看", "not seen"),
        "seen" => t("已查看", "seen"),
        "loaded" => t("已装车", "loaded"),
        "in-transit" => t("运输中", "in transit"),
        "delivered" => t("已送达", "delivered"),
        "exception" => t("异常", "in exception"),
        "open" => t("未闭合", "open"),
        "cured" => t("已满足", "met"),
        "lapsed" => t("已逾期", "lapsed"),
        other => Text::same(other.to_owned()),
    }
}

/// A step as people read it, by its code.
#[must_use]
pub fn step_name(code: &str) -> Text {
    match code {
        "issue" => t("签发", "issue"),
        "transfer" => t("转让", "transfer"),
        "split" => t("分拆", "split"),
        "merge" => t("合并", "merge"),
        "request-pledge" => t("申请质押", "ask for a pledge"),
        "register-pledge" | "register-pledges" | "register" => t("登记质押", "register the pledge"),
        "drop-pledge" => t("放弃质押", "give up the pledge"),
        "release" => t("释放质物", "release"),
        "reissue" => t("恢复流通", "reissue"),
        "withdraw" => t("提货", "withdraw the goods"),
        "cancel" => t("注销", "cancel"),
        "freeze" => t("冻结", "freeze"),
        "unfreeze" => t("解冻", "unfreeze"),
        "check-credit" => t("征信查询", "check the credit record"),
        "approve" => t("审批", "approve"),
        "reject" => t("拒绝", "refuse"),
        "sign" => t("签署", "sign"),
        "disburse" | "ask-disbursement" => t("申请放款", "ask for the payment"),
        "confirm" | "confirm-disbursement" => t("确认放款", "confirm the payment"),
        "refuse" => t("回复未放款", "say that it was not paid"),
        "repay" => t("还款", "repay"),
        "add-collateral" => t("追加质物", "pledge more"),
        "fall-due" => t("到期", "fall due"),
        "dispose" => t("启动处置", "begin the disposal"),
        "sell" => t("出售质物", "sell"),
        "enter-sale" => t("登记出售", "enter the sale"),
        "confirm-sale" => t("复核出售", "confirm the sale"),
        "write-off" => t("核销", "write off"),
        "open-file" => t("建立客户档案", "open the company's file"),
        "apply" => t("提交申请", "apply"),
        "release-funds" => t("释放资金", "release the funds"),
        "confirm-payment" => t("确认收付款", "confirm the payment"),
        "settle" => t("结清发票", "settle the invoice"),
        "link" => t("关联", "link"),
        other => state_name(other),
    }
}

/// A point in which flows disagree, as people read it.
#[must_use]
pub fn disagreement(point: Disagreement) -> Text {
    match point {
        Disagreement::NoWaybill => t("货物：没有关联运单", "Goods: no waybill is linked"),
        Disagreement::NoProof => t("货物：运单没有签收凭证", "Goods: the waybill has no proof of delivery"),
        Disagreement::OtherOrder => t("货物：运单属于另一订单", "Goods: the waybill is of another order"),
        Disagreement::OtherGoodsCarried => t("货物：运单的货物不同", "Goods: the waybill carries other goods"),
        Disagreement::OtherQuantityDelivered => t("货物：签收数量与订单不同", "Goods: another quantity arrived"),
        Disagreement::NoReceipt => t("货物：没有关联仓单", "Goods: no receipt is linked"),
        Disagreement::OtherGoodsStored => t("货物：仓单的货物不同", "Goods: the receipt is for other goods"),
        Disagreement::OtherQuantityStored => {
            t("货物：仓单数量与订单不同", "Goods: the receipt is for another quantity")
        }
        Disagreement::OtherHolder => t("货物：仓单持有人不是买卖双方", "Goods: neither side holds the receipt"),
        Disagreement::Encumbered => t("货物：仓单已质押或冻结", "Goods: the receipt is pledged or frozen"),
        Disagreement::NoPayment => t("资金：没有付款", "Money: nothing is paid"),
        Disagreement::OtherAmount => t("资金：付款金额与订单不同", "Money: another amount is paid"),
        Disagreement::OtherParties => t("资金：收付款方与订单不同", "Money: others paid or were paid"),
    }
}
