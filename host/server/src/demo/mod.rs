//! The demo city: accounts with a known password, and apps that are installed at the start.
//!
//! Every step can be repeated, so that a start that was killed is made good by the next one, and a
//! start on old data changes nothing that people have changed since.

mod companies;
pub(crate) mod departments;
pub(crate) mod hub;
pub(crate) mod people;
mod plan;

use crate::city::City;
use crate::options::Demo;
use crate::progress::Progress;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use plan::Wanted;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use yunlong_gateway::{DemoCity, Install, Review, Upgrading};
use yunlong_identity::{AccountKind, Attributes, NewAccount, Organization, OrganizationLevel, PlatformRole};
use yunlong_installations::Installation;
use yunlong_model::InstallationName;
use yunlong_publications::State;
use yunlong_publications::checks::Outcome;
use yunlong_registry::{KeyId, KeyPair, Package, PublicKey};
use yunlong_store::{Key, Txn};

/// The password of every account of the demo.
pub(crate) const PASSWORD: &str = "yunlong-demo";
/// Who enrolls, approves and installs in the demo's records.
pub(crate) const BY: &str = "demo";
/// Who enrolls the vendor's key, publishes, and reviews in the demo: three people, as the registry wants it.
pub(crate) const ADMINISTRATOR: &str = "city-admin";
pub(crate) const DEVELOPER: &str = "vendor";
const REVIEWER: &str = "city-reviewer";
/// Whose key `--trust-key` is when no package tells.
const VENDOR: &str = "yunlong-demo";
/// The vendor's organization; a synthetic code.
pub(crate) const VENDOR_CODE: &str = "91320303MA000YL03H";
const CITY: &str = "320300";
/// Accounts of one step of the progress bar.
const CHUNK: u32 = 50;

/// Where the demo is kept when no folder is named: in the user's data folder (XDG Base Directory Specification). `None`
/// where the machine does not tell where that is.
pub(crate) fn folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = set("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local/share")))?;
    Some(base.join("yunlong/demo"))
}

/// Says where the demo is kept, if nobody named the folder, and how to sign in.
pub(crate) fn announce(data: &Path, chosen: bool) {
    let (lang, shown) = (yunlong_cli::lang(), data.display());
    if chosen {
        eprintln!(
            "{}",
            lang.pick(
                &format!("演示城市的数据在 {shown}；删除该文件夹就从头开始，--data 另选一处"),
                &format!("the demo is kept in {shown}: remove that folder to begin anew, --data chooses another"),
            )
        );
    }
    eprintln!(
        "{}",
        lang.pick(
            &format!("演示账号的密码都是 {PASSWORD}：市民 citizen-001，开发商 {DEVELOPER}，审核员 {REVIEWER}，管理员 {ADMINISTRATOR}"),
            &format!("the password of every account of the demo is {PASSWORD}: citizen-001, the vendor's {DEVELOPER}, the reviewer {REVIEWER}, the administrator {ADMINISTRATOR}"),
        )
    );
}

/// What the demo tells of itself, and no other city.
pub(crate) fn city() -> DemoCity {
    DemoCity {
        password: PASSWORD.into(),
        administrator: ADMINISTRATOR.into(),
        reviewer: REVIEWER.into(),
        developer: DEVELOPER.into(),
        vendor_organization: VENDOR_CODE.into(),
        organization: CITY.into(),
    }
}

/// Seeds what is missing.
pub(crate) async fn seed(city: &City, options: &Demo) -> Result<()> {
    // Wrong packages are told before anything is seeded.
    let wanted = plan::read(options)?;
    accounts(city, options.demo_citizens).await.context("the demo's accounts")?;
    hub::seed(city, options.demo_people, options.demo_citizens).await.context("the demo's shared data")?;
    for key in &options.trust_key {
        enroll(city, key, &wanted).await.with_context(|| format!("--trust-key {}", key.display()))?;
    }
    if wanted.iter().any(|w| w.package.manifest.name.as_str() == companies::APP) {
        companies::seed(city, options.demo_citizens).await.context("the companies of the demo")?;
    }
    let mut progress = Progress::new("installing", wanted.len());
    for app in wanted {
        let name = app.name.clone();
        progress.at(&name);
        install(city, app).await.with_context(|| format!("installing {name}"))?;
        progress.advance(1);
    }
    if options.demo_grants {
        hub::approve(city).await.context("the demo's data requests")?;
    }
    Ok(())
}

