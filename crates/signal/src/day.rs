//! Calendar days, which say how long after an enrolment a probe was recorded.

use serde::{Deserialize, Serialize};

/// A day of the Gregorian calendar, counted from 1 January 1970. Any year is possible: shared recordings are often moved to
/// other centuries, each person's by one number of days, so that the days between them stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(i64);

impl Day {
    /// The day of a date, or of a date and a time: `2020-12-24`, `2020-12-24T10:30:00`; nothing where it is none.
    pub fn of(text: &str) -> Option<Self> {
        let (date, rest) = text.trim().split_at_checked(10)?;
        if !(rest.is_empty() || rest.starts_with(['T', ' '])) {
            return None;
        }
        let digits = |text: &str, count: usize| {
            let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<i64>().ok()).flatten()
        };
        let mut parts = date.split('-');
        let (year, month, day) =
            (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
        let fits =
            parts.next().is_none() && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        fits.then(|| Self(from_civil(year, month, day)))
    }

    /// Days from an earlier one to this; below 0 where that is the later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Years are counted from March, so that the leap day is the last (Fliegel and Van Flandern 1968 do likewise).
fn from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::of(text).unwrap()
    }

    #[test]
    fn days_are_counted_over_months_leap_years_and_centuries() {
        assert_eq!(day("1970-01-01"), Day(0));
        assert_eq!(day("2000-03-01").since(day("2000-02-28")), 2);
        assert_eq!(day("1900-03-01").since(day("1900-02-28")), 1);
        assert_eq!(day("2021-01-01T00:00:01").since(day("2020-12-31T23:59:59")), 1);
        assert_eq!(day("2024-02-29 10:00").since(day("2024-02-29")), 0);
        assert_eq!(day("2270-01-01").since(day("1870-01-01")), 146_097);
        assert_eq!(day("2020-01-01").since(day("2020-02-01")), -31);
    }

    #[test]
    fn what_is_no_date_is_no_day() {
        for text in [
            "",
            "n/a",
            "2020",
            "2020-13-01",
            "2021-02-29",
            "2020-1-01",
            "20-01-2020",
            "2020-01-01x",
            "äöüäö-01-01",
        ] {
            assert_eq!(Day::of(text), None, "{text}");
        }
    }
}
