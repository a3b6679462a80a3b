//! A vendor with the command line and with other people's clients: what `yunlong publish` pushed, `skopeo`, `oras`
//! and `wkg` pull, and what they push, `yunlong package pull` pulls; and the vendor's keys, from the first to the
//! last.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use yunlong_registry::{Limits, Package, package};
use yunlong_tests::{City, PASSWORD, Plan, binary, component, eventually, vendor_key};

/// The demo vendor's organization.
const VENDOR: &str = "91320303MA000YL03H";

struct Bench {
    city: City,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn open() -> Result<Self> {
        Ok(Self { city: Plan::with(&[]).citizens(1).start().await?, folder: tempfile::tempdir()? })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `localhost:PORT`, as clients of OCI name a registry.
    fn host(&self) -> String {
        self.city.registry().trim_start_matches("http://").to_owned()
    }

    fn yunlong(&self) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.env("YUNLONG_SERVER", format!("http://localhost:{}", self.city.port()));
        command.env("XDG_CONFIG_HOME", self.path("config")).env("YUNLONG_PASSWORD", PASSWORD).env("LC_ALL", "C");
        command.current_dir(self.folder.path()).stdin(std::process::Stdio::null());
        Ok(command)
    }

    /// Runs the command line as an account, and answers what it said.
    async fn run(&self, account: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.yunlong()?;
        command.args(arguments).args(["--account", account]);
        done(command).await
    }

    /// As [`Bench::run`], when it must be refused.
    async fn refused(&self, account: &str, arguments: &[&str], because: &[&str]) -> Result<()> {
        let mut command = self.yunlong()?;
        command.args(arguments).args(["--account", account]);
        let output = output(command).await?;
        let text = said(&output);
        ensure!(!output.status.success(), "{arguments:?} succeeded: {text}");
        for words in because {
            ensure!(text.contains(words), "{arguments:?} does not say `{words}`: {text}");
        }
        Ok(())
    }

    /// A key of one's own.
    async fn key(&self, name: &str) -> Result<String> {
        let file = self.path(&format!("{name}.pem")).display().to_string();
        let mut command = self.yunlong()?;
        command.args(["keys", "generate", "--out", &file]);
        let told = done(command).await?;
        Ok(told.split_whitespace().next().context("no id")?.to_owned())
    }

