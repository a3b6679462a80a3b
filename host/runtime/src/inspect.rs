//! What a binary wants and gives, read from the binary itself.

use crate::engine::{MAX_MEMORY, Profile};
use crate::error::{InspectError, RefusedImport};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use yunlong_model::Manifest;
use yunlong_model::manifest::Access;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The interfaces that it imports.
    pub imports: Vec<Import>,
    /// The names of the interfaces that it exports.
    pub exports: Vec<String>,
    /// Bytes that its memories take before it runs.
    pub initial_memory: u64,
    /// The engine profile that it fits.
    pub profile: Profile,
}

/// An import of the component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its full name, such as `city:data/collections@1.1.0`.
    pub name: String,
    /// Whether it brings types alone and nothing can be called.
    pub types_only: bool,
}

impl Inspection {
    /// Whether it can bring data to its schema.
    #[must_use]
    pub fn migrates(&self) -> bool {
        self.exports_interface(MIGRATIONS)
    }

    /// Whether an interface is exported, whatever its version.
    #[must_use]
    pub fn exports_interface(&self, interface: &str) -> bool {
        self.exports.iter().any(|e| e == interface || e.strip_prefix(interface).is_some_and(|v| v.starts_with('@')))
    }
}

/// The interface that serves requests.
pub(crate) const HANDLER: &str = "wasi:http/incoming-handler";
/// The interface that serves requests in WASI 0.3, for apps that name the feature.
pub(crate) const HANDLER_03: &str = "wasi:http/handler";
/// The interface that consumes events.
pub(crate) const CONSUMER: &str = "city:app/consumer";
/// The interface that runs jobs.
pub(crate) const JOBS: &str = "city:app/jobs";
/// The interface that is called around installation.
pub(crate) const LIFECYCLE: &str = "city:app/lifecycle";
/// The base databases, and their interfaces in `city:base`.
const BASE: [&str; 5] = ["population", "legal-entities", "credit", "geospatial", "economy"];
/// The interface that brings data to a newer schema.
pub(crate) const MIGRATIONS: &str = "city:app/migrations";

