//! What is refused, each at the earliest step that can know and with words of its own. The rules themselves, and
//! the stages at which each of them holds, have their table in the registry's tests; here it is what a person at
//! the console and a client of OCI are answered.

use super::*;
use std::io::Write as _;
use yunlong_tests::Client;

/// What the console answers in English.
async fn ask(console: &Client, path: &str, body: &Value) -> Result<Answer> {
    let request = console.request(Method::POST, path).header("accept-language", "en");
    Answer::read(request.json(body).send().await?).await
}

struct Desk {
    city: City,
    oci: Oci,
    vendor: Client,
    admin: Client,
    key: KeyPair,
}

const REPOSITORY: &str = "vendor/table";

impl Desk {
    async fn open(args: &[&str]) -> Result<Self> {
        let city = Plan::with(&[]).citizens(1).args(args).start().await?;
        Ok(Self {
            oci: Oci::vendor(&city, REPOSITORY).await?,
            vendor: city.signed_in("console", "vendor").await?,
            admin: city.signed_in("console", "city-admin").await?,
            key: vendor_key()?,
            city,
        })
    }

    async fn publish(&self, tar: Vec<u8>) -> Result<Answer> {
        let request = self.vendor.request(Method::POST, "/api/v1/packages").header("accept-language", "en");
        Answer::read(request.body(tar).send().await?).await
    }

    async fn submit(&self, package: &Package) -> Result<Answer> {
        let body = json!({"repository": REPOSITORY, "digest": package.digest});
        ask(&self.vendor, "/api/v1/submissions", &body).await
    }

    async fn install(&self, digest: &str, name: &str) -> Result<Answer> {
        let review = self.admin.get(&format!("/api/v1/packages/{digest}")).await?.json()?;
        let all: Vec<&Value> = review["permissions"].as_array().into_iter().flatten().map(|p| &p["id"]).collect();
        let body = json!({"package": digest, "organization": "320300", "name": name, "approve": all});
        ask(&self.admin, "/api/v1/installations", &body).await
    }
}

/// Pushes a package as `yunlong publish` does, what belongs to it first and its tag last; answers what became of the
/// tag.
async fn push_tag_last(oci: &Oci, package: &Package, keep: impl Fn(&Value) -> bool) -> Result<Answer> {
    for (_, bytes) in package.blobs() {
        oci.push_blob(REPOSITORY, bytes).await?;
    }
    for (of, bytes) in package.manifests() {
        if of == package.digest || keep(&serde_json::from_slice(bytes)?) {
            let answer = oci.push_manifest(REPOSITORY, &of.to_string(), bytes).await?;
            ensure!(answer.status == 201, "{of}: {} {}", answer.status, answer.text);
        }
    }
    oci.push_manifest(REPOSITORY, &package.manifest.version.to_string(), &package.wasm_manifest).await
}

const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const APP: &str = "application/vnd.yunlong.app.v1+toml";

