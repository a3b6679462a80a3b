//! Companies' files, consents, loans and pledges.

use super::types::*;
use super::{answer, key, listed, make, read, step};
use crate::domain::actor::Actor;
use crate::domain::loan::{Loan, Outcome};
use crate::service::fields::FieldError;
use crate::service::loans::{Freed, NewLoan, NewSale};
use crate::service::{Refusal, borrowers, loans, who};
use yunlong_sdk::{Input, Operation, Request, Router, t, web};

/// Adds the operations.
pub(super) fn routes(router: Router) -> Router {
    recovery(servicing(origination(loan_list(files(router)))))
}

fn files(router: Router) -> Router {
    router
        .operation(
            read("/api/borrowers", "listBorrowers", "borrowers")
                .summary("A bank's files, or a company's files at all banks")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, BorrowerItem>(i.query, |n, after| borrowers::files(&a, n, after))),
                )
            },
        )
        .operation(
            step("/api/borrowers", "openFile", "borrowers")
                .summary("Open a company's file: for a bank's officer. One that is open is answered as it is")
                .body::<CompanyBody>(),
            |r, i: Input<(), (), CompanyBody>| {
                answer(r, who().and_then(|a| borrowers::open_file(&a, &i.body.uscc)).map(BorrowerItem::from))
            },
        )
        .operation(
            read("/api/consents", "listConsents", "borrowers")
                .summary("The consents of the caller's company")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(
                    r,
                    who().and_then(|a| listed::<_, ConsentItem>(i.query, |n, after| borrowers::consents(&a, n, after))),
                )
            },
        )
        .operation(
            step("/api/consents", "giveConsent", "borrowers")
                .summary("A bank may look at the company's credit record")
                .body::<BankBody>(),
            |r, i: Input<(), (), BankBody>| {
                answer(r, who().and_then(|a| borrowers::consent(&a, &i.body.bank)).map(ConsentItem::from))
            },
        )
        .operation(
            step("/api/consents/withdraw", "withdrawConsent", "borrowers")
                .summary("Take a consent back: what is not approved stands still")
                .body::<BankBody>(),
            |r, i: Input<(), (), BankBody>| {
                answer(r, who().and_then(|a| borrowers::withdraw_consent(&a, &i.body.bank)).map(ConsentItem::from))
            },
        )
}

fn loan_list(router: Router) -> Router {
    router
        .operation(
            read("/api/loans", "listLoans", "loans")
                .summary("A bank's loans, a company's, all for a regulator")
                .query::<LoansQuery>(),
            |r, i: Input<(), LoansQuery>| {
                let page = Paging { limit: i.query.limit, after: i.query.after };
                answer(
                    r,
                    who()
                        .and_then(|a| listed::<_, LoanItem>(page, |n, after| loans::list(&a, i.query.state, n, after))),
                )
            },
        )
        .operation(
            read("/api/loans/{loan}", "getLoan", "loans")
                .summary("A loan with its pledges, receipts and value")
                .path::<LoanPath>(),
            |r, i: Input<LoanPath>| {
                answer(r, who().and_then(|a| loans::overview(&a, &i.path.loan)).map(LoanOverview::from))
            },
        )
        .operation(
            read("/api/loans/{loan}/entries", "listEntries", "loans")
                .summary("A loan's entries in the ledger; each sums to 0")
                .path::<LoanPath>()
                .query::<Paging>(),
            |r, i: Input<LoanPath, Paging>| {
                answer(
                    r,
                    who().and_then(|a| {
                        listed::<_, EntryItem>(i.query, |n, after| loans::ledger(&a, &i.path.loan, n, after))
                    }),
                )
            },
        )
        .operation(
            read("/api/pledges", "listPledges", "loans")
                .summary("The register of pledges: the caller's bank's")
                .query::<Paging>(),
            |r, i: Input<(), Paging>| {
                answer(r, who().and_then(|a| listed::<_, PledgeItem>(i.query, |n, after| loans::pledges(&a, n, after))))
            },
        )
}

