//! The file in which an import writes down, row by row, what was refused.

use crate::cell::neutralise;
use crate::write::MARK;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

const HEADER: &str = "line,field,reason_zh,reason_en\n";

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the file; of Parquet the row.
    pub line: u64,
    /// The item that is wrong, as the file calls it; `None` when it is the whole row.
    pub field: Option<String>,
    /// Why, in Chinese.
    pub zh: String,
    /// Why, in English.
    pub en: String,
}

/// CSV with the line, the field and the reason in two languages; safe to open in a spreadsheet.
///
/// Each refusal is one line of it, and they stand in the order of their lines: so what a killed import left
/// can be cut off where the import goes on, and no refusal is lost or told twice.
#[derive(Debug)]
pub struct ErrorFile {
    file: File,
    lines: u64,
    last: Option<u64>,
}

impl ErrorFile {
    /// Begins a file. One of this name that [`ErrorFile`] wrote is replaced, another one is not.
    ///
    /// # Errors
    /// The disk says no, or a file of another kind has this name ([`io::ErrorKind::AlreadyExists`]).
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::remove(path)?;
        let mut file = File::options().create_new(true).write(true).open(path)?;
        file.write_all(MARK)?;
        file.write_all(HEADER.as_bytes())?;
        Ok(Self { file, lines: 0, last: None })
    }

    /// Removes the file of this name that [`ErrorFile`] wrote; another one stays.
    ///
    /// # Errors
    /// The disk says no.
    pub fn remove(path: &Path) -> io::Result<()> {
        match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
            Ok(file) => {
                let mut first = Vec::new();
                file.take((MARK.len() + HEADER.len()) as u64).read_to_end(&mut first)?;
                // Nothing in it, or only its beginning: the import was killed right there.
                if [MARK, HEADER.as_bytes()].concat().starts_with(&first) { std::fs::remove_file(path) } else { Ok(()) }
            }
        }
    }

    /// Goes on with a file: the rows for lines before `line` stay, what stands behind them is cut off.
    /// `None` when there is no file of this name that [`ErrorFile`] wrote.
    ///
    /// # Errors
    /// The disk says no.
    pub fn resume(path: &Path, line: u64) -> io::Result<Option<Self>> {
        let file = match File::options().read(true).write(true).open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut reader = BufReader::new(&file);
        let mut row = Vec::new();
        reader.read_until(b'\n', &mut row)?;
        if row.strip_prefix(MARK) != Some(HEADER.as_bytes()) {
            return Ok(None);
        }
        let (mut kept, mut lines, mut last) = (row.len() as u64, 0, None);
        loop {
            row.clear();
            reader.read_until(b'\n', &mut row)?;
            let number = number(&row).filter(|n| *n < line && row.last() == Some(&b'\n'));
            let Some(number) = number else { break };
            kept += row.len() as u64;
            lines += u64::from(last != Some(number));
            last = Some(number);
        }
        drop(reader);
        file.set_len(kept)?;
        let mut file = file;
        file.seek(SeekFrom::Start(kept))?;
        Ok(Some(Self { file, lines, last }))
    }

    /// Writes refusals down. They are on the disk when this answers.
    ///
    /// # Errors
    /// The disk says no.
    pub fn write(&mut self, refusals: &[Refusal]) -> io::Result<()> {
        if refusals.is_empty() {
            return Ok(());
        }
        let mut out = csv::Writer::from_writer(Vec::new());
        for r in refusals {
            let line = r.line.to_string();
            let [field, zh, en] = [r.field.as_deref().unwrap_or(""), &r.zh, &r.en].map(one_line);
            out.write_record([&line, &field, &zh, &en]).map_err(io::Error::from)?;
        }
        let bytes = out.into_inner().map_err(|e| e.into_error())?;
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        for r in refusals {
            self.lines += u64::from(self.last != Some(r.line));
            self.last = Some(r.line);
        }
        Ok(())
    }

    /// How many lines it tells of; of one line it can tell several things.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }
}

/// A text on one line, that no spreadsheet runs.
fn one_line(text: &str) -> String {
    neutralise(&text.replace(char::is_control, " ")).into_owned()
}

/// The line's number at the beginning of a row.
fn number(row: &[u8]) -> Option<u64> {
    let digits = row.split(|b| *b == b',').next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: u64, field: &str) -> Refusal {
        Refusal { line, field: Some(field.into()), zh: "校验码不对".into(), en: "wrong, check it".into() }
    }

    #[test]
    fn rows_are_kept_up_to_where_the_import_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("errors.csv");
        let mut file = ErrorFile::create(&path).unwrap();
        file.write(&[refusal(2, "uscc"), refusal(5, "a\nb"), refusal(5, "c")]).unwrap();
        file.write(&[refusal(9, "x")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        // A torn row behind: the import was killed while it wrote.
        for torn in ["12,uscc,校", "12", "12,uscc,\"half\n"] {
            std::fs::write(&path, [whole.as_slice(), torn.as_bytes()].concat()).unwrap();
            let mut file = ErrorFile::resume(&path, 9).unwrap().unwrap();
            assert_eq!(file.lines(), 2);
            file.write(&[refusal(9, "x")]).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "{torn}");
        }
        assert_eq!(ErrorFile::resume(&path, 0).unwrap().unwrap().lines(), 0);
    }

    #[test]
    fn nothing_is_resumed_that_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("errors.csv");
        assert!(ErrorFile::resume(&path, 1).unwrap().is_none());
        std::fs::write(&path, "a letter").unwrap();
        assert!(ErrorFile::resume(&path, 1).unwrap().is_none());
        assert_eq!(ErrorFile::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"a letter");
    }

    #[test]
    fn hostile_keys_stay_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("errors.csv");
        ErrorFile::create(&path).unwrap().write(&[refusal(2, "=cmd|'/c calc'!A0"), refusal(3, "\n=1")]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\n2,'=cmd|'/c calc'!A0,校验码不对,\"wrong, check it\"\n3,' =1,"), "{text}");
    }
}