/// A row of the table: what it is, how it was answered, and what the answer must be.
#[track_caller]
fn row(what: &str, answer: &Answer, status: u16, said: &[&str]) -> Result<()> {
    let text = answer.text.to_lowercase();
    ensure!(answer.status == status, "{what}: {} {}", answer.status, answer.text);
    for words in said {
        ensure!(text.contains(&words.to_lowercase()), "{what}: `{words}` is not said: {}", answer.text);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_package_is_refused_at_the_earliest_step_with_words_of_its_own() -> Result<()> {
    let mut desk = Desk::open(&[]).await?;
    let component = hello()?;
    let good = signed(package("table", "2.0.0", &component)?, &desk.key)?;

    // Push: one changed byte, as a blob and in a tar.
    let mut changed = component.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let answer = desk.oci.push_as(REPOSITORY, &digest(&component), &changed).await?;
    row("a changed blob", &answer, 400, &["DIGEST_INVALID", &digest(&changed)])?;
    let mut tar = good.to_tar()?;
    let at = tar.windows(64).position(|w| w == &component[middle..middle + 64]).context("no component in the tar")?;
    tar[at] ^= 1;
    row("a changed tar", &desk.publish(tar).await?, 422, &["component was changed", &digest(&component)])?;

    // Upload: a tar whose entry leads out of the folder that it would be unpacked into.
    let mut tar = good.to_tar()?;
    rename(&mut tar, "index.json", "../../x.js")?;
    row("a path that leads out", &desk.publish(tar).await?, 422, &["../../x.js", "no path of a package"])?;

    // Push: the tag, when what belongs to the package is there and something of it is not.
    for (version, gone, what, said) in [
        ("2.0.2", SIGNATURE, "a signature that was left out", &["MANIFEST_INVALID", "not signed"][..]),
        ("2.0.3", APP, "an app.toml that was left out", &["MANIFEST_INVALID", "app.toml", "missing"][..]),
    ] {
        let package = signed(package("table", version, &component)?, &desk.key)?;
        let tagged = push_tag_last(&desk.oci, &package, |r| r["artifactType"] != gone).await?;
        row(what, &tagged, 400, said)?;
        let found = desk.oci.get(&format!("/v2/{REPOSITORY}/manifests/{version}")).await?;
        row("a tag that was refused", &found, 404, &["MANIFEST_UNKNOWN"])?;
    }

    // Push: the tag of a component that reaches for what its manifest does not name.
    let reader = std::fs::read(yunlong_tests::component("reader")?)?;
    let reaching = signed(package("table", "2.0.4", &reader)?, &desk.key)?;
    let tagged = push_tag_last(&desk.oci, &reaching, |_| true).await?;
    row("an import that is tagged", &tagged, 400, &["MANIFEST_INVALID", "city:data/shared", "[[datasets]]"])?;

    // Submission: the same, from a client that sets the tag before anything belongs to the package.
    desk.oci.push_package(REPOSITORY, &good, |referrer| referrer["artifactType"] != SIGNATURE).await?;
    row("a removed signature", &desk.submit(&good).await?, 422, &["not signed"])?;
    let bare = signed(package("table", "2.0.1", &component)?, &desk.key)?;
    desk.oci.push_package(REPOSITORY, &bare, |r| r["artifactType"] != APP).await?;
    row("a removed app.toml", &desk.submit(&bare).await?, 422, &["app.toml", "missing"])?;

    // A gigabyte that is packed into a megabyte, as the one layer: at its submission when the tag came before
    // anything belonged to it, and at the push of a tag that comes after.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..1_024 {
        bomb.write_all(&vec![0; 1 << 20])?;
    }
    let bomb = bomb.finish()?;
    let mut manifest: Value = serde_json::from_slice(&good.wasm_manifest)?;
    manifest["layers"][0]["digest"] = json!(digest(&bomb));
    manifest["layers"][0]["size"] = json!(bomb.len());
    let manifest = serde_json::to_vec(&manifest)?;
    let before = resident(&desk.city).await?;
    desk.oci.push_blob(REPOSITORY, &bomb).await?;
    let pushed = desk.oci.push_manifest(REPOSITORY, "9.0.0", &manifest).await?;
    row("a bomb to which nothing belongs yet", &pushed, 201, &[])?;
    for (_, bytes) in good.manifests().filter(|(of, _)| *of != good.digest) {
        let mut referrer: Value = serde_json::from_slice(bytes)?;
        referrer["subject"]["digest"] = json!(digest(&manifest));
        referrer["subject"]["size"] = json!(manifest.len());
        let referrer = serde_json::to_vec(&referrer)?;
        let answer = desk.oci.push_manifest(REPOSITORY, &digest(&referrer), &referrer).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
    }
    let body = json!({"repository": REPOSITORY, "digest": digest(&manifest)});
    let submitted = ask(&desk.vendor, "/api/v1/submissions", &body).await?;
    row("a bomb that is submitted", &submitted, 422, &["compressed", "gzip"])?;
    let tagged = desk.oci.push_manifest(REPOSITORY, "9.0.1", &manifest).await?;
    row("a bomb that is tagged", &tagged, 400, &["MANIFEST_INVALID", "compressed", "gzip"])?;
    let grown = resident(&desk.city).await?.saturating_sub(before);
    ensure!(grown < 300 << 20, "the bomb took {} MiB", grown >> 20);

    // Submission: an import that its manifest does not name.
    let greedy = signed(package("greedy", "1.0.0", &reader)?, &desk.key)?;
    row("an import", &desk.publish(greedy.to_tar()?).await?, 422, &["city:data/shared", "[[datasets]]"])?;

    // Submission: another vendor's key for a name that is taken, and a key that nobody enrolled.
    let published = desk.city.publishing().await?.publish_and_approve(good.to_tar()?).await?;
    let rival = KeyPair::generate(yunlong_registry::Algorithm::Ed25519);
    let stolen = signed(package_of("rival", "table", "3.0.0", &component)?, &rival)?;
    row("an unknown signer", &desk.publish(stolen.to_tar()?).await?, 422, &["not enrolled"])?;
    let organization = "91320303MA000YL03H";
    let key = json!({"vendor": "rival", "organization": organization, "public_key": rival.public().to_pem()?});
    let enrolled = desk.admin.post("/api/v1/signers", &key).await?;
    ensure!(enrolled.status == 201, "{} {}", enrolled.status, enrolled.text);
    let said = &["belongs to `yunlong-demo`", "another name"];
    row("another signer", &desk.publish(stolen.to_tar()?).await?, 422, said)?;

    // Submission: an older version, and another package under a label that is taken.
    let older = signed(package("table", "1.9.9", &component)?, &desk.key)?;
    row("an older version", &desk.publish(older.to_tar()?).await?, 422, &["1.9.9 is older than 2.0.0"])?;
    let mut relabelled = package("table", "2.0.0", &component)?;
    relabelled = Package::build(
        &relabelled.manifest_toml.replace("Registered", "Registered anew"),
        &component,
        &std::collections::BTreeMap::new(),
    )?;
    let relabelled = signed(relabelled, &desk.key)?;
    let answer = desk.publish(relabelled.to_tar()?).await?;
    row("another package of a version", &answer, 422, &["is published as", "publish a new version"])?;

    // What is published stays: neither it nor what belongs to it is deleted.
    let own = "yunlong-demo/table";
    let oci = Oci::vendor(&desk.city, own).await?;
    for (of, _) in good.manifests() {
        let answer = oci.ask(Method::DELETE, &format!("/v2/{own}/manifests/{of}"), Vec::new()).await?;
        row("a deletion of what is published", &answer, 405, &["UNSUPPORTED"])?;
        ensure!(oci.get(&format!("/v2/{own}/manifests/{of}")).await?.status == 200, "{of} is gone");
    }

    // Installation: yanked. The tag goes, the digest stays, what runs goes on.
    let installed = desk.install(&published, "table").await?;
    ensure!(installed.status == 201, "{} {}", installed.status, installed.text);
    let reason = json!({"reason": "the prices were wrong"});
    let yanked = ask(&desk.vendor, &format!("/api/v1/packages/{published}/yank"), &reason).await?;
    ensure!(yanked.status == 200, "{} {}", yanked.status, yanked.text);
    let tag = oci.get(&format!("/v2/{own}/manifests/2.0.0")).await?;
    row("a yanked tag", &tag, 404, &["MANIFEST_UNKNOWN", "yanked", "the prices were wrong"])?;
    ensure!(oci.get(&format!("/v2/{own}/manifests/{published}")).await?.status == 200);
    let said = &["2.0.0 was yanked", "the prices were wrong", "another version"];
    row("a yanked version", &desk.install(&published, "table-two").await?, 422, said)?;
    ensure!(desk.city.client("table")?.get("/").await?.status == 200, "what ran was stopped");

    // Load: one changed byte of what is stored.
    desk.city.kill();
    let hex = digest(&component).replace("sha256:", "");
    let stored = yunlong_tests::files(&desk.city.data().join("registry/blobs"))?;
    let stored: Vec<_> = stored.into_iter().filter(|p| p.to_string_lossy().contains(&hex)).collect();
    ensure!(!stored.is_empty(), "the component is nowhere");
    for path in &stored {
        std::fs::write(path, &changed)?;
    }
    desk.city.restart().await?;
    let ready = desk.city.admin("/readyz").await?;
    row("a changed blob on the disk", &ready, 200, &["degraded", "the installation table has failed"])?;
    ensure!(desk.city.client("table")?.get("/").await?.status == 503, "what was changed is served");
    Ok(())
}

/// Gives an entry of a tar another name of the same length, with the sum of its header as a forger would mend it.
fn rename(tar: &mut [u8], from: &str, to: &str) -> Result<()> {
    ensure!(from.len() == to.len());
    let at = (0..tar.len()).step_by(512).find(|at| tar[*at..].starts_with(format!("{from}\0").as_bytes()));
    let header = &mut tar[at.context("no such entry")?..][..512];
    header[..to.len()].copy_from_slice(to.as_bytes());
    // POSIX ustar: the sum of all bytes, with spaces where it stands itself.
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(())
}

/// The memory of the server.
async fn resident(city: &City) -> Result<u64> {
    let metrics = city.admin("/metrics").await?.text;
    let line = metrics.lines().find(|l| l.starts_with("yunlong_process_resident_bytes ")).context("no such figure")?;
    let value: f64 = line.rsplit(' ').next().context("no value")?.parse()?;
    Ok(value as u64)
}

/// A component whose compilation takes very long: thousands of long functions that nothing makes shorter.
fn endless() -> Result<Vec<u8>> {
    const FUNCTIONS: usize = 7_000;
    fn number(mut n: usize, out: &mut Vec<u8>) {
        // LEB128.
        while n >= 0x80 {
            out.push((n & 0x7F) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }
    fn section(id: u8, content: &[u8], out: &mut Vec<u8>) {
        out.push(id);
        number(content.len(), out);
        out.extend_from_slice(content);
    }
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // () -> () and (i64) -> (i64).
    section(1, &[2, 0x60, 0, 0, 0x60, 1, 0x7E, 1, 0x7E], &mut module);
    let mut functions = Vec::new();
    number(FUNCTIONS + 1, &mut functions);
    functions.push(0);
    functions.extend(std::iter::repeat_n(1, FUNCTIONS));
    section(3, &functions, &mut module);
    section(5, &[1, 0, 2], &mut module);
    section(7, b"\x02\x06memory\x02\0\x06handle\0\0", &mut module);
    let mut body = vec![0, 0x20, 0];
    for n in 0..1_000 {
        // i64.const, i64.mul, local.get 0, i64.add.
        body.extend([0x42, n as u8 & 0x3F, 0x7E, 0x20, 0, 0x7C]);
    }
    body.push(0x0B);
    let mut code = Vec::new();
    number(FUNCTIONS + 1, &mut code);
    code.extend([2, 0, 0x0B]);
    for _ in 0..FUNCTIONS {
        number(body.len(), &mut code);
        code.extend_from_slice(&body);
    }
    section(10, &code, &mut module);

    // A small component, whose module is replaced: it is the first section behind the preamble.
    let small = wat::parse_str(
        r#"(component
            (core module $m (memory (export "memory") 2) (func (export "handle")))
            (core instance $i (instantiate $m))
            (func $handle (canon lift (core func $i "handle")))
            (instance $h (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.10" (instance $h)))"#,
    )?;
    let (preamble, rest) = small.split_at(8);
    ensure!(rest[0] == 1 && rest[1] < 0x80, "the module is not where it is expected");
    let rest = &rest[2 + usize::from(rest[1])..];
    let mut component = preamble.to_vec();
    section(1, &module, &mut component);
    component.extend_from_slice(rest);
    Ok(component)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_takes_minutes_to_compile_is_given_up_and_never_installed() -> Result<()> {
    let desk = Desk::open(&["-o", "runtime.compile_seconds=3"]).await?;
    let slow = signed(package("slow", "1.0.0", &endless()?)?, &desk.key)?;
    let publishing = desk.city.publishing().await?;
    let began = std::time::Instant::now();
    let submission = publishing.publish(slow.to_tar()?).await?;
    let number = submission["number"].as_u64().context("no number")?;
    // The review is the first that runs it: nobody is asked to approve it.
    let checked = publishing.checked(number).await?;
    ensure!(began.elapsed() < Duration::from_secs(90), "it took {:?}", began.elapsed());
    ensure!(checked["state"] == "checks-failed", "{checked}");
    let findings = checked["findings"].to_string();
    ensure!(findings.contains("compiling took more than 3 s") && findings.contains("编译"), "{findings}");
    let said = &["1.0.0 is not approved"];
    row("what failed its checks", &desk.install(&slow.digest.to_string(), "slow").await?, 422, said)?;
    ensure!(!desk.admin.get("/api/v1/installations").await?.text.contains("slow"), "it left a trace");
    // The city serves on, and its compiler is free for others.
    let quick =
        publishing.publish_and_approve(signed(package("quick", "1.0.0", &hello()?)?, &desk.key)?.to_tar()?).await?;
    let installed = desk.install(&quick, "quick").await?;
    ensure!(installed.status == 201, "{} {}", installed.status, installed.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guessed_passwords_are_counted_where_they_come_from_and_a_client_chooses_no_address() -> Result<()> {
    let limits = ["-o", "limits.sign_in_failures_per_client=3", "-o", "proxy.client_header=x-forwarded-for"];
    let city = Plan::with(&[]).citizens(1).args(&limits).start().await?;
    let http = reqwest::Client::new();
    let token = async |account: &str, password: &str, from: &str| {
        let request = http.get(format!("{}/token", city.registry())).basic_auth(account, Some(password));
        Answer::read(request.header("x-forwarded-for", from).send().await?).await
    };
    for n in 0..3 {
        // Each time another account, and what a client says of itself before the proxy's own word.
        let answer = token(&format!("nobody-{n}"), "x", &format!("198.51.100.{n}, 192.0.2.1")).await?;
        row("a guess", &answer, 401, &["UNAUTHORIZED"])?;
    }
    let answer = token("vendor", PASSWORD, "192.0.2.1").await?;
    row("too many guesses", &answer, 429, &["TOOMANYREQUESTS"])?;
    for _ in 0..10 {
        let answer = token("vendor", PASSWORD, "192.0.2.2").await?;
        ensure!(answer.status == 200, "what is right does not count: {} {}", answer.status, answer.text);
    }
    Ok(())
}
