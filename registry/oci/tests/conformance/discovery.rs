//! "Content Discovery": tags, referrers, repositories.

use crate::support::client::{index_of, subject};
use crate::support::{Client, Image};
use crate::{Rule, rule};
use serde_json::{Value, json};
use yunlong_oci::digest::Algorithm;
use yunlong_oci::manifest::{OCI_INDEX, OCI_MANIFEST};

async fn with_tags(client: &Client, name: &str, tags: &[&str]) -> Image {
    let image = client.image(name, b"layer", json!({})).await;
    for tag in tags {
        client.put_manifest(name, tag, OCI_MANIFEST, &image.bytes).await.expect(201);
    }
    image
}

async fn list(client: &Client, name: &str, query: &str) -> (Vec<String>, Option<String>) {
    let reply = client.get(&format!("/v2/{name}/tags/list{query}")).await.expect(200);
    let tags = reply.json()["tags"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
    (tags, reply.header("link"))
}

/// The target of `<…>; rel="next"`.
fn next(link: &str) -> String {
    assert!(link.ends_with("; rel=\"next\""), "{link}");
    link.trim_start_matches('<').split('>').next().unwrap().to_owned()
}

async fn referrers(client: &Client, name: &str, digest: &impl ToString, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/v2/{name}/referrers/{}{query}", digest.to_string())).await.expect(200);
    assert_eq!(reply.json()["schemaVersion"], 2);
    assert_eq!(reply.json()["mediaType"], OCI_INDEX);
    let listed = reply.json()["manifests"].as_array().unwrap().clone();
    reply.has("content-type", OCI_INDEX);
    listed
}

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        rule!("Listing Tags", "the list names the repository and its tags in ASCIIbetical order", |c| {
            with_tags(&c.client, &c.name, &["b", "a", "B", "1.10.0", "1.9.0", "_x"]).await;
            let reply = c.client.get(&format!("/v2/{}/tags/list", c.name)).await.expect(200);
            let tags = ["1.10.0", "1.9.0", "B", "_x", "a", "b"];
            assert_eq!(reply.json(), json!({ "name": c.name, "tags": tags }));
        }),
        rule!("Listing Tags", "a repository without tags has an empty list", |c| {
            c.client.push(&c.name, "", b"layer", json!({})).await;
            assert_eq!(list(&c.client, &c.name, "").await, (vec![], None));
        }),
        rule!("Listing Tags", "an unknown repository is 404 NAME_UNKNOWN", |c| {
            c.client.get(&format!("/v2/{}/tags/list", c.name)).await.expect_error(404, "NAME_UNKNOWN");
        }),
        rule!("Listing Tags", "without `n` everything is listed", |c| {
            let tags: Vec<_> = (0..150).map(|i| format!("t{i:03}")).collect();
            with_tags(&c.client, &c.name, &tags.iter().map(|t| &**t).collect::<Vec<_>>()).await;
            assert_eq!(list(&c.client, &c.name, "").await, (tags, None));
        }),
        rule!("Listing Tags", "`n` tags come with a Link to the next ones, until there are none", |c| {
            with_tags(&c.client, &c.name, &["a", "b", "c", "d", "e"]).await;
            let (mut query, mut pages) = (String::from("?n=2"), Vec::new());
            loop {
                let (tags, link) = list(&c.client, &c.name, &query).await;
                pages.push(tags);
                let Some(link) = link else { break };
                query = format!("?{}", next(&link).split_once('?').unwrap().1);
            }
            assert_eq!(pages, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
        }),
        rule!("Listing Tags", "with `n` as large as the list there is no Link, and with 0 there is nothing", |c| {
            with_tags(&c.client, &c.name, &["a", "b", "c"]).await;
            assert_eq!(list(&c.client, &c.name, "?n=3").await, (vec!["a".into(), "b".into(), "c".into()], None));
            assert_eq!(list(&c.client, &c.name, "?n=99").await.1, None);
            assert_eq!(list(&c.client, &c.name, "?n=0").await, (vec![], None));
        }),
        rule!("Listing Tags", "`last` is not in the list, and need not be a tag that is there", |c| {
            with_tags(&c.client, &c.name, &["a", "b", "c", "d"]).await;
            assert_eq!(list(&c.client, &c.name, "?last=b").await.0, ["c", "d"]);
            assert_eq!(list(&c.client, &c.name, "?last=bb").await.0, ["c", "d"]);
            assert_eq!(list(&c.client, &c.name, "?n=1&last=a").await.0, ["b"]);
            assert_eq!(list(&c.client, &c.name, "?last=d").await, (vec![], None));
        }),
        rule!("Listing Tags", "a number that is none is 400", |c| {
            with_tags(&c.client, &c.name, &["a"]).await;
            for n in ["-1", "x", "1.5", "99999999999999999999999"] {
                let path = format!("/v2/{}/tags/list?n={n}", c.name);
                c.client.get(&path).await.expect_error(400, "UNSUPPORTED");
            }
        }),
        rule!(
            "Listing Referrers",
            "a manifest that nothing refers to, or that is not there, has an empty index",
            |c| {
                let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
                assert!(referrers(&c.client, &c.name, &image.digest, "").await.is_empty());
                assert!(referrers(&c.client, &c.name, &Algorithm::Sha256.digest(b"none"), "").await.is_empty());
                assert!(
                    referrers(&c.client, &c.second, &image.digest, "").await.is_empty(),
                    "no 404, whatever is asked"
                );
            }
        ),
        rule!("Listing Referrers", "a digest that is none is 400", |c| {
            for digest in ["latest", "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
                let path = format!("/v2/{}/referrers/{digest}", c.name);
                c.client.get(&path).await.expect_error(400, "DIGEST_INVALID");
            }
        }),
        rule!(
            "Listing Referrers",
            "a descriptor carries type, size, artifactType and annotations of the referrer",
            |c| {
                let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
                let more = json!({
                    "subject": subject(&image), "artifactType": "application/vnd.example.sbom.v1",
                    "annotations": { "org.example.sbom.format": "json" },
                });
                let sbom = c.client.push(&c.name, "", b"sbom", more).await;
                assert_eq!(
                    referrers(&c.client, &c.name, &image.digest, "").await,
                    [json!({
                        "mediaType": OCI_MANIFEST, "digest": sbom.digest, "size": sbom.bytes.len(),
                        "artifactType": "application/vnd.example.sbom.v1",
                        "annotations": { "org.example.sbom.format": "json" },
                    })]
                );
            }
        ),
        rule!("Listing Referrers", "without an artifactType an image's is its config's, and an index has none", |c| {
            let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
            let plain = c.client.push(&c.name, "", b"plain", json!({ "subject": subject(&image) })).await;
            let index = index_of(&[], json!({ "subject": subject(&image) }));
            c.client.put_manifest(&c.name, "index", OCI_INDEX, &index.bytes).await.expect(201);
            let listed = referrers(&c.client, &c.name, &image.digest, "").await;
            let of = |digest| listed.iter().find(|d| d["digest"] == json!(digest)).unwrap();
            assert_eq!(of(&plain.digest)["artifactType"], "application/vnd.oci.empty.v1+json");
            assert_eq!(of(&index.digest).get("artifactType"), None);
            assert_eq!(of(&index.digest)["mediaType"], OCI_INDEX);
        }),
        rule!("Listing Referrers", "the filter is applied, and the header says so", |c| {
            let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
            for kind in ["application/vnd.a+json", "application/vnd.b"] {
                let more = json!({ "subject": subject(&image), "artifactType": kind });
                c.client.push(&c.name, "", kind.as_bytes(), more).await;
            }
            let path = format!("/v2/{}/referrers/{}?artifactType=application/vnd.a%2Bjson", c.name, image.digest);
            let reply = c.client.get(&path).await.expect(200).has("oci-filters-applied", "artifactType");
            let listed = reply.json()["manifests"].as_array().unwrap().clone();
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0]["artifactType"], "application/vnd.a+json");
            let none = referrers(&c.client, &c.name, &image.digest, "?artifactType=application/none").await;
            assert!(none.is_empty());
            let all = c.client.get(&format!("/v2/{}/referrers/{}", c.name, image.digest)).await;
            assert_eq!(all.header("oci-filters-applied"), None);
        }),
        rule!("Listing Referrers", "a list that does not fit into one manifest goes on behind a Link", |c| {
            let image = c.client.push(&c.name, "1", b"layer", json!({})).await;
            for i in 0..5 {
                let more = json!({
                    "subject": subject(&image), "artifactType": "application/vnd.large",
                    "annotations": { "i": i.to_string(), "padding": "x".repeat(1 << 20) },
                });
                c.client.push(&c.name, "", b"large", more).await;
            }
            let mut path = format!("/v2/{}/referrers/{}?artifactType=application/vnd.large", c.name, image.digest);
            let (mut found, mut pages) = (Vec::new(), 0);
            loop {
                let reply = c.client.get(&path).await.expect(200).has("oci-filters-applied", "artifactType");
                assert!(reply.body.len() <= 4 << 20, "a client reads 4 MiB");
                found.extend(reply.json()["manifests"].as_array().unwrap().iter().map(|d| d["digest"].to_string()));
                pages += 1;
                let Some(link) = reply.header("link") else { break };
                path = next(&link);
            }
            assert!(pages > 1);
            found.sort();
            found.dedup();
            assert_eq!(found.len(), 5);
        }),
        rule!(
            "Catalog (distribution)",
            "repositories are listed a page at a time, as far as the caller may see them",
            |c| {
                let other = c.server.as_who("other");
                other.blob("other/hidden", b"x").await;
                for i in 0..5 {
                    c.client.blob(&format!("{}/part-{i}", c.name), b"x").await;
                }
                let (mut path, mut found) = (String::from("/v2/_catalog?n=2"), Vec::new());
                loop {
                    let reply = c.client.get(&path).await.expect(200);
                    let page = reply.json()["repositories"].as_array().unwrap().clone();
                    assert!(page.len() <= 2);
                    found.extend(page.iter().map(|n| n.as_str().unwrap().to_owned()));
                    let Some(link) = reply.header("link") else { break };
                    path = next(&link);
                }
                assert!(found.is_sorted());
                assert_eq!(found.iter().filter(|n| n.starts_with(&format!("{}/", c.name))).count(), 5);
                assert!(!found.iter().any(|n| n.starts_with("other/")));
                assert_eq!(other.get("/v2/_catalog").await.json()["repositories"], json!(["other/hidden"]));
            }
        ),
    ]
}
