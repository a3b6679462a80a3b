//! Organizations: the tree, and the departments and vendors that are added to it.

use crate::body::{Fields, Form, Query};
use crate::failure::{Failure, Outcome, kinds};
use crate::forms::{Input, refused};
use crate::layout::{Page, empty, notice};
use crate::people;
use crate::view::{View, see_other};
use http::StatusCode;
use maud::{Markup, html};
use yunlong_identity::{Organization, OrganizationLevel};

const NAV: &str = "/organizations";

pub(crate) fn level_name(view: &View, level: OrganizationLevel) -> &'static str {
    let (zh, en) = match level {
        OrganizationLevel::Province => ("省", "Province"),
        OrganizationLevel::City => ("市", "City"),
        OrganizationLevel::County => ("县（市、区）", "County"),
        OrganizationLevel::Town => ("乡镇街道", "Town"),
        OrganizationLevel::Village => ("村（社区）", "Village"),
        OrganizationLevel::Department => ("部门", "Department"),
        OrganizationLevel::Vendor => ("供应商", "Vendor"),
    };
    view.lang().pick(zh, en)
}

pub(super) async fn page(view: View, Query(query): Query) -> Outcome {
    view.one_of(people::STAFF)?;
    show(&view, &query, &Fields::default(), None).await
}

async fn show(view: &View, query: &Fields, typed: &Fields, failure: Option<&Failure>) -> Outcome {
    let session = view.signed_in()?;
    let identity = &view.gateway.services.identity;
    let (wanted, at) = (query.text("q"), query.text("at"));
    let own = session.organization.as_deref().unwrap_or("");
    let at = if at.is_empty() { own } else { at };
    let here = identity.organization(at).await?;
    let listed = if wanted.is_empty() { identity.children(at).await? } else { identity.search(wanted).await? };
    let title = view.t("组织", "Organizations");
    let content = html! {
        h1 { (title) }
        @if query.raw("saved").is_some() { (notice("ok", view.t("已保存。", "Saved."))) }
        (refused(view, failure))
        form.search role="search" method="get" action="/organizations" {
            label.visually-hidden for="q" { (view.t("名称或代码", "Name or code")) }
            input #q type="search" name="q" value=(wanted) maxlength="100" placeholder=(view.t("名称或代码", "Name or code"));
            button { (view.t("查找", "Find")) }
        }
        @if wanted.is_empty() && let Some(o) = &here {
            p {
                @if let Some(parent) = &o.parent { a href={ "/organizations?at=" (parent) } { "↑ " (view.t("上级", "Above")) } " · " }
                strong { (o.name) } " (" (o.code) ") · " (level_name(view, o.level))
            }
        }
        (table(view, title, &listed))
        @if view.administrator().is_ok() { (form(view, at, typed, failure)) }
    };
    let status = failure.map_or(StatusCode::OK, Failure::status);
    super::page_with(status, view, &Page::new(title, NAV), &content)
}

fn table(view: &View, title: &str, listed: &[Organization]) -> Markup {
    html! {
        @if listed.is_empty() { (empty(view.t("这里没有下级组织。", "There is none below."), None)) } @else {
            div.table-wrap tabindex="0" role="region" aria-label=(title) { table {
                thead { tr {
                    th scope="col" { (view.t("名称", "Name")) }
                    th scope="col" { (view.t("代码", "Code")) }
                    th scope="col" { (view.t("层级", "Level")) }
                } }
                tbody { @for o in listed { tr {
                    th scope="row" { a href={ "/organizations?at=" (o.code) } { (o.name) } }
                    td { code { (o.code) } }
                    td { (level_name(view, o.level)) }
                } } }
            } }
        }
    }
}

fn form(view: &View, at: &str, typed: &Fields, failure: Option<&Failure>) -> Markup {
    html! {
        form.card method="post" action="/organizations" {
            h2 { (view.t("添加部门或供应商", "Add a department or a vendor")) }
            label for="level" { (view.t("类型", "Kind")) }
            select #level name="level" {
                option value="department" { (view.t("部门", "Department")) }
                option value="vendor" selected[typed.text("level") == "vendor"] { (view.t("供应商", "Vendor")) }
            }
            (Input::text("code", view.t("统一社会信用代码", "Unified social credit code"), typed.text("code")).help(view.t("18 位，大写字母。已有的代码即为更改。", "18 characters, capitals. A code that is known is changed.")).render(view, failure))
            (Input::text("organization_name", view.t("名称", "Name"), typed.text("organization_name")).render(view, failure))
            (Input::text("parent", view.t("上级组织的代码", "Code of the organization above"), typed.raw("parent").unwrap_or(at)).render(view, failure))
            div.actions { button { (view.t("保存", "Save")) } }
        }
    }
}

/// An organization, from a form or a flat JSON object.
pub(crate) fn organization(fields: &Fields) -> Outcome<Organization> {
    let name = if fields.raw("organization_name").is_some() { "organization_name" } else { "name" };
    Ok(Organization {
        code: fields.text("code").to_owned(),
        level: people::level(fields.text("level"))?,
        name: fields.text(name).to_owned(),
        parent: Some(fields.text("parent")).filter(|p| !p.is_empty()).map(str::to_owned),
        valid_from: None,
        valid_to: None,
    })
}

pub(super) async fn add(view: View, Form(fields): Form) -> Outcome {
    view.administrator()?;
    let added = match organization(&fields) {
        Ok(new) => people::add_organization(&view, new).await,
        Err(failure) => Err(failure),
    };
    match added {
        Ok(()) => Ok(see_other(&format!("/organizations?saved=1&at={}", crate::encode(fields.text("parent"))))),
        Err(failure) if failure.kind() == kinds::INVALID => {
            show(&view, &Fields::default(), &fields, Some(&failure)).await
        }
        Err(failure) => Err(failure),
    }
}
