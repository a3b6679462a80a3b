//! Who may say that a record is wrong, and what they learn by saying it: nothing that they may not read.
//!
//! Whoever answers for the item, and the person whom the record is about, know what it says, and are told
//! when the claim says the same. An official from elsewhere knows as much as a grant of their department
//! lets them read: the item, the row, the purpose, their role and the person's consent are decided as for
//! a read. All else gets one answer, whether there is such a record or not, and a claim that says what the
//! record says is filed like every other one: the desk finds that out.
//!
//! Whatever was looked up is in the log before it is answered, refusals included.

use super::{Claim, NewCorrection};
use crate::read::{Open, ReadError, Want};
use crate::{
    Access, Actor, Caller, Dataset, Denial, FieldError, Grant, GrantFilter, Hub, HubError, Record, Records, Sharing,
    validate,
};
use yunlong_audit::{Entry, Outcome};
use yunlong_installations::Installation;
use yunlong_model::{Kind, PersonId};
use yunlong_store::StoreError;

/// The record that somebody says is wrong.
pub(super) struct Doubted {
    pub(super) record: Record,
    pub(super) person: Option<PersonId>,
}

/// Why there is nothing to file.
enum Stop {
    /// It is refused, after something was looked up.
    Refused { code: &'static str, about: Option<PersonId>, error: HubError },
    /// What was sent cannot be, or something failed: nothing was told.
    Failed(HubError),
}

impl From<HubError> for Stop {
    fn from(e: HubError) -> Self {
        Self::Failed(e)
    }
}

impl From<StoreError> for Stop {
    fn from(e: StoreError) -> Self {
        Self::Failed(e.into())
    }
}

impl Hub {
    /// The record, if this is somebody who may say that it is wrong.
    pub(super) async fn doubted(
        &self,
        records: &Records,
        new: &NewCorrection,
        claim: &Claim,
        by: &Actor,
    ) -> Result<Doubted, HubError> {
        let found = match by.kind {
            Kind::Official => self.doubted_by_official(records, new, claim, by).await,
            _ => self.doubted_by_person(records, new, claim, by).await,
        };
        match found {
            Ok(doubted) => Ok(doubted),
            Err(stop) => Err(self.stopped(stop, records, new, by).await?),
        }
    }

    /// Whom a record should be about that is not there, with their resident ID: the filer.
    pub(super) async fn unregistered(
        &self,
        records: &Records,
        new: &NewCorrection,
        by: &Actor,
    ) -> Result<(String, PersonId), HubError> {
        match self.unregistered_person(records, by).await {
            Ok(found) => Ok(found),
            Err(stop) => Err(self.stopped(stop, records, new, by).await?),
        }
    }

    async fn unregistered_person(&self, records: &Records, by: &Actor) -> Result<(String, PersonId), Stop> {
        let dataset = records.dataset();
        if by.kind == Kind::Official || !dataset.is_personal() {
            let (zh, en) = (
                "只有市民可以就本人的登记缺失提出，且信息资源须与个人有关",
                "people say so of themselves, of datasets about persons: whoever provides one enters its records",
            );
            return Err(HubError::invalid("dataset", zh, en).into());
        }
        let identity = &self.inner.identity;
        let known = identity.attributes_of(&by.account).await.map_err(HubError::from)?;
        let Some(number) = known.resident_id.as_ref().map(ToString::to_string) else {
            let (zh, en) = (
                "您的账号没有登记身份证号码，部门无法核对是谁的登记：请先携带身份证到服务窗口办理",
                "your account has no resident ID number, so that no department could tell whose record it is: bring your ID card to a service window first",
            );
            return Err(HubError::invalid("dataset", zh, en).into());
        };
        let person = identity.person_of_account(&by.account).await.map_err(HubError::from)?;
        // Where a person has one record, there is nothing to add to it.
        let one_each = dataset.person.as_ref() == Some(&dataset.key);
        if one_each && !records.about(&person).await?.is_empty() {
            let (zh, en) = (
                "这里已有您的登记：如内容有误，请就那一项申请更正",
                "there is a record about you: if it is wrong, ask for that item to be corrected",
            );
            let error = HubError::invalid("dataset", zh, en);
            return Err(Stop::Refused { code: "is-there", about: Some(person), error });
        }
        Ok((number, person))
    }

