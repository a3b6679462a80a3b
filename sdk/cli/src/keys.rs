//! Signing keys.

use crate::client::Client;
use crate::terminal::{say, say_raw};
use crate::{CliError, Server, config};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};
use yunlong_registry::{Algorithm, KeyError, KeyPair, PublicKey};

/// `yunlong keys`.
#[derive(Subcommand, Debug)]
pub enum Keys {
    /// Make a key pair: NAME in your keys folder, or a file
    Generate {
        /// The key's name
        #[arg(default_value = "default")]
        name: String,
        /// A file instead; the public key goes beside it with `.pub` appended
        #[arg(long, value_name = "FILE", conflicts_with = "name")]
        out: Option<PathBuf>,
        /// The kind of key
        #[arg(long, value_enum, default_value = "ed25519")]
        algorithm: Kind,
    },
    /// List the keys in your keys folder
    List,
    /// Show a key's id, and the public key for the operator to enroll
    Show {
        /// A name or a file, private or public
        #[arg(default_value = "default")]
        key: String,
    },
    /// Enroll a vendor's public key at a platform (for its operator)
    Enroll {
        /// A name or a file, private or public
        key: String,
        /// Whose key it is: the `vendor` of app.toml
        #[arg(long)]
        vendor: String,
        /// The vendor's unified social credit code: its own people may then publish what the key signed
        #[arg(long, value_name = "USCC")]
        organization: String,
        #[command(flatten)]
        server: Server,
    },
}

/// A kind of key.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// Ed25519 (RFC 8032)
    Ed25519,
    /// ECDSA over P-256 (FIPS 186-5)
    EcdsaP256,
    /// SM2 with SM3 (GB/T 32918, GB/T 32905), where the city allows it
    Sm2,
}

pub(crate) fn run(command: &Keys) -> Result<(), CliError> {
    match command {
        Keys::Generate { name, out, algorithm } => generate(name, out.as_deref(), *algorithm),
        Keys::List => list(),
        Keys::Show { key } => show(key),
        Keys::Enroll { key, vendor, organization, server } => {
            let pem = public(key)?.to_pem()?;
            let wanted = json!({ "vendor": vendor, "organization": organization, "public_key": pem });
            let answer = Client::signed_in(server)?.post("/api/v1/signers", &wanted)?;
            say!("enrolled {} for {vendor}", answer["key"].as_str().unwrap_or(key))?;
            Ok(())
        }
    }
}

fn generate(name: &str, out: Option<&Path>, algorithm: Kind) -> Result<(), CliError> {
    let path = match out {
        Some(path) => path.to_owned(),
        None => named(name)?,
    };
    let key = KeyPair::generate(match algorithm {
        Kind::Ed25519 => Algorithm::Ed25519,
        Kind::EcdsaP256 => Algorithm::EcdsaP256,
        Kind::Sm2 => Algorithm::Sm2Sm3,
    });
    key.save(&path).map_err(|e| match e {
        KeyError::Io { path, source } => CliError::Io { path, source },
        e => e.into(),
    })?;
    say!("{}  {}", key.public().id(), path.display())?;
    eprintln!("keep the private key to yourself; give the operator {}.pub", path.display());
    Ok(())
}

fn list() -> Result<(), CliError> {
    let dir = config::keys_dir()?;
    let entries = std::fs::read_dir(&dir).map_err(CliError::io(dir.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "pem"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        eprintln!("no keys yet: make one with `yunlong keys generate`");
    }
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match KeyPair::load(&path) {
            Ok(key) => say!("{name}\t{}\t{}", key.public().algorithm(), key.public().id())?,
            Err(e) => say!("{name}\t{e}")?,
        }
    }
    Ok(())
}

fn show(key: &str) -> Result<(), CliError> {
    let public = public(key)?;
    say!("id:        {}", public.id())?;
    say!("algorithm: {}", public.algorithm())?;
    say_raw!("{}", public.to_pem()?)?;
    Ok(())
}

fn named(name: &str) -> Result<PathBuf, CliError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(CliError::usage(
            format!("`{name}` is no name for a key"),
            "use letters, digits, `-` and `_`, or give a file with --out",
        ));
    }
    Ok(config::keys_dir()?.join(format!("{name}.pem")))
}

fn find(key: &str) -> Result<PathBuf, CliError> {
    let file = PathBuf::from(key);
    if file.is_file() {
        return Ok(file);
    }
    match named(key) {
        Ok(path) if path.is_file() => Ok(path),
        _ => Err(CliError::usage(
            format!("there is no key `{key}`"),
            "see `yunlong keys list`, or make one with `yunlong keys generate`",
        )),
    }
}

/// A private key by name or file.
pub(crate) fn private(key: &str) -> Result<KeyPair, CliError> {
    Ok(KeyPair::load(&find(key)?)?)
}

/// A public key by name or file; of a private key, its public one.
fn public(key: &str) -> Result<PublicKey, CliError> {
    let path = find(key)?;
    let text = std::fs::read_to_string(&path).map_err(CliError::io(path.display()))?;
    Ok(PublicKey::from_pem(&text).or_else(|_| KeyPair::load(&path).map(|k| k.public()))?)
}
