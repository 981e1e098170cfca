//! Drawings as PNG, with letters of their own, so that they look the same on a machine without fonts.

use std::io::Write as _;
use std::sync::Arc;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use tiny_skia::{Color, FillRule, Mask, Paint, Pixmap, Transform};
use usvg::fontdb::Source;

/// Pixels for each unit of a drawing: 300 an inch where a plot is as wide as a page.
const PIXELS: f32 = 2.5;
/// The name by which the letters are found.
const LETTERS: &str = "DejaVu Sans";

/// Why a drawing cannot be painted.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// It cannot be understood.
    #[error("the drawing is no SVG that can be painted")]
    NoDrawing(#[source] usvg::Error),
    /// There is no room for its pixels.
    #[error("a drawing of {width} × {height} units is too large to be painted")]
    TooLarge {
        /// Width in units of the drawing.
        width: f32,
        /// Height, likewise.
        height: f32,
    },
}

/// Paints an SVG document, as [`crate::figures`] gives it, on white.
///
/// Understood is what those documents hold: shapes and text in plain colours, opacity and clip paths. Text is set in DejaVu Sans.
///
/// ```
/// let svg = r#"<svg viewBox="0 0 40 20" xmlns="http://www.w3.org/2000/svg"><circle cx="9" cy="9" r="5"/></svg>"#;
/// let png = twinprint_report::png(svg)?;
/// assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
/// // Width and height: 2.5 pixels a unit.
/// assert_eq!(png[16..24], [0, 0, 0, 100, 0, 0, 0, 50]);
/// # Ok::<(), twinprint_report::PngError>(())
/// ```
///
/// # Errors
/// When the text is no SVG, or too large to be painted.
pub fn png(svg: &str) -> Result<Vec<u8>, PngError> {
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family(LETTERS);
    let tree = usvg::Tree::from_str(svg, &options).map_err(PngError::NoDrawing)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let pixels = |length: f32| (length * PIXELS).ceil() as u32;
    let mut picture =
        Pixmap::new(pixels(width), pixels(height)).ok_or(PngError::TooLarge { width, height })?;
    picture.fill(Color::WHITE);
    paint_group(tree.root(), Transform::from_scale(PIXELS, PIXELS), (1.0, None), &mut picture);
    Ok(encoded(&picture))
}

/// Paints what a group holds, so opaque and within that mask.
fn paint_group(
    group: &usvg::Group,
    transform: Transform,
    (opacity, outer): (f32, Option<&Mask>),
    picture: &mut Pixmap,
) {
    let transform = transform.pre_concat(group.transform());
    let own = group.clip_path().and_then(|clip| mask(clip, transform, outer, picture));
    let (opacity, mask) = (opacity * group.opacity().get(), own.as_ref().or(outer));
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => paint_group(inner, transform, (opacity, mask), picture),
            usvg::Node::Text(text) => paint_group(text.flattened(), transform, (opacity, mask), picture),
            usvg::Node::Path(path) if path.is_visible() => {
                paint_path(path, transform, (opacity, mask), picture);
            }
            usvg::Node::Path(_) | usvg::Node::Image(_) => {}
        }
    }
}

/// Where a clip path lets something be seen.
fn mask(clip: &usvg::ClipPath, transform: Transform, outer: Option<&Mask>, picture: &Pixmap) -> Option<Mask> {
    let mut mask = Mask::new(picture.width(), picture.height())?;
    let transform = transform.pre_concat(clip.transform());
    for node in clip.root().children() {
        if let usvg::Node::Path(path) = node {
            mask.fill_path(path.data(), FillRule::Winding, true, transform);
        }
    }
    if let Some(outer) = outer {
        let both = mask.data_mut().iter_mut().zip(outer.data());
        both.for_each(|(own, outer)| *own = (u16::from(*own) * u16::from(*outer) / 255) as u8);
    }
    Some(mask)
}

fn paint_path(
    path: &usvg::Path,
    transform: Transform,
    (opacity, mask): (f32, Option<&Mask>),
    picture: &mut Pixmap,
) {
    let paint = |with: &usvg::Paint, own: usvg::Opacity| match with {
        usvg::Paint::Color(colour) => {
            let mut paint = Paint::default();
            let alpha = (255.0 * opacity * own.get()).round() as u8;
            paint.set_color_rgba8(colour.red, colour.green, colour.blue, alpha);
            paint.anti_alias = path.rendering_mode().use_shape_antialiasing();
            Some(paint)
        }
        _ => None,
    };
    let bounds = path.data().bounds();
    // A straight line has no inside.
    if let Some(fill) = path.fill().filter(|_| bounds.width() > 0.0 && bounds.height() > 0.0)
        && let Some(paint) = paint(fill.paint(), fill.opacity())
    {
        let rule = match fill.rule() {
            usvg::FillRule::NonZero => FillRule::Winding,
            usvg::FillRule::EvenOdd => FillRule::EvenOdd,
        };
        picture.fill_path(path.data(), &paint, rule, transform, mask);
    }
    if let Some(stroke) = path.stroke()
        && let Some(paint) = paint(stroke.paint(), stroke.opacity())
    {
        picture.stroke_path(path.data(), &paint, &stroke.to_tiny_skia(), transform, mask);
    }
}

