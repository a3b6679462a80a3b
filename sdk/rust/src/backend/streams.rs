//! Bodies: read whole, and written in the pieces that the host has room for.

use super::bindings::app::wasi::http::types::{IncomingBody, OutgoingBody};
use super::bindings::app::wasi::io::streams::StreamError;

/// Why a body has no end.
pub(super) enum Broken {
    /// The other side has gone away.
    Off,
    /// It has more than what is read.
    TooLong,
}

/// A body, whole; of at most so many bytes.
pub(super) fn read(incoming: IncomingBody, most: usize) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    {
        let stream = incoming.stream().map_err(|()| Broken::Off)?;
        loop {
            match stream.blocking_read(64 * 1024) {
                Ok(chunk) => body.extend_from_slice(&chunk),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => return Err(Broken::Off),
            }
            if body.len() > most {
                return Err(Broken::TooLong);
            }
        }
    }
    drop(IncomingBody::finish(incoming));
    Ok(body)
}

/// Writes a body and finishes it.
pub(super) fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), Broken> {
    pieces(&body, bytes).map_err(|()| Broken::Off)?;
    OutgoingBody::finish(body, None).map_err(|_| Broken::Off)
}

fn pieces(body: &OutgoingBody, mut rest: &[u8]) -> Result<(), ()> {
    if rest.is_empty() {
        return Ok(());
    }
    let stream = body.write()?;
    while !rest.is_empty() {
        let room = usize::try_from(stream.check_write().map_err(|_| ())?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = rest.split_at(rest.len().min(room));
        stream.write(now).map_err(|_| ())?;
        rest = later;
    }
    Ok(())
}
