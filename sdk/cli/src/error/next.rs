//! What to do after an error, in the language of the terminal.

use super::CliError;
use yunlong_model::Lang;
use yunlong_registry::{KeyError, PackageError};

impl CliError {
    /// What to do next, in the terminal's language.
    #[must_use]
    pub fn next(&self) -> String {
        self.next_in(crate::terminal::lang())
    }

    pub(super) fn next_in(&self, lang: Lang) -> String {
        let (zh, en) = match self {
            Self::Usage { next, .. } | Self::Toolchain { next, .. } => return next.clone(),
            Self::SignedOut(server) => {
                return match lang {
                    Lang::Zh => format!("登录：`yunlong login --server {server}`"),
                    Lang::En => format!("sign in with `yunlong login --server {server}`"),
                };
            }
            Self::NotRemoved { name, file, why } => return after_export(name, file, why, lang),
            Self::SecondFactor => ("输入验证码，或设 YUNLONG_CODE", "type it, or set YUNLONG_CODE"),
            Self::StepUp => (
                "再用 `yunlong login` 登录一次，然后重复命令",
                "sign in again with `yunlong login`, then repeat the command",
            ),
            Self::ChecksFailed(_) => (
                "改正上面标有 FAIL 的各项，用 `yunlong build` 构建后再检查",
                "correct what is marked FAIL above, build with `yunlong build` and look again",
            ),
            Self::RowsRefused { .. } => (
                "改正这些行后重新导入；其余各行已经导入",
                "correct these rows and import them again; the others are loaded",
            ),
            Self::Unreachable { .. } => (
                "检查网址（--server 或 YUNLONG_SERVER），以及平台是否在运行；本机试用：在另一个终端运行 `yunlong serve --demo`",
                "check the address (--server or YUNLONG_SERVER) and that the platform runs; to try it on this machine: `yunlong serve --demo` in another terminal",
            ),
            Self::Component(_) => (
                "修改 app.toml 或代码，用 `yunlong build` 构建，再用 `yunlong check` 检查",
                "change app.toml or the code, build with `yunlong build`, and look again with `yunlong check`",
            ),
            Self::RegistryUnreachable { .. } => (
                "检查仓库的网址：演示城市的是 http://localhost:5000，其他城市请问运维人员",
                "check the registry's address; the demo's is http://localhost:5000, a city's operator tells its own",
            ),
            Self::Declined => (
                "确实要做时重复命令，并回答 y，或加 --yes",
                "repeat the command, and say yes to it or give --yes, when it is meant",
            ),
            Self::Refused { status, .. } => after_refusal(*status),
            Self::Registry { status, code, .. } => after_refusal_by_registry(*status, code),
            Self::Io { source, .. } => after_io(source),
            Self::Key(e) => after_key(e),
            Self::Package(e) => after_package(e),
        };
        lang.pick(zh, en).to_owned()
    }
}

type Both = (&'static str, &'static str);

fn after_io(e: &std::io::Error) -> Both {
    use std::io::ErrorKind as Kind;
    match e.kind() {
        Kind::NotFound => ("检查路径", "check the path"),
        Kind::AlreadyExists => {
            ("换一个名称：已有的文件不会被覆盖", "choose another name: existing files are not overwritten")
        }
        Kind::PermissionDenied => {
            ("换一个您有权使用的位置，或修改其权限", "choose a place that you may use, or change its permissions")
        }
        Kind::StorageFull => (
            "腾出磁盘空间，或换一个位置，然后重复命令",
            "make room on the disk, or choose another place, then repeat the command",
        ),
        _ => ("处理系统所说的问题，然后重复命令", "mend what the operating system says, then repeat the command"),
    }
}

fn after_key(e: &KeyError) -> Both {
    match e {
        KeyError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => (
            "检查名称或路径：`yunlong keys list` 列出您的密钥，`yunlong keys generate` 生成一把",
            "check its name or path: `yunlong keys list` shows those in your keys folder, `yunlong keys generate` makes one",
        ),
        KeyError::Io { source, .. } => after_io(source),
        KeyError::Malformed(_) => (
            "给出 `yunlong keys generate` 生成的密钥，或用 `openssl pkcs8 -topk8 -nocrypt` 转换您的密钥",
            "give a key that `yunlong keys generate` made, or write yours so with `openssl pkcs8 -topk8 -nocrypt`",
        ),
        KeyError::Exposed(_) => (
            "对它运行 `chmod 600`；如果可能有人读过，请生成新密钥并吊销这一把",
            "run `chmod 600` on it; if somebody may have read it, make a new key and revoke this one",
        ),
    }
}

