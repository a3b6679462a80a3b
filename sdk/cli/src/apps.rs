//! Listing, stopping, starting and removing installations.

use crate::client::Client;
use crate::terminal::{say, say_raw};
use crate::{CliError, Server, terminal};
use clap::Args;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
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

/// `yunlong uninstall`.
#[derive(Args, Debug)]
pub struct Uninstall {
    /// The installation
    name: String,
    /// Stop it, and write all that it keeps into this new file before it is removed: JSON, a line each
    #[arg(long, value_name = "FILE", conflicts_with = "erase")]
    export: Option<PathBuf>,
    /// Nothing of its data is to be kept
    #[arg(long)]
    erase: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

/// The path of an installation in the console's API.
pub(crate) fn path(name: &str, action: &str) -> Result<String, CliError> {
    let name: InstallationName =
        name.parse().map_err(|e| CliError::usage(format!("{e}"), "see `yunlong apps` for the names"))?;
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
        eprintln!("nothing is installed yet: `yunlong install FILE --org CODE`");
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
    say!("{} {}", if running { "started" } else { "stopped" }, options.name)?;
    Ok(())
}

pub(crate) fn uninstall(options: &Uninstall) -> Result<(), CliError> {
    let lang = terminal::lang();
    if options.export.is_none() && !options.erase {
        return Err(CliError::usage(
            lang.pick("请写明数据如何处理：卸载后不能恢复", "say what becomes of its data: it is removed for good"),
            lang.pick(
                "`--export 文件` 先导出一份，或 `--erase` 直接删除；暂停服务用 `yunlong stop`",
                "`--export FILE` to keep a copy of it first, or `--erase` when nothing is to be kept; `yunlong stop` pauses it",
            ),
        ));
    }
    let client = Client::signed_in(&options.server)?;
    let (here, stop) = (path(&options.name, "")?, path(&options.name, "/stop")?);
    if !options.yes {
        terminal::confirm(&format!(
            "{} {}",
            options.name,
            lang.pick(
                "及其全部数据将被永久删除，名称不再可用。继续吗？",
                "and all its data will be removed for good, and the name stays reserved. Go on?"
            )
        ))?;
    }
    let Some(file) = &options.export else {
        client.delete(&format!("{here}?data=erase"))?;
        return say!("removed {}", options.name);
    };
    // Before anything is done: a file that is there is not overwritten.
    let out = new_file(file).map_err(CliError::io(file.display()))?;
    // What it wrote while it is read would be lost with it.
    client.post(&stop, &json!({}))?;
    let count = export(&client, &options.name, out, file).inspect_err(|_| {
        // A part must not pass for the whole.
        _ = std::fs::remove_file(file);
        eprintln!(
            "{} is stopped, and nothing was removed: `yunlong start {}` lets it serve again",
            options.name, options.name
        );
    })?;
    say!("exported {count} into {}", file.display())?;
    client.delete(&format!("{here}?data=exported"))?;
    say!("removed {}", options.name)
}

/// Personal data: for its owner alone.
fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes all that an installation keeps into a file; answers how much that is. It is on the disk then, and whole.
fn export(client: &Client, name: &str, out: File, path: &Path) -> Result<String, CliError> {
    let unwritable = || CliError::io(path.display());
    let (mut out, mut lines, mut last) = (BufWriter::new(out), 0, Vec::new());
    client.lines(&self::path(name, "/export")?, |line| {
        lines += 1;
        last.clear();
        last.extend_from_slice(line);
        out.write_all(line).map_err(unwritable())
    })?;
    let out = out.into_inner().map_err(|e| unwritable()(e.into_error()))?;
    out.sync_all().map_err(unwritable())?;
    whole(lines, &last).ok_or_else(|| {
        CliError::usage(
            format!("the export of {name} was cut short after {lines} lines"),
            "repeat the command; the platform's log says why when it happens again",
        )
    })
}

/// How much an export holds by its last line, when that is how much it is.
fn whole(lines: u64, last: &[u8]) -> Option<String> {
    let end: Value = serde_json::from_slice(last).ok()?;
    let end = &end["end"];
    let (documents, counters) = (end["documents"].as_u64()?, end["counters"].as_u64()?);
    // A host that has no buckets yet does not count them.
    let values = end.get("values").map_or(Some(0), Value::as_u64)?;
    // With the first line and the last.
    (documents.checked_add(counters)?.checked_add(values)?.checked_add(2)? == lines).then(|| match values {
        0 => format!("{documents} documents and {counters} counters"),
        _ => format!("{documents} documents, {counters} counters and {values} values of buckets"),
    })
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
    fn an_export_is_whole_when_its_last_line_counts_what_came() {
        let end = json!({ "end": { "documents": 2, "counters": 1 } }).to_string();
        assert_eq!(whole(5, end.as_bytes()).unwrap(), "2 documents and 1 counters");
        let with_values = json!({ "end": { "documents": 2, "counters": 1, "values": 3 } }).to_string();
        assert_eq!(whole(8, with_values.as_bytes()).unwrap(), "2 documents, 1 counters and 3 values of buckets");
        assert_eq!(whole(5, with_values.as_bytes()), None);
        for (lines, last) in [(4, end.as_str()), (6, &end), (1, "{\"export\":{}}\n"), (0, ""), (5, &end[..9])] {
            assert_eq!(whole(lines, last.as_bytes()), None, "{lines} {last}");
        }
    }

    #[test]
    fn names_that_are_none_never_reach_the_server() {
        assert!(path("../signers", "").is_err());
        assert_eq!(path("tickets", "/stop").unwrap(), "/api/v1/installations/tickets/stop");
    }
}
