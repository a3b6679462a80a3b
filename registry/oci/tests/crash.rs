//! 32 parallel pushes of 20 MB, and the server is killed (SIGKILL) while they run: what was answered
//! stands, nothing corrupt is ever served, and what was not finished goes on or starts over.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{Client, basic, noise};
use yunlong_oci::digest::Algorithm;
use yunlong_oci::{Digest, access::AccessTable};

const PUSHES: usize = 32;
const SIZE: usize = 20_000_000;
const CHUNK: usize = 4 << 20;

struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let accounts = folder.join("accounts");
        if !accounts.exists() {
            std::fs::write(&accounts, format!("vendor {} vendor\n", AccessTable::hash("secret").unwrap())).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_yunlong-oci"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .arg("--accounts")
            .arg(&accounts)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let at = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("no address: {line}"));
        Self { url: format!("http://{at}"), child }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A client with a token: Argon2 at each chunk would only measure Argon2.
    async fn client(&self) -> Client {
        let basic = Client::new(&self.url, Some(basic("vendor", "secret")));
        let reply = basic.get("/token?scope=repository:vendor/app:pull,push").await.expect(200);
        Client::new(&self.url, Some(format!("Bearer {}", reply.json()["token"].as_str().unwrap())))
    }
}

/// How far one push has come.
#[derive(Clone, Default)]
struct Push {
    location: Option<String>,
    /// Bytes that were answered for.
    acknowledged: usize,
    done: bool,
}

/// Pushes a blob from where it stands; an error of the connection ends the try. Answers whether it
/// went on in the middle of an upload that an earlier try had begun.
async fn push(client: &Client, bytes: &[u8], push: &mut Push, sent: &AtomicUsize) -> Result<bool, reqwest::Error> {
    let digest = Algorithm::Sha256.digest(bytes);
    let (mut at, mut resumed) = (0, false);
    if let Some(location) = &push.location {
        let status = client.try_ask("GET", location, &[], "").await?;
        if status.status == 204 {
            let range = status.header("range").unwrap();
            at = range.trim_start_matches("0-").parse::<usize>().unwrap() + 1;
            // `0-0` says nothing or one byte: begin a new one.
            resumed = at > 1;
        }
    }
    if !resumed {
        at = 0;
        push.location = None;
    }
    let location = match &push.location {
        Some(location) => location.clone(),
        None => {
            let reply = client.try_ask("POST", "/v2/vendor/app/blobs/uploads/", &[], "").await?.expect(202);
            push.location.insert(reply.location()).clone()
        }
    };
    while at < bytes.len() {
        let end = (at + CHUNK).min(bytes.len());
        let range = format!("{at}-{}", end - 1);
        let headers = [("content-range", &*range)];
        client.try_ask("PATCH", &location, &headers, bytes[at..end].to_vec()).await?.expect(202);
        sent.fetch_add(end - at, Ordering::Relaxed);
        at = end;
        push.acknowledged = at;
    }
    client.try_ask("PUT", &format!("{location}?digest={digest}"), &[], "").await?.expect(201);
    push.done = true;
    Ok(resumed)
}

/// What is served under the digest of these bytes: nothing, or these bytes.
async fn check(client: &Client, bytes: &[u8], digest: &Digest) -> bool {
    let reply = client.get(&format!("/v2/vendor/app/blobs/{digest}")).await;
    match reply.status {
        200 => assert!(reply.body == bytes, "a corrupt blob is served"),
        404 => {}
        other => panic!("{other}: {}", String::from_utf8_lossy(&reply.body)),
    }
    reply.status == 200
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_pushes_of_20_mb_survive_kills_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let blobs: Vec<Arc<Vec<u8>>> = (0..PUSHES).map(|i| Arc::new(noise(SIZE, 1_000 + i as u64))).collect();
    let digests: Vec<Digest> = blobs.iter().map(|b| Algorithm::Sha256.digest(b)).collect();
    let mut pushes = vec![Push::default(); PUSHES];
    let (mut kills, mut resumed, mut kept_after_kill) = (0, 0, 0);
    // Killed after a quarter, a half and three quarters of all bytes; the last round is left alone.
    for share in [Some(1), Some(2), Some(3), None] {
        let process = Process::start(folder.path());
        let client = process.client().await;
        for (i, p) in pushes.iter().enumerate().filter(|(_, p)| p.done) {
            assert!(check(&client, &blobs[i], &digests[i]).await, "a finished push is gone: {:?}", p.location);
            kept_after_kill += 1;
        }
        for (i, _) in pushes.iter().enumerate().filter(|(_, p)| !p.done) {
            check(&client, &blobs[i], &digests[i]).await;
        }
        let sent = Arc::new(AtomicUsize::new(pushes.iter().map(|p| p.acknowledged).sum()));
        let tasks: Vec<_> = pushes
            .iter()
            .cloned()
            .enumerate()
            .filter(|(_, p)| !p.done)
            .map(|(i, mut p)| {
                let (client, bytes, sent) = (client.clone(), blobs[i].clone(), sent.clone());
                tokio::spawn(async move {
                    let ended = push(&client, &bytes, &mut p, &sent).await;
                    (i, p, ended)
                })
            })
            .collect();
        if let Some(share) = share {
            while sent.load(Ordering::Relaxed) < PUSHES * SIZE * share / 4 && !tasks.iter().all(|t| t.is_finished()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            process.kill();
            kills += 1;
            for task in tasks {
                let (i, p, ended) = task.await.unwrap();
                resumed += usize::from(ended.unwrap_or(false));
                pushes[i] = p;
            }
        } else {
            for task in tasks {
                let (i, p, ended) = task.await.unwrap();
                resumed += usize::from(ended.unwrap());
                pushes[i] = p;
            }
            for (bytes, digest) in blobs.iter().zip(&digests) {
                assert!(check(&client, bytes, digest).await);
            }
            process.kill();
        }
    }
    assert!(pushes.iter().all(|p| p.done));
    assert!(resumed > 0, "no upload was ever resumed: the test shows too little");
    println!(
        "{kills} kills, {PUSHES} pushes of {SIZE} bytes: {resumed} resumed, {kept_after_kill} times a finished one was read again after a kill"
    );
}
