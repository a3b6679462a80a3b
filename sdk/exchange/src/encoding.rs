//! Which encoding a text is in, and what it says in UTF-8.

use crate::lines::{Source, Span};
use crate::{OpenError, Problem};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::str::FromStr;

/// Lines with other characters than ASCII that are looked at before an encoding is named.
const WITNESSES: u32 = 2_000;
/// With fewer bytes than this that are no ASCII, a guess leans on what is usual here.
const EVIDENCE: usize = 100;
/// Of a longer line only so much is looked at.
const LOOK: usize = 64 * 1024;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// GB 18030, with GBK and GB 2312 in it.
    Gb18030,
}

impl Encoding {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Gb18030 => "GB18030",
        }
    }

    /// What bytes of the file say. UTF-16 has become UTF-8 before.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
        let wrong = || Problem::Encoding { encoding: self.name() };
        match self {
            Self::Gb18030 => {
                encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(wrong)
            }
            _ => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| wrong()),
        }
    }

    fn of_mark(beginning: &[u8]) -> Option<(Self, u64)> {
        let (encoding, length) = encoding_rs::Encoding::for_bom(beginning)?;
        let encoding = match encoding {
            e if e == encoding_rs::UTF_16LE => Self::Utf16Le,
            e if e == encoding_rs::UTF_16BE => Self::Utf16Be,
            _ => Self::Utf8,
        };
        Some((encoding, length as u64))
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, UnknownEncoding> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            "gb18030" | "gbk" | "gb2312" => Self::Gb18030,
            _ => return Err(UnknownEncoding),
        })
    }
}

/// An encoding's name that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such encoding: write utf-8, gb18030, utf-16le or utf-16be")]
pub struct UnknownEncoding;

/// Which encoding the text is in, and how many bytes of a mark stand before it. The stream is left
/// behind the mark.
///
/// A line that is valid UTF-8 and not ASCII is very rarely anything else, so lines vote: a file in UTF-8
/// with some broken lines stays one, and a file in GBK in which a short line happens to be valid
/// UTF-8 stays that.
pub(crate) fn detect<S: Read + Seek>(stream: &mut S, named: Option<Encoding>) -> Result<Encoding, OpenError> {
    let begin = stream.stream_position()?;
    let mut beginning = Vec::new();
    stream.by_ref().take(4096).read_to_end(&mut beginning)?;
    if beginning.is_empty() {
        return Err(OpenError::Empty);
    }
    let mark = Encoding::of_mark(&beginning);
    let behind = begin + mark.map_or(0, |(_, length)| length);
    stream.seek(SeekFrom::Start(behind))?;
    let encoding = match (named, mark) {
        (Some(encoding), _) | (None, Some((encoding, _))) => encoding,
        // No text has a NUL, unless each other byte of it is one.
        (None, None) if beginning.contains(&0) => return Err(OpenError::Encoding { guess: "UTF-16 without its mark" }),
        (None, None) => vote(stream)?,
    };
    stream.seek(SeekFrom::Start(behind))?;
    Ok(encoding)
}

fn vote<S: Read>(stream: &mut S) -> Result<Encoding, OpenError> {
    let mut source = Source::new(stream);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut utf8, mut other, mut chinese, mut evidence) = (0_u32, 0_u32, 0_u32, 0);
    while utf8 + other < WITNESSES {
        let (looked, taken) = match source.next_line(LOOK)? {
            None => break,
            Some(Span::Line(length, whole)) => (length, Some(whole)),
            Some(Span::TooLong) => (LOOK, None),
        };
        let line = &source.waiting()[..looked];
        if !line.is_ascii() {
            // A long line may be cut inside of a character, which is no error.
            let is_utf8 =
                std::str::from_utf8(line).map_or_else(|e| taken.is_none() && e.error_len().is_none(), |_| true);
            utf8 += u32::from(is_utf8);
            other += u32::from(!is_utf8);
            chinese += u32::from(taken.is_some() && Encoding::Gb18030.decode(line).is_ok());
            evidence += line.iter().filter(|b| !b.is_ascii()).count();
            detector.feed(line, false);
            detector.feed(b"\n", false);
        }
        match taken {
            Some(whole) => source.take(whole),
            None => source.skip_line()?,
        }
    }
    if utf8 > other || utf8 + other == 0 {
        return Ok(Encoding::Utf8);
    }
    if utf8 == other && chinese < utf8 + other {
        return Ok(Encoding::Utf8);
    }
    detector.feed(b"", true);
    let guess = detector.guess((evidence < EVIDENCE).then_some(b"cn"), Utf8Detection::Deny);
    if guess == encoding_rs::GBK || guess == encoding_rs::GB18030 {
        Ok(Encoding::Gb18030)
    } else {
        Err(OpenError::Encoding { guess: guess.name() })
    }
}

