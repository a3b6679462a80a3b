//! The registry of apps as its clients see it: the real server with its OCI port.

mod advisories;
mod kill;
mod refusals;
mod scenarios;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use yunlong_registry::{KeyPair, Materials, Package};
use yunlong_tests::{Answer, City, PASSWORD, Plan, eventually};
use yunlong_verify::proof::Trust;
use yunlong_verify::publication::publication;

/// The digest of some bytes, as OCI writes it.
fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// Speaks with the registry as the demo's vendor.
#[derive(Clone)]
struct Oci {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Oci {
    /// With a token for one repository: to hash the password at each chunk would only measure that.
    async fn vendor(city: &City, repository: &str) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(120)).build()?;
        let base = city.registry();
        let url = format!("{base}/token?scope=repository:{repository}:pull,push,delete");
        let answer = Answer::read(http.get(url).basic_auth("vendor", Some(PASSWORD)).send().await?).await?;
        ensure!(answer.status == 200, "no token: {} {}", answer.status, answer.text);
        let token = answer.json()?["token"].as_str().context("no token")?.to_owned();
        Ok(Self { http, base, token })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.http.request(method, url).bearer_auth(&self.token)
    }

    async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer> {
        Answer::read(self.request(method, path).body(body).send().await?).await
    }

    async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, Vec::new()).await
    }

    /// Opens an upload; answers where it goes on.
    async fn open_upload(&self, repository: &str) -> Result<String> {
        let answer = self.ask(Method::POST, &format!("/v2/{repository}/blobs/uploads/"), Vec::new()).await?;
        ensure!(answer.status == 202, "{} {}", answer.status, answer.text);
        Ok(answer.header("location").to_owned())
    }

    /// Pushes bytes under a digest, which need not be theirs.
    async fn push_as(&self, repository: &str, digest: &str, bytes: &[u8]) -> Result<Answer> {
        let location = self.open_upload(repository).await?;
        self.ask(Method::PUT, &format!("{location}?digest={digest}"), bytes.to_vec()).await
    }

    async fn push_blob(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let answer = self.push_as(repository, &digest(bytes), bytes).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
        Ok(())
    }

    async fn push_manifest(&self, repository: &str, reference: &str, bytes: &[u8]) -> Result<Answer> {
        let request = self.request(Method::PUT, &format!("/v2/{repository}/manifests/{reference}"));
        let request = request.header("content-type", "application/vnd.oci.image.manifest.v1+json");
        Answer::read(request.body(bytes.to_vec()).send().await?).await
    }

    /// Pushes a package as a client does: its blobs, what refers to it as far as `keep` says, then its tag.
    async fn push_package(&self, repository: &str, package: &Package, keep: impl Fn(&Value) -> bool) -> Result<()> {
        for (_, bytes) in package.blobs() {
            self.push_blob(repository, bytes).await?;
        }
        let version = package.manifest.version.to_string();
        let answer = self.push_manifest(repository, &version, &package.wasm_manifest).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
        for (of, bytes) in package.manifests().filter(|(d, _)| *d != package.digest) {
            if keep(&serde_json::from_slice(bytes)?) {
                let answer = self.push_manifest(repository, &of.to_string(), bytes).await?;
                ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
            }
        }
        Ok(())
    }
}

/// An app of the demo's vendor, over a component of the tests.
fn package(name: &str, version: &str, component: &[u8]) -> Result<Package> {
    package_of("yunlong-demo", name, version, component)
}

fn package_of(vendor: &str, name: &str, version: &str, component: &[u8]) -> Result<Package> {
    let manifest = format!(
        "name = \"{name}\"\nversion = \"{version}\"\nvendor = \"{vendor}\"\ntitle = {{ zh = \"登记\", en = \"Registered\" }}\ndescription = {{ zh = \"测试仓库\", en = \"For the tests of the registry\" }}\n"
    );
    Ok(Package::build(&manifest, component, &std::collections::BTreeMap::new())?)
}

fn hello() -> Result<Vec<u8>> {
    Ok(std::fs::read(yunlong_tests::component("hello")?)?)
}

fn vendor_key() -> Result<KeyPair> {
    Ok(KeyPair::from_pem(&std::fs::read_to_string(yunlong_tests::vendor_key()?)?)?)
}

fn signed(mut package: Package, key: &KeyPair) -> Result<Package> {
    package.sign(key)?;
    Ok(package)
}

