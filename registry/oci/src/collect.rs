//! The collector: closes upload sessions that were given up, and removes blobs that nothing needs.
//!
//! It decides without any clock of the file system and without stopping anybody:
//!
//! 1. A session that has not grown for a while is closed; its bytes are discarded.
//! 2. A manifest goes that was given up before its tag, where the configuration says after how long
//!    ([`Collection::untagged`](crate::config::Collection::untagged)): nothing holds it and nothing refers to it.
//! 3. A repository loses a blob that none of its manifests refers to and that nobody who may push
//!    wanted for a while ([`Collection::grace`](crate::config::Collection::grace)).
//! 4. A blob that no repository has is forgotten in a transaction, and only then its bytes are removed.
//!    Who pushes the same content meanwhile writes to another place.
//! 5. Bytes that neither a session nor a blob's row names are removed: a process died between two
//!    steps. The session is looked up first: it is closed in the transaction that writes the row, and
//!    an id is never used twice, so what has neither never will.

use crate::blobs::Stored;
use crate::digest::Digest;
use crate::error::OciError;
use crate::metadata::blobs::{self, Link};
use crate::metadata::manifests::{self, ManifestRow};
use crate::metadata::{rows, texts, uploads};
use crate::name::RepositoryName;
use crate::registry::{Inner, Registry};
use futures::TryStreamExt as _;
use std::ops::AddAssign;
use yunlong_store::{Direction, Entry, KeyRange, SharedStore, transact};

/// What one run of the collector did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Upload sessions that were closed.
    pub sessions: u64,
    /// Manifests without a tag that nobody refers to.
    pub manifests: u64,
    /// Blobs that a repository lost.
    pub links: u64,
    /// Blobs whose bytes were removed.
    pub blobs: u64,
    /// Left-over bytes of processes that died.
    pub strays: u64,
}

impl AddAssign for Collected {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.manifests += other.manifests;
        self.links += other.links;
        self.blobs += other.blobs;
        self.strays += other.strays;
    }
}

impl Registry {
    /// Runs the collector once, from beginning to end, a bounded step at a time. It is safe beside any
    /// pushes; runs wait for each other, and for [`Registry::hold_collector`].
    ///
    /// # Errors
    /// When the store or the blob storage fails; what was done is done.
    pub async fn collect(&self) -> Result<Collected, OciError> {
        let inner = &*self.0;
        let _turn = inner.collecting.write().await;
        let mut done = Collected { sessions: inner.close_sessions().await?, ..Collected::default() };
        done.manifests = inner.drop_manifests().await?;
        done.links = inner.drop_links().await?;
        done.blobs = inner.drop_blobs().await?;
        done.strays = inner.drop_strays().await?;
        Ok(done)
    }

    /// Runs the collector from time to time, until `stop` completes.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut ticks = tokio::time::interval(self.0.config.collection.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = ticks.tick() => {}
            }
            let collected = tokio::select! {
                () = &mut stop => return,
                collected = self.collect() => collected,
            };
            match collected {
                Ok(done) if done != Collected::default() => tracing::info!(?done, "collected"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the collector did not get through; it tries again"),
            }
        }
    }
}

/// Goes through the rows of a kind, a bounded step at a time.
struct Walk {
    rest: KeyRange,
    step: usize,
}

impl Walk {
    /// The next rows; none at the end.
    async fn next(&mut self, store: &SharedStore) -> Result<Vec<Entry>, OciError> {
        let found = store.scan(&self.rest, Direction::Ascending, self.step).await?;
        if let Some(last) = found.last() {
            self.rest.start = last.key.next();
        }
        tokio::task::yield_now().await;
        Ok(found)
    }
}

impl Inner {
    fn walk(&self, kind: &str) -> Walk {
        Walk { rest: rows(kind).children(), step: self.config.collection.step.max(1) }
    }

