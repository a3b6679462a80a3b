//! Real clients, unmodified: `skopeo`, the `oras` SDK and `wkg` push, list and pull, and the digests agree.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{Client, PASSWORD, Server, basic, noise};
use yunlong_oci::digest::Algorithm;

/// Runs a program on a thread that may block, since the server runs in this process.
async fn run(mut command: Command) -> String {
    let shown = format!("{command:?}");
    let output: Output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{shown}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|o| o.status.success())
}

/// Debian's skopeo: installed when it is not there and this is root.
fn skopeo() -> Command {
    if !is_there("skopeo", "--version") {
        let _ = Command::new("apt-get").args(["install", "-y", "skopeo"]).output();
    }
    assert!(
        is_there("skopeo", "--version"),
        "skopeo is missing and could not be installed: run `apt-get update && apt-get install -y skopeo` as root"
    );
    let mut skopeo = Command::new("skopeo");
    // Which signatures it wants of which registry is not asked here.
    skopeo.arg("--insecure-policy");
    skopeo
}

/// A Python with the `oras` package, in an environment of its own beside the build's output.
fn python_with_oras() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oras-python");
    let python = environment.join("bin/python");
    let works = || Command::new(&python).args(["-c", "import oras.client"]).output().is_ok_and(|o| o.status.success());
    if !works() {
        let _ = Command::new("python3").args(["-m", "venv"]).arg(&environment).output();
        let _ = Command::new(&python).args(["-m", "pip", "install", "--quiet", "oras>=0.2,<0.3"]).output();
    }
    assert!(
        works(),
        "the `oras` package is missing and could not be installed: run `python3 -m venv {0} && {0}/bin/pip install 'oras>=0.2,<0.3'`",
        environment.display()
    );
    python
}

