//! Packaging and publishing.

use crate::check::{Finding, check_component};
use crate::client::Client;
use crate::demo::{self, Demo};
use crate::evidence::{self, LOCAL_BUILDER, Wanted};
use crate::permissions::printable;
use crate::pull::{self, Pull};
use crate::push::{Destination, push};
use crate::terminal::{lang, say};
use crate::{CliError, Server, keys, project, sources};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use yunlong_registry::{Limits, Package as Built, component, package as packages};

/// `yunlong package`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Package {
    #[command(subcommand)]
    other: Option<Other>,
    /// The folder with app.toml
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The component; by default what `yunlong build` makes of the folder, which is done first
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Build nothing: take what was built last
    #[arg(long)]
    no_build: bool,
    /// Where the package goes: a folder, or a tar when the name ends in .tar; by default NAME-VERSION.tar
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Sign it with this key: a name or a file. By default the only one of your keys folder, among several that named
    /// as the vendor; where there is none yet, one is made
    #[arg(long)]
    key: Option<String>,
    /// Do not sign it: `yunlong publish --key` does later
    #[arg(long, conflicts_with = "key")]
    unsigned: bool,
    /// What the component is made of: CycloneDX in JSON. By default sbom.cdx.json beside app.toml, or else what cargo
    /// knows by Cargo.toml and Cargo.lock
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// How the component was built: an in-toto statement with SLSA provenance. By default provenance.intoto.json
    /// beside app.toml, or else what cargo and git know
    #[arg(long, value_name = "FILE")]
    provenance: Option<PathBuf>,
    /// Who built it, for the provenance: the URI of your build service
    #[arg(long, value_name = "URI", default_value = LOCAL_BUILDER, conflicts_with = "provenance")]
    builder: String,
    /// Say nothing when all is well
    #[arg(short, long)]
    quiet: bool,
}

/// What else is done with packages.
#[derive(Subcommand, Debug)]
pub(crate) enum Other {
    /// Pull a package out of a registry, with all that refers to it, and say who signed it
    Pull(Pull),
}

