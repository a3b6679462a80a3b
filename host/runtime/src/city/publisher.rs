//! `city:messaging/publisher`: events and notes, within a transaction.

use super::bindings::city::messaging::publisher::{self as wit, Error};
use super::collections::Transaction;
use crate::interceptor::Interface;
use crate::state::State;
use wasmtime::component::Resource;
use yunlong_installations::Capability;
use yunlong_messaging::{MAX_DATA, MessagingError, Notice, Outgoing};
use yunlong_model::{Text, Timestamp};

impl From<MessagingError> for Error {
    fn from(e: MessagingError) -> Self {
        match e {
            MessagingError::Undeclared(topic) => Self::Undeclared(topic),
            MessagingError::Invalid(why) => Self::Invalid(why),
            other => Self::Other(other.to_string()),
        }
    }
}

fn outgoing(event: wit::Outgoing) -> Result<Outgoing, Error> {
    if event.data.len() > MAX_DATA {
        return Err(Error::Invalid(format!(
            "the payload has {} bytes: at most {MAX_DATA} are possible",
            event.data.len()
        )));
    }
    Ok(Outgoing {
        data: serde_json::from_str(&event.data).map_err(|e| Error::Invalid(format!("the payload is not JSON: {e}")))?,
        topic: event.topic,
        subject: event.subject,
        key: event.key,
        not_before: event.not_before.map(|ms| Timestamp(i64::try_from(ms).unwrap_or(i64::MAX))),
        deduplication_key: event.deduplication_key,
    })
}

impl wit::Host for State {
    async fn publish(
        &mut self,
        transaction: Resource<Transaction>,
        event: wit::Outgoing,
    ) -> wasmtime::Result<Result<String, Error>> {
        if let Err(why) = self.interceptor.fallible(Interface::Publisher, "publish")? {
            return Ok(Err(Error::Other(why)));
        }
        if !self.interceptor.granted(|c| matches!(c, Capability::Publish(t) if *t == event.topic)) {
            return Ok(Err(Error::Undeclared(event.topic)));
        }
        let size = event.data.len();
        let event = match outgoing(event) {
            Ok(event) => event,
            Err(e) => return Ok(Err(e)),
        };
        let t = self.table.get_mut(&transaction)?;
        if let Err(e) = t.room_for(size) {
            return Ok(Err(Error::Invalid(e)));
        }
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        let own = &self.invocation.installation;
        Ok(self.services.messaging.publish_as(txn, &own.name, &own.manifest, event).await.map_err(Into::into))
    }

    async fn notify(
        &mut self,
        transaction: Resource<Transaction>,
        note: wit::Notification,
    ) -> wasmtime::Result<Result<(), Error>> {
        if let Err(why) = self.interceptor.fallible(Interface::Publisher, "notify")? {
            return Ok(Err(Error::Other(why)));
        }
        // A note rides on a transaction: whose data permission is taken away has none to write.
        if !self.interceptor.granted(|c| matches!(c, Capability::Data)) {
            return Ok(Err(Error::Other("capability not granted: data".into())));
        }
        let size = [&note.title_zh, &note.title_en, &note.body_zh, &note.body_en].iter().map(|t| t.len()).sum();
        let installation = &self.invocation.installation.name;
        let account = match self.services.identity.account_of(installation, &note.recipient).await {
            Ok(Some(account)) => account,
            Ok(None) => return Ok(Err(Error::UnknownRecipient)),
            Err(e) => return Ok(Err(Error::Other(e.to_string()))),
        };
        let notice = Notice {
            title: Text { zh: note.title_zh, en: note.title_en },
            body: Text { zh: note.body_zh, en: note.body_en },
            path: note.path,
        };
        let t = self.table.get_mut(&transaction)?;
        if let Err(e) = t.room_for(size) {
            return Ok(Err(Error::Invalid(e)));
        }
        let Some(txn) = t.txn() else { return Ok(Err(Error::Closed)) };
        Ok(self.services.messaging.notify(txn, &account, installation, notice).map_err(Into::into))
    }
}
