//! Filing a correction, and answering it.

use super::doubt::{Doubted, possible};
use super::{Answer, Claim, Correction, CorrectionState, CorrectionStep, Filer, NewCorrection, put, read};
use crate::catalogue::audit_entry;
use crate::records::{Authority, Fresh};
use crate::{Actor, Hub, HubError, Provenance, days, keys};
use serde_json::{Map, Value};
use yunlong_audit::Entry;
use yunlong_formats::{Date, Explain};
use yunlong_messaging::Notice;
use yunlong_model::{Kind, Text};
use yunlong_store::{StoreError, Txn, transact};

/// The longest reason, evidence or answer in characters.
const MAX_TEXT: usize = 2_000;
/// Where a note about a correction leads on the portal.
const PORTAL_PATH: &str = "/my-data/corrections";

impl Hub {
    /// Files a correction: a citizen about a record about themself, an official about a record that their
    /// department provides, answers for, or may read. What it answers to whoever does not answer for the
    /// item leaves out what the record says.
    ///
    /// # Errors
    /// [`HubError::NoSuchRecord`] and [`HubError::Invalid`] for a value that the record has already, to
    /// those who know what it says; [`HubError::Forbidden`] to others, whatever is there;
    /// [`HubError::Invalid`] for an item that does not exist, a value that it cannot have, and for texts
    /// that are missing or too long.
    pub async fn file_correction(&self, new: NewCorrection, by: &Actor) -> Result<Correction, HubError> {
        let records = self.records(&new.dataset)?;
        let dataset = records.dataset().clone();
        check_text("reason", &new.reason, 1)?;
        check_text("evidence", &new.evidence, 0)?;
        let claim = possible(&dataset, new.item.as_deref(), new.claim.clone())?;
        let (key, was, person) = if claim == Claim::Missing {
            let (number, person) = self.unregistered(&records, &new, by).await?;
            (number, None, Some(person))
        } else {
            let Doubted { record, person } = self.doubted(&records, &new, &claim, by).await?;
            let was = new.item.as_ref().and_then(|i| record.body.get(i)).cloned();
            (record.key, was, person)
        };
        let item = new.item.as_deref().and_then(|i| dataset.item(i));
        let authority = item.map_or(dataset.provider.as_str(), |i| dataset.authority(i)).to_owned();
        let now = self.inner.now();
        let tag = self.inner.tags().tag(&["correction", &by.account, &new.dataset, &key, &now.0.to_string()]);
        let correction = Correction {
            id: format!("{:012x}{}", now.as_u64(), &tag[..16]),
            dataset: new.dataset,
            was,
            key,
            person,
            item: new.item,
            claim,
            reason: new.reason,
            evidence: new.evidence,
            filer: Filer { account: by.account.clone(), kind: by.kind, organization: by.organization.clone() },
            filed: now,
            provider: dataset.provider.clone(),
            authority,
            state: CorrectionState::Filed,
            due: days::after_working_days(now, self.inner.config.correction_working_days),
            accepted: None,
            reminded: None,
            answer: None,
            version: None,
        };
        let desk = self.inner.identity.administrators_of(&correction.provider).await?;
        transact!(&self.inner.store, |txn| {
            if txn.get(&keys::correction(&correction.id)).await?.is_some() {
                return Err(HubError::invalid("key", "刚刚已提出同样的核查", "the same was filed a moment ago"));
            }
            put(txn, &self.inner.keys, &correction)?;
            stage_places(txn, &correction, true);
            self.audit_correction(txn, "correction.filed", &correction, by).await?;
            let note = note(
                &correction,
                "收到新的疑义核查，请在控制台受理",
                "a correction was filed: accept it at the console",
            );
            for account in &desk {
                self.tell_of(txn, account, &note, None)?;
            }
            Ok::<_, HubError>(())
        })?;
        Ok(correction.seen_by(by))
    }

