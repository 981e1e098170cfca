//! One self-contained page: everything inline, nothing fetched, readable on screen and on paper.

mod attacks;
mod audit;
mod origin;
mod parts;
mod people;
mod plotted;
pub(crate) mod signals;
pub(crate) mod sweep;
mod tables;
mod top;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use self::parts::STYLE;
use self::parts::{SCRIPT, figure, head};
use crate::results::Results;
use crate::{Page, format, plots};

/// The page as one HTML text. Every name, label and plan text is escaped.
pub fn html(page: &Page) -> String {
    let results = page.results;
    let leaky = !results.leaks.is_empty();
    let title = if leaky { format!("{} (leaky)", results.name) } else { results.name.clone() };
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (head(&title))
                meta name="generator" content=(format!("twinprint {}", page.run.version));
            }
            body {
                main {
                    (top::top(page))
                    (verification(page))
                    (plotted::people(page))
                    (plotted::print_map(page))
                    (plotted::training(page))
                    (tables::few_shot(results))
                    (identification(page))
                    (tables::classifiers(results))
                    (plotted::scalp(results))
                    (other_cohorts(results))
                    (attacks::attacks(page.attacks))
                    (plotted::quality(page))
                    (audit::audit(results))
                    (audit::absent(results))
                    (people::how_to_read(results))
                    (origin::origin(page))
                }
                footer { "Made by twinprint " (page.run.version) ". Every number is in results.json beside this page." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    body.into_string()
}

fn verification(page: &Page) -> Markup {
    let results = page.results;
    if results.verification.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="verification" {
            h2 id="verification" { "Verification" }
            @if let Some(plot) = plots::bars::bars(results) {
                (figure(&plot, "Equal error rate with one threshold for everybody; bars are 95 % intervals by bootstrap over subjects. Further left is better. What each system is stands under “How to read this page”."))
            }
            (tables::verification(results))
            (tables::comparisons(results))
            (tables::days(results))
            @if let Some(plot) = plots::det::det(&page.curves.det, results) {
                (figure(&plot, "Detection error trade-off. The dot where a line crosses the dotted diagonal is its equal error rate; closer to the lower left is better. Shaded are 95 % intervals by bootstrap over subjects, of the encoder and its hardest baseline, as far as 30 false matches are to be expected; bars stand at the rates of the table. Point at a name to see another interval, press it to take the line away."))
            }
            @if let Some(plot) = plots::scores::scores(&page.curves.scores, results.final_model.as_ref()) {
                (figure(&plot, "How far the scores of one person with themselves lie from the scores of two people; “carried” is the final model's threshold."))
            }
            (tables::transported(results))
            (tables::final_model(results))
        }
    }
}

/// The other cohorts that are tested.
fn other_cohorts(results: &Results) -> Markup {
    html! {
        @for other in results.of_other_cohorts() {
            section {
                h2 { "Cohort " (other.cohort.as_deref().unwrap_or_default()) }
                p { (format::protocol_line(&other)) }
                (tables::verification(&other))
                (tables::comparisons(&other))
                (tables::days(&other))
                (tables::transported(&other))
                (tables::identification(&other))
            }
        }
    }
}