/// Opens the accounts that are missing: the staff, and so many citizens.
pub(crate) async fn accounts(city: &City, citizens: u32) -> Result<()> {
    let vendor = (VENDOR_CODE, OrganizationLevel::Vendor, "云龙示范软件有限公司");
    for (code, level, name) in departments::ORGANIZATIONS.into_iter().chain([vendor]) {
        if city.identity.organization(code).await?.is_none() {
            let (code, name, parent) = (code.into(), name.into(), Some(CITY.into()));
            let organization = Organization { code, level, name, parent, valid_from: None, valid_to: None };
            city.identity.add_organization(organization, BY).await?;
        }
    }
    let staff = |name: &str, kind, organization: &str, real_name: &str, roles: &[PlatformRole]| NewAccount {
        name: name.into(),
        kind,
        password: PASSWORD.into(),
        organization: Some(organization.into()),
        attributes: Attributes { real_name: Some(real_name.into()), ..Attributes::default() },
        platform_roles: roles.to_vec(),
    };
    let mut all = vec![
        staff(ADMINISTRATOR, AccountKind::Official, CITY, "系统管理员", &[PlatformRole::SystemAdmin]),
        staff("city-security", AccountKind::Official, CITY, "安全管理员", &[PlatformRole::SecurityAdmin]),
        staff(REVIEWER, AccountKind::Official, CITY, "应用审核员", &[PlatformRole::AppReviewer]),
        staff("city-audit", AccountKind::Official, CITY, "审计管理员", &[PlatformRole::AuditAdmin]),
        staff(DEVELOPER, AccountKind::Vendor, VENDOR_CODE, "开发人员", &[]),
    ];
    all.extend(
        departments::OFFICIALS.map(|(name, code, title, roles)| staff(name, AccountKind::Official, code, title, roles)),
    );
    city.identity.create_accounts(all).await?;

    let mut missing = Vec::new();
    for n in 1..=citizens {
        if city.identity.account(&people::account(n)).await?.is_none() {
            missing.push(n);
        }
    }
    let mut progress = Progress::new("citizens", missing.len());
    for chunk in missing.chunks(CHUNK as usize) {
        let new = chunk.iter().map(|n| citizen(*n)).collect::<Result<Vec<_>>>()?;
        city.identity.create_accounts(new).await?;
        progress.advance(chunk.len());
    }
    Ok(())
}

fn citizen(n: u32) -> Result<NewAccount> {
    Ok(NewAccount {
        name: people::account(n),
        kind: AccountKind::Citizen,
        password: PASSWORD.into(),
        organization: None,
        attributes: people::person(n).with_context(|| format!("there is no citizen {n}: at most 999"))?,
        platform_roles: Vec::new(),
    })
}

/// Enrolls a key for the vendor whose packages it has signed.
async fn enroll(city: &City, path: &Path, wanted: &[Wanted]) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let key = match PublicKey::from_pem(&text) {
        Ok(key) => key,
        Err(_) => KeyPair::load(path)?.public(),
    };
    let vendor = vendor_of(&key.id(), wanted)?;
    city.gateway.operations().enroll(&vendor, VENDOR_CODE, &key.to_pem()?, ADMINISTRATOR).await?;
    Ok(())
}

fn vendor_of(key: &KeyId, wanted: &[Wanted]) -> Result<String> {
    let signed = wanted.iter().filter(|w| w.package.signatures.iter().any(|s| s.key.as_ref() == Some(key)));
    let vendors: BTreeSet<&str> = signed.map(|w| w.package.manifest.vendor.as_str()).collect();
    if vendors.len() > 1 {
        let names = vendors.into_iter().collect::<Vec<_>>().join(", ");
        bail!("the packages that it signed name several vendors ({names}): a key has one owner");
    }
    Ok(vendors.first().map_or_else(|| VENDOR.to_owned(), |v| (*v).to_owned()))
}