    /// Accepts a correction and forwards it to the item's authority. The provider does, or the authority.
    ///
    /// # Errors
    /// [`HubError::Transition`]; [`HubError::Forbidden`]; [`HubError::Unknown`].
    pub async fn accept_correction(&self, id: &str, by: &Actor) -> Result<Correction, HubError> {
        let authority = self.correction(id).await?.authority;
        let desk = self.inner.identity.administrators_of(&authority).await?;
        let now = self.inner.now();
        let accepted = transact!(&self.inner.store, |txn| {
            let mut correction = read(txn, &self.inner.keys, id).await?;
            handles(&correction, by)?;
            correction.state = correction.state.after(CorrectionStep::Accept)?;
            correction.accepted = Some(now);
            put(txn, &self.inner.keys, &correction)?;
            self.audit_correction(txn, "correction.accepted", &correction, by).await?;
            self.tell_filer(txn, &correction, "已受理，正在核查", "accepted: the authority looks into it")?;
            if correction.authority != correction.provider {
                let note = note(
                    &correction,
                    "一项疑义核查已转交贵单位，请核查",
                    "a correction was forwarded to you: look into it",
                );
                for account in &desk {
                    self.tell_of(txn, account, &note, None)?;
                }
            }
            Ok::<_, HubError>(correction)
        })?;
        Ok(accepted)
    }

    /// Corrects the record as it was claimed, or with `value` where the authority found another one, from
    /// `valid_from` on, or from the day on which the version began that is wrong. Record and correction are
    /// one commit.
    ///
    /// # Errors
    /// [`HubError::Transition`] unless it was accepted; [`HubError::Forbidden`] for whoever is not the
    /// authority; [`HubError::Record`] when the record cannot be so.
    pub async fn correct(
        &self,
        id: &str,
        value: Option<Value>,
        valid_from: Option<Date>,
        text: &str,
        by: &Actor,
    ) -> Result<Correction, HubError> {
        check_text("answer", text, 0)?;
        let now = self.inner.now();
        let corrected = transact!(&self.inner.store, |txn| {
            let mut correction = read(txn, &self.inner.keys, id).await?;
            decides(&correction, by)?;
            correction.state = correction.state.after(CorrectionStep::Correct)?;
            let through = format!("correction/{id}");
            let organization = correction.authority.clone();
            let provenance = Provenance { organization, by: by.account.clone(), through, at: now };
            correction.version = self.apply(txn, &correction, value.clone(), valid_from, provenance).await?;
            self.answer(txn, &mut correction, text, by).await?;
            Ok::<_, HubError>(correction)
        })?;
        Ok(corrected)
    }

    /// Leaves the record as it is, for a reason that the filer reads.
    ///
    /// # Errors
    /// [`HubError::Transition`]; [`HubError::Forbidden`]; [`HubError::Invalid`] without a reason.
    pub async fn reject_correction(&self, id: &str, reason: &str, by: &Actor) -> Result<Correction, HubError> {
        check_text("reason", reason, 1)?;
        let rejected = transact!(&self.inner.store, |txn| {
            let mut correction = read(txn, &self.inner.keys, id).await?;
            // Before it was forwarded the provider rejects it, afterwards the authority.
            if correction.state == CorrectionState::Filed {
                handles(&correction, by)?;
            } else {
                decides(&correction, by)?;
            }
            correction.state = correction.state.after(CorrectionStep::Reject)?;
            self.answer(txn, &mut correction, reason, by).await?;
            Ok::<_, HubError>(correction)
        })?;
        Ok(rejected)
    }

    /// Takes a correction back. Only its filer does.
    ///
    /// # Errors
    /// [`HubError::Transition`]; [`HubError::Forbidden`].
    pub async fn withdraw_correction(&self, id: &str, by: &Actor) -> Result<Correction, HubError> {
        let withdrawn = transact!(&self.inner.store, |txn| {
            let mut correction = read(txn, &self.inner.keys, id).await?;
            if correction.filer.account != by.account {
                return Err(not_theirs());
            }
            correction.state = correction.state.after(CorrectionStep::Withdraw)?;
            put(txn, &self.inner.keys, &correction)?;
            stage_places(txn, &correction, false);
            self.audit_correction(txn, "correction.withdrawn", &correction, by).await?;
            Ok::<_, HubError>(correction)
        })?;
        Ok(withdrawn.seen_by(by))
    }