    /// What is answered, once it is written down what was looked up.
    async fn stopped(
        &self,
        stop: Stop,
        records: &Records,
        new: &NewCorrection,
        by: &Actor,
    ) -> Result<HubError, HubError> {
        match stop {
            Stop::Failed(e) => Ok(e),
            Stop::Refused { code, about, error } => {
                let key = new.key.as_deref().map(|k| records.id(k)).unwrap_or_default();
                let entry = Entry {
                    organization: by.organization.clone(),
                    about,
                    dataset: Some(new.dataset.clone()),
                    target: key,
                    fields: new.item.iter().cloned().collect(),
                    outcome: Outcome::Denied(code.to_owned()),
                    request_id: by.request_id.clone(),
                    ..Entry::new("correction.refused", &by.account, by.kind)
                };
                // What tells nothing may be counted with others like it; what tells something has its entry.
                match error {
                    HubError::Forbidden(_) => self.write_denial(entry, self.inner.now()).await?,
                    _ => self.inner.audit.record(vec![entry]).await?,
                }
                Ok(error)
            }
        }
    }

    async fn doubted_by_official(
        &self,
        records: &Records,
        new: &NewCorrection,
        claim: &Claim,
        by: &Actor,
    ) -> Result<Doubted, Stop> {
        let dataset = records.dataset();
        let key = new.key.as_deref();
        let key = key.ok_or_else(|| HubError::invalid("key", "请填写记录的标识", "say which record"))?;
        // Whom it would be about, whether there is such a record or not.
        let about = (dataset.person.as_ref() == Some(&dataset.key)).then(|| self.inner.person(key));
        if !knows(dataset, new.item.as_deref(), by) {
            return self.doubted_by_grant(records, key, new.item.as_deref(), about, by).await;
        }
        let Some(record) = records.newest(&records.id(key)).await? else {
            return Err(Stop::Refused { code: "no-such-record", about, error: none(dataset) });
        };
        let doubted = Doubted { person: records.person(&record), record };
        says_something_new(new.item.as_deref(), claim, &doubted)?;
        Ok(doubted)
    }

    async fn doubted_by_person(
        &self,
        records: &Records,
        new: &NewCorrection,
        claim: &Claim,
        by: &Actor,
    ) -> Result<Doubted, Stop> {
        let dataset = records.dataset();
        let (mut own, mut about) = (Vec::new(), None);
        for person in self.inner.identity.persons_of_account(&by.account).await.map_err(HubError::from)? {
            for found in records.about(&person).await? {
                own.push(Doubted { record: found.record, person: Some(person.clone()) });
            }
            about.get_or_insert(person);
        }
        let wanted = new.key.as_deref().map(|k| records.id(k));
        let fits = |d: &Doubted| wanted.as_ref().is_none_or(|id| records.id(&d.record.key) == *id);
        let mut fitting = own.into_iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => {
                says_something_new(new.item.as_deref(), claim, &one)?;
                Ok(one)
            }
            (None, _) => Err(Stop::Refused { code: "no-such-record", about, error: none(dataset) }),
            (Some(_), Some(_)) => {
                let (zh, en) = ("有多条记录：请指明是哪一条", "there are several records: say which one");
                Err(HubError::invalid("key", zh, en).into())
            }
        }
    }

    /// For an official who knows of the record by a grant of their department.
    async fn doubted_by_grant(
        &self,
        records: &Records,
        key: &str,
        item: Option<&str>,
        about: Option<PersonId>,
        by: &Actor,
    ) -> Result<Doubted, Stop> {
        let office = by.organization.as_deref().unwrap_or_default();
        let record = records.current(&records.id(key)).await?;
        let filter = GrantFilter { dataset: records.dataset().id.clone(), standing: true, ..GrantFilter::default() };
        let mut code = "not-granted";
        for grant in self.grants(&filter).await? {
            let Some(installed) = self.inner.installations.get(&grant.installation) else { continue };
            if !self.inner.identity.is_within(office, &installed.organization) {
                continue;
            }
            match (self.why_not_by(&grant, &installed, records, record.as_ref(), item, by).await?, &record) {
                (None, Some(record)) => {
                    return Ok(Doubted { person: records.person(record), record: record.clone() });
                }
                (denied, _) => code = denied.unwrap_or("row-not-granted"),
            }
        }
        Err(Stop::Refused { code, about, error: not_covered() })
    }

