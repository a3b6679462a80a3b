//! Shared data: the catalogue, five base databases, requests and grants, and reads that are logged
//! before they are answered.
#![deny(missing_docs)]

mod access;
mod actor;
pub mod base;
mod catalogue;
mod config;
mod corrections;
mod dataset;
mod days;
mod error;
mod feed;
pub mod geo;
mod grant;
mod hub;
mod import;
mod jobs;
mod keys;
mod mask;
mod quality;
mod read;
mod record;
mod records;
mod reseal;
pub mod series;
mod sharing;
mod state;
mod terms;
mod validate;
mod work;

pub use access::{Allowed, Ask, Caller, Denial, access_name, decide, standing};
pub use actor::Actor;
pub use catalogue::{CatalogueEntry, CatalogueFilter, Class, Publication, guide_entry};
pub use config::HubConfig;
pub use corrections::{
    Answer, Claim, Correction, CorrectionFilter, CorrectionPage, CorrectionState, CorrectionSummary, Filer,
    NewCorrection,
};
pub use dataset::{Category, Dataset, Item, ItemKind, Level, Openness, Sensitivity, Sharing, UpdateCycle};
pub use error::{FieldError, HubError};
pub use grant::{Grant, Revoked};
pub use hub::{Deadlines, Hub, HubServices};
pub use import::{BatchReport, Export, ExportPage, Import, ImportRow, ImportState, NewExport, NewImport, RowError};
pub use jobs::BulkJob;
pub use quality::{Freshness, ItemQuality, Quality};
pub use read::{Near, Open, PlaceQuery, Query, ReadError, ReleasedPage};
pub use record::{FieldSource, Provenance, Record, Released};
pub use records::{Authority, Bound, ChangeSet, Changed, Find, Found, FoundPage, Fresh, Records, Writer, Written};
pub use sharing::{
    Decision, EndedOrder, GrantFilter, NewOrder, Order, Request, RequestFilter, RequestPage, RequestState, RequestStep,
    Step,
};
pub use terms::{Access, LegalBasis, Mask, Rows, Terms, Widening};

pub(crate) use hub::detached;
