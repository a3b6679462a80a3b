//! A vendor's and a department's way on the command line, and what it refuses.

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;
use std::process::Output;
use yunlong_tests::{City, Plan};

struct Desk {
    city: City,
    token: String,
    dir: tempfile::TempDir,
}

impl Desk {
    async fn open(apps: &[&str]) -> Result<Self> {
        let city = Plan::with(apps).citizens(1).start().await?;
        let token = city.token("city-admin").await?;
        Ok(Self { city, token, dir: tempfile::tempdir()? })
    }

    fn run(&self, args: &[&str]) -> Result<Output> {
        let mut all = args.to_vec();
        all.extend(["--token", &self.token]);
        self.city.cli(&all)
    }

    /// Fails, names what is wrong, and says the next step.
    fn refuses(&self, args: &[&str], because: &[&str]) -> Result<()> {
        let out = self.run(args)?;
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        ensure!(!out.status.success(), "{args:?} succeeded: {said}");
        ensure!(because.iter().any(|b| said.to_lowercase().contains(b)), "{args:?} does not say why: {said}");
        ensure!(!said.contains("panicked"), "{said}");
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    async fn installed(&self) -> Result<String> {
        Ok(self.city.client("console")?.with_token(self.token.clone()).get("/api/v1/installations").await?.text)
    }
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[tokio::test]
async fn install_shows_permissions_asks_and_serves() -> Result<()> {
    let desk = Desk::open(&[]).await?;
    let file = yunlong_tests::package("guestbook")?.display().to_string();
    let shown = desk.run(&["permissions", &file])?;
    ensure!(shown.status.success() && said(&shown).contains("Guestbook"), "{}", said(&shown));
    let submission = desk.city.publish(std::fs::read(&file)?).await?;
    let file = submission["digest"].as_str().context("no digest")?.to_owned();
    // Published is not approved.
    desk.refuses(&["install", &file, "--org", "320303", "--yes"], &["not approved"])?;
    desk.city.approve(submission["number"].as_u64().context("no number")?).await?;
    // Nobody is at the terminal and nothing was approved.
    let unasked = desk.run(&["install", &file, "--org", "320303"])?;
    ensure!(!unasked.status.success() && said(&unasked).contains("--yes"), "{}", said(&unasked));
    ensure!(!desk.installed().await?.contains("guestbook"), "installed without approval");
    let done = desk.run(&["install", &file, "--org", "320303", "--yes"])?;
    ensure!(done.status.success(), "{}", said(&done));
    ensure!(desk.city.client("guestbook")?.page("/", "zh").await?.status == 200);
    let apps = desk.run(&["apps"])?;
    ensure!(said(&apps).contains("guestbook"), "{}", said(&apps));
    desk.refuses(&["install", &file, "--org", "320303", "--yes"], &["taken", "already", "exists", "--name"])?;
    ensure!(desk.run(&["stop", "guestbook"])?.status.success());
    ensure!(desk.city.client("guestbook")?.page("/", "zh").await?.status == 503);
    ensure!(desk.run(&["start", "guestbook"])?.status.success());
    ensure!(desk.city.client("guestbook")?.page("/", "zh").await?.status == 200);
    desk.refuses(&["uninstall", "guestbook", "--yes"], &["--export", "--erase"])?;
    ensure!(desk.city.client("guestbook")?.page("/", "zh").await?.status == 200, "removed without a word on its data");
    let kept = desk.path("guestbook.jsonl");
    let removed = desk.run(&["uninstall", "guestbook", "--export", &kept, "--yes"])?;
    ensure!(removed.status.success(), "{}", said(&removed));
    let kept = std::fs::read_to_string(&kept)?;
    ensure!(kept.lines().next().is_some_and(|l| l.contains("\"installation\":\"guestbook\"")), "{kept}");
    ensure!(kept.lines().last().is_some_and(|l| l.starts_with("{\"end\":")), "{kept}");
    ensure!(matches!(desk.city.client("guestbook")?.page("/", "zh").await?.status, 404 | 410 | 421));
    desk.refuses(&["install", &file, "--org", "320303", "--yes"], &["never", "reused", "used before", "--name"])?;
    Ok(())
}

#[tokio::test]
async fn reserved_and_malformed_names_are_refused() -> Result<()> {
    let desk = Desk::open(&[]).await?;
    let file = desk.city.publish_and_approve(yunlong_tests::package("hello")?).await?;
    for name in ["console", "www", "-x", "A", "a.b", "xn--a", ""] {
        desk.refuses(
            &["install", &file, "--org", "320303", "--yes", &format!("--name={name}")],
            &["name", "reserved"],
        )?;
    }
    desk.refuses(&["install", &file, "--org", "999999", "--yes"], &["organization", "999999"])?;
    ensure!(!desk.installed().await?.contains("hello"));
    Ok(())
}

#[tokio::test]
async fn changed_packages_unknown_signers_and_older_versions_are_refused() -> Result<()> {
    let desk = Desk::open(&["hello"]).await?;
    let good = std::fs::read(yunlong_tests::package("guestbook")?)?;
    // One byte in the middle: of a blob, whichever.
    for (n, place) in [good.len() / 3, good.len() / 2, good.len() * 2 / 3].into_iter().enumerate() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        let path = desk.path(&format!("flipped-{n}.tar"));
        std::fs::write(&path, bad)?;
        desk.refuses(&["publish", &path], &["digest", "signature", "damaged", "changed", "tar", "json"])?;
    }
    for (n, junk) in [&b""[..], b"not a package", &good[..good.len() / 2]].into_iter().enumerate() {
        let path = desk.path(&format!("junk-{n}.tar"));
        std::fs::write(&path, junk)?;
        desk.refuses(&["publish", &path], &["package", "layout", "index", "cut off"])?;
    }
    // A stranger's key.
    let key = desk.path("stranger.pem");
    ensure!(desk.city.cli(&["keys", "generate", "--out", &key])?.status.success());
    let source = desk.dir.path().join("app");
    std::fs::create_dir_all(&source)?;
    let manifest = |version: &str, name: &str| {
        format!(
            "name = \"{name}\"\nversion = \"{version}\"\nvendor = \"yunlong-demo\"\ntitle = {{ zh = \"你好\", en = \"Hello\" }}\ndescription = {{ zh = \"问好\", en = \"Greets\" }}\n"
        )
    };
    let component = yunlong_tests::component("hello")?;
    let pack = |version: &str, name: &str, key: &str, out: &str| -> Result<()> {
        std::fs::write(source.join("app.toml"), manifest(version, name))?;
        let out = desk.city.cli(&[
            "package",
            &source.display().to_string(),
            "--component",
            &component.display().to_string(),
            "--key",
            key,
            "--output",
            out,
        ])?;
        ensure!(out.status.success(), "{}", said(&out));
        Ok(())
    };
    let strange = desk.path("strange.tar");
    pack("9.0.0", "stranger", &key, &strange)?;
    desk.refuses(&["publish", &strange], &["not enrolled"])?;
    let nobody = desk.city.client("console")?.with_token(desk.token.clone()).get("/api/v1/submissions").await?;
    ensure!(!nobody.text.contains("stranger"), "it left a trace: {}", nobody.text);

    // The vendor's own releases: never back to an older one, never the same version anew.
    let own = yunlong_tests::vendor_key()?.display().to_string();
    let release = desk.path("release.tar");
    pack("2.0.0", "steps", &own, &release)?;
    let digest = desk.city.publish_and_approve(&release).await?;
    let done = desk.run(&["install", &digest, "--org", "320303", "--yes"])?;
    ensure!(done.status.success(), "{}", said(&done));
    for (version, because) in [("1.9.9", "is older than 2.0.0"), ("2.0.0", "publish a new version")] {
        // Another title, so that the same version is another package.
        let text = manifest(version, "steps").replace("Greets", "Greets again");
        std::fs::write(source.join("app.toml"), text)?;
        let out = desk.city.cli(&[
            "package",
            &source.display().to_string(),
            "--component",
            &component.display().to_string(),
            "--key",
            &own,
            "--output",
            &release,
        ])?;
        ensure!(out.status.success(), "{}", said(&out));
        desk.refuses(&["publish", &release], &[because])?;
    }
    Ok(())
}

#[tokio::test]
async fn the_commands_of_the_readme_work_as_printed() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let readme = include_str!("../../README.md");
    let section = readme.split("· The command line").nth(1).context("the README has no such section")?;
    let block = section.split("```sh").nth(1).and_then(|b| b.split("```").next()).context("no block")?;
    let dir = tempfile::tempdir()?;
    let here = |command: &mut std::process::Command| -> Result<std::process::Output> {
        command.env("YUNLONG_SERVER", format!("http://localhost:{}", city.port()));
        command.env("XDG_CONFIG_HOME", dir.path().join("config")).env("XDG_CACHE_HOME", dir.path().join("cache"));
        let out = command.env("LC_ALL", "C").output()?;
        ensure!(out.status.success(), "{}", said(&out));
        Ok(out)
    };
    let new = ["new", "street-repairs", "--lang", "rust"];
    here(std::process::Command::new(yunlong_tests::binary()?).args(new).current_dir(dir.path()))?;
    let binaries = yunlong_tests::binary()?.parent().context("no folder")?.display().to_string();
    // What other tests of new apps compiled is compiled.
    let packages = yunlong_tests::package("hello")?;
    let compiled = packages.parent().context("no folder")?.with_file_name("vendor-apps");
    let out = here(
        std::process::Command::new("sh")
            .args(["-e", "-u", "-c", block])
            .current_dir(dir.path().join("street-repairs"))
            .env("PATH", format!("{binaries}:{}", std::env::var("PATH")?))
            .env("CARGO_TARGET_DIR", compiled),
    )?;
    ensure!(city.client("street-repairs")?.page("/", "zh").await?.status == 200, "{}", said(&out));
    Ok(())
}