    async fn close_sessions(&self) -> Result<u64, OciError> {
        let before = self.ago(self.config.collection.session);
        let (mut walk, mut done) = (self.walk("upload"), 0);
        loop {
            let found = walk.next(&self.store).await?;
            if found.is_empty() {
                return Ok(done);
            }
            for id in found.iter().filter_map(|row| row.key.last_text()?.parse().ok()) {
                let closed = transact!(&self.store, |txn| { uploads::close_idle(txn, id, before).await })?;
                if closed {
                    self.clear(self.blobs.discard(id).await);
                    done += 1;
                }
            }
        }
    }

    async fn drop_manifests(&self) -> Result<u64, OciError> {
        let Some(time) = self.config.collection.untagged else { return Ok(0) };
        let before = self.ago(time);
        let (mut walk, mut done) = (self.walk("manifest"), 0);
        loop {
            let found = walk.next(&self.store).await?;
            if found.is_empty() {
                return Ok(done);
            }
            for row in found {
                // The young ones are seen without a transaction, which then decides.
                if serde_json::from_slice::<ManifestRow>(&row.value).is_ok_and(|manifest| manifest.at >= before) {
                    continue;
                }
                let [name, digest] = &texts(&row.key)[..] else { continue };
                let (Ok(name), Ok(digest)) = (name.parse::<RepositoryName>(), digest.parse::<Digest>()) else {
                    continue;
                };
                let deleted =
                    transact!(&self.store, |txn| { manifests::delete_idle(txn, &name, &digest, before).await })?;
                done += u64::from(deleted);
            }
        }
    }

    async fn drop_links(&self) -> Result<u64, OciError> {
        let (mut walk, mut done) = (self.walk("link"), 0);
        loop {
            let found = walk.next(&self.store).await?;
            if found.is_empty() {
                return Ok(done);
            }
            for row in found {
                done += u64::from(self.drop_link(&row).await?);
            }
        }
    }

    async fn drop_link(&self, row: &Entry) -> Result<bool, OciError> {
        let before = self.ago(self.config.collection.grace);
        let [name, digest] = &texts(&row.key)[..] else { return Ok(false) };
        // Most are needed or young: that is seen without a transaction, which then decides.
        if serde_json::from_slice::<Link>(&row.value).is_ok_and(|link| link.at >= before) {
            return Ok(false);
        }
        let (Ok(name), Ok(digest)) = (name.parse::<RepositoryName>(), digest.parse::<Digest>()) else {
            return Ok(false);
        };
        if blobs::is_needed(&self.store, &name, &digest).await? {
            return Ok(false);
        }
        transact!(&self.store, |txn| { blobs::unlink_idle(txn, &name, &digest, before).await })
    }

    async fn drop_blobs(&self) -> Result<u64, OciError> {
        let (mut walk, mut done) = (self.walk("blob"), 0);
        loop {
            let found = walk.next(&self.store).await?;
            if found.is_empty() {
                return Ok(done);
            }
            for digest in found.iter().filter_map(|row| row.key.last_text()?.parse::<Digest>().ok()) {
                if !blobs::holders(&self.store, &digest, 1).await?.is_empty() {
                    continue;
                }
                let forgotten = transact!(&self.store, |txn| { blobs::forget_unlinked(txn, &digest).await })?;
                if let Some(place) = forgotten {
                    self.clear(self.blobs.remove(&place).await);
                    done += 1;
                }
            }
        }
    }

    async fn drop_strays(&self) -> Result<u64, OciError> {
        let mut listed = self.blobs.list();
        let mut done = 0;
        while let Some(stored) = listed.try_next().await? {
            let upload = match &stored {
                Stored::Upload(id) => *id,
                Stored::Blob(place) => place.upload,
            };
            if uploads::is_open(&self.store, upload).await? {
                continue;
            }
            let cleared = match &stored {
                Stored::Upload(id) => self.blobs.discard(*id).await,
                Stored::Blob(place) if blobs::counts(&self.store, place).await? => continue,
                Stored::Blob(place) => self.blobs.remove(place).await,
            };
            done += u64::from(cleared.is_ok());
            self.clear(cleared);
        }
        Ok(done)
    }
}
