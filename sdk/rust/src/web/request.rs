//! A request as a handler sees it.

use super::error::{Error, Problem};
use super::{Form, Method, StatusCode, accept, urlencoded};
use crate::identity::{self, Presentation, Principal};
use crate::{Lang, Text, t};
use serde::de::DeserializeOwned;
use std::cell::OnceCell;
use std::str::FromStr;

/// A request. The host has checked its origin, size and session; who asks is in
/// [`principal`](Self::principal), never in a header.
pub struct Request {
    method: Method,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    params: Vec<(String, String)>,
    principal: OnceCell<Principal>,
    presentation: OnceCell<Presentation>,
}

impl Request {
    pub(crate) fn new(method: Method, target: &str, headers: Vec<(String, Vec<u8>)>, body: Vec<u8>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            query: query.to_owned(),
            headers,
            body,
            params: Vec::new(),
            principal: OnceCell::new(),
            presentation: OnceCell::new(),
        }
    }

    pub(crate) fn set_params(&mut self, params: Vec<(String, String)>) {
        self.params = params;
    }

    /// A `GET` for a test; see [`TestRequest`] for more.
    #[must_use]
    pub fn get(target: &str) -> TestRequest {
        TestRequest::new(Method::GET, target)
    }

    /// A `POST` for a test.
    #[must_use]
    pub fn post(target: &str) -> TestRequest {
        TestRequest::new(Method::POST, target)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path and the query: what to come back to.
    #[must_use]
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The page to come back to: this one, or after a form was posted, the page at its path.
    pub(crate) fn back(&self) -> String {
        if matches!(self.method, Method::GET | Method::HEAD) { self.target() } else { self.path.clone() }
    }

    /// A header's first value, when it is text. `name` is compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, v)| std::str::from_utf8(v).ok())
    }

    /// The body's bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Who asks.
    pub fn principal(&self) -> &Principal {
        self.principal.get_or_init(identity::current)
    }

    /// How the person wants pages to be.
    pub fn presentation(&self) -> Presentation {
        *self.presentation.get_or_init(identity::presentation)
    }

    /// The person's language.
    pub fn lang(&self) -> Lang {
        self.presentation().lang
    }

    /// One of two texts, in the person's language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang().pick(zh, en)
    }

    /// A text in the person's language.
    pub fn text<'a>(&self, text: &'a Text) -> &'a str {
        text.get(self.lang())
    }

    /// The subject of the person who asks.
    ///
    /// # Errors
    /// [`Error::SignIn`] for an anonymous visitor: pages lead to the sign-in page and back, the
    /// API answers 401.
    pub fn subject(&self) -> Result<&str, Error> {
        self.principal().subject.as_deref().ok_or(Error::SignIn)
    }

    /// The principal, who must have one of these roles.
    ///
    /// # Errors
    /// [`Error::SignIn`] for an anonymous visitor, otherwise a 403 that names the roles.
    pub fn require_role(&self, any_of: &[&str]) -> Result<&Principal, Error> {
        let principal = self.principal();
        if principal.is_anonymous() {
            return Err(Error::SignIn);
        }
        if any_of.iter().any(|r| principal.has_role(r)) {
            return Ok(principal);
        }
        let roles = any_of.join(", ");
        Err(Problem::new(StatusCode::FORBIDDEN, t("没有权限", "Not permitted"))
            .kind("role-required")
            .detail(Text::new(format!("需要角色：{roles}。"), format!("This needs one of the roles: {roles}.")))
            .into())
    }

    /// Whether the answer should be JSON rather than a page, from the path and `Accept`.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        accept::prefers_json(&self.path, self.header("accept"))
    }

    /// A parameter of the route (`/orders/{number}`), percent-decoded; empty when the route has
    /// none of this name.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    /// A parameter of the route as a `T`.
    ///
    /// # Errors
    /// A 404: a path with, say, letters for a number leads to nothing.
    pub fn param_as<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        self.param(name).parse().map_err(|_| Problem::not_found().into())
    }

    /// All parameters of the route as one type.
    ///
    /// # Errors
    /// A 404 when they do not fit.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T, Error> {
        from_pairs(&self.params).map_err(|_| Problem::not_found().into())
    }

    /// The first value of a name in the query.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        urlencoded::pairs(&self.query).into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The query as a `T` (a struct with optional fields for what may be absent).
    ///
    /// # Errors
    /// A 400 with the reason.
    pub fn query<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_urlencoded::from_str(&self.query).map_err(|e| malformed("invalid-query", &e.to_string()))
    }

    /// The query as a form, for search forms that keep what was typed.
    #[must_use]
    pub fn query_form(&self) -> Form {
        Form::from_pairs(urlencoded::pairs(&self.query))
    }

    /// The body of a form, to check field by field.
    ///
    /// # Errors
    /// A 415 when it is not `application/x-www-form-urlencoded`, a 400 when it is not UTF-8.
    pub fn form(&self) -> Result<Form, Error> {
        self.expect_media("application/x-www-form-urlencoded")?;
        let text = std::str::from_utf8(&self.body).map_err(|e| malformed("invalid-form", &e.to_string()))?;
        Ok(Form::from_pairs(urlencoded::pairs(text)))
    }

    /// The body of a form as a `T`.
    ///
    /// # Errors
    /// As for [`form`](Self::form), and a 400 when it is not a `T`. To keep what was typed and
    /// show errors beside the fields, use [`form`](Self::form).
    pub fn form_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.expect_media("application/x-www-form-urlencoded")?;
        let text = std::str::from_utf8(&self.body).map_err(|e| malformed("invalid-form", &e.to_string()))?;
        serde_urlencoded::from_str(text).map_err(|e| malformed("invalid-form", &e.to_string()))
    }

    /// The JSON body as a `T`.
    ///
    /// # Errors
    /// A 415 when it is not JSON, a 400 with line and column when it is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.expect_media("application/json")?;
        serde_json::from_slice(&self.body).map_err(|e| malformed("invalid-json", &e.to_string()))
    }

    fn expect_media(&self, media: &str) -> Result<(), Error> {
        let given = self.header("content-type").unwrap_or("").split(';').next().unwrap_or("").trim();
        if given.eq_ignore_ascii_case(media) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, t("不支持的内容类型", "Unsupported media type"))
            .kind("media-type")
            .detail(Text::new(format!("请求体应为 {media}。"), format!("The body must be {media}.")))
            .into())
    }
}

