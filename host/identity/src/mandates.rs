//! Mandates: one acts for another, who has consented to it, and the consent is on record.
//!
//! A person gives a mandate themself. For a company the first is recorded by an official who has
//! seen the business licence and the legal representative's identity card; the legal representative
//! then gives mandates for the company. Whoever is to act gets a one-time code from the grantor and
//! takes the mandate with it, so that nobody learns by trying which account names exist, and nobody
//! acts for another without knowing. It ends by time, by the grantor's word, or by the grantee's.

use crate::error::{CodeError, IdentityError};
use crate::secret::{Code, TokenHash};
use crate::sessions::{Record, end};
use crate::types::Session;
use crate::{Identity, detached, keys};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use yunlong_formats::Uscc;
use yunlong_model::{ActingFor, Grantor as Seen, InstallationName, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;
/// A code that is not redeemed by then is void.
const INVITATION_MILLIS: i64 = 7 * DAY_MILLIS;
/// No mandate outlives this: it is given again, so that a forgotten one ends.
const LONGEST_DAYS: u32 = 3 * 366;

/// For whom somebody acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Grantor {
    /// A natural person.
    Person {
        /// Their account.
        account: String,
        /// Their registered name when the mandate was given, for the grantee to know whom they act
        /// for; empty when the record holds none.
        #[serde(default)]
        name: String,
    },
    /// A company.
    Company {
        /// Its unified social credit code.
        code: String,
        /// Its registered name.
        name: String,
    },
}

impl Grantor {
    /// Under which its mandates are found. No account's name holds a colon.
    pub(crate) fn index(&self) -> String {
        match self {
            Self::Person { account, .. } => account.clone(),
            Self::Company { code, .. } => format!("company:{code}"),
        }
    }

    /// The account of a grantor who is a person.
    fn account(&self) -> Option<&str> {
        match self {
            Self::Person { account, .. } => Some(account),
            Self::Company { .. } => None,
        }
    }

    /// What the grantee sees.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Person { account, name } if name.is_empty() => account,
            Self::Person { name, .. } | Self::Company { name, .. } => name,
        }
    }
}

/// What was checked before a mandate was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum Basis {
    /// The grantor gave it, signed in with their own account.
    Grantor,
    /// The company's legal representative gave it, under this mandate of their own.
    LegalRepresentative {
        /// That mandate.
        mandate: String,
    },
    /// An official recorded it.
    Official {
        /// The official's account.
        account: String,
        /// Which papers they saw.
        papers: String,
    },
}

/// A mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    /// Its id.
    pub id: String,
    /// For whom.
    pub grantor: Grantor,
    /// Who may act; `None` until somebody took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantee: Option<String>,
    /// In which installations; empty: in all.
    #[serde(default)]
    pub services: Vec<InstallationName>,
    /// Whether it is the legal representative's, who may give mandates for the company.
    #[serde(default)]
    pub legal_representative: bool,
    /// What was checked.
    pub basis: Basis,
    /// When it was given.
    pub given_at: Timestamp,
    /// When it ends by itself.
    pub valid_until: Timestamp,
    /// When it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
    /// When it was revoked, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<(Timestamp, String)>,
}

impl Mandate {
    /// Whether somebody may act under it now.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.grantee.is_some() && self.revoked.is_none() && now < self.valid_until
    }

    fn covers(&self, installation: &InstallationName) -> bool {
        self.services.is_empty() || self.services.contains(installation)
    }
}

/// A mandate to be given.
#[derive(Clone, Debug)]
pub struct NewMandate {
    /// In which installations; empty: in all.
    pub services: Vec<InstallationName>,
    /// For how many days, 1 to 1,098.
    pub days: u32,
}

/// A company's first mandate, as an official records it.
#[derive(Clone, Debug)]
pub struct CompanyMandate {
    /// The unified social credit code.
    pub code: String,
    /// The registered name.
    pub name: String,
    /// Which papers were seen.
    pub papers: String,
    /// For how many days.
    pub days: u32,
}

