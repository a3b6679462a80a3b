//! Tags as a state machine: whatever is pushed, yanked, restored and deleted in whatever order, a tag
//! never stands for anything else than what it was first set to.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use support::{Image, Server};
use yunlong_model::Timestamp;
use yunlong_oci::manifest::OCI_MANIFEST;
use yunlong_oci::publication::{self, Yank};
use yunlong_oci::{OciError, RepositoryName, Tag};
use yunlong_store::transact;

#[derive(Clone, Debug)]
enum Step {
    Push { tag: usize, image: usize },
    PushDigest { image: usize },
    Yank { tag: usize },
    Restore { tag: usize },
    DeleteTag { tag: usize },
    DeleteDigest { image: usize },
}

const TAGS: [&str; 3] = ["1.0.0", "1.0.1", "latest"];
const IMAGES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let (tag, image) = (0..TAGS.len(), 0..IMAGES);
    prop_oneof![
        3 => (tag.clone(), image.clone()).prop_map(|(tag, image)| Step::Push { tag, image }),
        1 => image.clone().prop_map(|image| Step::PushDigest { image }),
        1 => tag.clone().prop_map(|tag| Step::Yank { tag }),
        1 => tag.clone().prop_map(|tag| Step::Restore { tag }),
        1 => tag.prop_map(|tag| Step::DeleteTag { tag }),
        1 => image.prop_map(|image| Step::DeleteDigest { image }),
    ]
}

#[derive(Default)]
struct Model {
    /// The image, and whether it is yanked.
    tags: BTreeMap<usize, (usize, bool)>,
    images: std::collections::BTreeSet<usize>,
}

impl Model {
    /// The status that a push under a tag is answered with.
    fn push(&mut self, tag: usize, image: usize) -> u16 {
        match self.tags.get(&tag) {
            Some((there, false)) if *there == image => 201,
            Some(_) => 409,
            None => {
                self.tags.insert(tag, (image, false));
                self.images.insert(image);
                201
            }
        }
    }

    fn delete(&mut self, image: usize) -> u16 {
        if self.tags.values().any(|(i, _)| *i == image) {
            405
        } else if self.images.remove(&image) {
            202
        } else {
            404
        }
    }
}

async fn run(steps: &[Step]) {
    let server = Server::start().await;
    let client = server.vendor();
    let name: RepositoryName = "vendor/app".parse().unwrap();
    let mut images: Vec<Image> = Vec::new();
    for i in 0..IMAGES {
        images.push(client.image("vendor/app", format!("layer {i}").as_bytes(), json!({})).await);
    }
    let digest_path = |i: usize| format!("/v2/vendor/app/manifests/{}", images[i].digest);
    let tag_path = |t: usize| format!("/v2/vendor/app/manifests/{}", TAGS[t]);
    let mut model = Model::default();
    for step in steps {
        match *step {
            Step::Push { tag, image } => {
                let reply = client.put_manifest("vendor/app", TAGS[tag], OCI_MANIFEST, &images[image].bytes).await;
                reply.expect(model.push(tag, image));
            }
            Step::PushDigest { image } => {
                let by = images[image].digest.to_string();
                client.put_manifest("vendor/app", &by, OCI_MANIFEST, &images[image].bytes).await.expect(201);
                model.images.insert(image);
            }
            Step::Yank { tag } | Step::Restore { tag } => {
                let yanks = matches!(step, Step::Yank { .. });
                let label: Tag = TAGS[tag].parse().unwrap();
                let how = Yank { at: Timestamp(0), by: "city-reviewer".into(), reason: "test".into() };
                let done = transact!(&server.parts.store, |txn| {
                    if yanks {
                        publication::yank(txn, &name, &label, how.clone()).await
                    } else {
                        publication::restore(txn, &name, &label).await
                    }
                });
                match model.tags.get_mut(&tag) {
                    Some((_, yanked)) => {
                        done.unwrap();
                        *yanked = yanks;
                    }
                    None => assert!(matches!(done, Err(OciError::ManifestUnknown(_)))),
                }
            }
            Step::DeleteTag { tag } => {
                let status = if model.tags.contains_key(&tag) { 405 } else { 404 };
                client.delete(&tag_path(tag)).await.expect(status);
            }
            Step::DeleteDigest { image } => {
                client.delete(&digest_path(image)).await.expect(model.delete(image));
            }
        }
        let mut listed = Vec::new();
        for (t, tag) in TAGS.iter().enumerate() {
            let reply = client.get(&tag_path(t)).await;
            match model.tags.get(&t) {
                Some((image, false)) => {
                    assert_eq!(reply.expect(200).body, images[*image].bytes);
                    listed.push(*tag);
                }
                _ => _ = reply.expect_error(404, "MANIFEST_UNKNOWN"),
            }
        }
        let tags = client.get("/v2/vendor/app/tags/list").await.expect(200).json();
        assert_eq!(tags["tags"], json!(listed));
        for i in 0..IMAGES {
            let status = if model.images.contains(&i) { 200 } else { 404 };
            client.get(&digest_path(i)).await.expect(status);
        }
    }
    assert_eq!(server.registry.usage("vendor").await.unwrap().tags, model.tags.len() as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_tag_never_stands_for_anything_else(steps in proptest::collection::vec(step(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(run(&steps));
    }
}
