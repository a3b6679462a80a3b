//! What the binary says of itself.

use super::sbom::SbomComponent;
use crate::advisories::Ecosystem;
use flate2::read::ZlibDecoder;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Read as _;
use wasmparser::{Parser, Payload};
use yunlong_model::Text;
use yunlong_registry::{Inspection, component};

/// The most of an embedded list that is unpacked.
const MAX_EMBEDDED: u64 = 8 * 1024 * 1024;
/// The most entries that are kept of one list.
const MAX_ENTRIES: usize = 20_000;
/// The most exports that are listed. Those that the platform calls are a handful.
const MAX_EXPORTS: usize = 1_000;
/// The longest name and version of a tool.
const MAX_TEXT: usize = 120;

/// What was read from a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentFacts {
    /// Its size in bytes.
    pub size: u64,
    /// Why it is no valid component; `None` when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Text>,
    /// The interfaces that it imports.
    pub imports: Vec<Import>,
    /// The interfaces that it exports.
    pub exports: Vec<String>,
    /// How many core modules it holds.
    pub modules: u32,
    /// Bytes that its memories take before it runs.
    pub initial_memory: u64,
    /// Languages, compilers and tools that wrote themselves into its `producers` sections.
    pub producers: Vec<Producer>,
    /// The crates that `cargo auditable` wrote into it.
    pub embedded: Vec<SbomComponent>,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its name with its version.
    pub name: String,
    /// Whether anything of it can be called; otherwise it brings types alone.
    pub callable: bool,
}

/// A tool that had a hand in a binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// The tool.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Reads a component. What cannot be read is left out: that it is valid, another check says.
#[must_use]
pub fn facts(bytes: &[u8], inspection: &Inspection) -> ComponentFacts {
    let (callable, fault) = match component::callable_imports(bytes) {
        Ok(callable) => (callable, None),
        Err(e) => (BTreeSet::new(), Some(e.text())),
    };
    let import = |name: &String| Import { name: name.clone(), callable: callable.contains(name) };
    let mut out = ComponentFacts {
        size: bytes.len() as u64,
        fault,
        imports: inspection.imports.iter().map(import).collect(),
        exports: inspection.exports.iter().take(MAX_EXPORTS).cloned().collect(),
        ..ComponentFacts::default()
    };
    for payload in Parser::new(0).parse_all(bytes) {
        let Ok(payload) = payload else { break };
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Module, .. } => out.modules += 1,
            Payload::MemorySection(section) => {
                for memory in section.into_iter().flatten() {
                    let page = memory.page_size_log2.unwrap_or(16).min(16);
                    out.initial_memory = out.initial_memory.saturating_add(memory.initial.saturating_mul(1 << page));
                }
            }
            Payload::CustomSection(section) if section.name() == "producers" => producers(&section, &mut out.producers),
            Payload::CustomSection(section) if section.name() == ".dep-v0" => {
                out.embedded.extend(embedded(section.data()));
            }
            _ => {}
        }
    }
    out.producers.sort();
    out.producers.dedup();
    out.embedded.sort();
    out.embedded.dedup();
    out
}

fn producers(section: &wasmparser::CustomSectionReader<'_>, out: &mut Vec<Producer>) {
    let wasmparser::KnownCustom::Producers(fields) = section.as_known() else { return };
    let text = |s: &str| s.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect::<String>();
    for field in fields.into_iter().flatten() {
        for value in field.values.into_iter().flatten() {
            if out.len() < MAX_ENTRIES {
                out.push(Producer { field: text(field.name), name: text(value.name), version: text(value.version) });
            }
        }
    }
}

#[derive(Deserialize)]
struct Embedded {
    packages: Vec<EmbeddedPackage>,
}

#[derive(Deserialize)]
struct EmbeddedPackage {
    name: String,
    version: String,
    /// `crates.io`, `git`, `local` or another registry.
    #[serde(default)]
    source: String,
    /// Absent for what is in the binary.
    #[serde(default)]
    kind: Option<String>,
}

/// The list of `cargo auditable`: zlib over JSON in a custom section of a core module.
fn embedded(data: &[u8]) -> Vec<SbomComponent> {
    let mut json = Vec::new();
    let read = ZlibDecoder::new(data).take(MAX_EMBEDDED + 1).read_to_end(&mut json);
    if read.is_err() || json.len() as u64 > MAX_EMBEDDED {
        return Vec::new();
    }
    let Ok(list) = serde_json::from_slice::<Embedded>(&json) else { return Vec::new() };
    let built_in = |p: &EmbeddedPackage| p.kind.as_deref().is_none_or(|k| k == "runtime") && p.source != "local";
    let packages = list.packages.into_iter().filter(built_in).take(MAX_ENTRIES);
    packages.map(|p| SbomComponent { ecosystem: Some(Ecosystem::CratesIo), name: p.name, version: p.version }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn module_with(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = b"\0asm\x01\0\0\0".to_vec();
        // A memory of one page.
        out.extend_from_slice(&[5, 3, 1, 0, 1]);
        for (name, data) in sections {
            let mut body = vec![name.len() as u8];
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(data);
            out.push(0);
            let mut n = body.len();
            while n >= 128 {
                out.push((n % 128) as u8 | 128);
                n /= 128;
            }
            out.push(n as u8);
            out.extend_from_slice(&body);
        }
        out
    }

    fn zlib(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_crates_that_cargo_auditable_wrote_are_read_from_the_binary() {
        let list = br#"{"packages":[
            {"name":"app","version":"1.0.0","source":"local","root":true},
            {"name":"serde","version":"1.0.200","source":"crates.io"},
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"}]}"#;
        let found = facts(&module_with(&[(".dep-v0", &zlib(list))]), &Inspection::default());
        assert_eq!((found.modules, found.initial_memory), (1, 65_536));
        let names: Vec<_> = found.embedded.iter().map(|c| (c.name.as_str(), c.version.as_str())).collect();
        assert_eq!(names, [("serde", "1.0.200")]);
    }

    #[test]
    fn a_list_that_unpacks_to_too_much_is_not_unpacked() {
        let bomb = zlib(&vec![b' '; 64 * 1024 * 1024]);
        assert!(bomb.len() < 200_000);
        assert_eq!(facts(&module_with(&[(".dep-v0", &bomb)]), &Inspection::default()).embedded, []);
    }

    #[test]
    fn tools_are_read_from_the_producers_section() {
        // One field, `language`, with one value, Rust 1.95.
        let data = [&[1, 8][..], b"language", &[1, 4], b"Rust", &[4], b"1.95"].concat();
        let found = facts(&module_with(&[("producers", &data)]), &Inspection::default());
        assert_eq!(
            found.producers,
            [Producer { field: "language".into(), name: "Rust".into(), version: "1.95".into() }]
        );
    }

    #[test]
    fn noise_is_no_fault() {
        for noise in [&b""[..], b"\0asm", b"hello", &module_with(&[(".dep-v0", b"no zlib"), ("producers", b"\xff")])] {
            _ = facts(noise, &Inspection::default());
        }
    }
}