/// What is stored of a code.
#[derive(Serialize, Deserialize)]
struct Invitation {
    mandate: String,
    expires_at: Timestamp,
}

impl Identity {
    /// Gives a mandate for oneself, or, with `company_mandate`, for the company whose legal
    /// representative one is. Answers the code for whoever is to act.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for the days; [`IdentityError::NoSuchMandate`] when one is not the
    /// company's legal representative.
    pub async fn give_mandate(
        &self,
        session: &Session,
        company_mandate: Option<&str>,
        new: NewMandate,
    ) -> Result<(Mandate, Code), IdentityError> {
        let (grantor, basis) = match company_mandate {
            None => {
                let name = self.attributes_of(&session.account).await?.real_name.unwrap_or_default();
                (Grantor::Person { account: session.account.clone(), name }, Basis::Grantor)
            }
            Some(id) => {
                let held = self.held(&session.account, id).await?;
                let held = held.filter(|m| m.legal_representative).ok_or(IdentityError::NoSuchMandate)?;
                (held.grantor.clone(), Basis::LegalRepresentative { mandate: id.to_owned() })
            }
        };
        self.record_mandate(grantor, basis, new, false, &session.account).await
    }

    /// Records, as an official, that somebody is a company's legal representative.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] names the field.
    pub async fn record_company(&self, new: CompanyMandate, official: &str) -> Result<(Mandate, Code), IdentityError> {
        let code: Uscc = new.code.trim().parse().map_err(|e| IdentityError::refused("code", &e))?;
        let name = new.name.trim().to_owned();
        if !(2..=100).contains(&name.chars().count()) {
            return Err(IdentityError::invalid("name", "请填写企业登记名称", "enter the company's registered name"));
        }
        let papers = new.papers.trim().to_owned();
        if !(2..=200).contains(&papers.chars().count()) {
            return Err(IdentityError::invalid(
                "papers",
                "请写明核验了哪些材料，例如营业执照和法定代表人身份证",
                "say which papers you saw, such as the business licence and the representative's identity card",
            ));
        }
        let grantor = Grantor::Company { code: code.as_str().to_owned(), name };
        let basis = Basis::Official { account: official.to_owned(), papers };
        let new = NewMandate { services: Vec::new(), days: new.days };
        self.record_mandate(grantor, basis, new, true, official).await
    }

    async fn record_mandate(
        &self,
        grantor: Grantor,
        basis: Basis,
        new: NewMandate,
        legal_representative: bool,
        by: &str,
    ) -> Result<(Mandate, Code), IdentityError> {
        if !(1..=LONGEST_DAYS).contains(&new.days) {
            return Err(IdentityError::invalid("days", "期限为 1 至 1098 天", "1 to 1,098 days"));
        }
        let now = self.inner.now();
        let mandate = Mandate {
            id: new_id(now)?,
            grantor,
            grantee: None,
            services: new.services,
            legal_representative,
            basis,
            given_at: now,
            valid_until: now.plus_millis(i64::from(new.days) * DAY_MILLIS),
            taken_at: None,
            revoked: None,
        };
        let code = Code::random(4)?;
        let tag = Code::tag(&self.inner.secrets, "mandate", code.as_str());
        let invitation = Invitation { mandate: mandate.id.clone(), expires_at: now.plus_millis(INVITATION_MILLIS) };
        transact!(&self.inner.store, |txn| {
            txn.put_as(keys::mandate(&mandate.id), &mandate);
            txn.put_as(keys::mandate_by(&mandate.grantor.index(), &mandate.id), &());
            txn.put_as(keys::invitation(&tag), &invitation);
            let (whose, what) = (mandate.grantor.index(), detail(&mandate));
            self.inner.audit_about(mandate.grantor.account(), txn, by, "mandate.given", &whose, &what).await?;
            Ok::<_, IdentityError>(())
        })?;
        Ok((mandate, code))
    }

