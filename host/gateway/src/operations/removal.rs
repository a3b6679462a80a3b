//! Removing an installation for good, once somebody said what becomes of its data.

use super::{OperationError, Operations};
use yunlong_model::InstallationName;

/// What becomes of the data of an installation that is removed. Records that a law demands to keep are exported
/// first: nobody removes an app without having been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItsData {
    /// It was exported.
    Exported,
    /// Nothing of it is to be kept.
    Erase,
}

impl ItsData {
    /// From the word that a form and the API carry; `None` when nothing was said, or something else.
    pub(crate) fn find(word: &str) -> Option<Self> {
        [Self::Exported, Self::Erase].into_iter().find(|d| d.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Erase => "erase",
        }
    }
}

impl Operations {
    /// As [`Operations::uninstall`], for whoever was asked about the data: the answer stands in the trail before the
    /// data is gone.
    ///
    /// # Errors
    /// As [`Operations::uninstall`].
    pub(crate) async fn uninstall_knowing(
        &self,
        name: &InstallationName,
        data: ItsData,
        by: &str,
    ) -> Result<(), OperationError> {
        self.services.installations.record(by, "uninstall.confirmed", name.as_str(), data.word()).await?;
        self.uninstall(name, by).await
    }
}
