//! Between the contract's types and the SDK's.

use super::bindings::app::city::{
    data::collections as data, data::shared as wit_shared, files::files as wit_files, identity, messaging::publisher,
    payments::intents,
};
use crate::Lang;
use crate::data::{DataError, RawBound, RawDocument, RawPage, RawQuery};
use crate::files::{File, FileError, NewTicket, Show, Ticket};
use crate::identity::{ActingFor, Assurance, Attribute, AttributeError, Grantor, Kind, Presentation, Principal};
use crate::messaging::{MessagingError, Notification, Outgoing};
use crate::payments::{
    EscrowState, HeldRefund, Intent, Line, NewEscrow, NewIntent, NewRefund, PaymentError, Release, Status,
};
use crate::shared::{self, Released, SharedError, Source};

pub(super) fn principal(p: identity::principal::Principal) -> Principal {
    use identity::principal::{Assurance as A, Kind as K};
    Principal {
        subject: p.subject,
        kind: match p.kind {
            K::Anonymous => Kind::Anonymous,
            K::Citizen => Kind::Citizen,
            K::Representative => Kind::Representative,
            K::Official => Kind::Official,
            K::Service => Kind::Service,
        },
        assurance: match p.assurance {
            A::None => Assurance::None,
            A::Password => Assurance::Password,
            A::MultiFactor => Assurance::MultiFactor,
        },
        roles: p.roles,
        organization: p.organization,
    }
}

pub(super) fn acting_for(g: identity::representation::Grantor) -> ActingFor {
    use identity::representation::GrantorKind;
    let grantor = match g.kind {
        GrantorKind::Person => Grantor::Person,
        GrantorKind::Company => Grantor::Company { code: g.code.unwrap_or_default(), name: g.name.unwrap_or_default() },
    };
    ActingFor { subject: g.subject, grantor, mandate: g.mandate }
}

pub(super) fn presentation(p: &identity::principal::Presentation) -> Presentation {
    let english = p.language.split('-').next().is_some_and(|l| l.eq_ignore_ascii_case("en"));
    Presentation { lang: if english { Lang::En } else { Lang::Zh }, elder: p.elder_mode }
}

pub(super) fn attribute(a: Attribute) -> identity::attributes::Attribute {
    use identity::attributes::Attribute as W;
    match a {
        Attribute::RealName => W::RealName,
        Attribute::ResidentId => W::ResidentId,
        Attribute::Mobile => W::Mobile,
        Attribute::BirthDate => W::BirthDate,
    }
}

pub(super) fn attribute_error(e: identity::attributes::Error) -> AttributeError {
    use identity::attributes::Error as W;
    match e {
        W::NotSignedIn => AttributeError::NotSignedIn,
        W::ConsentRequired(scope) => AttributeError::ConsentRequired(scope),
        W::NotGranted(why) => AttributeError::NotGranted(why),
        W::Absent => AttributeError::Absent,
        W::Other(why) => AttributeError::Other(why),
    }
}

pub(super) fn data_error(e: data::Error) -> DataError {
    use data::Error as W;
    match e {
        W::Conflict => DataError::Conflict,
        W::AlreadyExists(id) => DataError::AlreadyExists(id),
        W::UniqueViolation(v) => {
            DataError::UniqueViolation { collection: v.collection, index: v.index, existing: v.existing }
        }
        W::OutOfBounds(v) => DataError::OutOfBounds {
            counter: v.counter,
            key: v.key,
            value: v.value,
            delta: v.delta,
            min: v.min,
            max: v.max,
        },
        W::Undeclared(what) => DataError::Undeclared(what),
        W::Invalid(why) => DataError::Invalid(why),
        W::TooLarge(why) => DataError::TooLarge(why),
        W::Closed => DataError::Closed,
        W::Unavailable(why) => DataError::Unavailable(why),
        W::Other(why) => DataError::Other(why),
    }
}

pub(super) fn document(d: data::Document) -> RawDocument {
    RawDocument { id: d.id, version: d.version, body: d.body }
}

pub(super) fn page(p: data::Page) -> RawPage {
    RawPage { documents: p.documents.into_iter().map(document).collect(), next: p.next }
}

pub(super) fn query(q: &RawQuery) -> data::Query {
    let bound = |b: &RawBound| data::Bound { value: b.value.to_string(), inclusive: b.inclusive };
    data::Query {
        index: q.index.to_owned(),
        equals: q.equals.iter().map(ToString::to_string).collect(),
        lower: q.lower.as_ref().map(bound),
        upper: q.upper.as_ref().map(bound),
        direction: if q.descending { data::Direction::Descending } else { data::Direction::Ascending },
        limit: q.limit,
        cursor: q.cursor.clone(),
    }
}

