//! Pictures of products: what may be one. What a file is, the platform says by its bytes; how large it becomes when it
//! is shown stands in its first bytes, and is looked up here before it is shown to anybody.

mod camera;

pub use camera::{Bare, bare};

use serde::{Deserialize, Serialize};
use yunlong_sdk::{Text, t};

/// The types that every browser shows.
pub const TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];
/// The largest file: what a telephone's camera makes, and no more than an app may write.
pub const MOST_BYTES: u64 = 4 << 20;
/// The most points, and the longest side: a small file may claim a picture that fills all memory.
const MOST_POINTS: u64 = 50_000_000;
const LONGEST_SIDE: u32 = 20_000;
/// Where uploaded pictures are served, by their file.
pub const PREFIX: &str = "/pictures/";

/// A product's picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its address at the app: of an upload, or of a drawing of the package.
    pub path: String,
    /// What it shows, for those who do not see it.
    pub alt: Text,
    /// Points from left to right.
    pub width: u32,
    /// Points from top to bottom.
    pub height: u32,
}

impl Picture {
    /// A picture that was uploaded.
    #[must_use]
    pub fn uploaded(file: &str, alt: Text, (width, height): (u32, u32)) -> Self {
        Self { path: format!("{PREFIX}{file}"), alt, width, height }
    }

    /// A drawing that comes with the app.
    #[must_use]
    pub fn drawn(name: &str, alt: Text) -> Self {
        Self { path: format!("/assets/goods/{name}.svg"), alt, width: 320, height: 240 }
    }

    /// Its size when it is shown within a box: whole, and never larger than it is.
    #[must_use]
    pub fn within(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let (own, tall) = (u64::from(self.width.max(1)), u64::from(self.height.max(1)));
        let (width, height) = (u64::from(width).min(own), u64::from(height).min(tall));
        let narrow = |n: u64| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        if width * tall <= height * own {
            (narrow(width), narrow(width * tall / own))
        } else {
            (narrow(height * own / tall), narrow(height))
        }
    }

    /// The file that was uploaded, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.path.strip_prefix(PREFIX)
    }
}

/// Width and height of a picture, if it may be one of a product's.
///
/// # Errors
/// Why not, in words.
pub fn check(media_type: &str, bytes: u64, head: &[u8]) -> Result<(u32, u32), Text> {
    if !TYPES.contains(&media_type) {
        return Err(Text::new(
            format!("这个文件的内容是 {media_type}，不是 JPEG、PNG 或 WebP 图片。类型按内容识别，与文件名无关。"),
            format!(
                "The file is {media_type}, and no JPEG, PNG or WebP. What counts is the content, whatever the name says."
            ),
        ));
    }
    if bytes > MOST_BYTES {
        return Err(t("图片不能超过 4 MiB，请缩小后上传。", "A picture has 4 MiB at most: make it smaller."));
    }
    let found = match media_type {
        "image/png" => png(head),
        "image/webp" => webp(head),
        _ => jpeg(head),
    };
    let (width, height) = found.filter(|(w, h)| *w > 0 && *h > 0).ok_or_else(damaged)?;
    if width.max(height) > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_POINTS {
        return Err(Text::new(
            format!("图片展开后太大（{width} × {height}），请缩小后上传。"),
            format!("The picture becomes too large when it is shown ({width} × {height}): make it smaller."),
        ));
    }
    Ok((width, height))
}

/// What is said of a picture that cannot be read.
#[must_use]
pub fn damaged() -> Text {
    t("图片已损坏，无法读取。请换一张。", "The picture is damaged and cannot be read. Choose another.")
}

fn big(b: &[u8], at: usize, n: usize) -> Option<u32> {
    Some(b.get(at..at + n)?.iter().fold(0, |v, c| v << 8 | u32::from(*c)))
}

fn little(b: &[u8], at: usize, n: usize) -> Option<u32> {
    Some(b.get(at..at + n)?.iter().rev().fold(0, |v, c| v << 8 | u32::from(*c)))
}

/// The header is the first chunk (PNG, 5.6).
fn png(b: &[u8]) -> Option<(u32, u32)> {
    let header = big(b, 8, 4)? == 13 && b.get(12..16)? == b"IHDR" && b.len() >= 33;
    if header { Some((big(b, 16, 4)?, big(b, 20, 4)?)) } else { None }
}

