//! What a handler answers when it cannot answer: problem documents (RFC 9457) for programs,
//! pages for people.

use super::{Request, Response, StatusCode};
use crate::context::ConfigError;
use crate::data::DataError;
use crate::files::FileError;
use crate::http::HttpError;
use crate::identity::{self, AttributeError};
use crate::messaging::MessagingError;
use crate::payments::PaymentError;
use crate::shared::SharedError;
use crate::{Lang, Text, page, t};
use serde_json::{Map, Value};
use std::fmt;

/// A problem: a status, a title and what to do about it, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    kind: Option<&'static str>,
    title: Text,
    detail: Option<Text>,
    extra: Map<String, Value>,
    field_errors: Vec<(String, Text)>,
}

impl Problem {
    /// A problem with a status and a title.
    #[must_use]
    pub fn new(status: StatusCode, title: Text) -> Self {
        Self { status, kind: None, title, detail: None, extra: Map::new(), field_errors: Vec::new() }
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, t("没有找到", "Not found")).kind("not-found")
    }

    /// 409 with a title, such as a slot that is sold out.
    #[must_use]
    pub fn conflict(title: Text) -> Self {
        Self::new(StatusCode::CONFLICT, title)
    }

    /// 403 with a title.
    #[must_use]
    pub fn forbidden(title: Text) -> Self {
        Self::new(StatusCode::FORBIDDEN, title)
    }

    /// 422 with a title: understood, and refused.
    #[must_use]
    pub fn invalid(title: Text) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, title)
    }

    /// 500. `why` goes to the installation's log, not to the person.
    #[must_use]
    pub fn internal(why: &str) -> Self {
        eprintln!("error: {why}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, t("出了点问题", "Something went wrong")).kind("internal")
    }

    /// A stable word for programs, such as `sold-out`. The document's `type` becomes
    /// `urn:yunlong:problem:sold-out`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// What happened in this case and what to do.
    #[must_use]
    pub fn detail(mut self, detail: Text) -> Self {
        self.detail = Some(detail);
        self
    }

    /// A member of the document beyond those of the standard. It never takes the place of one that the
    /// problem has itself, such as `status`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// A field that was refused, with its reason: a member of `errors` in the document. `at` is a
    /// JSON Pointer (RFC 6901) into the body, such as `/visitors/0/name`; the bare name of a field
    /// of a form or a query is written as the pointer `/name`. May be called again.
    #[must_use]
    pub fn field(mut self, at: impl Into<String>, reason: Text) -> Self {
        let at = at.into();
        let pointer = if at.is_empty() || at.starts_with('/') {
            at
        } else {
            format!("/{}", at.replace('~', "~0").replace('/', "~1"))
        };
        self.field_errors.push((pointer, reason));
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The title.
    #[must_use]
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// The document, `application/problem+json`.
    #[must_use]
    pub fn to_response(&self, lang: Lang) -> Response {
        let mut doc = Map::new();
        if let Some(kind) = self.kind {
            doc.insert("type".into(), format!("urn:yunlong:problem:{kind}").into());
        }
        doc.insert("title".into(), self.title.get(lang).into());
        doc.insert("status".into(), self.status.as_u16().into());
        if let Some(detail) = &self.detail {
            doc.insert("detail".into(), detail.get(lang).into());
        }
        if !self.field_errors.is_empty() {
            let errors: Vec<Value> = self
                .field_errors
                .iter()
                .map(|(f, e)| serde_json::json!({"pointer": f, "detail": e.get(lang)}))
                .collect();
            doc.insert("errors".into(), errors.into());
        }
        doc.insert("request_id".into(), crate::context::request_id().into());
        for (name, value) in &self.extra {
            doc.entry(name).or_insert_with(|| value.clone());
        }
        let body = Value::Object(doc).to_string();
        Response::new("application/problem+json", body).status(self.status).header("content-language", lang.tag())
    }

    fn to_page(&self, request: &Request) -> Response {
        let lang = request.lang();
        let detail = self.detail.as_ref().map(|d| d.get(lang));
        let fields: Vec<&str> = self.field_errors.iter().map(|(_, e)| e.get(lang)).collect();
        page::problem(request, self.title.get(lang), detail, &fields).status(self.status)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.title.en)?;
        self.detail.as_ref().map_or(Ok(()), |d| write!(f, ": {}", d.en))
    }
}

