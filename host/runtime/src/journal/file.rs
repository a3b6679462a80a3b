//! The file of a journal (`.yjournal`): one line of JSON for each thing.
//!
//! The first line is the head, with the number of the format; then the request, whose it was, each call, each line
//! that the guest printed, and the end. A file without its end was cut short. A later host may add fields to the lines
//! of format 1, which are left alone here; another kind of line, or another number of the format, is refused.

use super::call::{Call, Data, Outcome};
use crate::interceptor::Interface;
use serde::{Deserialize, Serialize};
use serde_json::json;
use yunlong_model::{Digest, InstallationName, Lang, Manifest, Timestamp};

/// The format that is written, and the only one that is read.
const FORMAT: u32 = 1;
/// The largest file that is read, in bytes: a journal is kept up to 1 MiB of calls, beside its request and answer.
pub const MAX_JOURNAL: usize = 32 << 20;
/// The most lines of a file.
const MAX_LINES: usize = 200_000;

/// What an invocation asked of the host and was answered, from its request to its end.
#[derive(Clone, Debug)]
pub struct Journal {
    /// What ran, where and when.
    pub head: Head,
    /// What was asked of it.
    pub request: Request,
    /// Who asked, as the app saw them.
    pub asker: Asker,
    /// The calls in their order.
    pub calls: Vec<Call>,
    /// What it printed.
    pub log: Vec<Printed>,
    /// How it ended.
    pub end: End,
}

/// What ran, where and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The format of the file.
    #[serde(rename = "yunlong-journal")]
    pub format: u32,
    /// The installation.
    pub installation: InstallationName,
    /// The app's version.
    pub version: semver::Version,
    /// The digest of the component.
    pub component: Digest,
    /// The digest of its package.
    pub package: Digest,
    /// The version of the host.
    pub host: String,
    /// The engine that ran it, see [`crate::Profile`].
    pub profile: String,
    /// The id that the request has in logs.
    pub request_id: String,
    /// When it began, by the platform's clock.
    pub at: Timestamp,
    /// `http` or `https`, as the guest was told.
    pub scheme: String,
    /// The app's manifest: its limits are those of the replay.
    pub manifest: Manifest,
}

/// A request as the guest got it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names and values in their order.
    pub headers: Vec<(String, Data)>,
    /// The whole body.
    pub body: Data,
}

/// Who asked: only what the guest could see, and no account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The pairwise subject.
    pub subject: Option<String>,
    /// What kind of principal.
    pub kind: yunlong_model::Kind,
    /// How sure the platform was.
    pub assurance: yunlong_model::Assurance,
    /// Roles in the installation.
    pub roles: Vec<String>,
    /// For an official, the organization's code.
    pub organization: Option<String>,
    /// The language of the pages.
    pub lang: Lang,
    /// Whether elder mode was on.
    pub elder: bool,
}

/// A line that the guest printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// `out` or `err`.
    pub stream: String,
    /// The line.
    pub line: String,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The answer, when there was one.
    pub answer: Option<Answer>,
    /// Why there was none.
    pub error: Option<Failed>,
    /// Where the guest was when it was stopped.
    pub backtrace: Option<String>,
}

/// An answer; of a large body, the digest alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names and values in their order.
    pub headers: Vec<(String, Data)>,
    /// Bytes of the body.
    pub length: u64,
    /// The body's digest.
    pub digest: Digest,
    /// The body, unless it is large.
    pub body: Option<Data>,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The short name, see [`crate::InvocationError::outcome`].
    pub outcome: String,
    /// In words.
    pub text: String,
}

/// Why a file is no journal that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another file.
    #[error(
        "this is no journal: its first line does not say `yunlong-journal`. Take a .yjournal file as the console gives it"
    )]
    NotAJournal,
    /// Of a host that writes another format.
    #[error(
        "the journal has format {0}, and this program reads format {FORMAT}: use the `yunlong` of the host that wrote it"
    )]
    Format(u64),
    /// It is larger than any journal.
    #[error("the file has {0} bytes, and a journal has at most {MAX_JOURNAL}")]
    TooLarge(usize),
    /// Its end is missing.
    #[error(
        "the journal was cut short: its last line, which says how the request ended, is missing. Download it again"
    )]
    CutShort,
    /// A line is wrong.
    #[error(
        "line {line} of the journal: {why}. Download it again; if it says the same, the host that wrote it has a fault"
    )]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

/// A line behind the head.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Request(Request),
    Asker(Asker),
    Call(Call),
    Log(Printed),
    End(End),
}