    /// Reminds those who are to answer of what is overdue, once each.
    pub(crate) async fn remind_of_corrections(&self) -> Result<(), HubError> {
        let now = self.inner.now();
        for id in self.overdue_corrections(now).await? {
            let due = self.correction(&id).await?;
            let whose = if due.state == CorrectionState::Filed { &due.provider } else { &due.authority };
            let desk = self.inner.identity.administrators_of(whose).await?;
            transact!(&self.inner.store, |txn| {
                let mut correction = read(txn, &self.inner.keys, &id).await?;
                if !correction.is_overdue(now) || correction.reminded.is_some() {
                    return Ok(());
                }
                correction.reminded = Some(now);
                put(txn, &self.inner.keys, &correction)?;
                // It waits no longer for a reminder.
                txn.delete(keys::open_corrections().u64(correction.due.as_u64()).text(&id));
                self.audit_correction(txn, "correction.overdue", &correction, &Actor::platform()).await?;
                let note = note(&correction, "疑义核查已逾期，请尽快答复", "a correction is overdue: answer it");
                for account in &desk {
                    self.tell_of(txn, account, &note, None)?;
                }
                Ok::<_, HubError>(())
            })?;
        }
        Ok(())
    }

    /// Writes what was found into the record. Answers its version; `None` when it is gone. A record that was
    /// missing has been entered by then, with all that belongs to it.
    async fn apply(
        &self,
        txn: &mut Txn,
        correction: &Correction,
        value: Option<Value>,
        valid_from: Option<Date>,
        provenance: Provenance,
    ) -> Result<Option<u64>, HubError> {
        if correction.claim == Claim::Missing {
            return self.entered(correction).await.map(Some);
        }
        let mut writer = self.writer(txn, &correction.dataset).await?;
        let Some(item) = &correction.item else {
            writer.erase(txn, &correction.key).await?;
            writer.finish(txn);
            return Ok(None);
        };
        let newest = writer.newest(txn, &correction.key).await?;
        let newest = newest.ok_or_else(|| HubError::NoSuchRecord(correction.dataset.clone()))?;
        let from = match valid_from {
            Some(day) => day,
            None => newest.valid_from.parse().map_err(|e: yunlong_formats::DateError| StoreError::Corrupt(e.en()))?,
        };
        let claimed = match &correction.claim {
            Claim::Value(claimed) => claimed.clone(),
            Claim::Nothing | Claim::NoRecord | Claim::Missing => Value::Null,
        };
        let fresh = Fresh {
            key: correction.key.clone(),
            fields: Map::from_iter([(item.clone(), value.unwrap_or(claimed))]),
            valid_from: from,
            valid_to: None,
            provenance,
            based_on: None,
        };
        let written = writer.correct(txn, &Authority::Of(correction.authority.clone()), fresh).await?;
        writer.finish(txn);
        Ok(Some(written.version()))
    }

    /// The version of the record that was entered since somebody said that it was missing.
    async fn entered(&self, correction: &Correction) -> Result<u64, HubError> {
        let records = self.records(&correction.dataset)?;
        let about = match &correction.person {
            Some(person) => records.about(person).await?,
            None => Vec::new(),
        };
        if let Some(found) = about.iter().find(|f| f.record.recorded >= correction.filed) {
            return Ok(found.record.version);
        }
        Err(HubError::invalid(
            "answer",
            "提出之后还没有登记这位市民的记录：请先导入或者录入，再办结",
            "no record about this person has been entered since: import or write it first, then answer",
        ))
    }

    /// Closes a correction with its answer.
    async fn answer(&self, txn: &mut Txn, correction: &mut Correction, text: &str, by: &Actor) -> Result<(), HubError> {
        let (at, text) = (self.inner.now(), text.to_owned());
        correction.answer =
            Some(Answer { at, by: by.account.clone(), organization: by.organization.clone(), text: text.clone() });
        put(txn, &self.inner.keys, correction)?;
        stage_places(txn, correction, false);
        let (action, zh, en) = match correction.state {
            CorrectionState::Corrected => ("correction.corrected", "记录已更正", "the record was corrected"),
            _ => ("correction.rejected", "经核查，记录不予更正", "the record stays as it is"),
        };
        self.audit_correction(txn, action, correction, by).await?;
        let with = |said: &str| if text.trim().is_empty() { said.to_owned() } else { format!("{said}：{text}") };
        self.tell_filer(txn, correction, &with(zh), &with(en).replace('：', ": "))
    }

