//! The city's accounts, as the registry's rules ask after them: at each act, so that what was taken away counts at
//! once.

use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use yunlong_identity::{Account, AccountKind, Identity, PlatformRole};
use yunlong_model::Kind;
use yunlong_publications::{Accounts, Duty, Person};

/// [`Accounts`] over the identity service.
pub struct CityAccounts(Arc<Identity>);

impl CityAccounts {
    /// Over this service.
    #[must_use]
    pub fn new(identity: Arc<Identity>) -> Self {
        Self(identity)
    }
}

#[async_trait]
impl Accounts for CityAccounts {
    async fn person(&self, account: &str) -> Result<Option<Person>, String> {
        let found = self.0.account(account).await.map_err(|e| e.to_string())?;
        Ok(found.filter(|a| !a.disabled).map(|a| person(&a)))
    }
}

fn person(account: &Account) -> Person {
    let has = |role| account.platform_roles.contains(&role);
    let duties = [
        (account.kind == AccountKind::Vendor, Duty::Publish),
        (has(PlatformRole::AppReviewer), Duty::Review),
        // The console asks for more: the system administrator enrolls keys, the security administrator revokes
        // them.
        (has(PlatformRole::SystemAdmin) || has(PlatformRole::SecurityAdmin), Duty::Govern),
    ];
    Person {
        account: account.name.clone(),
        kind: match account.kind {
            AccountKind::Citizen => Kind::Citizen,
            AccountKind::Official => Kind::Official,
            // Somebody who acts for a company.
            AccountKind::Vendor => Kind::Representative,
        },
        organization: account.organization.clone(),
        duties: duties.into_iter().filter_map(|(has, duty)| has.then_some(duty)).collect::<BTreeSet<_>>(),
    }
}
