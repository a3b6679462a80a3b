//! Why a command did nothing, and what to do: in both languages.

use crate::settings::SettingsError;
use std::fmt;
use std::process::ExitCode;
use yunlong_model::{Lang, Text};
use yunlong_workbench::WorkbenchError;

/// What is wrong, and what to do.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) problem: Text,
    pub(crate) next: Text,
}

impl Refusal {
    /// One that begins as somebody else's words, which are in one language.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if let Some(known) = error.downcast_ref::<Self>() {
            return Self { problem: known.problem.clone(), next: known.next.clone() };
        }
        let words = format!("{error:#}");
        let next = error.chain().find_map(next_of).unwrap_or_else(|| {
            both(
                "请按上面的原因处理后重复此命令；yunlong doctor 检查机器、数据文件夹和配置，并写明怎样做",
                "mend what it names and repeat the command; `yunlong doctor` looks at the machine, the data folder and the configuration, and says what to do",
            )
        });
        Self { problem: both(words.clone(), words), next }
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self, lang: Lang) {
        eprintln!("{}{}", lang.pick("错误：", "error: "), self.problem.get(lang));
        eprintln!("  → {}", self.next.get(lang));
    }

    /// Says it, for a command of the workbench. The exit code is 2: 1 says that something ran, and did not pass.
    pub(crate) fn told(&self, lang: Lang) -> ExitCode {
        self.tell(lang);
        ExitCode::from(2)
    }
}

/// One line, for a log or where another error has it as its cause.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem.en, self.next.en)
    }
}

impl std::error::Error for Refusal {}

impl From<WorkbenchError> for Refusal {
    fn from(e: WorkbenchError) -> Self {
        Self { problem: e.text(), next: e.next() }
    }
}

/// The next step after a cause, where its kind tells one.
fn next_of(cause: &(dyn std::error::Error + 'static)) -> Option<Text> {
    if let Some(e) = cause.downcast_ref::<SettingsError>() {
        return Some(e.next());
    }
    let kind = cause.downcast_ref::<std::io::Error>()?.kind();
    use std::io::ErrorKind as Kind;
    Some(match kind {
        Kind::NotFound => both("请检查路径", "check the path"),
        Kind::AlreadyExists => {
            both("请换一个名称：已有的文件不会被覆盖", "choose another name: existing files are not overwritten")
        }
        Kind::PermissionDenied => {
            both("请换一个您有权使用的位置，或修改其权限", "choose a place that you may use, or change its permissions")
        }
        Kind::StorageFull => both("请腾出磁盘空间后重复此命令", "make room on the disk, then repeat the command"),
        _ => return None,
    })
}

/// A text in both languages.
pub(crate) fn both(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn every_error_of_the_server_ends_in_a_next_step_in_both_languages() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        let file: anyhow::Error = anyhow::Error::from(missing).context("key.txt");
        let known = || Refusal { problem: both("没有", "none"), next: both("请给出", "give one") };
        let wrapped = Err::<(), _>(known()).context("the demo's accounts").unwrap_err();
        for (error, problem, zh, en) in [
            (file, "key.txt", "路径", "path"),
            (anyhow::Error::from(SettingsError::NoData), "data folder", "--data", "--data"),
            (anyhow::anyhow!("odd"), "odd", "doctor", "doctor"),
            (anyhow::Error::from(known()), "none", "请给出", "give one"),
            (wrapped, "none", "请给出", "give one"),
        ] {
            let told = Refusal::of(&error);
            assert!(told.problem.en.contains(problem), "{}", told.problem.en);
            assert!(told.next.zh.contains(zh) && told.next.en.contains(en), "{}", told);
        }
    }

    #[test]
    fn a_refusal_is_one_line_where_it_is_somebody_elses_cause() {
        let refusal = Refusal { problem: both("没有", "there is none"), next: both("请给出", "give one") };
        assert_eq!(format!("{:#}", anyhow::Error::from(refusal)), "there is none: give one");
    }
}
