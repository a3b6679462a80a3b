//! Organizations, as administrators look them up and add to them.

use crate::apps::{items, table};
use crate::client::Client;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

/// `yunlong organizations`.
#[derive(Subcommand, Debug)]
pub enum Organizations {
    /// Add a department or a vendor below an organization, or change one
    Add {
        /// The unified social credit code
        code: String,
        /// The registered name
        #[arg(long)]
        name: String,
        /// What it is
        #[arg(long, value_enum)]
        level: Level,
        /// The code of the organization above
        #[arg(long, value_name = "CODE")]
        parent: String,
        #[command(flatten)]
        server: Server,
    },
    /// List those below an organization, or find by name or code
    List {
        /// A part of the name, or the beginning of the code
        #[arg(default_value = "")]
        text: String,
        /// Those right below this one; by default your own
        #[arg(long, value_name = "CODE", conflicts_with = "text")]
        below: Option<String>,
        #[command(flatten)]
        server: Server,
    },
}

/// What an organization is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Level {
    /// A department
    Department,
    /// A vendor
    Vendor,
}

pub(crate) fn run(command: &Organizations) -> Result<(), CliError> {
    match command {
        Organizations::Add { code, name, level, parent, server } => {
            let level = level.to_possible_value().map(|v| v.get_name().to_owned());
            let body = json!({ "code": code, "name": name, "level": level, "parent": parent });
            Client::signed_in(server)?.post("/api/v1/organizations", &body)?;
            say!("saved {code} {name}")
        }
        Organizations::List { text, below, server } => {
            let query = [("q", text.as_str()), ("at", below.as_deref().unwrap_or(""))];
            let answer = Client::signed_in(server)?.get_with("/api/v1/organizations", &query)?;
            let rows: Vec<[String; 4]> = items(&answer).iter().map(row).collect();
            if rows.is_empty() {
                eprintln!("{}", lang().pick("没有这样的机构", "there is no such organization"));
                return Ok(());
            }
            say_raw!("{}", table(&["CODE", "LEVEL", "NAME", "PARENT"], &rows))
        }
    }
}

fn row(organization: &Value) -> [String; 4] {
    ["code", "level", "name", "parent"].map(|key| organization[key].as_str().unwrap_or("").to_owned())
}
