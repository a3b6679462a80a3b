//! How much an installation may store.

use std::collections::BTreeMap;
use yunlong_model::InstallationName;

/// Bytes that installations may store. The store counts them in the commit that writes them; the
/// runtime holds an app's own writes to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    each: u64,
    single: BTreeMap<String, u64>,
}

impl Default for Quotas {
    /// 4 GiB each.
    fn default() -> Self {
        Self::new(4 << 30, BTreeMap::new())
    }
}

impl Quotas {
    /// `each` bytes for an installation, and other numbers for those that are named.
    #[must_use]
    pub fn new(each: u64, single: BTreeMap<String, u64>) -> Self {
        Self { each, single }
    }

    /// Bytes for this one.
    #[must_use]
    pub fn of(&self, name: &InstallationName) -> u64 {
        self.single.get(name.as_str()).copied().unwrap_or(self.each)
    }
}
