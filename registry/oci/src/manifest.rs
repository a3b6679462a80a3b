//! Manifests as they arrive: what of them is checked, and what they refer to.
//!
//! The bytes are kept as they are; this is what the registry reads in them. Whatever two readers
//! could understand differently is refused: a `mediaType` that is not the `Content-Type`, a document
//! that is both image and index (GHSA-mc8v-mgrf-8f4m), a field that stands there twice or in another
//! case (Go's JSON reader takes `Layers` for `layers`).

use crate::config::MAX_MANIFEST;
use crate::digest::Digest;
use crate::error::OciError;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `application/vnd.oci.image.manifest.v1+json`
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// `application/vnd.oci.image.index.v1+json`
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// `application/vnd.docker.distribution.manifest.v2+json`
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// `application/vnd.docker.distribution.manifest.list.v2+json`
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// How deep a manifest may be nested. Those of the specification have five levels.
const MAX_DEPTH: usize = 32;
/// The longest media type (RFC 6838 4.2 allows 127 for each half).
const MAX_MEDIA_TYPE: usize = 255;

/// A descriptor (image-spec), as far as the registry reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The type of what is described.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The artifact type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

/// What a manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A config and layers.
    Image,
    /// Further manifests.
    Index,
}

/// A manifest that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The `Content-Type` it was pushed with, without parameters.
    pub media_type: String,
    /// What it is.
    pub kind: Kind,
    /// An image's config.
    pub config: Option<Descriptor>,
    /// An image's layers.
    pub layers: Vec<Descriptor>,
    /// An index's manifests.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one refers to.
    pub subject: Option<Descriptor>,
    /// The declared artifact type.
    pub artifact_type: Option<String>,
    /// Annotations.
    pub annotations: Option<BTreeMap<String, String>>,
}

/// The fields whose meaning is known here.
const FIELDS: [&str; 8] =
    ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "artifactType", "annotations"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

/// The names of a document's fields that only look like known ones.
struct Imposter(Option<String>);

impl<'de> Deserialize<'de> for Imposter {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Imposter;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Imposter, A::Error> {
                let mut found = None;
                while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                    // Unicode folding as well: `ſubject` and `config` with a Kelvin sign fold to ASCII.
                    let folded = name.replace('ſ', "s").replace('\u{212A}', "k");
                    if FIELDS.iter().any(|f| folded.eq_ignore_ascii_case(f) && name != *f) {
                        found.get_or_insert(name);
                    }
                }
                Ok(Imposter(found))
            }
        }
        d.deserialize_map(Names)
    }
}

/// Whether brackets are nested deeper than [`MAX_DEPTH`], before anything is built from them.
fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for &b in bytes {
        match (in_text, b) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_text = !in_text,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// A media type without its parameters, if it is one (RFC 6838 4.2).
#[must_use]
pub fn essence(content_type: &str) -> Option<&str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    is_media_type(essence).then_some(essence)
}

fn is_media_type(s: &str) -> bool {
    let token = |t: &str| {
        t.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    s.len() <= MAX_MEDIA_TYPE && s.split_once('/').is_some_and(|(a, b)| token(a) && token(b))
}

impl Manifest {
    /// Reads a manifest that was sent with this `Content-Type`.
    ///
    /// # Errors
    /// [`OciError::ManifestInvalid`] says what is wrong; [`OciError::TooLarge`].
    pub fn parse(content_type: Option<&str>, bytes: &[u8], max_descriptors: usize) -> Result<Self, OciError> {
        if bytes.len() > MAX_MANIFEST {
            return Err(OciError::TooLarge { what: "manifest", limit: MAX_MANIFEST as u64 });
        }
        let declared = match content_type {
            Some(t) => {
                Some(essence(t).ok_or_else(|| OciError::invalid("Content-Type 有误", "the Content-Type is none"))?)
            }
            None => None,
        };
        if is_too_deep(bytes) {
            return Err(OciError::invalid("JSON 嵌套过深", format!("JSON is nested deeper than {MAX_DEPTH} levels")));
        }
        let malformed = |e: serde_json::Error| OciError::invalid("不是有效的清单 JSON", e.to_string());
        let Imposter(imposter) = serde_json::from_slice(bytes).map_err(malformed)?;
        if let Some(name) = imposter {
            let name = crate::digest::excerpt(&name);
            return Err(OciError::invalid(
                format!("字段“{name}”的大小写有误"),
                format!("the field `{name}` is written in another case than the specification's"),
            ));
        }
        let document: Document = serde_json::from_slice(bytes).map_err(malformed)?;
        let media_type = match (declared, document.media_type.as_deref()) {
            (Some(a), Some(b)) if a != b => {
                return Err(OciError::invalid(
                    "Content-Type 与 mediaType 不一致",
                    "the Content-Type is not the mediaType of the manifest",
                ));
            }
            (Some(t), _) | (None, Some(t)) => t.to_owned(),
            (None, None) => return Err(OciError::invalid("缺少 Content-Type", "the Content-Type is missing")),
        };
        document.check(media_type, max_descriptors)
    }

    /// The artifact type (image-spec, "Guidelines for artifact usage"): the declared one, or an image's
    /// config media type.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        let declared = self.artifact_type.as_deref().filter(|t| !t.is_empty());
        declared.or_else(|| self.config.as_ref().map(|c| &*c.media_type))
    }

    /// The blobs that it needs.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers)
    }

    /// Its descriptor in the list of its subject's referrers (distribution-spec, "Listing Referrers").
    #[must_use]
    pub fn referrer(&self, digest: &Digest, size: usize) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            digest: digest.clone(),
            size: size as u64,
            artifact_type: self.artifact_type().map(str::to_owned),
            annotations: self.annotations.clone(),
        }
    }
}