    /// Takes the mandate of a code: from then one may act under it.
    ///
    /// # Errors
    /// [`CodeError::Invalid`] for a code that is unknown, used or expired, and for one's own.
    pub async fn take_mandate(&self, account: &str, code: &str) -> Result<Mandate, CodeError> {
        let tag = Code::tag(&self.inner.secrets, "mandate", code);
        let (me, account, now) = (self.clone(), account.to_owned(), self.inner.now());
        detached(async move {
            let taken = transact!(&me.inner.store, |txn| {
                let key = keys::invitation(&tag);
                let invitation = txn.get_as::<Invitation>(&key).await?.filter(|i| now < i.expires_at);
                let id = invitation.ok_or(CodeError::Invalid)?.mandate;
                let mandate: Option<Mandate> = txn.get_as(&keys::mandate(&id)).await?;
                let own = Grantor::Person { account: account.clone(), name: String::new() }.index();
                let mandate = mandate.filter(|m| m.revoked.is_none() && m.grantor.index() != own);
                let mut mandate = mandate.ok_or(CodeError::Invalid)?;
                txn.delete(key);
                (mandate.grantee, mandate.taken_at) = (Some(account.clone()), Some(now));
                txn.put_as(keys::mandate(&id), &mandate);
                txn.put_as(keys::mandate_to(&account, &id), &());
                let (whose, what) = (mandate.grantor.index(), detail(&mandate));
                me.inner.audit_of(&account, txn, &account, "mandate.taken", &whose, &what).await?;
                Ok::<_, CodeError>(mandate)
            });
            me.inner.mandates.invalidate_all();
            taken
        })
        .await
    }

