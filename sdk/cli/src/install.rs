//! Installing.

use crate::apps;
use crate::client::Client;
use crate::manage::assignment;
use crate::permissions::{Line, describe, is_file, printable};
use crate::terminal::say;
use crate::{CliError, Server, terminal};
use clap::Args;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Give a role of the app to an account as soon as it is installed; may be given many times
    #[arg(long = "role", value_name = "ROLE=ACCOUNT")]
    roles: Vec<String>,
    /// Let it take approved versions by itself that ask for nothing more
    #[arg(long)]
    automatic: bool,
    /// Approve everything that the app asks for without asking
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(options: &Install) -> Result<(), CliError> {
    // Wrong input is told before anything is sent.
    let pairs = options.config.iter().map(|p| pair(p)).collect::<Result<Vec<_>, _>>()?;
    let mut roles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for role in &options.roles {
        let (role, account) = assignment(role)?;
        roles.entry(account).or_default().insert(role);
    }
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
            offered(client.get(&format!("/api/v1/packages/{}", options.reference))?)?
        }
        None => published(&client, &options.reference)?,
    };
    let config = config(&pairs, &review["config"])?;
    known(&roles, &review)?;
    // The catalogue is for everybody; that it does not answer is no reason not to install.
    let listed =
        client.of_portal(&format!("/api/v1/catalogue/{}", review["app"].as_str().unwrap_or(""))).unwrap_or_default();
    let lines = Line::of_answer(&review["permissions"]);
    let lang = terminal::lang();
    eprint!("{}", introduction(&review, &listed, &lines, options, lang));
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
    let name = done["name"].as_str().unwrap_or("");
    say!("{name}  {}", done["url"].as_str().unwrap_or(""))?;
    for (account, roles) in roles {
        let given = client.put(&apps::path(name, "/roles")?, &json!({ "account": account, "roles": roles }));
        given.inspect_err(|_| left(name, &format!("`yunlong roles {name} --assign ROLE={account}`")))?;
    }
    if options.automatic {
        let switched = client.put(&apps::path(name, "/automatic")?, &json!({ "automatic": true }));
        switched.inspect_err(|_| left(name, &format!("`yunlong automatic {name} on`")))?;
    }
    Ok(())
}

/// Says that the app is installed although something after it was refused.
fn left(name: &str, next: &str) {
    let said = match terminal::lang() {
        Lang::Zh => format!("{name} 已安装，但还有一步没有完成：{next}"),
        Lang::En => format!("{name} is installed; what is left to do: {next}"),
    };
    eprintln!("{said}");
}

/// Refuses roles that the app does not declare, before anything is installed.
fn known(roles: &BTreeMap<&str, BTreeSet<&str>>, review: &Value) -> Result<(), CliError> {
    let declared: Vec<&str> =
        review["roles"].as_array().into_iter().flatten().filter_map(|r| r["name"].as_str()).collect();
    match roles.values().flatten().find(|role| !declared.contains(*role)) {
        None => Ok(()),
        Some(role) if declared.is_empty() => {
            let role = printable(role);
            Err(CliError::told(
                (
                    format!("该应用没有岗位“{role}”：它没有声明任何岗位"),
                    format!("the app has no role `{role}`: it declares none"),
                ),
                ("去掉 --role", "leave --role out"),
            ))
        }
        Some(role) => {
            let (role, declared) = (printable(role), printable(&declared.join(", ")));
            Err(CliError::told(
                (format!("该应用没有岗位“{role}”"), format!("the app has no role `{role}`")),
                (format!("它声明的岗位：{declared}"), format!("it declares: {declared}")),
            ))
        }
    }
}

/// A package of a digest, when it may be installed: nobody is asked to approve what would be refused after.
fn offered(review: Value) -> Result<Value, CliError> {
    if review["standing"] == "approved" {
        return Ok(review);
    }
    let problem = match review["standing"].as_str() {
        Some("published") => ("这个安装包还没有通过审核".to_owned(), "this package is not approved yet".to_owned()),
        standing => {
            let standing = printable(standing.unwrap_or("unknown"));
            (
                format!("这个安装包不能安装：它的状态是 {standing}"),
                format!("this package cannot be installed: it is {standing}"),
            )
        }
    };
    let next = match review["submission"].as_u64() {
        Some(number) => (
            format!("用 `yunlong review show {number}` 查看原因；可安装的版本见应用目录"),
            format!("see `yunlong review show {number}` for why, and the catalogue for versions that are offered"),
        ),
        None => ("可安装的版本见应用目录".to_owned(), "see the catalogue for versions that are offered".to_owned()),
    };
    Err(CliError::told(problem, next))
}

/// A package of a file, when it may be installed: sending it is not enough, a reviewer has to approve it.
fn reviewed(review: Value, submitted: &Value) -> Result<Value, CliError> {
    if review["standing"] == "approved" {
        return Ok(review);
    }
    let number = submitted["number"].as_u64().unwrap_or_default();
    Err(CliError::told(
        (
            format!("这个安装包还没有人批准：提交编号 {number}"),
            format!("nobody has approved this package yet: it is submission {number}"),
        ),
        (
            format!("用 `yunlong review show {number}` 查看进度，批准后再安装"),
            format!("see how far it is with `yunlong review show {number}`, and install it once it is approved"),
        ),
    ))
}

