//! Removing an installation. What it keeps is in a file before it is removed, whole and on the disk, or somebody said
//! that nothing is to be kept.

use crate::apps::path;
use crate::client::Client;
use crate::terminal::say;
use crate::{CliError, Server, terminal};
use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use yunlong_model::Lang;

/// `yunlong uninstall`.
#[derive(Args, Debug)]
pub struct Uninstall {
    /// The installation
    name: String,
    /// Stop it, and write all that it keeps into this new file before it is removed: JSON, a line each
    #[arg(long, value_name = "FILE", conflicts_with_all = ["erase", "exported"])]
    export: Option<PathBuf>,
    /// All that it keeps is in this file already: an export of it since it was stopped
    #[arg(long, value_name = "FILE", conflicts_with = "erase")]
    exported: Option<PathBuf>,
    /// Nothing of its data is to be kept
    #[arg(long)]
    erase: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    server: Server,
}

/// A file that is whole: what its last line says, which its other lines bear out.
#[derive(Debug, PartialEq, Eq)]
struct Whole {
    documents: u64,
    counters: u64,
    values: u64,
    files: u64,
    digest: String,
}

pub(crate) fn run(options: &Uninstall) -> Result<(), CliError> {
    let (name, lang) = (&options.name, terminal::lang());
    if options.export.is_none() && options.exported.is_none() && !options.erase {
        return Err(CliError::usage(
            lang.pick("请写明数据如何处理：卸载后不能恢复", "say what becomes of its data: it is removed for good"),
            lang.pick(
                "`--export 文件` 先导出一份，或 `--erase` 直接删除；暂停服务用 `yunlong stop`",
                "`--export FILE` to keep a copy of it first, or `--erase` when nothing is to be kept; `yunlong stop` pauses it",
            ),
        ));
    }
    let here = path(name, "")?;
    // Before anything is done: what is wrong with a file is told, and one that is there is not overwritten.
    let new = options.export.as_deref().map(|file| begin(file).map(|part| (file, part))).transpose()?;
    let known = options.exported.as_deref().map(|file| read(file).map(|whole| (file, whole))).transpose()?;
    let client = Client::signed_in(&options.server)?;
    if !options.yes {
        terminal::confirm(&format!(
            "{name} {}",
            lang.pick(
                "及其全部数据将被永久删除，名称不再可用。继续吗？",
                "and all its data will be removed for good, and the name stays reserved. Go on?"
            )
        ))?;
    }
    let kept = match (new, known) {
        (Some((file, part)), _) => Some((file, take_along(&client, name, file, part)?)),
        (None, known) => known,
    };
    match kept {
        None => drop(client.delete(&format!("{here}?data=erase"))?),
        Some((file, whole)) => {
            let removed = client.delete(&format!("{here}?data=exported&digest={}", whole.digest));
            removed.map_err(|why| CliError::NotRemoved {
                name: name.clone(),
                file: file.display().to_string(),
                why: Box::new(why),
            })?;
        }
    }
    say!("{} {name}", lang.pick("已卸载", "removed"))
}

/// Stops an installation and writes all that it keeps into a file, which has its name only when it is whole.
fn take_along(client: &Client, name: &str, file: &Path, part: NamedTempFile) -> Result<Whole, CliError> {
    let lang = terminal::lang();
    // What it wrote while it is read would be lost with it.
    client.post(&path(name, "/stop")?, &json!({}))?;
    let whole = export(client, name, part, file).inspect_err(|_| {
        eprintln!(
            "{}",
            lang.pick(
                &format!("{name} 已停止，什么也没有删除：`yunlong start {name}` 恢复服务"),
                &format!("{name} is stopped, and nothing was removed: `yunlong start {name}` lets it serve again"),
            )
        );
    })?;
    let Whole { documents, counters, values, files, .. } = &whole;
    let also = |n: u64, zh: &str, en: &str| match (n, lang) {
        (0, _) => String::new(),
        (n, Lang::Zh) => format!("、{n} {zh}"),
        (n, Lang::En) => format!(" and {n} {en}"),
    };
    let values = also(*values, "个存储桶的值", "values of buckets");
    let (files, shown) = (also(*files, "个文件", "files"), file.display());
    say!(
        "{}",
        lang.pick(
            &format!("已导出 {documents} 份文档、{counters} 个计数器{values}{files}，存入 {shown}"),
            &format!("exported {documents} documents and {counters} counters{values}{files} into {shown}"),
        )
    )?;
    Ok(whole)
}