/// UTF-16 that is read as UTF-8. What is no UTF-16 becomes U+FFFD, which no record may hold.
pub(crate) struct Utf16<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Box<[u8]>,
    raw_at: (usize, usize),
    text: Box<[u8]>,
    text_at: (usize, usize),
    done: bool,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(inner: R, encoding: Encoding) -> Self {
        let encoding = if encoding == Encoding::Utf16Be { encoding_rs::UTF_16BE } else { encoding_rs::UTF_16LE };
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; 16 * 1024].into(),
            raw_at: (0, 0),
            text: vec![0; 32 * 1024].into(),
            text_at: (0, 0),
            done: false,
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at.0 == self.text_at.1 {
            if self.done {
                return Ok(0);
            }
            let mut last = false;
            if self.raw_at.0 == self.raw_at.1 {
                let read = self.inner.read(&mut self.raw)?;
                self.raw_at = (0, read);
                last = read == 0;
            }
            let raw = &self.raw[self.raw_at.0..self.raw_at.1];
            let (outcome, read, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, last);
            self.raw_at.0 += read;
            self.text_at = (0, written);
            self.done = last && outcome == encoding_rs::CoderResult::InputEmpty;
        }
        let count = out.len().min(self.text_at.1 - self.text_at.0);
        out[..count].copy_from_slice(&self.text[self.text_at.0..self.text_at.0 + count]);
        self.text_at.0 += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(bytes: &[u8]) -> Result<Encoding, OpenError> {
        detect(&mut Cursor::new(bytes), None)
    }

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GBK.encode(text).0.into_owned()
    }

    #[test]
    fn encodings_are_recognized() {
        let text = "name,address\n张云龙,徐州市云龙区彭城街道\n李泉,徐州市泉山区\n";
        assert_eq!(of(text.as_bytes()).unwrap(), Encoding::Utf8);
        assert_eq!(of(b"name\nplain\n").unwrap(), Encoding::Utf8);
        assert_eq!(of(&gbk(text)).unwrap(), Encoding::Gb18030);
        assert_eq!(of(&[b"\xef\xbb\xbf".to_vec(), text.as_bytes().to_vec()].concat()).unwrap(), Encoding::Utf8);
        assert_eq!(of(b"\xff\xfea\0\n\0").unwrap(), Encoding::Utf16Le);
        assert_eq!(of(b"\xfe\xff\0a\0\n").unwrap(), Encoding::Utf16Be);
        assert!(matches!(of(b"a\0,\0b\0\n\0"), Err(OpenError::Encoding { .. })));
        assert!(matches!(of(b""), Err(OpenError::Empty)));
    }

    #[test]
    fn broken_lines_do_not_outvote_the_others() {
        let mut text = "name\n张云龙\n李泉\n王鼓\n".as_bytes().to_vec();
        text.extend(b"\xff\xfe\x80\n");
        assert_eq!(of(&text).unwrap(), Encoding::Utf8);
        // The famous two characters, whose GBK is valid UTF-8, among others.
        let mut text = gbk("name\n联通\n徐州市鼓楼区\n云龙湖风景名胜区\n");
        assert_eq!(of(&text).unwrap(), Encoding::Gb18030);
        text.extend(b"\xff\xff\n");
        assert_eq!(of(&text).unwrap(), Encoding::Gb18030);
    }

    #[test]
    fn a_third_encoding_is_named_and_not_taken() {
        let text = "名前,住所\nこれはテストです。ひらがなとカタカナ\n".repeat(5);
        let bytes = encoding_rs::SHIFT_JIS.encode(&text).0.into_owned();
        let found = of(&bytes);
        assert!(matches!(found, Err(OpenError::Encoding { guess: "Shift_JIS" })), "{found:?}");
        assert_eq!(detect(&mut Cursor::new(&bytes), Some(Encoding::Gb18030)).unwrap(), Encoding::Gb18030);
    }

    #[test]
    fn utf_16_becomes_utf_8() {
        let text = "姓名,😀\n".repeat(20_000);
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut read = String::new();
        Utf16::new(units.as_slice(), Encoding::Utf16Le).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
        let mut damaged = String::new();
        Utf16::new(&b"a\0\0\xd8b\0"[..], Encoding::Utf16Le).read_to_string(&mut damaged).unwrap();
        assert_eq!(damaged, "a\u{fffd}b");
    }
}
