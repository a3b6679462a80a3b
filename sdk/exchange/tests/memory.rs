//! Lines without an end, in a process of their own: what is measured is its memory.
#![allow(clippy::unwrap_used)] // The helpers are tests too.
#![cfg(target_os = "linux")]

use serde_json::json;
use std::io::{Read, Seek, SeekFrom};
use yunlong_exchange::{Columns, Format, Kind, Line, Options, Problem, open_stream};

/// A file of `head`, one line of many `x`, and `tail`, which is nowhere as a whole.
struct Giant {
    head: &'static [u8],
    length: u64,
    tail: &'static [u8],
    at: u64,
}

impl Giant {
    fn size(&self) -> u64 {
        self.head.len() as u64 + self.length + self.tail.len() as u64
    }
}

impl Read for Giant {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let (head, end) = (self.head.len() as u64, self.head.len() as u64 + self.length);
        let count = if self.at < head {
            (&self.head[self.at as usize..]).read(out)?
        } else if self.at < end {
            let count = out.len().min((end - self.at) as usize);
            out[..count].fill(b'x');
            count
        } else {
            (&self.tail[(self.at - end) as usize..]).read(out)?
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Giant {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => self.size().checked_add_signed(by).unwrap(),
            SeekFrom::Current(by) => self.at.checked_add_signed(by).unwrap(),
        };
        Ok(self.at)
    }
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_line_of_half_a_gigabyte_is_refused_and_takes_no_memory() {
    let columns = Columns::new().with("id", Kind::Text).with("name", Kind::Text);
    let before = peak();
    for (format, head, tail) in [
        (Format::Csv, &b"id,name\n1,ok\n2,"[..], &b"\n3,ok\n"[..]),
        (Format::Csv, b"id,name\n1,ok\n2,\"", b"\"\n3,ok\n"),
        (Format::JsonLines, b"{\"id\":\"1\"}\n\n{\"id\":\"", b"\"}\n{\"id\":\"3\"}\n"),
    ] {
        let giant = Giant { head, length: 512 << 20, tail, at: 0 };
        let lines: Vec<Line> =
            open_stream(giant, format, &columns, &Options::default()).unwrap().map(Result::unwrap).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        let refused = &lines[1];
        assert_eq!(
            (refused.number, refused.content.clone().unwrap_err().problem),
            (3, Problem::TooLong { limit: 1 << 20 })
        );
        assert_eq!((lines[2].number, lines[2].content.clone().unwrap()["id"].clone()), (4, json!("3")));
    }
    let grown = peak() - before;
    assert!(grown < 64 * 1024, "{grown} KiB");
}
