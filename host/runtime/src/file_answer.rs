//! The header by which an app answers a request with one of its files.

use std::fmt;
use std::str::FromStr;

/// What the header `city-file` of a response says: `<id>; inline` or `<id>; attachment`. It names a file of the
/// installation that answers, and of no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAnswer {
    /// The file's id.
    pub id: String,
    /// Whether it is to be shown, if files of its type are at all.
    pub inline: bool,
}

impl FileAnswer {
    /// The header's name.
    pub const HEADER: &str = "city-file";
}

impl fmt::Display for FileAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.id, if self.inline { "inline" } else { "attachment" })
    }
}

impl FromStr for FileAnswer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, how) = text.split_once(';').map_or((text, "attachment"), |(id, how)| (id, how.trim()));
        let inline = match how {
            "inline" => true,
            "attachment" => false,
            _ => return Err(()),
        };
        let id = id.trim();
        let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if is_id { Ok(Self { id: id.to_owned(), inline }) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serve_answers_is_read_back_and_anything_else_refused() {
        let id = "0b36a6a4-7a3a-4a0c-9d3a-0a8c2b1f9e55";
        for inline in [true, false] {
            let answer = FileAnswer { id: id.into(), inline };
            assert_eq!(answer.to_string().parse(), Ok(answer));
        }
        assert_eq!(id.parse::<FileAnswer>().map(|a| a.inline), Ok(false));
        for bad in ["", "../x", "0b36a6a4; inline", &format!("{id}; as-html"), &format!("{id}/..; inline")] {
            assert!(bad.parse::<FileAnswer>().is_err(), "{bad}");
        }
    }
}
