//! What one installation may have of what all share: places and memory. Its releases have it
//! together, so that one with a canary gets no more than others.

use crate::config::RuntimeConfig;
use crate::engine::Profile;
use crate::limits::Reserve;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use tokio::sync::Semaphore;
use yunlong_model::InstallationName;

/// The share of one installation.
#[derive(Debug)]
pub(crate) struct Share {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    concurrent: Arc<Semaphore>,
    pub(crate) memory: Arc<Reserve>,
}

impl Share {
    /// Its places in the pool of a profile.
    pub(crate) fn places(&self, profile: Profile) -> &Arc<Semaphore> {
        match profile {
            Profile::Small => &self.small,
            Profile::Large => &self.large,
            Profile::Concurrent => &self.concurrent,
        }
    }
}

/// The shares of the installations that have a release loaded, or calls that still run in one.
#[derive(Default)]
pub(crate) struct Shares(Mutex<HashMap<InstallationName, Weak<Share>>>);

impl Shares {
    /// The share of an installation: the one that its other releases have, if there are any.
    pub(crate) fn of(&self, name: &InstallationName, config: &RuntimeConfig, all_memory: usize) -> Arc<Share> {
        let mut shares = self.0.lock();
        if let Some(share) = shares.get(name).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Share {
            small: Arc::new(Semaphore::new(config.share(Profile::Small))),
            large: Arc::new(Semaphore::new(config.share(Profile::Large))),
            concurrent: Arc::new(Semaphore::new(config.share(Profile::Concurrent))),
            memory: Arc::new(Reserve::new(all_memory / 2)),
        });
        shares.insert(name.clone(), Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_releases_of_an_installation_have_one_share_and_others_their_own() {
        let (shares, config) = (Shares::default(), RuntimeConfig::new("unused", [0; 32]));
        let of = |name: &str| shares.of(&name.parse().unwrap(), &config, 8 << 20);
        let first = of("tickets");
        assert!(Arc::ptr_eq(&first, &of("tickets")) && !Arc::ptr_eq(&first, &of("news")));
        assert_eq!(first.memory.limit(), 4 << 20);
        assert_eq!(first.places(Profile::Small).available_permits(), config.share(Profile::Small));
        assert_eq!(first.places(Profile::Large).available_permits(), config.share(Profile::Large));
        drop(first);
        of("park");
        assert_eq!(shares.0.lock().len(), 1, "what nobody has is forgotten");
    }
}
