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
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use yunlong_model::{Manifest, Schema};

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
    /// Ask the platform's catalogues for the datasets, and for the topics of other installations; without it only the
    /// datasets of the base databases are known
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

/// What is known of that which others describe.
#[derive(Debug, Default)]
struct Catalogue {
    datasets: BTreeMap<String, Catalogued>,
    /// The schemas of others' topics, by the installation that publishes and the topic; `None` where the city has no
    /// such topic, or where it has no schema.
    topics: BTreeMap<(String, String), Option<Value>>,
}

/// The datasets that the program carries, as far as the app uses them.
fn built_in(manifest: &Manifest) -> Result<Catalogue, CliError> {
    let mut out = Catalogue::default();
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
        out.datasets.insert(used.dataset.clone(), found);
    }
    Ok(out)
}

/// The datasets and the others' topics that the app uses, as the platform's catalogues describe them.
fn fetched(server: &Server, manifest: &Manifest) -> Result<Catalogue, CliError> {
    let mut out = Catalogue { topics: fetched_topics(server, manifest)?, ..Catalogue::default() };
    if manifest.datasets.is_empty() {
        return Ok(out);
    }
    let client = Client::signed_in(server)?;
    for used in &manifest.datasets {
        let answer = client.get(&crate::hub::dataset_path(&used.dataset)?)?;
        let found = serde_json::from_value(answer).map_err(|e| {
            client.strange(&format!("数据集的说明不对：{e}"), &format!("a dataset is described wrongly: {e}"))
        })?;
        out.datasets.insert(used.dataset.clone(), found);
    }
    Ok(out)
}

/// The catalogue of messages is everybody's.
fn fetched_topics(server: &Server, manifest: &Manifest) -> Result<BTreeMap<(String, String), Option<Value>>, CliError> {
    let mut out = BTreeMap::new();
    let client = Client::anonymous(&server.server)?;
    for consumed in &manifest.consumes {
        let Some(from) = &consumed.from else { continue };
        // Both are words of a manifest that was read: nothing in them is special in an address.
        let schema = match client.of_portal(&format!("/api/v1/topics/{from}/{}", consumed.topic)) {
            Ok(mut answer) => Some(answer["schema"].take()).filter(|s| !s.is_null()),
            Err(CliError::Refused { status: 404, .. }) => None,
            Err(e) => return Err(e),
        };
        if let Some(schema) = &schema {
            // The bounds of an own schema hold for one that came over the wire.
            Schema::compile(schema).map_err(|e| {
                let told = e.text();
                let topic = &consumed.topic;
                client.strange(&format!("主题 {topic} 的格式：{}", told.zh), &format!("topic {topic}: {}", told.en))
            })?;
        }
        out.insert((from.clone(), consumed.topic.clone()), schema);
    }
    Ok(out)
}

/// The text of the file, and what could not be told.
fn generate(manifest: &Manifest, catalogue: &Catalogue, language: Language) -> Result<(String, Vec<String>), CliError> {
    let mut model = Model::default();
    for used in &manifest.datasets {
        if let Some(described) = catalogue.datasets.get(&used.dataset) {
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
    // One topic of several installations is most often one thing: the same app in two departments.
    let mut told: BTreeMap<&str, Option<&Value>> =
        manifest.publishes.iter().map(|t| (t.name.as_str(), t.schema.as_ref())).collect();
    for consumed in &manifest.consumes {
        let Some(from) = &consumed.from else { continue };
        let topic = &consumed.topic;
        match catalogue.topics.get(&(from.clone(), topic.clone())) {
            None => remarks
                .push(format!("{topic} is described by {from}: --fetch asks the city's catalogue of messages for it")),
            Some(None) => remarks.push(format!("the city has no schema of {topic} of {from}, and it gets no type")),
            Some(Some(schema)) => match told.get(topic.as_str()) {
                None => {
                    topic::add(&mut model, topic, schema);
                    told.insert(topic, Some(schema));
                }
                Some(same) if *same == Some(schema) => {}
                Some(_) => remarks.push(format!(
                    "{topic} of {from} has another schema than {topic} of somebody else, and gets no type"
                )),
            },
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
    use serde_json::json;

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

    /// The same app in two departments tells the same; somebody else's topic of that name is another one.
    #[test]
    fn topics_of_others_have_types_as_the_catalogue_of_messages_describes_them() {
        let more = "\n[[consumes]]\ntopic = \"parcel.lost\"\nfrom = \"carrier\"\n[[consumes]]\ntopic = \"parcel.lost\"\nfrom = \"carrier-pizhou\"\n[[consumes]]\ntopic = \"parcel.lost\"\nfrom = \"post\"\n[[consumes]]\ntopic = \"parcel.lost\"\nfrom = \"nobody\"\n";
        let manifest = Manifest::parse(&format!("{APP}{more}")).unwrap();
        let schema =
            json!({ "type": "object", "required": ["parcel"], "properties": { "parcel": { "type": "string" } } });
        let mut catalogue = built_in(&manifest).unwrap();
        let (_, remarks) = generate(&manifest, &catalogue, Language::Rust).unwrap();
        assert!(remarks.iter().any(|r| r.contains("parcel.lost") && r.contains("--fetch")), "{remarks:?}");
        for (from, schema) in [
            ("carrier", Some(schema.clone())),
            ("carrier-pizhou", Some(schema)),
            ("post", Some(json!({ "type": "string" }))),
            ("nobody", None),
        ] {
            catalogue.topics.insert((from.to_owned(), "parcel.lost".to_owned()), schema);
        }
        for language in Language::ALL {
            let (text, remarks) = generate(&manifest, &catalogue, language).unwrap();
            assert_eq!(text.matches("The payload of the topic `parcel.lost`").count(), 1, "{text}");
            let said =
                |of: &str| remarks.iter().any(|r| r.contains(&format!("of {of} ")) || r.contains(&format!("of {of},")));
            assert!(said("post") && said("nobody") && !said("carrier") && !said("carrier-pizhou"), "{remarks:?}");
        }
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
