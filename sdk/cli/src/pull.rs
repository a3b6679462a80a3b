//! Pulling a package out of a registry: the image, everything that refers to it, and who signed it.

use crate::client::Client;
use crate::config::Sessions;
use crate::oci::{self, Credentials, Repository, Right};
use crate::permissions::printable;
use crate::push::belongs_to;
use crate::terminal::{self, Bar, say};
use crate::{CliError, keys};
use clap::Args;
use oci_spec::distribution::Reference;
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::Url;
use yunlong_model::{Digest, Lang};
use yunlong_registry::{KeyId, Limits, Most, Package, PackageError, PublicKey, Signature, package};
use zeroize::Zeroizing;

/// `yunlong package pull`.
#[derive(Args, Debug)]
pub(crate) struct Pull {
    /// What to pull: HOST/VENDOR/APP:VERSION, or HOST/VENDOR/APP@sha256:…, such as
    /// localhost:5000/yunlong-demo/hello:1.0.0
    reference: String,
    /// Where the package goes: a folder, or a tar when the name ends in .tar; by default NAME-VERSION.tar
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The public key that must have signed it: a name or a file
    #[arg(long)]
    key: Option<String>,
    /// Pull as this account of the registry; the password is asked for, or read from YUNLONG_PASSWORD. By default
    /// as the session that `yunlong login` keeps, at the platform's own registry, or as nobody
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Read the password of --account from standard input, whatever YUNLONG_PASSWORD says
    #[arg(long, requires = "account")]
    password_stdin: bool,
    /// The portal's address: whose session and whose enrolled keys are used
    #[arg(long, env = "YUNLONG_SERVER", default_value = "http://localhost:8080", value_name = "URL")]
    server: String,
}

pub(crate) fn run(options: &Pull) -> Result<(), CliError> {
    let pinned = options.key.as_deref().map(keys::public).transpose()?;
    let (registry, name, wanted) = reference(&options.reference)?;
    let session = session(options, &registry)?;
    let credentials = match (&options.account, &session) {
        (Some(account), _) if options.password_stdin => Some((account, terminal::password_from_stdin(account)?)),
        (Some(account), _) => Some((account, terminal::password(account)?)),
        (None, Some((_, account, token))) => Some((account, token.clone())),
        (None, None) => None,
    };
    let credentials = credentials.map(|(account, secret)| Credentials { account: account.clone(), secret });
    let mut remote = Repository::new(registry, &name, Right::Pull, credentials);
    let package = fetch(&mut remote, &wanted, &Limits::default())?;
    let known = Known { pinned, own: keys::own()?, platform: session.as_ref().map(|(client, _, _)| client) };
    let signers = signers(&package, &known)?;
    let (app, version) = (&package.manifest.name, &package.manifest.version);
    let out = options.output.clone().unwrap_or_else(|| PathBuf::from(format!("{app}-{version}.tar")));
    package.write(&out)?;
    say!("{}  {}", package.digest, out.display())?;
    let lang = terminal::lang();
    eprintln!("{app} {version} {} {}", lang.pick("开发方", "by"), printable(&package.manifest.vendor));
    for signer in signers {
        eprintln!("{signer}");
    }
    let see = lang.pick("它可以做什么", "see what it may do with");
    eprintln!("{see} `yunlong permissions {}`", out.display());
    Ok(())
}

/// The kept session of the platform whose registry this is: a client, the account and the token.
fn session(options: &Pull, registry: &Url) -> Result<Option<(Client, String, Zeroizing<String>)>, CliError> {
    let client = Client::anonymous(&options.server)?;
    if !belongs_to(registry, client.portal()) {
        return Ok(None);
    }
    let kept = Sessions::load()?.get(&client.name()).cloned();
    Ok(kept.map(|k| (client.with_token(&k.token), k.account, Zeroizing::new(k.token))))
}

