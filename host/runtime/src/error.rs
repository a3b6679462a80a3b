//! Why something is refused or stopped.

use yunlong_model::InstallationName;

/// Why an invocation did not end as it should. `Display` is for logs and officials: pages show
/// the [status](InvocationError::status) and the request id alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// No such installation is loaded: unknown, stopped or failed.
    #[error("`{0}` is not loaded")]
    NotLoaded(InstallationName),
    /// The component does not export what is called.
    #[error("the component does not export {0}")]
    NotExported(&'static str),
    /// The guest trapped.
    #[error("the app trapped: {0}")]
    Trap(String),
    /// The wall time was over.
    #[error("the app ran longer than {limit_ms} ms")]
    Deadline {
        /// The limit.
        limit_ms: u64,
    },
    /// The CPU time was over.
    #[error("the app used more than {limit_ms} ms of CPU time")]
    Cpu {
        /// The limit.
        limit_ms: u64,
    },
    /// It wanted more memory than it may have.
    #[error("the app wanted more memory than {limit_mib} MiB")]
    Memory {
        /// The limit for the whole instance.
        limit_mib: u64,
    },
    /// The body was too large.
    #[error("the app's response was larger than {limit_kib} KiB")]
    ResponseTooLarge {
        /// The limit.
        limit_kib: u64,
    },
    /// It made too many host calls.
    #[error("the app made more than {limit} host calls")]
    HostCalls {
        /// The limit.
        limit: u64,
    },
    /// It called something that no grant covers and that has no error to answer with.
    #[error("capability not granted: {0}")]
    NotGranted(String),
    /// It ended without an answer, or with one that is not HTTP.
    #[error("the app gave no valid response: {0}")]
    NoResponse(String),
    /// Something that apps share was all taken.
    #[error("the app is busy: {0}")]
    Overloaded(Shortage),
    /// The request cannot be handed to a guest.
    #[error("the request cannot be handed over: {0}")]
    BadRequest(String),
    /// The guest answered with an error of its own (lifecycle).
    #[error("the app refused: {0}")]
    Refused(String),
    /// The host failed.
    #[error("the host failed: {0}")]
    Internal(String),
}

impl InvocationError {
    /// A short name for metrics.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::NotLoaded(_) => "not-loaded",
            Self::NotExported(_) => "not-exported",
            Self::Trap(_) => "trap",
            Self::Deadline { .. } => "deadline",
            Self::Cpu { .. } => "cpu",
            Self::Memory { .. } => "memory",
            Self::ResponseTooLarge { .. } => "response-too-large",
            Self::HostCalls { .. } => "host-calls",
            Self::NotGranted(_) => "not-granted",
            Self::NoResponse(_) => "no-response",
            Self::Overloaded(_) => "overloaded",
            Self::BadRequest(_) => "bad-request",
            Self::Refused(_) => "refused",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the platform failed and the app has not had its try.
    #[must_use]
    pub fn is_platforms(&self) -> bool {
        matches!(self, Self::NotLoaded(_) | Self::Overloaded(_) | Self::Internal(_))
    }
}

/// What was all taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// All instances were busy for as long as a call may wait.
    #[error("no instance was free within {waited_ms} ms")]
    Instances {
        /// How long it waited.
        waited_ms: u64,
    },
    /// The memory of the installation's instances together, or of all instances.
    #[error("the memory that instances share was all taken")]
    Memory,
}

/// An import that the platform does not give, or an export that the manifest promises and the
/// component lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}`: {why}")]
pub struct RefusedImport {
    /// The interface.
    pub name: String,
    /// Why, and what to do.
    pub why: String,
}

/// The bytes are no component that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Not a valid component.
    #[error("not a WebAssembly component: {0}")]
    Malformed(String),
    /// It needs more than the largest engine profile has.
    #[error("the component is too large: {0}")]
    TooLarge(String),
}

/// Compiling failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The compiler refused the component.
    #[error("the component does not compile: {0}")]
    Refused(String),
    /// The child was stopped by one of its limits.
    #[error("compiling took too much {0}")]
    Limit(&'static str),
    /// The child could not be run, or the cache could not be written.
    #[error("the compiler could not be run: {0}")]
    Io(String),
}

/// An installation cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a component.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// An import is refused.
    #[error(transparent)]
    Refused(#[from] RefusedImport),
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The bytes are not those of the installed package.
    #[error("the component's digest is {found}, the installed package's is {expected}")]
    Digest {
        /// What is pinned.
        expected: yunlong_model::Digest,
        /// What was given.
        found: yunlong_model::Digest,
    },
    /// It does not fit the interfaces of the platform.
    #[error("the component cannot be linked: {0}")]
    Link(String),
}

/// The runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No engine.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The cache folder.
    #[error("the cache folder cannot be used: {0}")]
    Cache(#[from] std::io::Error),
}
