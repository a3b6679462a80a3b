//! What is told when something cannot be done: a problem document (RFC 9457) to programs, a page
//! to people, both with the request's id.

use crate::view::View;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use yunlong_hub::HubError;
use yunlong_installations::InstallationError;
use yunlong_model::{Lang, Text};

/// A kind of failure: the problem type of RFC 9457. Its `type` is an address under `/help` that
/// explains it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The fragment of the problem's `type`, such as `wrong-host`.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in Chinese and in English.
    pub title: (&'static str, &'static str),
    /// What to do, in Chinese and in English.
    pub advice: (&'static str, &'static str),
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:literal $slug:literal : ($tz:literal, $te:literal), ($az:literal, $ae:literal);)*) => {
        $($(#[$doc])* pub const $name: &Kind = &Kind { slug: $slug, status: $status, title: ($tz, $te), advice: ($az, $ae) };)*
        /// All kinds, as the help page lists them.
        pub const ALL: &[&Kind] = &[$($name),*];
    };
}

/// The kinds of failure.
pub mod kinds {
    use super::Kind;
    kinds! {
        /// The request is not one.
        MALFORMED = 400 "malformed": ("请求无法识别", "The request cannot be read"), ("请返回上一页重试。", "Go back and try again.");
        /// Fields are wrong.
        INVALID = 422 "invalid": ("填写的内容有误", "Something in the form is wrong"), ("请按提示改正后重新提交。", "Correct what is named and send it again.");
        /// Nobody is signed in.
        UNAUTHENTICATED = 401 "unauthenticated": ("请先登录", "Sign in first"), ("登录后即可继续。", "You can go on after signing in.");
        /// The account or the password is wrong.
        WRONG_CREDENTIALS = 401 "wrong-credentials": ("账号或密码不正确", "The account or the password is wrong"), ("请检查后重试。连续多次错误会暂时锁定账号。", "Check both and try again. Repeated failures lock the account for a while.");
        /// The password was right, and the account has a second factor.
        SECOND_FACTOR_REQUIRED = 401 "second-factor-required": ("还需要第二重验证", "The second factor is needed, too"), ("请输入验证器应用中的验证码，或一个恢复码。", "Give the code of your authenticator app, or a recovery code.");
        /// The second factor was shown too long ago.
        STEP_UP_REQUIRED = 403 "step-up-required": ("请再次验证身份", "Show your second factor again"), ("该操作影响较大，请再次验证后重试。", "This act is dangerous: show your second factor again, then repeat it.");
        /// An official without the second factor that the policy wants.
        ENROLL_FIRST = 403 "enroll-first": ("请先设置第二重验证", "Set up a second factor first"), ("按照规定，工作人员须使用第二重验证。请在门户登录并设置。", "The policy wants a second factor of officials. Sign in at the portal and set one up.");
        /// An outside provider does not answer.
        PROVIDER_DOWN = 503 "provider-unavailable": ("外部登录暂时不可用", "The outside sign-in does not answer"), ("没有创建或更改任何账号。请稍后再试，或用账号和密码登录。", "Nothing was created or changed. Try again later, or sign in with an account and password.");
        /// An outside provider answered what cannot be believed, or refused.
        PROVIDER_REFUSED = 502 "provider-refused": ("外部登录没有成功", "The outside sign-in did not succeed"), ("没有创建或更改任何账号。请重新登录；如仍不成功，请联系管理员。", "Nothing was created or changed. Sign in again; if it fails again, tell the administrator.");
        /// A one-time code that is used up or belongs to another browser.
        SIGN_ON_EXPIRED = 400 "sign-on-expired": ("登录链接已失效", "This sign-on link is no longer valid"), ("请重新登录。", "Sign in again.");
        /// Signed in, but not allowed.
        FORBIDDEN = 403 "forbidden": ("您没有权限", "You are not allowed to do this"), ("如有需要，请联系本部门的管理员。", "Ask your department's administrator if you need this.");
        /// CSRF.
        CROSS_ORIGIN = 403 "cross-origin": ("操作来源不明，已被拒绝", "Refused: this did not come from our own page"), ("请从本站页面重新操作；程序请使用 Bearer 令牌。", "Start again from a page of this site; programs use a bearer token.");
        /// No such page.
        NOT_FOUND = 404 "not-found": ("找不到该页面", "There is no such page"), ("请检查网址，或从首页重新进入。", "Check the address or start from the home page.");
        /// No such installation.
        NO_SUCH_SERVICE = 404 "no-such-service": ("没有这项服务", "There is no such service"), ("请从服务列表重新进入。", "Start again from the list of services.");
        /// The path knows other methods.
        METHOD_NOT_ALLOWED = 405 "method-not-allowed": ("不支持该操作", "This is not possible here"), ("请返回上一页重试。", "Go back and try again.");
        /// The body took too long to arrive.
        REQUEST_TIMEOUT = 408 "request-timeout": ("上传超时", "The request took too long to arrive"), ("请检查网络后重试。", "Check the connection and try again.");
        /// It changed meanwhile.
        CONFLICT = 409 "conflict": ("当前状态不允许该操作", "The present state does not allow this"), ("请刷新页面查看最新状态。", "Reload the page to see the present state.");
        /// The body is over the limit.
        BODY_TOO_LARGE = 413 "body-too-large": ("提交的内容过大", "What was sent is too large"), ("请减小后重试。", "Make it smaller and try again.");
        /// The address is over the limit.
        URI_TOO_LONG = 414 "uri-too-long": ("网址过长", "The address is too long"), ("请从首页重新进入。", "Start again from the home page.");
        /// Not JSON or not a form.
        UNSUPPORTED_MEDIA = 415 "unsupported-media-type": ("不支持该内容类型", "This type of content is not understood"), ("请使用文档注明的 Content-Type。", "Use the Content-Type that the documentation names.");
        /// Another server's host name.
        WRONG_HOST = 421 "wrong-host": ("本服务器不提供该网址的服务", "This server does not answer for that address"), ("请从下方链接进入。", "Use the link below.");
        /// Too many tries.
        RATE_LIMITED = 429 "rate-limited": ("尝试次数过多", "Too many tries"), ("请稍后再试。", "Wait a little and try again.");
        /// The account is locked.
        LOCKED = 423 "account-locked": ("账号已暂时锁定", "The account is locked for a while"), ("锁定结束后可重新登录。", "You can sign in again afterwards.");
        /// The headers are over the limit.
        HEADERS_TOO_LARGE = 431 "headers-too-large": ("请求头过大", "The request's headers are too large"), ("请清除本站 Cookie 后重试。", "Clear this site's cookies and try again.");
        /// Our fault.
        INTERNAL = 500 "internal": ("系统出现故障", "Something went wrong on our side"), ("故障已记录。请稍后再试；如需求助，请提供下面的请求编号。", "It has been recorded. Try again later; if you ask for help, give the request number below.");
        /// The app trapped or answered nonsense.
        APP_FAILED = 500 "app-failed": ("该服务出现故障", "This service has failed"), ("故障已记录，其他服务不受影响。请稍后再试。", "It has been recorded; other services are not affected. Try again later.");
        /// The app tried to lead elsewhere.
        APP_REDIRECT = 502 "app-redirect": ("该服务试图跳转到平台以外的网址，已被拦截", "The service tried to lead outside the platform and was stopped"), ("请向该服务的主管部门反映。", "Tell the department that runs the service.");
        /// Stopped by the department.
        STOPPED = 503 "stopped": ("该服务已暂停", "This service is paused"), ("主管部门恢复服务后即可使用。", "It comes back when its department starts it again.");
        /// Its version was recalled.
        RECALLED = 503 "recalled": ("该服务的版本已被城市召回，服务已停止", "The version of this service was recalled: it is stopped"), ("数据完好保留，换用其他版本后即恢复服务。", "Its data is kept whole, and it comes back with another version.");
        /// Too much at once.
        BUSY = 503 "busy": ("当前访问人数较多", "Too many people at once"), ("请稍后刷新重试，您已填写的内容没有提交。", "Try again in a moment; what you filled in was not sent.");
        /// No space is left on the disk.
        STORAGE_FULL = 507 "storage-full": ("系统存储空间不足，暂时无法保存", "There is no room to save this at present"), ("查询不受影响。请稍后再试，运维人员已收到告警。", "Reading still works. Try again later; the operators can see it.");
        /// The app passed its deadline.
        APP_TIMEOUT = 504 "app-timeout": ("该服务响应超时", "This service took too long"), ("请稍后再试。若刚才提交了内容，请先查看是否已生效。", "Try again later. If you sent something, look first whether it took effect.");
    }
}

/// A wrong field.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// The field's name, or a JSON pointer.
    pub name: String,
    /// What is wrong and what to write.
    pub detail: Text,
}

