//! Signing keys: made here, enrolled by a city, replaced and revoked by the vendor or the city.

mod signing;

pub(crate) use signing::{signer, signing};

use crate::apps::{items, table};
use crate::client::Client;
use crate::terminal::{lang, say, say_raw};
use crate::{CliError, Server, config};
use clap::{Subcommand, ValueEnum};
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use yunlong_registry::{Algorithm, KeyError, KeyId, KeyPair, PublicKey, Rotation};

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
    /// List the keys that are enrolled at a platform: a vendor sees its own, the city all
    Enrolled {
        /// The platform's own answer, as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Put a new key in the place of an enrolled one: what the old key signed stands, new versions need the new key
    Rotate {
        /// The key that ends: a name or a file; with --proof its id or its public key
        old: String,
        /// The key that takes its place: a name or a file; with --proof its public key
        new: String,
        /// For the city, when the vendor has lost the old key: what `yunlong keys prove` printed for the vendor
        #[arg(long, value_name = "TEXT")]
        proof: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Sign, with a new key, that it takes the place of a lost one: for the city's `yunlong keys rotate --proof`
    Prove {
        /// The new key: a name or a file
        new: String,
        /// The id of the key that was lost, as `yunlong keys enrolled` shows it
        #[arg(long, value_name = "KEY")]
        replaces: String,
        /// The vendor, as in app.toml
        #[arg(long)]
        vendor: String,
    },
    /// Revoke an enrolled key for good: nothing that it signs is taken in any more
    Revoke {
        /// The key: its id, a name or a file
        key: String,
        /// Why
        #[arg(long, value_enum)]
        reason: Why,
        /// What happened, for whoever reads the log
        #[arg(short = 'm', long)]
        remark: String,
        #[command(flatten)]
        server: Server,
    },
}

/// Why a key ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Why {
    /// Another key takes its place, and nobody else ever had it: what it signed stands
    Replaced,
    /// Somebody else may have it: what it signed waits for the city's decision
    Compromised,
    /// Anything else: what it signed waits for the city's decision
    Ended,
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
            let id = answer["key"].as_str().unwrap_or(key);
            say!("{}", lang().pick(&format!("已为 {vendor} 登记 {id}"), &format!("enrolled {id} for {vendor}")))
        }
        Keys::Enrolled { json, server } => enrolled(*json, server),
        Keys::Rotate { old, new, proof, server } => rotate(old, new, proof.as_deref(), server),
        Keys::Prove { new, replaces, vendor } => {
            let key = private(new)?;
            let rotation = Rotation { vendor: vendor.clone(), old: id(replaces)?, new: key.public().id() };
            say!("{}", BASE64.encode(&rotation.sign(&key)))?;
            eprintln!(
                "{}",
                lang().pick(
                    "把这段文字和公钥交给城市；由其运维人员运行 `yunlong keys rotate --proof`",
                    "give the city this text and the public key; its operator runs `yunlong keys rotate --proof`",
                )
            );
            Ok(())
        }
        Keys::Revoke { key, reason, remark, server } => revoke(&id(key)?, *reason, remark, server),
    }
}

fn enrolled(json: bool, server: &Server) -> Result<(), CliError> {
    let answer = Client::signed_in(server)?.get("/api/v1/signers")?;
    if json {
        return say!("{answer:#}");
    }
    let text = |v: &Value| crate::permissions::printable(v.as_str().unwrap_or_default());
    let rows: Vec<[String; 4]> = items(&answer["signers"])
        .iter()
        .map(|k| {
            let state = match (text(&k["revoked_at"]), text(&k["revocation"]["reason"])) {
                (at, _) if at.is_empty() => lang().pick("有效", "in force").to_owned(),
                (at, why) => format!("{} {at} {why}", lang().pick("已吊销", "revoked")),
            };
            [text(&k["key"]), text(&k["vendor"]), text(&k["enrolled_at"]), state]
        })
        .collect();
    if rows.is_empty() {
        eprintln!(
            "{}",
            lang().pick(
                "还没有登记任何密钥：把公钥交给城市的运维人员，`yunlong keys show` 显示公钥",
                "no key is enrolled yet: give the city's operator your public key, see `yunlong keys show`",
            )
        );
        return Ok(());
    }
    say_raw!("{}", table(&["KEY", "VENDOR", "ENROLLED", "STATE"], &rows))
}

fn rotate(old: &str, new: &str, proof: Option<&str>, server: &Server) -> Result<(), CliError> {
    let client = Client::signed_in(server)?;
    let (old, new, possession, endorsement) = match proof {
        // The city answers for the change in the old key's place.
        Some(proof) => (id(old)?, public(new)?, proof.trim().to_owned(), None),
        None => {
            let (former, next) = (private(old)?, private(new)?);
            let known = client.get(&format!("/api/v1/signers/{}", former.public().id()))?;
            let vendor = known["vendor"]
                .as_str()
                .ok_or_else(|| client.strange("回答中没有开发商", "no vendor in the answer"))?
                .to_owned();
            let rotation = Rotation { vendor, old: former.public().id(), new: next.public().id() };
            let signed = |key: &KeyPair| BASE64.encode(&rotation.sign(key));
            (rotation.old, next.public(), signed(&next), Some(signed(&former)))
        }
    };
    let wanted = json!({ "public_key": new.to_pem()?, "possession": possession, "endorsement": endorsement });
    let answer = client.post(&format!("/api/v1/signers/{old}/rotate"), &wanted)?;
    let taken = answer["key"].as_str().unwrap_or_default();
    say!("{}", lang().pick(&format!("{taken} 已替换 {old}"), &format!("{taken} takes the place of {old}")))?;
    eprintln!(
        "{}",
        lang().pick(
            "旧密钥签过的版本仍然有效；新版本用新密钥签名，并删除旧密钥",
            "what the old key signed stands; sign new versions with the new one, and delete the old one",
        )
    );
    Ok(())
}

