//! A code as a picture: PNG, SVG, and for terminals.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use qrcode::{EcLevel, QrCode};

/// Light modules around the code (ISO/IEC 18004 asks for four).
const QUIET: usize = 4;
/// Pixels per module; about 300 px for a linking code, as the original's.
const SCALE: usize = 4;

/// A text that has been made into a QR code, once for all who show it.
pub struct QrPicture {
    modules: Vec<bool>,
    width: usize,
    png: Vec<u8>,
    data_url: String,
}

/// A text cannot be made into a QR code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code cannot be drawn: {0}")]
pub struct QrError(String);

impl QrPicture {
    /// Draws it. Takes about a millisecond: off the async runtime, please.
    ///
    /// # Errors
    /// When the text is longer than a QR code can hold (2 331 bytes at this error correction).
    pub fn draw(text: &str) -> Result<Self, QrError> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M)
            .map_err(|e| QrError(e.to_string()))?;
        let width = code.width();
        let modules = code.into_colors().into_iter().map(|c| c == qrcode::Color::Dark).collect::<Vec<_>>();
        let png = png(&modules, width)?;
        let data_url = format!("data:image/png;base64,{}", STANDARD.encode(&png));
        Ok(Self { modules, width, png, data_url })
    }

    /// As a PNG, black on white whatever the page's colours, so that every camera reads it.
    #[must_use]
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// As `data:image/png;base64,…`.
    #[must_use]
    pub fn data_url(&self) -> &str {
        &self.data_url
    }

    /// As an SVG of one path, a unit per module.
    #[must_use]
    pub fn svg(&self) -> String {
        use std::fmt::Write as _;
        let side = self.width + 2 * QUIET;
        let mut path = String::new();
        for (y, row) in self.modules.chunks(self.width).enumerate() {
            let (mut x, mut pen) = (0, None);
            while let Some(start) = row.iter().skip(x).position(|&dark| dark).map(|at| at + x) {
                let run = row.iter().skip(start).take_while(|&&dark| dark).count();
                // A line of the width of one: half of what four corners take.
                let _ = match pen {
                    None => write!(path, "M{} {}.5h{run}", start + QUIET, y + QUIET),
                    Some(pen) => write!(path, "m{} 0h{run}", start - pen),
                };
                x = start + run;
                pen = Some(x);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" \
             role=\"img\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path stroke=\"#000\" d=\"{path}\"/></svg>"
        )
    }

    /// For terminals: two modules a character, light on dark or dark on light as the terminal is.
    #[must_use]
    pub fn text(&self) -> String {
        let dark = |x: usize, y: usize| {
            let (Some(x), Some(y)) = (x.checked_sub(QUIET), y.checked_sub(QUIET)) else { return false };
            x < self.width && self.modules.get(y * self.width + x).copied().unwrap_or(false)
        };
        let side = self.width + 2 * QUIET;
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            for x in 0..side {
                text.push(match (dark(x, y), dark(x, y + 1)) {
                    (false, false) => '█',
                    (false, true) => '▀',
                    (true, false) => '▄',
                    (true, true) => ' ',
                });
            }
            text.push('\n');
        }
        text
    }
}

/// The picture shows the secret, so only its size is told.
impl std::fmt::Debug for QrPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QrPicture({} modules)", self.width)
    }
}

fn png(modules: &[bool], width: usize) -> Result<Vec<u8>, QrError> {
    let side = (width + 2 * QUIET) * SCALE;
    let mut pixels = vec![255_u8; side * side];
    for (y, row) in modules.chunks(width).enumerate() {
        for x in row.iter().enumerate().filter_map(|(x, &dark)| dark.then_some(x)) {
            for line in 0..SCALE {
                let start = ((y + QUIET) * SCALE + line) * side + (x + QUIET) * SCALE;
                if let Some(run) = pixels.get_mut(start..start + SCALE) {
                    run.fill(0);
                }
            }
        }
    }
    let side = u32::try_from(side).map_err(|e| QrError(e.to_string()))?;
    let mut png = Vec::with_capacity(4096);
    PngEncoder::new(&mut png)
        .write_image(&pixels, side, side, ExtendedColorType::L8)
        .map_err(|e| QrError(e.to_string()))?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::{QUIET, QrPicture};

    fn picture() -> QrPicture {
        QrPicture::draw("2@abcdefgh,AAAA,BBBB,CCCC,1").unwrap()
    }

    #[test]
    fn is_a_png_in_a_data_url() {
        let picture = picture();
        assert!(picture.png().starts_with(b"\x89PNG"));
        assert!(picture.data_url().starts_with("data:image/png;base64,iVBOR"));
    }

    #[test]
    fn svg_paints_every_dark_module_once() {
        let picture = picture();
        let svg = picture.svg();
        // Followed with a pen, as a browser does.
        let path = svg.rsplit_once("d=\"").unwrap().1.split('"').next().unwrap();
        let mut painted = vec![false; picture.modules.len()];
        let (mut x, mut y) = (0, 0);
        for (at, sign) in path.match_indices(['M', 'm']) {
            let (from, run) = path[at + 1..].split(['M', 'm']).next().unwrap().split_once('h').unwrap();
            let (right, down) = from.split_once(' ').unwrap();
            let right: usize = right.parse().unwrap();
            if sign == "M" {
                (x, y) = (right - QUIET, down.strip_suffix(".5").unwrap().parse::<usize>().unwrap() - QUIET);
            } else {
                x += right;
            }
            for _ in 0..run.parse().unwrap() {
                assert!(!std::mem::replace(&mut painted[y * picture.width + x], true), "painted twice");
                x += 1;
            }
        }
        assert_eq!(painted, picture.modules);
    }

    #[test]
    fn terminal_lines_are_as_wide_as_the_code() {
        let picture = picture();
        let lines: Vec<_> = picture.text().lines().map(|l| l.chars().count()).collect();
        assert!(lines.iter().all(|&n| n == picture.width + 8));
        assert_eq!(lines.len(), (picture.width + 8).div_ceil(2));
    }

    #[test]
    fn too_long_is_an_error_not_a_panic() {
        assert!(QrPicture::draw(&"x".repeat(5000)).is_err());
    }
}
