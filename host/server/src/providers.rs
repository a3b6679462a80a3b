//! The outside providers: of the configuration, or of a file of their own, found whole before the
//! server listens.

use crate::secret::read_private;
use crate::settings::{Provider, Trusts};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;
use yunlong_gateway::{ClaimNames, OutsideProvider, Trusted};
use yunlong_model::Text;

/// A file of their own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    provider: Vec<Provider>,
}

/// Reads a file of their own.
pub(crate) fn read(path: &Path) -> Result<Vec<OutsideProvider>> {
    let text = std::fs::read_to_string(path)?;
    let file: File = toml::from_str(&text)?;
    all(&file.provider, path.parent().unwrap_or(Path::new("")))
}

/// The providers with what lies in their files, which are absolute or in the folder `beside`.
pub(crate) fn all(entries: &[Provider], beside: &Path) -> Result<Vec<OutsideProvider>> {
    let mut all: Vec<OutsideProvider> = Vec::new();
    for entry in entries {
        let name = &entry.name;
        let provider = provider(entry, beside).with_context(|| format!("provider `{name}`"))?;
        if all.iter().any(|p| p.name == provider.name || p.issuer == provider.issuer) {
            bail!("provider `{name}`: another one has its name or its issuer");
        }
        all.push(provider);
    }
    Ok(all)
}

fn provider(entry: &Provider, beside: &Path) -> Result<OutsideProvider> {
    let client_secret = match &entry.client_secret_file {
        None => None,
        Some(file) => {
            let file = beside.join(file);
            let bytes = read_private(&file)?;
            let secret = std::str::from_utf8(&bytes).ok().with_context(|| format!("{} is no text", file.display()))?;
            let secret = secret.trim().to_owned();
            if secret.is_empty() {
                bail!("{} is empty", file.display());
            }
            Some(secret)
        }
    };
    let ca = match &entry.ca_file {
        None => None,
        Some(file) => {
            let file = beside.join(file);
            Some(std::fs::read(&file).with_context(|| file.display().to_string())?)
        }
    };
    let (names, claims) = (ClaimNames::default(), entry.claims.clone());
    let provider = OutsideProvider {
        name: entry.name.clone(),
        title: Text { zh: entry.title.zh.clone(), en: entry.title.en.clone() },
        issuer: entry.issuer.clone(),
        client_id: entry.client_id.clone(),
        client_secret,
        ca,
        scopes: entry.scopes.clone(),
        claims: ClaimNames {
            real_name: claims.real_name.unwrap_or(names.real_name),
            resident_id: claims.resident_id.unwrap_or(names.resident_id),
            mobile: claims.mobile.unwrap_or(names.mobile),
        },
        trusted: Trusted {
            real_name: entry.trusted.contains(&Trusts::RealName),
            resident_id: entry.trusted.contains(&Trusts::ResidentId),
            mobile: entry.trusted.contains(&Trusts::Mobile),
        },
    };
    provider.check().map_err(anyhow::Error::msg)?;
    Ok(provider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn read_text(text: &str) -> Result<Vec<OutsideProvider>> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text, mode) in [("secret", "hush\n", 0o600), ("empty", "", 0o600), ("open", "hush\n", 0o644)] {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
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
            ("\"secret\"", "\"open\"", "chmod 600"),
            ("scopes =", "scope =", "unknown field"),
            ("[\"real-name\"]", "[\"everything\"]", "unknown variant"),
        ] {
            let error = format!("{:#}", read_text(&GOOD.replace(from, to)).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
        assert!(format!("{:#}", read_text(&format!("{GOOD}{GOOD}")).unwrap_err()).contains("another one"));
    }
}
