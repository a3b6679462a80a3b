//! What can be wrong, and what to do then.

use std::path::{Path, PathBuf};
use yunlong_model::{Lang, Text};

/// Why it does not start, or why what was built does not take over.
#[derive(Debug, thiserror::Error)]
pub(super) enum DevError {
    #[error("{} has no app.toml", .0.display())]
    NoApp(PathBuf),
    #[error("app.toml: {}", .0.en)]
    Manifest(Text),
    #[error("port {0} cannot be listened on: {1}")]
    Port(u16, std::io::Error),
    #[error("there is no {}", .0.display())]
    NoComponent(PathBuf),
    #[error("`yunlong build` cannot be started: {0}")]
    NoBuilder(std::io::Error),
    /// The compiler's words, as it wrote them.
    #[error("the build failed")]
    Build(String),
    #[error("the package cannot be made: {}", .0.en)]
    Package(Text),
    #[error("the component is refused: {0}")]
    Component(String),
    #[error("it is not taken: {}", .0.en)]
    Refused(Text),
    #[error("the city: {0}")]
    City(String),
    #[error("{}: {}", .0.display(), .1)]
    Unusable(PathBuf, String),
    #[error("the machine: {0}")]
    Machine(String),
}

fn both(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

impl DevError {
    pub(super) fn machine(e: impl std::fmt::Display) -> Self {
        Self::Machine(e.to_string())
    }

    /// A part of the city that does not work.
    pub(super) fn city(e: impl Into<anyhow::Error>) -> Self {
        Self::City(format!("{:#}", e.into()))
    }

    pub(super) fn unusable(path: &Path, e: &std::io::Error) -> Self {
        Self::Unusable(path.to_owned(), e.to_string())
    }

    /// What is wrong.
    pub(super) fn text(&self) -> Text {
        let zh = match self {
            Self::NoApp(dir) => format!("{} 中没有 app.toml", dir.display()),
            Self::Manifest(why) => format!("app.toml 有误：{}", why.zh),
            Self::Port(port, why) => format!("无法监听端口 {port}：{why}"),
            Self::NoComponent(path) => format!("没有 {}", path.display()),
            Self::NoBuilder(why) => format!("无法运行 yunlong build：{why}"),
            Self::Build(_) => "构建失败".into(),
            Self::Package(why) => format!("无法打包：{}", why.zh),
            Self::Component(why) => format!("组件不被接受：{why}"),
            Self::Refused(why) => format!("新版本没有启用：{}", why.zh),
            Self::City(why) => format!("开发用城市出错：{why}"),
            Self::Unusable(path, why) => format!("{}：{why}", path.display()),
            Self::Machine(why) => format!("系统无法运行：{why}"),
        };
        both(zh, self.to_string())
    }

    /// What to do.
    pub(super) fn next(&self) -> Text {
        match self {
            Self::NoApp(_) => both(
                "请在应用的文件夹里运行，或写出它：yunlong dev DIR；新应用用 yunlong new 建立",
                "run it in the app's folder, or name that: yunlong dev DIR; `yunlong new` makes a new app",
            ),
            Self::Manifest(_) => both("请按提示修改 app.toml", "mend app.toml as it says"),
            Self::Port(..) => both(
                "如另一个终端里有 yunlong dev 或 yunlong serve，请停止它（Ctrl-C），或换一个端口：--port",
                "stop the `yunlong dev` or `yunlong serve` of another terminal that may have it (Ctrl-C), or choose another --port",
            ),
            Self::NoComponent(_) => {
                both("请先运行 yunlong build，或不带 --no-build", "run `yunlong build` first, or leave --no-build out")
            }
            Self::NoBuilder(_) => both("请自行构建并加上 --no-build", "build it yourself and give --no-build"),
            Self::Build(_) => both(
                "请按上面的提示修改；保存后会自动重新构建",
                "mend what it names above: it is built again when you save",
            ),
            Self::Package(_) | Self::Component(_) | Self::Refused(_) => both(
                "请修改后保存；在此之前由原来的版本继续服务",
                "mend it and save; the version before serves until then",
            ),
            Self::City(_) => both(
                "如用了 --data，请换一个空文件夹；权限设置没有默认值时，请在 app.toml 写 default 或 examples",
                "with --data, try an empty folder; where a setting has no value, give it a `default` or `examples` in app.toml",
            ),
            Self::Unusable(..) => {
                both("请检查它是否存在、能否读写", "check that it is there and may be read and written")
            }
            Self::Machine(_) => both("请检查内存与进程数上限", "look at the limits of memory and processes"),
        }
    }

    /// What stands on the bar: the compiler's words, where there are some.
    pub(super) fn story(&self, lang: Lang) -> String {
        let text = self.text().get(lang).to_owned();
        match self {
            Self::Build(words) => format!("{text}\n\n{words}"),
            _ => text,
        }
    }

    /// Tells it in the terminal. What the compiler wrote stands there already.
    pub(super) fn tell(&self, lang: Lang) {
        eprintln!("{}{}", lang.pick("错误：", "error: "), self.text().get(lang));
        eprintln!("  → {}", self.next().get(lang));
    }
}