pub(super) fn outgoing(e: &Outgoing) -> publisher::Outgoing {
    publisher::Outgoing {
        topic: e.topic.clone(),
        subject: e.subject.clone(),
        key: e.key.clone(),
        data: e.data.clone(),
        not_before: e.not_before,
        deduplication_key: e.deduplication_key.clone(),
    }
}

pub(super) fn notification(n: &Notification) -> publisher::Notification {
    publisher::Notification {
        recipient: n.recipient.clone(),
        title_zh: n.title.zh.to_string(),
        title_en: n.title.en.to_string(),
        body_zh: n.body.zh.to_string(),
        body_en: n.body.en.to_string(),
        path: n.path.clone(),
    }
}

pub(super) fn messaging_error(e: publisher::Error) -> MessagingError {
    use publisher::Error as W;
    match e {
        W::Undeclared(what) => MessagingError::Undeclared(what),
        W::Invalid(why) => MessagingError::Invalid(why),
        W::UnknownRecipient => MessagingError::UnknownRecipient,
        W::Closed => MessagingError::Closed,
        W::Other(why) => MessagingError::Other(why),
    }
}

fn lines(lines: &[Line]) -> Vec<intents::Line> {
    lines
        .iter()
        .map(|l| intents::Line { payee: l.payee.clone(), amount: l.amount, description: l.description.clone() })
        .collect()
}

pub(super) fn new_intent(i: &NewIntent) -> intents::NewIntent {
    intents::NewIntent {
        reference: i.reference.clone(),
        description_zh: i.description.zh.to_string(),
        description_en: i.description.en.to_string(),
        amount: i.amount(),
        lines: lines(&i.lines),
        expires_at: i.expires_at,
        return_path: i.return_path.clone(),
    }
}

pub(super) fn new_refund(r: &NewRefund) -> intents::NewRefund {
    intents::NewRefund { reference: r.reference.clone(), lines: lines(&r.lines), reason: r.reason.clone() }
}

pub(super) fn new_escrow(e: &NewEscrow) -> intents::NewEscrow {
    intents::NewEscrow {
        reference: e.reference.clone(),
        description_zh: e.description.zh.to_string(),
        description_en: e.description.en.to_string(),
        amount: e.amount,
        expires_at: e.expires_at,
        return_path: e.return_path.clone(),
    }
}

pub(super) fn held_release(r: &Release) -> intents::HeldRelease {
    intents::HeldRelease { reference: r.reference.clone(), lines: lines(&r.lines), reason: r.reason.clone() }
}

pub(super) fn held_refund(r: &HeldRefund) -> intents::HeldRefund {
    intents::HeldRefund { reference: r.reference.clone(), amount: r.amount, reason: r.reason.clone() }
}

pub(super) fn escrow_state(e: intents::EscrowState) -> EscrowState {
    EscrowState {
        amount: e.amount,
        captured: e.captured,
        held: e.held,
        released: e.released,
        refunding: e.refunding,
        refunded: e.refunded,
    }
}

pub(super) fn intent(i: intents::Intent) -> Intent {
    use intents::Status as W;
    Intent {
        id: i.id,
        reference: i.reference,
        amount: i.amount,
        captured: i.captured,
        refunded: i.refunded,
        status: match i.status {
            W::Pending => Status::Pending,
            W::Processing => Status::Processing,
            W::Captured => Status::Captured,
            W::Failed => Status::Failed,
            W::Cancelled => Status::Cancelled,
            W::Refunded => Status::Refunded,
        },
        cashier_url: i.cashier_url,
    }
}

pub(super) fn payment_error(e: intents::Error) -> PaymentError {
    use intents::Error as W;
    match e {
        W::UnknownIntent(id) => PaymentError::UnknownIntent(id),
        W::WrongStatus(why) => PaymentError::WrongStatus(why),
        W::Invalid(why) => PaymentError::Invalid(why),
        W::NotGranted(why) => PaymentError::NotGranted(why),
        W::Closed => PaymentError::Closed,
        W::Other(why) => PaymentError::Other(why),
    }
}

pub(super) fn new_ticket(t: &NewTicket) -> wit_files::NewTicket {
    wit_files::NewTicket {
        area: t.area.clone(),
        max_bytes: t.max_bytes,
        accept: t.accept.clone(),
        max_files: t.max_files,
        return_path: t.return_path.clone(),
    }
}

