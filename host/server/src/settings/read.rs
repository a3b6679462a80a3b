//! Reading: the file, then the environment, then the command line, each over the one before; and
//! saying what is wrong where it stands.

use super::Settings;
use crate::refusal::both;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use yunlong_model::Text;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("{}: {why}", .path.display())]
    Unreadable { path: PathBuf, why: String },
    /// Not TOML, or a value of another type; the text names the line.
    #[error("{}: {problem}", .path.display())]
    File { path: PathBuf, problem: String },
    #[error("there is no setting `{key}`{}", .nearest.as_ref().map(|n| format!(": did you mean `{n}`?")).unwrap_or_else(|| ": `yunlong config schema` lists all".into()))]
    Unknown { key: String, nearest: Option<String> },
    #[error("{key}: {problem}")]
    Value { key: String, problem: String },
    #[error("--option {0}: write it as KEY=VALUE, such as limits.connections=500")]
    Option(String),
    #[error("no data folder: give --data DIR, or `data` in the configuration file")]
    NoData,
    #[error("the admin listener needs a port of its own: give another --admin-port")]
    OnePort,
    #[error("--port 65535 leaves no port for the admin listener: give --admin-port")]
    NoAdminPort,
}

impl SettingsError {
    /// What to do.
    pub(crate) fn next(&self) -> Text {
        match self {
            Self::Unreadable { .. } => {
                both("请检查 --config 写的路径和文件权限", "check the path that --config names, and who may read it")
            }
            Self::File { path, .. } => both(
                format!("请按提示修改该文件，再运行 yunlong config check {}", path.display()),
                format!("mend that line, and look again with `yunlong config check {}`", path.display()),
            ),
            Self::Unknown { .. } | Self::Value { .. } | Self::Option(_) => both(
                "请修改它；全部设置见 yunlong config schema",
                "correct it; `yunlong config schema` lists every setting and its range",
            ),
            Self::NoData => both(
                "请用 --data 文件夹（或配置文件的 data）指定数据文件夹；只想试用，请运行 yunlong serve --demo",
                "give --data DIR, or `data` in the configuration file; to try the platform run `yunlong serve --demo`",
            ),
            Self::OnePort | Self::NoAdminPort => {
                both("请用 --admin-port 指定另一个端口", "give another port with --admin-port")
            }
        }
    }
}

/// Where settings come from.
#[derive(Default)]
pub(crate) struct Read<'a> {
    /// The configuration file.
    pub(crate) file: Option<&'a Path>,
    /// `KEY=VALUE` of the command line, over the file.
    pub(crate) options: &'a [String],
    /// What named flags and environment variables set, over everything else.
    pub(crate) flags: Vec<(&'static str, Value)>,
}

/// The JSON Schema of the file.
pub(crate) fn schema() -> serde_json::Value {
    let mut settings = schemars::generate::SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<Settings>().to_value()
}

/// Reads and checks. Nothing that is not understood is passed over.
pub(crate) fn read(from: &Read<'_>) -> Result<Settings, SettingsError> {
    let mut table = match from.file {
        Some(path) => read_file(path)?,
        None => Table::new(),
    };
    for option in from.options {
        let (key, text) = option.split_once('=').ok_or_else(|| SettingsError::Option(option.clone()))?;
        set(&mut table, key.trim(), value(text.trim()))?;
    }
    for (key, value) in &from.flags {
        set(&mut table, key, value.clone())?;
    }
    check(&table)?;
    let settings: Settings = Value::Table(table).try_into().map_err(|e: toml::de::Error| SettingsError::Value {
        key: "configuration".into(),
        problem: e.message().into(),
    })?;
    Ok(Settings { beside: from.file.and_then(Path::parent).map(Path::to_owned).unwrap_or_default(), ..settings })
}

/// The file by itself, so that an error can name its line.
fn read_file(path: &Path) -> Result<Table, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| SettingsError::Unreadable { path: path.to_owned(), why: e.to_string() })?;
    let fail = |e: &dyn std::fmt::Display| SettingsError::File { path: path.to_owned(), problem: e.to_string() };
    let table: Table = text.parse().map_err(|e: toml::de::Error| fail(&e))?;
    unknown(&table, &schema(), "").map_err(|e| fail(&e))?;
    toml::from_str::<Settings>(&text).map_err(|e| fail(&e))?;
    check(&table).map_err(|e| fail(&e))?;
    Ok(table)
}

/// A value as TOML, or as text where it is none.
fn value(text: &str) -> Value {
    format!("x = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("x"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(table: &mut Table, key: &str, value: Value) -> Result<(), SettingsError> {
    let mut at = table;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            at.insert(part.to_owned(), value);
            return Ok(());
        }
        let next = at.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()));
        at = next.as_table_mut().ok_or_else(|| SettingsError::Value {
            key: key.to_owned(),
            problem: format!("`{part}` is a value, not a section"),
        })?;
    }
    Ok(())
}

