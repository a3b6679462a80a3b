//! A buffer over a file from which lines are taken, with a limit on what one line may hold.

use std::io::{self, Read};

/// How much is read at once.
const CHUNK: usize = 128 * 1024;

/// A stream that is read ahead into one buffer.
pub(crate) struct Source<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    /// The line that the first byte of the buffer belongs to, from 1.
    line: u64,
}

impl<R: Read> Source<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), start: 0, end: 0, at_end: false, line: 1 }
    }

    /// What was read and not taken yet.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The line that the next byte belongs to.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Reads on; `false` when there is nothing more.
    pub(crate) fn more(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let read = loop {
            match self.inner.read(&mut self.buffer[self.end..self.end + CHUNK]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.at_end = read == 0;
        Ok(!self.at_end)
    }

    /// Takes bytes off.
    pub(crate) fn take(&mut self, count: usize) {
        let taken = &self.buffer[self.start..self.start + count];
        self.line += taken.iter().filter(|b| **b == b'\n').count() as u64;
        self.start += count;
    }

    /// Takes off everything up to and with the next end of a line, without keeping it.
    pub(crate) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            match self.waiting().iter().position(|b| *b == b'\n') {
                Some(at) => {
                    self.take(at + 1);
                    return Ok(());
                }
                None => self.take(self.waiting().len()),
            }
            if !self.more()? {
                return Ok(());
            }
        }
    }

    /// Where the next line ends, without its end: `None` at the end of the file, and for a line over
    /// `limit` bytes [`Span::TooLong`], of which only the beginning is waiting.
    pub(crate) fn next_line(&mut self, limit: usize) -> io::Result<Option<Span>> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.waiting()[seen..].iter().position(|b| *b == b'\n') {
                let length = seen + at;
                return Ok(Some(if length > limit { Span::TooLong } else { Span::Line(length, length + 1) }));
            }
            seen = self.waiting().len();
            if seen > limit {
                return Ok(Some(Span::TooLong));
            }
            if !self.more()? {
                return Ok((seen > 0).then_some(Span::Line(seen, seen)));
            }
        }
    }
}

/// What [`Source::next_line`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// A line of so many bytes, and of so many with its end.
    Line(usize, usize),
    /// A line over the limit.
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_their_numbers_and_long_ones_are_skipped() {
        let text = [b"a\n".to_vec(), vec![b'x'; 3 * CHUNK], b"\n\nlast".to_vec()].concat();
        let mut source = Source::new(text.as_slice());
        assert_eq!(source.next_line(10).unwrap(), Some(Span::Line(1, 2)));
        source.take(2);
        assert_eq!((source.next_line(10).unwrap(), source.line()), (Some(Span::TooLong), 2));
        source.skip_line().unwrap();
        assert_eq!((source.next_line(10).unwrap(), source.line()), (Some(Span::Line(0, 1)), 3));
        source.take(1);
        assert_eq!((source.next_line(10).unwrap(), source.waiting()), (Some(Span::Line(4, 4)), &b"last"[..]));
        source.take(4);
        assert_eq!(source.next_line(10).unwrap(), None);
    }

    #[test]
    fn a_line_of_any_length_takes_no_memory() {
        let mut source = Source::new(io::repeat(b'x').take(200 << 20));
        assert_eq!(source.next_line(1 << 20).unwrap(), Some(Span::TooLong));
        source.skip_line().unwrap();
        assert!(source.buffer.len() <= (1 << 20) + 3 * CHUNK, "{}", source.buffer.len());
        assert_eq!(source.next_line(1 << 20).unwrap(), None);
    }
}
