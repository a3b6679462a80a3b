//! The audit log is open to everybody, in the forms of C2SP tlog-tiles.

use crate::platform::{CONSOLE, PORTAL, Platform};
use yunlong_audit::Entry;
use yunlong_model::Kind;

#[tokio::test]
async fn anybody_gets_checkpoints_tiles_leaves_and_proofs() {
    let platform = Platform::start().await;
    // More than one tile, whatever the platform itself has written so far.
    let entries = (0..300).map(|_| Entry::new("data.read", "clerk", Kind::Official)).collect();
    platform.audit.record(entries).await.unwrap();
    let size = platform.audit.sequence_once().await.unwrap();

    let checkpoint = platform.get(PORTAL, "/audit/checkpoint").await;
    assert_eq!(checkpoint.status, 200);
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(checkpoint.header("cache-control"), "public, max-age=2");
    assert!(checkpoint.text().starts_with(&format!("test.example/320300/audit\n{size}\n")), "{}", checkpoint.text());
    assert_eq!(platform.get(PORTAL, "/audit/key").await.text().trim_end(), platform.audit.vkey());

    let tile = platform.get(PORTAL, "/audit/tile/0/000").await;
    assert_eq!((tile.status.as_u16(), tile.body.len()), (200, 8_192));
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert!(tile.header("cache-control").contains("immutable"));
    let width = size - 256;
    let partial = platform.get(PORTAL, &format!("/audit/tile/0/001.p/{width}")).await;
    assert_eq!(partial.body.len() as u64, width * 32);
    let above = platform.get(PORTAL, "/audit/tile/1/000.p/1").await;
    assert_eq!(above.body.len(), 32);
    let bundle = platform.get(PORTAL, "/audit/tile/entries/000").await;
    let first = u16::from_be_bytes([bundle.body[0], bundle.body[1]]);
    assert!(bundle.body[2..2 + usize::from(first)].starts_with(b"{\"v\":1,"));

    let proof = platform.get(PORTAL, &format!("/audit/proof/inclusion?index=7&size={size}")).await.json();
    assert_eq!((proof["index"].as_u64(), proof["size"].as_u64()), (Some(7), Some(size)));
    assert_eq!(proof["checkpoint"].as_str().unwrap(), checkpoint.text());
    let newest = platform.get(PORTAL, "/audit/proof/inclusion?index=7").await.json();
    assert_eq!(newest, proof, "without a size it is the newest one");
    let consistency = platform.get(PORTAL, &format!("/audit/proof/consistency?from=256&to={size}")).await.json();
    assert!(!consistency["proof"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_in_the_log_is_a_problem_that_says_so() {
    let platform = Platform::start().await;
    platform.audit.record(vec![Entry::new("data.read", "clerk", Kind::Official)]).await.unwrap();
    let size = platform.audit.sequence_once().await.unwrap();
    let status = async |host: &str, path: &str| platform.get(host, path).await.status.as_u16();
    for path in [
        "/audit/tile/0/001".to_owned(),
        "/audit/tile/0/000".to_owned(),
        "/audit/tile/0/0".to_owned(),
        "/audit/tile/64/000".to_owned(),
        "/audit/tile/entries/007.p/1".to_owned(),
        format!("/audit/proof/inclusion?index={size}&size={size}"),
        format!("/audit/proof/consistency?from=1&to={}", size + 1),
        "/audit/nothing".to_owned(),
    ] {
        assert_eq!(status(PORTAL, &path).await, 404, "{path}");
    }
    for path in ["/audit/proof/inclusion", "/audit/proof/inclusion?index=01", "/audit/proof/consistency?from=1&to=x"] {
        assert_eq!(status(PORTAL, path).await, 422, "{path}");
    }
    assert_eq!(status(CONSOLE, "/audit/checkpoint").await, 404, "the portal alone has it");
}
