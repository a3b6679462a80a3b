//! What a store carries: the context of one invocation, and what the host interfaces need.

use crate::interceptor::Interceptor;
use crate::limits::MemoryMeter;
use crate::log::Stream;
use crate::outbound::Egress;
use crate::{Services, keys};
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use yunlong_installations::Installation;
use yunlong_model::{Presentation, Principal};

/// What kind of call an instance serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An HTTP request.
    Request,
    /// An event to the consumer.
    Message,
    /// A job that fell due.
    Job,
    /// Installation or health.
    Lifecycle,
}

impl Kind {
    /// For logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Message => "message",
            Self::Job => "job",
            Self::Lifecycle => "lifecycle",
        }
    }
}

/// The context of one invocation, whatever its kind.
pub(crate) struct Invocation {
    /// As it is when the invocation begins: its manifest and configuration. Grants are read anew
    /// at each call.
    pub(crate) installation: Arc<Installation>,
    pub(crate) principal: Principal,
    pub(crate) presentation: Presentation,
}

/// The data of a store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) egress: Egress,
    pub(crate) memory: MemoryMeter,
    pub(crate) interceptor: Arc<Interceptor>,
    pub(crate) invocation: Invocation,
    pub(crate) services: Arc<Services>,
    pub(crate) key: keys::InstallationKey,
    pub(crate) schema: Arc<yunlong_store::documents::Schema>,
    pub(crate) buckets: Arc<yunlong_store::buckets::Buckets>,
    /// Guest transactions that are open.
    pub(crate) open_transactions: u32,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}

impl State {
    /// The guest has returned: what it left open is rolled back with the store, and that is worth
    /// a line in its log.
    pub(crate) fn end(&self) {
        if self.open_transactions > 0 {
            self.interceptor.log.write(Stream::Err, b"a transaction was still open at the end and was rolled back\n");
        }
    }
}