/// Where a file is written that is not whole yet: beside it, and gone again with this program. Personal data: for
/// its owner alone.
fn begin(file: &Path) -> Result<NamedTempFile, CliError> {
    if file.symlink_metadata().is_ok() {
        return Err(CliError::io(file.display())(io::ErrorKind::AlreadyExists.into()));
    }
    tempfile::Builder::new()
        .prefix(".yunlong-export-")
        .suffix(".part")
        .tempfile_in(folder(file))
        .map_err(CliError::io(file.display()))
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes all that an installation keeps into a file. It is on the disk then, and whole.
fn export(client: &Client, name: &str, part: NamedTempFile, file: &Path) -> Result<Whole, CliError> {
    let unwritable = || CliError::io(file.display());
    let (mut out, mut seen) = (BufWriter::new(part), Seen::default());
    client.lines(&path(name, "/export")?, |line| {
        seen.line(line);
        out.write_all(line).map_err(unwritable())
    })?;
    let part = out.into_inner().map_err(|e| unwritable()(e.into_error()))?;
    let lines = seen.lines;
    let whole = seen.whole().ok_or_else(|| {
        CliError::told(
            (
                format!("{name} 的导出在 {lines} 行之后中断"),
                format!("the export of {name} was cut short after {lines} lines"),
            ),
            (
                "重复命令；如再中断，平台的日志里有原因",
                "repeat the command; the platform's log says why when it happens again",
            ),
        )
    })?;
    part.as_file().sync_all().map_err(unwritable())?;
    part.persist_noclobber(file).map_err(|e| unwritable()(e.error))?;
    // Its name as well: what is removed next is nowhere else.
    #[cfg(unix)]
    File::open(folder(file)).and_then(|f| f.sync_all()).map_err(unwritable())?;
    Ok(whole)
}

/// Reads a file that was exported before.
fn read(file: &Path) -> Result<Whole, CliError> {
    let unreadable = || CliError::io(file.display());
    let mut reader = BufReader::new(File::open(file).map_err(unreadable())?);
    let (mut seen, mut line) = (Seen::default(), Vec::new());
    while reader.read_until(b'\n', &mut line).map_err(unreadable())? > 0 {
        seen.line(&line);
        line.clear();
    }
    seen.whole().ok_or_else(|| {
        let shown = file.display();
        CliError::told(
            (
                format!("{shown} 不是完整的导出：它中断过或被改动"),
                format!("{shown} is no whole export: it was cut short or changed"),
            ),
            ("用 --export 重新导出到另一个文件", "export it again into another file with --export"),
        )
    })
}

/// The lines of an export as they come.
#[derive(Default)]
struct Seen {
    lines: u64,
    last: Vec<u8>,
    /// Of all lines but the last.
    hash: Sha256,
}

impl Seen {
    fn line(&mut self, line: &[u8]) {
        self.hash.update(&self.last);
        self.lines += 1;
        self.last.clear();
        self.last.extend_from_slice(line);
    }

    /// What the last line says, when it is so.
    fn whole(self) -> Option<Whole> {
        let end: Value = serde_json::from_slice(&self.last).ok()?;
        let end = &end["end"];
        let (documents, counters) = (end["documents"].as_u64()?, end["counters"].as_u64()?);
        let digest = format!("sha256:{}", HEXLOWER.encode(&self.hash.finalize()));
        // A platform that has no buckets yet does not count them.
        let values = end.get("values").map_or(Some(0), Value::as_u64)?;
        let files = end.get("files").map_or(Some(0), Value::as_u64)?;
        // With the first line and the last. A file has a line, and one more for each piece of its bytes.
        let others = documents.checked_add(counters)?.checked_add(values)?.checked_add(2)?;
        let counted = others.checked_add(files)?;
        let counted = if files == 0 { counted == self.lines } else { counted <= self.lines };
        let whole = Whole { documents, counters, values, files, digest };
        (counted && end["digest"].as_str() == Some(&whole.digest)).then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_model::Digest;

    fn seen(text: &str) -> Option<Whole> {
        let mut seen = Seen::default();
        text.split_inclusive('\n').for_each(|l| seen.line(l.as_bytes()));
        seen.whole()
    }

    #[test]
    fn an_export_is_whole_when_its_last_line_counts_and_hashes_what_came() {
        let body = "{\"export\":{}}\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"counter\":\"c\"}\n";
        let digest = Digest::of(body.as_bytes()).to_string();
        let end = json!({ "end": { "documents": 2, "counters": 1, "digest": digest } }).to_string();
        let whole = Whole { documents: 2, counters: 1, values: 0, files: 0, digest };
        assert_eq!(seen(&format!("{body}{end}\n")), Some(whole));
        let changed = body.replace("\"2\"", "\"3\"");
        let shorter = body.split_inclusive('\n').skip(1).collect::<String>();
        for text in [format!("{changed}{end}"), format!("{shorter}{end}"), body.to_owned(), end[..9].to_owned(), end] {
            assert_eq!(seen(&text), None, "{text}");
        }
    }
}