fn malformed(kind: &'static str, why: &str) -> Error {
    Problem::new(StatusCode::BAD_REQUEST, t("请求无效", "Bad request"))
        .kind(kind)
        .detail(Text::same(why.to_owned()))
        .into()
}

pub(crate) fn from_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, String> {
    // By way of text: its decoder reads numbers and booleans out of it, a map of strings would not.
    let text = serde_urlencoded::to_string(pairs).map_err(|e| e.to_string())?;
    serde_urlencoded::from_str(&text).map_err(|e| e.to_string())
}

/// A request for tests: [`Request::get`] and [`Request::post`] begin one,
/// [`TestRequest::to`] or `TestCity::send` sends it.
pub struct TestRequest(Request);

impl TestRequest {
    /// A request with any method.
    #[must_use]
    pub fn new(method: Method, target: &str) -> Self {
        Self(Request::new(method, target, Vec::new(), Vec::new()))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Sets a form body.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let body: Vec<String> =
            fields.iter().map(|(n, v)| format!("{}={}", urlencoded::encode(n), urlencoded::encode(v))).collect();
        self.0.body = body.join("&").into_bytes();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.0.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    /// Sets any body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sends it to an app's routes.
    #[must_use]
    pub fn to<A: crate::App>(self) -> super::Response {
        A::router().serve(self.0)
    }
}
