//! Blobs in S3, against a server that speaks its protocol: Python's `moto`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![cfg(feature = "s3")]

mod support;

use futures::TryStreamExt as _;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use support::{Parts, noise};
use yunlong_oci::blobs::{ObjectBlobs, S3, Stored};
use yunlong_oci::digest::Algorithm;
use yunlong_store::memory::MemoryStore;

/// The server program, in an environment of its own beside the build's output.
fn moto() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto-python");
    let program = environment.join("bin/moto_server");
    let works = || Command::new(&program).arg("--help").output().is_ok_and(|o| o.status.success());
    if !works() {
        let _ = Command::new("python3").args(["-m", "venv"]).arg(&environment).output();
        let pip = environment.join("bin/python");
        let _ = Command::new(pip).args(["-m", "pip", "install", "--quiet", "moto[s3,server]>=5,<6"]).output();
    }
    assert!(
        works(),
        "`moto` is missing and could not be installed: run `python3 -m venv {0} && {0}/bin/pip install 'moto[s3,server]>=5,<6'`",
        environment.display()
    );
    program
}

struct Moto {
    child: Child,
    url: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    async fn start() -> Self {
        let program = tokio::task::spawn_blocking(moto).await.unwrap();
        let port = yunlong_test_ports::free_port().unwrap();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let moto = Self { child, url: format!("http://127.0.0.1:{port}") };
        let client = reqwest::Client::new();
        for _ in 0..300 {
            let made = client.put(format!("{}/registry", moto.url)).send().await;
            if made.is_ok_and(|r| r.status().is_success()) {
                return moto;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("moto did not come up");
    }

    fn blobs(&self) -> Arc<ObjectBlobs> {
        let at = S3 {
            bucket: "registry".into(),
            region: "us-east-1".into(),
            endpoint: Some(self.url.clone()),
            prefix: "oci".into(),
            key_id: "test".into(),
            key: "test".to_owned().into(),
        };
        assert!(!format!("{at:?}").contains("key"), "no secret in a log");
        Arc::new(ObjectBlobs::s3(&at).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_keeps_its_blobs_in_a_bucket_and_goes_on_there_after_a_restart() {
    let moto = Moto::start().await;
    let store = Arc::new(MemoryStore::new());
    let server = Parts::new(store.clone(), moto.blobs(), None).listen().await;
    let client = server.vendor();
    let layer = noise(20_000_001, 31);
    let image = client.push("vendor/app", "1.0.0", &layer, json!({})).await;
    let layer_path = format!("/v2/vendor/app/blobs/{}", Algorithm::Sha256.digest(&layer));
    assert!(client.get(&layer_path).await.expect(200).body == layer);
    let part = client.ask("GET", &layer_path, &[("range", "bytes=8388600-8388699")], "").await.expect(206);
    assert!(part.body == layer[8_388_600..8_388_700]);

    let bytes = noise(12_000_000, 32);
    let location = client.open_upload("vendor/app").await;
    client.chunk(&location, 0, &bytes[..4_194_304]).await.expect(202);
    server.stop().await;

    let server = Parts::new(store, moto.blobs(), None).listen().await;
    let client = server.vendor();
    client.get(&location).await.expect(204).has("range", "0-4194303");
    client.chunk(&location, 4_194_304, &bytes[4_194_304..]).await.expect(202);
    let wrong = client.open_upload("vendor/app").await;
    client
        .finish(&wrong, &Algorithm::Sha256.digest(b"x"), &noise(9_000_000, 33))
        .await
        .expect_error(400, "DIGEST_INVALID");
    client.finish(&location, &Algorithm::Sha256.digest(&bytes), b"").await.expect(201);
    let manifest = client.get("/v2/vendor/app/manifests/1.0.0").await.expect(200);
    assert_eq!(manifest.body, image.bytes);

    let loose = Algorithm::Sha256.digest(&bytes);
    client.delete(&format!("/v2/vendor/app/blobs/{loose}")).await.expect(202);
    assert_eq!(server.registry.collect().await.unwrap().blobs, 1);
    let left: Vec<Stored> = server.parts.blobs.list().try_collect().await.unwrap();
    assert_eq!(left.len(), 2, "the layer and the config, and nothing of what was given up: {left:?}");
    assert!(client.get(&layer_path).await.expect(200).body == layer);
}
