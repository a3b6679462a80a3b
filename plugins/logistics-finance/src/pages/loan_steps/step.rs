//! The steps of a loan as its page offers them: what each is called and does, and who may take it when.

use super::super::steps;
use crate::domain::actor::{Actor, Role};
use crate::domain::loan::{Disbursement, State};
use crate::domain::pledge;
use crate::service::loans::Overview;
use yunlong_sdk::{Text, t};

/// A step of a loan as its page offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    AddCollateral,
    CheckCredit,
    Approve,
    Reject,
    Sign,
    RegisterPledges,
    AskDisbursement,
    ConfirmDisbursement,
    Repay,
    Release,
    Revalue,
    Dispose,
    EnterSale,
    ConfirmSale,
    WriteOff,
    Unfreeze,
}

impl steps::Step for Step {
    const ALL: &'static [Self] = &[
        Self::CheckCredit,
        Self::Approve,
        Self::Sign,
        Self::RegisterPledges,
        Self::AskDisbursement,
        Self::ConfirmDisbursement,
        Self::Repay,
        Self::Release,
        Self::AddCollateral,
        Self::Revalue,
        Self::Dispose,
        Self::EnterSale,
        Self::ConfirmSale,
        Self::WriteOff,
        Self::Unfreeze,
        Self::Reject,
    ];

    fn code(self) -> &'static str {
        match self {
            Self::AddCollateral => "add-collateral",
            Self::CheckCredit => "check-credit",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Sign => "sign",
            Self::RegisterPledges => "register-pledges",
            Self::AskDisbursement => "ask-disbursement",
            Self::ConfirmDisbursement => "confirm-disbursement",
            Self::Repay => "repay",
            Self::Release => "release",
            Self::Revalue => "revalue",
            Self::Dispose => "dispose",
            Self::EnterSale => "enter-sale",
            Self::ConfirmSale => "confirm-sale",
            Self::WriteOff => "write-off",
            Self::Unfreeze => "unfreeze",
        }
    }

    fn name(self) -> Text {
        match self {
            Self::AddCollateral => t("补充质物", "Pledge more"),
            Self::CheckCredit => t("征信查询", "Check the credit record"),
            Self::Approve => t("审批通过", "Approve"),
            Self::Reject => t("拒绝或撤回申请", "Refuse, or give up"),
            Self::Sign => t("签署合同", "Sign the contract"),
            Self::RegisterPledges => t("登记质押", "Register the pledges"),
            Self::AskDisbursement => t("申请放款", "Ask for the payment"),
            Self::ConfirmDisbursement => t("确认放款结果", "Say what became of the payment"),
            Self::Repay => t("登记还款", "Book a repayment"),
            Self::Release => t("释放质物", "Release goods"),
            Self::Revalue => t("重新估值", "Value anew"),
            Self::Dispose => t("启动处置", "Begin the disposal"),
            Self::EnterSale => t("登记出售", "Enter a sale"),
            Self::ConfirmSale => t("复核出售", "Confirm a sale"),
            Self::WriteOff => t("核销余额", "Write off the rest"),
            Self::Unfreeze => t("解除冻结", "Unfreeze"),
        }
    }
}

