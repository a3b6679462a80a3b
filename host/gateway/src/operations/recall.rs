//! When the city recalls a version: what runs it stops at once, and those who look after it are told. A recall that
//! was cut short, or that the server slept through, is made good by the next look and by the next start.

use super::{OperationError, Operations, PLATFORM};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use yunlong_installations::{Installation, Level, Status, Why};
use yunlong_messaging::Notice;
use yunlong_model::{Digest, Text};
use yunlong_publications::{PublicationError, Release, Yank};
use yunlong_registry::KeyId;

/// The most characters of a notice's body.
const MAX_BODY: usize = 1_000;

/// What befell an installation whose version was recalled.
#[derive(Clone, Copy)]
enum Met {
    /// It served, and is stopped.
    Stopped,
    /// A person had paused it.
    Paused,
    /// It tried the version beside another one.
    Tried,
}

impl Operations {
    /// The recall of a package, if the city recalled it.
    pub(super) async fn recalled(&self, package: &Digest) -> Result<Option<(Release, Yank)>, OperationError> {
        match self.publications().release(package).await {
            Ok(release) => {
                let yank = release.yank.clone().filter(|y| y.recalled);
                Ok(yank.map(|yank| (release, yank)))
            }
            // What is not published here cannot have been recalled.
            Err(PublicationError::NoSuchPackage(_)) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Stops all that runs a recalled version, and tells everybody who uses it. One installation that cannot be
    /// stopped holds up no other; it is tried again at the next look.
    pub(super) async fn stop_recalled(&self, release: &Release, yank: &Yank) {
        for i in self.services.installations.users_of(&release.digest).await {
            match self.hold(&i, release, yank).await {
                Ok(true) => {}
                Ok(false) => self.tell_of_recall(&i, release, yank, Met::Paused).await,
                Err(error) => {
                    tracing::error!(installation = %i.name, digest = %release.digest, %error, "what runs a recalled version is not stopped yet: it is tried again");
                }
            }
        }
    }

    /// Stops one installation, if it runs or tries the recalled version, and tells those who look after it; answers
    /// whether there was something to stop.
    pub(super) async fn hold(
        &self,
        i: &Arc<Installation>,
        release: &Release,
        yank: &Yank,
    ) -> Result<bool, OperationError> {
        let (name, package) = (&i.name, &release.digest);
        let why = Why::Refused { says: reason(yank) };
        let Some(held) = self.services.installations.recall(name, package, &yank.by, &why).await? else {
            return Ok(false);
        };
        // Requests that are under way end now, and what they had not committed with them.
        self.services.apps.hasten(name, package, Some(Duration::ZERO));
        // Only this release: another one may be on its way to take its place.
        self.services.apps.unstage(name, package);
        tracing::warn!(installation = %name, digest = %package, by = yank.by, "what ran a recalled version is stopped");
        let met = match held.status {
            Status::Recalled => Met::Stopped,
            Status::Stopped if held.package_digest == *package => Met::Paused,
            _ => Met::Tried,
        };
        self.tell_of_recall(&held, release, yank, met).await;
        Ok(true)
    }

    /// Looks whether anything still runs a version that was recalled.
    pub(super) async fn look_for_recalled(&self) -> Result<(), OperationError> {
        let mut packages = BTreeSet::new();
        for i in self.services.installations.list() {
            if matches!(i.status, Status::Running | Status::Migrating | Status::Failed(_)) {
                packages.insert(i.package_digest);
            }
            packages.extend(i.canary().map(|c| c.release.package_digest));
        }
        for package in packages {
            let Some((release, yank)) = self.recalled(&package).await? else { continue };
            for i in self.services.installations.users_of(&package).await {
                self.hold(&i, &release, &yank).await?;
            }
        }
        Ok(())
    }

    async fn tell_of_recall(&self, i: &Installation, release: &Release, yank: &Yank, met: Met) {
        let version = &release.version;
        let (zh, en) = match met {
            Met::Stopped => ("服务已停止", "the service is stopped"),
            Met::Paused => ("不能再恢复服务", "it cannot be resumed"),
            Met::Tried => ("灰度发布已中止，原版本继续服务", "its canary is over, and the version in charge goes on"),
        };
        let title = Text {
            zh: format!("版本 {version} 已被城市召回，{zh}"),
            en: format!("The city recalled version {version}: {en}"),
        };
        let Text { zh, en } = reason(yank);
        let body = match met {
            Met::Tried => Text { zh, en },
            Met::Stopped | Met::Paused => Text {
                zh: format!(
                    "{zh}。数据、消息和定时任务都保留着。请在控制台升级到其他版本，或退回以前运行过的版本，服务即恢复。"
                ),
                en: format!(
                    "{en}. Its data, messages and jobs are all kept. Upgrade it to another version at the console, or roll it back to one that it ran before: then it serves again."
                ),
            },
        };
        self.tell_department(i, title, body).await;
    }

    /// Tells everybody who uses a version that it is offered no longer; it goes on running.
    pub(super) async fn tell_of_yank(&self, release: &Release, yank: &Yank) {
        let version = &release.version;
        for i in self.services.installations.users_of(&release.digest).await {
            let title = Text {
                zh: format!("正在使用的版本 {version} 已下架"),
                en: format!("Version {version}, which it runs, is offered no longer"),
            };
            let body = Text {
                zh: format!("原因：{}。服务不受影响，请安排升级。", yank.reason),
                en: format!("Why: {}. It goes on running; plan an upgrade.", yank.reason),
            };
            self.tell_department(&i, title, body).await;
        }
    }

    /// Tells everybody who uses a version whose key was revoked, so that it is in doubt.
    pub(super) async fn tell_of_doubt(&self, key: &KeyId) -> Result<(), OperationError> {
        for release in self.publications().in_doubt(key).await? {
            let version = &release.version;
            for i in self.services.installations.users_of(&release.digest).await {
                let title = Text {
                    zh: format!("版本 {version} 的签名密钥已吊销"),
                    en: format!("The key that signed version {version} was revoked"),
                };
                let body = Text {
                    zh: "服务目前继续运行，但重新启动后不能再载入，除非城市决定保留这个版本。请安排升级。".into(),
                    en: "It goes on running for now, but is not loaded again after a restart unless the city keeps this version. Plan an upgrade.".into(),
                };
                self.tell_department(&i, title, body).await;
            }
        }
        Ok(())
    }

    /// Tells a department of what became of its installation: in its log, and in the inboxes of whoever installed it,
    /// whoever lets it upgrade by itself, and the organization's administrators.
    pub(super) async fn tell_department(&self, i: &Installation, title: Text, body: Text) {
        let name = &i.name;
        self.services.installations.log().append(name, Level::Error, &format!("{}: {}", title.en, body.en), None);
        let short = |text: String| text.chars().take(MAX_BODY).collect();
        let app = &i.manifest.title;
        let notice = Notice {
            title: Text { zh: format!("{}：{}", app.zh, title.zh), en: format!("{}: {}", app.en, title.en) },
            body: Text { zh: short(body.zh), en: short(body.en) },
            path: None,
        };
        let mut people = BTreeSet::from([i.installed_by.clone()]);
        people.extend(self.automatic(name).await.ok().flatten().map(|a| a.by));
        match self.services.identity.administrators_of(&i.organization).await {
            Ok(administrators) => people.extend(administrators),
            Err(error) => tracing::warn!(installation = %name, %error, "its administrators are not known"),
        }
        people.remove(PLATFORM);
        for account in &people {
            if let Err(error) = self.note(account, name, notice.clone()).await {
                tracing::warn!(installation = %name, account, %error, "an administrator could not be told");
            }
        }
    }
}

fn reason(yank: &Yank) -> Text {
    Text {
        zh: format!("城市召回了这个版本，原因：{}", yank.reason),
        en: format!("the city recalled this version: {}", yank.reason),
    }
}