/// A consent that a person must give first.
#[derive(Clone, Debug, thiserror::Error)]
#[error("consent to `{scope}` is missing")]
pub struct MissingConsent {
    scope: String,
    /// Held here rather than called by name where responses are made: only an app that asks for
    /// attributes may import that interface, and what is not named is not linked.
    url: fn(&[&str], &str) -> String,
}

impl MissingConsent {
    /// The consent to this scope is missing.
    #[must_use]
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), url: identity::consent_url }
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    fn url(&self, return_path: &str) -> String {
        (self.url)(&[&self.scope], return_path)
    }
}

impl PartialEq for MissingConsent {
    fn eq(&self, other: &Self) -> bool {
        self.scope == other.scope
    }
}

impl Eq for MissingConsent {}

/// Why a handler has no answer of its own. `?` makes it of the errors of the city's services.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A problem, shown as a document or as a page.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Nobody is signed in: a page leads to the sign-in page and back, the API answers 401.
    #[error("not signed in")]
    SignIn,
    /// The person has not consented to a scope: a page leads to the consent page and back, the
    /// API answers 403 with the page's address, whose parameter `return` (here `/`) is the path of
    /// the app that it leads back to: a program sets its own. See [`MissingConsent`].
    #[error(transparent)]
    Consent(#[from] MissingConsent),
    /// This response, as it is: the way out of nested code.
    #[error("an early response")]
    Respond(Box<Response>),
    /// A data call failed. Kept as it is, so that a handler can tell a bound or a unique index
    /// that refused from the rest; otherwise 409, 400, 503 or 500, as befits it.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl Error {
    pub(crate) fn into_response(self, request: &Request) -> Response {
        let problem = match self {
            Self::Problem(p) => *p,
            Self::Respond(r) => return *r,
            Self::SignIn if request.wants_json() => {
                Problem::new(StatusCode::UNAUTHORIZED, t("请先登录", "Sign in first"))
                    .kind("sign-in-required")
                    .with("sign_in_url", identity::sign_in_url("/"))
            }
            Self::SignIn => return Response::see_other(&identity::sign_in_url(&request.back())),
            Self::Consent(missing) if request.wants_json() => {
                Problem::new(StatusCode::FORBIDDEN, t("需要您的授权", "Your consent is needed"))
                    .kind("consent-required")
                    .with("scope", missing.scope())
                    .with("consent_url", missing.url("/"))
            }
            Self::Consent(missing) => return Response::see_other(&missing.url(&request.back())),
            Self::Data(e) => {
                let problem = data_problem(e);
                let busy = problem.status == StatusCode::SERVICE_UNAVAILABLE;
                let response = problem.respond(request);
                return if busy { response.header("retry-after", "2") } else { response };
            }
        };
        problem.respond(request)
    }
}

impl Problem {
    fn respond(&self, request: &Request) -> Response {
        if request.wants_json() { self.to_response(request.lang()) } else { self.to_page(request) }
    }
}

impl From<Problem> for Error {
    fn from(p: Problem) -> Self {
        Self::Problem(Box::new(p))
    }
}

impl From<Response> for Error {
    fn from(r: Response) -> Self {
        Self::Respond(Box::new(r))
    }
}

fn data_problem(e: DataError) -> Problem {
    let busy = || {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, t("人太多，请稍后再试", "Very busy, please try again"))
            .kind("busy")
    };
    match e {
        DataError::Conflict => busy(),
        DataError::Unavailable(why) => {
            eprintln!("error: {why}");
            busy()
        }
        DataError::AlreadyExists(_) | DataError::UniqueViolation { .. } => {
            Problem::conflict(t("已经存在", "It exists already")).kind("exists")
        }
        DataError::OutOfBounds { .. } => Problem::conflict(t("数量不足", "Not enough left")).kind("out-of-bounds"),
        // A cursor or an id that somebody made up.
        DataError::Invalid(why) => {
            Problem::new(StatusCode::BAD_REQUEST, t("请求无效", "Bad request")).kind("invalid").detail(Text::same(why))
        }
        e @ (DataError::Undeclared(_)
        | DataError::TooLarge(_)
        | DataError::Closed
        | DataError::Mismatch { .. }
        | DataError::Other(_)) => Problem::internal(&e.to_string()),
    }
}