/// The registry, the repository, and the tag or digest of a reference.
fn reference(text: &str) -> Result<(Url, String, String), CliError> {
    let wrong = |problem: &str| {
        let text = printable(text);
        CliError::told(
            (format!("“{text}”没有指明安装包：{problem}"), format!("`{text}` is no reference to a package: {problem}")),
            (
                "写成 主机/开发商/应用:版本，如 localhost:5000/yunlong-demo/hello:1.0.0",
                "write HOST/VENDOR/APP:VERSION, such as localhost:5000/yunlong-demo/hello:1.0.0",
            ),
        )
    };
    let (scheme, plain) = match text.split_once("://") {
        Some((scheme, plain)) => (Some(scheme), plain),
        None => (None, text),
    };
    let nowhere = terminal::lang().pick("没有写明仓库", "it names no registry");
    let (host, rest) = plain.split_once('/').ok_or_else(|| wrong(nowhere))?;
    let parsed: Reference = plain.parse().map_err(|e: oci_spec::distribution::ParseError| wrong(&e.to_string()))?;
    // Otherwise it is a name at a registry that nobody named.
    if parsed.registry() != host {
        return Err(wrong(nowhere));
    }
    let registry = oci::address(&scheme.map_or_else(|| host.to_owned(), |s| format!("{s}://{host}")))?;
    let wanted = match (parsed.digest(), parsed.tag()) {
        (Some(digest), _) => match digest.parse::<Digest>() {
            Ok(digest) => digest.to_string(),
            Err(_) => {
                return Err(wrong(terminal::lang().pick("安装包的摘要用 SHA-256", "packages have digests by SHA-256")));
            }
        },
        // Without one `latest` is meant elsewhere, which a package never is.
        (None, Some(tag)) if rest.contains(':') => tag.to_owned(),
        _ => return Err(wrong(terminal::lang().pick("没有写明版本", "it names no version"))),
    };
    Ok((registry, parsed.repository().to_owned(), wanted))
}

/// Fetches a package. What the manifests announce is bounded before a blob is asked for, and every digest is
/// computed anew.
fn fetch(remote: &mut Repository, wanted: &str, limits: &Limits) -> Result<Package, CliError> {
    let wasm = remote.manifest(wanted)?;
    let digest = Digest::of(&wasm);
    if !package::has_app(&wasm) {
        let registry = remote.registry();
        return Err(CliError::told(
            (
                format!("{registry} 那里不是安装包：推送的内容没有 app.toml"),
                format!("{registry} has no package there: what was pushed has no app.toml"),
            ),
            (
                "用 `yunlong publish` 推送 `yunlong package` 打的包；单个组件用 `wkg oci pull` 读取",
                "push what `yunlong package` made with `yunlong publish`; `wkg oci pull` reads a component alone",
            ),
        ));
    }
    let mut sizes: BTreeMap<Digest, u64> = package::wanted_blobs(&wasm, limits)?.into_iter().collect();
    let mut referrers = Vec::new();
    for referrer in remote.referrers(&digest, limits.blobs)? {
        let Some(bytes) = found(remote.manifest(&referrer.to_string()))? else { continue };
        take(bytes, limits, &mut sizes, &mut referrers)?;
    }
    // cosign before version 3 has no referrers.
    if let Some(bytes) = found(remote.manifest(&format!("sha256-{}.sig", digest.hex())))? {
        take(bytes, limits, &mut sizes, &mut referrers)?;
    }
    let total = sizes.values().fold(0_u64, |sum, size| sum.saturating_add(*size));
    if sizes.len() > limits.blobs || total > limits.total {
        let limit = if sizes.len() > limits.blobs { Most::Blobs(limits.blobs) } else { Most::Bytes(limits.total) };
        return Err(PackageError::TooLarge { what: "the package".into(), limit }.into());
    }
    let bar = Bar::new("pulling", total);
    let mut blobs = BTreeMap::new();
    for (blob, size) in sizes {
        // One that is missing is named by what it belongs to when the package is put together.
        if let Some(bytes) = found(remote.blob(&blob, size, &bar))? {
            blobs.insert(blob, bytes.into());
        }
    }
    drop(bar);
    Ok(Package::from_registry(wasm.into(), referrers, blobs, limits)?)
}

/// Takes a manifest that refers to the package, if it is of one.
fn take(
    bytes: Vec<u8>,
    limits: &Limits,
    sizes: &mut BTreeMap<Digest, u64>,
    referrers: &mut Vec<bytes::Bytes>,
) -> Result<(), CliError> {
    match package::wanted_blobs(&bytes, limits) {
        Ok(more) if more.is_empty() => {}
        Ok(more) => {
            sizes.extend(more);
            referrers.push(bytes.into());
        }
        // Bytes that would unpack refuse the package, whatever they are said to be.
        Err(e @ PackageError::Compressed { .. }) => return Err(e.into()),
        // A manifest of something else that refers to this package is nobody's fault.
        Err(_) => {}
    }
    Ok(())
}

