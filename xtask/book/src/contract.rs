//! The contract's reference, written from `wit/`: a page for each package of the city, with what its
//! doc comments say.

use crate::Page;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, PackageId, Resolve, Type, TypeDef, TypeDefKind,
    TypeId, TypeOwner, World, WorldItem, WorldKey,
};

/// Where the pages are, below the checkout's root.
const FOLDER: &str = "docs/contract";

/// The pages, in the order in which the packages build on each other.
///
/// # Errors
/// When a folder of `wit/` cannot be read or is no WIT.
pub fn pages(root: &Path) -> Result<Vec<Page>> {
    let (resolve, packages) = resolve(&root.join("wit"))?;
    packages
        .into_iter()
        .map(|(folder, id)| {
            Ok(Page { file: Path::new(FOLDER).join(format!("{folder}.md")), text: page(&resolve, id)? })
        })
        .collect()
}

/// Reads `deps/*` and then the city's packages. A package needs those that it uses to be there, and no
/// file says in which order: whoever is not satisfied yet is tried again after the others.
fn resolve(wit: &Path) -> Result<(Resolve, Vec<(String, PackageId)>)> {
    let mut resolve = Resolve::default();
    let mut waiting: Vec<(String, PathBuf)> = folders(&wit.join("deps"))?;
    waiting.extend(folders(wit)?.into_iter().filter(|(name, _)| name.starts_with("city-")));
    let mut city = Vec::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut refused = None;
        let mut still = Vec::new();
        for (name, path) in waiting {
            // A failed push may leave its traces behind, so it is tried on a copy.
            let mut attempt = resolve.clone();
            match attempt.push_dir(&path) {
                Ok((id, _)) => {
                    resolve = attempt;
                    if name.starts_with("city-") {
                        city.push((name, id));
                    }
                }
                Err(e) => {
                    refused = Some(
                        e.context(format!("{} is no WIT package, or uses one that is not in wit/", path.display())),
                    );
                    still.push((name, path));
                }
            }
        }
        waiting = still;
        if let (true, Some(e)) = (waiting.len() == before, refused) {
            return Err(e);
        }
    }
    Ok((resolve, city))
}

