//! One invocation: its place, its store, what watches it, and what is reported of its end.

use super::{Loaded, Runtime};
use crate::error::{InvocationError, Shortage};
use crate::interceptor::{Interceptor, Stop};
use crate::journal::{Printed, Tape};
use crate::limits::{MemoryMeter, Metered};
use crate::log::Stream;
use crate::metrics::Running;
use crate::outbound::Egress;
use crate::state::{Invocation, Kind, State};
use crate::wasi;
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument as _;
use wasmtime::component::ResourceTable;
use wasmtime::{CallHook, Store, UpdateDeadline};
use wasmtime_wasi_http::WasiHttpCtx;
use yunlong_installations::Level;

/// Bytes that the headers of one message may take in the host.
const MAX_FIELDS: usize = 64 << 10;
/// Resources (streams, bodies, transactions) that one instance may hold at once.
const MAX_RESOURCES: usize = 1_000;
/// Tasks, streams and futures of WASI 0.3, and the ends of these, that one instance may hold at once.
const MAX_CONCURRENT: usize = 4_000;
/// Bytes that one host call may copy out of the guest.
const MAX_COPIED: usize = 8 << 20;
/// How much of a trap's story goes into the app's log.
const MAX_STORY: usize = 4_000;

/// Places in the installation's share and in the pool, and the gauge.
pub(crate) struct Admitted {
    _places: [OwnedSemaphorePermit; 2],
    _running: Running,
}

/// How an invocation's future may end on the guest's side.
pub(crate) enum Failure {
    /// wasm or a host call failed.
    Guest(wasmtime::Error),
    /// Known already.
    Known(InvocationError),
}

impl From<wasmtime::Error> for Failure {
    fn from(e: wasmtime::Error) -> Self {
        Self::Guest(e)
    }
}

impl Runtime {
    /// Waits for a place in the installation's share, then for one in the pool, in that order:
    /// who waits for its own share keeps nobody else from the pool.
    pub(crate) async fn admit(&self, loaded: &Loaded) -> Result<Admitted, InvocationError> {
        let (places, pool) = (loaded.share.places(loaded.profile()), &self.engines.of(loaded.profile()).pool);
        let waited_ms = self.config.queue_timeout.as_millis().try_into().unwrap_or(u64::MAX);
        let both = async {
            let own = places.clone().acquire_owned().await.ok()?;
            let all = pool.clone().acquire_owned().await.ok()?;
            Some([own, all])
        };
        let places = match (places.clone().try_acquire_owned(), pool.clone().try_acquire_owned()) {
            (Ok(own), Ok(all)) => [own, all],
            (own, all) => {
                drop((own, all));
                let waited = tokio::time::timeout(self.config.queue_timeout, both).await.ok().flatten();
                waited.ok_or_else(|| {
                    let e = InvocationError::Overloaded(Shortage::Instances { waited_ms });
                    loaded.metrics.outcome("queue", e.outcome());
                    e
                })?
            }
        };
        Ok(Admitted { _places: places, _running: Running::new(&loaded.metrics.running) })
    }

    /// A store for one invocation. The deadline runs from here.
    pub(crate) fn store(
        &self,
        loaded: &Loaded,
        kind: Kind,
        invocation: Invocation,
        request_id: String,
    ) -> (Store<State>, Arc<Interceptor>) {
        self.store_with(loaded, kind, invocation, request_id, None)
    }

    /// As [`Runtime::store`], with a journal that is recorded or played.
    pub(crate) fn store_with(
        &self,
        loaded: &Loaded,
        kind: Kind,
        invocation: Invocation,
        request_id: String,
        tape: Option<Tape>,
    ) -> (Store<State>, Arc<Interceptor>) {
        let interceptor = Interceptor::new(
            loaded.name.clone(),
            kind,
            request_id,
            loaded.budget,
            loaded.installation.clone(),
            self.services.installations.clone(),
            self.config.observer.clone(),
        );
        let interceptor = Arc::new(interceptor.with_tape(tape));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let state = State {
            table,
            wasi: wasi::context(&interceptor, self.services.clock.clone()),
            http,
            egress: Egress::new(interceptor.clone(), self.config.clone()),
            memory: MemoryMeter::new(interceptor.clone(), [loaded.share.memory.clone(), self.memory.clone()]),
            interceptor: interceptor.clone(),
            invocation,
            services: self.services.clone(),
            key: loaded.key.clone(),
            schema: loaded.schema.clone(),
            buckets: loaded.buckets.clone(),
            open_transactions: 0,
        };
        let mut store = Store::new(&self.engines.of(loaded.profile()).engine.engine, state);
        store.limiter(|s| &mut s.memory);
        store.set_hostcall_fuel(MAX_COPIED);
        if let Some(concurrent) = store.concurrent_resource_table() {
            concurrent.set_max_capacity(MAX_CONCURRENT);
        }
        store.set_epoch_deadline(1);
        let watcher = interceptor.clone();
        store.epoch_deadline_callback(move |_| {
            watcher.tick()?;
            Ok(UpdateDeadline::Yield(1))
        });
        let watcher = interceptor.clone();
        store.call_hook(move |_, hook| match hook {
            CallHook::CallingHost => Ok(watcher.enter()?),
            CallHook::ReturningFromHost => Ok(watcher.leave()?),
            CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
        });
        (store, interceptor)
    }

