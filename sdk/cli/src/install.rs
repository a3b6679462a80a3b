//! Installing.

use crate::client::Client;
use crate::permissions::{Line, describe, is_file, printable};
use crate::terminal::say;
use crate::{CliError, Server, terminal};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::Path;
use yunlong_model::Lang;
use yunlong_registry::{Limits, package};

/// `yunlong install`.
#[derive(Args, Debug)]
pub struct Install {
    /// A package's file or folder, a digest (sha256:…), or a published app: NAME or NAME@VERSION
    reference: String,
    /// The organization that installs it: a division code or a unified social credit code
    #[arg(long = "org", value_name = "CODE")]
    organization: String,
    /// The installation's name, which is also its address; the app's by default
    // An empty name is a script's unset variable, not a wish for the default.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// A value of the app's configuration; may be given many times
    #[arg(long = "config", value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// Approve everything that the app asks for without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(options: &Install) -> Result<(), CliError> {
    // Wrong input is told before anything is sent.
    let pairs = options.config.iter().map(|p| pair(p)).collect::<Result<Vec<_>, _>>()?;
    let local = if is_file(&options.reference) {
        Some(package::open(Path::new(&options.reference), &Limits::default())?)
    } else {
        None
    };
    let client = Client::signed_in(&options.server)?;
    let review = match local {
        Some(package) => {
            let submitted = client.upload_package(&package.to_tar()?)?;
            reviewed(client.get(&format!("/api/v1/packages/{}", package.digest))?, &submitted)?
        }
        None if options.reference.starts_with("sha256:") => {
            client.get(&format!("/api/v1/packages/{}", options.reference))?
        }
        None => published(&client, &options.reference)?,
    };
    let config = config(&pairs, &review["config"])?;
    let lines = Line::of_answer(&review["permissions"]);
    let lang = terminal::lang();
    eprint!("{}", introduction(&review, &lines, options, lang));
    if !options.yes {
        terminal::confirm(lang.pick("批准并安装吗？", "Approve all of this and install?"))?;
    }
    let mut body = json!({
        "package": review["digest"],
        "organization": options.organization,
        "config": config,
        "approve": lines.iter().map(|l| l.id.as_str()).collect::<Vec<_>>(),
    });
    if let Some(name) = &options.name {
        body["name"] = json!(name);
    }
    let done = client.post("/api/v1/installations", &body)?;
    say!("{}  {}", done["name"].as_str().unwrap_or(""), done["url"].as_str().unwrap_or(""))?;
    Ok(())
}

/// A package of a file, when it may be installed: sending it is not enough, a reviewer has to approve it.
fn reviewed(review: Value, submitted: &Value) -> Result<Value, CliError> {
    if review["standing"] == "approved" {
        return Ok(review);
    }
    let number = submitted["number"].as_u64().unwrap_or_default();
    Err(CliError::usage(
        format!("nobody has approved this package yet: it is submission {number}"),
        format!("see how far it is with `yunlong review show {number}`, and install it once it is approved"),
    ))
}

/// What a person reads before they approve.
fn introduction(review: &Value, lines: &[Line], options: &Install, lang: Lang) -> String {
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    let both = |v: &Value| text(&v[lang.pick("zh", "en")]);
    format!(
        "{} {} — {}\n{}: {}\n{}: {}\n{}\n{}\n{}",
        both(&review["title"]),
        text(&review["version"]),
        both(&review["description"]),
        lang.pick("开发方", "Vendor"),
        text(&review["vendor"]),
        lang.pick("签名密钥", "Signed by"),
        text(&review["signer"]["key"]),
        format_args!("{}: {}", lang.pick("安装机构", "Installed for"), printable(&options.organization)),
        lang.pick("安装后它可以：", "Once installed, it may:"),
        describe(lines, lang, false),
    )
}

/// The published package that the reference means, `APP` or `APP@VERSION`: without a version the newest that may be
/// installed. Why one may not be (it was yanked, say), and which may, is told by the platform.
pub(crate) fn published(client: &Client, reference: &str) -> Result<Value, CliError> {
    let (app, version) = reference.split_once('@').unwrap_or((reference, ""));
    let listing = client.get_with("/api/v1/packages", &[("app", app), ("version", version)])?;
    meant(&listing, app, version).cloned().ok_or_else(|| {
        CliError::usage(
            format!("no package `{reference}` is published here"),
            "give a file, or publish it first: `yunlong publish FILE --key KEY`",
        )
    })
}

/// A platform that does not know the question yet answers with all packages, the newest first.
fn meant<'a>(listing: &'a Value, app: &str, version: &str) -> Option<&'a Value> {
    let is =
        |p: &&Value| p["app"].as_str() == Some(app) && (version.is_empty() || p["version"].as_str() == Some(version));
    listing["packages"].as_array().into_iter().flatten().find(is)
}

fn pair(text: &str) -> Result<(&str, &str), CliError> {
    text.split_once('=').filter(|(k, _)| !k.is_empty()).ok_or_else(|| {
        CliError::usage(format!("`{text}` is no value of a configuration"), "write it as --config key=value")
    })
}

/// The configuration as JSON: each value as its schema's type says, otherwise as JSON, otherwise as text.
fn config(pairs: &[(&str, &str)], schema: &Value) -> Result<Map<String, Value>, CliError> {
    let mut config = Map::new();
    for (key, value) in pairs {
        let value = match schema["properties"][*key]["type"].as_str() {
            Some("string") => Value::from(*value),
            _ => serde_json::from_str(value).unwrap_or_else(|_| Value::from(*value)),
        };
        if config.insert((*key).to_owned(), value).is_some() {
            return Err(CliError::usage(format!("--config gives `{key}` twice"), "give it once"));
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_type_that_the_schema_names() {
        let schema = json!({ "properties": { "code": { "type": "string" }, "n": { "type": "integer" } } });
        let got = config(&[("code", "007"), ("n", "7"), ("on", "true"), ("x", "plain")], &schema).unwrap();
        assert_eq!(Value::from(got), json!({ "code": "007", "n": 7, "on": true, "x": "plain" }));
        assert!(config(&[("n", "1"), ("n", "2")], &schema).is_err());
        assert!(pair("novalue").is_err() && pair("=x").is_err());
        assert_eq!(pair("a=b=c").unwrap(), ("a", "b=c"));
    }

    #[test]
    fn a_name_means_its_newest_package() {
        let listing = json!({ "packages": [
            { "app": "tickets", "version": "2.0.0", "digest": "d2" }, { "app": "tickets", "version": "1.0.0", "digest": "d1" },
        ] });
        assert_eq!(meant(&listing, "tickets", "").unwrap()["digest"], "d2");
        assert_eq!(meant(&listing, "tickets", "1.0.0").unwrap()["digest"], "d1");
        assert_eq!(meant(&listing, "tickets", "3.0.0"), None);
    }
}
