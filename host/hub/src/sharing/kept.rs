//! What is kept in memory behind the store, and is never older than the last change.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;

/// Values by key, loaded when they are asked for.
///
/// A reader may have loaded a value while a writer replaces it. So the reader says which change was the
/// last one when it began ([`Kept::changes`]), and its value is kept only if there was none since.
pub(crate) struct Kept<K, V> {
    inside: Mutex<Inside<K, V>>,
}

struct Inside<K, V> {
    values: HashMap<K, V>,
    changes: u64,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { inside: Mutex::new(Inside { values: HashMap::new(), changes: 0 }) }
    }
}

/// More are not kept: all are forgotten and loaded again when they are needed.
const CAPACITY: usize = 10_000;

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.inside.lock().values.get(key).cloned()
    }

    /// How many changes there were: to be asked before a value is loaded.
    pub(crate) fn changes(&self) -> u64 {
        self.inside.lock().changes
    }

    /// Keeps what was loaded after `changes` changes.
    pub(crate) fn keep(&self, changes: u64, key: K, value: V) {
        let mut inside = self.inside.lock();
        if inside.changes != changes {
            return;
        }
        if inside.values.len() >= CAPACITY {
            inside.values.clear();
        }
        inside.values.insert(key, value);
    }

    /// Something has changed: it is loaded again when it is asked for next.
    pub(crate) fn changed(&self, key: &K) {
        let mut inside = self.inside.lock();
        inside.changes += 1;
        inside.values.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_loaded_before_a_change_is_not_kept() {
        let kept: Kept<&str, u32> = Kept::default();
        let before = kept.changes();
        kept.changed(&"grant");
        kept.keep(before, "grant", 1);
        assert_eq!(kept.get(&"grant"), None);
        kept.keep(kept.changes(), "grant", 2);
        assert_eq!(kept.get(&"grant"), Some(2));
        kept.changed(&"grant");
        assert_eq!(kept.get(&"grant"), None);
    }
}
