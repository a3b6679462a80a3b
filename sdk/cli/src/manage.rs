//! What a department sets of an installation: who has which of the app's roles, its configuration, and whether it
//! takes new versions by itself. `yunlong roles`, `yunlong configure`, `yunlong automatic`.

use crate::apps::{path, table};
use crate::client::Client;
use crate::install::{config, pair};
use crate::permissions::{Line, describe, printable};
use crate::terminal::{say, say_raw};
use crate::{CliError, Server, terminal};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yunlong_model::Lang;

/// `yunlong roles`.
#[derive(Args, Debug)]
pub struct Roles {
    /// The installation
    name: String,
    /// Give a role of the app to an account; may be given many times
    #[arg(long, value_name = "ROLE=ACCOUNT")]
    assign: Vec<String>,
    /// Take a role from an account; may be given many times
    #[arg(long, value_name = "ROLE=ACCOUNT")]
    remove: Vec<String>,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// `yunlong configure`.
#[derive(Args, Debug)]
pub struct Configure {
    /// The installation
    name: String,
    /// Set a value; may be given many times. The others stay as they are
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Forget a value, so that the app's default holds; may be given many times
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// `yunlong automatic`.
#[derive(Args, Debug)]
pub struct Automatic {
    /// The installation
    name: String,
    /// Whether it takes approved versions by itself that ask for nothing more; left out, it is shown
    switch: Option<Switch>,
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// It takes them
    On,
    /// A person upgrades
    Off,
}

/// `ROLE=ACCOUNT`.
pub(crate) fn assignment(text: &str) -> Result<(&str, &str), CliError> {
    text.split_once('=').filter(|(role, account)| !role.is_empty() && !account.is_empty()).ok_or_else(|| {
        let text = printable(text);
        CliError::told(
            (format!("“{text}”没有写明岗位和账号"), format!("`{text}` names no role of an account")),
            (
                "写成 岗位=账号，如 manager=li-lei；`yunlong roles 名称` 列出应用的岗位",
                "write it as ROLE=ACCOUNT, such as manager=li-lei; `yunlong roles NAME` lists the app's roles",
            ),
        )
    })
}

/// The roles that each account has, by the console's answer.
fn assigned(answer: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for a in answer["assignments"].as_array().into_iter().flatten() {
        if let (Some(account), Some(role)) = (a["account"].as_str(), a["role"].as_str()) {
            found.entry(account.to_owned()).or_default().insert(role.to_owned());
        }
    }
    found
}

pub(crate) fn roles(options: &Roles) -> Result<(), CliError> {
    // Wrong input is told before anything is sent.
    let assign = options.assign.iter().map(|a| assignment(a)).collect::<Result<Vec<_>, _>>()?;
    let remove = options.remove.iter().map(|a| assignment(a)).collect::<Result<Vec<_>, _>>()?;
    let client = Client::signed_in(&options.server)?;
    let path = path(&options.name, "/roles")?;
    let before = client.get(&path)?;
    let mut wanted = assigned(&before);
    for (role, account) in &assign {
        wanted.entry((*account).to_owned()).or_default().insert((*role).to_owned());
    }
    for (role, account) in &remove {
        if !wanted.get_mut(*account).is_some_and(|roles| roles.remove(*role)) {
            let (account, role, name) = (printable(account), printable(role), &options.name);
            return Err(CliError::told(
                (format!("{account} 没有岗位 {role}"), format!("{account} does not have the role {role}")),
                (
                    format!("谁有哪些岗位，见 `yunlong roles {name}`"),
                    format!("see `yunlong roles {name}` for who has which"),
                ),
            ));
        }
    }
    let changed: BTreeSet<&str> = assign.iter().chain(&remove).map(|(_, account)| *account).collect();
    for account in &changed {
        client.put(&path, &json!({ "account": account, "roles": wanted[*account] }))?;
    }
    let answer = if changed.is_empty() { before } else { client.get(&path)? };
    if options.json {
        return say!("{answer:#}");
    }
    let lang = terminal::lang();
    let now = assigned(&answer);
    let rows: Vec<[String; 3]> = answer["roles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|role| {
            let name = role["name"].as_str().unwrap_or("");
            let who: Vec<&str> = now.iter().filter(|(_, roles)| roles.contains(name)).map(|(a, _)| &**a).collect();
            [name, role["title"][lang.pick("zh", "en")].as_str().unwrap_or(""), &who.join(" ")].map(printable)
        })
        .collect();
    if rows.is_empty() {
        eprintln!("{}", lang.pick("该应用没有声明岗位", "the app declares no roles"));
        return Ok(());
    }
    say_raw!("{}", table(&["ROLE", "TITLE", "ACCOUNTS"], &rows))
}

pub(crate) fn configure(options: &Configure) -> Result<(), CliError> {
    let pairs = options.set.iter().map(|p| pair(p)).collect::<Result<Vec<_>, _>>()?;
    let client = Client::signed_in(&options.server)?;
    let mut answer = client.get(&path(&options.name, "")?)?;
    if !pairs.is_empty() || !options.unset.is_empty() {
        let package = client.get(&format!("/api/v1/packages/{}", answer["package"].as_str().unwrap_or("")))?;
        let wanted = changed(&answer["config"], config(&pairs, &package["config"])?, &options.unset)?;
        answer = client.put(&path(&options.name, "/config")?, &Value::Object(wanted))?;
    }
    if options.json {
        return say!("{:#}", answer["config"]);
    }
    let values = answer["config"].as_object().filter(|c| !c.is_empty());
    let Some(values) = values else {
        eprintln!("{}", terminal::lang().pick("全部取默认值", "every value is the app's default"));
        return Ok(());
    };
    for (key, value) in values {
        say!("{}={}", printable(key), value.as_str().map_or_else(|| value.to_string(), printable))?;
    }
    Ok(())
}

/// The configuration with these values set and those forgotten.
fn changed(now: &Value, set: Map<String, Value>, unset: &[String]) -> Result<Map<String, Value>, CliError> {
    let mut wanted = now.as_object().cloned().unwrap_or_default();
    for key in unset {
        if set.contains_key(key) {
            let key = printable(key);
            return Err(CliError::told(
                (format!("“{key}”既要设置又要取消"), format!("`{key}` is both set and unset")),
                ("二者取其一", "give one of them"),
            ));
        }
        if wanted.remove(key).is_none() {
            let key = printable(key);
            return Err(CliError::told(
                (format!("“{key}”没有设置过"), format!("`{key}` is not set")),
                ("已设置的见 `yunlong configure 名称`", "see `yunlong configure NAME` for what is set"),
            ));
        }
    }
    wanted.extend(set);
    Ok(wanted)
}

pub(crate) fn automatic(options: &Automatic) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let path = path(&options.name, "/automatic")?;
    let answer = match options.switch {
        Some(switch) => client.put(&path, &json!({ "automatic": switch == Switch::On }))?,
        None => client.get(&path)?,
    };
    if options.json {
        return say!("{answer:#}");
    }
    say_raw!("{}", told(&options.name, &answer, terminal::lang()))
}