/// A step with a loan that takes nothing but its number.
fn plain(router: Router, operation: Operation, take: fn(&Actor, &str) -> Result<Loan, Refusal>) -> Router {
    router.operation(operation.path::<LoanPath>(), move |r, i: Input<LoanPath>| loan(r, &i.path, take))
}

/// A step with a loan that takes a reason.
fn reasoned(router: Router, operation: Operation, take: fn(&Actor, &str, &str) -> Result<Loan, Refusal>) -> Router {
    let operation = operation.path::<LoanPath>().body::<Reason>();
    router.operation(operation, move |r, i: Input<LoanPath, (), Reason>| {
        loan(r, &i.path, |a, id| take(a, id, &i.body.reason))
    })
}

fn loan(
    request: &Request,
    path: &LoanPath,
    take: impl FnOnce(&Actor, &str) -> Result<Loan, Refusal>,
) -> web::Result<LoanItem> {
    answer(request, who().and_then(|a| take(&a, &path.loan)).map(LoanItem::from))
}

fn origination(router: Router) -> Router {
    let router = router
        .operation(
            make("/api/loans", "applyForLoan", "loans")
                .summary("Apply with receipts: for a company, at a bank that has a file of it")
                .description("`already-pledged` when another bank was first: of two in one moment one wins.")
                .body::<NewLoanBody>(),
            |r, i: Input<(), (), NewLoanBody>| answer(r, apply(r, i.body)),
        )
        .operation(
            step("/api/loans/{loan}/collateral", "addCollateral", "loans")
                .summary("Pledge more: for the company")
                .path::<LoanPath>()
                .body::<CollateralBody>(),
            |r, i: Input<LoanPath, (), CollateralBody>| {
                loan(r, &i.path, |a, id| loans::add_collateral(a, id, &i.body.receipts))
            },
        )
        .operation(
            step("/api/loans/{loan}/approve", "approveLoan", "loans")
                .summary("Approve: for somebody who neither opened the file, applied nor checked")
                .description("`over-ltv` says what may be lent at the most.")
                .path::<LoanPath>()
                .body::<ApproveBody>()
                .optional_body(),
            |r, i: Input<LoanPath, (), ApproveBody>| loan(r, &i.path, |a, id| loans::approve(a, id, i.body.principal)),
        );
    let router = plain(
        router,
        step("/api/loans/{loan}/check-credit", "checkCredit", "loans")
            .summary("Look at the credit record, by the company's consent"),
        loans::check_credit,
    );
    let router = plain(
        router,
        step("/api/loans/{loan}/sign", "signLoan", "loans").summary("Sign the contract for the company or the bank"),
        loans::sign,
    );
    let router = plain(
        router,
        step("/api/loans/{loan}/register-pledges", "registerPledges", "loans")
            .summary("Register the pledges that were asked for"),
        loans::register_pledges,
    );
    reasoned(
        router,
        step("/api/loans/{loan}/reject", "rejectLoan", "loans")
            .summary("Refuse, or give up: the receipts are free again"),
        loans::reject,
    )
}

fn apply(request: &Request, b: NewLoanBody) -> Result<LoanItem, Refusal> {
    let new = NewLoan {
        bank: b.bank,
        purpose: b.purpose,
        principal: b.principal,
        term_days: b.term_days,
        receipts: b.receipts,
    };
    loans::apply(&who()?, key(request), &new).map(LoanItem::from)
}