fn folders(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn page(resolve: &Resolve, id: PackageId) -> Result<String> {
    let package = &resolve.packages[id];
    let mut out = String::new();
    let version = package.name.version.as_ref().map(ToString::to_string).unwrap_or_default();
    writeln!(out, "# {}:{} {version}\n", package.name.namespace, package.name.name)?;
    writeln!(out, "<!-- Written by `cargo xtask book` from wit/. Change the doc comments there. -->\n")?;
    prose(&mut out, &package.docs, 1)?;
    for (name, id) in &package.interfaces {
        interface(&mut out, resolve, name, &resolve.interfaces[*id])?;
    }
    for (name, id) in &package.worlds {
        world(&mut out, resolve, name, &resolve.worlds[*id])?;
    }
    Ok(out.trim_end().to_owned() + "\n")
}

fn interface(out: &mut String, resolve: &Resolve, name: &str, interface: &Interface) -> Result<()> {
    writeln!(out, "## {name} {{#{name}}}\n")?;
    prose(out, &interface.docs, 2)?;
    let own: Vec<_> = interface.types.iter().map(|(name, id)| (name, *id, &resolve.types[*id])).collect();
    for (type_name, id, def) in &own {
        declared_type(out, resolve, name, type_name, def)?;
        for function in interface.functions.values().filter(|f| resource(f) == Some(*id)) {
            declared_function(out, resolve, name, function)?;
        }
    }
    for function in interface.functions.values().filter(|f| resource(f).is_none()) {
        declared_function(out, resolve, name, function)?;
    }
    Ok(())
}

/// The resource whose method, constructor or static function this is.
fn resource(function: &Function) -> Option<TypeId> {
    match function.kind {
        FunctionKind::Method(id)
        | FunctionKind::AsyncMethod(id)
        | FunctionKind::Static(id)
        | FunctionKind::AsyncStatic(id)
        | FunctionKind::Constructor(id) => Some(id),
        _ => None,
    }
}

fn declared_type(out: &mut String, resolve: &Resolve, interface: &str, name: &str, def: &TypeDef) -> Result<()> {
    let anchor = format!("{{#{interface}.{name}}}");
    let heading = |out: &mut String, kind: &str| writeln!(out, "### {kind} `{name}` {anchor}\n");
    match &def.kind {
        TypeDefKind::Record(record) => {
            heading(out, "record")?;
            prose(out, &def.docs, 3)?;
            rows(
                out,
                ["field", "type", "meaning"],
                record.fields.iter().map(|f| (f.name.as_str(), Some(ty(resolve, &f.ty)), &f.docs)),
            )?;
        }
        TypeDefKind::Variant(variant) => {
            heading(out, "variant")?;
            prose(out, &def.docs, 3)?;
            rows(
                out,
                ["case", "carries", "meaning"],
                variant
                    .cases
                    .iter()
                    .map(|c| (c.name.as_str(), Some(c.ty.map(|t| ty(resolve, &t)).unwrap_or_default()), &c.docs)),
            )?;
        }
        TypeDefKind::Enum(cases) => {
            heading(out, "enum")?;
            prose(out, &def.docs, 3)?;
            rows(out, ["case", "", "meaning"], cases.cases.iter().map(|c| (c.name.as_str(), None, &c.docs)))?;
        }
        TypeDefKind::Flags(flags) => {
            heading(out, "flags")?;
            prose(out, &def.docs, 3)?;
            rows(out, ["flag", "", "meaning"], flags.flags.iter().map(|f| (f.name.as_str(), None, &f.docs)))?;
        }
        TypeDefKind::Resource => {
            heading(out, "resource")?;
            prose(out, &def.docs, 3)?;
        }
        // `use other.{name}`: it is described where it is declared.
        TypeDefKind::Type(Type::Id(other)) if def.docs.contents.is_none() => {
            writeln!(out, "`{name}` is {}.\n", linked(resolve, *other))?;
        }
        _ => {
            heading(out, "type")?;
            prose(out, &def.docs, 3)?;
            writeln!(out, "```wit\ntype {name} = {};\n```\n", kind(resolve, &def.kind))?;
        }
    }
    Ok(())
}

/// A table of fields, cases or flags. The middle column is left out where nothing stands in it.
fn rows<'a>(
    out: &mut String,
    head: [&str; 3],
    items: impl Iterator<Item = (&'a str, Option<String>, &'a Docs)>,
) -> Result<()> {
    let typed = !head[1].is_empty();
    if typed {
        writeln!(out, "| {} | {} | {} |\n|---|---|---|", head[0], head[1], head[2])?;
    } else {
        writeln!(out, "| {} | {} |\n|---|---|", head[0], head[2])?;
    }
    for (name, ty, docs) in items {
        let said = docs
            .contents
            .as_deref()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace('|', "\\|");
        match ty {
            Some(ty) if ty.is_empty() => writeln!(out, "| `{name}` | | {said} |")?,
            Some(ty) => writeln!(out, "| `{name}` | `{ty}` | {said} |")?,
            None => writeln!(out, "| `{name}` | {said} |")?,
        }
    }
    writeln!(out)?;
    Ok(())
}

fn declared_function(out: &mut String, resolve: &Resolve, interface: &str, function: &Function) -> Result<()> {
    let bare = function.item_name();
    let (title, anchor, shown) = match function.kind {
        FunctionKind::Constructor(id) => {
            let of = name_of(resolve, id);
            (format!("{of} (constructor)"), format!("{interface}.{of}.constructor"), "constructor".to_owned())
        }
        _ => match resource(function) {
            Some(id) => {
                let of = name_of(resolve, id);
                (format!("{of}.{bare}"), format!("{interface}.{of}.{bare}"), bare.to_owned())
            }
            None => (bare.to_owned(), format!("{interface}.{bare}"), bare.to_owned()),
        },
    };
    writeln!(out, "### `{title}` {{#{anchor}}}\n")?;
    writeln!(out, "```wit\n{}\n```\n", signature(resolve, function, &shown))?;
    prose(out, &function.docs, 3)
}

fn signature(resolve: &Resolve, function: &Function, shown: &str) -> String {
    // The resource itself is a method's first parameter, which WIT leaves out.
    let hidden = usize::from(matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_)));
    let params: Vec<String> =
        function.params.iter().skip(hidden).map(|p| format!("{}: {}", escaped(&p.name), ty(resolve, &p.ty))).collect();
    let params = params.join(", ");
    if matches!(function.kind, FunctionKind::Constructor(_)) {
        return format!("constructor({params});");
    }
    let how = match function.kind {
        FunctionKind::Static(_) => "static func",
        FunctionKind::AsyncStatic(_) => "static async func",
        FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) => "async func",
        _ => "func",
    };
    let result = function.result.map(|r| format!(" -> {}", ty(resolve, &r))).unwrap_or_default();
    format!("{}: {how}({params}){result};", escaped(shown))
}