/// The tourism department lies below the city: its administrator runs its apps, and neither the city's nor a
/// district's.
#[tokio::test]
async fn a_department_runs_its_own_apps_and_no_others() -> Result<()> {
    let city = Plan::with(&["tourism-ticketing", "hello"]).citizens(1).start().await?;
    let token = city.token("tourism-admin").await?;
    let console = city.client("console")?.with_token(token.clone());
    let listed = console.get("/api/v1/installations").await?.json()?;
    let names: Vec<&str> =
        listed["installations"].as_array().context("no list")?.iter().filter_map(|i| i["name"].as_str()).collect();
    ensure!(names == ["tourism-ticketing"], "{names:?}");
    let page = console.page("/", "zh").await?;
    ensure!(page.status == 200 && page.text.contains("徐州市文化广电和旅游局"), "{} {}", page.status, page.text);
    ensure!(console.get("/api/v1/installations/tourism-ticketing/log").await?.status == 200);
    for (method, path) in [
        (Method::GET, "/api/v1/installations/hello/log"),
        (Method::POST, "/api/v1/installations/hello/stop"),
        (Method::DELETE, "/api/v1/installations/hello"),
        (Method::GET, "/api/v1/ledger"),
    ] {
        let a = console.send(method, path, None).await?;
        ensure!(a.status == 403, "{path}: {} {}", a.status, a.text);
    }
    let file = city.publish_and_approve(yunlong_tests::package("hello")?).await?;
    for (organization, may) in [("320300", false), ("320303", false), (yunlong_tests::TOURISM, true)] {
        let install = ["install", &file, "--org", organization, "--name", "hello-two", "--yes", "--token", &token];
        let out = city.cli(&install)?;
        ensure!(out.status.success() == may, "{organization}: {}", said(&out));
    }
    // Above it is the city, which runs the department's apps as well.
    let above = city.signed_in("console", "city-admin").await?;
    ensure!(above.post("/api/v1/installations/tourism-ticketing/stop", &json!({})).await?.status < 300);
    ensure!(city.client("hello")?.page("/", "zh").await?.status == 200);
    Ok(())
}

#[tokio::test]
async fn strangers_and_citizens_cannot_use_the_console() -> Result<()> {
    let city = Plan::with(&["hello"]).citizens(1).start().await?;
    for account in [None, Some("citizen-001"), Some("tourism-gate")] {
        let client = match account {
            Some(a) => city.signed_in("console", a).await?,
            None => city.client("console")?,
        };
        let key = serde_json::json!({"vendor": "somebody", "public_key": "a PEM"});
        for (method, path, body) in [
            ("GET", "/api/v1/ledger", None),
            ("POST", "/api/v1/installations/hello/stop", None),
            ("DELETE", "/api/v1/installations/hello", None),
            ("POST", "/api/v1/signers", Some(&key)),
        ] {
            let a = client.send(method.parse()?, path, body).await?;
            ensure!(matches!(a.status, 401 | 403), "{account:?} {method} {path}: {} {}", a.status, a.text);
        }
    }
    ensure!(city.client("hello")?.page("/", "zh").await?.status == 200);
    Ok(())
}
