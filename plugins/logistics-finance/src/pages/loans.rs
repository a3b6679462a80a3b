//! Loans: the list, the page of one with all that belongs to it, and its contract.

use super::lists::{Beside, Col, Key, List, STATE, filed_fen, filed_state, filed_time, shown_state};
use super::loan_ledger::ledger;
use super::party::{Named, party};
use super::{LAYOUT, Shown, code, facts, pledges, receipts::link, state_badge, timeline, when};
use crate::domain::actor::{Actor, Role};
use crate::domain::borrower::CreditCheck;
use crate::domain::loan::{Loan, MarginState, Sale, State};
use crate::domain::money::{percent, ratio_up};
use crate::domain::time::local;
use crate::notes::reason_name;
use crate::service::loans::Overview;
use crate::service::refusal::state_name;
use crate::service::{Refusal, loans, who};
use crate::views::{Gathered, gather};
use maud::{Markup, html};
use yunlong_sdk::page::{Column, Paper, amount, badge, card, notice, print_view, table};
use yunlong_sdk::sheet::Cell;
use yunlong_sdk::{Request, Text, Tone, t};

static LIST: List<Named<Loan>> = List {
    path: "/loans",
    title: t("贷款", "Loans"),
    sort: "-created",
    states: || State::ALL.map(State::code).to_vec(),
    state: |l| l.state.code(),
    words: |l| vec![&l.id, &l.borrower, &l.borrower_name, &l.bank, l.word(&l.bank), &l.purpose],
    empty: t(
        "还没有贷款。企业以持有的仓单向有客户档案的银行申请。",
        "There are no loans yet. Companies apply with receipts that they hold, at a bank that has a file of them.",
    ),
    beside: &[
        Beside {
            behind: "borrower",
            title: t("借款企业代码", "Borrower's code"),
            of: |l, _| Cell::from(l.borrower.as_str()),
        },
        Beside { behind: "bank", title: t("银行代码", "Bank's code"), of: |l, _| Cell::from(l.bank.as_str()) },
    ],
    columns: &[
        Col {
            key: "number",
            title: t("编号", "Number"),
            numeric: false,
            show: |l, _| html! { a href={ "/loans/" (l.id) } { (l.id) } },
            file: |l, _| Cell::from(l.id.as_str()),
            order: |l| Key::from(l.id.as_str()),
        },
        Col {
            key: "borrower",
            title: t("借款企业", "Borrower"),
            numeric: false,
            show: |l, _| html! { (l.borrower_name) " " small.muted { (code(&l.borrower)) } },
            file: |l, _| Cell::from(l.borrower_name.as_str()),
            order: |l| Key::from(l.borrower_name.as_str()),
        },
        Col {
            key: "bank",
            title: t("银行", "Bank"),
            numeric: false,
            show: |l, _| l.party(&l.bank),
            file: |l, _| l.filed(&l.bank),
            order: |l| Key::from(l.word(&l.bank)),
        },
        Col {
            key: "principal",
            title: t("本金", "Principal"),
            numeric: true,
            show: |l, _| amount(l.principal),
            file: |l, _| filed_fen(l.principal),
            order: |l| Key::from(l.principal),
        },
        Col {
            key: "owed",
            title: t("欠款", "Owed"),
            numeric: true,
            show: |l, _| amount(owed(l)),
            file: |l, _| filed_fen(owed(l)),
            order: |l| Key::from(owed(l)),
        },
        Col {
            key: "due",
            title: t("到期日", "Due"),
            numeric: true,
            show: |l, _| html! { @match l.due { Some(d) => (d), None => "—" } },
            file: |l, _| l.due.map(|d| d.to_string()).into(),
            order: |l| Key::Text(l.due.map(|d| d.to_string()).unwrap_or_default()),
        },
        Col {
            key: "state",
            title: STATE,
            numeric: false,
            show: |l, lang| html! { (shown_state(lang, l.state.code())) @if l.frozen.is_some() { " " (shown_state(lang, "frozen")) } },
            file: |l, lang| filed_state(lang, l.state.code()),
            order: |l| Key::from(l.state.code()),
        },
        Col {
            key: "created",
            title: t("申请时间", "Applied"),
            numeric: true,
            show: |l, _| html! { (local(l.created_at)) },
            file: |l, _| filed_time(Some(l.created_at)),
            order: |l| Key::from(l.created_at),
        },
    ],
};

