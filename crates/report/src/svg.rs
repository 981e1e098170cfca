//! Axes, lines and marks as inline SVG, styled by the classes of the page.

use std::fmt::Write as _;

use maud::{Markup, html};
use statrs::distribution::{ContinuousCDF, Normal};

/// How values become positions on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// Equal steps of a value are equal lengths.
    Linear,
    /// By the normal quantile: Gaussian scores make straight trade-offs (Martin et al., 1997).
    Probit,
}

/// One axis: the values at its two ends, its ticks and its title.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<(f64, String)>,
    pub title: String,
}

impl Axis {
    /// A proportional axis with about `wanted` round ticks; `shown` writes a tick's value with so many digits.
    pub fn linear(
        title: &str,
        low: f64,
        high: f64,
        wanted: usize,
        shown: impl Fn(f64, usize) -> String,
    ) -> Self {
        // Numbers that no axis can hold get the axis from 0 to 1; what is drawn on it lies outside and is not seen.
        let holds = low.is_finite() && high.is_finite() && low.abs().max(high.abs()) < 1e12;
        let (low, high) = if holds { (low, high) } else { (0.0, 1.0) };
        let high = if high - low > 1e-9 * low.abs().max(1e-9) { high } else { low + 1.0 };
        let step = round_step((high - low) / wanted.max(1) as f64);
        let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        // A real minus sign, and no zero below zero.
        let text = |value: f64| shown(value, digits).replace('-', "−");
        let ticks = (first..=last).map(|k| (k as f64 * step, text(k as f64 * step))).collect();
        Self { scale: Scale::Linear, low, high, ticks, title: title.to_owned() }
    }

    /// A probit axis between two rates, with ticks in per cent.
    pub fn probit(title: &str, low: f64, high: f64) -> Self {
        let ticks = PROBIT_TICKS
            .iter()
            .filter(|(rate, _)| (low..=high).contains(rate))
            .map(|(rate, text)| (*rate, (*text).to_owned()));
        Self { scale: Scale::Probit, low, high, ticks: ticks.collect(), title: title.to_owned() }
    }

    /// The axis as the page's script reads it back: scale, ends, what a value is multiplied by to be told, title.
    fn described(&self) -> String {
        let (scale, low, high) = match self.scale {
            Scale::Linear => ("linear", self.low, self.high),
            Scale::Probit => {
                let at = |rate: f64| Normal::standard().inverse_cdf(rate.clamp(1e-7, 1.0 - 1e-7));
                ("probit", at(self.low), at(self.high))
            }
        };
        let factor = if self.title.contains('%') { 100 } else { 1 };
        format!("{scale}|{low:.6}|{high:.6}|{factor}|{}", self.title)
    }

    /// Where a value lies between the ends: 0 at `low`, 1 at `high`.
    pub fn place(&self, value: f64) -> f64 {
        let at = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Probit => Normal::standard().inverse_cdf(value.clamp(1e-7, 1.0 - 1e-7)),
        };
        (at(value) - at(self.low)) / (at(self.high) - at(self.low))
    }
}

/// The rates a trade-off is read at, and how they are written in per cent.
pub(crate) const PROBIT_TICKS: [(f64, &str); 13] = [
    (0.0005, "0.05"),
    (0.001, "0.1"),
    (0.002, "0.2"),
    (0.005, "0.5"),
    (0.01, "1"),
    (0.02, "2"),
    (0.05, "5"),
    (0.1, "10"),
    (0.2, "20"),
    (0.4, "40"),
    (0.6, "60"),
    (0.8, "80"),
    (0.95, "95"),
];