/// What a person reads before they approve.
fn introduction(review: &Value, listed: &Value, lines: &[Line], options: &Install, lang: Lang) -> String {
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    let both = |v: &Value| text(&v[lang.pick("zh", "en")]);
    format!(
        "{} {} — {}\n{}: {}\n{}: {}\n{}{}\n{}\n{}",
        both(&review["title"]),
        text(&review["version"]),
        both(&review["description"]),
        lang.pick("开发方", "Vendor"),
        text(&review["vendor"]),
        lang.pick("签名密钥", "Signed by"),
        text(&review["signer"]["key"]),
        reviewed_and_changed(review, listed, lang),
        format_args!("{}: {}", lang.pick("安装机构", "Installed for"), printable(&options.organization)),
        lang.pick("安装后它可以：", "Once installed, it may:"),
        describe(lines, lang, false),
    )
}

/// Who reviewed it and what they said, what changed in it, and which other versions there are.
fn reviewed_and_changed(review: &Value, listed: &Value, lang: Lang) -> String {
    let text = |v: &Value| printable(v.as_str().unwrap_or(""));
    let versions = listed["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let this = versions.iter().find(|v| v["digest"] == review["digest"]).unwrap_or(&Value::Null);
    let mut out = String::new();
    let approval = &this["approval"];
    if approval.is_object() {
        let said = text(&approval["remark"]);
        let said = if said.is_empty() { said } else { format!(" — {said}") };
        let heading = lang.pick("审核", "Reviewed by");
        out.push_str(&format!("{heading}: {} {}{said}\n", text(&approval["by"]), text(&approval["at"])));
    }
    let changes = text(&this["changes"][lang.pick("zh", "en")]);
    if !changes.is_empty() {
        out.push_str(&format!("{}: {changes}\n", lang.pick("更新内容", "What changed")));
    }
    let others: Vec<String> = versions
        .iter()
        .filter(|v| v["digest"] != review["digest"])
        .map(|v| {
            if v["yank"].is_object() {
                format!("{} ({})", text(&v["version"]), lang.pick("已下架", "yanked"))
            } else {
                text(&v["version"])
            }
        })
        .collect();
    if !others.is_empty() {
        out.push_str(&format!("{}: {}\n", lang.pick("其他版本", "Other versions"), others.join(", ")));
    }
    out
}

/// The published package that the reference means, `APP` or `APP@VERSION`: without a version the newest that may be
/// installed. Why one may not be (it was yanked, say), and which may, is told by the platform.
pub(crate) fn published(client: &Client, reference: &str) -> Result<Value, CliError> {
    let (app, version) = reference.split_once('@').unwrap_or((reference, ""));
    let listing = client.get_with("/api/v1/packages", &[("app", app), ("version", version)])?;
    meant(&listing, app, version).cloned().ok_or_else(|| {
        CliError::told(
            (format!("这里没有发布过“{reference}”"), format!("no package `{reference}` is published here")),
            (
                "写出安装包的文件，或先发布：`yunlong publish 文件`",
                "give a file, or publish it first: `yunlong publish FILE`",
            ),
        )
    })
}

/// A platform that does not know the question yet answers with all packages, the newest first.
fn meant<'a>(listing: &'a Value, app: &str, version: &str) -> Option<&'a Value> {
    let is =
        |p: &&Value| p["app"].as_str() == Some(app) && (version.is_empty() || p["version"].as_str() == Some(version));
    listing["packages"].as_array().into_iter().flatten().find(is)
}

pub(crate) fn pair(text: &str) -> Result<(&str, &str), CliError> {
    text.split_once('=').filter(|(k, _)| !k.is_empty()).ok_or_else(|| {
        CliError::told(
            (format!("“{text}”不是配置项的值"), format!("`{text}` is no value of a configuration")),
            (
                "写成 键=值：install 用 --config，configure 用 --set",
                "write it as KEY=VALUE: after --config (install) or --set (configure)",
            ),
        )
    })
}

/// The configuration as JSON: each value as its schema's type says, otherwise as JSON, otherwise as text.
pub(crate) fn config(pairs: &[(&str, &str)], schema: &Value) -> Result<Map<String, Value>, CliError> {
    let mut config = Map::new();
    for (key, value) in pairs {
        let value = match schema["properties"][*key]["type"].as_str() {
            Some("string") => Value::from(*value),
            _ => serde_json::from_str(value).unwrap_or_else(|_| Value::from(*value)),
        };
        if config.insert((*key).to_owned(), value).is_some() {
            return Err(CliError::told(
                (format!("“{key}”给了两次"), format!("`{key}` is given twice")),
                ("只给一次", "give it once"),
            ));
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
