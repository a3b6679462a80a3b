//! Listing, stopping and starting installations.

use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use clap::Args;
use serde_json::{Value, json};
use yunlong_model::InstallationName;

/// `yunlong apps`.
#[derive(Args, Debug)]
pub struct Apps {
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

/// A command that names an installation.
#[derive(Args, Debug)]
pub struct Named {
    /// The installation
    name: String,
    #[command(flatten)]
    server: Server,
}

/// The path of an installation in the console's API.
pub(crate) fn path(name: &str, action: &str) -> Result<String, CliError> {
    let name: InstallationName = name.parse().map_err(|e| {
        CliError::told(
            (format!("“{}”不是安装的名称", printable(name)), format!("{e}")),
            ("名称见 `yunlong apps`", "see `yunlong apps` for the names"),
        )
    })?;
    Ok(format!("/api/v1/installations/{name}{action}"))
}

pub(crate) fn list(options: &Apps) -> Result<(), CliError> {
    let answer = Client::signed_in(&options.server)?.get("/api/v1/installations")?;
    if options.json {
        say!("{answer:#}")?;
        return Ok(());
    }
    let rows: Vec<[String; 5]> = items(&answer).iter().map(row).collect();
    if rows.is_empty() {
        eprintln!(
            "{}",
            lang().pick(
                "还没有安装任何应用：`yunlong install 文件 --org 代码`",
                "nothing is installed yet: `yunlong install FILE --org CODE`",
            )
        );
        return Ok(());
    }
    say_raw!("{}", table(&["NAME", "APP", "VERSION", "STATUS", "ORGANIZATION"], &rows))?;
    Ok(())
}

/// The rows of a listing: the array itself, or the one array in the object.
pub(crate) fn items(answer: &Value) -> &[Value] {
    let array = answer.as_array().or_else(|| answer.as_object().and_then(|o| o.values().find_map(Value::as_array)));
    array.map(Vec::as_slice).unwrap_or_default()
}

fn row(item: &Value) -> [String; 5] {
    let text = |key: &str| item[key].as_str().unwrap_or("").to_owned();
    let status = match &item["status"] {
        Value::String(s) => s.clone(),
        // A status with its reason: {"failed": "why"}.
        Value::Object(o) => {
            o.iter().next().map(|(k, v)| format!("{k}: {}", v.as_str().unwrap_or(""))).unwrap_or_default()
        }
        _ => String::new(),
    };
    let organization = item["organization_name"]
        .as_str()
        .map_or_else(|| text("organization"), |n| format!("{n} {}", text("organization")));
    [text("name"), text("app"), text("version"), status, organization]
}

pub(crate) fn table<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(c, w)| format!("{c}{}", " ".repeat(w.saturating_sub(c.chars().count()))))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut out = line(*head);
    for row in rows {
        out.push_str(&line(row.each_ref().map(String::as_str)));
    }
    out
}

pub(crate) fn set_running(options: &Named, running: bool) -> Result<(), CliError> {
    let action = if running { "/start" } else { "/stop" };
    Client::signed_in(&options.server)?.post(&path(&options.name, action)?, &json!({}))?;
    let done = if running { lang().pick("已启动", "started") } else { lang().pick("已停止", "stopped") };
    say!("{done} {}", options.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_tables() {
        let answer = json!({ "installations": [
            { "name": "tickets", "app": "tourism-ticketing", "version": "0.1.0", "status": "running", "organization": "320300", "organization_name": "徐州市" },
            { "name": "b", "app": "b", "version": "1.0.0", "status": { "failed": "trap" }, "organization": "320302" },
        ] });
        let rows: Vec<_> = items(&answer).iter().map(row).collect();
        let text = table(&["NAME", "APP", "VERSION", "STATUS", "ORGANIZATION"], &rows);
        assert_eq!(
            text,
            "NAME     APP                VERSION  STATUS        ORGANIZATION\n\
             tickets  tourism-ticketing  0.1.0    running       徐州市 320300\n\
             b        b                  1.0.0    failed: trap  320302\n"
        );
    }

    #[test]
    fn names_that_are_none_never_reach_the_server() {
        assert!(path("../signers", "").is_err());
        assert_eq!(path("tickets", "/stop").unwrap(), "/api/v1/installations/tickets/stop");
    }
}