impl From<AttributeError> for Error {
    fn from(e: AttributeError) -> Self {
        match e {
            AttributeError::NotSignedIn => Self::SignIn,
            AttributeError::ConsentRequired(scope) => Self::Consent(MissingConsent::new(scope)),
            AttributeError::Absent => Problem::conflict(t("您的档案中没有这项信息", "Your record does not hold this"))
                .kind("attribute-absent")
                .into(),
            e @ (AttributeError::NotGranted(_) | AttributeError::Other(_)) => Problem::internal(&e.to_string()).into(),
        }
    }
}

/// What a person can do something about is told to them; what the department has to settle with the
/// provider of the data goes to the installation's log as well.
impl From<SharedError> for Error {
    fn from(e: SharedError) -> Self {
        match e {
            SharedError::NotSignedIn => Self::SignIn,
            SharedError::ConsentRequired(consent) => Self::Consent(MissingConsent::new(consent)),
            SharedError::Conflict => {
                Problem::conflict(t("记录已被更改，请重新查看", "The record has changed: look again"))
                    .kind("changed")
                    .into()
            }
            SharedError::NotFound => Problem::not_found().into(),
            SharedError::RowNotGranted => Problem::forbidden(t("不能查看这条记录", "This record is not open to you"))
                .kind("row-not-granted")
                .into(),
            SharedError::RoleRequired(_) => {
                Problem::forbidden(t("您没有所需的岗位", "You do not hold the role for this"))
                    .kind("role-required")
                    .into()
            }
            SharedError::Invalid(why) | SharedError::TooLarge(why) => {
                Problem::new(StatusCode::BAD_REQUEST, t("请求无效", "Bad request"))
                    .kind("invalid")
                    .detail(Text::same(why))
                    .into()
            }
            SharedError::Unavailable(why) => Self::Data(DataError::Unavailable(why)),
            e if e.is_about_the_grant() => {
                eprintln!("error: {e}");
                Problem::forbidden(t("目前不能使用所需的共享数据", "The shared data that this needs is not available"))
                    .kind("not-granted")
                    .detail(t(
                        "数据的提供部门没有授权，或授权已到期、已撤销。部门可在控制台申请。",
                        "Its provider has not granted it, or the grant is over. The department can ask at the console.",
                    ))
                    .into()
            }
            e => Problem::internal(&e.to_string()).into(),
        }
    }
}

impl From<MessagingError> for Error {
    fn from(e: MessagingError) -> Self {
        Problem::internal(&e.to_string()).into()
    }
}

impl From<PaymentError> for Error {
    fn from(e: PaymentError) -> Self {
        match e {
            PaymentError::WrongStatus(why) => {
                Problem::conflict(t("支付状态不允许", "The payment's status does not allow it"))
                    .kind("payment-status")
                    .detail(Text::same(why))
                    .into()
            }
            e => Problem::internal(&e.to_string()).into(),
        }
    }
}

/// The reason goes to the installation's log: a person can only try again.
impl From<HttpError> for Error {
    fn from(e: HttpError) -> Self {
        eprintln!("error: {e}");
        let title = t(
            "所需的外部服务没有答复，请稍后再试",
            "A service that this needs does not answer; please try again later",
        );
        Problem::new(StatusCode::BAD_GATEWAY, title).kind("upstream").into()
    }
}

impl From<FileError> for Error {
    fn from(e: FileError) -> Self {
        match e {
            FileError::NotSignedIn => Self::SignIn,
            FileError::NotFound => Problem::not_found().into(),
            FileError::NotYours | FileError::Attached(_) => {
                Problem::conflict(t("这个文件不能附在这里", "The file cannot be attached here"))
                    .kind("file-not-attachable")
                    .detail(t("请重新选择文件并提交。", "Choose the file again and send the form."))
                    .into()
            }
            FileError::TooLarge(why) | FileError::WrongType(why) => {
                Problem::invalid(t("文件不被接受", "The file is not accepted"))
                    .kind("file-refused")
                    .detail(Text::same(why))
                    .into()
            }
            e => Problem::internal(&e.to_string()).into(),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(e: ConfigError) -> Self {
        Problem::internal(&e.to_string()).into()
    }
}
