//! `yunlong bindgen`: types of the datasets and topics that `app.toml` names, in the app's language.
//!
//! Both are turned into one small model ([`model`]), which each language writes in its own way: what an app reads is the
//! same in all three. The same input gives the same bytes, so that the file can be kept in version control and
//! compared. A generator for JSON Schema in general would make types of one language only, and of datasets none: they
//! are described by the catalogue's items, and what an app sees of an item depends on the mask that its provider
//! chose.

mod dataset;
mod model;
mod python;
mod rust;
mod topic;
mod typescript;

use crate::client::Client;
use crate::project::Language;
use crate::terminal::{lang, say};
use crate::{CliError, Server, carried, project};
use clap::Args;
use dataset::Catalogued;
use model::Model;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yunlong_model::Manifest;

/// `yunlong bindgen`.
#[derive(Args, Debug)]
pub struct Bindgen {
    /// The app's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The language, when it is not that of the app's folder
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// The file; by default src/schemas.rs, src/schemas.ts or schemas.py in the app's folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Ask the platform's catalogue for the datasets; without it those of the base databases are known
    #[arg(long)]
    fetch: bool,
    /// Write nothing, and fail when the file is not as it would be written: for a build service
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(options: &Bindgen) -> Result<(), CliError> {
    let manifest = project::manifest(&options.dir)?;
    let language = options.lang.map_or_else(|| Language::of(&options.dir), Ok)?;
    let catalogue = if options.fetch { fetched(&options.server, &manifest)? } else { built_in(&manifest)? };
    let (text, remarks) = generate(&manifest, &catalogue, language)?;
    for remark in remarks {
        eprintln!("note: {remark}");
    }
    let file = options.output.clone().unwrap_or_else(|| options.dir.join(default_file(language)));
    let same = std::fs::read_to_string(&file).is_ok_and(|there| there == text);
    let shown = file.display();
    if options.check {
        if same {
            return Ok(());
        }
        return Err(CliError::usage(
            lang().pick(
                &format!("{shown} 与 app.toml 和目录不一致"),
                &format!("{shown} is not what app.toml and the catalogue say"),
            ),
            lang().pick("运行 `yunlong bindgen`", "run `yunlong bindgen`"),
        ));
    }
    if !same {
        replace(&file, &text)?;
    }
    say!("{shown}")
}

const fn default_file(language: Language) -> &'static str {
    match language {
        Language::Rust => "src/schemas.rs",
        Language::Typescript => "src/schemas.ts",
        Language::Python => "schemas.py",
    }
}

/// Writes a file whole, or leaves what is there.
fn replace(file: &Path, text: &str) -> Result<(), CliError> {
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    carried::write(&temporary, false, text.as_bytes())?;
    std::fs::rename(&temporary, file).map_err(|e| {
        _ = std::fs::remove_file(&temporary);
        CliError::io(file.display())(e)
    })
}

type Catalogue = BTreeMap<String, Catalogued>;

/// The datasets that the program carries, as far as the app uses them.
fn built_in(manifest: &Manifest) -> Result<Catalogue, CliError> {
    let mut out = Catalogue::new();
    for used in &manifest.datasets {
        let path = format!("host/hub/data/datasets/{}.toml", used.dataset);
        let Some(text) = carried::text(&path)? else {
            return Err(CliError::usage(
                lang().pick(
                    &format!("{} 不是基础库的数据集，本机没有它的说明", used.dataset),
                    &format!("{} is no dataset of a base database, and is not described here", used.dataset),
                ),
                lang().pick("用 --fetch 向平台的目录查询", "ask the platform's catalogue with --fetch"),
            ));
        };
        let found = toml::from_str(&text).map_err(|e| {
            let next = lang()
                .pick("重新安装 yunlong；如再出现，请报告", "install yunlong anew; report it if it happens again");
            CliError::usage(format!("{path}: {e}"), next)
        })?;
        out.insert(used.dataset.clone(), found);
    }
    Ok(out)
}

/// The datasets that the app uses, as the platform's catalogue describes them.
fn fetched(server: &Server, manifest: &Manifest) -> Result<Catalogue, CliError> {
    let mut out = Catalogue::new();
    if manifest.datasets.is_empty() {
        return Ok(out);
    }
    let client = Client::signed_in(server)?;
    for used in &manifest.datasets {
        let answer = client.get(&crate::hub::dataset_path(&used.dataset)?)?;
        let found = serde_json::from_value(answer).map_err(|e| {
            client.strange(&format!("数据集的说明不对：{e}"), &format!("a dataset is described wrongly: {e}"))
        })?;
        out.insert(used.dataset.clone(), found);
    }
    Ok(out)
}

