//! The statuses of C2SP tlog-witness, over HTTP, with logs that are made here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use data_encoding::BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use yunlong_verify::note::{KeyType, Note, VKey};
use yunlong_verify::tree::{Hash, Tree, leaf_hash, node_hash};
use yunlong_witness::{KeyFile, MemoryError, Witness, router};

struct Log {
    key: SigningKey,
    vkey: VKey,
}

impl Log {
    fn new(seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let vkey = VKey::of("log.example/a", KeyType::Ed25519, &key).unwrap();
        Self { key, vkey }
    }

    fn checkpoint(&self, size: u64, root: &Hash) -> String {
        let text = format!("{}\n{size}\n{}\n", self.vkey.name, BASE64.encode(root));
        let signature = [&self.vkey.id[..], &self.key.sign(text.as_bytes()).to_bytes()].concat();
        format!("{text}\n— {} {}\n", self.vkey.name, BASE64.encode(&signature))
    }
}

fn leaf(n: u8) -> Hash {
    leaf_hash(&[n])
}

fn root(leaves: u8) -> Hash {
    let mut tree = Tree::default();
    (0..leaves).for_each(|n| {
        tree.push(leaf(n));
    });
    tree.root()
}

fn body(old: u64, proof: &[Hash], note: &str) -> String {
    let proof: String = proof.iter().map(|h| format!("{}\n", BASE64.encode(h))).collect();
    format!("old {old}\n{proof}\n{note}")
}

fn open(folder: &Path) -> Result<(Witness, VKey), MemoryError> {
    let file = folder.join("key");
    let key = KeyFile::read(&file).or_else(|_| KeyFile::generate("witness.example/w1", &file)).unwrap();
    let vkey = key.vkey.clone();
    Ok((Witness::open(key, &folder.join("state"), vec![Log::new(1).vkey])?, vkey))
}

struct Client(String);

impl Client {
    async fn of(witness: Witness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router(Arc::new(witness))).await });
        Self(base)
    }

    async fn ask(&self, path: &str, body: Option<String>) -> (u16, String, String) {
        let url = format!("{}{path}", self.0);
        let answer = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut response = match body {
                Some(body) => agent.post(&url).send(body),
                None => agent.get(&url).call(),
            }
            .unwrap();
            let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
            (response.status().as_u16(), kind, response.body_mut().read_to_string().unwrap())
        });
        answer.await.unwrap()
    }

    async fn add(&self, body: String) -> (u16, String) {
        let (status, _, text) = self.ask("/add-checkpoint", Some(body)).await;
        (status, text)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_grows_is_cosigned_and_everything_else_has_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let (witness, vkey) = open(folder.path()).unwrap();
    let client = Client::of(witness).await;
    let log = Log::new(1);
    let hash = yunlong_hash("log.example/a");
    assert_eq!(client.ask(&format!("/{hash}/checkpoint"), None).await.0, 404, "nothing was cosigned yet");

    let first = log.checkpoint(2, &root(2));
    let (status, line) = client.add(body(0, &[], &first)).await;
    assert_eq!(status, 200, "{line}");
    let cosigned = Note::parse(&format!("{first}{line}")).unwrap();
    assert_eq!(cosigned.signed_by(&vkey), Ok(true));

    // 2 -> 3 leaves: the proof is the third leaf.
    let second = log.checkpoint(3, &root(3));
    let (status, kind, size) = client.ask("/add-checkpoint", Some(body(0, &[], &second))).await;
    assert_eq!((status, kind.as_str(), size.as_str()), (409, "text/x.tlog.size", "2\n"));
    assert_eq!(client.add(body(2, &[leaf(3)], &second)).await.0, 422, "the proof does not hold");
    assert_eq!(client.add(body(2, &[], &second)).await.0, 422);
    assert_eq!(client.add(body(4, &[], &second)).await.0, 400, "old is larger than the checkpoint");
    assert_eq!(client.add("nonsense".into()).await.0, 400);
    assert_eq!(client.add(body(2, &[leaf(2)], &second.replace("log.example/a", "log.example/b"))).await.0, 404);
    let forged = Log::new(2).checkpoint(3, &root(3));
    assert_eq!(client.add(body(2, &[leaf(2)], &forged)).await.0, 403, "another key of the same name");
    let broken = second.replacen("\n3\n", "\n4\n", 1);
    assert_eq!(client.add(body(2, &[leaf(2)], &broken)).await.0, 403, "the log's signature is of another text");
    assert_eq!(client.add(body(2, &[leaf(2)], &second)).await.0, 200);
    // Again the same: the same root is cosigned anew, another one is not.
    assert_eq!(client.add(body(3, &[], &second)).await.0, 200);
    let other = log.checkpoint(3, &node_hash(&leaf(7), &leaf(8)));
    assert_eq!(client.add(body(3, &[], &other)).await.0, 422, "another tree of the same size");

    let (status, _, newest) = client.ask(&format!("/{hash}/checkpoint"), None).await;
    let newest = Note::parse(&newest).unwrap();
    assert_eq!((status, newest.checkpoint(&log.vkey).unwrap().size), (200, 3));
    assert_eq!(newest.signed_by(&vkey), Ok(true));
    assert_eq!(client.add("x".repeat(200_000)).await.0, 413);
}

