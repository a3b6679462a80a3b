//! Why a command of the workbench did nothing.

use std::process::ExitCode;
use yunlong_model::{Lang, Text};
use yunlong_workbench::WorkbenchError;

/// What is wrong, and what to do.
pub(crate) struct Refusal {
    pub(crate) problem: Text,
    pub(crate) next: Text,
}

impl Refusal {
    /// Says it on standard error. The exit code is 2: 1 says that something ran, and did not pass.
    pub(crate) fn told(&self, lang: Lang) -> ExitCode {
        eprintln!("{}{}", lang.pick("错误：", "error: "), self.problem.get(lang));
        eprintln!("  → {}", self.next.get(lang));
        ExitCode::from(2)
    }
}

impl From<WorkbenchError> for Refusal {
    fn from(e: WorkbenchError) -> Self {
        Self { problem: e.text(), next: e.next() }
    }
}

/// A text in both languages.
pub(crate) fn both(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}
