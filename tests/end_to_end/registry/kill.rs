//! 32 parallel pushes of 20 MB, and the server is killed (SIGKILL) in the middle: what was answered stands, nothing
//! corrupt is served, and what was not finished goes on or starts over.
//!
//! The registry's own tests do this three times with its small program. Here it is the city's binary: its store,
//! its accounts, its tokens, and its way of starting again.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const PUSHES: usize = 32;
const CHUNKS: usize = 5;
const CHUNK: usize = 4_000_000;
const REPOSITORY: &str = "vendor/large";

/// The nth chunk of a blob: always the same, and like no other. The blobs together would fill the memory.
fn chunk(blob: usize, n: usize) -> Vec<u8> {
    let mut state = ((blob * CHUNKS + n + 1) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(CHUNK + 8);
    while bytes.len() < CHUNK {
        // xorshift64*: nothing that could be compressed.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(CHUNK);
    bytes
}

fn digest_of(blob: usize) -> String {
    let mut hash = Sha256::new();
    (0..CHUNKS).for_each(|n| hash.update(chunk(blob, n)));
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash.finalize()))
}

/// How far a push has come, as its client knows.
#[derive(Clone, Default)]
struct Push {
    location: Option<String>,
    /// Chunks that were answered for.
    acknowledged: usize,
    done: bool,
}

/// Pushes a blob on from where it stands, until it is done or the connection breaks. Answers whether it went on in
/// the middle of what an earlier try had begun.
async fn push(oci: &Oci, blob: usize, digest: &str, push: &mut Push, sent: &AtomicUsize) -> Result<bool> {
    let mut at = 0;
    if let Some(location) = &push.location {
        let answer = oci.get(location).await?;
        if answer.status == 204 {
            let range = answer.header("range");
            let end: usize = range.strip_prefix("0-").context("no range")?.parse()?;
            at = if end == 0 { 0 } else { end + 1 };
            ensure!(
                at >= push.acknowledged * CHUNK,
                "{at} bytes are left of {} acknowledged chunks",
                push.acknowledged
            );
        }
    }
    let resumed = at > 0;
    if !resumed {
        push.location = None;
    }
    let location = match &push.location {
        Some(location) => location.clone(),
        None => push.location.insert(oci.open_upload(REPOSITORY).await?).clone(),
    };
    // Wherever it stands in a chunk: the rest of it comes first.
    while at < CHUNKS * CHUNK {
        let rest = chunk(blob, at / CHUNK).split_off(at % CHUNK);
        let end = at + rest.len();
        let request = oci.request(Method::PATCH, &location).header("content-range", format!("{at}-{}", end - 1));
        let answer = Answer::read(request.body(rest).send().await?).await?;
        ensure!(answer.status == 202, "a chunk: {} {}", answer.status, answer.text);
        sent.fetch_add(end - at, Ordering::Relaxed);
        at = end;
        push.acknowledged = at / CHUNK;
    }
    let answer = oci.ask(Method::PUT, &format!("{location}?digest={digest}"), Vec::new()).await?;
    ensure!(answer.status == 201, "the end: {} {}", answer.status, answer.text);
    push.done = true;
    Ok(resumed)
}

/// Whether the blob is there; if it is, every byte of it is right.
async fn is_there(oci: &Oci, digest: &str) -> Result<bool> {
    let mut answer = oci.request(Method::GET, &format!("/v2/{REPOSITORY}/blobs/{digest}")).send().await?;
    match answer.status().as_u16() {
        404 => return Ok(false),
        status => ensure!(status == 200, "{digest}: {status}"),
    }
    let (mut hash, mut length) = (Sha256::new(), 0);
    while let Some(bytes) = answer.chunk().await? {
        hash.update(&bytes);
        length += bytes.len();
    }
    let found = format!("sha256:{}", data_encoding::HEXLOWER.encode(&hash.finalize()));
    ensure!(found == digest && length == CHUNKS * CHUNK, "a corrupt blob is served: {length} bytes, {found}");
    Ok(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_two_pushes_of_20_mb_survive_a_kill_in_the_middle() -> Result<()> {
    let mut city = Plan::with(&[]).citizens(1).start().await?;
    let digests: Vec<String> = tokio::task::spawn_blocking(|| (0..PUSHES).map(digest_of).collect()).await?;
    let mut pushes = vec![Push::default(); PUSHES];
    let sent = Arc::new(AtomicUsize::new(0));
    let begin = async |city: &City, pushes: &[Push]| -> Result<Vec<_>> {
        let oci = Oci::vendor(city, REPOSITORY).await?;
        let waiting = pushes.iter().cloned().enumerate().filter(|(_, p)| !p.done);
        let tasks = waiting.map(|(blob, mut one)| {
            let (oci, digest, sent) = (oci.clone(), digests[blob].clone(), sent.clone());
            tokio::spawn(async move {
                let ended = push(&oci, blob, &digest, &mut one, &sent).await;
                (blob, one, ended)
            })
        });
        Ok(tasks.collect())
    };

    let tasks = begin(&city, &pushes).await?;
    // In the middle of all bytes. A debug build on a busy machine takes a while.
    eventually("half of the bytes", Duration::from_secs(300), async || {
        let ended = tasks.iter().all(tokio::task::JoinHandle::is_finished);
        Ok((ended || sent.load(Ordering::Relaxed) >= PUSHES * CHUNKS * CHUNK / 2).then_some(()))
    })
    .await?;
    city.kill();
    for task in tasks {
        // Whatever broke off broke off by the kill.
        let (blob, one, _) = task.await?;
        pushes[blob] = one;
    }
    let finished = pushes.iter().filter(|p| p.done).count();
    ensure!(finished < PUSHES, "everything was pushed before the kill");

    city.restart().await?;
    let oci = Oci::vendor(&city, REPOSITORY).await?;
    for (blob, one) in pushes.iter().enumerate() {
        // A push that the client does not know to be done may be: its last answer was cut off.
        let there = is_there(&oci, &digests[blob]).await?;
        ensure!(there || !one.done, "a finished push is gone");
    }
    let mut resumed = 0;
    for task in begin(&city, &pushes).await? {
        let (blob, one, ended) = task.await?;
        resumed += usize::from(ended.with_context(|| format!("push {blob} after the kill"))?);
        pushes[blob] = one;
    }
    ensure!(resumed > 0, "no upload was resumed: the test shows too little");
    ensure!(pushes.iter().all(|p| p.done));

    // A manifest over all of them is taken, tagged, and found after another kill.
    let config = b"{}";
    oci.push_blob(REPOSITORY, config).await?;
    let layers: Vec<Value> = digests
        .iter()
        .map(|d| json!({"mediaType": "application/octet-stream", "digest": d, "size": CHUNKS * CHUNK}))
        .collect();
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.large",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(config), "size": config.len()},
        "layers": layers,
    }))?;
    let answer = oci.push_manifest(REPOSITORY, "1.0.0", &manifest).await?;
    ensure!(answer.status == 201, "{} {}", answer.status, answer.text);
    city.restart().await?;
    let oci = Oci::vendor(&city, REPOSITORY).await?;
    let answer = oci.get(&format!("/v2/{REPOSITORY}/manifests/1.0.0")).await?;
    ensure!(answer.status == 200 && answer.text.as_bytes() == manifest, "{} {}", answer.status, answer.text);
    for digest in &digests {
        ensure!(is_there(&oci, digest).await?, "{digest} is gone");
    }
    Ok(())
}
