//! Why a request to the service failed.

use crate::{Capability, ConfigProblem};
use yunlong_audit::AuditError;
use yunlong_model::{AppName, Digest, InstallationName, Text};
use yunlong_store::{CommitError, StoreError};

/// Why an installation was not installed, changed or removed. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallationError {
    /// The name is in use.
    #[error("`{0}` is installed already: choose another name with --name, or upgrade it")]
    Taken(InstallationName),
    /// The name was in use.
    #[error("`{0}` was used before, and a name is never used again: choose another with --name")]
    FormerlyUsed(InstallationName),
    /// There is no such installation.
    #[error("there is no installation `{0}`: `yunlong apps` lists those that there are")]
    NotFound(InstallationName),
    /// The package is another app's.
    #[error(
        "`{installation}` is an installation of `{installed}`: `{offered}` cannot replace it, install it under a name of its own"
    )]
    OtherApp {
        /// The installation.
        installation: InstallationName,
        /// Its app.
        installed: AppName,
        /// The app of the package.
        offered: AppName,
    },
    /// The version is older than one that is known.
    #[error("version {offered} is older than {known}, which this city has installed: install {known} or a newer one")]
    OlderVersion {
        /// The version of the package.
        offered: semver::Version,
        /// The newest version known.
        known: semver::Version,
    },
    /// The version is known with another digest: a release never changes.
    #[error(
        "version {version} is known as {known}, this package is {offered}: a release never changes, publish a new version"
    )]
    ChangedDigest {
        /// The version.
        version: semver::Version,
        /// The digest that is known.
        known: Digest,
        /// The digest of the package.
        offered: Digest,
    },
    /// The app is another vendor's.
    #[error(
        "`{app}` belongs to the vendor `{known}`, this package is by `{offered}`: an app keeps its vendor, choose another name"
    )]
    OtherVendor {
        /// The app.
        app: AppName,
        /// The vendor that is known.
        known: String,
        /// The vendor whose key signed the package.
        offered: String,
    },
    /// It runs this very package.
    #[error("`{installation}` runs version {version} already: choose another version, or leave it as it is")]
    Runs {
        /// The installation.
        installation: InstallationName,
        /// Its version.
        version: semver::Version,
    },
    /// Another upgrade is not over.
    #[error("an upgrade of `{0}` is under way: promote or abort it, roll it back, or wait until its trial is over")]
    UnderWay(InstallationName),
    /// The release in charge is another one by now.
    #[error("another version has charge of `{0}` by now: look at it again")]
    NotInCharge(InstallationName),
    /// It changed between the question whether to go back and the commit.
    #[error("`{0}` was changed meanwhile: look at it again, then go back")]
    Changed(InstallationName),
    /// The registry lets this version be used no longer.
    #[error("{}", .0.en)]
    Withdrawn(Text),
    /// There is no canary.
    #[error("no canary of `{0}` is under way: there is nothing to promote or to abort")]
    NothingUnderWay(InstallationName),
    /// The app asks for more than was approved.
    #[error("the app asks for permissions that were not approved: {}. Approve all that it asks for, or do not install it", list(.0))]
    NotApproved(Vec<Capability>),
    /// Something was approved that the app does not ask for.
    #[error("permissions were approved that the app does not ask for: {}. Approve exactly those that it asks for", list(.0))]
    NotRequested(Vec<Capability>),
    /// Values that the configuration's schema refuses.
    #[error("the configuration is refused: {}", .0.iter().map(|p| format!("{}: {}", p.field, p.problem.en)).collect::<Vec<_>>().join("; "))]
    Config(Vec<ConfigProblem>),
    /// The audit did not take what was to be told.
    #[error(transparent)]
    Audit(AuditError),
    /// The commit was refused.
    #[error(transparent)]
    Commit(CommitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl InstallationError {
    /// What a person reads: what is wrong, and what to do.
    #[must_use]
    pub fn text(&self) -> Text {
        Text { zh: self.chinese(), en: self.to_string() }
    }

    fn chinese(&self) -> String {
        // Their ids are names, the same in every language.
        let ids = |all: &[Capability]| all.iter().map(|c| format!("“{c}”")).collect::<Vec<_>>().join("、");
        match self {
            Self::Taken(name) => format!("“{name}”已被使用，请换一个"),
            Self::FormerlyUsed(name) => format!("“{name}”曾被使用，不能再用，请换一个"),
            Self::NotFound(name) => format!("没有安装“{name}”：可能已被卸载"),
            Self::OtherApp { installation, installed, offered } => {
                format!("“{installation}”安装的是“{installed}”，不能换成“{offered}”：请用另一个名称安装")
            }
            Self::OlderVersion { offered, known } => {
                format!("版本 {offered} 低于已知的 {known}，不能安装旧版本：请安装 {known} 或更新的版本")
            }
            Self::ChangedDigest { version, known, offered } => {
                format!("版本 {version} 是 {known}，而此安装包是 {offered}：已发布的版本不会改变，请发布新版本")
            }
            Self::OtherVendor { app, known, offered } => {
                format!("应用“{app}”属于开发商“{known}”，此安装包由“{offered}”签名：应用不能更换开发商，请另取名称发布")
            }
            Self::Runs { version, .. } => format!("已在运行版本 {version}：请选择其他版本，或保持不变"),
            Self::UnderWay(_) => {
                "该应用的一次升级还没有结束：请先全量发布或中止灰度、退回旧版本，或等待观察期结束。".into()
            }
            Self::NotInCharge(_) => "现在运行的已是另一个版本，请刷新页面后再看。".into(),
            Self::Changed(_) => "它刚刚有变化，请刷新页面后再退回。".into(),
            Self::Withdrawn(text) => text.zh.clone(),
            Self::NothingUnderWay(_) => "没有正在进行的灰度发布，无须全量发布或中止。".into(),
            Self::NotApproved(all) => {
                format!("应用申请的权限没有全部批准，缺少：{}。请全部批准，或不安装", ids(all))
            }
            Self::NotRequested(all) => {
                format!("批准了应用没有申请的权限：{}。请只批准它申请的权限", ids(all))
            }
            Self::Config(problems) => {
                let all: Vec<_> =
                    problems.iter().map(|p| format!("设置“{}”不被接受：{}", p.field, p.problem.zh)).collect();
                all.join("；")
            }
            Self::Audit(e) => format!("无法写入审计日志，请稍后再试（{e}）"),
            Self::Commit(e) => format!("无法保存，请稍后再试（{e}）"),
            Self::Store(e) => format!("存储出现故障，请稍后再试（{e}）"),
        }
    }
}

impl From<AuditError> for InstallationError {
    fn from(e: AuditError) -> Self {
        match e {
            AuditError::Commit(e) => e.into(),
            other => Self::Audit(other),
        }
    }
}

impl From<CommitError> for InstallationError {
    fn from(e: CommitError) -> Self {
        match e {
            CommitError::Store(e) => Self::Store(e),
            other => Self::Commit(other),
        }
    }
}
