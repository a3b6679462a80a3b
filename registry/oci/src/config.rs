//! What an operator decides about a registry.

use std::collections::BTreeMap;
use std::time::Duration;
use zeroize::Zeroizing;

/// The key that access tokens are authenticated with (HMAC-SHA-256). It has no `Debug`.
#[derive(Clone)]
pub struct TokenKey(pub(crate) Zeroizing<[u8; 32]>);

impl TokenKey {
    /// A key of 32 bytes, which should be derived from a secret for this one purpose.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key of this process: tokens end with it, and clients fetch new ones.
    #[must_use]
    pub fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// How a registry behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients reach it, such as `http://localhost:5000`: without a path.
    pub url: String,
    /// What stands before the namespace of a package in a repository's name, for `wkg`
    /// (`/.well-known/wasm-pkg/registry.json`), such as `wasm/`.
    pub namespace_prefix: Option<String>,
    /// The key of the access tokens.
    pub token_key: TokenKey,
    /// How long a token counts. Clients fetch a new one by themselves.
    pub token_lifetime: Duration,
    /// Sizes, times and counts of requests.
    pub limits: Limits,
    /// What owners may keep.
    pub quotas: Quotas,
    /// When things that nobody needs are removed.
    pub collection: Collection,
}

impl Config {
    /// The defaults for a registry at this address.
    #[must_use]
    pub fn new(url: &str, token_key: TokenKey) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            namespace_prefix: None,
            token_key,
            token_lifetime: Duration::from_secs(300),
            limits: Limits::default(),
            quotas: Quotas::default(),
            collection: Collection::default(),
        }
    }

    /// Host and port: the name of the registry in references and the audience of tokens.
    #[must_use]
    pub fn service(&self) -> &str {
        self.url.split_once("://").map_or(&*self.url, |(_, host)| host)
    }
}

/// Bounds of one request and of one client.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest blob in bytes.
    pub blob_bytes: u64,
    /// The most descriptors in one manifest.
    pub descriptors: usize,
    /// How long nothing may arrive while a body is received.
    pub idle: Duration,
    /// How long one request may take to arrive.
    pub request: Duration,
    /// How long the admission check of one manifest may take.
    pub admission: Duration,
    /// How many requests with a body one client (account, or else address) may have under way.
    pub transfers_per_client: usize,
    /// How many upload sessions one account may have open.
    pub sessions_per_account: u32,
    /// While an upload arrives, its offset is made durable each time this many bytes came in.
    pub checkpoint_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            blob_bytes: 1 << 30,
            // Images have at most 127 layers, artifacts a few; an index of many platforms some dozens.
            descriptors: 1_000,
            idle: Duration::from_secs(30),
            request: Duration::from_secs(30 * 60),
            admission: Duration::from_secs(120),
            // wkg sends up to 16 blobs at once.
            transfers_per_client: 64,
            sessions_per_account: 256,
            checkpoint_bytes: 32 << 20,
        }
    }
}

/// The largest manifest in bytes: what clients may rely on (distribution-spec, "Pushing Manifests").
pub const MAX_MANIFEST: usize = 4 * 1024 * 1024;

/// What one owner (first component of a repository's name) may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of blobs and manifests, counted once for each repository that holds them, and of uploads under way.
    pub bytes: u64,
    /// Repositories.
    pub repositories: u32,
    /// Tags, in all repositories together, yanked ones among them.
    pub tags: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { bytes: 20 << 30, repositories: 1_000, tags: 20_000 }
    }
}

/// The owners' quotas.
#[derive(Clone, Debug, Default)]
pub struct Quotas {
    /// Of everybody who is not named.
    pub default: Quota,
    /// By owner.
    pub owners: BTreeMap<String, Quota>,
}

impl Quotas {
    /// The quota of an owner.
    #[must_use]
    pub fn of(&self, owner: &str) -> Quota {
        self.owners.get(owner).copied().unwrap_or(self.default)
    }
}

/// When what nobody needs is removed.
#[derive(Clone, Debug)]
pub struct Collection {
    /// How often it is looked for.
    pub every: Duration,
    /// How long a blob that no manifest refers to stays in a repository after it was pushed, mounted,
    /// or asked for by somebody who may push. It has to be longer than a push takes.
    pub grace: Duration,
    /// How long a manifest stays that has no tag, is not marked as published, and that nothing refers to; for ever
    /// when there is no such time, since clients may know it by its digest. It has to be longer than a push takes.
    pub untagged: Option<Duration>,
    /// How long an upload session stays open after its last chunk.
    pub session: Duration,
    /// How many rows one step looks at before it lets others work.
    pub step: usize,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(24 * 3600),
            untagged: None,
            session: Duration::from_secs(24 * 3600),
            step: 200,
        }
    }
}
