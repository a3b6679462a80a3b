//! Requests, as the console lists them.

use super::{Request, keys};
use crate::{Hub, HubError};
use yunlong_model::InstallationName;
use yunlong_store::Direction;
use yunlong_store::txn::from_json;

/// Which requests somebody looks for. What is empty fits every one.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// The installation that asks.
    pub installation: Option<InstallationName>,
    /// The organization that asks.
    pub organization: String,
    /// The organization that decides: the dataset's provider as the catalogue has it.
    pub provider: String,
    /// The dataset.
    pub dataset: String,
    /// Only those that wait for a decision.
    pub open: bool,
}

/// Some requests, the newest first, and where to go on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestPage {
    /// The requests.
    pub requests: Vec<Request>,
    /// What to give as `before` for older ones; `None` at the end.
    pub next: Option<String>,
}

/// Rows that one page looks at: a filter that fits nothing must not read all of them.
const SCANNED: usize = 5_000;
const STEP: usize = 200;

impl Hub {
    /// The request with this id.
    ///
    /// # Errors
    /// [`HubError::Unknown`]; when the store fails.
    pub async fn request(&self, id: &str) -> Result<Request, HubError> {
        let key = keys::request(id);
        let found = self.inner.store.get(&key).await?;
        let found = found.ok_or_else(|| HubError::Unknown { what: "request", id: id.to_owned() })?;
        Ok(from_json(&key, &found.value)?)
    }

    /// At most `limit` requests that fit, filed before the request `before`, the newest first. A page may
    /// be short and still have a next one, when much was looked at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, HubError> {
        // The open ones are few, and have rows of their own.
        let (table, row) = if filter.open {
            (keys::open_requests(), keys::open_request as fn(&str) -> yunlong_store::Key)
        } else {
            (keys::requests(), keys::request as fn(&str) -> yunlong_store::Key)
        };
        let mut range = table.children();
        if let Some(before) = before {
            range.end = row(before);
        }
        let (mut page, mut scanned) = (RequestPage::default(), 0);
        while scanned < SCANNED && !range.is_empty() {
            let rows = self.inner.store.scan(&range, Direction::Descending, STEP).await?;
            for row in &rows {
                let request: Request = if filter.open {
                    self.request(&from_json::<String>(&row.key, &row.value)?).await?
                } else {
                    from_json(&row.key, &row.value)?
                };
                if page.requests.len() == limit {
                    return Ok(page);
                }
                page.next = Some(request.id.clone());
                if self.fits(filter, &request) {
                    page.requests.push(request);
                }
            }
            scanned += rows.len();
            match rows.last() {
                Some(last) if rows.len() == STEP => range.end = last.key.clone(),
                _ => {
                    page.next = None;
                    break;
                }
            }
        }
        Ok(page)
    }

    fn fits(&self, filter: &RequestFilter, request: &Request) -> bool {
        filter.installation.as_ref().is_none_or(|i| *i == request.installation)
            && (filter.organization.is_empty() || filter.organization == request.organization)
            && (filter.dataset.is_empty() || filter.dataset == request.dataset())
            && (filter.provider.is_empty() || self.provides(&filter.provider, request.dataset()))
            && (!filter.open || request.state.is_open())
    }
}
