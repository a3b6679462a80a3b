//! Why nothing could be played. What an app does wrong is no error but stands in the report.

use yunlong_model::Text;
use yunlong_runtime::LoadError;

/// Why a run did not come about.
#[derive(Debug, thiserror::Error)]
pub enum WorkbenchError {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file says something that cannot be.
    #[error("{file}:{line}: {}", .problem.en)]
    File {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what was probably meant.
        problem: Text,
    },
    /// `app.toml` is refused.
    #[error("app.toml: {0}")]
    Manifest(String),
    /// There is nothing to play.
    #[error("{0} holds no scenario")]
    NoScenarios(String),
    /// The component cannot be loaded.
    #[error("the component cannot be loaded: {0}")]
    Load(#[from] LoadError),
    /// The city could not be set up, by no fault of the app's.
    #[error("the city could not be set up: {0}")]
    City(String),
}

impl WorkbenchError {
    pub(crate) fn io(path: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn city(e: impl std::fmt::Display) -> Self {
        Self::City(e.to_string())
    }

    /// In both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Io { path, source } => format!("{path}：{source}"),
            Self::File { file, line, problem } => format!("{file}:{line}：{}", problem.zh),
            Self::Manifest(e) => format!("app.toml：{e}"),
            Self::NoScenarios(dir) => format!("{dir} 中没有场景文件"),
            Self::Load(e) => format!("组件无法载入：{e}"),
            Self::City(e) => format!("测试城市无法建立：{e}"),
        };
        Text { zh, en: self.to_string() }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> Text {
        let (zh, en) = match self {
            Self::Io { .. } => {
                ("请检查该文件是否存在、能否读写", "check that the file is there and may be read or written")
            }
            Self::File { .. } => (
                "请改正这一行；写法见 yunlong guide testing",
                "correct this line; `yunlong guide testing` has the words",
            ),
            Self::Manifest(_) => {
                ("请改正 app.toml，再用 yunlong package 检查", "correct app.toml; `yunlong package` checks it too")
            }
            Self::NoScenarios(_) => (
                "请在 scenarios/ 中写一个 .toml 文件；写法见 yunlong guide testing",
                "write a .toml file into scenarios/; `yunlong guide testing` shows how",
            ),
            Self::Load(_) => (
                "请重新构建组件，或用 --component 指定文件",
                "build the component again, or name the file with --component",
            ),
            Self::City(_) => (
                "请检查 --cache 目录能否写入，以及内存是否充足",
                "check that the folder of --cache may be written, and that there is memory",
            ),
        };
        Text { zh: zh.into(), en: en.into() }
    }
}