/// A failure on its way to the client.
#[derive(Clone, Debug)]
pub struct Failure(Arc<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: &'static Kind,
    detail: Option<Text>,
    fields: Vec<FieldError>,
    retry_after: Option<u32>,
    /// Where a person goes instead of reading an error: sign-in.
    see_other: Option<String>,
    /// The way on that the page offers.
    offer: Option<String>,
    /// For the log only.
    cause: Option<String>,
}

/// The result of a handler.
pub(crate) type Outcome<T = Response> = Result<T, Failure>;

impl Failure {
    /// A failure of a kind.
    #[must_use]
    pub fn new(kind: &'static Kind) -> Self {
        Self(Arc::new(Inner {
            kind,
            detail: None,
            fields: Vec::new(),
            retry_after: None,
            see_other: None,
            offer: None,
            cause: None,
        }))
    }

    fn with(mut self, f: impl FnOnce(&mut Inner)) -> Self {
        f(Arc::make_mut(&mut self.0));
        self
    }

    /// Says what exactly.
    #[must_use]
    pub fn because(self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.with(|i| i.detail = Some(Text { zh: zh.into(), en: en.into() }))
    }

    /// The same words in both languages: texts that come from elsewhere.
    #[must_use]
    pub fn saying(self, text: impl std::fmt::Display) -> Self {
        let text = text.to_string();
        self.because(text.clone(), text)
    }

