//! Journals of requests that an installation failed.

use crate::apps::{self, table};
use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server};
use clap::Args;
use serde_json::{Value, json};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// `yunlong journals`.
#[derive(Args, Debug)]
pub struct Journals {
    /// The installation
    name: String,
    /// Keep journals for 24 hours from now; the audit trail says that you did
    #[arg(long, conflicts_with_all = ["off", "download"])]
    on: bool,
    /// Keep no more; those that are there stay for their week
    #[arg(long, conflicts_with = "download")]
    off: bool,
    /// Download this one, opened: it holds personal data, and the audit trail says that you have it
    #[arg(long, value_name = "ID")]
    download: Option<u64>,
    /// Where to; NAME-ID.yjournal by default
    #[arg(long, value_name = "FILE", requires = "download")]
    out: Option<PathBuf>,
    /// With the keys that the platform derived for the app: whoever has them can forge what it issues
    #[arg(long, requires = "download")]
    with_keys: bool,
    /// The platform's own answer, as JSON
    #[arg(long, conflicts_with = "download")]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(options: &Journals) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    if let Some(id) = options.download {
        return download(&client, options, id);
    }
    let path = apps::path(&options.name, "/journals")?;
    let answer = match (options.on, options.off) {
        (true, _) => client.put(&path, &json!({ "keep": true }))?,
        (_, true) => client.put(&path, &json!({ "keep": false }))?,
        _ => client.get(&path)?,
    };
    if options.json {
        return say!("{answer:#}");
    }
    match answer["until"].as_i64() {
        Some(_) => {
            let kept = lang().pick("失败请求的日志保留到", "journals of failed requests are kept until");
            say!("{kept} {}", time(&answer["until"]))?;
        }
        None => {
            let name = &options.name;
            say!(
                "{}",
                lang().pick(
                    &format!("没有记录日志：`yunlong journals {name} --on` 记录一天"),
                    &format!("no journals are kept: `yunlong journals {name} --on` keeps them for a day"),
                )
            )?;
        }
    }
    let rows: Vec<[String; 5]> = answer["journals"].as_array().into_iter().flatten().map(row).collect();
    say_raw!("{}", table(&["ID", "AT", "REQUEST", "OUTCOME", "VERSION"], &rows))
}

fn row(journal: &Value) -> [String; 5] {
    let text = |field: &str| printable(journal[field].as_str().unwrap_or(""));
    [journal["id"].to_string(), time(&journal["at"]), text("request_id"), text("outcome"), text("version")]
}

/// The time of a timestamp in milliseconds, in Beijing.
fn time(value: &Value) -> String {
    value.as_i64().map_or_else(String::new, |ms| yunlong_model::Timestamp(ms).to_shanghai())
}

/// Whole or not at all, for its owner alone.
fn download(client: &Client, options: &Journals, id: u64) -> Result<(), CliError> {
    let file = options.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}-{id}.yjournal", options.name)));
    let unwritable = || CliError::io(file.display());
    if file.symlink_metadata().is_ok() {
        return Err(unwritable()(io::ErrorKind::AlreadyExists.into()));
    }
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut part = tempfile::Builder::new()
        .prefix(".yunlong-journal-")
        .suffix(".part")
        .tempfile_in(folder)
        .map_err(unwritable())?;
    let keys = if options.with_keys { "?keys=true" } else { "" };
    let mut whole = false;
    client.lines(&apps::path(&options.name, &format!("/journals/{id}/file{keys}"))?, |line| {
        whole = line.starts_with(b"{\"end\"");
        part.write_all(line).map_err(unwritable())
    })?;
    if !whole {
        return Err(CliError::told(
            ("日志在传输途中断了", "the journal was cut short on its way"),
            ("重复命令", "repeat the command"),
        ));
    }
    part.persist_noclobber(&file).map_err(|e| unwritable()(e.error))?;
    let shown = file.display();
    say!(
        "{}",
        lang().pick(
            &format!("{shown} 含个人信息：只交给应用的开发商，用完即删"),
            &format!(
                "{shown} holds personal data: give it to nobody but the app's vendor, and delete it when it has served"
            ),
        )
    )
}
