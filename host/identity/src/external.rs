//! Signing in with an outside provider: who its subject is here.
//!
//! The gateway speaks OpenID Connect and brings what the provider has proven. An account is linked
//! by issuer and subject, never by a name, an address or a number that the provider tells: whoever
//! controls a provider's database must not become somebody who never used it.

use crate::error::{IdentityError, SignInError};
use crate::secret::Code;
use crate::sessions::Start;
use crate::sign_in::origin_text;
use crate::types::{Account, AccountKind, Attributes, Device, NewPerson, NewSession, Session, SessionOrigin};
use crate::{Identity, detached, keys};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use yunlong_model::Timestamp;
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

/// Somebody whom an outside provider has recognized.
#[derive(Clone, Debug)]
pub struct External {
    /// The provider's issuer, as its tokens name it.
    pub issuer: String,
    /// The subject: never the same for two people of one issuer, and never given to another one.
    pub subject: String,
    /// What the provider says of the person, as far as it is trusted for that.
    pub attributes: Attributes,
}

/// A link between an account and an outside provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalLink {
    /// What removes it.
    #[serde(default)]
    pub id: String,
    /// The provider's issuer.
    pub issuer: String,
    /// Since when.
    pub since: Timestamp,
}

impl Identity {
    /// Signs in whoever the provider has recognized. The first time, a citizen's account is opened
    /// for them.
    ///
    /// # Errors
    /// [`IdentityError::ResidentIdTaken`] when another account has the number that the provider
    /// tells: its owner signs in there and links the provider. [`SignInError::Wrong`] when the
    /// account is disabled.
    pub async fn sign_in_external(
        &self,
        external: &External,
        origin: &SessionOrigin,
        device: Device,
    ) -> Result<NewSession, SignInError> {
        let tag = self.external_tag(external);
        let name = format!("citizen-{}", Code::random(2)?.as_str().to_ascii_lowercase().replace('-', ""));
        let attributes = external.attributes.clone();
        let person = NewPerson { name, kind: AccountKind::Citizen, organization: None, attributes };
        let ready = self.check_person(person).await?;
        let link = ExternalLink { id: String::new(), issuer: external.issuer.clone(), since: self.inner.now() };
        let (me, origin) = (self.clone(), origin.clone());
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let account = match txn.get_as::<String>(&keys::external(&tag)).await? {
                    Some(name) => txn.get_as::<Account>(&keys::account(&name)).await?.ok_or(SignInError::Wrong)?,
                    None => {
                        let name = &ready.account.name;
                        if txn.get(&keys::account(name)).await?.is_some() {
                            return Err(IdentityError::NameTaken(name.clone()).into());
                        }
                        me.stage(txn, &ready, &link.issuer).await?;
                        me.stage_link(txn, &tag, name, &link);
                        ready.account.clone()
                    }
                };
                if account.disabled {
                    return Err(SignInError::Wrong);
                }
                let name = &account.name;
                let detail = format!("{} ({})", origin_text(&origin), link.issuer);
                let action = if account.second_factor { "sign-in.provider-accepted" } else { "sign-in.succeeded" };
                me.inner.audit_of(name, txn, name, action, name, &detail).await?;
                let mut start = Start::at(&account, &origin);
                (start.device, start.pending) = (device.clone(), account.second_factor);
                Ok(me.inner.start(txn, &start)?)
            })
        })
        .await
    }

    /// Links a provider to the account of whoever asks, so that it signs in there as well.
    ///
    /// # Errors
    /// [`IdentityError::ExternalTaken`] when another account is linked to this subject.
    pub async fn link_external(&self, session: &Session, external: &External) -> Result<(), IdentityError> {
        let tag = self.external_tag(external);
        let link = ExternalLink { id: String::new(), issuer: external.issuer.clone(), since: self.inner.now() };
        let name = session.account.clone();
        let me = self.clone();
        detached(async move {
            transact!(&me.inner.store, |txn| {
                match txn.get_as::<String>(&keys::external(&tag)).await? {
                    Some(known) if known == name => Ok(()),
                    Some(_) => Err(IdentityError::ExternalTaken),
                    None => {
                        me.stage_link(txn, &tag, &name, &link);
                        me.inner.audit_of(&name, txn, &name, "external.linked", &name, &link.issuer).await?;
                        Ok(())
                    }
                }
            })
        })
        .await
    }

    /// The providers that are linked to an account.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn external_links(&self, account: &str) -> Result<Vec<ExternalLink>, IdentityError> {
        let rows = self.inner.store.scan(&keys::externals_of(account).children(), Direction::Ascending, 100).await?;
        rows.iter()
            .map(|row| {
                let link: ExternalLink = from_json(&row.key, &row.value)?;
                Ok(ExternalLink { id: row.key.last_text().unwrap_or_default(), ..link })
            })
            .collect()
    }

    /// Removes a link.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] when nothing else would be left to sign in with.
    pub async fn unlink_external(&self, session: &Session, id: &str) -> Result<(), IdentityError> {
        let (me, name, id) = (self.clone(), session.account.clone(), id.to_owned());
        detached(async move {
            transact!(&me.inner.store, |txn| {
                let key = keys::external_of(&name, &id);
                let Some(link) = txn.get_as::<ExternalLink>(&key).await? else { return Ok(()) };
                let others = txn.scan(&keys::externals_of(&name).children(), Direction::Ascending, 2).await?.len();
                if others < 2 && txn.get(&keys::password(&name)).await?.is_none() {
                    return Err(IdentityError::invalid(
                        "link",
                        "该账号没有密码，只能通过这一方式登录：请先到服务窗口设置密码",
                        "the account has no password, and this is its only way in: set a password at a service window first",
                    ));
                }
                txn.delete(key);
                txn.delete(keys::external(&id));
                me.inner.audit_of(&name, txn, &name, "external.unlinked", &name, &link.issuer).await?;
                Ok(())
            })
        })
        .await
    }

    /// Removes every link of an account: who came in by one is out with them.
    pub(crate) async fn stage_unlink_all(&self, txn: &mut Txn, account: &str) -> Result<(), IdentityError> {
        for (key, value) in txn.scan(&keys::externals_of(account).children(), Direction::Ascending, usize::MAX).await? {
            let link: ExternalLink = from_json(&key, &value)?;
            if let Some(tag) = key.last_text() {
                txn.delete(keys::external(&tag));
            }
            txn.delete(key);
            self.inner.audit_of(account, txn, account, "external.unlinked", account, &link.issuer).await?;
        }
        Ok(())
    }

    fn stage_link(&self, txn: &mut Txn, tag: &str, account: &str, link: &ExternalLink) {
        txn.put_as(keys::external(tag), &account);
        txn.put_as(keys::external_of(account, tag), link);
    }

    fn external_tag(&self, external: &External) -> String {
        let digest = |text: &str| HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        let tag = self.inner.secrets.derive("external", &[&digest(&external.issuer), &digest(&external.subject)]);
        HEXLOWER.encode(&tag)
    }
}