    /// Revokes a mandate, with effect at the next request: by its grantor, by its grantee, or by the
    /// company's legal representative.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchMandate`] for one that is none of these people's.
    pub async fn revoke_mandate(&self, session: &Session, id: &str) -> Result<(), IdentityError> {
        let (me, id, account, now) = (self.clone(), id.to_owned(), session.account.clone(), self.inner.now());
        // Not in the transaction: an office that ends meanwhile was held when this was asked.
        let offices = self.offices(&account).await?;
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let key = keys::mandate(&id);
                let found: Option<Mandate> = txn.get_as(&key).await?;
                let whose = |m: &Mandate| {
                    let grantor = m.grantor.index();
                    grantor == account || m.grantee.as_ref() == Some(&account) || offices.contains(&grantor)
                };
                let mut mandate = found.filter(whose).ok_or(IdentityError::NoSuchMandate)?;
                if mandate.revoked.is_none() {
                    mandate.revoked = Some((now, account.clone()));
                    txn.put_as(key, &mandate);
                    let whose = mandate.grantor.index();
                    let about = mandate.grantor.account();
                    me.inner.audit_about(about, txn, &account, "mandate.revoked", &whose, &id).await?;
                }
                Ok::<_, IdentityError>(())
            });
            me.inner.mandates.invalidate_all();
            done
        })
        .await
    }

    /// Acts under a mandate from now on, or (`None`) for oneself again. The sessions at the apps end:
    /// they begin again with the next click, in the new office.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchMandate`] for one that one does not hold.
    pub async fn act_for(&self, session: &Session, mandate: Option<&str>) -> Result<(), IdentityError> {
        let held = match mandate {
            None => None,
            Some(id) => Some(self.held(&session.account, id).await?.ok_or(IdentityError::NoSuchMandate)?),
        };
        let (me, id) = (self.clone(), session.id.clone());
        detached(async move {
            let done = transact!(&me.inner.store, |txn| {
                let Some(record) = me.inner.alive(txn, &id).await? else { return Ok(Vec::new()) };
                let mut ended = Vec::new();
                for (key, _) in txn.scan(&keys::children(&id).children(), Direction::Ascending, usize::MAX).await? {
                    if let Some(child) = key.last_text().map(TokenHash::from_hex) {
                        ended.extend(end(txn, &child).await?);
                    }
                }
                let (action, whom) = match (&held, &record.mandate) {
                    (Some(m), _) => ("mandate.acting-began", m.id.clone()),
                    (None, before) => ("mandate.acting-ended", before.clone().unwrap_or_default()),
                };
                me.inner.audit_of(&record.account, txn, &record.account, action, &whom, "").await?;
                let mandate = held.as_ref().map(|m| m.id.clone());
                txn.put_as(keys::session(&id), &Record { mandate, ..record });
                Ok::<_, IdentityError>(ended)
            });
            match &done {
                Ok(ended) => ended.iter().for_each(|id| me.inner.sessions.invalidate(id)),
                Err(_) => me.inner.sessions.invalidate_all(),
            }
            me.inner.sessions.invalidate(&id);
            done.map(|_| ())
        })
        .await
    }

    /// The mandate under which a session acts, while it stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn acting(&self, session: &Session) -> Result<Option<Arc<Mandate>>, IdentityError> {
        match &session.mandate {
            None => Ok(None),
            Some(id) => self.held(&session.account, id).await,
        }
    }

    /// For whom a session acts, as an installation sees it: under another pairwise subject in each.
    pub(crate) async fn acting_for(
        &self,
        session: &Session,
        installation: &InstallationName,
    ) -> Result<Option<ActingFor>, IdentityError> {
        let Some(mandate) = self.acting(session).await?.filter(|m| m.covers(installation)) else { return Ok(None) };
        let subject = self.subject(installation, &mandate.grantor.index());
        let grantor = match &mandate.grantor {
            Grantor::Person { account, .. } => {
                self.remember(installation, &subject, account).await?;
                Seen::Person
            }
            Grantor::Company { code, name } => Seen::Company { code: code.clone(), name: name.clone() },
        };
        Ok(Some(ActingFor { subject, grantor, mandate: mandate.id.clone() }))
    }

    /// A mandate that this account holds and that stands.
    async fn held(&self, account: &str, id: &str) -> Result<Option<Arc<Mandate>>, IdentityError> {
        let mandate = match self.inner.mandates.get(id) {
            Some(mandate) => mandate,
            None => {
                let epoch = self.inner.mandates.epoch();
                let key = keys::mandate(id);
                let Some(found) = self.inner.store.get(&key).await? else { return Ok(None) };
                let mandate: Arc<Mandate> = Arc::new(from_json(&key, &found.value)?);
                self.inner.mandates.insert(epoch, id.to_owned(), mandate.clone());
                mandate
            }
        };
        let stands = mandate.stands(self.inner.now()) && mandate.grantee.as_deref() == Some(account);
        // What the legal representative gave ends with the office that it was given in.
        if let (true, Basis::LegalRepresentative { mandate: above }) = (stands, &mandate.basis) {
            let key = keys::mandate(above);
            let above: Option<Mandate> = Txn::new(self.inner.store.clone()).get_as(&key).await?;
            return Ok(above.filter(|m| m.stands(self.inner.now())).map(|_| mandate));
        }
        Ok(stands.then_some(mandate))
    }
}

/// An id whose order is that of time, so that lists are read page by page from the newest.
fn new_id(now: Timestamp) -> Result<String, IdentityError> {
    let mut id = [0_u8; 15];
    let (time, random) = id.split_at_mut(6);
    // The low 48 bits of the milliseconds: enough for 8,900 years.
    time.copy_from_slice(&now.0.to_be_bytes()[2..]);
    SysRng.try_fill_bytes(random).map_err(|e| IdentityError::Crypto(e.to_string()))?;
    // This alphabet sorts as the bytes do; the other one of RFC 4648 does not.
    Ok(format!("m-{}", data_encoding::BASE32HEX_NOPAD.encode(&id).to_ascii_lowercase()))
}

/// What the audit trail says of a mandate: everything but who may act, who is the row's actor.
fn detail(mandate: &Mandate) -> String {
    let services: Vec<&str> = mandate.services.iter().map(InstallationName::as_str).collect();
    serde_json::json!({ "mandate": mandate.id, "services": services, "until": mandate.valid_until.to_rfc3339(), "basis": mandate.basis })
        .to_string()
}
