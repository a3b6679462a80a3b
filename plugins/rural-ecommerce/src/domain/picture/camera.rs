//! What a camera writes beside a picture: where and when it was taken, by which telephone, and how it looked before it
//! was cut. None of it is for those who look at goods. What is needed to show the picture stays, by a list of that: what
//! cameras write has no end.

use img_parts::jpeg::{Jpeg, JpegSegment, markers};
use img_parts::png::Png;
use img_parts::riff::RiffContent;
use img_parts::webp::{self, WebP};
use img_parts::{Bytes, ImageEXIF};

/// A picture with nothing beside it but which way is up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// The file.
    pub content: Bytes,
    /// Whether it is shown turned by a quarter: its height from left to right.
    pub turned: bool,
}

/// The picture alone. Which way is up stays, since a telephone writes what its sensor saw and says beside it how it was
/// held. `None` for what cannot be read.
#[must_use]
pub fn bare(media_type: &str, content: &[u8]) -> Option<Bare> {
    let content = Bytes::copy_from_slice(content);
    let (content, up) = match media_type {
        "image/png" => png(content)?,
        "image/webp" => webp(content)?,
        _ => jpeg(content)?,
    };
    Some(Bare { content, turned: up.is_some_and(|u| u >= 5) })
}

fn jpeg(content: Bytes) -> Option<(Bytes, Option<u8>)> {
    let mut jpeg = Jpeg::from_bytes(content).ok()?;
    let up = jpeg.exif().as_deref().and_then(orientation);
    jpeg.segments_mut().retain(|s| match s.marker() {
        markers::APP0 => s.contents().starts_with(b"JFIF\0"),
        markers::APP2 => s.contents().starts_with(b"ICC_PROFILE\0"),
        // Which colours the numbers mean.
        markers::APP14 => s.contents().starts_with(b"Adobe"),
        markers::APP1..=markers::APP15 | COMMENT => false,
        _ => true,
    });
    jpeg.set_exif(up.map(only_orientation));
    let scan = 2 + jpeg.segments().iter().map(JpegSegment::len).sum::<usize>();
    let whole = jpeg.encoder().bytes();
    let end = scan + image_end(whole.get(scan..)?);
    Some((whole.slice(..end), up))
}

/// A comment (T.81, B.2.4.5).
const COMMENT: u8 = 0xfe;

/// Where the scans of a JPEG end. Telephones put further pictures behind, each with all that is beside it.
fn image_end(scans: &[u8]) -> usize {
    let mut at = 0;
    while let Some(skip) = scans.get(at..).and_then(|rest| rest.iter().position(|b| *b == markers::P)) {
        at += skip;
        at += match scans.get(at + 1..) {
            Some([markers::EOI, ..]) => return at + 2,
            // Filling before a marker; a byte of the scan that looks like one, or a restart.
            Some([markers::P, ..]) => 1,
            Some([0 | 1 | markers::RST0..=markers::RST7, ..]) => 2,
            Some([_, high, low, ..]) => 2 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => break,
        };
    }
    scans.len()
}

fn png(content: Bytes) -> Option<(Bytes, Option<u8>)> {
    /// What draws it (PNG, third edition, 11.2 and 11.3), its colours and, in a moving one, its frames.
    const DRAWS: [&[u8; 4]; 20] = [
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
        b"cLLI", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT",
    ];
    let mut png = Png::from_bytes(content).ok()?;
    let up = png.exif().as_deref().and_then(orientation);
    png.chunks_mut().retain(|c| DRAWS.contains(&&c.kind()));
    png.set_exif(up.map(only_orientation));
    Some((png.encoder().bytes(), up))
}

fn webp(content: Bytes) -> Option<(Bytes, Option<u8>)> {
    use webp::{CHUNK_ALPH, CHUNK_ANIM, CHUNK_ANMF, CHUNK_ICCP, CHUNK_VP8, CHUNK_VP8L, CHUNK_VP8X};
    /// What draws it, its colours and, in a moving one, its frames (RFC 9649, 2.7).
    const DRAWS: [[u8; 4]; 7] = [CHUNK_VP8X, CHUNK_VP8, CHUNK_VP8L, CHUNK_ALPH, CHUNK_ANIM, CHUNK_ANMF, CHUNK_ICCP];
    /// The bit of the header that says that XMP follows.
    const XMP: u8 = 0b0000_0100;
    let mut webp = WebP::from_bytes(content).ok()?;
    let up = webp.exif().as_deref().and_then(orientation);
    webp.chunks_mut().retain(|c| DRAWS.contains(&c.id()));
    for header in webp.chunks_mut().iter_mut().filter(|c| c.id() == CHUNK_VP8X) {
        if let RiffContent::Data(data) = header.content_mut() {
            let mut flags = data.to_vec();
            flags.iter_mut().take(1).for_each(|f| *f &= !XMP);
            *data = flags.into();
        }
    }
    webp.set_exif(up.map(only_orientation));
    Some((webp.encoder().bytes(), up))
}

/// The tag of the orientation (Exif 2.3, 4.6.4).
const ORIENTATION: u16 = 0x0112;

/// How a picture is to be turned, as its Exif says: 2 to 8. `None` when it stands as it is, or says nothing of it.
fn orientation(exif: &[u8]) -> Option<u8> {
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |at: usize, bytes: usize| {
        let b = exif.get(at..at.checked_add(bytes)?)?;
        let add = |sum: usize, b: &u8| sum << 8 | usize::from(*b);
        Some(if little { b.iter().rev().fold(0, add) } else { b.iter().fold(0, add) })
    };
    let directory = number(4, 4)?;
    let entries = number(directory, 2)?;
    let found = (0..entries).map(|n| directory + 2 + 12 * n).find(|at| number(*at, 2) == Some(ORIENTATION.into()))?;
    u8::try_from(number(found + 8, 2)?).ok().filter(|up| (2..=8).contains(up))
}

/// An Exif that says how the picture is to be turned, and nothing else.
fn only_orientation(up: u8) -> Bytes {
    let [high, low] = ORIENTATION.to_be_bytes();
    let entry = [high, low, 0, 3, 0, 0, 0, 1, 0, up, 0, 0];
    [&b"MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat().into()
}

#[cfg(test)]
mod tests;
