//! Holds the lock of the crates whose examples are served as they are; see `Cargo.toml`.
