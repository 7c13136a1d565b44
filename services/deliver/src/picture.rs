//! Charts -> PNG for mails. Pure but for a small memory of what was drawn last: many subscribers get the same chart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use skillwire_web::chart::Bars;

use crate::digest::Picture;

/// Pixels for each unit of the chart: sharp on a phone.
const SCALE: f32 = 2.0;
/// Charts that are remembered; one is some 25 kB.
const REMEMBERED_MAX: usize = 256;

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub(crate) struct PictureError(String);

/// Draws.
#[derive(Clone)]
pub(crate) struct Painter {
    fonts: Arc<fontdb::Database>,
    drawn: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Painter {
    /// With the font that is built in: what the machine has installed must not change a mail.
    pub(crate) fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Self { fonts: Arc::new(fonts), drawn: Arc::default() }
    }

    /// Draws a chart; takes milliseconds of a core.
    pub(crate) fn draw(&self, chart: &Bars) -> Result<Picture, PictureError> {
        let svg = chart.svg();
        let known = self.drawn.lock().unwrap_or_else(PoisonError::into_inner).get(&svg).cloned();
        let png = match known {
            Some(png) => png,
            None => {
                let png = self.png(&svg)?;
                let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
                if drawn.len() >= REMEMBERED_MAX {
                    drawn.clear();
                }
                drawn.insert(svg, png.clone());
                png
            }
        };
        Ok(Picture { alt: chart.alt(), png })
    }

    fn png(&self, svg: &str) -> Result<Vec<u8>, PictureError> {
        let failed = |why: &dyn std::fmt::Display| PictureError(why.to_string());
        let options =
            Options { fontdb: Arc::clone(&self.fonts), font_family: "DejaVu Sans".to_owned(), ..Options::default() };
        let tree = Tree::from_str(svg, &options).map_err(|e| failed(&e))?;
        let size = tree.size().to_int_size().scale_by(SCALE).ok_or_else(|| failed(&"it has no size"))?;
        let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| failed(&"it is too large"))?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
        indexed(&pixels).map_err(|e| failed(&e))
    }
}

/// The picture with a table of its colours: a chart has few, and a mail should be small. Colours are made coarser until they fit:
/// with two bits each they do.
fn indexed(pixels: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let (mut table, mut places) = (Vec::new(), Vec::new());
    // The last one fits always: 64 colours.
    for mask in [0xff_u8, 0xfc, 0xf0, 0xe0, 0xc0] {
        let mut known: HashMap<[u8; 3], u8> = HashMap::new();
        (table, places) = (Vec::new(), Vec::with_capacity(pixels.pixels().len()));
        let mut last = None;
        for pixel in pixels.pixels() {
            // Most pixels are as the one before: a chart is areas.
            if let Some((same, place)) = last
                && same == *pixel
            {
                places.push(place);
                continue;
            }
            // The rounded corners are outside of the picture: white.
            let white = 255 - pixel.alpha();
            let colour = [pixel.red(), pixel.green(), pixel.blue()].map(|c| c.saturating_add(white) | !mask);
            let next = u8::try_from(known.len());
            let place = match (known.get(&colour), next) {
                (Some(place), _) => *place,
                (None, Ok(next)) => {
                    known.insert(colour, next);
                    table.extend(colour);
                    next
                }
                (None, Err(_)) => break,
            };
            places.push(place);
            last = Some((*pixel, place));
        }
        if places.len() == pixels.pixels().len() {
            break;
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(table);
    // Filters guess a colour from its neighbours: places in a table are no colours.
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&places)?;
    writer.finish()?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillwire_web::chart::Bar;

    #[test]
    fn a_chart_becomes_a_png_with_letters_in_it() {
        let bars = |label: &str| Bars {
            title: "t".to_owned(),
            unit: "openings".to_owned(),
            bars: vec![Bar { label: label.to_owned(), now: 3, before: Some(2) }],
        };
        let painter = Painter::new();
        let (one, other) = (painter.draw(&bars("Welders")).unwrap(), painter.draw(&bars("Nurses")).unwrap());
        assert!(one.png.starts_with(b"\x89PNG\r\n\x1a\n"));
        assert!(one.png.len() < 10_000, "{}", one.png.len());
        assert_eq!(one.png[16..24], [0, 0, 4, 176, 0, 0, 0, 116], "1200 x 116");
        assert_ne!(one.png, other.png, "letters are drawn");
        assert_eq!(painter.draw(&bars("Welders")).unwrap(), one, "the same chart is the same picture");
    }
}