fn identification(page: &Page) -> Markup {
    let results = page.results;
    if results.identification.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="identification" {
            h2 id="identification" { "Identification" }
            (tables::identification(results))
            @if let Some(plot) = plots::cmc::cmc(&results.identification) {
                (figure(&plot, "How often the right person is among the first few of those enrolled in their fold."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use twinprint_signal::Estimate;

    use super::*;
    use crate::results::VerificationRow;
    use crate::{Curves, Results, RunFacts, example};

    fn shown(results: &Results) -> String {
        html(&Page { results, run: &example::run(), curves: &example::curves(), attacks: None })
    }

    #[test]
    fn nothing_is_fetched_from_anywhere() {
        let page = shown(&example::leaky());
        // The only addresses are names of namespaces.
        let rest = page.replace("http://www.w3.org/2000/svg", "");
        for word in [
            "http:", "https:", "src=", "<link", "@import", "<script ", "url(//", "fetch(", "XMLHttp",
            "import(",
        ] {
            assert!(!rest.contains(word), "{word}");
        }
    }

    #[test]
    fn every_text_of_the_user_is_escaped() {
        let evil = "<img src=x onerror=alert(1)>\"'&";
        let mut results = example::leaky();
        results.name = evil.to_owned();
        results.caveats = vec![evil.to_owned()];
        results.leaks[0].leak = evil.to_owned();
        results.leaks[0].detail = evil.to_owned();
        results.leaks[0].optimism[0].system = evil.to_owned();
        results.protocol.variant = Some(evil.to_owned());
        results.verification[1].system = evil.to_owned();
        results.comparisons = example::results().comparisons;
        results.comparisons[0].baseline = evil.to_owned();
        results.identification[1].system = evil.to_owned();
        results.few_shot[0].system = evil.to_owned();
        results.classifiers[0].label = evil.to_owned();
        results.classifiers[0].classifier = evil.to_owned();
        results.classifiers[0].confusion[0].truth = evil.to_owned();
        results.audit[0].check = evil.to_owned();
        results.audit[0].detail = evil.to_owned();
        results.timing.insert(evil.to_owned(), 1.0);
        let text = evil.to_owned();
        let run = RunFacts {
            name: text.clone(),
            version: text.clone(),
            git_commit: Some(text.clone()),
            plan_hash: text.clone(),
            plan_toml: text.clone(),
            seeds: vec![(text.clone(), 1)],
            device: text.clone(),
            host: text.clone(),
            started: text.clone(),
            ended: text.clone(),
            inputs: 1,
            stages: vec![(text.clone(), 1.0)],
            data: vec![crate::DataSource {
                title: text.clone(),
                homepage: text.clone(),
                licence: text.clone(),
                citation: vec![text.clone()],
            }],
        };
        let mut curves = example::curves();
        curves.det[1].system = evil.to_owned();
        curves.scores.truncate(1);
        curves.scores[0].system = evil.to_owned();
        curves.people[0].people[0].subject = evil.to_owned();
        curves.quality[0].recording = evil.to_owned();
        curves.map.points[0].subject = evil.to_owned();
        let page = html(&Page { results: &results, run: &run, curves: &curves, attacks: None });
        assert!(!page.contains("<img"), "a tag of the user stands in the page");
        assert!(!page.contains("onerror=alert(1)>\""), "a quotation mark of the user stands in the page");
        assert!(page.matches("&lt;img src=x onerror=alert(1)&gt;&quot;").count() >= 20);
    }

    #[test]
    fn absent_numbers_stand_in_their_own_list_and_have_passed_nothing() {
        let page = shown(&example::results());
        let (audits, rest) = page.split_once("id=\"absent\"").unwrap();
        assert!(rest.contains("fnmr_at_fmr_0.001") && !audits.contains("fnmr_at_fmr_0.001"));
        assert!(!rest.contains("✓ passed") && audits.contains("✓ passed") && audits.contains("informs"));
    }

    #[test]
    fn an_honest_page_does_not_say_leaky_and_a_leaky_one_says_it_first() {
        assert!(!shown(&example::results()).contains("class=\"alert leak\""));
        let page = shown(&example::leaky());
        let (alert, first) = (page.find("class=\"alert leak\"").unwrap(), page.find("<h2").unwrap());
        assert!(alert < first);
        assert!(page.contains("−2.6 points"), "the optimism is shown");
    }

    #[test]
    fn a_shortcut_that_reaches_the_encoder_is_said_above_every_number() {
        let page = shown(&example::results());
        let (alert, first) =
            (page.find("A shortcut may explain").unwrap(), page.find("class=\"card\"").unwrap());
        assert!(alert < first && page.contains("<tr class=\"failed\""));
        let mut clean = example::results();
        clean.audit.retain(|row| row.outcome != crate::results::Outcome::Failed);
        assert!(!shown(&clean).contains("A shortcut may explain"));
    }

    #[test]
    fn results_without_numbers_still_make_a_page() {
        let page = html(&Page {
            results: &Results::default(),
            run: &RunFacts::default(),
            curves: &Curves::default(),
            attacks: None,
        });
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
        for number in ["NaN", ">inf", ">-inf", "\"inf", "\"-inf", " inf ", ",inf"] {
            assert!(!page.contains(number), "{number}");
        }
    }

    #[test]
    fn every_table_has_headers_with_a_scope_and_every_plot_a_title() {
        let page = shown(&example::results());
        assert_eq!(
            page.matches("<th>").count() + page.matches("<th ").count(),
            page.matches("scope=").count()
        );
        assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
    }

    #[test]
    fn no_id_is_used_twice() {
        let page = shown(&example::leaky());
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    proptest! {
        #[test]
        fn no_curve_breaks_the_page(
            values in prop::collection::vec(prop::num::f64::ANY, 0..40), probe in prop::num::f64::ANY, bins in 0_usize..9,
        ) {
            let pairs: Vec<(f64, f64)> = values.iter().copied().zip(values.iter().rev().copied()).collect();
            let mut results = example::results();
            let value = |place: usize| values.get(place).copied().unwrap_or(0.5);
            let eer = Estimate { value: value(0), ci95: Some([value(1), value(2)].into()) };
            results.verification[0] = VerificationRow { probe_seconds: probe, eer: Some(eer), ..Default::default() };
            results.identification[0].cmc = values.clone();
            results.scalp.iter_mut().zip(&values).for_each(|(row, value)| row.eer.value = *value);
            let curves = Curves {
                map: crate::PrintMap {
                    points: pairs.iter().map(|&(x, y)| crate::MapPoint {
                        subject: bins.to_string(), recording: x.to_string(), seen: x < y, start: x, components: [x, y], neighbours: [y, x],
                    }).collect(),
                    explained: [probe, value(3)],
                    fold: bins,
                },
                det: vec![crate::DetCurve {
                    points: pairs.clone(),
                    band: pairs.iter().map(|&(fmr, low)| crate::BandPlace { fmr, low, high: value(4) }).collect(),
                    probe_seconds: probe,
                    ..Default::default()
                }],
                people: vec![crate::ErrorsByPerson {
                    probe_seconds: probe,
                    people: vec![crate::PersonErrors { mated: bins, refused: values.len(), ..Default::default() }],
                }],
                quality: vec![crate::RecordingQuality {
                    cut: bins, kept: values.len(), line_noise: values.first().copied(), peak_to_peak: Some(probe), ..Default::default()
                }],
                scores: vec![crate::ScoreHistogram {
                    edges: values.clone(),
                    mated: values.iter().take(bins).copied().collect(),
                    non_mated: values.iter().take(bins).copied().collect(),
                    threshold: values.first().copied(),
                    ..Default::default()
                }],
                training: vec![crate::TrainingCurve { fold: bins, loss: pairs.clone(), dev_eer: pairs, attention: bins == 1 }],
            };
            let page = html(&Page { results: &results, run: &RunFacts::default(), curves: &curves, attacks: None });
            for attribute in ["x1=\"", "cx=\"", "cy=\"", "y2=\"", "points=\"", "viewBox=\""] {
                for place in page.split(attribute).skip(1) {
                    let place = place.split('"').next().unwrap();
                    prop_assert!(!place.contains("NaN") && !place.contains("inf"), "{}{}", attribute, place);
                }
            }
        }
    }

    /// Writes example pages into `twinprint-report-example` of the temporary folder, to be looked at: `cargo test -p twinprint-report -- --ignored write_example_pages`.
    #[test]
    #[ignore = "writes files to look at"]
    fn write_example_pages() {
        let folder = std::env::temp_dir().join("twinprint-report-example");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("honest.html"), shown(&example::results())).unwrap();
        let (crowded, curves) = example::crowded();
        let page = html(&Page { results: &crowded, run: &example::run(), curves: &curves, attacks: None });
        std::fs::write(folder.join("crowded.html"), page).unwrap();
        std::fs::write(folder.join("leaky.html"), shown(&example::leaky())).unwrap();
    }
}
