//! Limits of one invocation: CPU time, and the memory of a whole instance.

use crate::interceptor::{Interceptor, Stop};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use wasmtime::ResourceLimiter;
use yunlong_model::manifest::Limits;

/// The limits in the units of the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    pub(crate) memory: usize,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) host_calls: u64,
    pub(crate) response: usize,
}

impl From<Limits> for Budget {
    fn from(l: Limits) -> Self {
        Self {
            memory: (l.memory_mib as usize) << 20,
            wall: Duration::from_millis(l.wall_ms.into()),
            cpu: Duration::from_millis(l.cpu_ms.into()),
            host_calls: l.host_calls.into(),
            response: (l.response_kib as usize) << 10,
        }
    }
}

/// This thread's CPU time.
fn thread_time() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    u64::try_from(t.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(t.tv_nsec).unwrap_or(0)
}

/// The CPU time of an invocation: the thread's, summed over the polls of its future, wherever
/// they run.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    /// Nanoseconds of the polls that have ended.
    spent: AtomicU64,
    /// The thread's time when the poll that runs now began.
    began: AtomicU64,
}

impl CpuMeter {
    /// So far. Within a poll it must be called on the thread that polls.
    pub(crate) fn now(&self) -> Duration {
        let began = self.began.load(Ordering::Relaxed);
        let running = if began == 0 { 0 } else { thread_time().saturating_sub(began) };
        Duration::from_nanos(self.spent.load(Ordering::Relaxed) + running)
    }

    /// Of the polls that have ended.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }
}

/// A future whose polls are metered. It ends with [`Stop::Cpu`] when a poll leaves it over its
/// budget; a guest that computes is stopped earlier, by [`Interceptor::tick`].
pub(crate) struct Metered<F> {
    inner: F,
    interceptor: Arc<Interceptor>,
}

impl<F> Metered<F> {
    pub(crate) fn new(interceptor: Arc<Interceptor>, inner: F) -> Self {
        Self { inner, interceptor }
    }
}

impl<F: Future + Unpin> Future for Metered<F> {
    type Output = Result<F::Output, Stop>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let cpu = &this.interceptor.cpu;
        let began = thread_time().max(1);
        cpu.began.store(began, Ordering::Relaxed);
        let polled = Pin::new(&mut this.inner).poll(cx);
        let spent = cpu.spent.load(Ordering::Relaxed) + thread_time().saturating_sub(began);
        cpu.spent.store(spent, Ordering::Relaxed);
        cpu.began.store(0, Ordering::Relaxed);
        match polled {
            Poll::Ready(out) => Poll::Ready(Ok(out)),
            Poll::Pending if Duration::from_nanos(spent) > this.interceptor.budget.cpu => {
                Poll::Ready(Err(this.interceptor.halt(Stop::Cpu)))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Memory that several instances draw from: an installation's share, or all of it.
#[derive(Debug)]
pub(crate) struct Reserve {
    used: AtomicUsize,
    limit: usize,
}

impl Reserve {
    pub(crate) fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    fn take(&self, n: usize) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |u| u.checked_add(n).filter(|u| *u <= self.limit))
            .is_ok()
    }

    fn give_back(&self, n: usize) {
        self.used.fetch_sub(n, Ordering::Relaxed);
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }
}

/// A refused growth answers −1, as the specification has it, so that a collector may run; a guest
/// that goes on asking is stopped.
const PATIENCE: u32 = 16;

/// Sums all memories and tables of one instance.
pub(crate) struct MemoryMeter {
    used: usize,
    /// What was last allowed, to take back when it fails all the same.
    last: usize,
    refusals: u32,
    interceptor: Arc<Interceptor>,
    reserves: [Arc<Reserve>; 2],
}

impl MemoryMeter {
    pub(crate) fn new(interceptor: Arc<Interceptor>, reserves: [Arc<Reserve>; 2]) -> Self {
        Self { used: 0, last: 0, refusals: 0, interceptor, reserves }
    }

    fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        self.last = 0;
        let fits = self.used.checked_add(by).is_some_and(|u| u <= self.interceptor.budget.memory);
        if fits && self.take(by) {
            self.used += by;
            self.last = by;
            self.interceptor.memory_used(self.used);
            return Ok(true);
        }
        self.refusals += 1;
        let stop = if fits {
            self.interceptor.memory_short();
            Stop::Shortage
        } else {
            self.interceptor.memory_refused();
            Stop::Memory
        };
        if self.refusals > PATIENCE { Err(wasmtime::Error::new(self.interceptor.halt(stop))) } else { Ok(false) }
    }

    fn take(&self, by: usize) -> bool {
        let [own, all] = &self.reserves;
        if !own.take(by) {
            return false;
        }
        if !all.take(by) {
            own.give_back(by);
            return false;
        }
        true
    }

    fn failed(&mut self) {
        let by = std::mem::take(&mut self.last);
        self.used -= by;
        for r in &self.reserves {
            r.give_back(by);
        }
    }
}

impl Drop for MemoryMeter {
    fn drop(&mut self) {
        for r in &self.reserves {
            r.give_back(self.used);
        }
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current).saturating_mul(size_of::<usize>()))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed();
        Ok(())
    }
}