fn yunlong_hash(origin: &str) -> String {
    use sha2::{Digest as _, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(origin))
}

#[test]
fn an_empty_tree_has_the_empty_root() {
    let folder = tempfile::tempdir().unwrap();
    let (witness, _) = open(folder.path()).unwrap();
    let log = Log::new(1);
    assert!(witness.add_checkpoint(body(0, &[], &log.checkpoint(0, &leaf(1))).as_bytes(), 1).is_err());
    assert!(witness.add_checkpoint(body(0, &[], &log.checkpoint(0, &root(0))).as_bytes(), 1).is_ok());
    assert!(witness.add_checkpoint(body(0, &[leaf(0)], &log.checkpoint(1, &root(1))).as_bytes(), 1).is_err());
    assert!(witness.add_checkpoint(body(0, &[], &log.checkpoint(1, &root(1))).as_bytes(), 1).is_ok());
}

#[test]
fn a_second_process_does_not_share_the_memory_and_a_changed_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (witness, _) = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(MemoryError::Locked(_))));
    let log = Log::new(1);
    witness.add_checkpoint(body(0, &[], &log.checkpoint(2, &root(2))).as_bytes(), 1).unwrap();
    drop(witness);
    let (witness, _) = open(folder.path()).unwrap();
    assert!(witness.add_checkpoint(body(0, &[], &log.checkpoint(3, &root(3))).as_bytes(), 1).is_err(), "remembered");
    drop(witness);
    // Somebody puts a smaller size in: it is signed by nobody.
    let file = folder.path().join("state").join(yunlong_hash("log.example/a"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\n2\n", "\n1\n", 1)).unwrap();
    assert!(matches!(open(folder.path()), Err(MemoryError::Changed { .. })));
}

#[test]
fn of_two_requests_at_once_for_one_size_one_is_cosigned() {
    let folder = tempfile::tempdir().unwrap();
    let (witness, _) = open(folder.path()).unwrap();
    let log = Log::new(1);
    let histories: Vec<String> = (0..8).map(|n| body(0, &[], &log.checkpoint(1, &leaf(n)))).collect();
    let cosigned: usize = std::thread::scope(|scope| {
        let asked: Vec<_> =
            histories.iter().map(|b| scope.spawn(|| witness.add_checkpoint(b.as_bytes(), 1).is_ok())).collect();
        asked.into_iter().map(|t| usize::from(t.join().unwrap())).sum()
    });
    assert_eq!(cosigned, 1);
}

#[test]
fn a_key_is_not_written_over_and_what_is_none_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let made = KeyFile::generate("w", &file).unwrap();
    assert_eq!(KeyFile::read(&file).unwrap().vkey, made.vkey);
    assert!(KeyFile::generate("w", &file).is_err());
    assert!(KeyFile::generate("a b", &folder.path().join("other")).is_err());
    std::fs::write(&file, "yunlong-witness-key 1 w c2VjcmV0").unwrap();
    let error = KeyFile::read(&file).err().unwrap().to_string();
    assert!(error.contains("keygen") && !error.contains("c2VjcmV0"), "{error}");
}
