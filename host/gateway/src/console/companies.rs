//! Companies: an official records who a company's legal representative is, after seeing the papers.

use crate::body::{Fields, Form};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, refused, secret};
use crate::layout::Page;
use crate::view::View;
use http::StatusCode;
use maud::html;
use yunlong_identity::{Code, CompanyMandate, Mandate};

const NAV: &str = "/companies";

pub(super) async fn page(view: View) -> Outcome {
    view.administrator()?;
    show(&view, &Fields::default(), None)
}

fn show(view: &View, typed: &Fields, failure: Option<&Failure>) -> Outcome {
    let title = view.t("企业法定代表人登记", "A company's legal representative");
    let content = html! {
        h1 { (title) }
        p { (view.t("核验营业执照和法定代表人身份证后在此登记。平台只检查统一社会信用代码的格式，材料的真伪由您核验，并记录在审计中。法定代表人凭一次性代码接受后，即可代表企业办事，并可为企业开具委托。", "Record it here after seeing the business licence and the representative's identity card. The platform checks the form of the credit code alone; whether the papers are genuine is for you to check, and that you did is in the audit trail. The representative takes the mandate with the one-time code, acts for the company, and may give mandates for it.")) }
        (refused(view, failure))
        form.card method="post" action="/companies" {
            (Input::text("code", view.t("统一社会信用代码", "Unified social credit code"), typed.text("code")).render(view, failure))
            (Input::text("name", view.t("企业登记名称", "Registered name"), typed.text("name")).render(view, failure))
            (Input { max: 200, ..Input::text("papers", view.t("核验了哪些材料", "Which papers you saw"), typed.text("papers")) }.help(view.t("例如：营业执照副本、法定代表人身份证原件", "Such as: business licence, the representative's identity card")).render(view, failure))
            (Input::text("days", view.t("有效天数", "For how many days"), typed.raw("days").unwrap_or("365")).number().render(view, failure))
            div.actions { button { (view.t("登记", "Record it")) } }
        }
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    super::page_with(status, view, &Page::narrow(title, NAV), &content)
}

/// Records it.
pub(crate) async fn record(view: &View, fields: &Fields) -> Outcome<(Mandate, Code)> {
    let by = view.administrator()?;
    view.step_up()?;
    let new = CompanyMandate {
        code: fields.text("code").to_owned(),
        name: fields.text("name").to_owned(),
        papers: fields.text("papers").to_owned(),
        days: fields.text("days").parse().unwrap_or(0),
    };
    Ok(view.gateway.services.identity.record_company(new, &by.account).await?)
}

pub(super) async fn submit(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    match record(&view, &fields).await {
        Ok((mandate, code)) => {
            let title = view.t("一次性代码", "One-time code");
            let content = html! {
                h1 { (title) ": " (mandate.grantor.title()) }
                div.card {
                    p { (view.t("请当面交给法定代表人，在门户的“委托代办”页使用。只显示一次，七天内有效。", "Hand it to the representative, who uses it at the portal under “Acting for somebody else”. It is shown once, and good for seven days.")) }
                    (secret(code.as_str()))
                    div.actions { a role="button" href="/companies" { (view.t("完成", "Done")) } }
                }
            };
            super::page(&view, &Page::narrow(title, NAV), &content)
        }
        Err(failure) if failure.kind() == kinds::INVALID => show(&view, &fields, Some(&failure)),
        Err(failure) => Err(failure),
    }
}
