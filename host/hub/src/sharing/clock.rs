//! Notes to those who have something to decide, or for whom something was decided.

use super::desk::{read, settle};
use super::{Request, RequestState, Step, act, keys};
use crate::{Actor, Grant, GrantFilter, Hub, HubError, Sharing};
use yunlong_messaging::Notice;
use yunlong_model::{Text, Timestamp};
use yunlong_store::txn::from_json;
use yunlong_store::{Direction, Txn, transact};

impl Hub {
    /// Reminds providers of requests whose deadline has passed: once for each deadline, and again every
    /// [`crate::HubConfig::reminder_days`] days.
    pub(crate) async fn remind_of_requests(&self) -> Result<(), HubError> {
        let (now, again) = (self.inner.now(), self.inner.config.reminder_days);
        let rows = self.inner.store.scan(&keys::open_requests().children(), Direction::Ascending, usize::MAX).await?;
        for row in rows {
            let id: String = from_json(&row.key, &row.value)?;
            let due = self.request(&id).await?;
            if !due.reminder_due(now, again) {
                continue;
            }
            let provider = self.catalogue_entry(due.dataset()).map_or(due.provider, |e| e.dataset.provider.clone());
            let to = self.inner.identity.administrators_of(&provider).await?;
            transact!(&self.inner.store, |txn| {
                let mut request = read(txn, &id).await?;
                if !request.reminder_due(now, again) {
                    return Ok(());
                }
                request.reminded_at = Some(now);
                request.steps.push(Step { at: now, by: "-".into(), action: "reminded".into(), note: String::new() });
                settle(txn, &request);
                self.inner
                    .audit
                    .stage(txn, &act("request.reminded", &Actor::platform(), &request, String::new()))
                    .await?;
                for account in &to {
                    self.tell(txn, account, &overdue(&request))?;
                }
                Ok::<_, HubError>(())
            })?;
        }
        Ok(())
    }

    /// Warns the departments whose grants are about to end, once for each end: those of an installation
    /// that has already asked for an extension are not.
    pub(crate) async fn warn_of_ends(&self) -> Result<(), HubError> {
        let (now, days) = (self.inner.now(), self.inner.config.grant_warning_days);
        for due in self.grants(&GrantFilter { standing: true, ..GrantFilter::default() }).await? {
            if !due.warning_due(now, days) {
                continue;
            }
            let request = self.request(&due.request).await?;
            let to = self.inner.identity.administrators_of(&request.organization).await?;
            let key = keys::grant(&due.installation, &due.dataset, &due.purpose);
            let newest = keys::newest(&due.installation, &due.dataset, &due.purpose);
            transact!(&self.inner.store, |txn| {
                let Some(mut grant) = txn.get_as::<Grant>(&key).await?.filter(|g| g.warning_due(now, days)) else {
                    return Ok(());
                };
                let asked_again = match txn.get_as::<String>(&newest).await? {
                    Some(id) => read(txn, &id).await?.state.is_open(),
                    None => false,
                };
                if !asked_again {
                    for account in &to {
                        self.tell(txn, account, &ending(&request, grant.until))?;
                    }
                }
                grant.warned_of = Some(grant.until);
                txn.put_as(key.clone(), &grant);
                Ok::<_, HubError>(())
            })?;
            self.inner.sharing.grants.changed(&due.installation);
        }
        Ok(())
    }

    /// Revokes the grants that nobody decided on, of datasets that are no longer shared unconditionally, and
    /// tells the departments that held them. They have no effect in any case ([`crate::standing`]).
    pub(crate) async fn end_automatic_grants(&self) -> Result<(), HubError> {
        for grant in self.grants(&GrantFilter { standing: true, ..GrantFilter::default() }).await? {
            let entry = self.catalogue_entry(&grant.dataset).filter(|_| grant.is_automatic());
            if entry.is_none_or(|e| e.dataset.sharing == Sharing::Unconditional) {
                continue;
            }
            let to = self.inner.identity.administrators_of(&self.request(&grant.request).await?.organization).await?;
            let reason = "该信息资源不再无条件共享，请在控制台重新申请 / the dataset is no longer shared unconditionally: ask for it again at the console";
            self.revoke(&grant, reason, &Actor::platform(), &to).await?;
        }
        Ok(())
    }