/// What is owed now, interest included.
fn owed(l: &Loan) -> u64 {
    l.owed_at(crate::service::now())
}

fn rows(actor: &Actor) -> Result<Gathered<Named<Loan>>, Refusal> {
    Ok(Named::all(gather(|limit, after| loans::list(actor, None, limit, after))?, |l| [&l.bank]))
}

/// `/loans`.
pub(super) fn list(request: &Request) -> Shown {
    let actor = who()?;
    let head = html! { @if actor.is(Role::Manufacturer) { div.actions.no-print { a role="button" href="/loans/new" { (request.t("申请贷款", "Apply for a loan")) } } } };
    LIST.page(request, rows(&actor)?, &head, None)
}

/// `/loans/file`.
pub(super) fn file(request: &Request) -> Shown {
    LIST.file(request, rows(&who()?)?)
}

/// `/loans/{loan}`.
pub(super) fn detail(request: &Request) -> Shown {
    let (actor, lang) = (who()?, request.lang());
    let o = loans::overview(&actor, request.param("loan"))?;
    let l = &o.loan;
    let entries = gather(|limit, after| loans::ledger(&actor, &l.id, limit, after))?.items;
    let history = l.history.iter().map(|p| (p.state.code(), p.at, None));
    let body = html! {
        @if request.query_value("done").is_some() { (notice(Tone::Ok, request.t("已办理。", "Done."))) }
        (warnings(request, &o))
        p { (state_badge(lang, l.state.code())) }
        (card("terms", request.t("贷款", "The loan"), terms(request, l)))
        (super::loan_steps::offered_steps(request, &actor, &o))
        (card("value", request.t("质物价值与质押率", "What the goods are worth"), worth(request, &o)))
        (card("pledges", request.t("质押", "Pledges"), pledges::LIST.table(lang, request.t("本贷款的质押登记", "Pledges for this loan"), &o.pledges)))
        (card("credit", request.t("征信", "Credit check"), credit(request, &o)))
        (card("payment", request.t("放款", "The payment"), payment(request, l)))
        (card("back", request.t("还款", "Repayments"), repayments(request, &o)))
        (card("ledger", request.t("分录", "The ledger"), ledger(request, l, &entries)))
        (card("history", request.t("经过", "History"), timeline(lang, request.t("贷款的经过", "What the loan passed"), history)))
        p.no-print { a href={ "/loans/" (l.id) "/print" } { (request.t("打印合同要素", "Print the contract's terms")) } }
    };
    Ok(LAYOUT.page(request, &Text::new(format!("贷款 {}", l.id), format!("Loan {}", l.id)), body))
}

fn warnings(request: &Request, o: &Overview) -> Markup {
    let (lang, l) = (request.lang(), &o.loan);
    let frozen = o.receipts.iter().filter(|r| r.frozen.is_some());
    html! {
        @if let Some(f) = &l.frozen {
            (notice(Tone::Bad, html! { strong { (request.t("贷款已冻结：", "The loan is frozen: ")) (reason_name(&f.reason).get(lang)) } p { (local(f.at)) " · " (request.t("可以还款；其余由银行核实后解冻。", "Repayments are possible; the bank unfreezes it once it has looked into it.")) } }))
        }
        @for r in frozen { (notice(Tone::Bad, html! { (request.t("质押的仓单被冻结：", "A pledged receipt is frozen: ")) (link(&r.id)) @if let Some(f) = &r.frozen { " · " (reason_name(&f.reason).get(lang)) } })) }
        @if let Some(m) = l.margin.as_ref().filter(|m| m.state != MarginState::Cured) {
            (notice(if m.is_open() { Tone::Warn } else { Tone::Bad }, html! {
                strong { @if m.is_open() { (request.t("追加要求", "Margin call")) } @else { (request.t("追加要求已逾期", "The margin call was not met")) } }
                p { (request.t("质物价值 ", "The goods were worth ")) (amount(m.value)) (request.t("，质押率 ", ", so that what is owed was ")) (percent(m.ltv_bps.min(9_999_999))) (request.t("；缺少的质物价值 ", " of it; value that is missing: ")) strong { (amount(m.short)) } }
                p { (request.t("最后期限：", "Until the end of ")) strong { (m.until) } (request.t("。可以还款，或补充质物。", ". Repay, or pledge more.")) }
            }))
        }
        @if let Some(why) = &l.rejection { (notice(Tone::Info, html! { (request.t("终止原因：", "Why it ended: ")) (why) })) }
    }
}