impl Document {
    fn check(self, media_type: String, max_descriptors: usize) -> Result<Manifest, OciError> {
        if self.schema_version != 2 {
            return Err(OciError::invalid("schemaVersion 必须为 2", "schemaVersion is not 2"));
        }
        let kind = match &*media_type {
            OCI_MANIFEST | DOCKER_MANIFEST => Kind::Image,
            OCI_INDEX | DOCKER_LIST => Kind::Index,
            _ => {
                return Err(OciError::invalid(
                    format!("不支持清单类型 {media_type}"),
                    format!("manifests of type {media_type} are not supported: push an OCI image manifest or index"),
                ));
            }
        };
        let both = match kind {
            Kind::Image => self.manifests.is_some(),
            Kind::Index => self.layers.is_some() || self.config.is_some(),
        };
        if both {
            return Err(OciError::invalid(
                "清单同时含有镜像与索引的字段",
                "the document has fields of an image manifest and of an index",
            ));
        }
        if kind == Kind::Image && (self.config.is_none() || self.layers.is_none()) {
            return Err(OciError::invalid("缺少 config 或 layers", "config or layers are missing"));
        }
        if kind == Kind::Index && self.manifests.is_none() {
            return Err(OciError::invalid("缺少 manifests", "manifests are missing"));
        }
        let manifest = Manifest {
            media_type,
            kind,
            config: self.config,
            layers: self.layers.unwrap_or_default(),
            manifests: self.manifests.unwrap_or_default(),
            subject: self.subject,
            artifact_type: self.artifact_type,
            annotations: self.annotations,
        };
        let all = || manifest.blobs().chain(&manifest.manifests).chain(&manifest.subject);
        if all().count() > max_descriptors {
            return Err(OciError::invalid(
                format!("描述符超过 {max_descriptors} 个"),
                format!("more than {max_descriptors} descriptors"),
            ));
        }
        let types = all().map(|d| &d.media_type).chain(manifest.artifact_type.iter().filter(|t| !t.is_empty()));
        for t in types {
            if !is_media_type(t) {
                let t = crate::digest::excerpt(t);
                return Err(OciError::invalid(format!("“{t}”不是媒体类型"), format!("`{t}` is not a media type")));
            }
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = r#"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}"#;

    fn image(more: &str) -> String {
        format!(r#"{{"schemaVersion":2,"config":{EMPTY},"layers":[{EMPTY}]{more}}}"#)
    }

    fn parse(json: &str) -> Result<Manifest, OciError> {
        Manifest::parse(Some(OCI_MANIFEST), json.as_bytes(), 1_000)
    }

    #[test]
    fn an_image_manifest_tells_its_blobs_subject_and_artifact_type() {
        let m = parse(&image(&format!(r#","subject":{EMPTY},"annotations":{{"a":"b"}},"unknown":[1]"#))).unwrap();
        assert_eq!(m.blobs().count(), 2);
        assert_eq!(m.artifact_type(), Some("application/vnd.oci.empty.v1+json"));
        assert!(m.subject.is_some());
        let declared = parse(&image(r#","artifactType":"application/x""#)).unwrap();
        assert_eq!(declared.artifact_type(), Some("application/x"));
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        for (what, bad) in [
            ("both image and index", image(r#","manifests":[]"#)),
            ("a field twice", image(r#","layers":[]"#)),
            ("a field in another case", image(r#","Layers":[]"#)),
            ("a field that folds to another", image(r#","\u017fubject":null"#)),
            ("a media type that lies", image(&format!(r#","mediaType":"{OCI_INDEX}""#))),
            ("a media type that is none", image(r#","artifactType":"<script>""#)),
        ] {
            assert!(matches!(parse(&bad), Err(OciError::ManifestInvalid(_))), "{what}: {bad}");
        }
    }

    #[test]
    fn bombs_are_refused_before_they_are_built() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(&image(&format!(r#","x":{deep}"#))).is_err());
        let wide = format!(r#"{{"schemaVersion":2,"config":{EMPTY},"layers":[{}]}}"#, vec![EMPTY; 1_001].join(","));
        assert!(parse(&wide).is_err());
        let brackets_in_text = image(&format!(r#","x":"\"{}""#, "[".repeat(1_000)));
        assert!(parse(&brackets_in_text).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Manifest::parse(Some(OCI_MANIFEST), &bytes, 10);
        }
    }
}