/// Remembers which apps the demo has installed, so that one that people removed stays removed.
fn marker(name: &InstallationName) -> Key {
    Key::space("@demo").text("installed").text(name.as_str())
}

async fn install(city: &City, app: Wanted) -> Result<()> {
    let name: InstallationName = app.name.parse()?;
    let known = city.store.get(&marker(&name)).await?.is_some();
    let present = city.installations.get(&name);
    match present {
        None if known => {
            tracing::info!(installation = %name, "was removed by hand: not installed again");
            return Ok(());
        }
        Some(i) if known => return refresh(city, &i, app).await,
        // Installed, but the start was killed before it was written down.
        Some(_) => {}
        None => first(city, &name, app).await?,
    }
    roles(city, &name).await?;
    let mut txn = Txn::new(city.store.clone());
    txn.put_as(marker(&name), &true);
    txn.commit().await?;
    Ok(())
}

async fn first(city: &City, name: &InstallationName, app: Wanted) -> Result<()> {
    let review = publish(city, &app.package).await?;
    let wanted = Install {
        package: review.digest,
        name: Some(name.to_string()),
        organization: app.organization,
        config: app.config,
        approve: review.capabilities.iter().map(ToString::to_string).collect(),
        by: BY.to_owned(),
    };
    city.gateway.operations().install(wanted).await?;
    Ok(())
}

/// Publishes as the vendor's developer, waits for the checks, and approves as the city's reviewer.
pub(crate) async fn publish(city: &City, package: &Package) -> Result<Review> {
    let operations = city.gateway.operations();
    let submitted = operations.publish(Bytes::from(package.to_tar()?), DEVELOPER).await?;
    let (number, publications) = (submitted.submission.number, city.library.publications());
    city.library.check_waiting().await?;
    let submission = publications.submission(number).await?;
    let state = submission.state;
    if state == State::ChecksFailed {
        let findings = publications.findings(number).await?;
        let failed = findings.iter().flat_map(|f| &f.checks).filter(|c| c.outcome == Outcome::Fail);
        bail!("the checks failed: {}", failed.map(|c| c.text.en.as_str()).collect::<Vec<_>>().join("; "));
    }
    if state.is_open() {
        publications.assign(number, REVIEWER, REVIEWER).await?;
        let seen = submission.checked.context("the checks have not ended")?.findings;
        publications.approve(number, "示范应用，随平台提供。", &seen, REVIEWER).await?;
    }
    Ok(operations.review(package.digest).await?)
}

/// Upgrades to a newer release; says so when the package is an older one, or another build of the same version.
async fn refresh(city: &City, installed: &Installation, app: Wanted) -> Result<()> {
    let (name, offered) = (&installed.name, &app.package);
    if installed.package_digest == offered.digest {
        return Ok(());
    }
    if offered.manifest.version <= installed.version {
        let (have, given) = (&installed.version, &offered.manifest.version);
        eprintln!(
            "{}",
            yunlong_cli::lang().pick(
                &format!("{name}：已安装 {have}，给出的安装包是 {given}，不比它新。已安装的保持不变：请提高版本号，或换一个空的数据文件夹"),
                &format!("{name}: {have} is installed, and the package given is {given}, which is not newer. What is installed stays: raise the version, or start with an empty data folder"),
            )
        );
        return Ok(());
    }
    let review = publish(city, offered).await?;
    let operations = city.gateway.operations();
    let added: Vec<String> =
        operations.difference(name, review.digest).await?.added.iter().map(ToString::to_string).collect();
    let wanted = Upgrading { package: review.digest, approve: added, share: None, by: BY.to_owned() };
    operations.upgrade(name, wanted).await?;
    Ok(())
}

/// Gives the demo's officials their roles.
async fn roles(city: &City, name: &InstallationName) -> Result<()> {
    let Some(installation) = city.installations.get(name) else { return Ok(()) };
    let manifest = &installation.manifest;
    for (account, fitting) in departments::roles(manifest.name.as_str()) {
        let declared = manifest.roles.iter().map(|r| r.name.clone());
        let roles: Vec<String> = declared.filter(|r| fitting.contains(&r.as_str())).collect();
        if !roles.is_empty() {
            city.gateway.operations().set_roles(name, account, &roles, BY).await?;
        }
    }
    Ok(())
}
