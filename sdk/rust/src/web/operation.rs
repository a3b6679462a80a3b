//! Operations of the API: a route with the types that pass through it. The OpenAPI document is
//! made of the same types, so it cannot say anything else than what the app does.

use super::{Error, Method, Request, Response, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::marker::PhantomData;

type Types<P, Q, B> = fn() -> (P, Q, B);
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What an operation takes in: parameters of the path, of the query, and the JSON body; `()`
/// where there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input<P = (), Q = (), B = ()> {
    /// The path's parameters.
    pub path: P,
    /// The query's parameters.
    pub query: Q,
    /// The body.
    pub body: B,
}

/// An operation: method, path, `operationId`, and the types of what goes in.
///
/// ```
/// # use yunlong_sdk::{Operation, Router, Input, Request, web};
/// use yunlong_sdk::schemars::{self, JsonSchema};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Deserialize, JsonSchema)]
/// struct Of { attraction: String }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Slot { starts: u64, left: u32 }
///
/// fn list(_: &Request, input: Input<Of>) -> web::Result<Vec<Slot>> {
///     Ok(vec![])
/// }
///
/// let router = Router::new().operation(
///     Operation::get("/api/attractions/{attraction}/slots", "listSlots").path::<Of>().summary("Slots that can be booked").problem(404, "No such attraction"),
///     list,
/// );
/// ```
pub struct Operation<P = (), Q = (), B = ()> {
    pub(crate) doc: Doc,
    types: PhantomData<Types<P, Q, B>>,
}

/// What the document says of an operation.
#[derive(Clone)]
pub(crate) struct Doc {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) tag: Option<&'static str>,
    pub(crate) signed_in: bool,
    pub(crate) path_schema: Option<SchemaOf>,
    pub(crate) query_schema: Option<SchemaOf>,
    pub(crate) body_schema: Option<SchemaOf>,
    pub(crate) body_optional: bool,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) answer: Option<SchemaOf>,
    pub(crate) status: StatusCode,
    pub(crate) location: Option<&'static str>,
    pub(crate) problems: Vec<(u16, &'static str)>,
}

impl Operation {
    /// An operation with any method.
    #[must_use]
    pub fn new(method: Method, path: &'static str, id: &'static str) -> Self {
        let doc = Doc {
            method,
            path,
            id,
            summary: "",
            description: "",
            tag: None,
            signed_in: false,
            path_schema: None,
            query_schema: None,
            body_schema: None,
            body_optional: false,
            headers: Vec::new(),
            answer: None,
            status: StatusCode::OK,
            location: None,
            problems: Vec::new(),
        };
        Self { doc, types: PhantomData }
    }

    /// A `GET`.
    #[must_use]
    pub fn get(path: &'static str, id: &'static str) -> Self {
        Self::new(Method::GET, path, id)
    }

    /// A `POST`.
    #[must_use]
    pub fn post(path: &'static str, id: &'static str) -> Self {
        Self::new(Method::POST, path, id)
    }

    /// A `PUT`.
    #[must_use]
    pub fn put(path: &'static str, id: &'static str) -> Self {
        Self::new(Method::PUT, path, id)
    }

    /// A `DELETE`.
    #[must_use]
    pub fn delete(path: &'static str, id: &'static str) -> Self {
        Self::new(Method::DELETE, path, id)
    }
}

impl<P, Q, B> Operation<P, Q, B> {
    fn retype<P2, Q2, B2>(self) -> Operation<P2, Q2, B2> {
        Operation { doc: self.doc, types: PhantomData }
    }

    /// The type of the path's parameters: a struct whose fields are named as in the path.
    #[must_use]
    pub fn path<T: DeserializeOwned + JsonSchema>(mut self) -> Operation<T, Q, B> {
        self.doc.path_schema = Some(SchemaGenerator::root_schema_of::<T>);
        self.retype()
    }

    /// The type of the query's parameters: a struct with `Option` fields for what may be absent.
    #[must_use]
    pub fn query<T: DeserializeOwned + JsonSchema>(mut self) -> Operation<P, T, B> {
        self.doc.query_schema = Some(SchemaGenerator::root_schema_of::<T>);
        self.retype()
    }

    /// The type of the JSON body.
    #[must_use]
    pub fn body<T: DeserializeOwned + JsonSchema>(mut self) -> Operation<P, Q, T> {
        self.doc.body_schema = Some(SchemaGenerator::schema_of::<T>);
        self.retype()
    }

    /// The body may be left out, and is then read as `{}`: every field must have a default.
    #[must_use]
    pub fn optional_body(mut self) -> Self {
        self.doc.body_optional = true;
        self
    }

