//! Removing an installation for good, once somebody said what becomes of its data.

use super::export::rests;
use super::{OperationError, Operations, PLATFORM, invalid};
use yunlong_installations::{Installation, Status};
use yunlong_model::{Digest, InstallationName};
use yunlong_payments::{Held, PaymentError};

/// What becomes of the data of an installation that is removed. Records that a law demands to keep are exported
/// first: nobody removes an app without having been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItsData {
    /// It was exported into the file with this digest. It is taken at its word only while it rests and nothing in it
    /// has changed since.
    Exported(Digest),
    /// Nothing of it is to be kept.
    Erase,
}

impl ItsData {
    /// From the words that a form and the API carry: what becomes of it, and the digest of the file.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] names the field: nothing was said, or something else, or not which file.
    pub(crate) fn read(data: &str, digest: &str) -> Result<Self, OperationError> {
        match data {
            "erase" => Ok(Self::Erase),
            "exported" => digest.trim().parse().map(Self::Exported).map_err(|_| {
                invalid(
                    "digest",
                    "请给出所导出文件的校验值（digest=sha256:…）：就在文件的最后一行",
                    "Give the digest of the exported file (digest=sha256:…): it stands in the file's last line",
                )
            }),
            _ => Err(invalid(
                "data",
                "请写明数据如何处理：先暂停应用并用 POST …/export 导出，再加 ?data=exported&digest=sha256:…；不需要留存则加 ?data=erase",
                "Say what becomes of its data: stop it and export it with POST …/export, then give ?data=exported&digest=sha256:…; or ?data=erase when nothing is to be kept",
            )),
        }
    }

    /// What stands in the trail.
    fn told(self) -> String {
        match self {
            Self::Exported(digest) => format!("exported {digest}"),
            Self::Erase => "erase".to_owned(),
        }
    }
}

impl Operations {
    /// Removes an installation and all its data for good; its name stays reserved. Calls that are
    /// under way are waited for, so that nothing is written behind the removal.
    ///
    /// # Errors
    /// As [`Operations::stop`]; [`OperationError::StillRunning`] when calls do not end: it is stopped
    /// then, and can be removed later. [`PaymentError::StillHeld`] while it holds payers' money in escrow.
    pub async fn uninstall(&self, name: &InstallationName, by: &str) -> Result<(), OperationError> {
        self.uninstall_as(name, None, by).await
    }

    /// As [`Operations::uninstall`], for whoever was asked about the data: the answer stands in the trail before the
    /// data is gone.
    ///
    /// # Errors
    /// As [`Operations::uninstall`]. For data that was exported [`OperationError::NotStopped`] and
    /// [`OperationError::ChangedSinceExport`] too; nothing was changed then.
    pub(crate) async fn uninstall_knowing(
        &self,
        name: &InstallationName,
        data: ItsData,
        by: &str,
    ) -> Result<(), OperationError> {
        self.uninstall_as(name, Some(data), by).await
    }

    async fn uninstall_as(
        &self,
        name: &InstallationName,
        data: Option<ItsData>,
        by: &str,
    ) -> Result<(), OperationError> {
        let (name, by) = (name.clone(), by.to_owned());
        self.detached(move |me| async move { me.uninstall_now(&name, data, &by).await }).await
    }

    async fn uninstall_now(
        &self,
        name: &InstallationName,
        data: Option<ItsData>,
        by: &str,
    ) -> Result<(), OperationError> {
        let _turn = self.turn(name).await;
        // Before anything is stopped: whoever settles it needs the app.
        self.holds_nothing(name).await?;
        if let Some(ItsData::Exported(digest)) = data {
            self.is_as_exported(name, digest).await?;
        } else {
            self.set_status(name, Status::Stopped, by).await?;
            self.services.apps.unload(name);
            self.ended(name, None).await?;
        }
        if let Some(data) = data {
            self.services.installations.record(by, "uninstall.confirmed", name.as_str(), &data.told()).await?;
        }
        self.remove(name, by).await
    }

    /// Whether an installation rests, its calls have ended, and its data is what the file with this digest holds.
    /// The turn is taken: nobody starts it meanwhile.
    async fn is_as_exported(&self, name: &InstallationName, digest: Digest) -> Result<(), OperationError> {
        let installation = self.get(name)?;
        if !rests(&installation) {
            return Err(OperationError::NotStopped(name.clone()));
        }
        self.come_to_rest(name).await?;
        if self.digest_of_data(installation).await? != digest {
            return Err(OperationError::ChangedSinceExport(name.clone()));
        }
        Ok(())
    }

    /// Whether no payer's money is held for an installation. It is asked again in the commit that closes its payments.
    async fn holds_nothing(&self, name: &InstallationName) -> Result<(), OperationError> {
        let Held { held, refunding } = self.services.payments.held(name).await.map_err(PaymentError::from)?;
        if held == 0 && refunding == 0 {
            return Ok(());
        }
        Err(PaymentError::StillHeld { held, refunding }.into())
    }

    /// Removes an installation in which nothing runs. Each step may be done twice: what is cut short
    /// behind the first is finished at the next start.
    async fn remove(&self, name: &InstallationName, by: &str) -> Result<(), OperationError> {
        // Nobody pays it any more, and what is on its way goes back when it arrives. First, since this is refused while
        // payers' money is held: then nothing has begun.
        self.services.payments.close(name).await?;
        // From here on nobody can put anything into its queue, payments' callbacks included.
        self.services.messaging.close(name).await?;
        // Nothing is uploaded any more, and what was goes.
        self.services.files.close(name).await?;
        // Its grants end before its consents do: nothing is read in between.
        self.services.hub.end_installation(name, &self.actor_of(by).await).await?;
        self.services.identity.forget_installation(name, by).await?;
        self.services.installations.uninstall(name, by).await?;
        self.forget_automatic(name).await?;
        self.forget_files();
        tracing::info!(installation = %name, by, "uninstalled");
        Ok(())
    }

    /// Finishes a removal that was cut short, and answers whether there was one: without messages and payments the
    /// installation must not serve again.
    pub(super) async fn finish_removal(&self, installation: &Installation) -> Result<bool, OperationError> {
        let name = &installation.name;
        let unpaid = self.services.payments.was_closed(name).await.map_err(PaymentError::from)?;
        let begun = unpaid || self.services.messaging.is_closed(name).await?;
        if begun {
            tracing::warn!(installation = %name, "its removal was cut short and is finished now");
            self.remove(name, PLATFORM).await?;
        }
        Ok(begun)
    }
}
