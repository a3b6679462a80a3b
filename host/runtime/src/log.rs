//! What a guest prints, line by line, with bounds; and the way it and the host's own words about
//! an invocation reach the installation's log.

use crate::interceptor::{Interceptor, Interface};
use bytes::Bytes;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Longer lines are cut.
const MAX_LINE: usize = 4_096;
/// Further lines of one invocation are dropped, and that is said.
const MAX_LINES: usize = 200;

/// The lines of one invocation.
#[derive(Debug, Default)]
pub(crate) struct GuestLog(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    done: Vec<(Stream, String)>,
    open: [Vec<u8>; 2],
    dropped: usize,
}

/// Where a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out = 0,
    Err = 1,
}

impl Lines {
    fn close(&mut self, stream: Stream) {
        let line = std::mem::take(&mut self.open[stream as usize]);
        self.keep(stream, &line);
    }

    fn keep(&mut self, stream: Stream, line: &[u8]) {
        if self.done.len() < MAX_LINES {
            let text = String::from_utf8_lossy(line);
            // Control characters would let a guest draw on an operator's terminal.
            self.done.push((stream, text.trim_end().chars().filter(|c| !c.is_control() || *c == '\t').collect()));
        } else {
            self.dropped += 1;
        }
    }
}

impl GuestLog {
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut lines = self.0.lock();
        for (i, part) in bytes.split(|b| *b == b'\n').enumerate() {
            if i > 0 {
                lines.close(stream);
            }
            let open = &mut lines.open[stream as usize];
            let room = MAX_LINE.saturating_sub(open.len());
            open.extend_from_slice(&part[..part.len().min(room)]);
        }
    }

    /// A message with its own lines, each of them behind `head`; a line that is still open is left alone.
    pub(crate) fn message(&self, stream: Stream, head: &str, text: &str) {
        let mut lines = self.0.lock();
        for part in text.lines() {
            let line = format!("{head}{part}");
            lines.keep(stream, &line.as_bytes()[..line.len().min(MAX_LINE)]);
        }
    }

    /// Takes the lines, the unfinished ones too.
    pub(crate) fn take(&self) -> Vec<(Stream, String)> {
        let mut lines = self.0.lock();
        for stream in [Stream::Out, Stream::Err] {
            if !lines.open[stream as usize].is_empty() {
                lines.close(stream);
            }
        }
        if lines.dropped > 0 {
            let text = format!("… {} more lines were dropped", std::mem::take(&mut lines.dropped));
            lines.done.push((Stream::Err, text));
        }
        std::mem::take(&mut lines.done)
    }
}

/// Standard output or error of a guest.
#[derive(Clone)]
pub(crate) struct LogStream(pub(crate) Arc<Interceptor>, pub(crate) Stream);

impl LogStream {
    fn put(&self, bytes: &[u8]) -> Result<(), crate::interceptor::Stop> {
        self.0.call(Interface::Output, "write")?;
        self.0.log.write(self.1, bytes);
        Ok(())
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes).map_err(|s| StreamError::Trap(wasmtime::Error::new(s)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.put(buf).map(|()| buf.len()).map_err(std::io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_cut_and_counted() {
        let log = GuestLog::default();
        log.write(Stream::Out, b"one\ntw");
        log.write(Stream::Err, b"\x1b[31mred\n");
        log.write(Stream::Out, b"o");
        log.write(Stream::Err, &vec![b'x'; 3 * MAX_LINE]);
        let lines = log.take();
        assert_eq!(
            lines[..3],
            [(Stream::Out, "one".into()), (Stream::Err, "[31mred".into()), (Stream::Out, "two".into())]
        );
        assert_eq!(lines[3].1.len(), MAX_LINE);
        assert!(log.take().is_empty());
    }

    #[test]
    fn a_flood_is_dropped_and_said() {
        let log = GuestLog::default();
        log.write(Stream::Out, &b"x\n".repeat(10_000));
        let lines = log.take();
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert!(lines[MAX_LINES].1.contains("9800"), "{:?}", lines[MAX_LINES]);
    }
}