    /// Why a grant does not let this official read the item of the record; `None` when it does.
    async fn why_not_by(
        &self,
        grant: &Grant,
        installed: &Installation,
        records: &Records,
        record: Option<&Record>,
        item: Option<&str>,
        by: &Actor,
    ) -> Result<Option<&'static str>, HubError> {
        let identity = &self.inner.identity;
        let caller = Caller {
            installation: grant.installation.clone(),
            organization: installed.organization.clone(),
            office: by.organization.clone(),
            kind: by.kind,
            account: Some(by.account.clone()),
            person: Some(identity.person_of_account(&by.account).await?),
            roles: identity.roles(&grant.installation, &by.account).await?,
            invocation: "",
            request_id: by.request_id.clone(),
        };
        let open = Open { hub: self.clone(), caller, dataset: grant.dataset.clone(), purpose: grant.purpose.clone() };
        let fields: Vec<String> = item.map(ToOwned::to_owned).into_iter().collect();
        let mut code = "access-not-granted";
        for access in [Access::Get, Access::Query] {
            let call = match open.begin_quietly(&Want::new(access, "correction", &fields)).await.map_err(failed)? {
                Ok(call) => call,
                Err(Denial::Access(_)) => continue,
                Err(denial) => {
                    code = denial.code();
                    continue;
                }
            };
            // Whoever sees a part of a value does not know what it says.
            if item.is_some_and(|i| !call.is_searchable(i)) {
                code = "fields-not-granted";
                continue;
            }
            let Some(record) = record else { return Ok(Some("row-not-granted")) };
            let person = records.person(record);
            if !call.is_in(person.as_ref(), &record.body) {
                return Ok(Some("row-not-granted"));
            }
            if !open.is_consented(&call, person.as_ref()).await.map_err(failed)? {
                return Ok(Some("consent-required"));
            }
            return Ok(None);
        }
        Ok(Some(code))
    }
}

/// Whether an official knows what the item says without a grant: those who answer for it, and everybody
/// where it is about nobody and for whoever asks.
fn knows(dataset: &Dataset, item: Option<&str>, by: &Actor) -> bool {
    let authority = item.and_then(|i| dataset.item(i)).map(|i| dataset.authority(i));
    by.acts_for(&dataset.provider)
        || authority.is_some_and(|a| by.acts_for(a))
        || !dataset.is_personal() && dataset.sharing == Sharing::Unconditional
}

/// For those who know what the record says.
fn says_something_new(item: Option<&str>, claim: &Claim, doubted: &Doubted) -> Result<(), Stop> {
    let Some(name) = item else { return Ok(()) };
    let is = doubted.record.body.get(name);
    let as_it_is = match claim {
        Claim::Value(value) => is == Some(value),
        Claim::Nothing | Claim::NoRecord | Claim::Missing => is.is_none(),
    };
    if !as_it_is {
        return Ok(());
    }
    let error = HubError::invalid(name, "记录已是这个内容，无需更正", "that is what the record says already");
    Err(Stop::Refused { code: "says-the-same", about: doubted.person.clone(), error })
}

/// What can be claimed of an item, whatever the record says: the claim with its value in the normal form.
pub(super) fn possible(dataset: &Dataset, item: Option<&str>, claim: Claim) -> Result<Claim, HubError> {
    let Some(name) = item else {
        return match claim {
            Claim::NoRecord | Claim::Missing => Ok(claim),
            _ => Err(HubError::invalid("item", "请指明哪一项有误", "say which item is wrong")),
        };
    };
    let Some(item) = dataset.item(name) else {
        let (zh, en) = (format!("没有名为 {name} 的信息项"), format!("there is no item `{name}`"));
        return Err(HubError::invalid("item", zh, en));
    };
    let of = |e: FieldError| HubError::Invalid { field: name.to_owned(), problem: e.reason };
    match claim {
        Claim::NoRecord | Claim::Missing => Err(HubError::invalid(
            "item",
            "就整条记录提出时不指明信息项",
            "name no item when the whole record is meant",
        )),
        _ if name == dataset.key => Err(HubError::invalid(
            name,
            "标识项不能更正：如整条记录有误，请申请删除该记录",
            "the key of a record does not change: if the record is about somebody else, ask for its removal",
        )),
        Claim::Nothing if item.required => {
            Err(HubError::invalid(name, "该项为必填，不能清空", "a record must have it: it cannot be taken away"))
        }
        Claim::Nothing => Ok(Claim::Nothing),
        Claim::Value(value) => Ok(Claim::Value(validate::normal(item, &value).map_err(of)?.unwrap_or(value))),
    }
}

fn none(dataset: &Dataset) -> HubError {
    HubError::NoSuchRecord(dataset.id.clone())
}

/// One answer for all that a grant does not cover, so that nobody finds out by asking what is there.
fn not_covered() -> HubError {
    HubError::forbidden(
        "没有这条记录，或者贵单位的授权不包括它的这一项：提出核查须有可以读取该项的授权和角色，并以明文读取",
        "there is no such record, or no grant of your department covers this item of it: to doubt it takes a grant, and a role, by which you read it unmasked",
    )
}

fn failed(e: ReadError) -> HubError {
    match e {
        ReadError::Denied(denial) => {
            let why = denial.to_string();
            HubError::forbidden(why.clone(), why)
        }
        other => StoreError::Io(other.to_string()).into(),
    }
}
