//! Accounts, as their administrators look after them.

use crate::apps::{items, table};
use crate::client::Client;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

/// `yunlong accounts`.
#[derive(Subcommand, Debug)]
pub enum Accounts {
    /// Open an account: prints the one-time code with which its owner sets the password
    Add(Add),
    /// List accounts
    List {
        /// Only names that begin so
        #[arg(default_value = "")]
        prefix: String,
        /// The platform's own answer, as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Show one account
    Show(Named),
    /// Issue a one-time code with which its owner sets a new password
    Reset {
        /// The account
        name: String,
        /// The code also takes the second factors away: they are lost
        #[arg(long)]
        second_factor: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Disable an account: it cannot sign in, and its sessions end
    Disable(Named),
    /// Enable a disabled account
    Enable(Named),
    /// End a lock before its time
    Unlock(Named),
    /// End all sessions of an account
    SignOut(Named),
    /// Give an official exactly this role on the platform
    Role {
        /// The account
        name: String,
        /// The role
        #[arg(value_enum)]
        role: Role,
        #[command(flatten)]
        server: Server,
    },
}

/// `yunlong accounts add`.
#[derive(Args, Debug)]
pub struct Add {
    /// The account's name
    name: String,
    /// What it is for
    #[arg(long, value_enum, default_value = "official")]
    kind: Kind,
    /// The code of its organization; not for citizens
    #[arg(long = "org", value_name = "CODE")]
    organization: Option<String>,
    /// The person's registered name
    #[arg(long, value_name = "NAME")]
    real_name: Option<String>,
    /// The person's mobile number
    #[arg(long, value_name = "NUMBER")]
    mobile: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// A command that names an account.
#[derive(Args, Debug)]
pub struct Named {
    /// The account
    name: String,
    #[command(flatten)]
    server: Server,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    /// A member of a department
    Official,
    /// Somebody who acts for a vendor
    Vendor,
    /// A natural person
    Citizen,
}

/// A role on the platform.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Role {
    /// Runs the platform and opens accounts
    SystemAdmin,
    /// Gives roles, disables and resets accounts, sets the policy
    SecurityAdmin,
    /// Reads the audit trail
    AuditAdmin,
    /// Administers its organization and those below
    DepartmentAdmin,
    /// Reviews the apps that vendors publish
    AppReviewer,
    /// None
    None,
}

/// The name of a value as it is written.
fn written(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

/// The path of an account in the console's API.
fn path(name: &str, action: &str) -> Result<String, CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(CliError::told(
            (format!("“{name}”不是账号的名称"), format!("`{name}` is no account's name")),
            ("用 `yunlong accounts list` 查看", "see `yunlong accounts list`"),
        ));
    }
    Ok(format!("/api/v1/accounts/{name}{action}"))
}

pub(crate) fn run(command: &Accounts) -> Result<(), CliError> {
    match command {
        Accounts::Add(options) => add(options),
        Accounts::List { prefix, json, server } => list(prefix, *json, server),
        Accounts::Show(named) => show(named),
        Accounts::Reset { name, second_factor, server } => {
            let body = json!({ "second_factor": second_factor });
            let answer = Client::signed_in(server)?.post(&path(name, "/reset")?, &body)?;
            code(&answer, server)
        }
        Accounts::Disable(named) => act(named, "disable", lang().pick("已停用", "disabled")),
        Accounts::Enable(named) => act(named, "enable", lang().pick("已启用", "enabled")),
        Accounts::Unlock(named) => act(named, "unlock", lang().pick("已解锁", "unlocked")),
        Accounts::SignOut(named) => act(named, "sign-out", lang().pick("已结束全部登录：", "ended all sessions of")),
        Accounts::Role { name, role, server } => {
            let role = written(role);
            Client::signed_in(server)?.post(&path(name, "/role")?, &json!({ "role": role }))?;
            say!("{name}: {role}")
        }
    }
}

fn add(options: &Add) -> Result<(), CliError> {
    let body = json!({
        "name": options.name, "kind": written(&options.kind), "organization": options.organization,
        "real_name": options.real_name, "mobile": options.mobile,
    });
    let answer = Client::signed_in(&options.server)?.post("/api/v1/accounts", &body)?;
    code(&answer, &options.server)
}

/// Shows a one-time code: on standard output the code alone, for a pipe.
fn code(answer: &Value, server: &Server) -> Result<(), CliError> {
    let text = |key: &str| answer[key].as_str().unwrap_or("");
    let (account, until, portal) = (text("account"), text("expires_at"), server.server.trim_end_matches('/'));
    eprintln!(
        "{}",
        lang().pick(
            &format!("{account}：核实身份后把这个代码交给本人；在 {portal}/reset 使用一次，有效期至 {until}"),
            &format!("{account}: hand this code to its owner, after checking who they are; it is used at {portal}/reset, once, until {until}"),
        )
    );
    say!("{}", text("code"))
}

fn list(prefix: &str, as_json: bool, server: &Server) -> Result<(), CliError> {
    let client = Client::signed_in(server)?;
    let mut rows: Vec<[String; 5]> = Vec::new();
    let mut after = String::new();
    loop {
        let answer = client.get_with("/api/v1/accounts", &[("q", prefix), ("after", &after)])?;
        if as_json {
            return say!("{answer:#}");
        }
        rows.extend(items(&answer).iter().map(row));
        match rows.last() {
            Some(last) if answer["more"] == true => after.clone_from(&last[0]),
            _ => break,
        }
    }
    if rows.is_empty() {
        eprintln!("{}", lang().pick("没有这样的账号", "there is no such account"));
        return Ok(());
    }
    say_raw!("{}", table(&["NAME", "KIND", "ORGANIZATION", "ROLE", "STATE"], &rows))
}

fn row(account: &Value) -> [String; 5] {
    let text = |key: &str| account[key].as_str().unwrap_or("").to_owned();
    let roles = account["platform_roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let disabled = account["disabled"] == true;
    let mut state = vec![if disabled { lang().pick("已停用", "disabled") } else { lang().pick("正常", "active") }];
    if account["second_factor"] == true {
        state.push(lang().pick("第二重验证", "second factor"));
    }
    [text("name"), text("kind"), text("organization"), roles.collect::<Vec<_>>().join(", "), state.join(", ")]
}

fn show(named: &Named) -> Result<(), CliError> {
    let account = Client::signed_in(&named.server)?.get(&path(&named.name, "")?)?;
    let [name, kind, organization, role, state] = row(&account);
    for (what, value) in
        [("name", name), ("kind", kind), ("organization", organization), ("role", role), ("state", state)]
    {
        say!("{what:13} {value}")?;
    }
    say!("{:13} {}", "opened", account["created_at"].as_str().unwrap_or(""))
}

fn act(named: &Named, action: &str, done: &str) -> Result<(), CliError> {
    let path = path(&named.name, &format!("/{action}"))?;
    Client::signed_in(&named.server)?.post(&path, &json!({}))?;
    say!("{done} {}", named.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_never_reach_the_server() {
        for bad in ["", "../signers", "a/b", "a?b", "名"] {
            assert!(path(bad, "").is_err(), "{bad}");
        }
        assert_eq!(path("li.hua-1", "/reset").unwrap(), "/api/v1/accounts/li.hua-1/reset");
    }

    #[test]
    fn an_account_is_a_row() {
        let account = json!({ "name": "a", "kind": "official", "organization": "320300", "platform_roles": ["audit-admin"], "disabled": true, "second_factor": true });
        assert_eq!(row(&account), ["a", "official", "320300", "audit-admin", "disabled, second factor"]);
    }
}