/// The round number (1, 2 or 5 times a power of ten) at or above a step.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= step * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// The rectangle that values are drawn in.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    pub fn at_x(&self, value: f64) -> f64 {
        self.left + self.width * self.x.place(value)
    }

    pub fn at_y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - self.y.place(value))
    }

    /// The ticks of the horizontal axis whose texts do not run into each other, kept from the high end.
    fn readable(&self) -> Vec<&(f64, String)> {
        let mut kept: Vec<&(f64, String)> = Vec::new();
        for tick in self.x.ticks.iter().rev() {
            let room = |next: &&(f64, String)| {
                let half = 3.6 * (next.1.chars().count() + tick.1.chars().count()) as f64;
                self.at_x(next.0) - self.at_x(tick.0) >= half + 5.0
            };
            if kept.last().is_none_or(room) {
                kept.push(tick);
            }
        }
        kept
    }

    /// Grid, ticks and titles.
    pub fn axes(&self) -> Markup {
        let (right, bottom) = (self.left + self.width, self.top + self.height);
        html! {
            @for (value, text) in self.readable() {
                @let x = short(self.at_x(*value));
                line class="grid" x1=(x) x2=(x) y1=(short(self.top)) y2=(short(bottom)) {}
                text class="tick" x=(x) y=(short(bottom + 17.0)) text-anchor="middle" { (text) }
            }
            @for (value, text) in &self.y.ticks {
                @let y = self.at_y(*value);
                line class="grid" x1=(short(self.left)) x2=(short(right)) y1=(short(y)) y2=(short(y)) {}
                text class="tick" x=(short(self.left - 8.0)) y=(short(y + 4.0)) text-anchor="end" { (text) }
            }
            line class="axis" x1=(short(self.left)) x2=(short(right)) y1=(short(bottom)) y2=(short(bottom)) {}
            text class="title" x=(short(self.left + self.width / 2.0)) y=(short(bottom + 38.0)) text-anchor="middle" {
                (self.x.title)
            }
            @if !self.y.title.is_empty() {
                text class="title" x=(short(self.left)) y=(short(self.top - 14.0)) { (self.y.title) }
            }
            rect class="field" x=(short(self.left)) y=(short(self.top)) width=(short(self.width)) height=(short(self.height))
                data-x=(self.x.described()) data-y=(self.y.described()) {}
        }
    }

    /// A line through points given as values. Points less than a third of a pixel apart are drawn as one.
    pub fn line(&self, points: &[(f64, f64)], class: &str) -> Markup {
        html! { polyline class=(class) points=(self.path(points)) {} }
    }

    /// A line with a name, which the page tells under the pointer and the legend switches.
    pub fn series(&self, points: &[(f64, f64)], class: &str, name: &str) -> Markup {
        html! { polyline class=(class) data-series=(name) points=(self.path(points)) {} }
    }

    /// The area between two edges given as values, with the name of the line it belongs to.
    pub fn band(&self, low: &[(f64, f64)], high: &[(f64, f64)], class: &str, name: &str) -> Markup {
        let around: Vec<(f64, f64)> = high.iter().copied().chain(low.iter().rev().copied()).collect();
        html! { polygon class=(class) data-series=(name) points=(self.path(&around)) {} }
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut path = String::new();
        let mut drawn: Option<(f64, f64)> = None;
        for (index, &(x, y)) in points.iter().enumerate() {
            if !(x.is_finite() && y.is_finite()) {
                continue;
            }
            // Far outside the frame is as good as just outside, and keeps the numbers short.
            let limit = |p: f64, low: f64, size: f64| p.clamp(low - size, low + 2.0 * size);
            let here =
                (limit(self.at_x(x), self.left, self.width), limit(self.at_y(y), self.top, self.height));
            let near = drawn.is_some_and(|d| (d.0 - here.0).abs().max((d.1 - here.1).abs()) < 0.33);
            if !near || index + 1 == points.len() {
                let _ = write!(path, "{},{} ", short(here.0), short(here.1));
                drawn = Some(here);
            }
        }
        path.truncate(path.trim_end().len());
        path
    }

    /// A clip path by which nothing is drawn outside the frame.
    pub fn clip(&self, id: &str) -> Markup {
        html! {
            clipPath id=(id) {
                rect x=(short(self.left)) y=(short(self.top)) width=(short(self.width)) height=(short(self.height)) {}
            }
        }
    }
}

/// A drawing with a title and a description for those who cannot see it. `id` is unique on the page.
pub(crate) fn figure(id: &str, size: (f64, f64), title: &str, description: &str, content: &Markup) -> Markup {
    let labels = format!("{id}-title {id}-description");
    html! {
        svg id=(id) viewBox=(format!("0 0 {} {}", size.0, size.1)) role="img" aria-labelledby=(labels)
            style=(format!("max-width:{0}px;min-width:{1}px", short(size.0), short(0.9 * size.0))) xmlns="http://www.w3.org/2000/svg" {
            title id=(format!("{id}-title")) { (title) }
            desc id=(format!("{id}-description")) { (description) }
            (content)
        }
    }
}

/// A position with at most two digits.
pub(crate) fn short(position: f64) -> String {
    let text = format!("{position:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside_the_axis() {
        let axis = Axis::linear("x", 0.0, 0.37, 5, |value, digits| format!("{value:.digits$}"));
        let texts: Vec<&str> = axis.ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["0.0", "0.1", "0.2", "0.3"]);
    }

    #[test]
    fn an_axis_without_extent_is_still_drawn() {
        let axis = Axis::linear("x", 3.0, 3.0, 5, |value, _| value.to_string());
        assert!(axis.place(3.0).is_finite() && !axis.ticks.is_empty());
    }

    #[test]
    fn a_probit_axis_is_symmetric_about_one_half() {
        let axis = Axis::probit("x", 0.01, 0.99);
        assert!((axis.place(0.5) - 0.5).abs() < 1e-9);
        assert!((axis.place(0.1) + axis.place(0.9) - 1.0).abs() < 1e-9);
        assert!(axis.place(0.0).is_finite() && axis.place(1.0).is_finite());
    }

    #[test]
    fn a_line_of_a_million_points_becomes_a_short_path() {
        let axis = || Axis::linear("x", 0.0, 1.0, 5, |value, _| value.to_string());
        let frame = Frame { left: 0.0, top: 0.0, width: 300.0, height: 300.0, x: axis(), y: axis() };
        let points: Vec<(f64, f64)> = (0..1_000_000).map(|i| f64::from(i) / 1e6).map(|x| (x, x)).collect();
        let path = frame.path(&points);
        assert!(path.len() < 20_000 && path.starts_with("0,300"), "{} characters", path.len());
    }
}
