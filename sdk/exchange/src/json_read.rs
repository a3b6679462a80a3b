//! JSON Lines: an object on each line.

use crate::lines::{Source, Span};
use crate::reader::Text;
use crate::{Encoding, Line, LineError, Problem, ReadError, sound};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The lines of a file. Empty ones are passed over; a `null` stays: it takes a value away, where an absent
/// item leaves it.
pub(crate) struct JsonLines {
    source: Source<Text>,
    encoding: Encoding,
    limit: usize,
    stopped: bool,
}

impl JsonLines {
    pub(crate) fn new(text: Text, encoding: Encoding, limit: usize) -> Self {
        Self { source: Source::new(text), encoding, limit, stopped: false }
    }

    fn advance(&mut self) -> std::io::Result<Option<Line>> {
        while let Some(span) = self.source.next_line(self.limit)? {
            let number = self.source.line();
            match span {
                Span::TooLong => {
                    self.source.skip_line()?;
                    let problem = Problem::TooLong { limit: self.limit };
                    return Ok(Some(Line { number, content: Err(LineError::line(problem)) }));
                }
                Span::Line(length, whole) => {
                    let line = &self.source.waiting()[..length];
                    let content = (!line.trim_ascii().is_empty()).then(|| object(line, self.encoding));
                    self.source.take(whole);
                    if let Some(content) = content {
                        return Ok(Some(Line { number, content }));
                    }
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for JsonLines {
    type Item = Result<Line, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        self.advance()
            .map_err(|source| {
                self.stopped = true;
                ReadError::Io { after: self.source.line() - 1, source }
            })
            .transpose()
    }
}

fn object(line: &[u8], encoding: Encoding) -> Result<Map<String, Value>, LineError> {
    let text = encoding.decode(line).map_err(LineError::line)?;
    if text.contains('\u{fffd}') {
        return Err(LineError::line(Problem::Damaged));
    }
    match serde_json::from_str::<Once>(&text) {
        Ok(Once { twice: Some(key), .. }) => Err(LineError::field(&key, Problem::TwiceGiven)),
        Ok(Once { map, twice: None }) => Ok(map),
        Err(e) if e.is_data() => Err(LineError::line(Problem::NotAnObject)),
        Err(_) if sound::is_deep(&text) => Err(LineError::line(sound::too_deep())),
        Err(e) => Err(LineError::line(Problem::Json { column: e.column() })),
    }
}

/// An object, with the first key that stands in it twice.
struct Once {
    map: Map<String, Value>,
    twice: Option<String>,
}

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Once;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Once, A::Error> {
                let mut once = Once { map: Map::new(), twice: None };
                while let Some((key, value)) = access.next_entry::<String, Value>()? {
                    if once.map.contains_key(&key) {
                        once.twice.get_or_insert(key);
                    } else {
                        once.map.insert(key, value);
                    }
                }
                Ok(once)
            }
        }

        deserializer.deserialize_map(Object)
    }
}