/// What to do after a package was not built or read.
fn after_package(e: &PackageError) -> Both {
    match e {
        PackageError::Io { what, source }
            if source.kind() == std::io::ErrorKind::NotFound && what.ends_with("app.toml") =>
        {
            (
                "在应用的文件夹里运行，或写出文件夹：`yunlong package DIR`",
                "run this in the app's folder, or give the folder: `yunlong package DIR`",
            )
        }
        PackageError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ("检查路径；安装包由 `yunlong package` 生成", "check the path; `yunlong package` makes packages")
        }
        PackageError::Io { source, .. } => after_io(source),
        PackageError::DigestMismatch { .. } => (
            "不要使用它：它在途中损坏或被改动。请向开发商重新索取，或用 `yunlong package pull` 重新下载；如果那里的也一样，请告诉仓库的运维人员",
            "do not use it: it was damaged or changed on its way. Get it again from its vendor or with `yunlong package pull`; if it is changed there too, tell the registry's operator",
        ),
        PackageError::NotAPackage(_) => (
            "给出 `yunlong package` 或 `yunlong package pull` 生成的文件或文件夹",
            "give a file or folder that `yunlong package` or `yunlong package pull` made",
        ),
        PackageError::TooLarge { .. } => (
            "把它变小：减少静态文件，组件用 `opt-level = \"s\"` 构建并去掉符号；然后重新 `yunlong package`",
            "make it smaller: less in assets, the component built with `opt-level = \"s\"` and stripped; then run `yunlong package` again",
        ),
        PackageError::Compressed { .. } => (
            "用不压缩的 `yunlong publish` 推送，再拉取一次",
            "push it with `yunlong publish`, which does not compress, then pull it again",
        ),
        PackageError::Manifest(_) => (
            "改正 app.toml，然后重复命令；开发商手册列出每张表",
            "correct app.toml, then repeat the command; the vendor's guide lists every table",
        ),
        PackageError::Component(_) => (
            "用 `yunlong build`，或别的能生成 wasm32-wasip2 的工具链构建组件",
            "make the component with `yunlong build`, or with another toolchain for wasm32-wasip2",
        ),
        PackageError::Path(_) | PackageError::NotAFile(_) => (
            "从静态文件中去掉它，或换成名称普通的普通文件，然后重新 `yunlong package`",
            "take it out of the assets, or put a plain file with a plain name there, then run `yunlong package` again",
        ),
        PackageError::Duplicate(_)
        | PackageError::MediaType { .. }
        | PackageError::Layers(_)
        | PackageError::Missing(_)
        | PackageError::Stray(_)
        | PackageError::Malformed { .. } => (
            "用 `yunlong package` 重新打包，或向开发商索取，或用 `yunlong package pull` 下载",
            "make the package again with `yunlong package`, or get it again from its vendor or with `yunlong package pull`",
        ),
    }
}

/// What to do when the file is whole and the installation is still there, or may be.
fn after_export(name: &str, file: &str, why: &CliError, lang: Lang) -> String {
    let again = format!("`yunlong uninstall {name} --exported {file}`");
    match (why, lang) {
        // It may have been removed, and only the answer was lost.
        (CliError::Unreachable { .. }, Lang::Zh) => {
            format!("平台恢复后用 `yunlong apps` 看它是否还在；还在就运行 {again}")
        }
        (CliError::Unreachable { .. }, Lang::En) => {
            format!("see with `yunlong apps` whether it is still there once the platform answers; if so, {again}")
        }
        (CliError::Refused { status: 409, .. }, Lang::Zh) => {
            format!("按它说的处理；{again} 用这个文件再试，`yunlong uninstall {name} --export OTHER` 另导出一份")
        }
        (CliError::Refused { status: 409, .. }, Lang::En) => format!(
            "do as it says; {again} tries it again with this file, `yunlong uninstall {name} --export OTHER` makes a new one"
        ),
        (why, Lang::Zh) => format!("{}；用这个文件：{again}", why.next_in(lang)),
        (why, Lang::En) => format!("{}; with this file: {again}", why.next_in(lang)),
    }
}