    /// Stages notes that say where a request stands now.
    pub(super) fn note(&self, txn: &mut Txn, to: &[String], request: &Request) -> Result<(), HubError> {
        let said = match &request.state {
            RequestState::Filed => filed(request),
            RequestState::Accepted => (
                text("数据申请已受理", "Data request accepted"),
                about(request, "提供方已受理", "the provider has it in hand"),
            ),
            RequestState::Approved { narrowed: false, .. } => {
                (text("数据申请已批准", "Data request approved"), about(request, "已批准", "approved as asked for"))
            }
            RequestState::Approved { narrowed: true, .. } => (
                text("数据申请已部分批准", "Data request approved in part"),
                about(
                    request,
                    "已批准，范围小于申请：请在控制台查看",
                    "approved with less than was asked for: see the console",
                ),
            ),
            RequestState::Refused { reason } => (
                text("数据申请未获批准", "Data request refused"),
                about(request, &format!("未批准，理由：{reason}"), &format!("refused: {reason}")),
            ),
            RequestState::Withdrawn { reason } => (
                text("数据申请已撤回", "Data request withdrawn"),
                about(request, &format!("已撤回：{reason}"), &format!("withdrawn: {reason}")),
            ),
        };
        for account in to {
            self.tell(txn, account, &said)?;
        }
        Ok(())
    }

    pub(super) fn note_revoked(
        &self,
        txn: &mut Txn,
        to: &[String],
        request: &Request,
        reason: &str,
    ) -> Result<(), HubError> {
        let said = (
            text("数据授权已撤销", "Data grant revoked"),
            about(request, &format!("授权已撤销，即时生效，理由：{reason}"), &format!("revoked at once: {reason}")),
        );
        for account in to {
            self.tell(txn, account, &said)?;
        }
        Ok(())
    }

    fn tell(&self, txn: &mut Txn, account: &str, (title, body): &(Text, Text)) -> Result<(), HubError> {
        let notice = Notice { title: title.clone(), body: body.clone(), path: None };
        Ok(self.inner.messaging.notify_from_platform(txn, account, notice)?)
    }
}

fn text(zh: &str, en: &str) -> Text {
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

/// A sentence about a request: who asks for what, and then this.
fn about(request: &Request, zh: &str, en: &str) -> Text {
    let (app, dataset, purpose) = (&request.installation, request.dataset(), request.purpose());
    Text {
        zh: format!("应用“{app}”申请信息资源“{dataset}”（用途：{purpose}）：{zh}。"),
        en: format!("The app `{app}` asked for the dataset `{dataset}` (purpose `{purpose}`): {en}."),
    }
}

fn filed(request: &Request) -> (Text, Text) {
    let (accept, decide) = (request.accept_by.to_shanghai(), request.decide_by.to_shanghai());
    (
        text("有新的数据申请", "A new data request"),
        about(
            request,
            &format!("理由：{}。请于 {accept} 前受理、{decide} 前决定", request.asked.reason.zh),
            &format!("{}. Accept it by {accept} and decide it by {decide} (Beijing time)", request.asked.reason.en),
        ),
    )
}

fn ending(request: &Request, until: Timestamp) -> (Text, Text) {
    let until = until.to_shanghai();
    (
        text("数据授权即将到期", "A data grant is about to end"),
        about(
            request,
            &format!("授权将于 {until} 到期，之后应用将不能再使用该数据；如需继续使用，请在控制台重新申请"),
            &format!(
                "the grant ends at {until} (Beijing time) and the app cannot use the dataset after it; ask again at the console to go on"
            ),
        ),
    )
}

fn overdue(request: &Request) -> (Text, Text) {
    let decide = request.decide_by.to_shanghai();
    (
        text("数据申请已逾期未办", "A data request is overdue"),
        about(
            request,
            &format!("已超过规定时限，请尽快在控制台办理（决定期限：{decide}）"),
            &format!(
                "its deadline has passed; decide it at the console (it was to be decided by {decide}, Beijing time)"
            ),
        ),
    )
}