    async fn audit_correction(
        &self,
        txn: &mut Txn,
        action: &str,
        correction: &Correction,
        by: &Actor,
    ) -> Result<(), HubError> {
        let entry = Entry {
            about: correction.person.clone(),
            target: correction.id.clone(),
            fields: correction.item.iter().cloned().collect(),
            ..audit_entry(action, by, &correction.dataset, "")
        };
        Ok(self.inner.audit.stage(txn, &entry).await?)
    }

    fn tell_filer(&self, txn: &mut Txn, correction: &Correction, zh: &str, en: &str) -> Result<(), HubError> {
        let path = (correction.filer.kind != Kind::Official).then_some(PORTAL_PATH);
        self.tell_of(txn, &correction.filer.account, &note(correction, zh, en), path)
    }

    fn tell_of(&self, txn: &mut Txn, account: &str, body: &Text, path: Option<&str>) -> Result<(), HubError> {
        let title = Text { zh: "疑义核查".into(), en: "Correction of a record".into() };
        let notice = Notice { title, body: body.clone(), path: path.map(ToOwned::to_owned) };
        Ok(self.inner.messaging.notify_from_platform(txn, account, notice)?)
    }
}

/// A sentence about a correction that names no value: notes are shown on screens in passing.
fn note(correction: &Correction, zh: &str, en: &str) -> Text {
    let (dataset, filed) = (&correction.dataset, correction.filed.to_shanghai());
    Text {
        zh: format!("信息资源“{dataset}”的疑义核查（{filed} 提出）：{zh}。"),
        en: format!("About the record in `{dataset}` (filed {filed}, Beijing time): {en}."),
    }
}

/// The rows by which a correction is found. They stand for ever but the one that waits for its deadline.
fn stage_places(txn: &mut Txn, correction: &Correction, new: bool) {
    let waiting = keys::open_corrections().u64(correction.due.as_u64()).text(&correction.id);
    let open = keys::open_count(&correction.dataset);
    if !new {
        txn.delete(waiting);
        txn.adjust(open, -1, 0, i64::MAX);
        return;
    }
    txn.put_as(waiting, &());
    txn.adjust(open, 1, 0, i64::MAX);
    txn.put_as(keys::corrections_by(&correction.filer.account).text(&correction.id), &());
    txn.put_as(keys::corrections_for(&correction.provider).text(&correction.id), &());
    if correction.authority != correction.provider {
        txn.put_as(keys::corrections_for(&correction.authority).text(&correction.id), &());
    }
}

fn check_text(field: &str, text: &str, least: usize) -> Result<(), HubError> {
    let length = text.trim().chars().count();
    if (least..=MAX_TEXT).contains(&length) && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Ok(());
    }
    Err(HubError::invalid(
        field,
        format!("请填写 {least} 至 {MAX_TEXT} 个字符"),
        format!("{least} to {MAX_TEXT} characters are possible"),
    ))
}

fn handles(correction: &Correction, by: &Actor) -> Result<(), HubError> {
    if by.acts_for(&correction.provider) || by.acts_for(&correction.authority) {
        return Ok(());
    }
    Err(not_theirs())
}

fn decides(correction: &Correction, by: &Actor) -> Result<(), HubError> {
    if by.acts_for(&correction.authority) {
        return Ok(());
    }
    Err(not_theirs())
}

pub(super) fn not_theirs() -> HubError {
    HubError::forbidden(
        "这项疑义核查不由您处理：由数据提供方受理、权威来源部门核查，由提出人撤回",
        "this correction is not yours: the provider accepts it, the authority of the item answers it, its filer withdraws it",
    )
}
