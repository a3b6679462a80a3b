//! QR codes (ISO/IEC 18004) as SVG.

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;

/// The standard asks for four modules of quiet zone on each side.
const QUIET: usize = 4;

/// The text does not fit: a code holds about 2,300 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too long for a QR code: {0} bytes")]
pub struct TooLong(pub usize);

/// A code that shows `text`, black on white, with `label` as its name for those who cannot see
/// it.
///
/// # Errors
/// [`TooLong`].
pub fn svg(text: &str, label: &str) -> Result<Markup, TooLong> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| TooLong(text.len()))?;
    let width = code.width();
    let mut path = String::with_capacity(width * width * 4);
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|c| **c == Color::Dark).count();
            if run > 0 {
                // Runs of dark modules, each a rectangle one module high.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let size = width + 2 * QUIET;
    Ok(html! {
        div.qr {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(label) shape-rendering="crispEdges" {
                rect width=(size) height=(size) fill="#fff" {}
                path fill="#000" d=(path) {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_name_and_a_quiet_zone() {
        // ANCHOR: qr
        let svg = svg("https://example.org/t/1", "票码 <1>").unwrap().into_string();
        // ANCHOR_END: qr
        assert!(svg.contains("aria-label=\"票码 &lt;1&gt;\""));
        assert!(svg.contains("viewBox=\"0 0 33 33\""), "{svg}");
        assert!(svg.contains("M4 4h7v1h-7z"), "the finder pattern starts behind the quiet zone");
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(svg(&"x".repeat(4000), "x").err(), Some(TooLong(4000)));
    }
}
