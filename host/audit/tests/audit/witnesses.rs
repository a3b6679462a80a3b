//! The log and a real witness over HTTP: an honest log is cosigned, a rewritten one is not.

use crate::{City, check, config, read, what};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use yunlong_audit::AuditConfig;
use yunlong_store::memory::MemoryStore;
use yunlong_verify::What;
use yunlong_verify::note::VKey;
use yunlong_verify::proof::{ProofError, Trust, inclusion};
use yunlong_witness::{KeyFile, Witness, serve};

struct Running {
    url: String,
    vkey: VKey,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// A witness of the log with this key, that remembers in `folder`.
async fn witness(folder: &Path, log: &str) -> Running {
    let file = folder.join("key");
    let key = KeyFile::read(&file).or_else(|_| KeyFile::generate("witness.example/w1", &file)).unwrap();
    let vkey = VKey::parse(&key.vkey.text()).unwrap();
    let witness = Witness::open(key, &folder.join("state"), vec![VKey::parse(log).unwrap()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, Arc::new(witness), async {
        let _ = stopped.await;
    }));
    Running { url, vkey, stop, task }
}

impl Running {
    async fn end(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

fn with_witness(running: &Running) -> AuditConfig {
    let mut config = config();
    config.witnesses = vec![yunlong_audit::Witness { url: running.url.clone(), vkey: running.vkey.text() }];
    config
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_log_is_cosigned_and_a_rewritten_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = City::new().await.audit.vkey();
    let running = witness(folder.path(), &log).await;
    let honest = City::with(Arc::new(MemoryStore::new()), with_witness(&running)).await;
    for n in 0..4 {
        honest.audit.record((0..=n * 90).map(|i| read(i % 5, "a")).collect()).await.unwrap();
        honest.audit.sequence_once().await.unwrap();
        honest.audit.offer_once().await.unwrap();
    }
    let size = honest.audit.size().await.unwrap();
    assert_eq!(honest.audit.witnesses()[0].cosigned, size);
    // What nobody has cosigned yet is not what a citizen gets.
    let witnessed = Trust { witnesses: vec![running.vkey.clone(); 2], quorum: 1, ..honest.trust() };
    honest.audit.record(vec![read(1, "later")]).await.unwrap();
    honest.audit.sequence_once().await.unwrap();
    let disclosed = honest.audit.disclose(3, None).await.unwrap();
    assert_eq!(disclosed.proof.size, size);
    let proof = serde_json::to_vec(&disclosed).unwrap();
    assert_eq!(inclusion(&proof, &witnessed).unwrap().size, size);
    let two = Trust { quorum: 2, ..witnessed.clone() };
    assert_eq!(inclusion(&proof, &two), Err(ProofError::Quorum { wanted: 2, found: 1 }), "twice is once");
    let newest = serde_json::to_vec(&honest.audit.inclusion_proof(3, size + 1).await.unwrap()).unwrap();
    assert_eq!(inclusion(&newest, &witnessed), Err(ProofError::Quorum { wanted: 1, found: 0 }));
    honest.audit.offer_once().await.unwrap();
    let size = size + 1;
    let mut expected = honest.expectations();
    (expected.witnesses, expected.quorum) = (vec![running.vkey.clone()], 1);
    let report = check(&honest.export().await, &expected).unwrap();
    assert_eq!((report.leaves, report.witnessed), (size, size));

    let named = |city: &City| {
        let audit = city.audit.clone();
        async move { audit.check(&audit.disclose(0, None).await.unwrap()).await.unwrap().witnesses }
    };
    assert_eq!(named(&honest).await, ["witness.example/w1"]);

    // Another process of the same log does not know what the witness knows, and is told.
    let again = City::with(honest.store.clone(), with_witness(&running)).await;
    assert_eq!(named(&again).await, ["witness.example/w1"], "by the signature that is kept");
    again.audit.record(vec![read(1, "b")]).await.unwrap();
    again.audit.sequence_once().await.unwrap();
    again.audit.offer_once().await.unwrap();
    assert_eq!(again.audit.witnesses()[0].cosigned, size + 1);

    // The operator's own key over another history, longer than the first.
    let forged = City::with(Arc::new(MemoryStore::new()), with_witness(&running)).await;
    forged.audit.record((0..800).map(|i| read(i % 5, "forged")).collect()).await.unwrap();
    forged.audit.sequence_once().await.unwrap();
    forged.audit.offer_once().await.unwrap();
    let status = forged.audit.watch().standing().witnesses.remove(0);
    assert_eq!((status.cosigned, status.refusals), (0, 1));
    assert!(status.refusal.unwrap().contains("do not continue"));
    assert_eq!(what(check(&forged.export().await, &expected)), What::Quorum { wanted: 1, found: 0 });

    // An older copy of the store.
    let restored = City::with(Arc::new(MemoryStore::new()), with_witness(&running)).await;
    restored.audit.record(vec![read(1, "a")]).await.unwrap();
    restored.audit.sequence_once().await.unwrap();
    restored.audit.offer_once().await.unwrap();
    assert!(restored.audit.witnesses().remove(0).refusal.unwrap().contains("the log has 1"));
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_remembers_over_a_restart_and_a_log_goes_on_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = City::new().await.audit.vkey();
    let running = witness(folder.path(), &log).await;
    let city = City::with(Arc::new(MemoryStore::new()), with_witness(&running)).await;
    city.audit.record(vec![read(1, "a")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    city.audit.offer_once().await.unwrap();
    running.end().await;

    city.audit.record(vec![read(1, "b")]).await.unwrap();
    city.audit.sequence_once().await.unwrap();
    city.audit.offer_once().await.unwrap();
    assert_eq!(city.audit.witnesses()[0].cosigned, 1, "it is not there, and nothing is lost by that");
    assert_eq!(city.audit.witnesses()[0].refusal, None);

    let running = witness(folder.path(), &log).await;
    let forged = City::with(Arc::new(MemoryStore::new()), with_witness(&running)).await;
    forged.audit.record(vec![read(1, "x"), read(1, "y")]).await.unwrap();
    forged.audit.sequence_once().await.unwrap();
    forged.audit.offer_once().await.unwrap();
    assert!(forged.audit.witnesses()[0].refusal.is_some(), "what was cosigned before the restart counts");
    running.end().await;
}