/// The PNG file of an opaque picture (W3C Recommendation, third edition): true colour of 8 bits, one block of data.
fn encoded(picture: &Pixmap) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(picture.width().to_be_bytes());
    head.extend(picture.height().to_be_bytes());
    // 8 bits, true colour, the one compression and filtering there is, no interlace.
    head.extend([8, 2, 0, 0, 0]);
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::new(6));
    for row in picture.data().chunks_exact(4 * picture.width() as usize) {
        let colours = row.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]);
        // Each row begins with the number of its filter: none.
        let line: Vec<u8> = [0].into_iter().chain(colours).collect();
        // Memory takes all that is written to it.
        let _ = packed.write_all(&line);
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in
        [(b"IHDR", head), (b"IDAT", packed.finish().unwrap_or_default()), (b"IEND", Vec::new())]
    {
        let mut sum = Crc::new();
        sum.update(name);
        sum.update(&data);
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Page, example, figures, html};

    /// Width, height, and the colours of a file's pixels, rows one after another.
    fn read(png: &[u8]) -> (usize, usize, Vec<[u8; 3]>) {
        use std::io::Read as _;
        let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        let (width, height) = (number(16), number(20));
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&png[41..41 + number(33)]).read_to_end(&mut rows).unwrap();
        let rows = rows.chunks_exact(1 + 3 * width);
        (width, height, rows.flat_map(|row| row[1..].as_chunks::<3>().0.to_vec()).collect())
    }

    fn painted(content: &str) -> Vec<[u8; 3]> {
        let svg = format!("<svg viewBox=\"0 0 40 20\" xmlns=\"http://www.w3.org/2000/svg\">{content}</svg>");
        read(&png(&svg).unwrap()).2
    }

    #[test]
    fn colours_opacity_and_clip_paths_are_kept() {
        let at = |pixels: &[[u8; 3]], x: usize, y: usize| pixels[100 * y + x];
        let red = painted("<rect x=\"0\" y=\"0\" width=\"20\" height=\"20\" fill=\"#ff0000\"/>");
        assert_eq!((at(&red, 25, 25), at(&red, 75, 25)), ([255, 0, 0], [255; 3]));
        let half = painted("<g opacity=\"0.5\"><rect width=\"40\" height=\"20\"/></g>");
        assert!(at(&half, 50, 25)[0].abs_diff(127) <= 1);
        let clipped = painted(
            "<clipPath id=\"a\"><circle cx=\"10\" cy=\"10\" r=\"5\"/></clipPath><g clip-path=\"url(#a)\"><rect width=\"40\" height=\"20\"/></g>",
        );
        assert_eq!(
            (at(&clipped, 25, 25), at(&clipped, 2, 2), at(&clipped, 75, 25)),
            ([0; 3], [255; 3], [255; 3])
        );
    }

    #[test]
    fn letters_are_drawn_without_fonts_on_the_machine_those_of_the_page_included() {
        let ink = |text: &str| {
            let pixels = painted(&format!(
                "<text x=\"2\" y=\"16\" font-family=\"Helvetica, sans-serif\">{text}</text>"
            ));
            pixels.iter().filter(|pixel| pixel[0] < 128).count()
        };
        assert_eq!(ink(" "), 0);
        let missing = ink("\u{e000}");
        for letter in ["A", "µ", "′", "−", "–", "”", "≥", "✓", "…", "ö"] {
            let drawn = ink(letter);
            assert!(drawn > 0 && drawn != missing, "{letter}");
        }
    }

    #[test]
    fn every_plot_of_a_page_is_painted_with_more_than_one_colour() {
        let (results, run, curves) = (example::results(), example::run(), example::curves());
        for (name, svg) in
            figures(&html(&Page { results: &results, run: &run, curves: &curves, attacks: None }))
        {
            let (width, height, mut colours) = read(&png(&svg).unwrap());
            assert!(width > 500 && height > 100, "{name}");
            colours.sort_unstable();
            colours.dedup();
            assert!(colours.len() > 20, "{name}: {} colours", colours.len());
        }
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        assert!(matches!(png("<p>no</p>"), Err(PngError::NoDrawing(_))));
    }
}