fn terms(request: &Request, l: &Loan) -> Markup {
    let r = &l.terms.rate;
    facts(&[
        (request.t("借款企业", "Borrower"), html! { (l.borrower_name) " " small.muted { (code(&l.borrower)) } }),
        (request.t("银行", "Bank"), party(&l.bank)),
        (request.t("用途", "Purpose"), html! { (l.purpose) }),
        (request.t("本金", "Principal"), html! { strong { (amount(l.principal)) } }),
        (request.t("年利率", "Interest a year"), html! { (percent(r.bps)) " · " (r.day_count.code()) }),
        (
            request.t("逾期加收", "Added when overdue"),
            html! { (percent(r.overdue_bps)) (request.t("（按利率）", " of the rate")) },
        ),
        (request.t("期限", "Term"), html! { (l.terms.term_days) (request.t(" 天", " days")) }),
        (
            request.t("到期日", "Due"),
            html! { @match l.due { Some(d) => (d), None => (request.t("放款时确定，遇节假日顺延", "Fixed when it is paid out; moved over holidays")) } },
        ),
        (
            request.t("质押率上限 / 追加线", "Most lent / margin line"),
            html! { (percent(l.terms.ltv_bps)) " / " (percent(l.terms.margin_bps)) },
        ),
        (
            request.t("签署", "Signed"),
            html! { (request.t("企业 ", "company ")) (when(l.borrower_signed_at)) " · " (request.t("银行 ", "bank ")) (when(l.bank_signed_at)) },
        ),
    ])
}

/// The share of what is owed in what the goods are worth, as a bar with its words.
fn ltv_bar(request: &Request, l: &Loan, owed: u64, value: u64) -> Markup {
    let bps = ratio_up(owed, value);
    let words = if value == 0 { "—".to_owned() } else { percent(bps.min(9_999_999)) };
    let (tone, said) = match bps {
        b if b > l.terms.margin_bps => (Tone::Bad, request.t("超过追加线", "over the margin line")),
        b if b > l.terms.ltv_bps => (Tone::Warn, request.t("超过质押率上限", "over the most that is lent")),
        _ => (Tone::Ok, request.t("在上限以内", "within the limit")),
    };
    html! {
        p { (request.t("质押率 ", "Owed of the value: ")) strong { (words) } " " (badge(tone, said)) }
        meter min="0" max="10000" low=(l.terms.ltv_bps) high=(l.terms.margin_bps) optimum="0" value=(bps.min(10_000)) aria-label=(request.t("质押率", "Owed of the value")) { (words) }
        p.muted { (request.t("上限 ", "Most lent ")) (percent(l.terms.ltv_bps)) " · " (request.t("追加线 ", "margin line ")) (percent(l.terms.margin_bps)) }
    }
}