/// Validates a component and reads its imports and exports.
///
/// # Errors
/// [`InspectError::Malformed`] when it is no valid component, [`InspectError::TooLarge`] when no
/// engine profile can hold it.
pub fn inspect(component: &[u8]) -> Result<Inspection, InspectError> {
    let malformed = |e: wasmparser::BinaryReaderError| InspectError::Malformed(e.to_string());
    if !Parser::is_component(component) {
        let hint = if Parser::is_core_wasm(component) {
            "this is a core module: build for wasm32-wasip2, or wrap it with `wasm-tools component new`"
        } else {
            "wrong magic number"
        };
        return Err(InspectError::Malformed(hint.into()));
    }
    let mut validator = Validator::new_with_features(WasmFeatures::default());
    let types = validator.validate_all(component).map_err(malformed)?;
    let types = types.as_ref();
    let mut found = Needs::default();
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    // Payloads of nested modules and components come in line; the stack tells where we are.
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(malformed)? {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if encoding == Encoding::Module {
                    found.modules += 1;
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(s) if depth == 1 => {
                for import in s {
                    let import = import.map_err(malformed)?;
                    let name = import.name.name;
                    let types_only = match types.component_item_for_import(name).map(|i| i.ty) {
                        Some(ComponentEntityType::Instance(id)) => {
                            !types[id].exports.values().any(|t| matches!(t.ty, ComponentEntityType::Func(_)))
                        }
                        Some(ComponentEntityType::Type { .. }) => true,
                        _ => false,
                    };
                    imports.push(Import { name: name.to_owned(), types_only });
                }
            }
            Payload::ComponentExportSection(s) if depth == 1 => {
                for export in s {
                    exports.push(export.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::MemorySection(s) => {
                for m in s {
                    let m = m.map_err(malformed)?;
                    found.memories += 1;
                    found.initial_memory = found
                        .initial_memory
                        .saturating_add(m.initial.saturating_mul(1 << m.page_size_log2.unwrap_or(16)));
                }
            }
            Payload::TableSection(s) => {
                for t in s {
                    let t = t.map_err(malformed)?;
                    found.tables += 1;
                    found.table_elements = found.table_elements.max(t.ty.initial);
                }
            }
            Payload::InstanceSection(s) => {
                for i in s {
                    // Bundles of exports cost nothing at run time: only modules are instantiated.
                    if let wasmparser::Instance::Instantiate { .. } = i.map_err(malformed)? {
                        found.instances += 1;
                    }
                }
            }
            _ => {}
        }
    }
    let of_03 = |name: &str| name.starts_with("wasi:") && name.contains("@0.3.");
    let concurrent = exports.iter().any(|e| of_03(e)) || imports.iter().any(|i| of_03(&i.name));
    let profile = found.profile(concurrent)?;
    Ok(Inspection { imports, exports, initial_memory: found.initial_memory, profile })
}

/// Whether a component says which files and lines its code comes from (DWARF), so that a backtrace can name them.
#[must_use]
pub fn has_lines(component: &[u8]) -> bool {
    let payloads = Parser::new(0).parse_all(component).map_while(Result::ok);
    payloads.into_iter().any(|p| matches!(p, Payload::CustomSection(c) if c.name() == ".debug_line"))
}

#[derive(Default)]
struct Needs {
    modules: u32,
    instances: u32,
    memories: u32,
    tables: u32,
    table_elements: u64,
    initial_memory: u64,
}

impl Needs {
    fn profile(&self, concurrent: bool) -> Result<Profile, InspectError> {
        if self.initial_memory > MAX_MEMORY as u64 {
            return Err(InspectError::TooLarge(format!(
                "its memories start with {} MiB, the limit is {}",
                self.initial_memory >> 20,
                MAX_MEMORY >> 20
            )));
        }
        let fitting: &[Profile] = if concurrent { &[Profile::Concurrent] } else { &[Profile::Small, Profile::Large] };
        for profile in fitting.iter().copied() {
            let s = profile.shape();
            if self.instances.max(self.modules) <= s.core_instances
                && self.memories <= s.memories
                && self.tables <= s.tables
                && self.table_elements <= s.table_elements / 2
            {
                return Ok(profile);
            }
        }
        Err(InspectError::TooLarge(format!(
            "{} core instances, {} memories, {} tables of up to {} elements",
            self.instances, self.memories, self.tables, self.table_elements
        )))
    }
}

/// Checks a component against its manifest: every `city:*` import must be covered by what
/// `app.toml` declares, every other one be a standard interface, and what `app.toml` promises must
/// be exported.
///
/// # Errors
/// [`RefusedImport`] names the first interface that is refused.
pub fn check(inspection: &Inspection, manifest: &Manifest) -> Result<(), RefusedImport> {
    for import in inspection.imports.iter().filter(|i| !i.types_only) {
        check_import(&import.name, manifest).map_err(|why| RefusedImport { name: import.name.clone(), why })?;
    }
    if let Some(name) = inspection.exports.iter().find(|e| e.starts_with("wasi:http/handler@"))
        && !manifest.features.wasi_http_03
    {
        return Err(RefusedImport { name: name.clone(), why: WITHOUT_03.to_owned() });
    }
    let refuse = |name: &str, why: &str| Err(RefusedImport { name: name.to_owned(), why: why.to_owned() });
    let has = |i: &str| inspection.exports_interface(i);
    if !has(HANDLER) && !has(HANDLER_03) && !has(CONSUMER) && !has(JOBS) {
        return refuse(
            HANDLER,
            "the component exports nothing that the platform calls: export this interface to serve pages",
        );
    }
    if !manifest.consumes.is_empty() && !has(CONSUMER) {
        return refuse(CONSUMER, "app.toml lists [[consumes]], but the component does not export this interface");
    }
    if manifest.payments.is_some() && !has(CONSUMER) {
        return refuse(
            CONSUMER,
            "app.toml asks for [payments], whose outcomes come as events, but the component does not export this interface",
        );
    }
    let follows = manifest.datasets.iter().any(|d| d.access.contains(&Access::Changes));
    if follows && !has(CONSUMER) {
        return refuse(
            CONSUMER,
            "app.toml asks for the changes of [[datasets]], which come as events, but the component does not export this interface",
        );
    }
    if !manifest.jobs.is_empty() && !has(JOBS) {
        return refuse(JOBS, "app.toml lists [[jobs]], but the component does not export this interface");
    }
    Ok(())
}

fn check_import(name: &str, m: &Manifest) -> Result<(), String> {
    let (interface, version) = name.split_once('@').unwrap_or((name, ""));
    let Some((package, name)) = interface.split_once('/') else {
        return Err("the platform gives interfaces, not single functions".into());
    };
    // What a transaction can carry needs collections' `transaction`, even without collections.
    let transactions = !m.collections.is_empty()
        || !m.counters.is_empty()
        || !m.files.is_empty()
        || !m.publishes.is_empty()
        || m.payments.is_some()
        || !m.consumes.is_empty()
        || !m.jobs.is_empty();
    let declared = match interface {
        "city:identity/principal" | "city:identity/representation" | "city:app/context" => None,
        // A consent is asked for where an attribute, or a dataset, rests on it.
        "city:identity/attributes" => {
            Some((!m.scopes.is_empty() || !m.datasets.is_empty(), "[[scopes]] or [[datasets]]"))
        }
        "city:data/collections" => Some((transactions, "[[collections]] or counters")),
        "city:data/shared" => Some((!m.datasets.is_empty(), "[[datasets]]")),
        // Notes to people need no topic, but a place to be declared: an app with an inbox sends
        // them about data of its own.
        "city:messaging/publisher" => Some((transactions, "[[publishes]]")),
        "city:payments/intents" => Some((m.payments.is_some(), "[payments]")),
        "city:files/files" => Some((!m.files.is_empty(), "[[files]]")),
        _ if package == "city:base" && BASE.contains(&name) => Some((
            m.datasets.iter().any(|d| d.dataset.split_once('.').is_some_and(|(base, _)| base == name)),
            "[[datasets]] of this base database",
        )),
        _ if package.starts_with("city:") => return Err("the platform has no such interface".into()),
        _ => return check_standard(package, version, m),
    };
    match declared {
        Some((false, what)) => Err(format!("not granted: app.toml declares no {what}")),
        _ if !version.starts_with("1.") => Err(format!("the platform gives version 1, not `{version}`")),
        _ => Ok(()),
    }
}

/// What is said of a component of WASI 0.3 whose manifest does not name the feature.
const WITHOUT_03: &str = "it is of WASI 0.3, which app.toml does not ask for: add `[features]` with `wasi-http-03 = true`, or build for wasm32-wasip2";

/// The drafts of standard interfaces that are no part of a release of WASI yet. Each is served by its
/// exact version, as components name it.
const DRAFTS: [(&str, &[&str]); 3] = [
    ("wasi:keyvalue", &["0.2.0-draft", "0.2.0-draft2"]),
    ("wasi:config", &["0.2.0-draft", "0.2.0-draft-2024-09-27", "0.2.0-rc.1"]),
    ("wasi:logging", &["0.1.0-draft"]),
];

/// Standard interfaces always link, since guests in Python and JavaScript import all of them; they
/// deny at the call.
fn check_standard(package: &str, version: &str, m: &Manifest) -> Result<(), String> {
    if let Some((_, drafts)) = DRAFTS.iter().find(|(p, _)| *p == package) {
        let given = || format!("the platform gives the drafts {}, not `{version}`", drafts.join(", "));
        return if drafts.contains(&version) { Ok(()) } else { Err(given()) };
    }
    match package {
        "wasi:io" | "wasi:clocks" | "wasi:random" | "wasi:cli" | "wasi:filesystem" | "wasi:sockets" | "wasi:http" => {
            if version.starts_with("0.2.") || (version.starts_with("0.3.") && m.features.wasi_http_03) {
                Ok(())
            } else if version.starts_with("0.3.") {
                Err(WITHOUT_03.into())
            } else {
                Err(format!("the platform gives WASI 0.2, not `{version}`"))
            }
        }
        _ => Err("the platform has no such interface".into()),
    }
}