impl Step {
    /// What it does, and who may not do it.
    pub(super) fn told(self) -> Text {
        match self {
            Self::AddCollateral => t(
                "所选仓单自此只等本行登记，不能再向他行质押。",
                "The receipts wait for this bank from now on, and for no other.",
            ),
            Self::CheckCredit => t(
                "经企业授权查询信用库中有效的记录，只保存数量和评分。查询人不能审批。",
                "What is in force is read with the company's consent; numbers and a score are kept. Whoever looks does not approve.",
            ),
            Self::Approve => t(
                "按最新价格估值，本金不超过价值乘质押率上限。建档人、查询人和申请人不能审批。",
                "At the latest prices; the principal is at most the limit of their value. Whoever opened the file, looked or applied does not approve.",
            ),
            Self::Reject => t(
                "申请终止，仓单恢复自由。申请放款后不能再拒绝。",
                "The application ends, and the receipts are free. Not once the money was asked for.",
            ),
            Self::Sign => t(
                "双方签署后合同生效。同一人不能代表双方。",
                "The contract stands once both sides have signed. One person does not sign for both.",
            ),
            Self::RegisterPledges => t(
                "把本贷款申请的质押写入登记。同一仓单只有一份有效登记。",
                "The pledges stand in the register from now on; a receipt has one that stands.",
            ),
            Self::AskDisbursement => t(
                "以固定的放款编号向银行核心系统请求付款；重复请求不会多付。",
                "The bank is asked under one number; asked again it pays no second time.",
            ),
            Self::ConfirmDisbursement => t(
                "按银行核心系统的回执填写。结果未知时先按原编号核实，不要另行付款。",
                "As the bank's own system says. While it is unknown, look it up under its number and pay nothing by hand.",
            ),
            Self::Repay => t(
                "按银行流水登记，先还息后还本；同一流水号只记一次。",
                "Under the bank's own number, interest first; the same number counts once.",
            ),
            Self::Release => t(
                "释放后质物价值须仍覆盖欠款。登记过还款或变卖价款的人不能释放。",
                "What stays pledged must be worth enough for what is owed. Whoever booked money that came back does not let go of goods.",
            ),
            Self::Revalue => t(
                "按最新价格看质物是否足值；不足则发出追加要求。",
                "Looks whether the goods are worth enough, and calls for more where they are not.",
            ),
            Self::Dispose => t(
                "逾期，或追加要求逾期后，银行可以变卖质物。",
                "Of an overdue loan, or after a margin call that was not met, the goods are sold.",
            ),
            Self::EnterSale => t(
                "按仓单登记买受人和价款，由另一人复核后入账。同一仓单以最后一次登记为准。",
                "Buyer and price of a receipt's goods. Another officer confirms it before anything moves; for one receipt the last counts.",
            ),
            Self::ConfirmSale => t(
                "复核后价款入账，仓单归买受人，超出欠款的余款归企业。登记人不能复核，但可以退回。",
                "The money is booked and the receipt is the buyer's; what is over what is owed is the company's. Not for whoever entered it, who may take it back.",
            ),
            Self::WriteOff => t(
                "质物全部处置后，核销余额。审批人和启动处置的人不能核销。",
                "Once everything is sold. Whoever approved or began the disposal does not write off.",
            ),
            Self::Unfreeze => {
                t("核实企业登记变更后恢复办理。", "Once the bank has looked into the change of registration.")
            }
        }
    }
}

/// Whether somebody may take a step now, as far as a page can tell.
pub(super) fn may(actor: &Actor, o: &Overview, step: Step) -> bool {
    use crate::domain::loan::Step as Allowed;
    let l = &o.loan;
    let (bank, borrower) = (actor.is_of(Role::Bank, &l.bank), actor.is_of(Role::Manufacturer, &l.borrower));
    let allows = |s: Allowed| l.state.allows().contains(&s);
    let open = l.disbursement.as_ref().is_some_and(Disbursement::is_open);
    let pledged = |state: pledge::State| o.pledges.iter().any(|p| p.state == state);
    match step {
        Step::AddCollateral => borrower && allows(Allowed::AddCollateral),
        Step::CheckCredit => bank && allows(Allowed::CheckCredit),
        Step::Approve => bank && allows(Allowed::Approve),
        Step::Reject => (bank || borrower) && allows(Allowed::Reject) && !open,
        Step::Sign => {
            allows(Allowed::Sign)
                && ((bank && l.bank_signed_at.is_none()) || (borrower && l.borrower_signed_at.is_none()))
        }
        Step::RegisterPledges => bank && allows(Allowed::RegisterPledges) && pledged(pledge::State::Requested),
        Step::AskDisbursement => bank && allows(Allowed::Disburse),
        Step::ConfirmDisbursement => bank && open,
        Step::Repay => bank && allows(Allowed::Repay),
        Step::Release => bank && allows(Allowed::Release) && pledged(pledge::State::Registered),
        Step::Revalue => bank && l.state.is_out() && l.state != State::Disposal,
        Step::Dispose => bank && allows(Allowed::Dispose) && (l.state == State::Overdue || l.margin.is_some()),
        Step::EnterSale => bank && allows(Allowed::Sell) && pledged(pledge::State::Registered),
        Step::ConfirmSale => bank && allows(Allowed::Sell) && !l.pending_sales.is_empty(),
        Step::WriteOff => bank && allows(Allowed::WriteOff),
        Step::Unfreeze => bank && l.frozen.is_some(),
    }
}
