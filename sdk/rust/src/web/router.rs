//! Which handler answers a request.

use super::operation::{self, Doc, Operation};
use super::{Error, Input, Method, Problem, Request, Response, StatusCode, urlencoded};
use crate::{Text, openapi, t};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

type Handler = Box<dyn Fn(&Request) -> Result<Response, Error>>;

struct Route {
    method: Method,
    path: &'static str,
    handler: Handler,
    doc: Option<Doc>,
}

/// The routes of an app. Paths are those of `matchit`: `/orders/{number}`, `/files/{*rest}`.
///
/// `HEAD` is answered by the `GET` route. A path without a route is a 404, a path with routes for
/// other methods a 405. `/openapi.json` is answered from the [operations](Router::operation).
#[derive(Default)]
pub struct Router {
    routes: Vec<Route>,
    title: Option<Text>,
    description: &'static str,
}

impl Router {
    /// No routes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Title and description of the OpenAPI document.
    #[must_use]
    pub fn describe(mut self, title: Text, description: &'static str) -> Self {
        self.title = Some(title);
        self.description = description;
        self
    }

    /// A page, or anything else that is read.
    #[must_use]
    pub fn get(self, path: &'static str, handler: impl Fn(&Request) -> Result<Response, Error> + 'static) -> Self {
        self.route(Method::GET, path, handler)
    }

    /// What a form is posted to.
    #[must_use]
    pub fn post(self, path: &'static str, handler: impl Fn(&Request) -> Result<Response, Error> + 'static) -> Self {
        self.route(Method::POST, path, handler)
    }

    /// A route with any method.
    #[must_use]
    pub fn route(
        mut self,
        method: Method,
        path: &'static str,
        handler: impl Fn(&Request) -> Result<Response, Error> + 'static,
    ) -> Self {
        self.routes.push(Route { method, path, handler: Box::new(handler), doc: None });
        self
    }

    /// An operation of the API, described in `/openapi.json`.
    #[must_use]
    pub fn operation<P, Q, B, R>(
        mut self,
        operation: Operation<P, Q, B>,
        handler: impl Fn(&Request, Input<P, Q, B>) -> Result<R, Error> + 'static,
    ) -> Self
    where
        P: DeserializeOwned + 'static,
        Q: DeserializeOwned + 'static,
        B: DeserializeOwned + 'static,
        R: Serialize + JsonSchema + 'static,
    {
        let (doc, handler) = operation::handle(operation, handler);
        self.routes.push(Route {
            method: doc.method.clone(),
            path: doc.path,
            handler: Box::new(handler),
            doc: Some(doc),
        });
        self
    }

    /// The OpenAPI 3.1 document of the operations.
    #[must_use]
    pub fn openapi(&self) -> serde_json::Value {
        openapi::document(self.title.as_ref(), self.description, self.routes.iter().filter_map(|r| r.doc.as_ref()))
    }

    /// Answers a request.
    #[must_use]
    pub fn serve(&self, mut request: Request) -> Response {
        let answer = match self.find(&mut request) {
            Found::Route(route) => (route.handler)(&request),
            Found::OpenApi => Ok(Response::json(&self.openapi())),
            Found::WrongMethod(allowed) => Ok(wrong_method(&allowed, &request)),
            Found::Nothing => Err(Problem::not_found().into()),
        };
        let response = answer.unwrap_or_else(|e| e.into_response(&request));
        if *request.method() == Method::HEAD { response.without_body() } else { response }
    }

    fn find(&self, request: &mut Request) -> Found<'_> {
        let path = request.path().to_owned();
        // An instance serves one request: only what can match goes into the tree.
        let mut paths: Vec<&'static str> = Vec::new();
        for route in self.routes.iter().filter(|r| may_match(r.path, &path)) {
            if !paths.contains(&route.path) {
                paths.push(route.path);
            }
        }
        let mut tree = matchit::Router::new();
        for path in paths {
            if let Err(e) = tree.insert(path, path) {
                eprintln!("error: route {path}: {e}");
            }
        }
        let Ok(matched) = tree.at(&path) else {
            return match (path.as_str(), request.method()) {
                ("/openapi.json", &Method::GET | &Method::HEAD) => Found::OpenApi,
                ("/openapi.json", _) => Found::WrongMethod(vec![Method::GET]),
                _ => Found::Nothing,
            };
        };
        let mut params = Vec::new();
        for (name, value) in matched.params.iter() {
            // Bytes that are not UTF-8 name nothing.
            let Some(value) = urlencoded::decode_segment(value) else { return Found::Nothing };
            params.push((name.to_owned(), value));
        }
        request.set_params(params);
        self.of_method(matched.value, request.method())
    }

    fn of_method(&self, path: &str, method: &Method) -> Found<'_> {
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        let at_path = || self.routes.iter().filter(|r| r.path == path);
        match at_path().find(|r| r.method == *wanted || r.method == *method) {
            Some(route) => Found::Route(route),
            None => Found::WrongMethod(at_path().map(|r| r.method.clone()).collect()),
        }
    }

    /// What is wrong with the routes: paths that `matchit` refuses or that stand in each other's
    /// way, and operations with one id. For a test of the app.
    ///
    /// # Errors
    /// The first mistake, in words.
    pub fn check(&self) -> Result<(), String> {
        let mut tree = matchit::Router::new();
        for (i, route) in self.routes.iter().enumerate() {
            let before = &self.routes[..i];
            if before.iter().any(|r| r.path == route.path && r.method == route.method) {
                return Err(format!("{} {} stands there twice", route.method, route.path));
            }
            if !before.iter().any(|r| r.path == route.path) {
                tree.insert(route.path, ()).map_err(|e| format!("{}: {e}", route.path))?;
            }
            let id = route.doc.as_ref().map(|d| d.id);
            if id.is_some() && before.iter().any(|r| r.doc.as_ref().map(|d| d.id) == id) {
                return Err(format!("operation {} stands there twice", id.unwrap_or_default()));
            }
        }
        Ok(())
    }
}

/// Whether the part of a route before its first parameter is where the path starts.
fn may_match(route: &str, path: &str) -> bool {
    let fixed = route.split('{').next().unwrap_or("");
    if fixed.len() == route.len() { route == path } else { path.starts_with(fixed) }
}

/// 405, with the list that RFC 9110 15.5.6 asks for.
fn wrong_method(allowed: &[Method], request: &Request) -> Response {
    let mut list = allowed.iter().map(Method::as_str).collect::<Vec<_>>();
    if list.contains(&"GET") {
        list.push("HEAD");
    }
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, t("不支持的方法", "Method not allowed")).kind("method");
    Error::from(problem).into_response(request).header("allow", list.join(", "))
}

enum Found<'a> {
    Route(&'a Route),
    OpenApi,
    WrongMethod(Vec<Method>),
    Nothing,
}