/// A name as WIT wants it: its keywords have a `%` before them.
fn escaped(name: &str) -> String {
    const KEYWORDS: [&str; 9] = ["from", "use", "type", "record", "result", "list", "func", "include", "static"];
    if KEYWORDS.contains(&name) { format!("%{name}") } else { name.to_owned() }
}

fn world(out: &mut String, resolve: &Resolve, name: &str, world: &World) -> Result<()> {
    writeln!(out, "## world {name} {{#world.{name}}}\n")?;
    prose(out, &world.docs, 2)?;
    for (verb, items) in [("imports", &world.imports), ("exports", &world.exports)] {
        if items.is_empty() {
            continue;
        }
        writeln!(out, "It {verb}:\n")?;
        for (key, item) in items {
            let link = match (key, item) {
                (WorldKey::Interface(id), _) | (_, WorldItem::Interface { id, .. }) => interface_link(resolve, *id),
                (WorldKey::Name(name), _) => format!("`{name}`"),
            };
            writeln!(out, "- {link}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The full name of an interface, with a link where the city declares it.
fn interface_link(resolve: &Resolve, id: InterfaceId) -> String {
    let full = resolve.id_of(id).unwrap_or_default();
    let interface = &resolve.interfaces[id];
    match (interface.package.map(|p| &resolve.packages[p].name), &interface.name) {
        (Some(package), Some(name)) if package.namespace == "city" => {
            format!("[`{full}`](city-{}.md#{name})", package.name)
        }
        _ => format!("`{full}`"),
    }
}

/// A type's name with a link to the interface that declares it.
fn linked(resolve: &Resolve, id: TypeId) -> String {
    let mut def = &resolve.types[id];
    while let TypeDefKind::Type(Type::Id(other)) = def.kind {
        def = &resolve.types[other];
    }
    let name = def.name.clone().unwrap_or_default();
    match def.owner {
        TypeOwner::Interface(owner) => {
            let interface = &resolve.interfaces[owner];
            match (interface.package.map(|p| &resolve.packages[p].name), &interface.name) {
                (Some(package), Some(of)) if package.namespace == "city" => {
                    format!(
                        "[`{}:{}/{of}.{name}`](city-{}.md#{of}.{name})",
                        package.namespace, package.name, package.name
                    )
                }
                _ => format!("`{}.{name}`", resolve.id_of(owner).unwrap_or_default()),
            }
        }
        _ => format!("`{name}`"),
    }
}

fn name_of(resolve: &Resolve, id: TypeId) -> String {
    resolve.types[id].name.clone().unwrap_or_default()
}

fn ty(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::ErrorContext => "error-context".to_owned(),
        Type::Id(id) => match &resolve.types[*id] {
            TypeDef { name: Some(name), .. } => name.clone(),
            anonymous => kind(resolve, &anonymous.kind),
        },
    }
}

fn kind(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let optional = |t: &Option<Type>| t.as_ref().map_or_else(|| "_".to_owned(), |t| ty(resolve, t));
    match kind {
        TypeDefKind::Type(t) => ty(resolve, t),
        TypeDefKind::List(t) => format!("list<{}>", ty(resolve, t)),
        TypeDefKind::Option(t) => format!("option<{}>", ty(resolve, t)),
        TypeDefKind::Result(r) => match (&r.ok, &r.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", ty(resolve, ok)),
            (ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
        },
        TypeDefKind::Tuple(t) => {
            format!("tuple<{}>", t.types.iter().map(|t| ty(resolve, t)).collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Handle(Handle::Own(id)) => name_of(resolve, *id),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", name_of(resolve, *id)),
        TypeDefKind::Future(t) => format!("future<{}>", optional(t)),
        TypeDefKind::Stream(t) => format!("stream<{}>", optional(t)),
        other => other.as_str().to_owned(),
    }
}

/// A doc comment as Markdown, its headings below the heading of depth `depth` that it stands under.
fn prose(out: &mut String, docs: &Docs, depth: usize) -> Result<()> {
    let Some(text) = &docs.contents else { return Ok(()) };
    let mut code = false;
    for line in text.trim_end().lines() {
        code ^= line.trim_start().starts_with("```");
        if !code && line.starts_with('#') {
            write!(out, "{}", "#".repeat(depth))?;
        }
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    Ok(())
}