fn worth(request: &Request, o: &Overview) -> Markup {
    let lines = |v: &crate::domain::quote::Valuation, caption: &str| {
        let columns = [
            Column::new(request.t("仓单", "Receipt"), |x: &&crate::domain::quote::Line| link(&x.receipt)),
            Column::new(request.t("货物", "Goods"), |x: &&crate::domain::quote::Line| html! { (x.goods) }),
            Column::new(request.t("单价", "Price"), |x: &&crate::domain::quote::Line| amount(x.price)).numeric(),
            Column::new(request.t("价值", "Value"), |x: &&crate::domain::quote::Line| amount(x.value)).numeric(),
        ];
        table(caption, &columns, v.lines.iter())
    };
    let owed = if o.loan.state.is_out() { o.owed } else { o.loan.principal };
    html! {
        @match &o.value {
            Some(v) if !v.lines.is_empty() => {
                p { (request.t("已登记的质物按最新价格 ", "What is registered, at the latest prices: ")) strong { (amount(v.value)) } }
                (ltv_bar(request, &o.loan, owed, v.value))
                (lines(v, request.t("估值明细", "Receipt by receipt")))
            }
            Some(_) => p.muted { (request.t("还没有登记的质押。", "Nothing is registered in pledge yet.")) }
            None => (notice(Tone::Warn, request.t("有货物没有价格，无法估值。请监管人员发布价格。", "There are goods without a price. A regulator publishes it."))),
        }
        @if let Some(v) = &o.loan.valuation { details { summary { (request.t("审批时的估值：", "At approval: ")) (amount(v.value)) " · " (local(v.at)) } (lines(v, request.t("审批时的估值明细", "Receipt by receipt at approval"))) } }
    }
}

fn credit(request: &Request, o: &Overview) -> Markup {
    let consent = match &o.consent {
        Some(c) if c.stands(crate::service::now()) => {
            html! { (badge(Tone::Ok, request.t("企业已授权", "consented"))) " " (request.t("至 ", "until ")) (local(c.until)) }
        }
        Some(c) if c.withdrawn_at.is_some() => badge(Tone::Warn, request.t("企业已撤回授权", "taken back")),
        Some(_) => badge(Tone::Warn, request.t("授权已过期", "the consent is over")),
        None => badge(Tone::Warn, request.t("企业尚未授权", "not consented")),
    };
    html! {
        p { (consent) }
        @match &o.loan.credit { Some(c) => (checked(request, c)), None => p.muted { (request.t("尚未查询。", "Nobody has looked yet.")) } }
    }
}

fn checked(request: &Request, c: &CreditCheck) -> Markup {
    let count = |kind: &str| c.counts.get(kind).copied().unwrap_or(0);
    html! {
        p { (request.t("评分 ", "Score ")) strong { (c.score) } " / 1000 · " (request.t("等级 ", "grade ")) strong { (format!("{:?}", c.grade)) } " · " (local(c.at)) }
        (facts(&[
            (request.t("失信", "Breaches"), html! { (count("breach")) }),
            (request.t("行政处罚", "Penalties"), html! { (count("penalty")) }),
            (request.t("表彰", "Honours"), html! { (count("honour")) }),
            (request.t("履约", "Contracts performed"), html! { (count("performance")) }),
            (request.t("许可", "Licences"), html! { (count("licence")) }),
        ]))
        p.muted { (request.t("公式：600 分起，表彰每项 +60、履约每项 +40（各至多 200），许可每项 +10（至多 50），处罚每项 −80，失信每项 −300；有失信或低于 400 分不放贷。", "600 points; 60 for an honour, 40 for a contract performed (200 each at most), 10 for a licence (50 at most), 80 less for a penalty, 300 less for a breach. Nothing is lent on a breach or on less than 400.")) }
    }
}

fn payment(request: &Request, l: &Loan) -> Markup {
    let lang = request.lang();
    html! {
        @match &l.disbursement {
            None => p.muted { (request.t("尚未申请放款。", "The money was not asked for yet.")) },
            Some(d) => {
                p { (state_badge(lang, d.state.code())) " " (amount(d.amount)) }
                (facts(&[
                    (request.t("放款编号", "Number"), code(&d.reference)),
                    (request.t("申请次数（同一编号只付一次）", "Asked (paid once under one number)"), html! { (d.asked) " · " (local(d.asked_at)) }),
                    (request.t("银行流水号", "The bank's number"), html! { @match &d.bank_reference { Some(n) => (code(n)), None => "—" } }),
                ]))
                @if let Some(why) = &d.reason { p { (request.t("未付原因：", "Why not paid: ")) (why) } }
            }
        }
    }
}