    /// A package of `hello`, signed by a key.
    async fn package(&self, app: &str, vendor: &str, key: &Path) -> Result<(String, Package)> {
        let (source, file) = (self.path(&format!("{app}-source")), self.path(&format!("{app}.tar")));
        std::fs::create_dir_all(&source)?;
        let toml = format!(
            "name = \"{app}\"\nversion = \"1.0.0\"\nvendor = \"{vendor}\"\ntitle = {{ zh = \"你好\", en = \"Hello\" }}\ndescription = {{ zh = \"问好\", en = \"Greets\" }}\n"
        );
        std::fs::write(source.join("app.toml"), toml)?;
        let mut command = self.yunlong()?;
        command.arg("package").arg(&source).arg("--component").arg(component("hello")?);
        command.arg("--key").arg(key).arg("--output").arg(&file);
        done(command).await?;
        Ok((file.display().to_string(), package::open(&file, &Limits::default())?))
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn output(mut command: Command) -> Result<Output> {
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

/// Runs a program, and answers what it said.
async fn done(command: Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = output(command).await?;
    ensure!(output.status.success(), "{shown}: {}", said(&output));
    Ok(said(&output))
}

/// The other clients: their credentials and caches are in the test's own folder.
impl Bench {
    fn skopeo(&self, arguments: &[&str]) -> Command {
        let mut skopeo = Command::new("skopeo");
        skopeo.arg("--insecure-policy").args(arguments);
        skopeo
    }

    async fn copy(&self, from: &str, to: &str) -> Result<()> {
        let credentials = format!("vendor:{PASSWORD}");
        let mut arguments = vec!["copy", "--preserve-digests"];
        for (place, tls, creds) in
            [(from, "--src-tls-verify=false", "--src-creds"), (to, "--dest-tls-verify=false", "--dest-creds")]
        {
            if place.starts_with("docker://") {
                arguments.extend([tls, creds, &credentials]);
            }
        }
        arguments.extend([from, to]);
        done(self.skopeo(&arguments)).await.map(|_| ())
    }

    fn wkg(&self, arguments: &[&str]) -> Result<Command> {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
        let program = tools.join("bin/wkg");
        ensure!(
            program.is_file(),
            "wkg is missing: `cargo xtask test` installs it, or `cargo install wkg --version 0.16.1 --locked --root {}`",
            tools.display()
        );
        let mut wkg = Command::new(program);
        wkg.args(arguments).current_dir(self.folder.path());
        wkg.env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("wkg"))
            .env("DOCKER_CONFIG", self.path("docker"));
        wkg.env("WKG_OCI_USERNAME", "vendor").env("WKG_OCI_PASSWORD", PASSWORD);
        Ok(wkg)
    }

    /// A Python with the `oras` package, in an environment of its own beside the build's output.
    async fn oras(&self, script: &str, arguments: &[&str]) -> Result<Command> {
        let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oras-python-end-to-end");
        let python = environment.join("bin/python");
        let has_it = |python: &Path| {
            Command::new(python).args(["-c", "import oras.client"]).output().is_ok_and(|o| o.status.success())
        };
        if !has_it(&python) {
            let mut make = Command::new("python3");
            make.args(["-m", "venv"]).arg(&environment);
            done(make).await?;
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", "oras>=0.2,<0.3"]);
            done(install).await?;
        }
        let mut oras = Command::new(python);
        oras.args(["-c", script]).args(arguments).current_dir(self.folder.path());
        oras.env("HOME", self.folder.path()).env("DOCKER_CONFIG", self.path("docker"));
        Ok(oras)
    }
}

const ORAS_PULLS: &str = r#"
import hashlib, sys
import oras.client

host, password, target = sys.argv[1:4]
client = oras.client.OrasClient(hostname=host, insecure=True, auth_backend="token")
client.login(hostname=host, username="vendor", password=password)
pulled = client.pull(target=target, outdir="oras")
assert len(pulled) == 1, pulled
with open(pulled[0], "rb") as f:
    print("component sha256:" + hashlib.sha256(f.read()).hexdigest())
"#;

const ORAS_PUSHES: &str = r#"
import sys
import oras.client

host, password, target = sys.argv[1:4]
client = oras.client.OrasClient(hostname=host, insecure=True, auth_backend="token")
client.login(hostname=host, username="vendor", password=password)
client.push(files=["hello.wasm:application/wasm"], target=target, disable_path_validation=True)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_client_pushes_the_others_pull_with_equal_digests() -> Result<()> {
    let bench = Bench::open().await?;
    let (host, key) = (bench.host(), vendor_key()?);
    // As `cargo xtask` packaged it, with all that cargo and git know of it.
    std::fs::copy(yunlong_tests::package("hello")?, bench.path("hello.tar"))?;
    let pushed = package::open(&bench.path("hello.tar"), &Limits::default())?;
    let file = bench.path("hello.tar").display().to_string();
    let registry = bench.city.registry();

    // Nothing is pushed for nobody, nor with a session that the registry is not shown.
    bench.refused("vendor", &["publish", &file, "--registry", "http://registry.example"], &["https"]).await?;
    bench
        .refused(
            "vendor",
            &["publish", &file, "--registry", "https://registry.example"],
            &["session", "--registry-account"],
        )
        .await?;
    bench.refused("tourism-gate", &["publish", &file, "--registry", &registry], &["refused"]).await?;

    // Pushed as a client of OCI does, and submitted from there; again it changes nothing.
    for _ in 0..2 {
        let told = bench.run("vendor", &["publish", &file, "--registry", &registry]).await?;
        ensure!(told.contains("pushed to yunlong-demo/hello") && told.contains(&pushed.digest.to_string()), "{told}");
    }
    let vendor = bench.city.signed_in("console", "vendor").await?;
    let findings = eventually("the checks end", Duration::from_secs(120), async || {
        let listed = vendor.get("/api/v1/submissions?app=hello").await?.json()?;
        let number = &listed["submissions"][0]["number"];
        let one = vendor.get(&format!("/api/v1/submissions/{number}")).await?.json()?;
        Ok(Some(one["findings"].clone()).filter(|f| !f.is_null()))
    })
    .await?;
    let check = |name: &str| -> Result<Value> {
        let checks = findings["checks"].as_array().context("no checks")?;
        checks.iter().find(|c| c["check"] == name).cloned().with_context(|| format!("no check {name}"))
    };
    for name in ["sbom", "provenance"] {
        ensure!(check(name)?["outcome"] == "pass", "{}", check(name)?);
    }

    let reference = format!("{host}/yunlong-demo/hello:1.0.0");
    let remote = format!("docker://{reference}");
    // skopeo: the manifest's bytes, and a copy in a folder.
    let mut inspect = bench.skopeo(&["inspect", "--raw", "--tls-verify=false"]);
    inspect.args(["--creds", &format!("vendor:{PASSWORD}"), &remote]);
    ensure!(output(inspect).await?.stdout == pushed.wasm_manifest, "skopeo reads other bytes");
    bench.copy(&remote, &format!("oci:{}:1.0.0", bench.path("skopeo").display())).await?;
    let copied = bench.path("skopeo/blobs/sha256").join(pushed.digest.hex());
    ensure!(std::fs::read(copied)? == pushed.wasm_manifest);
    // oras: the component.
    let of_component = component_digest_of(&pushed);
    let told = done(bench.oras(ORAS_PULLS, &[&host, PASSWORD, &reference]).await?).await?;
    ensure!(told.contains(&of_component), "{told}");
    // wkg: the component, by its reference and by its package's name.
    done(bench.wkg(&["oci", "pull", "--insecure", &host, &reference, "--output", "wkg.wasm"])?).await?;
    ensure!(std::fs::read(bench.path("wkg.wasm"))? == pushed.component);
    std::fs::write(
        bench.path("wkg.toml"),
        format!(
            "default_registry = \"{host}\"\n[registry.\"{host}\".oci]\nprotocol = \"http\"\nauth = {{ username = \"vendor\", password = \"{PASSWORD}\" }}\n"
        ),
    )?;
    let get = ["get", "yunlong-demo:hello@1.0.0", "--config", "wkg.toml", "--cache", "cache", "--format", "wasm"];
    done(bench.wkg(&[&get[..], &["--output", "./got.wasm"]].concat())?).await?;
    ensure!(std::fs::read(bench.path("got.wasm"))? == pushed.component);

    // And our own: everything, to the last byte, and who signed it.
    let (out, key) = (bench.path("pulled.tar").display().to_string(), key.display().to_string());
    let pull = ["package", "pull", &reference, "--output", &out, "--key", &key];
    let told = bench.run("vendor", &pull).await?;
    ensure!(told.contains(&pushed.digest.to_string()) && told.contains("the key that you gave"), "{told}");
    let pulled = package::open(Path::new(&out), &Limits::default())?;
    ensure!(pulled.digest == pushed.digest && pulled.signatures == pushed.signatures);
    ensure!(pulled.sbom.is_some() && pulled.sbom == pushed.sbom && pulled.provenance == pushed.provenance);
    ensure!(pulled.manifest_toml == pushed.manifest_toml && pulled.component == pushed.component);

    // What skopeo pushes, image and referrers one by one, is the same package.
    for (digest, _) in pushed.manifests().filter(|(d, _)| *d != pushed.digest) {
        let at = |name: &str| format!("docker://{host}/{name}@{digest}");
        bench.copy(&at("yunlong-demo/hello"), &at("vendor/copied")).await?;
    }
    bench.copy(&remote, &format!("docker://{host}/vendor/copied:1.0.0")).await?;
    let copied = format!("{host}/vendor/copied:1.0.0");
    let told = bench.run("vendor", &["package", "pull", &copied, "--output", "copied.tar", "--key", &key]).await?;
    ensure!(told.contains(&pushed.digest.to_string()) && told.contains("the key that you gave"), "{told}");
    ensure!(package::open(&bench.path("copied.tar"), &Limits::default())?.digest == pushed.digest);

    // What oras and wkg push is a component without app.toml, and that is said.
    std::fs::copy(component("hello")?, bench.path("hello.wasm"))?;
    let of_wkg = format!("{host}/vendor/of-wkg:1.0.0");
    done(bench.wkg(&["oci", "push", "--insecure", &host, &of_wkg, "hello.wasm"])?).await?;
    bench.refused("vendor", &["package", "pull", &of_wkg], &["no app.toml", "yunlong publish"]).await?;
    let of_oras = format!("{host}/vendor/of-oras:1.0.0");
    done(bench.oras(ORAS_PUSHES, &[&host, PASSWORD, &of_oras]).await?).await?;
    bench.refused("vendor", &["package", "pull", &of_oras], &["no app.toml", "yunlong publish"]).await?;

    // What is not there, not one's own, or not signed by the key that was given.
    bench
        .refused("vendor", &["package", "pull", &format!("{host}/vendor/copied:9.9.9")], &["404", "check the"])
        .await?;
    bench.refused("tourism-gate", &["package", "pull", &copied], &["refused"]).await?;
    let stranger = bench.key("stranger").await?;
    let file = bench.path("stranger.pem.pub").display().to_string();
    let pull = ["package", "pull", &copied, "--output", "never.tar", "--key", &file];
    bench.refused("vendor", &pull, &[&stranger, "did not sign"]).await?;
    ensure!(!bench.path("never.tar").exists(), "written although it was refused");
    Ok(())
}

/// The digest of a package's component, as clients print it.
fn component_digest_of(package: &Package) -> String {
    let manifest: Value = serde_json::from_slice(&package.wasm_manifest).unwrap_or_default();
    manifest["layers"][0]["digest"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_has_several_keys_replaces_one_and_revokes_one() -> Result<()> {
    let bench = Bench::open().await?;
    let (first, second) = (bench.key("first").await?, bench.key("second").await?);
    for key in ["first", "second"] {
        let file = format!("{key}.pem.pub");
        let enroll = ["keys", "enroll", &file, "--vendor", "dual", "--organization", VENDOR];
        bench.refused("vendor", &enroll, &["refused"]).await?;
        bench.run("city-admin", &enroll).await?;
    }
    // A vendor sees its own, a citizen none.
    let listed = bench.run("vendor", &["keys", "enrolled"]).await?;
    ensure!(listed.contains(&first) && listed.contains(&second) && listed.contains("in force"), "{listed}");
    bench.refused("citizen-001", &["keys", "enrolled"], &["refused"]).await?;

    // Both sign.
    for (app, key) in [("by-first", "first"), ("by-second", "second")] {
        let (file, _) = bench.package(app, "dual", &bench.path(&format!("{key}.pem"))).await?;
        bench.run("vendor", &["publish", &file]).await?;
    }

    // The vendor replaces one: nobody else may, and it needs both private keys.
    let third = bench.key("third").await?;
    let rotate = ["keys", "rotate", "first.pem", "third.pem"];
    bench.refused("tourism-admin", &rotate, &["refused"]).await?;
    bench.refused("vendor", &["keys", "rotate", "first.pem.pub", "third.pem"], &[]).await?;
    let told = bench.run("vendor", &rotate).await?;
    ensure!(told.contains(&third) && told.contains(&first), "{told}");
    let listed = bench.run("vendor", &["keys", "enrolled"]).await?;
    let line = listed.lines().find(|l| l.starts_with(&first)).context("the old key is gone")?;
    ensure!(line.contains("replaced"), "{line}");
    let (file, _) = bench.package("by-old", "dual", &bench.path("first.pem")).await?;
    bench.refused("vendor", &["publish", &file], &[&first]).await?;
    let (file, _) = bench.package("by-new", "dual", &bench.path("third.pem")).await?;
    bench.run("vendor", &["publish", &file]).await?;

    // The vendor revokes one that was stolen, with its reason.
    bench.refused("vendor", &["keys", "revoke", "second.pem.pub", "--reason", "compromised", "-m", ""], &[]).await?;
    let revoke = ["keys", "revoke", "second.pem.pub", "--reason", "compromised", "-m", "a laptop was stolen"];
    bench.refused("tourism-admin", &revoke, &["refused"]).await?;
    bench.run("vendor", &revoke).await?;
    let listed = bench.run("vendor", &["keys", "enrolled"]).await?;
    let line = listed.lines().find(|l| l.starts_with(&second)).context("the revoked key is gone")?;
    ensure!(line.contains("compromised"), "{line}");

    // The city answers for a change when the old key is lost, and for an end.
    let fourth = bench.key("fourth").await?;
    let mut prove = bench.yunlong()?;
    prove.args(["keys", "prove", "fourth.pem", "--replaces", &third, "--vendor", "dual"]);
    let proof = String::from_utf8(output(prove).await?.stdout)?;
    let change = ["keys", "rotate", &third, "fourth.pem.pub", "--proof", proof.trim()];
    bench.refused("vendor", &change, &["refused"]).await?;
    bench.run("city-admin", &change).await?;
    bench.refused("city-admin", &["keys", "revoke", &fourth, "--reason", "ended", "-m", "over"], &["refused"]).await?;
    bench.run("city-security", &["keys", "revoke", &fourth, "--reason", "ended", "-m", "the contract is over"]).await?;
    let (file, _) = bench.package("by-nobody", "dual", &bench.path("fourth.pem")).await?;
    bench.refused("vendor", &["publish", &file], &[&fourth]).await?;
    Ok(())
}