fn revoke(key: &KeyId, reason: Why, remark: &str, server: &Server) -> Result<(), CliError> {
    let reason = match reason {
        Why::Replaced => "replaced",
        Why::Compromised => "compromised",
        Why::Ended => "ended",
    };
    let wanted = json!({ "reason": reason, "remark": remark });
    let client = Client::signed_in(server)?;
    let answer = client.post(&format!("/api/v1/signers/{key}/revoke"), &wanted)?;
    say!("{} {key}", lang().pick("已吊销", "revoked"))?;
    match answer["in_doubt"].as_u64() {
        Some(n) if n > 0 => {
            eprintln!(
                "{}",
                lang().pick(
                    &format!("它签过的 {n} 个版本等待城市决定：保留用 `yunlong keep`，下架用 `yunlong yank`："),
                    &format!("{n} versions that it signed wait for the city, which decides by `yunlong keep` or `yunlong yank`:"),
                )
            );
            say_raw!("{}", crate::standing::in_doubt(&client.get(&format!("/api/v1/signers/{key}"))?))
        }
        _ => Ok(()),
    }
}

/// A key's id: as it is written, or that of a name or a file.
fn id(key: &str) -> Result<KeyId, CliError> {
    if !key.starts_with("sha256:") {
        return Ok(public(key)?.id());
    }
    key.parse().map_err(|_| {
        CliError::told(
            (format!("“{key}”不是密钥的编号"), format!("`{key}` is no key's id")),
            ("用 `yunlong keys enrolled` 查看已登记的密钥", "see `yunlong keys enrolled`"),
        )
    })
}

/// The public keys in the keys folder, with their names.
pub(crate) fn own() -> Result<Vec<(String, PublicKey)>, CliError> {
    let dir = config::keys_dir()?;
    let entries = std::fs::read_dir(&dir).map_err(CliError::io(dir.display()))?;
    let named = entries.filter_map(|e| Some((e.as_ref().ok()?.file_name().into_string().ok()?, e.ok()?.path())));
    let keys = named.filter_map(|(name, path)| {
        let name = name.strip_suffix(".pem.pub")?.to_owned();
        Some((name, PublicKey::from_pem(&std::fs::read_to_string(path).ok()?).ok()?))
    });
    Ok(keys.collect())
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
    let shown = path.display();
    eprintln!(
        "{}",
        lang().pick(
            &format!("私钥请自己保管；公钥 {shown}.pub 交给城市的运维人员"),
            &format!("keep the private key to yourself; give the operator {shown}.pub"),
        )
    );
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
        eprintln!(
            "{}",
            lang().pick(
                "还没有密钥：用 `yunlong keys generate` 生成一把，或由 `yunlong package` 第一次打包时生成",
                "no keys yet: make one with `yunlong keys generate`, or let the first `yunlong package` make it",
            )
        );
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
    let file = find(key)?.display().to_string();
    let file = if file.ends_with(".pub") { file } else { format!("{file}.pub") };
    say!("id:        {}", public.id())?;
    // What is given to the city.
    if Path::new(&file).is_file() {
        say!("file:      {file}")?;
    }
    say!("algorithm: {}", public.algorithm())?;
    say_raw!("{}", public.to_pem()?)?;
    Ok(())
}

fn named(name: &str) -> Result<PathBuf, CliError> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(CliError::told(
            (format!("“{name}”不能作密钥的名称"), format!("`{name}` is no name for a key")),
            (
                "用字母、数字、`-` 和 `_`，或用 --out 指定文件",
                "use letters, digits, `-` and `_`, or give a file with --out",
            ),
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
        _ => Err(CliError::told(
            (format!("没有密钥“{key}”"), format!("there is no key `{key}`")),
            (
                "用 `yunlong keys list` 查看，或用 `yunlong keys generate` 生成一把",
                "see `yunlong keys list`, or make one with `yunlong keys generate`",
            ),
        )),
    }
}

/// A private key by name or file.
pub(crate) fn private(key: &str) -> Result<KeyPair, CliError> {
    Ok(KeyPair::load(&find(key)?)?)
}

/// A public key by name or file; of a private key, its public one.
pub(crate) fn public(key: &str) -> Result<PublicKey, CliError> {
    let path = find(key)?;
    let text = std::fs::read_to_string(&path).map_err(CliError::io(path.display()))?;
    Ok(PublicKey::from_pem(&text).or_else(|_| KeyPair::load(&path).map(|k| k.public()))?)
}