fn repayments(request: &Request, o: &Overview) -> Markup {
    let l = &o.loan;
    let back = [
        Column::new(request.t("时间", "When"), |r: &&crate::domain::loan::Repayment| html! { (local(r.at)) }),
        Column::new(request.t("银行流水号", "The bank's number"), |r: &&crate::domain::loan::Repayment| {
            code(&r.reference)
        }),
        Column::new(request.t("金额", "Amount"), |r: &&crate::domain::loan::Repayment| amount(r.amount)).numeric(),
        Column::new(request.t("利息", "Interest"), |r: &&crate::domain::loan::Repayment| amount(r.interest)).numeric(),
        Column::new(request.t("本金", "Principal"), |r: &&crate::domain::loan::Repayment| amount(r.principal))
            .numeric(),
    ];
    let sold = [
        Column::new(request.t("时间", "When"), |s: &&Sale| html! { (local(s.at)) }),
        Column::new(request.t("仓单", "Receipt"), |s: &&Sale| link(&s.receipt)),
        Column::new(request.t("买受人", "Buyer"), |s: &&Sale| party(&s.buyer)),
        Column::new(request.t("价款", "Proceeds"), |s: &&Sale| amount(s.proceeds)).numeric(),
        Column::new(request.t("余款（归企业）", "Surplus (the company's)"), |s: &&Sale| amount(s.surplus)).numeric(),
    ];
    let pending = [
        Column::new(request.t("登记时间", "Entered"), |s: &&Sale| html! { (local(s.at)) }),
        Column::new(request.t("出售编号", "Number"), |s: &&Sale| code(&s.number)),
        Column::new(request.t("仓单", "Receipt"), |s: &&Sale| link(&s.receipt)),
        Column::new(request.t("买受人", "Buyer"), |s: &&Sale| party(&s.buyer)),
        Column::new(request.t("价款", "Proceeds"), |s: &&Sale| amount(s.proceeds)).numeric(),
    ];
    html! {
        @if l.state.is_out() {
            (facts(&[
                (request.t("今日欠款", "Owed today"), html! { strong { (amount(o.owed)) } }),
                (request.t("其中本金", "Principal of it"), amount(l.balance.principal)),
                (request.t("到期日", "Due"), html! { @match l.due { Some(d) => (d), None => "—" } }),
            ]))
            p.muted { (request.t("按日计息，先还息后还本，到期一次还清余款；可提前还款。", "Interest runs by the day and is paid before principal; what is left is due on the due day. Earlier repayments are welcome.")) }
        }
        @if l.repayments.is_empty() { p.muted { (request.t("没有还款。", "Nothing was repaid yet.")) } } @else { (table(request.t("还款记录", "Repayments"), &back, l.repayments.iter())) }
        @if !l.pending_sales.is_empty() { (table(request.t("待复核的出售", "Sales to confirm"), &pending, l.pending_sales.iter())) }
        @if !l.sales.is_empty() { (table(request.t("质物处置", "Goods that were sold"), &sold, l.sales.iter())) }
    }
}

/// `/loans/{loan}/print`: what the two sides agree on.
pub(super) fn print(request: &Request) -> Shown {
    let o = loans::overview(&who()?, request.param("loan"))?;
    let l = &o.loan;
    let body = html! {
        p { strong { (l.id) } " · " (state_name(l.state.code()).get(request.lang())) }
        (terms(request, l))
        @if let Some(v) = &l.valuation {
            p { (request.t("审批时质物价值：", "Value of the goods at approval: ")) (amount(v.value)) }
            ul { @for x in &v.lines { li { (x.receipt) " · " (x.goods) " · " (amount(x.value)) } } }
        }
        div.signatures { p { (request.t("借款企业（盖章）", "The borrower (seal)")) } p { (request.t("贷款银行（盖章）", "The bank (seal)")) } }
    };
    let page = html! {
        p.no-print { a href={ "/loans/" (l.id) } { (request.t("返回贷款", "Back to the loan")) } }
        (print_view(request.lang(), Paper::A4, request.t("仓单质押贷款合同要素", "Terms of the loan on warehouse receipts"), body))
    };
    Ok(LAYOUT.page(request, &Text::new(format!("打印贷款 {}", l.id), format!("Loan {} for print", l.id)), page))
}
