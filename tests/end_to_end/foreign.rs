//! Programs that know nothing of this platform: built for other hosts, in Rust, TypeScript and Python,
//! published, installed and serving as they are.

mod upstream;
mod wasi_03;

use anyhow::{Result, ensure};
use reqwest::Method;
use yunlong_tests::{Answer, City, Client, Plan};

/// An answer's text, which must have this status.
async fn text(client: &Client, method: Method, path: &str, body: &str, status: u16) -> Result<String> {
    let sent = client.request(method.clone(), path).body(body.to_owned()).send().await?;
    let answer = Answer::read(sent).await?;
    ensure!(answer.status == status, "{method} {path}: {} {}", answer.status, answer.text);
    Ok(answer.text)
}

async fn get(client: &Client, path: &str) -> Result<String> {
    text(client, Method::GET, path, "", 200).await
}

#[tokio::test]
async fn programs_of_other_hosts_answer_as_they_do_there() -> Result<()> {
    let city = Plan::with(&["wstd-echo", "waki-query", "wasip2-plain", "wasi-worldly"]).citizens(1).start().await?;
    let wstd = city.signed_in("wstd-echo", "citizen-001").await?;
    ensure!(get(&wstd, "/").await? == "hello from wstd\n");
    ensure!(get(&wstd, "/wait").await? == "waited\n");
    ensure!(get(&wstd, "/stream").await? == "part 0\npart 1\npart 2\npart 3\n");
    ensure!(text(&wstd, Method::POST, "/echo", "云龙湖", 200).await? == "云龙湖");
    text(&wstd, Method::GET, "/nowhere", "", 404).await?;

    let waki = city.signed_in("waki-query", "citizen-001").await?;
    ensure!(get(&waki, "/?name=%E5%BC%A0%E4%B8%89").await? == "hello, 张三\n");
    text(&waki, Method::GET, "/", "", 400).await?;
    let form = waki.request(Method::POST, "/").header("content-type", "application/x-www-form-urlencoded");
    let greeted = Answer::read(form.body("name=Li+Si").send().await?).await?;
    ensure!(greeted.status == 200 && greeted.text == "hello, Li Si\n", "{} {}", greeted.status, greeted.text);

    let plain = city.client("wasip2-plain")?;
    for _ in 0..3 {
        ensure!(get(&plain, "/a").await? == "/a is request 1 of this instance\n", "an instance served two requests");
    }

    // What a program of an operating system looks for is not there; clocks and random numbers are.
    let seen = get(&city.client("wasi-worldly")?, "/").await?;
    let want = "environment 0\narguments 0\nfolders 0\na file false\na socket false\ntime true\nrandom true";
    ensure!(seen == want, "{seen}");
    Ok(())
}