    /// Drives an invocation to its end on the caller's task: meters its CPU time, ends it at its
    /// deadline by dropping it with its store, and reports what became of it.
    pub(crate) async fn watch<T>(
        &self,
        loaded: &Loaded,
        interceptor: Arc<Interceptor>,
        guest: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, InvocationError> {
        let started = Instant::now();
        // Carries the id into whatever the host logs for this call: host calls, commits, refusals.
        let span = tracing::info_span!(
            "invocation",
            installation = %loaded.name,
            kind = interceptor.kind.name(),
            request_id = %interceptor.request_id,
        );
        let guest = guest.instrument(span.clone());
        let ended = {
            // A fault in the host's own code ends this call, not the connection or the process.
            let guest = std::pin::pin!(AssertUnwindSafe(guest).catch_unwind());
            tokio::time::timeout_at(interceptor.deadline().into(), Metered::new(interceptor.clone(), guest)).await
        };
        let (result, story) = match ended {
            Ok(Ok(Ok(Ok(value)))) => (Ok(value), None),
            Ok(Ok(Ok(Err(Failure::Known(e))))) => (Err(e), None),
            Ok(Ok(Err(_panic))) => (Err(InvocationError::Internal("a host function panicked".into())), None),
            Ok(Ok(Ok(Err(Failure::Guest(e))))) => {
                let story = format!("{e:?}");
                (Err(classify(&e, &interceptor, self.config.queue_timeout.as_millis())), Some(story))
            }
            Ok(Err(stop)) => (Err(stopped(&stop, &interceptor)), None),
            Err(_) => (Err(stopped(&interceptor.halt(Stop::Deadline), &interceptor)), None),
        };
        span.in_scope(|| self.report(loaded, &interceptor, started, result.as_ref().err(), story));
        result
    }

    fn report(
        &self,
        loaded: &Loaded,
        interceptor: &Interceptor,
        started: Instant,
        error: Option<&InvocationError>,
        story: Option<String>,
    ) {
        let (m, kind, wall) = (&loaded.metrics, interceptor.kind, started.elapsed());
        interceptor.ended(wall, error);
        m.duration.observe(wall.as_secs_f64());
        m.cpu.inc_by(interceptor.cpu.spent().as_secs_f64());
        let (all, named) = interceptor.counts();
        m.all_calls.inc_by(all);
        for (interface, n) in named {
            m.calls(interface.name(), n.into());
        }
        let peak = i64::try_from(interceptor.memory_peak()).unwrap_or(i64::MAX);
        if peak > m.memory.get() {
            m.memory.set(peak);
        }
        m.outcome(kind.name(), error.map_or("ok", InvocationError::outcome));
        let id = Some(interceptor.request_id.as_str());
        let lines = interceptor.log.take();
        if let Some(tape) = &interceptor.tape {
            let name = |stream| if stream == Stream::Out { "out" } else { "err" }.to_owned();
            let printed = |(stream, line): &(Stream, String)| Printed { stream: name(*stream), line: line.clone() };
            let story = story.as_ref().map(|s| s.chars().take(4 * MAX_STORY).collect());
            tape.tell(lines.iter().map(printed).collect(), story);
        }
        for (stream, line) in lines {
            let level = if stream == Stream::Out { Level::Info } else { Level::Warn };
            self.services.log.append(&loaded.name, level, &line, id);
        }
        if let Some(e) = error {
            let story: String = story.unwrap_or_default().chars().take(MAX_STORY).collect();
            let text = format!("{} failed: {e}{}{story}", kind.name(), if story.is_empty() { "" } else { "\n" });
            self.services.log.append(&loaded.name, Level::Error, &text, id);
            tracing::info!(installation = %loaded.name, request_id = %interceptor.request_id, kind = kind.name(), outcome = e.outcome(), error = %e, "invocation failed");
        }
    }
}

fn stopped(stop: &Stop, i: &Interceptor) -> InvocationError {
    let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    match stop {
        Stop::HostCalls => InvocationError::HostCalls { limit: i.budget.host_calls },
        Stop::Cpu => InvocationError::Cpu { limit_ms: ms(i.budget.cpu) },
        Stop::Deadline => InvocationError::Deadline { limit_ms: ms(i.budget.wall) },
        Stop::Shortage => InvocationError::Overloaded(Shortage::Memory),
        Stop::Memory => InvocationError::Memory { limit_mib: (i.budget.memory >> 20) as u64 },
        Stop::NotGranted(what) => InvocationError::NotGranted(what.clone()),
        Stop::Fault(why) => InvocationError::Internal(format!("fault: {why}")),
        Stop::Trapped(why) => InvocationError::Trap(why.clone()),
        Stop::Unknown(_) => InvocationError::Internal(stop.to_string()),
    }
}

/// What an error that came out of wasm means.
fn classify(e: &wasmtime::Error, i: &Interceptor, queue_ms: u128) -> InvocationError {
    if let Some(stop) = i.reason() {
        return stopped(&stop, i);
    }
    if e.is::<wasmtime::PoolConcurrencyLimitError>() {
        let waited_ms = u64::try_from(queue_ms).unwrap_or(u64::MAX);
        return InvocationError::Overloaded(Shortage::Instances { waited_ms });
    }
    if i.was_memory_short() {
        return stopped(&Stop::Shortage, i);
    }
    if i.was_memory_refused() {
        return stopped(&Stop::Memory, i);
    }
    if let Some(trap) = e.downcast_ref::<wasmtime::Trap>() {
        return InvocationError::Trap(trap.to_string());
    }
    if let Some(exit) = e.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return InvocationError::Trap(format!("it called exit with {}", exit.0));
    }
    InvocationError::Trap(e.root_cause().to_string())
}