/// The whole way: pushed by a client of OCI, submitted, reviewed, installed, used; and what is installed is proved
/// by a program that shares no code with the platform.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_proved_to_be_published_and_approved() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let repository = "vendor/proved";
    let oci = Oci::vendor(&city, repository).await?;
    let known = oci.http.get(format!("{}/.well-known/wasm-pkg/registry.json", oci.base)).send().await?;
    let known = Answer::read(known).await?;
    ensure!(known.status == 200, "{} {}", known.status, known.text);
    let package = signed(package("proved", "1.0.0", &hello()?)?, &vendor_key()?)?;
    oci.push_package(repository, &package, |_| true).await?;
    // Nobody pulls what is not approved.
    let anonymous = |path: String| {
        let sent = oci.http.get(format!("{}{path}", oci.base)).send();
        async move { anyhow::Ok(sent.await?.status().as_u16()) }
    };
    let tagged = format!("/v2/{repository}/manifests/1.0.0");
    ensure!(anonymous(tagged.clone()).await? == 401);

    let vendor = city.signed_in("console", "vendor").await?;
    let wanted = json!({"repository": repository, "digest": package.digest});
    let submitted = vendor.post("/api/v1/submissions", &wanted).await?;
    ensure!(submitted.status == 201, "{} {}", submitted.status, submitted.text);
    city.approve(submitted.json()?["number"].as_u64().context("no number")?).await?;
    let token = city.token("city-admin").await?;
    let digest = package.digest.to_string();
    let installed = city.cli(&["install", &digest, "--org", "320300", "--yes", "--token", &token])?;
    ensure!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    ensure!(city.client("proved")?.get("/").await?.status == 200);

    let console = city.client("console")?.with_token(token);
    let running = console.get("/api/v1/installations/proved").await?.json()?["package"].clone();
    let path = format!("/api/v1/packages/{}/proof", running.as_str().context("no digest")?);
    // It waits for the log, which takes in what happened within a second.
    let proof = eventually("the proof", Duration::from_secs(20), async || {
        let answer = console.get(&path).await?;
        Ok((answer.status == 200).then_some(answer.text))
    })
    .await?;
    let auditor = city.signed_in("console", "city-audit").await?;
    let key = auditor.get("/api/v1/audit/checkpoint").await?.json()?["key"].as_str().context("no key")?.to_owned();
    let key = yunlong_verify::note::VKey::parse(&key).map_err(|e| anyhow::anyhow!("{e}"))?;
    let trust = Trust::of(key);
    let shown = publication(proof.as_bytes(), &trust).map_err(|e| anyhow::anyhow!("{e}"))?;
    shown.about(&digest).map_err(|e| anyhow::anyhow!("{e}"))?;
    ensure!(shown.digest == digest && shown.app == "proved", "{} of {}", shown.digest, shown.app);
    ensure!(shown.reviewer_organization != shown.vendor_organization, "{}", shown.reviewer_organization);
    // Another digest in its place is found out.
    let other = proof.replace(&digest, &format!("sha256:{}", "0".repeat(64)));
    ensure!(publication(other.as_bytes(), &trust).is_err());
    ensure!(anonymous(tagged).await? == 200, "what is approved is everybody's to pull");
    Ok(())
}

/// What is known to be vulnerable is brought in by the system administrator; then no package passes that is made of
/// it, and the findings name it.
#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_is_made_of_what_is_known_to_be_vulnerable_does_not_pass() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let advisory = json!({
        "id": "RUSTSEC-2099-0001", "modified": "2026-01-01T00:00:00Z", "summary": "reads out of bounds",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "affected": [{
            "package": {"ecosystem": "crates.io", "name": "leaky"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}, {"fixed": "1.2.0"}]}],
        }],
    });
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("RUSTSEC-2099-0001.json", zip::write::SimpleFileOptions::default())?;
    std::io::Write::write_all(&mut archive, advisory.to_string().as_bytes())?;
    let archive = archive.finish()?.into_inner();
    let import = async |account: &str, body: Vec<u8>| -> Result<Answer> {
        let console = city.signed_in("console", account).await?;
        let request = console.request(Method::POST, "/api/v1/advisories?ecosystem=crates.io&source=a+test").body(body);
        Answer::read(request.send().await?).await
    };
    for account in ["vendor", "tourism-admin", "citizen-001"] {
        ensure!(import(account, archive.clone()).await?.status == 403, "{account} imported advisories");
    }
    import("city-admin", b"no archive".to_vec()).await?.problem(422)?;
    let imported = import("city-admin", archive).await?;
    ensure!(imported.status == 201 && imported.json()?["import"]["advisories"] == 1, "{}", imported.text);

    let publishing = city.publishing().await?;
    let plain = package("made-of", "1.0.0", &hello()?)?.manifest_toml;
    for (version, state) in [("1.1.9", "checks-failed"), ("1.2.0", "waiting")] {
        let sbom = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{"type": "library", "name": "leaky", "version": version, "purl": format!("pkg:cargo/leaky@{version}")}],
        });
        let manifest = plain.replace("1.0.0", version);
        let (component, sbom) = (hello()?, sbom.to_string());
        let made = Package::assemble(Materials {
            manifest_toml: &manifest,
            component: &component,
            sbom: Some(sbom.as_bytes()),
            ..Materials::default()
        })?;
        let submission = publishing.publish(signed(made, &vendor_key()?)?.to_tar()?).await?;
        let checked = publishing.checked(submission["number"].as_u64().context("no number")?).await?;
        ensure!(checked["state"] == state, "{version}: {checked}");
        ensure!(
            checked.to_string().contains("RUSTSEC-2099-0001") == (state == "checks-failed"),
            "{version}: {checked}"
        );
    }
    Ok(())
}