fn servicing(router: Router) -> Router {
    let router = plain(
        router,
        step("/api/loans/{loan}/ask-disbursement", "askDisbursement", "loans")
            .summary("Ask for the payment; asked again it is the same payment under the same number"),
        loans::ask_disbursement,
    );
    let router = plain(
        router,
        step("/api/loans/{loan}/revalue", "revalueLoan", "loans").summary("Look at what the goods are worth now"),
        loans::revalue,
    );
    router
        .operation(
            step("/api/loans/{loan}/confirm-disbursement", "confirmDisbursement", "loans")
                .summary("Say what became of the payment: not for whoever asked for it")
                .description("`other-payment` when the answer is about another payment than the last.")
                .path::<LoanPath>()
                .body::<OutcomeBody>(),
            |r, i: Input<LoanPath, (), OutcomeBody>| {
                let payment = i.body.reference.clone();
                loan(r, &i.path, |a, id| loans::confirm_disbursement(a, id, payment.as_deref(), &outcome(i.body)?))
            },
        )
        .operation(
            step("/api/loans/{loan}/repayments", "repayLoan", "loans")
                .summary("Book a repayment under the bank's own number; the same number counts once")
                .path::<LoanPath>()
                .body::<RepayBody>(),
            |r, i: Input<LoanPath, (), RepayBody>| {
                loan(r, &i.path, |a, id| loans::repay(a, id, &i.body.bank_reference, i.body.amount))
            },
        )
        .operation(
            step("/api/loans/{loan}/release", "releaseCollateral", "loans")
                .summary("Let go of goods, as far as what stays is worth enough: not for whoever booked money that came back")
                .path::<LoanPath>()
                .body::<ReleaseBody>(),
            |r, i: Input<LoanPath, (), ReleaseBody>| {
                let freed: Vec<Freed> =
                    i.body.receipts.into_iter().map(|f| Freed { receipt: f.receipt, quantity: f.quantity }).collect();
                loan(r, &i.path, |a, id| loans::release(a, id, &freed))
            },
        )
}

fn outcome(b: OutcomeBody) -> Result<Outcome, Refusal> {
    match b.outcome.as_str() {
        "paid" => Ok(Outcome::Paid { bank_reference: b.bank_reference.unwrap_or_default() }),
        "refused" => Ok(Outcome::Refused { reason: b.reason.unwrap_or_default() }),
        _ => Err(FieldError::new("/outcome", t("应为 paid 或 refused", "It is `paid` or `refused`")).into()),
    }
}

fn recovery(router: Router) -> Router {
    let router = plain(
        router,
        step("/api/loans/{loan}/dispose", "disposeCollateral", "loans")
            .summary("Begin to sell the goods of an overdue loan, or after a margin call that was not met"),
        loans::dispose,
    );
    let router = router
        .operation(
            step("/api/loans/{loan}/sales", "enterSale", "loans")
                .summary("Enter what the goods of a receipt bring: another officer confirms it")
                .path::<LoanPath>()
                .body::<SaleBody>(),
            |r, i: Input<LoanPath, (), SaleBody>| {
                let b = i.body;
                let (receipt, buyer, bank_reference) = (b.receipt, b.buyer, b.bank_reference);
                let new = NewSale { receipt, buyer, proceeds: b.proceeds, bank_reference };
                loan(r, &i.path, |a, id| loans::enter_sale(a, id, &new))
            },
        )
        .operation(
            step("/api/loans/{loan}/confirm-sale", "confirmSale", "loans")
                .summary("Book a sale that was entered, which another one does, or drop it")
                .description("`no-such-sale` when none waits under the number. Whoever entered it may drop it.")
                .path::<LoanPath>()
                .body::<ConfirmSaleBody>(),
            |r, i: Input<LoanPath, (), ConfirmSaleBody>| {
                loan(r, &i.path, |a, id| loans::confirm_sale(a, id, &i.body.sale, i.body.confirmed))
            },
        );
    let router = reasoned(
        router,
        step("/api/loans/{loan}/write-off", "writeOffLoan", "loans")
            .summary("Give up what is left, once everything is sold"),
        loans::write_off,
    );
    reasoned(
        router,
        step("/api/loans/{loan}/unfreeze", "unfreezeLoan", "loans")
            .summary("Let a loan go on that was frozen because the borrower's registration changed"),
        loans::unfreeze,
    )
}
