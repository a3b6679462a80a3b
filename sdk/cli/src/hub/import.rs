//! `yunlong hub import`.

use super::Import;
use super::batches::{Batches, Source};
use super::dataset::{Dataset, VALID_FROM};
use super::load::{Load, Summary};
use super::progress::rows;
use crate::CliError;
use crate::client::Client;
use crate::terminal::{lang, say};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use yunlong_exchange::{Line, OpenError, Options, Reader, open};

pub(crate) fn run(options: &Import) -> Result<(), CliError> {
    let client = Client::signed_in(&options.server)?;
    let dataset = Dataset::get(&client, &options.dataset)?;
    let columns = dataset.with_days();
    let read = Options { format: options.format, encoding: options.encoding, ..Options::default() };
    let begin = || open(&options.file, &columns, &read).map_err(|e| unreadable(&options.file, e));
    tell_encoding(&begin()?);

    let name = options.file.file_name().and_then(|n| n.to_str()).ok_or_else(|| {
        let shown = options.file.display();
        CliError::told(
            (format!("{shown} 的文件名不是 UTF-8"), format!("{shown} is no file's name in UTF-8")),
            ("给文件改名", "rename the file"),
        )
    })?;
    let errors = options.errors.clone().unwrap_or_else(|| beside(&options.file));
    let (size, hash) = fingerprint(&options.file)?;
    let load = Load {
        client: &client,
        dataset: &dataset.id,
        file: name,
        size,
        // What changes how the file falls into batches makes another import of it.
        fingerprint: format!("{hash}/{}/{}/{}", begin()?.format(), options.batch, encoding(&begin()?)),
        valid_from: options.valid_from.as_deref(),
        errors: &errors,
        only_resume: options.resume,
    };
    if options.abandon {
        return load.abandon();
    }
    let days_beside = dataset.columns.get(VALID_FROM).is_none();
    let summary = load.run(|| {
        let source = FileSource { reader: begin()?, path: options.file.clone() };
        Ok(Batches::new(source, options.batch, days_beside))
    })?;
    tell(&summary, &errors)
}

/// Says what became of the rows; some that were refused are an error with an exit code of its own.
pub(crate) fn tell(summary: &Summary, errors: &Path) -> Result<(), CliError> {
    let Summary { read, loaded, unchanged, refused } = *summary;
    let read = rows(read);
    say!(
        "{}",
        lang().pick(
            &format!("读了 {read}：导入 {loaded}，未变 {unchanged}，拒绝 {refused}"),
            &format!("read {read}: {loaded} loaded, {unchanged} unchanged, {refused} refused"),
        )
    )?;
    if refused == 0 { Ok(()) } else { Err(CliError::RowsRefused { refused, errors: errors.display().to_string() }) }
}

fn tell_encoding(reader: &Reader) {
    if let Some(encoding) = reader.encoding() {
        let format = reader.format();
        eprintln!(
            "{}",
            lang().pick(&format!("按 {encoding} 读取 {format}"), &format!("reading {format} in {encoding}"))
        );
    }
}

fn encoding(reader: &Reader) -> &'static str {
    reader.encoding().map_or("-", yunlong_exchange::Encoding::name)
}

/// `people.csv` → `people.csv.errors.csv`.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".errors.csv");
    name.into()
}

fn unreadable(path: &Path, error: OpenError) -> CliError {
    match error {
        OpenError::Io(e) => CliError::io(path.display())(e),
        other => {
            let next = match &other {
                OpenError::Format => lang().pick(
                    "用 --format 写明 csv、jsonl 或 parquet",
                    "name the format with --format csv, jsonl or parquet",
                ),
                OpenError::Encoding { .. } => lang().pick(
                    "把文件转成 UTF-8，或用 --encoding 写明编码",
                    "convert the file to UTF-8, or name its encoding with --encoding",
                ),
                _ => other.next().unwrap_or(lang().pick("检查文件", "check the file")),
            };
            CliError::usage(format!("{}: {other}", path.display()), next)
        }
    }
}

/// The file's size and the SHA-256 of all of it: a file that was changed anywhere is another import.
fn fingerprint(path: &Path) -> Result<(u64, String), CliError> {
    let wrong = || CliError::io(path.display());
    let mut file = File::open(path).map_err(wrong())?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer).map_err(wrong())?;
        if read == 0 {
            break;
        }
        size += read as u64;
        hash.update(&buffer[..read]);
    }
    Ok((size, hash.finalize().iter().map(|b| format!("{b:02x}")).collect()))
}

struct FileSource {
    reader: Reader,
    path: PathBuf,
}

impl Iterator for FileSource {
    type Item = Result<Line, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.reader.next()?;
        Some(line.map_err(|e| {
            let next = lang().pick("修复文件，或重新导出", "repair or export the file again");
            CliError::usage(format!("{}: {e}", self.path.display()), next)
        }))
    }
}

impl Source for FileSource {
    fn at(&self) -> (u64, u64) {
        self.reader.progress()
    }
}
