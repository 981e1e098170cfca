//! The page of one recording: signals to move through, spectra, annotations, quality, before and after preprocessing.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;

use super::parts::{SCRIPT, figure, head};
use crate::plots::spectra::spectra;

const SIGNALS: &str = include_str!("signals.js");

/// One recording, as it is and as the default preprocessing leaves it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalPage {
    /// The name of the file.
    pub name: String,
    /// What the header says, line by line; nothing of the person.
    pub facts: Vec<(String, String)>,
    /// The channels drawn.
    pub channels: Vec<String>,
    /// What is wrong with each of them; usually nothing.
    pub flags: Vec<Vec<String>>,
    /// Seconds from the start, and the label.
    pub annotations: Vec<(f64, String)>,
    /// What the preprocessing did, in words.
    pub preparation: String,
    /// The recording as it is.
    pub before: SignalSide,
    /// The recording after preprocessing.
    pub after: SignalSide,
}

/// The signals of a recording in one of the two states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalSide {
    /// Samples a second.
    pub rate: f64,
    /// Seconds of a stretch without a gap.
    pub epoch: f64,
    /// Where each stretch starts, in seconds.
    pub starts: Vec<f64>,
    /// The samples of each channel, stretch after stretch, in microvolts.
    pub signals: Vec<Vec<f32>>,
    /// Frequency in hertz and power density in decibels over 1 µV²/Hz, by channel.
    pub spectra: Vec<Vec<(f64, f64)>>,
}

/// The page as one HTML text. Every name and label is escaped.
pub fn signal_page(page: &SignalPage) -> String {
    let end = |side: &SignalSide| side.starts.last().map_or(0.0, |start| start + side.epoch);
    let seconds = end(&page.before).max(end(&page.after));
    let data = json!({
        "channels": page.channels, "flags": page.flags, "annotations": page.annotations, "seconds": seconds,
        "before": packed(&page.before), "after": packed(&page.after),
    });
    // In a script only `</` could end it early.
    let data = data.to_string().replace("</", "<\\/").replace("<!--", "<\\!--");
    let flagged: Vec<(&String, &Vec<String>)> =
        page.channels.iter().zip(&page.flags).filter(|(_, flags)| !flags.is_empty()).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (head(&page.name))
            }
            body {
                main {
                    header {
                        p class="eyebrow" { "twinprint inspect" }
                        h1 { (page.name) }
                        p class="lead" { (page.channels.len()) " channels of EEG, " (format!("{seconds:.0}")) " s drawn" }
                    }
                    (facts(page, &flagged))
                    h2 { "Signals" }
                    div class="controls" {
                        label { input type="radio" name="side" value="before" checked; " as recorded" }
                        label { input type="radio" name="side" value="after"; " after preprocessing (" (page.preparation) ")" }
                    }
                    canvas id="trace" class="trace" role="img" aria-label="The signals of all channels over time" {}
                    input id="at" type="range" class="wide" min="0" max="0" step="1" value="0" aria-label="Where in the recording";
                    div class="controls" {
                        label { "Seconds shown " select id="span" {
                            @for seconds in [5, 10, 30, 60] { option value=(seconds) selected[seconds == 10] { (seconds) } }
                        } }
                        label { "Microvolts a channel " select id="gain" {
                            @for gain in [20, 50, 100, 200, 500, 2000] { option value=(gain) selected[gain == 100] { (gain) } }
                        } }
                        span id="place" {}
                    }
                    @for (title, side, id) in [("Spectra as recorded", &page.before, "spectra-before"), ("Spectra after preprocessing", &page.after, "spectra-after")] {
                        @if let Some(plot) = spectra(id, title, &page.channels, &side.spectra) {
                            h2 { (title) }
                            (figure(&plot, "Mean power density of each channel; a name on the right switches its line."))
                        }
                    }
                    (annotations(page))
                }
                script id="signals" type="application/json" { (PreEscaped(data)) }
                script { (PreEscaped(SCRIPT)) }
                script { (PreEscaped(SIGNALS)) }
            }
        }
    };
    page.into_string()
}

fn facts(page: &SignalPage, flagged: &[(&String, &Vec<String>)]) -> Markup {
    html! {
        div class="scroll" {
            table class="facts" {
                caption { "The file" }
                tbody {
                    @for (name, value) in &page.facts { tr { th scope="row" { (name) } td { (value) } } }
                    @for (channel, flags) in flagged {
                        tr class="failed" { th scope="row" { "Channel " (channel) } td { (flags.join("; ")) } }
                    }
                }
            }
        }
    }
}

fn annotations(page: &SignalPage) -> Markup {
    const SHOWN: usize = 200;
    html! {
        @if !page.annotations.is_empty() {
            h2 { "Annotations" }
            div class="scroll" {
                table class="text" {
                    caption { (page.annotations.len()) " in the part drawn" @if page.annotations.len() > SHOWN { ", the first " (SHOWN) " listed" } }
                    thead { tr { th scope="col" { "Second" } th scope="col" { "Label" } } }
                    tbody {
                        @for (second, label) in page.annotations.iter().take(SHOWN) {
                            tr { th scope="row" { (format!("{second:.2}")) } td { (label) } }
                        }
                    }
                }
            }
        }
    }
}

/// A side as the script reads it: 16-bit whole numbers of `step` microvolts each, in base 64.
fn packed(side: &SignalSide) -> serde_json::Value {
    let largest = side
        .signals
        .iter()
        .flatten()
        .filter(|value| value.is_finite())
        .fold(1.0_f32, |most, value| most.max(value.abs()));
    let step = f64::from(largest) / f64::from(i16::MAX);
    let signals: Vec<String> = side
        .signals
        .iter()
        .map(|values| {
            let whole = values.iter().map(|value| (f64::from(*value) / step).round() as i16);
            base64(&whole.flat_map(i16::to_le_bytes).collect::<Vec<u8>>())
        })
        .collect();
    json!({ "rate": side.rate, "epoch": side.epoch, "starts": side.starts, "step": step, "signals": signals })
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_that_of_its_standard() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn no_label_breaks_out_of_the_page_and_nothing_is_fetched() {
        let evil = "</script><img src=x onerror=alert(1)>";
        let side = SignalSide {
            rate: 4.0,
            epoch: 2.0,
            starts: vec![0.0],
            signals: vec![vec![1.0, -2.0, 3.0, f32::NAN, 0.0, 0.0, 0.0, 0.0]],
            spectra: vec![vec![(1.0, 3.0), (2.0, 1.0)]],
        };
        let page = signal_page(&SignalPage {
            name: evil.to_owned(),
            facts: vec![(evil.to_owned(), evil.to_owned())],
            channels: vec![evil.to_owned()],
            flags: vec![vec![evil.to_owned()]],
            annotations: vec![(0.5, evil.to_owned())],
            preparation: evil.to_owned(),
            before: side.clone(),
            after: side,
        });
        assert!(!page.contains("</script><img") && page.matches("<script").count() == 3, "{page}");
        let rest = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!rest.contains("http:") && !rest.contains("https:") && !rest.contains("fetch("));
    }
}
