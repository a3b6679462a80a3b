//! What sharing and reading keep in memory: caches behind what the store holds.

use crate::read::denials::Denials;
use crate::sharing::Order;
use crate::sharing::grants::GrantsOf;
use crate::sharing::kept::Kept;
use std::sync::Arc;
use yunlong_model::InstallationName;

/// The caches of sharing and reading. A change invalidates them behind its commit, so that it has its
/// effect at the next call. This relies on one process writing, as the identity service does.
#[derive(Default)]
pub(crate) struct SharingState {
    /// The grants of each installation.
    pub(crate) grants: Kept<InstallationName, Arc<GrantsOf>>,
    /// The legal orders that were not ended by hand; there is one list.
    pub(crate) orders: Kept<(), Arc<Vec<Order>>>,
    /// Denials of the last minute.
    pub(crate) denials: Denials,
    /// Told when a bulk job was started.
    pub(crate) work: tokio::sync::Notify,
}