/// Whether it upgrades by itself, and which versions are newer.
fn told(name: &str, answer: &Value, lang: Lang) -> String {
    let mut out = if answer["automatic"] == true {
        format!("{name}: {}\n", lang.pick("自动升级已打开", "takes versions by itself that ask for nothing more"))
    } else {
        format!("{name}: {}\n", lang.pick("自动升级已关闭", "is upgraded by a person"))
    };
    for newer in answer["newer"].as_array().into_iter().flatten() {
        let why = newer["waits"][lang.pick("zh", "en")].as_str().map(|w| format!("  {}", printable(w)));
        out.push_str(&format!("  {}{}\n", printable(newer["version"].as_str().unwrap_or("")), why.unwrap_or_default()));
        out.push_str(&describe(&Line::of_answer(&newer["added"]), lang, false));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_with_its_account() {
        assert_eq!(assignment("clerk=wang").unwrap(), ("clerk", "wang"));
        assert_eq!(assignment("clerk=a=b").unwrap(), ("clerk", "a=b"));
        for wrong in ["clerk", "=wang", "clerk=", ""] {
            assert!(assignment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let now = json!({ "a": 1, "b": "x" });
        let set = |v: Value| v.as_object().cloned().unwrap();
        let got = changed(&now, set(json!({ "b": "y", "c": true })), &["a".to_owned()]).unwrap();
        assert_eq!(Value::from(got), json!({ "b": "y", "c": true }));
        assert!(changed(&now, Map::new(), &["c".to_owned()]).is_err(), "what is not set cannot be forgotten");
        assert!(changed(&now, set(json!({ "a": 2 })), &["a".to_owned()]).is_err(), "both at once");
    }

    #[test]
    fn versions_that_wait_say_why() {
        let answer = json!({ "automatic": true, "newer": [
            { "version": "1.1.0", "added": [], "waits": { "zh": "等", "en": "asks for more" } },
        ] });
        let text = told("lake", &answer, Lang::En);
        assert!(text.contains("by itself") && text.contains("  1.1.0  asks for more"), "{text}");
    }
}
