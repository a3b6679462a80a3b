//! Known vulnerabilities on the command line: `yunlong advisories`.

use super::*;

/// RustSec's own form (advisory-db, EXAMPLE.md).
const ADVISORY: &str = r#"```toml
[advisory]
id = "RUSTSEC-2099-0002"
package = "leaky"
date = "2099-01-01"

[versions]
patched = [">= 1.2.0"]
```

# It leaks

Whoever asks twice reads what is another's.
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_advisories_is_imported_shown_and_asked_by_the_checks() -> Result<()> {
    let city = Plan::with(&[]).citizens(1).start().await?;
    let run = async |account: &str, args: &[&str]| -> Result<(bool, String)> {
        let token = city.token(account).await?;
        let mut all = args.to_vec();
        all.extend(["--token", &token]);
        let out = city.cli(&all)?;
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        ensure!(!said.contains("panicked"), "{said}");
        Ok((out.status.success(), said))
    };
    let dir = tempfile::tempdir()?;
    let folder = dir.path().join("advisory-db");
    std::fs::create_dir_all(folder.join("crates/leaky"))?;
    let path = folder.display().to_string();
    let import = ["advisories", "import", &path, "--ecosystem", "crates.io"];

    let nothing = run("city-admin", &import).await?;
    ensure!(!nothing.0 && nothing.1.contains("all.zip"), "{}", nothing.1);
    std::fs::write(folder.join("crates/leaky/RUSTSEC-2099-0002.md"), ADVISORY)?;
    for account in ["vendor", "city-security", "tourism-admin"] {
        let refused = run(account, &import).await?;
        ensure!(!refused.0 && refused.1.contains("403") && refused.1.contains("--account"), "{account}: {}", refused.1);
    }
    let none = run("city-reviewer", &["advisories", "show"]).await?;
    ensure!(none.0 && none.1.contains("advisories import"), "{}", none.1);
    let torn = dir.path().join("all.zip");
    std::fs::write(&torn, b"PK no archive")?;
    let refused =
        run("city-admin", &["advisories", "import", &torn.display().to_string(), "--ecosystem", "npm"]).await?;
    ensure!(!refused.0 && refused.1.contains("422") && refused.1.contains("zip"), "{}", refused.1);

    let imported = run("city-admin", &import).await?;
    ensure!(imported.0 && imported.1.contains("crates.io: 1 "), "{}", imported.1);
    let shown = run("city-reviewer", &["advisories", "show"]).await?;
    let row = shown.1.lines().find(|l| l.starts_with("crates.io")).context("no row")?;
    ensure!(row.contains("2099-01-01") && row.contains("city-admin") && row.contains("advisory-db"), "{row}");
    ensure!(!shown.1.contains("npm"), "what was refused is not in force: {}", shown.1);

    let sbom = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{"type": "library", "name": "leaky", "version": "1.0.0", "purl": "pkg:cargo/leaky@1.0.0"}],
    });
    let (manifest, component, sbom) = (package("leaks", "1.0.0", &hello()?)?.manifest_toml, hello()?, sbom.to_string());
    let made = Package::assemble(Materials {
        manifest_toml: &manifest,
        component: &component,
        sbom: Some(sbom.as_bytes()),
        ..Materials::default()
    })?;
    let publishing = city.publishing().await?;
    let submission = publishing.publish(signed(made, &vendor_key()?)?.to_tar()?).await?;
    let checked = publishing.checked(submission["number"].as_u64().context("no number")?).await?;
    ensure!(checked["state"] == "checks-failed" && checked.to_string().contains("RUSTSEC-2099-0002"), "{checked}");
    Ok(())
}
