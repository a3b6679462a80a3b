//! What everybody may see: the apps of the city, each with its newest approved version.

use crate::checks::{Permission, Summary};
use crate::error::PublicationError;
use crate::keys;
use crate::release::{Release, Status, VersionRecord};
use crate::search::{Terms, normal};
use crate::service::Publications;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yunlong_model::{AppName, Digest, Text, Timestamp};
use yunlong_registry::listing::Screenshot;
use yunlong_registry::{Area, Category, TrustedKey};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn};

/// The most versions of an app that are looked at.
pub(crate) const MAX_VERSIONS: usize = 2_000;
/// The most apps that a page holds.
pub const MAX_PAGE: usize = 100;
/// Rows that are read at once.
const STEP: usize = 200;

/// An app as the catalogue shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The app.
    pub app: AppName,
    /// Its title.
    pub title: Text,
    /// What it does for whom.
    pub description: Text,
    /// The vendor.
    pub vendor: String,
    /// The vendor's organization.
    pub organization: String,
    /// What it is for; `None` when its vendor does not say.
    pub category: Option<Category>,
    /// The newest version that is approved and not yanked.
    pub version: semver::Version,
    /// Its package.
    pub digest: Digest,
    /// Who approved it.
    pub reviewer: String,
    /// The reviewer's organization.
    pub reviewer_organization: String,
    /// When.
    pub approved_at: Timestamp,
    /// What the reviewer says to it.
    pub remark: String,
    /// What it can see and do once a department approved it.
    pub permissions: Vec<Permission>,
    /// What has changed, in its vendor's words.
    pub changes: Option<Text>,
    /// Pictures.
    pub screenshots: Vec<Screenshot>,
}

/// Writes anew what the catalogue shows of an app: nothing when no version may be installed.
pub(crate) async fn refresh(txn: &mut Txn, app: &AppName) -> Result<(), PublicationError> {
    let labels = txn.scan(&keys::versions(app).children(), Direction::Ascending, MAX_VERSIONS).await?;
    let mut best: Option<Release> = None;
    for (row, bytes) in labels {
        let label: VersionRecord = from_json(&row, &bytes)?;
        let release: Option<Release> = txn.get_as(&keys::release(&label.digest)).await?;
        let Some(release) = release.filter(|r| r.approval.is_some() && r.yank.is_none()) else { continue };
        if best.as_ref().is_some_and(|b| b.version >= release.version) {
            continue;
        }
        let key: Option<TrustedKey> = txn.get_as(&keys::key(&release.key)).await?;
        if release.status(key.as_ref()) == Status::Approved {
            best = Some(release);
        }
    }
    let place = keys::listing(app);
    let summary: Option<Summary> = match &best {
        Some(release) => txn.get_as(&keys::summary(&release.digest)).await?,
        None => None,
    };
    match best.zip(summary) {
        Some((release, summary)) => txn.put_as(place, &listed(release, summary)),
        None => txn.delete(place),
    }
    Ok(())
}

fn listed(release: Release, summary: Summary) -> Listed {
    let (reviewer, reviewer_organization, approved_at, remark) =
        release.approval.map(|a| (a.by, a.organization, a.at, a.remark)).unwrap_or_default();
    let permissions = Permission::all(&summary.manifest);
    let (category, changes, screenshots) = match summary.listing {
        Some(l) => (Some(l.category), l.changes, l.screenshots),
        None => (None, None, Vec::new()),
    };
    Listed {
        app: release.app,
        title: summary.manifest.title,
        description: summary.manifest.description,
        vendor: release.vendor,
        organization: release.organization,
        category,
        version: release.version,
        digest: release.digest,
        reviewer,
        reviewer_organization,
        approved_at,
        remark,
        permissions,
        changes,
        screenshots,
    }
}

/// What somebody looks for. What is empty fits every app.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words: of the name, title, description, vendor, category. All of them must be found.
    pub text: String,
    /// Under which part of the policy.
    pub area: Option<Area>,
    /// What it is for.
    pub category: Option<Category>,
    /// The vendor.
    pub vendor: Option<String>,
    /// Where to go on: how many apps to pass over.
    pub from: usize,
    /// 1 to [`MAX_PAGE`] apps.
    pub limit: usize,
}

/// A page of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CataloguePage {
    /// The apps, the best fit first, then by name.
    pub apps: Vec<Listed>,
    /// How many fit in all.
    pub total: usize,
    /// How many of those that fit the words stand in each category.
    pub categories: BTreeMap<Category, usize>,
}

impl Publications {
    /// Looks through the catalogue. A city has hundreds of apps: it is read from one end to the other.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catalogue(&self, search: &Search) -> Result<CataloguePage, PublicationError> {
        let terms = Terms::read(&search.text);
        let mut page = CataloguePage::default();
        let mut fits: Vec<(u32, Listed)> = Vec::new();
        let mut range = keys::listings().children();
        loop {
            let rows = self.inner.store.scan(&range, Direction::Ascending, STEP).await?;
            let Some(last) = rows.last() else { break };
            range.start = last.key.next();
            for row in rows {
                let app: Listed = from_json(&row.key, &row.value)?;
                let score = score(&terms, &app);
                if score == 0 || search.vendor.as_ref().is_some_and(|v| *v != app.vendor) {
                    continue;
                }
                if let Some(category) = app.category {
                    *page.categories.entry(category).or_default() += 1;
                }
                let in_area = search.area.is_none_or(|a| app.category.is_some_and(|c| c.area() == a));
                if in_area && search.category.is_none_or(|c| app.category == Some(c)) {
                    fits.push((score, app));
                }
            }
        }
        fits.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.app.cmp(&b.1.app)));
        page.total = fits.len();
        let limit = search.limit.clamp(1, MAX_PAGE);
        page.apps = fits.into_iter().skip(search.from).take(limit).map(|(_, app)| app).collect();
        Ok(page)
    }

    /// An app of the catalogue; `None` when no version of it may be installed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn listed(&self, app: &AppName) -> Result<Option<Listed>, PublicationError> {
        let key = keys::listing(app);
        Ok(self.inner.store.get(&key).await?.map(|v| from_json(&key, &v.value)).transpose()?)
    }
}

fn score(terms: &Terms, app: &Listed) -> u32 {
    let category = app.category.map(|c| {
        let (title, area) = (c.title(), c.area().title());
        normal(&format!("{} {} {} {}", title.zh, title.en, area.zh, area.en))
    });
    let texts = [
        (5, normal(app.app.as_str())),
        (5, normal(&app.title.zh)),
        (5, normal(&app.title.en)),
        (2, normal(&app.description.zh)),
        (2, normal(&app.description.en)),
        (3, normal(&app.vendor)),
        (1, category.unwrap_or_default()),
    ];
    terms.score(&texts.each_ref().map(|(weight, text)| (*weight, text.as_str())))
}