fn webp(b: &[u8]) -> Option<(u32, u32)> {
    match b.get(12..16)? {
        b"VP8X" => Some((1 + little(b, 24, 3)?, 1 + little(b, 27, 3)?)),
        b"VP8 " => Some((little(b, 26, 2)? & 0x3fff, little(b, 28, 2)? & 0x3fff)),
        b"VP8L" => {
            let packed = little(b, 21, 4)?;
            Some((1 + (packed & 0x3fff), 1 + (packed >> 14 & 0x3fff)))
        }
        _ => None,
    }
}

/// The first start of a frame (T.81, B.2.2); the segments before it are passed over by their lengths.
fn jpeg(b: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    while *b.get(at)? == 0xff {
        match *b.get(at + 1)? {
            // Filling before a marker.
            0xff => at += 1,
            0xc4 | 0xc8 | 0xcc => at += 2 + usize::try_from(big(b, at + 2, 2)?).ok()?,
            0xc0..=0xcf => return Some((big(b, at + 7, 2)?, big(b, at + 5, 2)?)),
            _ => at += 2 + usize::try_from(big(b, at + 2, 2)?).ok()?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut b = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        b.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
        b.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        b
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        // A preview in a segment of its own comes first, with a frame of its own in it.
        let mut b = vec![0xff, 0xd8, 0xff, 0xe1, 0, 8, 0xff, 0xc0, 0, 1, 0, 1, 0xff, 0xff, 0xc2, 0, 17, 8];
        b.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
        b
    }

    fn webp(kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP", &kind[..], &[0; 4], rest].concat()
    }

    #[test]
    fn a_picture_says_how_large_it_is_in_each_format() {
        assert_eq!(check("image/png", 100, &png(640, 480)), Ok((640, 480)));
        assert_eq!(check("image/jpeg", 100, &jpeg(4_000, 3_000)), Ok((4_000, 3_000)));
        let extended = webp(b"VP8X", &[0, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0]);
        assert_eq!(check("image/webp", 100, &extended), Ok((640, 480)));
        let lossy = webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1]);
        assert_eq!(check("image/webp", 100, &lossy), Ok((640, 480)));
        let lossless = webp(b"VP8L", &[&[0x2f][..], &(639_u32 | 479 << 14).to_le_bytes()].concat());
        assert_eq!(check("image/webp", 100, &lossless), Ok((640, 480)));
    }

    #[test]
    fn a_picture_is_shown_whole_within_its_box_and_never_larger_than_it_is() {
        let shown =
            |width, height| Picture { width, height, ..Picture::drawn("x", Text::default()) }.within((320, 240));
        assert_eq!(shown(4_000, 3_000), (320, 240));
        assert_eq!(shown(3_000, 4_000), (180, 240));
        assert_eq!(shown(20_000, 10), (320, 1));
        assert_eq!(shown(100, 50), (100, 50));
        assert_eq!(shown(100, 480), (50, 240));
    }

    #[test]
    fn what_is_no_picture_or_bursts_or_is_too_large_is_refused_in_words() {
        let refused = |media_type: &str, bytes, head: &[u8]| check(media_type, bytes, head).unwrap_err().zh.to_string();
        assert!(refused("application/x-executable", 100, b"\x7fELF").contains("application/x-executable"));
        assert!(refused("image/svg+xml", 100, b"<svg/>").contains("不是 JPEG"), "it can hold a script");
        assert!(refused("image/png", MOST_BYTES + 1, &png(640, 480)).contains("4 MiB"));
        assert!(refused("image/png", 100, &png(65_536, 65_536)).contains("65536 × 65536"));
        assert!(refused("image/jpeg", 100, &jpeg(65_000, 65_000)).contains("太大"));
        assert!(refused("image/png", 100, &png(20_001, 1)).contains("太大"));
        assert!(check("image/png", MOST_BYTES, &png(10_000, 5_000)).is_ok(), "the bounds themselves are fine");
        for head in [&png(640, 480)[..20], &png(0, 480), b"", b"\x89PNG"] {
            assert!(refused("image/png", 100, head).contains("损坏"), "{head:?}");
        }
        for head in [&jpeg(1, 1)[..9], &[0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff][..]] {
            assert!(refused("image/jpeg", 100, head).contains("损坏"), "{head:?}");
        }
        assert!(refused("image/webp", 100, &webp(b"JUNK", &[0; 20])).contains("损坏"));
    }
}