/// `None` for what is not there.
fn found<T>(answer: Result<T, CliError>) -> Result<Option<T>, CliError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(CliError::Registry { status: 404, .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The keys that signatures are compared with.
struct Known<'a> {
    /// The one that must have signed.
    pinned: Option<PublicKey>,
    /// Those in the keys folder, with their names.
    own: Vec<(String, PublicKey)>,
    /// Whose enrolled keys are asked for.
    platform: Option<&'a Client>,
}

/// Says who signed a package, a line for each signature. A signature that is wrong refuses it, and so does a pinned
/// key that did not sign. What nobody here can check is told as such.
fn signers(package: &Package, known: &Known<'_>) -> Result<Vec<String>, CliError> {
    let lang = terminal::lang();
    let refuse = |zh: String, en: String| {
        CliError::told(
            (zh, en),
            (
                "什么也没有写入；请问开发商用哪把密钥签名，并问仓库的运维人员",
                "nothing was written; ask the vendor which key signs, and the registry's operator",
            ),
        )
    };
    let mut lines = Vec::new();
    let mut by_pinned = false;
    for signature in &package.signatures {
        let about = signature
            .signed_digest()
            .map_err(|e| refuse(format!("有一个签名不对：{}", e.zh), format!("a signature is wrong: {}", e.en)))?;
        if about != package.digest {
            let this = &package.digest;
            return Err(refuse(
                format!("有一个签名签的是 {about}，不是这个安装包（{this}）"),
                format!("a signature is over {about}, not over this package ({this})"),
            ));
        }
        if let Some(key) = known.pinned.as_ref().filter(|key| signature.is_by(key)) {
            by_pinned = true;
            let id = key.id();
            let (zh, en) = (format!("由您给出的密钥 {id} 签名"), format!("signed by {id}, the key that you gave"));
            lines.push(lang.pick(&zh, &en).to_owned());
            continue;
        }
        lines.push(match &signature.key {
            None => lang
                .pick(
                    "签名没有写明是哪把密钥：用 --key 给出",
                    "signed by a key that the signature does not name: give it with --key",
                )
                .to_owned(),
            Some(id) => told(signature, id, known)?.ok_or_else(|| {
                refuse(
                    format!("有一个签名不是它所写的密钥 {id} 签的"),
                    format!("a signature is not by the key {id} that it names"),
                )
            })?,
        });
    }
    if let Some(key) = known.pinned.as_ref().filter(|_| !by_pinned) {
        let unsigned = lang.pick("它没有任何签名", "it is not signed at all");
        let found = if lines.is_empty() { unsigned.to_owned() } else { lines.join("; ") };
        let id = key.id();
        return Err(refuse(
            format!("密钥 {id} 没有签过这个安装包：{found}"),
            format!("the key {id} did not sign this package: {found}"),
        ));
    }
    if lines.is_empty() {
        let unsigned = lang.pick("没有人签名：城市不会这样收下它", "nobody signed it: no city takes it in so");
        lines.push(unsigned.to_owned());
    }
    Ok(lines)
}

/// A line in the terminal's language.
fn both(zh: String, en: String) -> String {
    match terminal::lang() {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// What is known of a signature by a key; `None` when it is not by that key.
fn told(signature: &Signature, id: &KeyId, known: &Known<'_>) -> Result<Option<String>, CliError> {
    if known.pinned.as_ref().is_some_and(|key| key.id() == *id) {
        return Ok(None);
    }
    if let Some((name, key)) = known.own.iter().find(|(_, key)| key.id() == *id) {
        return Ok(signature
            .is_by(key)
            .then(|| both(format!("由 {id} 签名，即您的密钥“{name}”"), format!("signed by {id}, your key `{name}`"))));
    }
    let Some(platform) = known.platform else {
        return Ok(Some(both(
            format!("称由 {id} 签名，没有核对：用 --key 给出开发商的公钥，或先登录"),
            format!(
                "says that {id} signed it, which was not checked: give the vendor's public key with --key, or sign in"
            ),
        )));
    };
    let answer = match platform.get(&format!("/api/v1/signers/{id}")) {
        Ok(answer) => answer,
        Err(CliError::Refused { status: 404, .. }) => {
            let name = platform.name();
            return Ok(Some(both(
                format!("称由 {id} 签名，而 {name} 不认识这把密钥"),
                format!("says that {id} signed it, a key that {name} does not know"),
            )));
        }
        Err(e) => return Err(e),
    };
    let key = answer["public_key"].as_str().and_then(|pem| PublicKey::from_pem(pem).ok()).filter(|k| k.id() == *id);
    let key = key.ok_or_else(|| platform.strange("回答中是另一把密钥", "the key in the answer is another one"))?;
    let vendor = printable(answer["vendor"].as_str().unwrap_or_default());
    let state = match answer["revoked_at"].as_str() {
        Some(at) => both(format!("{} 已吊销", printable(at)), format!("revoked {}", printable(at))),
        None => both("有效".to_owned(), "in force".to_owned()),
    };
    let name = platform.name();
    let line = both(
        format!("由 {id} 签名，{name} 登记为 {vendor} 的密钥，{state}"),
        format!("signed by {id}, which {name} has as a key of {vendor}, {state}"),
    );
    Ok(signature.is_by(&key).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use yunlong_registry::{Algorithm, KeyPair};

    #[test]
    fn a_reference_names_registry_repository_and_version() {
        let read = |text: &str| reference(text).map(|(url, name, wanted)| (url.to_string(), name, wanted));
        let hex = "a".repeat(64);
        for (text, registry, wanted) in [
            ("localhost:5000/v/app:1.0.0".to_owned(), "http://localhost:5000/", "1.0.0".to_owned()),
            ("http://localhost:5000/v/app:1.0.0_b2".into(), "http://localhost:5000/", "1.0.0_b2".into()),
            ("registry.city.example/v/app:2".into(), "https://registry.city.example/", "2".into()),
            (format!("localhost:5000/v/app@sha256:{hex}"), "http://localhost:5000/", format!("sha256:{hex}")),
            (format!("localhost:5000/v/app:1.0.0@sha256:{hex}"), "http://localhost:5000/", format!("sha256:{hex}")),
        ] {
            assert_eq!(read(&text).unwrap(), (registry.to_owned(), "v/app".to_owned(), wanted), "{text}");
        }
        for wrong in [
            "hello",
            "v/app:1.0.0",
            "localhost:5000/v/app",
            "localhost:5000/V/app:1",
            "localhost:5000/../a:1",
            "",
            "/a:1",
        ] {
            assert!(read(wrong).unwrap_err().next().contains("HOST/VENDOR/APP"), "{wrong}");
        }
        assert!(read("http://registry.city.example/v/app:1").is_err(), "plain http to another machine");
    }

    #[test]
    fn a_pinned_key_must_have_signed() {
        let toml = "name = \"hello\"\nversion = \"1.0.0\"\nvendor = \"tongshan\"\ntitle = { zh = \"好\", en = \"H\" }\ndescription = { zh = \"好\", en = \"H\" }\n";
        let mut package = Package::build(toml, b"\0asm\x0d\0\x01\0", &BTreeMap::new()).unwrap();
        let (key, other) = (KeyPair::generate(Algorithm::EcdsaP256), KeyPair::generate(Algorithm::Ed25519));
        let nothing = || Known { pinned: None, own: Vec::new(), platform: None };
        let pinned = |key: &KeyPair| Known { pinned: Some(key.public()), ..nothing() };
        assert!(signers(&package, &nothing()).unwrap()[0].contains("nobody signed"));
        let refused = signers(&package, &pinned(&key)).unwrap_err();
        assert!(refused.to_string().contains("not signed at all") && !refused.next().is_empty());
        package.sign(&key).unwrap();
        assert!(signers(&package, &pinned(&key)).unwrap()[0].contains("the key that you gave"));
        assert!(signers(&package, &nothing()).unwrap()[0].contains("not checked"));
        let own = Known { own: vec![("mine".into(), key.public())], ..nothing() };
        assert!(signers(&package, &own).unwrap()[0].contains("your key `mine`"));
        let refused = signers(&package, &pinned(&other)).unwrap_err();
        assert!(refused.to_string().contains(&key.public().id().to_string()), "it says who did: {refused}");
        package.signatures[0].signature[10] ^= 1;
        for known in [pinned(&key), own] {
            assert!(signers(&package, &known).is_err(), "a changed byte");
        }
    }
}
