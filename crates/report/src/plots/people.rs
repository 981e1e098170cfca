//! Who is hard: errors by person, and the share of all errors that the worst carry.

use maud::{Markup, html};

use crate::format;
use crate::page::{ErrorsByPerson, PersonErrors};
use crate::svg::{Axis, Frame, figure, short};

const HEIGHT: f64 = 220.0;
const RATES: f64 = 500.0;
const SHARES: f64 = 300.0;

/// One row for each probe length: on the left how often each person is refused, on the right how many people carry which
/// share of these errors. Nothing where nobody is refused.
pub(crate) fn people(all: &[ErrorsByPerson]) -> Option<Markup> {
    let rows: Vec<(f64, Vec<&PersonErrors>)> = all.iter().filter_map(sorted).collect();
    if rows.is_empty() {
        return None;
    }
    let content = html! {
        @for (row, (probe, people)) in rows.iter().enumerate() {
            @let top = 52.0 + row as f64 * (HEIGHT + 116.0);
            text class="panel" x="56" y=(short(top - 34.0)) { (format::seconds(*probe)) " probes" }
            (rates(people, top))
            (shares(people, top))
        }
    };
    let size = (56.0 + RATES + 84.0 + SHARES + 30.0, rows.len() as f64 * (HEIGHT + 116.0));
    let description = "False non-match rate of each person at the threshold of equal errors, the highest first; beside it the share of \
        all false non-matches that the worst people carry together, above the dotted line of equal people.";
    Some(figure("people", size, "Errors by person", description, &content))
}

/// People by their rate, the highest first; nothing without an error.
fn sorted(of: &ErrorsByPerson) -> Option<(f64, Vec<&PersonErrors>)> {
    let mut people: Vec<&PersonErrors> =
        of.people.iter().filter(|person| person.mated > 0 && person.refused <= person.mated).collect();
    people.sort_by(|a, b| rate(b).total_cmp(&rate(a)).then_with(|| a.subject.cmp(&b.subject)));
    people.iter().any(|person| person.refused > 0).then_some((of.probe_seconds, people))
}

fn rate(person: &PersonErrors) -> f64 {
    person.refused as f64 / person.mated as f64
}

fn percent(value: f64, digits: usize) -> String {
    format!("{:.*}", digits.saturating_sub(2), value * 100.0)
}

fn rates(people: &[&PersonErrors], top: f64) -> Markup {
    let count = people.len() as f64;
    let frame = Frame {
        left: 56.0,
        top,
        width: RATES,
        height: HEIGHT,
        x: Axis::linear("People, the hardest first", 0.0, count, 8, |value, _| format!("{value:.0}")),
        y: Axis::linear("False non-match rate, %", 0.0, rate(people[0]) * 1.04, 5, percent),
    };
    let wide = (RATES / count * 0.78).max(0.8);
    html! {
        (frame.axes())
        @for (place, person) in people.iter().enumerate() {
            @let (x, y) = (frame.at_x(place as f64 + 0.5) - wide / 2.0, frame.at_y(rate(person)));
            rect class="bar c0" data-tip=(tip(person)) x=(short(x)) y=(short(y)) width=(short(wide))
                height=(short((frame.top + HEIGHT - y).max(1.0))) {}
        }
    }
}

fn tip(person: &PersonErrors) -> String {
    format!(
        "{}\nrefused {} of {} own probes ({} %)",
        person.subject,
        person.refused,
        person.mated,
        format::percent(rate(person)),
    )
}

fn shares(people: &[&PersonErrors], top: f64) -> Markup {
    let total: usize = people.iter().map(|person| person.refused).sum();
    let mut counts: Vec<usize> = people.iter().map(|person| person.refused).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let mut line = vec![(0.0, 0.0)];
    let mut sum = 0;
    for (place, count) in counts.iter().enumerate() {
        sum += count;
        line.push((place as f64 + 1.0, sum as f64 / total as f64));
    }
    let frame = Frame {
        left: 56.0 + RATES + 84.0,
        top,
        width: SHARES,
        height: HEIGHT,
        x: Axis::linear("So many people", 0.0, people.len() as f64, 6, |value, _| format!("{value:.0}")),
        y: Axis::linear("carry so many of the errors, %", 0.0, 1.0, 5, percent),
    };
    html! {
        (frame.axes())
        (frame.line(&[(0.0, 0.0), (people.len() as f64, 1.0)], "line diagonal"))
        (frame.series(&line, "line thick c0", "the worst together"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_stand_first_and_without_an_error_there_is_no_plot() {
        let person =
            |subject: &str, mated, refused| PersonErrors { subject: subject.to_owned(), mated, refused };
        let of = |people| ErrorsByPerson { probe_seconds: 2.0, people };
        let all = of(vec![person("easy", 20, 0), person("few", 2, 1), person("hard", 30, 9)]);
        let names: Vec<&str> = sorted(&all).unwrap().1.iter().map(|person| person.subject.as_str()).collect();
        assert_eq!(names, ["few", "hard", "easy"]);
        assert!(people(&[of(vec![person("easy", 20, 0)])]).is_none() && people(&[]).is_none());
    }
}