/// `yunlong publish`.
#[derive(Args, Debug)]
pub struct Publish {
    /// The package that `yunlong package` made; by default that of the app in this folder, NAME-VERSION.tar
    file: Option<PathBuf>,
    /// Sign it with this key first: a name or a file. Not needed when it is signed
    #[arg(long)]
    key: Option<String>,
    /// Push it to this registry as an OCI client does, such as http://localhost:5000, and submit it from there;
    /// without it the console takes the package in
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Where it goes in the registry; by default the vendor's and the app's names
    #[arg(long, value_name = "VENDOR/APP", requires = "registry")]
    repository: Option<String>,
    /// The account at the registry, when it has another address than the platform; its password is asked for
    #[arg(long, value_name = "ACCOUNT", requires = "registry")]
    registry_account: Option<String>,
    /// In the demo city (`yunlong serve --demo`), and nowhere else: have its reviewer approve the app and its
    /// administrator install it, and print the address at which it serves
    #[arg(long, conflicts_with_all = ["registry", "account", "token"])]
    install: bool,
    /// Whom --install installs it for; the demo's city by default
    #[arg(long = "org", value_name = "CODE", requires = "install")]
    organization: Option<String>,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn package(options: &Package) -> Result<(), CliError> {
    if let Some(Other::Pull(options)) = &options.other {
        return pull::run(options);
    }
    let manifest = project::manifest(&options.dir)?;
    let file = project::ready_component(&options.dir, options.component.as_deref(), options.no_build)?;
    let limit = Limits::default().component;
    if std::fs::metadata(&file).map_err(CliError::io(file.display()))?.len() > limit {
        let shown = file.display();
        return Err(CliError::told(
            (format!("{shown} 超过 {limit} 字节"), format!("{shown} is over {limit} bytes")),
            (
                "用 `opt-level = \"s\"`、`lto = true` 和 `strip = true` 构建",
                "build it with `opt-level = \"s\"`, `lto = true` and `strip = true`",
            ),
        ));
    }
    let bytes = std::fs::read(&file).map_err(CliError::io(file.display()))?;
    let wanted =
        Wanted { sbom: options.sbom.as_deref(), provenance: options.provenance.as_deref(), builder: &options.builder };
    let (evidence, remark) = evidence::gather(&options.dir, &manifest, &bytes, &wanted)?;
    if let Some(remark) = remark.filter(|_| !options.quiet) {
        eprintln!("{}{remark}", lang().pick("注意：", "note: "));
    }
    let mut package = Built::from_folder_with(&options.dir, &bytes, evidence)?;
    check(&package, options.quiet)?;
    if !options.unsigned {
        let key = match &options.key {
            Some(key) => keys::private(key)?,
            None => keys::signing(&package.manifest.vendor)?,
        };
        package.sign(&key)?;
    }
    let out = options.output.clone().unwrap_or_else(|| project::package_file(&package.manifest));
    package.write(&out)?;
    if !options.quiet {
        say!("{}  {}", package.digest, out.display())?;
        if options.unsigned {
            let shown = out.display();
            eprintln!(
                "{}",
                lang().pick(
                    &format!("还没有签名：`yunlong publish {shown} --key 名称` 签名并上传"),
                    &format!("not signed yet: `yunlong publish {shown} --key NAME` signs and uploads it"),
                )
            );
        }
    }
    Ok(())
}

fn check(package: &Built, quiet: bool) -> Result<(), CliError> {
    let callable =
        component::callable_imports(&package.component).map_err(|e| CliError::Component(vec![e.to_string()]))?;
    let mut errors = Vec::new();
    for finding in check_component(&callable, &package.inspection.exports, &package.manifest) {
        match finding {
            Finding::Error(text) => errors.push(text.get(lang()).to_owned()),
            Finding::Warning(text) if !quiet => {
                eprintln!("{}{}", lang().pick("注意：", "note: "), text.get(lang()));
            }
            Finding::Warning(_) => {}
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(CliError::Component(errors)) }
}

/// Refuses a package that was made before what it is made of.
fn fresh(package: &Path, dir: &Path) -> Result<(), CliError> {
    if !sources::is_older_package(package, dir) {
        return Ok(());
    }
    let shown = package.display();
    Err(CliError::usage(
        lang().pick(&format!("打包之后源文件又改过：{shown} 是旧的"), &format!("there are sources newer than {shown}")),
        lang().pick(
            &format!("运行 yunlong package 重新打包；就要发布旧的，请写出文件：yunlong publish {shown}"),
            &format!(
                "make it again with `yunlong package`; to publish it as it is, name it: `yunlong publish {shown}`"
            ),
        ),
    ))
}

/// The demo whose people act: with --install, and where nobody is signed in.
fn demo(options: &Publish) -> Result<Option<Demo>, CliError> {
    if options.install {
        let demo = Demo::at(&options.server)?;
        return demo.ok_or_else(|| demo::none_at(&options.server.server)).map(Some);
    }
    if options.registry.is_some() || Client::has_session(&options.server)? {
        return Ok(None);
    }
    // Where nothing answers, the next step is the same as ever: to sign in.
    Ok(Demo::at(&options.server).unwrap_or_default())
}

fn in_demo(options: &Publish, demo: &Demo, package: &Built) -> Result<(), CliError> {
    let key = keys::signer(package, options.key.as_deref())?;
    let submission = demo.publish(package, &key)?;
    let manifest = &package.manifest;
    if !options.install {
        let submitted = lang().pick("已提交", "submitted");
        say!("{submitted} {} {}  {}", manifest.name, manifest.version, package.digest)?;
        let title = printable(submission["state_title"][lang().pick("zh", "en")].as_str().unwrap_or_default());
        eprintln!(
            "{}",
            lang().pick(
                &format!("检查已结束：{title}。在演示城市里批准并安装：yunlong publish --install"),
                &format!("the checks have ended: {title}. To have it approved and installed in the demo: yunlong publish --install"),
            )
        );
        return Ok(());
    }
    let url = demo.install(package, &submission, options.organization.as_deref())?;
    eprintln!("{}", demo.how_to_try());
    demo::told(&url)
}

pub(crate) fn publish(options: &Publish) -> Result<(), CliError> {
    let file = match &options.file {
        Some(file) => file.clone(),
        None => {
            let file = project::package_file(&project::manifest(Path::new("."))?);
            fresh(&file, Path::new("."))?;
            file
        }
    };
    let mut package = packages::open(&file, &Limits::default())?;
    check(&package, true)?;
    if let Some(key) = &options.key {
        package.sign(&keys::private(key)?)?;
        package.write(&file)?;
    }
    if package.signatures.is_empty() {
        return Err(CliError::usage(
            lang().pick("这个包没有签名", "the package is not signed"),
            lang().pick(
                "用 yunlong package 重新打包（它会签名），或用 --key 写明开发商的密钥",
                "make it again with `yunlong package`, which signs it, or give the vendor's key with --key",
            ),
        ));
    }
    if let Some(demo) = demo(options)? {
        return in_demo(options, &demo, &package);
    }
    let client = Client::signed_in(&options.server)?;
    let answer = match &options.registry {
        Some(registry) => {
            let to = Destination {
                registry,
                repository: options.repository.as_deref(),
                account: options.registry_account.as_deref(),
            };
            let repository = push(&package, &to, &client)?;
            eprintln!("{} {repository}", lang().pick("已推送到", "pushed to"));
            client.post("/api/v1/submissions", &json!({ "repository": repository, "digest": package.digest }))?
        }
        None => client.upload_package(&package.to_tar()?)?,
    };
    let digest = answer["digest"].as_str().map_or_else(|| package.digest.to_string(), str::to_owned);
    let submitted = lang().pick("已提交", "submitted");
    say!("{submitted} {} {}  {digest}", package.manifest.name, package.manifest.version)?;
    if let Some(number) = answer["number"].as_u64() {
        eprintln!(
            "{}",
            lang().pick(
                &format!("审核通过后可以安装：`yunlong review show {number}` 查看进度"),
                &format!("it can be installed once it is reviewed: `yunlong review show {number}`"),
            )
        );
    }
    Ok(())
}