/// An image layout in a folder: what skopeo copies from.
fn write_layout(folder: &Path, layer: &[u8]) -> (String, Vec<u8>) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8]| {
        let digest = Algorithm::Sha256.digest(bytes);
        std::fs::write(blobs.join(digest.hex()), bytes).unwrap();
        serde_json::json!({ "digest": digest, "size": bytes.len() })
    };
    let with_type = |mut descriptor: serde_json::Value, media_type: &str| {
        descriptor["mediaType"] = media_type.into();
        descriptor
    };
    let layer_digest = Algorithm::Sha256.digest(layer);
    let config = serde_json::json!({
        "architecture": "wasm", "os": "wasip2", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [layer_digest] },
    });
    let config = with_type(put(config.to_string().as_bytes()), "application/vnd.oci.image.config.v1+json");
    let layer = with_type(put(layer), "application/vnd.oci.image.layer.v1.tar");
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config, "layers": [layer],
    });
    let manifest = manifest.to_string().into_bytes();
    let descriptor = with_type(put(&manifest), "application/vnd.oci.image.manifest.v1+json");
    let digest = descriptor["digest"].as_str().unwrap().to_owned();
    let index = serde_json::json!({ "schemaVersion": 2, "manifests": [descriptor] });
    std::fs::write(folder.join("index.json"), index.to_string()).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    (digest, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_pushes_lists_inspects_and_pulls() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let layer = noise(9_000_000, 21);
    let (digest, manifest) = write_layout(&folder.path().join("in"), &layer);
    let remote = format!("docker://{}/vendor/skopeo", server.at);
    let credentials = format!("vendor:{PASSWORD}");
    let local = |name: &str| format!("oci:{}", folder.path().join(name).display());

    let mut push = skopeo();
    push.args(["copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", &credentials]);
    push.arg(local("in")).arg(format!("{remote}:1.0.0"));
    run(push).await;
    let manifest_url = "/v2/vendor/skopeo/manifests/1.0.0";
    let reply = server.vendor().get(manifest_url).await.expect(200).has("docker-content-digest", &digest);
    assert_eq!(reply.body, manifest);

    // Pushing the same again is no error.
    let mut again = skopeo();
    again.args(["copy", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", &credentials]);
    again.arg(local("in")).arg(format!("{remote}:1.0.0"));
    run(again).await;

    let mut list = skopeo();
    list.args(["list-tags", "--tls-verify=false", "--creds", &credentials, &remote]);
    let listed: serde_json::Value = serde_json::from_str(&run(list).await).unwrap();
    assert_eq!(listed["Tags"], serde_json::json!(["1.0.0"]));

    let mut inspect = skopeo();
    inspect.args(["inspect", "--tls-verify=false", "--creds", &credentials, "--format", "{{.Digest}}"]);
    inspect.arg(format!("{remote}:1.0.0"));
    assert_eq!(run(inspect).await.trim(), digest);

    let mut pull = skopeo();
    pull.args(["copy", "--preserve-digests", "--src-tls-verify=false", "--src-creds", &credentials]);
    pull.arg(format!("{remote}@{digest}")).arg(local("out"));
    run(pull).await;
    let hex = Algorithm::Sha256.digest(&layer).hex().to_owned();
    assert!(std::fs::read(folder.path().join("out/blobs/sha256").join(hex)).unwrap() == layer);

    // Other content under the tag is refused, and skopeo says why.
    write_layout(&folder.path().join("other"), b"other content");
    let mut change = skopeo();
    change.args(["copy", "--dest-tls-verify=false", "--dest-creds", &credentials]);
    change.arg(local("other")).arg(format!("{remote}:1.0.0"));
    let refused = tokio::task::spawn_blocking(move || change.output()).await.unwrap().unwrap();
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("tags do not change") || words.contains("denied"), "{words}");

    // Without credentials a private repository cannot be read, and a public one can.
    let mut anonymous = skopeo();
    anonymous.args(["list-tags", "--tls-verify=false", "--no-creds", &remote]);
    assert!(!tokio::task::spawn_blocking(move || anonymous.output()).await.unwrap().unwrap().status.success());
    let public = format!("docker://{}/open/skopeo", server.at);
    let mut publish = skopeo();
    publish.args(["copy", "--dest-tls-verify=false", "--dest-creds", &credentials]);
    publish.arg(local("in")).arg(format!("{public}:1"));
    run(publish).await;
    let mut anonymous = skopeo();
    anonymous.args(["list-tags", "--tls-verify=false", "--no-creds", &public]);
    assert!(run(anonymous).await.contains("\"1\""));
}

const ORAS: &str = r#"
import hashlib, json, os, sys
import oras.client

at, password, folder = sys.argv[1:4]
os.chdir(folder)
with open("component.wasm", "rb") as f:
    sent = f.read()
client = oras.client.OrasClient(hostname=at, insecure=True, auth_backend=sys.argv[4])
client.login(hostname=at, username="vendor", password=password)
target = f"{at}/vendor/oras:1.0.0"
answer = client.push(
    files=["component.wasm:application/wasm"], target=target, disable_path_validation=True, do_chunked=True,
    chunk_size=1 << 20,
)
digest = answer.headers["Docker-Content-Digest"]
assert answer.headers["Location"].endswith(digest), answer.headers
tags = client.get_tags(f"{at}/vendor/oras")
assert tags == ["1.0.0"], tags
manifest = client.get_manifest(target)
assert manifest["layers"][0]["digest"] == "sha256:" + hashlib.sha256(sent).hexdigest(), manifest
os.makedirs("out")
pulled = client.pull(target=target, outdir="out")
with open(pulled[0], "rb") as f:
    assert f.read() == sent
print(json.dumps({"digest": digest}))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_oras_sdk_pushes_in_chunks_lists_and_pulls() {
    let server = Server::start().await;
    let python = python_with_oras();
    for backend in ["token", "basic"] {
        let server = if backend == "token" { &server } else { &Server::start().await };
        let folder = tempfile::tempdir().unwrap();
        let component = noise(3_500_000, 22);
        std::fs::write(folder.path().join("component.wasm"), &component).unwrap();
        let mut oras = Command::new(&python);
        oras.args(["-c", ORAS, &server.at.to_string(), PASSWORD]).arg(folder.path()).arg(backend);
        // Its credentials are its own: not those of whoever runs the tests.
        oras.env("HOME", folder.path()).env("DOCKER_CONFIG", folder.path());
        let answer: serde_json::Value = serde_json::from_str(run(oras).await.lines().last().unwrap()).unwrap();
        let client = Client::new(&server.url(), Some(basic("vendor", PASSWORD)));
        let manifest = client.get("/v2/vendor/oras/manifests/1.0.0").await.expect(200);
        manifest.has("docker-content-digest", answer["digest"].as_str().unwrap());
        let path = format!("/v2/vendor/oras/blobs/{}", Algorithm::Sha256.digest(&component));
        assert!(client.get(&path).await.expect(200).body == component);
    }
}

/// wkg, which `cargo xtask test` installs beside the build's output. Its credentials and its cache are its own: not
/// those of whoever runs the tests.
fn wkg(home: &Path) -> Command {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let program = tools.join("bin/wkg");
    assert!(
        is_there(&program.display().to_string(), "--version"),
        "wkg is missing: `cargo xtask test` installs it, or `cargo install wkg --version 0.16.1 --locked --root {}`",
        tools.display()
    );
    let mut wkg = Command::new(program);
    wkg.env("HOME", home).env("XDG_CONFIG_HOME", home).env("DOCKER_CONFIG", home).current_dir(home);
    wkg
}

/// A component that does nothing, with a section of so many bytes that it goes in several chunks.
fn component(bytes: usize, seed: u64) -> Vec<u8> {
    let name = b"\x04note";
    let mut component = b"\0asm\x0d\0\x01\0\0".to_vec();
    let mut length = name.len() + bytes;
    // LEB128.
    while length >= 0x80 {
        component.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    component.push(length as u8);
    component.extend_from_slice(name);
    component.extend(noise(bytes, seed));
    component
}

#[tokio::test(flavor = "multi_thread")]
async fn wkg_pushes_in_chunks_pulls_and_gets() {
    let server = Server::start().await;
    let home = tempfile::tempdir().unwrap();
    let (at, sent) = (server.at.to_string(), component(9_000_000, 23));
    std::fs::write(home.path().join("sent.wasm"), &sent).unwrap();
    let reference = format!("{at}/vendor/wkg:1.0.0");

    let mut anonymous = wkg(home.path());
    anonymous.args(["oci", "push", "--insecure", &at, &reference, "sent.wasm"]);
    assert!(!tokio::task::spawn_blocking(move || anonymous.output()).await.unwrap().unwrap().status.success());

    let signed_in = |arguments: &[&str]| {
        let mut wkg = wkg(home.path());
        // Not on the command line, which others can read.
        wkg.args(arguments).env("WKG_OCI_USERNAME", "vendor").env("WKG_OCI_PASSWORD", PASSWORD);
        wkg
    };
    let told = run(signed_in(&["oci", "push", "--insecure", &at, &reference, "sent.wasm"])).await;
    let digest = told.lines().find_map(|l| l.strip_prefix("digest: ")).unwrap().to_owned();
    let reply = server.vendor().get("/v2/vendor/wkg/manifests/1.0.0").await.expect(200);
    let manifest = reply.json();
    reply.has("docker-content-digest", &digest);
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], Algorithm::Sha256.digest(&sent).to_string());

    run(signed_in(&["oci", "pull", "--insecure", &at, &reference, "--output", "pulled.wasm"])).await;
    assert!(std::fs::read(home.path().join("pulled.wasm")).unwrap() == sent);

    // By the package's name: the registry's own description, its tags, and the newest of them.
    let config = format!(
        "default_registry = \"{at}\"\n[registry.\"{at}\".oci]\nprotocol = \"http\"\nauth = {{ username = \"vendor\", password = \"{PASSWORD}\" }}\n"
    );
    std::fs::write(home.path().join("wkg.toml"), config).unwrap();
    for (package, file) in [("vendor:wkg@1.0.0", "./got.wasm"), ("vendor:wkg", "./newest.wasm")] {
        let mut get = wkg(home.path());
        get.args(["get", package, "--config", "wkg.toml", "--cache", "cache", "--format", "wasm", "--output", file]);
        run(get).await;
        assert!(std::fs::read(home.path().join(file)).unwrap() == sent, "{package}");
    }
}