/// Names that the schema does not know, then what its types and ranges refuse.
fn check(table: &Table) -> Result<(), SettingsError> {
    let schema = schema();
    unknown(table, &schema, "")?;
    let instance = serde_json::to_value(table)
        .map_err(|e| SettingsError::Value { key: "configuration".into(), problem: e.to_string() })?;
    let validator = jsonschema::validator_for(&schema)
        .map_err(|e| SettingsError::Value { key: "schema".into(), problem: e.to_string() })?;
    match validator.iter_errors(&instance).next() {
        None => Ok(()),
        Some(error) => {
            let key = error.instance_path().to_string().trim_start_matches('/').replace('/', ".");
            Err(SettingsError::Value { key, problem: error.to_string() })
        }
    }
}

fn unknown(table: &Table, schema: &serde_json::Value, above: &str) -> Result<(), SettingsError> {
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    for (key, value) in table {
        let Some(known) = properties.get(key) else {
            return Err(SettingsError::Unknown { key: format!("{above}{key}"), nearest: nearest(key, above) });
        };
        if let Value::Table(inner) = value {
            unknown(inner, known, &format!("{above}{key}."))?;
        }
    }
    Ok(())
}

/// The setting that was probably meant: in the same section, or of the same name in another one.
fn nearest(key: &str, above: &str) -> Option<String> {
    let mut all = Vec::new();
    names(&schema(), "", &mut all);
    let wanted = format!("{above}{key}");
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance =
        |name: &str| strsim::damerau_levenshtein(&wanted, name).min(strsim::damerau_levenshtein(key, &last(name)) + 1);
    all.into_iter()
        .map(|name| (distance(&name), name))
        .filter(|(d, _)| *d <= key.len() / 3 + 1)
        .min()
        .map(|(_, name)| name)
}

fn names(schema: &serde_json::Value, above: &str, out: &mut Vec<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        out.push(format!("{above}{key}"));
        names(inner, &format!("{above}{key}."), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(options: &[&str]) -> Result<Settings, SettingsError> {
        let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
        read(&Read { options: &options, ..Read::default() })
    }

    fn file(text: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("yunlong.toml");
        std::fs::write(&path, text).unwrap();
        read(&Read { file: Some(&path), ..Read::default() }).map_err(|e| e.to_string())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let settings = file("").unwrap();
        let (ours, theirs) = (settings.gateway().unwrap(), yunlong_gateway::GatewayConfig::default());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        assert_eq!(settings.messaging(), yunlong_messaging::Config::default());
        assert_eq!(settings.identity(false), yunlong_identity::IdentityConfig::default());
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest_one() {
        let text = file("[limits]\nconections = 5\n").unwrap_err();
        assert!(text.contains("`limits.conections`") && text.contains("`limits.connections`"), "{text}");
        // In the wrong section.
        let text = file("[proxy]\nconnections = 5\n").unwrap_err();
        assert!(text.contains("`limits.connections`"), "{text}");
        let text = file("nothing_like_it = 1\n").unwrap_err();
        assert!(text.contains("config schema"), "{text}");
    }

    #[test]
    fn errors_name_the_place() {
        let text = file("[listen]\nport = \"eighty\"\n").unwrap_err();
        assert!(text.contains("line 2") && text.contains("eighty"), "{text}");
        let text = file("[limits]\nconnections = 0\n").unwrap_err();
        assert!(text.contains("limits.connections"), "{text}");
        let text = file("[listen\n").unwrap_err();
        assert!(text.contains("line 1"), "{text}");
    }

    #[test]
    fn providers_and_registration_stand_in_the_file_and_mistakes_are_named() {
        let good = "[accounts]\nself_registration = true\n[[provider]]\nname = \"province\"\ntitle = { zh = \"省\", en = \"Province\" }\nissuer = \"https://id.example\"\nclient_id = \"yunlong\"\nclient_secret_file = \"province.secret\"\n";
        let settings = file(good).unwrap();
        assert!(settings.gateway().unwrap().self_registration);
        assert_eq!((settings.provider.len(), settings.provider[0].name.as_str()), (1, "province"));
        assert!(settings.beside.is_absolute());
        let text = file(&good.replace("client_secret_file", "client_secret")).unwrap_err();
        assert!(text.contains("client_secret") && text.contains("client_secret_file"), "{text}");
        assert!(file("[[provider]]\nname = \"province\"\n").unwrap_err().contains("title"));
    }

    #[test]
    fn later_sources_win() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("yunlong.toml");
        std::fs::write(&path, "[listen]\nport = 1000\n[limits]\nconnections = 1\nbody_kib = 7\n").unwrap();
        let options = vec!["limits.connections=2".to_owned(), "listen.port=2000".to_owned()];
        let flags = vec![("listen.port", Value::Integer(3000))];
        let s = read(&Read { file: Some(&path), options: &options, flags }).unwrap();
        assert_eq!((s.limits.body_kib, s.limits.connections, s.listen.port), (7, 2, 3000));
    }

    #[test]
    fn options_are_toml_or_text() {
        let s = options(&["quota.installations.tickets=5", "origin=https://city.example", "keys.data=[\"a\", \"b\"]"])
            .unwrap();
        assert_eq!(s.quota.installations["tickets"], 5);
        assert_eq!(s.origin.as_deref(), Some("https://city.example"));
        assert_eq!(s.keys.data.len(), 2);
        assert!(options(&["limits.connections"]).is_err());
        // The later one counts.
        assert_eq!(options(&["listen.port=1", "listen.port=2"]).unwrap().listen.port, 2);
    }
}
