//! The copies of known vulnerabilities that the city's checks ask: `yunlong advisories`.

use crate::apps::{items, table};
use crate::client::Client;
use crate::permissions::printable;
use crate::terminal::{self, say, say_raw};
use crate::{CliError, Server};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::fs::DirEntry;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// `yunlong advisories`.
#[derive(Subcommand, Debug)]
pub enum Advisories {
    /// Bring in a copy; it takes the place of the one before of the same ecosystem
    Import(Import),
    /// Show the copies in force
    Show(Show),
}

/// `yunlong advisories import`.
#[derive(Args, Debug)]
pub struct Import {
    /// OSV's all.zip of the ecosystem, or RustSec's advisory-db: a zip or a folder
    path: PathBuf,
    /// What it is a copy of
    #[arg(long, value_parser = ["crates.io", "PyPI", "npm"])]
    ecosystem: String,
    /// Where it is from, for the log and for reviewers; by default the name of the file or folder
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `yunlong advisories show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The platform's own answer, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(command: &Advisories) -> Result<(), CliError> {
    match command {
        Advisories::Import(options) => import(options),
        Advisories::Show(options) => show(options),
    }
}

fn import(options: &Import) -> Result<(), CliError> {
    let path = &options.path;
    let unreadable = || CliError::io(path.display());
    let archive = if std::fs::metadata(path).map_err(unreadable())?.is_dir() {
        packed(path)?
    } else {
        std::fs::read(path).map_err(unreadable())?
    };
    let named = path.canonicalize().map_err(unreadable())?;
    let named = named.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let source = options.source.as_deref().unwrap_or(&named);
    let client = Client::signed_in(&options.server)?;
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("ecosystem", &options.ecosystem)
        .append_pair("source", source)
        .finish();
    let answer = client.upload(&format!("/api/v1/advisories?{query}"), "application/zip", &archive)?;
    let import = &answer["import"];
    let count = |key: &str| import[key].as_u64().unwrap_or(0);
    let lang = terminal::lang();
    say!(
        "{}: {} {}, {} {}, {} {}",
        options.ecosystem,
        count("advisories"),
        lang.pick("条公告", "advisories"),
        count("packages"),
        lang.pick("个软件包", "packages"),
        lang.pick("最新一条修改于", "the newest of"),
        day(&import["newest"])
    )?;
    if count("unreadable") > 0 {
        eprintln!(
            "{} {}",
            count("unreadable"),
            lang.pick("个文件无法读取，已跳过", "files could not be read and were passed over")
        );
    }
    Ok(())
}

fn show(options: &Show) -> Result<(), CliError> {
    let answer = Client::signed_in(&options.server)?.get("/api/v1/advisories")?;
    if options.json {
        return say!("{answer:#}");
    }
    let rows: Vec<_> = items(&answer).iter().map(row).collect();
    if rows.is_empty() {
        let lang = terminal::lang();
        eprintln!(
            "{}",
            lang.pick(
                "还没有导入：`yunlong advisories import 文件 --ecosystem crates.io`",
                "none was imported yet: `yunlong advisories import FILE --ecosystem crates.io`"
            )
        );
        return Ok(());
    }
    say_raw!("{}", table(&["ECOSYSTEM", "ADVISORIES", "PACKAGES", "NEWEST", "IMPORTED", "BY", "SOURCE"], &rows))
}

fn row(import: &Value) -> [String; 7] {
    let text = |key: &str| printable(import[key].as_str().unwrap_or(""));
    let count = |key: &str| import[key].as_u64().unwrap_or(0).to_string();
    [
        text("ecosystem"),
        count("advisories"),
        count("packages"),
        day(&import["newest"]),
        day(&import["at"]),
        text("by"),
        text("source"),
    ]
}

/// The day of a time, which the platform writes in milliseconds since 1970.
fn day(time: &Value) -> String {
    let text = time.as_i64().map(|ms| yunlong_model::Timestamp(ms).to_rfc3339());
    text.and_then(|t| t.get(..10).map(str::to_owned)).unwrap_or_default()
}

/// The advisories in a folder, as a zip. Links are not followed, and what begins with a dot (`.git`) is no advisory.
fn packed(folder: &Path) -> Result<Vec<u8>, CliError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let found = pack(&mut archive, folder, "")?;
    if found == 0 {
        let shown = folder.display();
        return Err(CliError::told(
            (format!("{shown} 中没有漏洞公告"), format!("there is no advisory in {shown}")),
            (
                "给出 OSV 该生态的 all.zip，或 RustSec 的 advisory-db 的检出",
                "give OSV's all.zip of the ecosystem, or a checkout of RustSec's advisory-db",
            ),
        ));
    }
    Ok(archive.finish().map_err(|e| unpackable(folder, &e))?.into_inner())
}

fn pack(archive: &mut ZipWriter<Cursor<Vec<u8>>>, folder: &Path, at: &str) -> Result<u64, CliError> {
    let unreadable = || CliError::io(folder.display());
    let entries: Result<Vec<DirEntry>, _> = std::fs::read_dir(folder).map_err(unreadable())?.collect();
    let mut entries = entries.map_err(unreadable())?;
    entries.sort_by_key(DirEntry::file_name);
    let mut found = 0;
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable())?);
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            found += pack(archive, &path, &format!("{at}{name}/"))?;
        } else if kind.is_file() && (name.ends_with(".json") || (name.starts_with("RUSTSEC-") && name.ends_with(".md")))
        {
            let bytes = std::fs::read(&path).map_err(CliError::io(path.display()))?;
            let begun = archive.start_file(format!("{at}{name}"), SimpleFileOptions::default());
            begun.map_err(|e| unpackable(&path, &e))?;
            archive.write_all(&bytes).map_err(CliError::io(path.display()))?;
            found += 1;
        }
    }
    Ok(found)
}

fn unpackable(path: &Path, e: &zip::result::ZipError) -> CliError {
    let shown = path.display();
    CliError::told(
        (format!("{shown} 不能打包：{e}"), format!("{shown} cannot be packed: {e}")),
        ("把该文件夹打成 zip，给出这个 zip", "pack the folder into a zip and give that"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::Read as _;

    #[test]
    fn a_folder_is_packed_without_links_hidden_files_and_what_is_no_advisory() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        assert!(packed(dir.path()).unwrap_err().next().contains("all.zip"));
        put("README.md");
        assert!(packed(dir.path()).is_err());
        for name in ["crates/b/RUSTSEC-2024-0001.md", "crates/a/x.json", ".git/y.json", "EXAMPLE.md"] {
            put(name);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", dir.path().join("crates/link")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("crates/passwd.json")).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(packed(dir.path()).unwrap())).unwrap();
        let mut read = Vec::new();
        for n in 0..archive.len() {
            let mut text = String::new();
            archive.by_index(n).unwrap().read_to_string(&mut text).unwrap();
            read.push(text);
        }
        assert_eq!(read, ["crates/a/x.json", "crates/b/RUSTSEC-2024-0001.md"]);
    }

    #[test]
    fn a_copy_is_told_in_a_row_that_draws_nothing_on_the_terminal() {
        let import = json!({
            "ecosystem": "PyPI", "advisories": 3, "packages": 2, "newest": 1_767_225_600_000_i64, "at": 0,
            "by": "city-admin", "source": "osv.dev\u{1b}[2J",
        });
        let row = row(&import);
        assert_eq!(row[..6], ["PyPI", "3", "2", "2026-01-01", "1970-01-01", "city-admin"]);
        assert!(!row[6].contains('\u{1b}'), "{row:?}");
    }
}
