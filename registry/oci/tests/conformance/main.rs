//! The rules of the OCI Distribution Specification 1.1.1, one row each, against a registry that
//! listens. A row names the section, and says the rule in words; it runs in a repository of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../support/mod.rs"]
mod support;

mod discovery;
mod management;
mod pull;
mod push;
mod push_manifests;

use futures::future::BoxFuture;
use std::sync::Arc;
use support::{Client, Server};

/// What a row has at hand.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) server: Arc<Server>,
    /// Somebody who may do anything in `name` and `second`.
    pub(crate) client: Client,
    /// A repository that no other row uses.
    pub(crate) name: String,
    /// Another one.
    pub(crate) second: String,
}

/// A rule: section, words, and what shows that it holds.
pub(crate) struct Rule(&'static str, &'static str, fn(Case) -> BoxFuture<'static, ()>);

/// `rule!("section", "the rule", |case| { … })`
#[macro_export]
macro_rules! rule {
    ($section:literal, $words:literal, |$case:ident| $body:block) => {
        $crate::Rule($section, $words, |$case| Box::pin(async move { $body }))
    };
}

async fn run(category: &str, rules: Vec<Rule>) {
    let server = Arc::new(Server::start().await);
    let client = server.vendor();
    let mut broken = Vec::new();
    let total = rules.len();
    for (i, Rule(section, words, check)) in rules.into_iter().enumerate() {
        let case = Case {
            server: server.clone(),
            client: client.clone(),
            name: format!("vendor/{category}-{i}"),
            second: format!("second/{category}-{i}"),
        };
        let holds = tokio::spawn(check(case)).await;
        println!("{} {category} [{section}] {words}", if holds.is_ok() { "holds " } else { "BROKEN" });
        if holds.is_err() {
            broken.push(format!("[{section}] {words}"));
        }
    }
    assert!(broken.is_empty(), "{} of {total} rules are broken:\n{}", broken.len(), broken.join("\n"));
    println!("{category}: {total} rules hold");
}

#[tokio::test]
async fn pull_conforms() {
    run("pull", pull::rules()).await;
}

#[tokio::test]
async fn push_of_blobs_conforms() {
    run("push", push::rules()).await;
}

#[tokio::test]
async fn push_of_manifests_conforms() {
    run("manifests", push_manifests::rules()).await;
}

#[tokio::test]
async fn content_discovery_conforms() {
    run("discovery", discovery::rules()).await;
}

#[tokio::test]
async fn content_management_conforms() {
    run("management", management::rules()).await;
}