/// What both programs with a bucket do alike, each in the draft that it was built with.
async fn keeps_keys_and_values(city: &City, app: &str) -> Result<()> {
    let client = city.signed_in(app, "citizen-001").await?;
    ensure!(get(&client, "/settings").await? == r#"你好 [("greeting", "你好"), ("size", "7")]"#);
    for n in 1..=3 {
        ensure!(get(&client, "/visit").await? == n.to_string());
    }
    text(&client, Method::GET, "/keys/name", "", 404).await?;
    text(&client, Method::PUT, "/keys/name", app, 200).await?;
    text(&client, Method::HEAD, "/keys/name", "", 200).await?;
    ensure!(get(&client, "/keys/name").await? == app);
    ensure!(get(&client, "/keys").await? == "name\nvisits");
    // Set together, read together, and all but the first deleted together.
    let many = text(&client, Method::POST, "/many", "one\ntwo\nthree", 200).await?;
    ensure!(many == r#"[Some(("one", 3)), Some(("two", 3)), Some(("three", 5)), None]"#, "{many}");
    ensure!(get(&client, "/keys").await? == "name\none\nvisits");
    text(&client, Method::DELETE, "/keys/one", "", 200).await?;
    text(&client, Method::DELETE, "/keys/one", "", 200).await?;
    text(&client, Method::GET, "/keys/one", "", 404).await?;

    // Only what app.toml names opens.
    ensure!(get(&client, "/bucket/default").await? == "open");
    text(&client, Method::GET, "/bucket/others", "", 404).await?;
    text(&client, Method::PUT, &format!("/keys/{}", "k".repeat(600)), "", 400).await?;
    Ok(())
}

const SECRET: &str = "what only a sealed value says";

#[tokio::test]
async fn keys_and_values_of_both_drafts_are_the_installations_own_and_outlive_a_restart() -> Result<()> {
    let mut city = Plan::with(&["wasmcloud-kv", "spin-kv"]).citizens(1).start().await?;
    keeps_keys_and_values(&city, "wasmcloud-kv").await?;
    keeps_keys_and_values(&city, "spin-kv").await?;

    // Hundreds at once.
    let cloud = city.signed_in("wasmcloud-kv", "citizen-001").await?;
    for batch in 0..3 {
        // The program deletes all but the first of a batch: each leaves one.
        let lines: Vec<String> = (0..200).map(|n| format!("k{batch}-{n:03}")).collect();
        text(&cloud, Method::POST, "/many", &lines.join("\n"), 200).await?;
    }
    ensure!(get(&cloud, "/keys").await? == "k0-000\nk1-000\nk2-000\nname\nvisits");

    // Two who swap at once lose nothing.
    let spin = city.signed_in("spin-kv", "citizen-001").await?;
    let appends = (0..8).map(|_| text(&spin, Method::POST, "/append/log", "x", 200));
    futures::future::try_join_all(appends).await?;
    ensure!(get(&spin, "/keys/log").await? == "xxxxxxxx");

    text(&spin, Method::PUT, "/keys/note", SECRET, 200).await?;

    city.restart().await?;
    for app in ["wasmcloud-kv", "spin-kv"] {
        let client = city.signed_in(app, "citizen-001").await?;
        ensure!(get(&client, "/keys/name").await? == app, "what one wrote is not what the other reads");
        ensure!(get(&client, "/visit").await? == "4");
    }
    // What it logged is in the installation's log, with its level.
    let admin = city.signed_in("console", "city-admin").await?;
    let log = admin.get("/api/v1/installations/wasmcloud-kv/log").await?;
    ensure!(log.text.contains("[info] serve: GET /visit"), "{} {}", log.status, log.text);

    // Values do not lie in the plain.
    ensure!(get(&city.client("spin-kv")?, "/keys/note").await? == SECRET);
    for file in yunlong_tests::files(city.data())? {
        let bytes = std::fs::read(&file)?;
        ensure!(
            !bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes()),
            "{} holds a value in the plain",
            file.display()
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_hono_app_runs_unchanged() -> Result<()> {
    let mut city = Plan::with(&["hono-guestbook"]).citizens(1).start().await?;
    let client = city.signed_in("hono-guestbook", "citizen-001").await?;
    text(&client, Method::PUT, "/entries/lake", "<云龙湖>", 201).await?;
    ensure!(get(&client, "/entries/lake").await? == "<云龙湖>");
    let page = get(&client, "/").await?;
    ensure!(page.contains("<b>lake</b> &lt;云龙湖&gt;"), "{page}");
    text(&client, Method::GET, "/nowhere", "", 404).await?;
    text(&client, Method::GET, "/elsewhere", "", 500).await?;
    city.restart().await?;
    ensure!(get(&city.client("hono-guestbook")?, "/entries/lake").await? == "<云龙湖>");
    Ok(())
}

#[tokio::test]
async fn a_python_app_runs_unchanged() -> Result<()> {
    let mut city = Plan::with(&["python-board"]).citizens(1).start().await?;
    let client = city.signed_in("python-board", "citizen-001").await?;
    text(&client, Method::PUT, "/notes/hill", "云龙山", 201).await?;
    let board: serde_json::Value = serde_json::from_str(&get(&client, "/").await?)?;
    ensure!(board["hill"] == "云龙山", "{board}");
    let machine: serde_json::Value = serde_json::from_str(&get(&client, "/machine").await?)?;
    ensure!(machine == serde_json::json!({"environment": 0, "files": false, "random": true}), "{machine}");
    text(&client, Method::GET, "/elsewhere", "", 500).await?;
    ensure!(get(&client, "/count").await? == r#"{"count": 1}"#);
    city.restart().await?;
    ensure!(get(&city.client("python-board")?, "/count").await? == r#"{"count": 2}"#);
    Ok(())
}