/// The text of the file, and what could not be told.
fn generate(manifest: &Manifest, catalogue: &Catalogue, language: Language) -> Result<(String, Vec<String>), CliError> {
    let mut model = Model::default();
    for used in &manifest.datasets {
        if let Some(described) = catalogue.get(&used.dataset) {
            dataset::add(&mut model, used, described)?;
        }
    }
    let mut remarks = Vec::new();
    for topic in &manifest.publishes {
        match &topic.schema {
            Some(schema) => topic::add(&mut model, &topic.name, schema),
            None => remarks.push(format!("the topic {} has no [publishes.schema], and gets no type", topic.name)),
        }
    }
    for consumed in &manifest.consumes {
        if let Some(from) = &consumed.from {
            let topic = &consumed.topic;
            remarks.push(format!("{topic} is described in the app.toml of {from}, and gets no type here"));
        }
    }
    let text = match language {
        Language::Rust => rust::write(&model),
        Language::Typescript => typescript::write(&model),
        Language::Python => python::write(&model),
    };
    Ok((text, remarks))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = include_str!("../../tests/bindgen/app.toml");

    fn made(language: Language) -> String {
        let manifest = Manifest::parse(APP).unwrap();
        generate(&manifest, &built_in(&manifest).unwrap(), language).unwrap().0
    }

    /// Compares with a file of the checkout. With YUNLONG_BLESS set it is written anew: look at the difference.
    fn golden(file: &str, made: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        if std::env::var_os("YUNLONG_BLESS").is_some() {
            std::fs::write(&path, made).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap();
        assert!(made == there, "{file} differs:\n{made}");
    }

    #[test]
    fn the_files_are_those_that_the_tests_of_each_language_read_with_its_sdk() {
        for (language, file) in [
            (Language::Rust, "sdk/cli/tests/bindgen/schemas.rs"),
            (Language::Typescript, "sdk/js/test/bindgen/schemas.ts"),
            (Language::Python, "sdk/python/tests/bindgen/schemas.py"),
        ] {
            golden(file, &made(language));
            assert_eq!(made(language), made(language), "the same input gives the same bytes");
        }
    }

    /// `examples/residents` and `examples/parking` use what is made for them.
    #[test]
    fn the_lessons_have_what_is_made_of_their_manifests() {
        for (app, language) in [("residents", Language::Rust), ("parking", Language::Python)] {
            let dir = Path::new("examples").join(app);
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&dir).join("app.toml");
            let manifest = Manifest::parse(&std::fs::read_to_string(manifest).unwrap()).unwrap();
            let (text, _) = generate(&manifest, &built_in(&manifest).unwrap(), language).unwrap();
            golden(dir.join(default_file(language)).to_str().unwrap(), &text);
        }
    }

    #[test]
    fn what_is_not_known_is_told_with_the_next_step() {
        let unknown = APP.replace("geospatial.place", "traffic.camera");
        let error = built_in(&Manifest::parse(&unknown).unwrap()).unwrap_err();
        assert!(error.next().contains("--fetch"));
        let manifest = Manifest::parse(&APP.replace("\"birth_date\"", "\"shoe_size\"")).unwrap();
        let error = generate(&manifest, &built_in(&manifest).unwrap(), Language::Rust).unwrap_err();
        assert!(error.to_string().contains("shoe_size") && error.next().contains("birth_date"), "{error}");
    }

    #[test]
    fn words_of_a_description_cannot_leave_their_comment() {
        let hostile = APP.replace("What was paid, in fen.", "x\\n} */ fn main() {} \\\"\\\"\\\" import os");
        assert_ne!(hostile, APP);
        let manifest = Manifest::parse(&hostile).unwrap();
        for language in Language::ALL {
            let (text, _) = generate(&manifest, &built_in(&manifest).unwrap(), language).unwrap();
            let line = text.lines().find(|l| l.contains("import os")).unwrap().trim_start();
            assert!(line.starts_with("//") || line.starts_with('#'), "{line}");
            let comment = |l: &str| l.trim_start().starts_with("//") || l.trim_start().starts_with('#');
            assert!(text.lines().filter(|l| l.contains("main()")).all(comment), "{text}");
        }
    }
}