impl Answer {
    /// Of a response. A body of more than `most` bytes is left out.
    #[must_use]
    pub fn of(response: &http::Response<bytes::Bytes>, most: usize) -> Self {
        let body = response.body();
        Self {
            status: response.status().as_u16(),
            headers: headers(response.headers()),
            length: body.len() as u64,
            digest: Digest::of(body),
            body: (body.len() <= most).then(|| Data(body.to_vec())),
        }
    }

    /// Whether another one has the same status, headers and bytes.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.status, self.length, self.digest, &self.headers)
            == (other.status, other.length, other.digest, &other.headers)
    }
}

/// Headers in their order.
pub(crate) fn headers(map: &http::HeaderMap) -> Vec<(String, Data)> {
    map.iter().map(|(name, value)| (name.as_str().to_owned(), Data(value.as_bytes().to_vec()))).collect()
}

impl Head {
    /// The format that this host writes.
    pub(crate) const FORMAT: u32 = FORMAT;
}

impl Journal {
    /// The text of the file.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = String::new();
        let mut line = |value: serde_json::Value| {
            text.push_str(&value.to_string());
            text.push('\n');
        };
        line(json!(self.head));
        line(json!({ "request": self.request }));
        line(json!({ "asker": self.asker }));
        self.calls.iter().for_each(|call| line(json!({ "call": call })));
        self.log.iter().for_each(|printed| line(json!({ "log": printed })));
        line(json!({ "end": self.end }));
        text
    }

    /// Reads a file. Whoever made it is not trusted: nothing but its own size decides what it takes.
    ///
    /// # Errors
    /// [`JournalError`] says which line is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        if bytes.len() > MAX_JOURNAL {
            return Err(JournalError::TooLarge(bytes.len()));
        }
        let mut lines = bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
        let head = head(lines.next().map(|(_, line)| line).unwrap_or_default())?;
        let (mut request, mut asker, mut end) = (None, None, None);
        let (mut calls, mut log) = (Vec::new(), Vec::new());
        for (n, text) in lines {
            let wrong = |why: String| JournalError::Line { line: n + 1, why };
            if n >= MAX_LINES {
                return Err(wrong(format!("a journal has at most {MAX_LINES} lines")));
            }
            if end.is_some() {
                return Err(wrong("something follows the end".into()));
            }
            let twice = || wrong("it stands there twice".into());
            match serde_json::from_slice(text).map_err(|e| wrong(e.to_string()))? {
                Line::Request(r) => request.replace(r).map_or(Ok(()), |_| Err(twice()))?,
                Line::Asker(a) => asker.replace(a).map_or(Ok(()), |_| Err(twice()))?,
                Line::Call(call) => calls.push(call),
                Line::Log(printed) => log.push(printed),
                Line::End(e) => end = Some(e),
            }
        }
        let end = end.ok_or(JournalError::CutShort)?;
        let missing = |what: &str| JournalError::Line { line: 2, why: format!("{what} is missing") };
        let request = request.ok_or_else(|| missing("the request"))?;
        let asker = asker.ok_or_else(|| missing("who asked"))?;
        Ok(Self { head, request, asker, calls, log, end })
    }

    /// Takes out the keys that the host derived for the app: whoever has them can sign in its name. Answers how many
    /// there were. A replay gets zeros in their place, and says so.
    pub fn withhold_keys(&mut self) -> usize {
        let mut withheld = 0;
        for call in self.calls.iter_mut().filter(|c| is_key(c)) {
            if let Outcome::Answer(answer) = &mut call.outcome {
                *answer = json!({ "withheld": true });
                withheld += 1;
            }
        }
        withheld
    }

    /// How many keys were taken out.
    #[must_use]
    pub fn withheld(&self) -> usize {
        self.calls.iter().filter(|c| is_key(c) && is_withheld(c)).count()
    }
}

fn is_key(call: &Call) -> bool {
    call.is_of(Interface::Context.name(), super::DERIVE_KEY)
}

/// Whether a key was taken out of a call.
pub(crate) fn is_withheld(call: &Call) -> bool {
    matches!(&call.outcome, Outcome::Answer(answer) if answer.get("withheld").is_some())
}

fn head(line: &[u8]) -> Result<Head, JournalError> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|_| JournalError::NotAJournal)?;
    match value.get("yunlong-journal").and_then(serde_json::Value::as_u64) {
        None => Err(JournalError::NotAJournal),
        Some(format) if format != u64::from(FORMAT) => Err(JournalError::Format(format)),
        Some(_) => {
            let wrong = |why: String| JournalError::Line { line: 1, why };
            let head: Head = serde_json::from_value(value).map_err(|e| wrong(e.to_string()))?;
            // Its limits are those of the replay.
            head.manifest.check().map_err(|e| wrong(e.to_string()))?;
            Ok(head)
        }
    }
}
