//! The outside providers: a TOML file, read and found whole before the server listens.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;
use yunlong_gateway::{ClaimNames, OutsideProvider, Trusted};
use yunlong_model::Text;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its name in addresses.
    name: String,
    /// What stands on its button.
    title: Text,
    issuer: String,
    client_id: String,
    /// A file with the client's secret, beside this one or absolute; none for a public client.
    client_secret_file: Option<std::path::PathBuf>,
    /// A PEM file with the certificates to trust in the place of the public ones.
    ca_file: Option<std::path::PathBuf>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    claims: Claims,
    /// What it is believed: `real-name`, `resident-id`, `mobile`.
    #[serde(default)]
    trusted: Vec<Attribute>,
}

/// Under which names it tells what; the defaults are those of OpenID Connect.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Claims {
    real_name: Option<String>,
    resident_id: Option<String>,
    mobile: Option<String>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Attribute {
    RealName,
    ResidentId,
    Mobile,
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Vec<OutsideProvider>> {
    let text = std::fs::read_to_string(path)?;
    let file: File = toml::from_str(&text)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let mut all: Vec<OutsideProvider> = Vec::new();
    for entry in file.provider {
        let name = entry.name.clone();
        let provider = provider(entry, beside).with_context(|| format!("provider `{name}`"))?;
        if all.iter().any(|p| p.name == provider.name || p.issuer == provider.issuer) {
            bail!("provider `{name}`: another one has its name or its issuer");
        }
        all.push(provider);
    }
    Ok(all)
}

fn provider(entry: Entry, beside: &Path) -> Result<OutsideProvider> {
    let client_secret = match entry.client_secret_file {
        None => None,
        Some(file) => {
            let file = beside.join(file);
            let secret = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let secret = secret.trim().to_owned();
            if secret.is_empty() {
                bail!("{} is empty", file.display());
            }
            Some(secret)
        }
    };
    let ca = match entry.ca_file {
        None => None,
        Some(file) => {
            let file = beside.join(file);
            Some(std::fs::read(&file).with_context(|| file.display().to_string())?)
        }
    };
    let names = ClaimNames::default();
    let provider = OutsideProvider {
        name: entry.name,
        title: entry.title,
        issuer: entry.issuer,
        client_id: entry.client_id,
        client_secret,
        ca,
        scopes: entry.scopes,
        claims: ClaimNames {
            real_name: entry.claims.real_name.unwrap_or(names.real_name),
            resident_id: entry.claims.resident_id.unwrap_or(names.resident_id),
            mobile: entry.claims.mobile.unwrap_or(names.mobile),
        },
        trusted: Trusted {
            real_name: entry.trusted.contains(&Attribute::RealName),
            resident_id: entry.trusted.contains(&Attribute::ResidentId),
            mobile: entry.trusted.contains(&Attribute::Mobile),
        },
    };
    provider.check().map_err(anyhow::Error::msg)?;
    Ok(provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<OutsideProvider>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "hush\n").unwrap();
        std::fs::write(dir.path().join("empty"), "").unwrap();
        let path = dir.path().join("providers.toml");
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    const GOOD: &str = r#"
        [[provider]]
        name = "province"
        title = { zh = "省政务服务网", en = "The province's services" }
        issuer = "https://id.example"
        client_id = "yunlong"
        client_secret_file = "secret"
        scopes = ["profile"]
        trusted = ["real-name"]
        claims = { resident-id = "id_card" }
    "#;

    #[test]
    fn a_provider_is_read_with_its_secret_and_believed_as_far_as_it_is_trusted() {
        let all = read_text(GOOD).unwrap();
        assert_eq!((all[0].client_secret.as_deref(), all[0].claims.resident_id.as_str()), (Some("hush"), "id_card"));
        assert_eq!(all[0].trusted, Trusted { real_name: true, ..Trusted::default() });
        assert!(!format!("{:?}", all[0]).contains("hush"));
        assert!(read_text("").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_before_the_server_listens() {
        for (from, to, why) in [
            ("https://id.example", "http://id.example", "https is needed"),
            ("\"province\"", "\"The Province\"", "lower-case"),
            ("\"secret\"", "\"empty\"", "is empty"),
            ("\"secret\"", "\"nowhere\"", "nowhere"),
            ("scopes =", "scope =", "unknown field"),
            ("[\"real-name\"]", "[\"everything\"]", "unknown variant"),
        ] {
            let error = format!("{:#}", read_text(&GOOD.replace(from, to)).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
        assert!(format!("{:#}", read_text(&format!("{GOOD}{GOOD}")).unwrap_err()).contains("another one"));
    }
}
