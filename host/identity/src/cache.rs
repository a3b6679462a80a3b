//! A bounded cache whose entries are never older than the last invalidation.

use parking_lot::Mutex;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Values by key.
///
/// The race that matters: a reader loads a value, a writer commits another one and invalidates,
/// and only then the reader inserts what it has loaded. So a reader takes the [`Cache::epoch`]
/// before it loads, and [`Cache::insert`] does nothing when an invalidation came between.
pub(crate) struct Cache<K, V> {
    state: Mutex<State<K, V>>,
    capacity: usize,
}

struct State<K, V> {
    map: HashMap<K, V>,
    epoch: u64,
}

/// The state of a cache before something was loaded for it.
#[derive(Clone, Copy)]
pub(crate) struct Epoch(u64);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { state: Mutex::new(State { map: HashMap::new(), epoch: 0 }), capacity }
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.state.lock().map.get(key).cloned()
    }

    /// To be taken before the value is read from the store.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.state.lock().epoch)
    }

    /// Keeps a value, unless something was invalidated since `epoch`.
    pub(crate) fn insert(&self, epoch: Epoch, key: K, value: V) {
        let mut state = self.state.lock();
        if state.epoch == epoch.0 {
            // A full cache starts over: rare, cheap, and no bookkeeping at each hit.
            if state.map.len() >= self.capacity {
                state.map.clear();
            }
            state.map.insert(key, value);
        }
    }

    pub(crate) fn invalidate<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut state = self.state.lock();
        state.epoch += 1;
        state.map.remove(key);
    }

    pub(crate) fn invalidate_all(&self) {
        let mut state = self.state.lock();
        state.epoch += 1;
        state.map.clear();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.state.lock().map.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_loaded_before_an_invalidation_is_not_kept() {
        let cache: Cache<String, u32> = Cache::new(10);
        let epoch = cache.epoch();
        cache.invalidate("a");
        cache.insert(epoch, "a".into(), 1);
        assert_eq!(cache.get("a"), None);
        cache.insert(cache.epoch(), "a".into(), 2);
        assert_eq!(cache.get("a"), Some(2));
    }

    #[test]
    fn it_never_grows_over_its_capacity() {
        let cache: Cache<u32, u32> = Cache::new(3);
        for i in 0..100 {
            cache.insert(cache.epoch(), i, i);
            assert!(cache.len() <= 3);
        }
    }
}
