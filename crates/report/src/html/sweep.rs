//! The page of a sweep: its curves and the table behind them.

use maud::{DOCTYPE, PreEscaped, html};

use super::parts::{SCRIPT, figure, head};
use crate::format;
use crate::plots::sweep::{SweepPoint, sweep};
use crate::plots::systems::clipped;
use crate::results::ENCODER;

/// The page as one HTML text: the encoder's curves, and every system in the table.
pub fn sweep_page(name: &str, description: &str, points: &[SweepPoint]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (head(name))
            }
            body {
                main {
                    header {
                        p class="eyebrow" { "EEG biometrics · twinprint sweep" }
                        h1 { (name) }
                        p class="lead" { (description) }
                    }
                    @if let Some(plot) = sweep(points, ENCODER) {
                        (figure(&plot, "The encoder's equal error rate on people it never saw; bars are 95 % intervals by bootstrap over \
                            subjects. Each axis is varied alone, the others as the plan has them. Neighbouring points share their \
                            subjects, so that a trend can be surer than two intervals look. Where a point is a mean over seeds, its \
                            interval is that of the mean over seeds, for the same people."))
                    }
                    div class="scroll" {
                        table {
                            caption { "Every point: EER % with its 95 % interval" }
                            thead { tr {
                                th scope="col" { "Axis" } th scope="col" { "Value" } th scope="col" { "Probes" }
                                th scope="col" { "System" } th scope="col" { "EER %" }
                            } }
                            tbody {
                                @for point in points {
                                    tr class=[(point.system == ENCODER).then_some("strong")] {
                                        th scope="row" { (point.axis) }
                                        td { (clipped(&point.label)) }
                                        td { (format::seconds(point.probe_seconds)) }
                                        td { (point.system) }
                                        td { (format::estimate(point.eer)) }
                                    }
                                }
                            }
                        }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use twinprint_signal::Estimate;

    use super::*;

    #[test]
    fn a_sweep_makes_a_page_with_a_panel_an_axis_and_a_row_a_point() {
        let point = |axis: &str, at: f64, eer: Option<f64>| SweepPoint {
            axis: axis.to_owned(),
            label: at.to_string(),
            at,
            probe_seconds: 2.0,
            system: ENCODER.to_owned(),
            eer: eer.map(|value| Estimate { value, ci95: Some([value / 2.0, value * 1.5].into()) }),
        };
        let points = [
            point("<training>", 4.0, Some(0.3)),
            point("<training>", 8.0, Some(0.2)),
            point("seconds", 5.0, None),
        ];
        let page = sweep_page("curves", "a <b> test", &points);
        assert_eq!(page.matches("<tr").count(), 4);
        assert!(page.contains("30.0 [15.0, 45.0]") && !page.contains("<b>") && !page.contains("NaN"));
        assert!(!sweep_page("nothing", "", &[]).contains("<svg"));
    }
}
