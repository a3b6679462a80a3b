//! The component's exports, over the traits that an app implements.

use super::bindings::app::exports::wasi::http::incoming_handler;
use super::bindings::app::wasi::http::types::{
    Fields, IncomingRequest, Method as WasiMethod, OutgoingResponse, ResponseOutparam,
};
use super::bindings::{app, consumer, jobs, lifecycle, migrations};
use super::streams;
use crate::messaging::Event;
use crate::web::{Method, Request, Response};
use crate::{Failure, Tx};
use std::marker::PhantomData;

type Transaction = app::city::data::collections::Transaction;

/// `wasi:http/incoming-handler` of an [`App`](crate::App).
pub struct Http<A>(PhantomData<A>);

impl<A: crate::App> incoming_handler::Guest for Http<A> {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = match read(request) {
            Ok(request) => A::router().serve(request),
            Err(()) => Response::empty(crate::StatusCode::BAD_REQUEST),
        };
        write(response, out);
    }
}

/// Reads the request whole: the host has capped it, and apps answer nothing by halves.
fn read(request: IncomingRequest) -> Result<Request, ()> {
    let method = match request.method() {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Patch => Method::PATCH,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Other(name) => Method::from_bytes(name.as_bytes()).map_err(|_| ())?,
    };
    let target = request.path_with_query().unwrap_or_else(|| "/".to_owned());
    let headers = request.headers().entries();
    // `GET` and `HEAD` have no body worth the calls.
    let body = if matches!(method, Method::GET | Method::HEAD) { Vec::new() } else { body(&request)? };
    Ok(Request::new(method, &target, headers, body))
}

fn body(request: &IncomingRequest) -> Result<Vec<u8>, ()> {
    streams::read(request.consume()?, usize::MAX).map_err(|_| ())
}

fn write(response: Response, out: ResponseOutparam) {
    let fields = Fields::new();
    for (name, value) in response.headers() {
        if fields.append(name, value.as_bytes()).is_err() {
            eprintln!("error: the header {name} was refused");
        }
    }
    let outgoing = OutgoingResponse::new(fields);
    // A status that the host refuses becomes its default, 200; `http` knows only valid ones.
    let _ = outgoing.set_status_code(response.code().as_u16());
    let Ok(body) = outgoing.body() else { return };
    ResponseOutparam::set(out, Ok(outgoing));
    // An error is that the one who asked has gone away.
    let _ = streams::write(body, response.body());
}

/// `city:app/consumer` of a [`Consumer`](crate::Consumer).
pub struct Consumer<C>(PhantomData<C>);

impl<C: crate::Consumer> consumer::exports::city::app::consumer::Guest for Consumer<C> {
    fn handle(
        event: consumer::exports::city::app::consumer::Event,
        transaction: &Transaction,
    ) -> Result<(), consumer::exports::city::app::consumer::Failure> {
        let event = Event {
            id: event.id,
            source: event.source,
            topic: event.topic,
            subject: event.subject,
            time: event.time,
            key: event.key,
            data: event.data,
            attempt: event.attempt,
        };
        C::handle(&event, &Tx::of(transaction)).map_err(|e| match e {
            Failure::Retry(why) => consumer::exports::city::app::consumer::Failure::Retry(why),
            Failure::Reject(why) => consumer::exports::city::app::consumer::Failure::Reject(why),
        })
    }
}

/// `city:app/jobs` of a [`Jobs`](crate::Jobs).
pub struct Jobs<J>(PhantomData<J>);

impl<J: crate::Jobs> jobs::exports::city::app::jobs::Guest for Jobs<J> {
    fn run(
        job: String,
        scheduled: u64,
        transaction: &Transaction,
    ) -> Result<(), jobs::exports::city::app::jobs::Failure> {
        J::run(&job, scheduled, &Tx::of(transaction)).map_err(|e| match e {
            Failure::Retry(why) => jobs::exports::city::app::jobs::Failure::Retry(why),
            Failure::Reject(why) => jobs::exports::city::app::jobs::Failure::Reject(why),
        })
    }
}

/// `city:app/lifecycle` of a [`Lifecycle`](crate::Lifecycle).
pub struct Lifecycle<L>(PhantomData<L>);

impl<L: crate::Lifecycle> lifecycle::exports::city::app::lifecycle::Guest for Lifecycle<L> {
    fn install(transaction: &Transaction) -> Result<(), String> {
        L::install(&Tx::of(transaction))
    }

    fn health() -> Result<(), String> {
        L::health()
    }
}

/// `city:app/migrations` of a [`Migrations`](crate::Migrations).
pub struct Migrations<M>(PhantomData<M>);

impl<M: crate::Migrations> migrations::exports::city::app::migrations::Guest for Migrations<M> {
    fn migrate(
        from: u32,
        to: u32,
        cursor: Option<String>,
        transaction: &Transaction,
    ) -> Result<migrations::exports::city::app::migrations::Progress, String> {
        let progress = M::migrate(from, to, cursor.as_deref(), &Tx::of(transaction))?;
        Ok(migrations::exports::city::app::migrations::Progress {
            next: progress.next,
            done: progress.done,
            total: progress.total,
        })
    }
}