    /// Names a field.
    #[must_use]
    pub fn field(self, name: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.with(|i| {
            i.fields.push(FieldError { name: name.to_owned(), detail: Text { zh: zh.into(), en: en.into() } })
        })
    }

    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with(|i| i.retry_after = Some(seconds))
    }

    /// Where a person is led instead.
    #[must_use]
    pub(crate) fn or_see(self, address: String) -> Self {
        self.with(|i| i.see_other = Some(address))
    }

    /// The way on that the page offers: signing in again.
    #[must_use]
    pub(crate) fn or_offer(self, address: String) -> Self {
        self.with(|i| i.offer = Some(address))
    }

    pub(crate) fn offer(&self) -> Option<&str> {
        self.0.offer.as_deref()
    }

    /// Our own failure: the cause goes to the log, never to the client.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let cause = cause.to_string();
        Self::new(kinds::INTERNAL).with(|i| i.cause = Some(cause))
    }

    /// Something is not there.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(kinds::NOT_FOUND)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.0.kind
    }

    /// The wrong fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// What a person reads: the detail, or what to do.
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        match &self.0.detail {
            Some(d) => d.get(lang),
            None => lang.pick(self.0.kind.advice.0, self.0.kind.advice.1),
        }
    }

    pub(crate) fn detail(&self) -> Option<&Text> {
        self.0.detail.as_ref()
    }

    /// When to try again, in seconds.
    pub(crate) fn wait(&self) -> Option<u32> {
        self.0.retry_after
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer for a client.
    pub(crate) fn render(&self, view: &View) -> Response {
        if let Some(cause) = &self.0.cause {
            tracing::error!(request_id = %view.request_id, cause, "request failed");
        }
        let mut response = if view.wants_json {
            self.problem(view)
        } else if let Some(address) = &self.0.see_other {
            return crate::view::see_other(address);
        } else {
            (self.status(), Html(crate::layout::failure(view, self).into_string())).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.wait() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.0.kind.status == 401 {
            // RFC 9110 section 11.6.1: a 401 names a scheme.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"yunlong\""));
        }
        response
    }

    fn problem(&self, view: &View) -> Response {
        let kind = self.0.kind;
        let lang = view.presentation.lang;
        let mut body = serde_json::json!({
            "type": format!("{}/help/problems#{}", view.gateway.origins.portal(), kind.slug),
            "title": lang.pick(kind.title.0, kind.title.1),
            "status": kind.status,
            "detail": self.text(lang),
            "instance": format!("/_city/requests/{}", view.request_id),
            "code": kind.slug,
            "request_id": view.request_id.as_str(),
        });
        if !self.0.fields.is_empty() {
            body["errors"] = self
                .0
                .fields
                .iter()
                .map(|f| serde_json::json!({ "field": f.name, "detail": f.detail.get(lang) }))
                .collect();
        }
        let mut response = (self.status(), body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.tag()));
        response
    }
}

impl From<yunlong_store::StoreError> for Failure {
    fn from(e: yunlong_store::StoreError) -> Self {
        match e {
            yunlong_store::StoreError::NoSpace { .. } => Self::new(kinds::STORAGE_FULL).retry_after(60),
            e => Self::internal(e),
        }
    }
}

