//! What a component imports and exports, read from its binary.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Encoding, Parser, Payload};
use yunlong_model::Text;

/// The names at a component's outer edge, such as `wasi:http/incoming-handler@0.2.10`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// What it needs.
    pub imports: BTreeSet<String>,
    /// What it offers.
    pub exports: BTreeSet<String>,
}

/// The bytes are no component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// A core module.
    #[error(
        "component: this is a core module, not a component: build for wasm32-wasip2, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// Not WebAssembly, or damaged.
    #[error("component: not a WebAssembly component: {0}")]
    Malformed(String),
}

impl ComponentError {
    /// What a person reads. The parser's own words are English, and say where.
    #[must_use]
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::CoreModule => {
                "组件：这是核心模块，不是组件：请以 wasm32-wasip2 为目标构建，或用“wasm-tools component new”封装".into()
            }
            Self::Malformed(e) => format!("组件：不是有效的 WebAssembly 组件（{e}）"),
        };
        Text { zh, en: self.to_string() }
    }
}

/// Reads the imports and exports. Nested components and modules are passed over; the code is not validated.
///
/// # Errors
/// [`ComponentError`].
pub fn inspect(component: &[u8]) -> Result<Inspection, ComponentError> {
    let bad = |e: wasmparser::BinaryReaderError| ComponentError::Malformed(e.to_string());
    let mut out = Inspection::default();
    // 0: outside; 1: in the component itself.
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(bad)? {
            Payload::Version { encoding, .. } => {
                if depth == 0 && encoding != Encoding::Component {
                    return Err(ComponentError::CoreModule);
                }
                depth += 1;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    out.imports.insert(import.map_err(bad)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    out.exports.insert(export.map_err(bad)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(out)
}

/// Validates the whole binary and answers those imports that can be called. The others bring types
/// alone: a guest that only exports an interface with foreign types imports them too.
///
/// # Errors
/// [`ComponentError::Malformed`] with the place of the first fault.
pub fn callable_imports(component: &[u8]) -> Result<BTreeSet<String>, ComponentError> {
    let inspection = inspect(component)?;
    let types =
        wasmparser::Validator::new().validate_all(component).map_err(|e| ComponentError::Malformed(e.to_string()))?;
    let types = types.as_ref();
    let callable = |name: &String| match types.component_item_for_import(name).map(|i| i.ty) {
        Some(ComponentEntityType::Instance(id)) => {
            types[id].exports.values().any(|t| matches!(t.ty, ComponentEntityType::Func(_)))
        }
        Some(ComponentEntityType::Type { .. }) => false,
        _ => true,
    };
    Ok(inspection.imports.into_iter().filter(callable).collect())
}

/// An interface's name without its version, and the version.
#[must_use]
pub fn split_version(name: &str) -> (&str, Option<&str>) {
    name.split_once('@').map_or((name, None), |(n, v)| (n, Some(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component: a header and nothing else.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn tells_a_component_from_a_module_and_from_noise() {
        assert_eq!(inspect(EMPTY), Ok(Inspection::default()));
        assert_eq!(callable_imports(EMPTY), Ok(BTreeSet::new()));
        assert_eq!(inspect(b"\0asm\x01\0\0\0"), Err(ComponentError::CoreModule));
        for noise in [&b""[..], b"\0asm", b"hello, world", b"\0asm\x0d\0\x01\0\x0b\xff"] {
            assert!(matches!(inspect(noise), Err(ComponentError::Malformed(_))), "{noise:?}");
        }
    }

    #[test]
    fn versions_split_off() {
        assert_eq!(split_version("wasi:http/types@0.2.10"), ("wasi:http/types", Some("0.2.10")));
        assert_eq!(split_version("run"), ("run", None));
    }
}