pub(super) fn ticket(t: wit_files::Ticket, max_files: u32) -> Ticket {
    let wit_files::Ticket { action, uploads, accept, max_bytes, expires } = t;
    Ticket { action, uploads, accept, max_bytes, expires, max_files }
}

pub(super) fn file(f: wit_files::File) -> File {
    File {
        id: f.id,
        area: f.area,
        name: f.name,
        media_type: f.media_type,
        size: f.size,
        sha256: f.sha256,
        created: f.created,
        uploader: f.uploader,
        attached_to: f.attached_to,
        expires: f.expires,
    }
}

pub(super) fn show(how: Show) -> wit_files::Disposition {
    match how {
        Show::Attachment => wit_files::Disposition::Attachment,
        Show::Inline => wit_files::Disposition::Inline,
    }
}

pub(super) fn file_error(e: wit_files::Error) -> FileError {
    use wit_files::Error as W;
    match e {
        W::Undeclared(area) => FileError::Undeclared(area),
        W::NotSignedIn => FileError::NotSignedIn,
        W::NotFound => FileError::NotFound,
        W::NotYours => FileError::NotYours,
        W::Attached(to) => FileError::Attached(to),
        W::Invalid(why) => FileError::Invalid(why),
        W::TooLarge(why) => FileError::TooLarge(why),
        W::WrongType(why) => FileError::WrongType(why),
        W::Closed => FileError::Closed,
        W::Unavailable(why) => FileError::Unavailable(why),
        W::Other(why) => FileError::Other(why),
    }
}

pub(super) fn released(r: wit_shared::Released) -> Result<Released, SharedError> {
    let source = |s: wit_shared::Source| Source { field: s.field, organization: s.organization, recorded: s.recorded };
    Ok(Released {
        reference: r.reference,
        version: r.version,
        body: serde_json::from_str(&r.body).map_err(|e| SharedError::Other(format!("the record's body: {e}")))?,
        unrecorded: r.unrecorded,
        valid_from: r.valid_from,
        valid_to: r.valid_to,
        sources: r.sources.into_iter().map(source).collect(),
    })
}

pub(super) fn all_released(records: Vec<wit_shared::Released>) -> Result<Vec<Released>, SharedError> {
    records.into_iter().map(released).collect()
}

pub(super) fn shared_query(q: &shared::RawQuery) -> wit_shared::Query {
    let bound = |b: &shared::RawBound| wit_shared::Bound { value: b.value.to_string(), inclusive: b.inclusive };
    wit_shared::Query {
        index: q.index.clone(),
        equals: q.equals.iter().map(ToString::to_string).collect(),
        lower: q.lower.as_ref().map(bound),
        upper: q.upper.as_ref().map(bound),
        filter: (!q.filter.is_empty()).then(|| serde_json::Value::Object(q.filter.clone()).to_string()),
        limit: q.limit,
        cursor: q.cursor.clone(),
    }
}

pub(super) fn job(j: wit_shared::Job) -> shared::Job {
    shared::Job { id: j.id, ready: j.ready, records: j.records, pages: j.pages, failure: j.failure }
}

pub(super) fn shared_error(e: wit_shared::Error) -> SharedError {
    use wit_shared::Error as W;
    match e {
        W::UnknownDataset(what) => SharedError::UnknownDataset(what),
        W::NotGranted(why) => SharedError::NotGranted(why),
        W::Expired(at) => SharedError::Expired(at),
        W::Revoked(at) => SharedError::Revoked(at),
        W::OtherPurpose(purposes) => SharedError::OtherPurpose(purposes),
        W::FieldsNotGranted(fields) => SharedError::FieldsNotGranted(fields),
        W::AccessNotGranted(granted) => SharedError::AccessNotGranted(granted),
        W::RowNotGranted => SharedError::RowNotGranted,
        W::NotSignedIn => SharedError::NotSignedIn,
        W::RoleRequired(roles) => SharedError::RoleRequired(roles),
        W::ConsentRequired(consent) => SharedError::ConsentRequired(consent),
        W::NotShared(law) => SharedError::NotShared(law),
        W::NotAuthority(fields) => SharedError::NotAuthority(fields),
        W::Conflict => SharedError::Conflict,
        W::NotFound => SharedError::NotFound,
        W::Invalid(why) => SharedError::Invalid(why),
        W::TooLarge(why) => SharedError::TooLarge(why),
        W::Unavailable(why) => SharedError::Unavailable(why),
        W::Other(why) => SharedError::Other(why),
    }
}