impl From<yunlong_store::CommitError> for Failure {
    fn from(e: yunlong_store::CommitError) -> Self {
        match e {
            yunlong_store::CommitError::Store(e) => e.into(),
            e => Self::internal(e),
        }
    }
}

impl From<InstallationError> for Failure {
    fn from(e: InstallationError) -> Self {
        let text = e.text();
        match &e {
            InstallationError::NotFound(_) => Self::new(kinds::NO_SUCH_SERVICE),
            InstallationError::Taken(_) | InstallationError::FormerlyUsed(_) => {
                Self::new(kinds::CONFLICT).field("name", text.zh, text.en)
            }
            InstallationError::OtherApp { .. }
            | InstallationError::ChangedDigest { .. }
            | InstallationError::OtherVendor { .. }
            | InstallationError::OlderVersion { .. }
            | InstallationError::Runs { .. } => Self::new(kinds::CONFLICT).field("package", text.zh, text.en),
            InstallationError::Withdrawn(_) => Self::new(kinds::CONFLICT).field("package", text.zh, text.en),
            InstallationError::UnderWay(_)
            | InstallationError::NothingUnderWay(_)
            | InstallationError::NotInCharge(_)
            | InstallationError::Changed(_) => Self::new(kinds::CONFLICT).because(text.zh, text.en),
            InstallationError::NotApproved(_) | InstallationError::NotRequested(_) => {
                Self::new(kinds::INVALID).field("approve", text.zh, text.en)
            }
            InstallationError::Config(problems) => problems.iter().fold(Self::new(kinds::INVALID), |f, p| {
                f.field(
                    &format!("config.{}", p.field),
                    format!("设置“{}”不被接受：{}", p.field, p.problem.zh),
                    format!("{}: {}", p.field, p.problem.en),
                )
            }),
            InstallationError::Store(store) => store.clone().into(),
            InstallationError::Audit(e) => e.clone().into(),
            InstallationError::Commit(_) => Self::internal(e),
        }
    }
}

impl From<yunlong_audit::AuditError> for Failure {
    fn from(e: yunlong_audit::AuditError) -> Self {
        use yunlong_audit::AuditError;
        match e {
            AuditError::Invalid(_) => {
                Self::new(kinds::INVALID).because("请从第一页重新查询。", format!("{e}: begin at the first page."))
            }
            AuditError::NotFound(_) => Self::not_found().because("日志中没有这一条。", e.to_string()),
            AuditError::Commit(e) => e.into(),
            AuditError::Busy => Self::new(kinds::BUSY).retry_after(1),
            AuditError::Behind { .. } => Self::new(kinds::BUSY).retry_after(60).because(
                "审计日志暂时无法写入，为保护个人信息，已停止读取。请稍后再试；运维人员请查看 /readyz。",
                "The audit log does not grow, so no personal data is read until it does. Try again later; operators look at /readyz.",
            ),
            AuditError::Exporting => Self::new(kinds::BUSY).retry_after(60).because(
                "另一份导出正在生成，请在它完成后再试。",
                "Another export is being gathered: try again when it has ended.",
            ),
            e => Self::internal(e),
        }
    }
}

impl From<HubError> for Failure {
    fn from(e: HubError) -> Self {
        use yunlong_formats::Explain as _;
        match e {
            HubError::Invalid { field, problem } => Self::new(kinds::INVALID).field(&field, problem.zh, problem.en),
            HubError::Record(errors) => errors.into_iter().fold(Self::new(kinds::INVALID), |f, e| {
                f.field(e.field.as_deref().unwrap_or("record"), e.reason.zh, e.reason.en)
            }),
            HubError::NoSuchDataset(_) | HubError::NoSuchRecord(_) | HubError::Unknown { .. } => {
                Self::not_found().because(e.zh(), e.en())
            }
            HubError::Forbidden(text) => Self::new(kinds::FORBIDDEN).because(text.zh, text.en),
            HubError::Changed { .. } | HubError::Transition { .. } => {
                Self::new(kinds::CONFLICT).because(e.zh(), e.en())
            }
            HubError::Audit(e) => e.into(),
            HubError::Identity(e) => e.into(),
            HubError::Messaging(e) => e.into(),
            HubError::Store(e) => e.into(),
            HubError::Commit(e) => e.into(),
            e => Self::internal(e),
        }
    }
}

impl IntoResponse for Failure {
    /// Leaves the failure for the outermost service, which knows the client's language.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
