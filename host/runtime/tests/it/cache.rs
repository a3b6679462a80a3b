//! Precompiled files: used again, never believed.

use crate::guest::Guest;
use crate::platform::Platform;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use yunlong_runtime::{CompileError, Engines, LoadError, Profile, RuntimeConfig};

fn guest(bytes: u32) -> Vec<u8> {
    Guest::handling("", &format!("(call $answer (local.get $out) (i32.const 200) (i32.const {bytes}))"))
}

fn no_compiler(c: &mut RuntimeConfig) {
    c.compiler.command = Some(("/bin/false".into(), Vec::new()));
}

fn files(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(dir.join("cache"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == extension))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_component_is_compiled_once() {
    let p = Platform::new().await;
    p.install("lesson", "", &guest(1)).await.unwrap();
    p.install("again", "", &guest(1)).await.unwrap();
    let p = Platform::on(p.cache, no_compiler).await;
    p.install("lesson", "", &guest(1)).await.unwrap();
    assert_eq!(p.get("lesson").await.unwrap().body().len(), 1);
    let dir = p.cache.path().join("cache");
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(&files(p.cache.path(), "cwasm")[0]).unwrap().permissions().mode() & 0o777, 0o600);
}

/// As the cities of a run of scenarios do: neither the compiler nor the cache is asked again while somebody holds it.
#[tokio::test]
async fn runtimes_on_the_same_engines_load_a_component_once_as_long_as_it_is_held() {
    let mut shared = None;
    let first = Platform::with(|c| {
        let engines = Engines::new(c).unwrap();
        c.engines = Some(engines.clone());
        shared = Some(engines);
    })
    .await;
    let engines = shared.unwrap();
    let held = engines.compile(&guest(1)).await.unwrap();
    assert_eq!(held.inspection().profile, Profile::Small);
    assert!(Arc::ptr_eq(&held, &engines.compile(&guest(1)).await.unwrap()));
    for file in files(first.cache.path(), "cwasm") {
        std::fs::remove_file(file).unwrap();
    }
    let second = Platform::with(|c| {
        no_compiler(c);
        c.engines = Some(engines.clone());
    })
    .await;
    for p in [&first, &second] {
        p.install("lesson", "", &guest(1)).await.unwrap();
        assert_eq!(p.get("lesson").await.unwrap().body().len(), 1);
    }
    assert!(files(first.cache.path(), "cwasm").is_empty(), "it was compiled again");
    // An app that runs holds it, too; when nobody does it is gone.
    drop(held);
    assert!(Arc::ptr_eq(&engines.compile(&guest(1)).await.unwrap(), &engines.compile(&guest(1)).await.unwrap()));
    assert!(files(first.cache.path(), "cwasm").is_empty());
    let Platform { cache, runtime, .. } = first;
    drop((runtime, second));
    engines.compile(&guest(1)).await.unwrap();
    assert_eq!(files(cache.path(), "cwasm").len(), 1);
}

#[tokio::test]
async fn a_changed_or_foreign_file_is_compiled_again() {
    let p = Platform::new().await;
    p.install("one", "", &guest(1)).await.unwrap();
    p.install("two", "", &guest(2)).await.unwrap();
    let (cwasm, tags) = (files(p.cache.path(), "cwasm"), files(p.cache.path(), "tag"));
    // The files of one under the names of two, tag and all: genuine, but not for this component.
    std::fs::copy(&cwasm[0], &cwasm[1]).unwrap();
    std::fs::copy(&tags[0], &tags[1]).unwrap();
    // A byte of the other one.
    let mut bytes = std::fs::read(&cwasm[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&cwasm[0], bytes).unwrap();
    let p = Platform::on(p.cache, no_compiler).await;
    for n in [1, 2] {
        assert!(matches!(
            p.install(&format!("lesson{n}"), "", &guest(n)).await,
            Err(LoadError::Compile(CompileError::Io(_)))
        ));
    }
    let p = Platform::on(p.cache, |_| {}).await;
    for n in [1, 2] {
        let name = format!("lesson{n}");
        p.install(&name, "", &guest(n)).await.unwrap();
        assert_eq!(p.get(&name).await.unwrap().body().len(), n as usize);
    }
}

#[tokio::test]
async fn another_secret_believes_none_of_the_files() {
    let p = Platform::new().await;
    p.install("lesson", "", &guest(1)).await.unwrap();
    let p = Platform::on(p.cache, |c| {
        no_compiler(c);
        c.secret = [8; 32];
    })
    .await;
    assert!(p.install("lesson", "", &guest(1)).await.is_err());
}

#[tokio::test]
async fn a_compiler_that_takes_too_long_or_too_much_is_stopped() {
    let p = Platform::with(|c| {
        c.compiler.command = Some(("/bin/sh".into(), vec!["-c".into(), "sleep 60".into()]));
        c.compiler.timeout = Duration::from_millis(100);
    })
    .await;
    assert!(matches!(p.install("lesson", "", &guest(1)).await, Err(LoadError::Compile(CompileError::Limit("time")))));
    // Large enough to need more than what a process has from its start.
    let functions =
        "(func (param i64) (result i64) (i64.mul (i64.add (local.get 0) (i64.const 7)) (local.get 0)))".repeat(20_000);
    let body = format!(r#"{functions} (func (export "wasi:http/incoming-handler@0.2.10#handle") (param i32 i32))"#);
    let large = Guest { body: &body, ..Guest::default() }.component();
    let p = Platform::with(|c| c.compiler.address_space = 32 << 20).await;
    assert!(matches!(p.install("large", "", &large).await, Err(LoadError::Compile(CompileError::Limit("memory")))));
}
