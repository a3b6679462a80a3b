//! What a manifest says for the standard interfaces of WASI: programs that know nothing of this
//! platform use them.

use crate::manifest::ManifestError;
use crate::manifest_error::{field, too_many, twice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most buckets of an app.
const MAX_BUCKETS: usize = 20;

/// A bucket of keys and bytes. Its values are always encrypted at rest; its keys are not: put nothing
/// personal in a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// What the program opens it by, whatever its author chose: at most 60 visible ASCII characters.
    /// Empty is a name, too: that of the one bucket of simple hosts.
    pub name: String,
}

/// What the platform does for an app that names it, and for no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Features {
    /// Serves `wasi:http/handler@0.3`, with the asynchronous functions of WASI 0.3: what carries them
    /// in the host is young, so a vendor says that it is wanted, and a reviewer sees it.
    pub wasi_http_03: bool,
}

impl Features {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Checks the names of an app's buckets.
pub(crate) fn check(buckets: &[Bucket]) -> Result<(), ManifestError> {
    if buckets.len() > MAX_BUCKETS {
        return Err(too_many("buckets", MAX_BUCKETS));
    }
    for (i, b) in buckets.iter().enumerate() {
        let at = format!("buckets[{i}].name");
        if b.name.len() > 60 || !b.name.bytes().all(|b| b.is_ascii_graphic()) {
            let said: String = b.name.chars().take(60).collect();
            return Err(field(
                &at,
                format!("“{said}”不能作为名称：最多 60 个可见的 ASCII 字符"),
                format!("`{said}` is not a name: use at most 60 visible ASCII characters"),
            ));
        }
        if buckets[..i].contains(b) {
            return Err(twice(&at));
        }
    }
    Ok(())
}