/// What to do after a registry refused: by the codes of distribution-spec, then by the status.
fn after_refusal_by_registry(status: u16, code: &str) -> Both {
    match (code, status) {
        ("UNAUTHORIZED", _) | (_, 401) => (
            "登录：`yunlong login`，或用 --account 给出仓库的账号（publish：--registry-account）",
            "sign in: with `yunlong login`, or give the registry's account with --account (publish: --registry-account)",
        ),
        (_, 409) => (
            "版本的内容不再改变：在 app.toml 中提高 version，重新 `yunlong package` 再发布",
            "a version does not change: raise it in app.toml, run `yunlong package` again and publish that",
        ),
        ("DENIED", _) | (_, 403) => (
            "用该仓库所属开发商的账号：仓库名以 app.toml 中的开发商名称开头",
            "use an account of the vendor whose repository it is: a repository begins with the vendor's name in app.toml",
        ),
        ("NAME_INVALID", _) => (
            "用 --repository 换一个名称：小写字母、数字、`-`、`.` 和 `/`",
            "give another name with --repository: lower-case letters, digits, `-`, `.` and `/`",
        ),
        (_, 404) => (
            "检查仓库和版本；`wkg`、`oras` 和 `skopeo list-tags` 列出版本",
            "check the repository and the version; `wkg`, `oras` and `skopeo list-tags` list versions",
        ),
        (_, 413) => (
            "把安装包变小：减少静态文件，组件用 `opt-level = \"s\"` 构建并去掉符号",
            "make the package smaller: less in assets, the component built with `opt-level = \"s\"` and stripped",
        ),
        ("TOOMANYREQUESTS", _) | (_, 429) => (
            "等一分钟再重复命令：已在那里的不会重发",
            "wait a minute, then repeat the command: what is there is not sent again",
        ),
        (_, 507) => (
            "仓库里这个开发商的空间已满：请问运维人员",
            "the registry has no room left for this vendor: ask its operator",
        ),
        (_, 500..=599) => {
            ("稍后重复命令：已在那里的不会重发", "repeat the command later: what is there is not sent again")
        }
        _ => ("改正所指出的，然后重复命令", "correct what is named, then repeat the command"),
    }
}

/// What to do after an answer of this status, when its text names no field.
fn after_refusal(status: u16) -> Both {
    match status {
        401 => ("登录已结束：用 `yunlong login` 重新登录", "the session has ended: sign in again with `yunlong login`"),
        403 => (
            "用能办这件事的单位的账号登录：`yunlong login --account NAME`",
            "sign in as an account of the department that may do this: `yunlong login --account NAME`",
        ),
        400 => (
            "检查本程序与平台是否同一版本：`yunlong --version`",
            "check that this program and the platform are of one version: `yunlong --version`",
        ),
        404 => (
            "检查名称：`yunlong hub datasets` 列出数据集，`yunlong apps` 列出安装",
            "check the name: `yunlong hub datasets` lists datasets, `yunlong apps` lists installations",
        ),
        409 => (
            "它已改变，或处于另一状态：看一下现状，再决定是否重复命令",
            "it has changed meanwhile or is in another state: look at it again, then decide and repeat the command",
        ),
        413 => (
            "一次少发一些：导入用较小的 --batch，安装包去掉不需要的",
            "send less at once: an import with a smaller --batch, a package without what it does not need",
        ),
        422 => ("改正所指出的，然后重复命令", "correct what is named, then repeat the command"),
        429 => (
            "等一分钟再重复命令：导入和导出从停下处继续",
            "wait a minute, then repeat the command: an import or export goes on where it was",
        ),
        503 | 504 => (
            "稍等片刻再重复命令：导入和导出从停下处继续",
            "wait a little, then repeat the command: an import or export goes on where it was",
        ),
        507 => (
            "平台没有空间了：请运维人员腾出空间，然后重复命令",
            "the platform has no room left: its operator has to make some, then repeat the command",
        ),
        500..=599 => (
            "稍后重复命令；如再失败，把请求编号告诉运维人员",
            "repeat the command later; if it fails again, give the request's number to the operator",
        ),
        _ => (
            "检查网址（--server），以及本程序与平台是否同一版本",
            "check the address (--server), and that this program and the platform are of one version",
        ),
    }
}
