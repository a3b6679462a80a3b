//! Traces reach a collector.

use anyhow::{Context, Result, ensure};
use axum::extract::State;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::sync::{Arc, Mutex};
use yunlong_tests::Plan;

type Received = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

async fn take(State(received): State<Received>, body: Bytes) -> axum::http::StatusCode {
    match ExportTraceServiceRequest::decode(body) {
        Ok(request) => {
            received.lock().unwrap().push(request);
            axum::http::StatusCode::OK
        }
        Err(_) => axum::http::StatusCode::BAD_REQUEST,
    }
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match attributes.iter().find(|a| a.key == key)?.value.as_ref()?.value.as_ref()? {
        Value::StringValue(s) => Some(s),
        _ => None,
    }
}

#[tokio::test]
async fn a_requests_trace_reaches_the_collector_and_carries_its_id() -> Result<()> {
    let received = Received::default();
    let collector = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", collector.local_addr()?);
    let routes = axum::Router::new().route("/v1/traces", axum::routing::post(take)).with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(collector, routes).await });

    let mut city = Plan::with(&["hello"]).args(&["--otlp", &address]).start().await?;
    let answer = city.client("hello")?.page("/?secret=of-the-query", "zh").await?;
    let id = answer.header("x-request-id").to_owned();
    // The last traces are sent when the server ends.
    city.stop().await?;

    let received = received.lock().unwrap().clone();
    let resource = received.first().and_then(|r| r.resource_spans.first()).context("nothing was sent")?;
    let service = resource.resource.as_ref().and_then(|r| text(&r.attributes, "service.name"));
    ensure!(service == Some("yunlong"), "service.name is {service:?}");
    let spans: Vec<&Span> =
        received.iter().flat_map(|r| &r.resource_spans).flat_map(|r| &r.scope_spans).flat_map(|s| &s.spans).collect();
    let request = spans
        .iter()
        .find(|s| s.name == "request" && text(&s.attributes, "request_id") == Some(&id))
        .with_context(|| format!("no span has the request's id {id} among {}", spans.len()))?;
    ensure!(text(&request.attributes, "path") == Some("/"), "{request:?}");
    ensure!(request.end_time_unix_nano > request.start_time_unix_nano, "{request:?}");
    ensure!(!format!("{spans:?}").contains("of-the-query"), "a trace holds a query");
    Ok(())
}