    /// A request header that it reads ([`Request::header`]), with what it is for.
    #[must_use]
    pub fn header(mut self, name: &'static str, description: &'static str) -> Self {
        self.doc.headers.push((name, description));
        self
    }

    /// One line about it.
    #[must_use]
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.doc.summary = summary;
        self
    }

    /// More about it (CommonMark).
    #[must_use]
    pub fn description(mut self, description: &'static str) -> Self {
        self.doc.description = description;
        self
    }

    /// The group in which documentation lists it.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.doc.tag = Some(tag);
        self
    }

    /// The status of the answer; 200 when not said.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.doc.status = status;
        self
    }

    /// Where what was made is: a path whose parameters are members of the answer, such as
    /// `/api/orders/{number}`. It becomes the header `Location` (RFC 9110, 15.3.2).
    #[must_use]
    pub fn location(mut self, path: &'static str) -> Self {
        self.doc.location = Some(path);
        self
    }

    /// Only for those who signed in: everybody else gets a 401 before the handler runs.
    #[must_use]
    pub fn signed_in(mut self) -> Self {
        self.doc.signed_in = true;
        self
    }

    /// A problem that it may answer, and when.
    #[must_use]
    pub fn problem(mut self, status: u16, when: &'static str) -> Self {
        self.doc.problems.push((status, when));
        self
    }
}

/// Shorter names for what the generator is asked.
trait Schemas {
    fn schema_of<T: JsonSchema>(&mut self) -> Schema;
    fn root_schema_of<T: JsonSchema>(&mut self) -> Schema;
}

impl Schemas for SchemaGenerator {
    fn schema_of<T: JsonSchema>(&mut self) -> Schema {
        self.subschema_for::<T>()
    }

    fn root_schema_of<T: JsonSchema>(&mut self) -> Schema {
        T::json_schema(self)
    }
}

/// Makes a route of an operation and its handler.
pub(crate) fn handle<P, Q, B, R>(
    operation: Operation<P, Q, B>,
    handler: impl Fn(&Request, Input<P, Q, B>) -> Result<R, Error> + 'static,
) -> (Doc, impl Fn(&Request) -> Result<Response, Error> + 'static)
where
    P: DeserializeOwned + 'static,
    Q: DeserializeOwned + 'static,
    B: DeserializeOwned + 'static,
    R: Serialize + JsonSchema + 'static,
{
    let mut doc = operation.doc;
    let (signed_in, status, body_optional) = (doc.signed_in, doc.status, doc.body_optional);
    let location = doc.location;
    if is_unit::<R>() {
        if doc.status == StatusCode::OK {
            doc.status = StatusCode::NO_CONTENT;
        }
    } else {
        doc.answer = Some(SchemaGenerator::schema_of::<R>);
    }
    let route = move |request: &Request| {
        if signed_in {
            request.subject()?;
        }
        let input = Input {
            path: unit_or(|| request.params())?,
            query: unit_or(|| request.query())?,
            body: unit_or(|| if body_optional && request.body().is_empty() { absent() } else { request.json() })?,
        };
        let answer = handler(request, input)?;
        if is_unit::<R>() {
            return Ok(Response::empty(if status == StatusCode::OK { StatusCode::NO_CONTENT } else { status }));
        }
        let response = Response::json(&answer).status(status);
        match location {
            None => Ok(response),
            Some(path) => Ok(response.header("location", filled_in(path, &answer)?)),
        }
    };
    (doc, route)
}

/// A path with members of an answer in place of its parameters.
fn filled_in(path: &str, answer: &impl Serialize) -> Result<String, Error> {
    let broken = |why: &str| Error::from(super::Problem::internal(&format!("location {path}: {why}")));
    let answer = serde_json::to_value(answer).map_err(|e| broken(&e.to_string()))?;
    let mut parts = path.split('{');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| broken("a brace is not closed"))?;
        match &answer[name] {
            serde_json::Value::String(text) => out.push_str(&super::encode_url(text)),
            serde_json::Value::Number(number) => out.push_str(&number.to_string()),
            _ => return Err(broken(&format!("the answer has no text or number `{name}`"))),
        }
        out.push_str(rest);
    }
    Ok(out)
}

/// A body that was left out.
fn absent<T: DeserializeOwned>() -> Result<T, Error> {
    serde_json::from_str("{}").map_err(|e| super::Problem::internal(&e.to_string()).into())
}

fn is_unit<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

/// `()` reads nothing: a body that nobody asked for is no error.
fn unit_or<T: DeserializeOwned + 'static>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if is_unit::<T>() {
        return serde_json::from_str("null").map_err(|e| super::Problem::internal(&e.to_string()).into());
    }
    read()
}
