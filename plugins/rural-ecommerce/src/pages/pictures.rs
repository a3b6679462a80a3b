//! Pictures of products: how they are shown and served, and the form by which a farmer brings one.

use super::forms::{again, pair, typed_pair, with_pair, without};
use super::store::{menu, own};
use super::{LAYOUT, acted, answer};
use crate::domain::picture::{MOST_BYTES, Picture, TYPES};
use crate::service::{Refusal, pictures};
use maud::{Markup, html};
use yunlong_sdk::files::{self, NewTicket, Show};
use yunlong_sdk::page::{error_summary, file_field, hidden};
use yunlong_sdk::{Error, Form, Lang, Request, Response, Router, t, web};

pub(super) fn routes(router: Router) -> Router {
    router
        .get("/pictures/{file}", serve)
        .get("/store/goods/{product}/picture", form)
        .post("/store/goods/{product}/picture", save)
}

/// How large pictures are at most: on the goods' own page, in cards, in rows of a table.
pub(super) const PAGE: (u32, u32) = (640, 480);
pub(super) const CARD: (u32, u32) = (320, 240);
pub(super) const ROW: (u32, u32) = (96, 72);

/// The picture of a product within a box, or a neutral one in place of it.
pub(super) fn shown(lang: Lang, picture: Option<&Picture>, within: (u32, u32)) -> Markup {
    let none = || Picture::drawn("none", t("暂无图片", "No picture yet"));
    let p = picture.cloned().unwrap_or_else(none);
    let (width, height) = p.within(within);
    html! { img src=(p.path) alt=(p.alt.get(lang)) width=(width) height=(height) loading="lazy"; }
}

/// `/pictures/{file}`: for everybody. What a file holds never changes, and another picture is another file.
fn serve(request: &Request) -> web::Result<Response> {
    let file = pictures::file(request.param("file")).map_err(|e| e.into_error(request.lang()))?;
    let kept = "public, max-age=31536000, immutable";
    Ok(files::serve(&file.id, Show::Inline)?.header("cache-control", kept))
}

/// `GET /store/goods/{product}/picture`.
fn form(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let shown = || {
        let product = own(request, request.param("product"))?;
        let alt = product.picture.map_or_else(Default::default, |p| p.alt);
        page(request, &with_pair(Form::new(), "alt", &alt), html! {})
    };
    answer(request, shown())
}

fn page(request: &Request, form: &Form, message: Markup) -> Result<Response, Refusal> {
    let (lang, p) = (request.lang(), own(request, request.param("product"))?);
    let path = format!("/store/goods/{}/picture", p.id);
    // The platform takes twice as much, so that what is a little too large is refused here, beside the field.
    let mut ticket = files::ticket(&NewTicket::new(pictures::AREA, &path)).map_err(Error::from)?;
    ticket.accept = TYPES.join(",");
    ticket.max_bytes = MOST_BYTES;
    // What was uploaded with a form that had a mistake elsewhere is not uploaded again.
    let kept = form.value("picture");
    let body = html! {
        (menu(request))
        (message)
        (error_summary(lang, form))
        figure { (shown(lang, p.picture.as_ref(), CARD)) @if let Some(now) = &p.picture { figcaption { (now.alt.get(lang)) } } }
        form method="post" action=(ticket.action) enctype="multipart/form-data" novalidate {
            @if !kept.is_empty() {
                p { (request.t("图片已上传，请更正后提交。", "The picture has arrived: correct the rest and send it.")) }
                (hidden("picture", kept))
            }
            (file_field(lang, form, "picture", &t("图片", "Picture"), Some(&t("JPEG、PNG 或 WebP。", "JPEG, PNG or WebP.")), &ticket))
            p { (request.t("图片说明供读屏软件朗读，不填时用商品名称。", "The words below are read aloud to those who do not see the picture; without any, the product's name is.")) }
            (pair(lang, form, "alt", &t("图片说明", "What it shows")))
            div.actions { button type="submit" { (request.t("保存图片", "Save the picture")) } a href="/store/goods" { (request.t("返回", "Back")) } }
        }
        p { (request.t("更换或删除图片后，在售的商品须重新审核。拍摄地点等附加信息不会保存。", "Goods on sale are reviewed again after their picture is changed or taken away. Where it was taken, and whatever else a camera writes beside it, is not kept.")) }
        @if p.picture.is_some() {
            form method="post" action=(path) { button.secondary.outline type="submit" name="step" value="remove" { (request.t("删除图片", "Take the picture away")) } }
        }
    };
    Ok(LAYOUT.page(request, &p.title, body))
}

/// `POST /store/goods/{product}/picture`, as the gateway hands it on: `picture` is the id of the file.
fn save(request: &Request) -> web::Result<Response> {
    request.subject()?;
    let (who, product, form) = (request.principal(), request.param("product"), request.form()?);
    if form.value("step") == "remove" {
        return acted(request, pictures::remove(who, product), |p| format!("/store/goods/{}/picture", p.id));
    }
    // A file that was chosen now stands behind the one that was kept.
    let file = form.values("picture").last().filter(|f| !f.is_empty()).map(str::to_owned);
    let done = match pictures::put(who, product, file.as_deref(), &typed_pair(&form, "alt")) {
        Ok(_) => Ok(Response::see_other("/store/goods?saved=1")),
        Err(e) => {
            let refused = matches!(&e, Refusal::Fields(all) if all.iter().any(|f| f.pointer == "/picture"));
            let kept = without(&form, &["picture"]);
            let kept = if refused { kept } else { file.into_iter().fold(kept, |f, id| f.with("picture", id)) };
            again(request, kept, e, |f, m| page(request, f, m))
        }
    };
    answer(request, done)
}
