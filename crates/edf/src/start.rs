//! When a recording began.

use std::fmt;

/// A date and time of day on the recorder's clock; the format knows no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StartDateTime {
    /// Year of the common era.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Nanoseconds past the second, from the first record's time-keeping annotation.
    pub nanosecond: u32,
}

/// A calendar date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

/// What the recording identification says about the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatedDate {
    /// `Startdate 02-MAR-2002`.
    Known(Date),
    /// `Startdate X`: withheld.
    Unknown,
    /// Nothing of the kind.
    Unstated,
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

impl Date {
    fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let fits = (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
        fits.then_some(Self { year, month, day })
    }

    /// `dd.mm.yy` with the pivot of the EDF specification: 85 to 99 lie in the 20th century, 00 to 84 in the 21st.
    pub(crate) fn from_header(text: &str) -> Option<Self> {
        let [day, month, year] = three(text)?;
        Self::new(if year < 85 { 2000 } else { 1900 } + i32::from(year), month, day)
    }
}

impl StatedDate {
    pub(crate) fn of_recording_field(text: &str) -> Self {
        let mut words = text.split(' ');
        if words.next() != Some("Startdate") {
            return Self::Unstated;
        }
        match words.next() {
            Some("X") => Self::Unknown,
            Some(written) => dated(written).map_or(Self::Unstated, Self::Known),
            None => Self::Unstated,
        }
    }
}

fn dated(written: &str) -> Option<Date> {
    let mut parts = written.split('-');
    let day = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, month as u8 + 1, day)
}

/// `hh.mm.ss` as hour, minute, second.
pub(crate) fn time_of_header(text: &str) -> Option<[u8; 3]> {
    three(text).filter(|[hour, minute, second]| *hour < 24 && *minute < 60 && *second < 60)
}

fn three(text: &str) -> Option<[u8; 3]> {
    let mut parts = text.split(['.', ':', '-', '/']);
    let mut next = || {
        let part = parts.next()?.trim();
        (part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

fn days_in(year: i32, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const NANOSECONDS_A_DAY: i128 = 86_400 * 1_000_000_000;

impl StartDateTime {
    pub(crate) fn new(date: Date, [hour, minute, second]: [u8; 3]) -> Self {
        Self { year: date.year, month: date.month, day: date.day, hour, minute, second, nanosecond: 0 }
    }

    /// The time `seconds` later or, when negative, earlier; `None` beyond a century.
    pub(crate) fn plus(self, seconds: f64) -> Option<Self> {
        if seconds.is_nan() || seconds.abs() > 100.0 * 366.0 * 86_400.0 {
            return None;
        }
        let clock = (i128::from(self.hour) * 60 + i128::from(self.minute)) * 60 + i128::from(self.second);
        let total = clock * 1_000_000_000 + i128::from(self.nanosecond) + (seconds * 1e9).round() as i128;
        let mut date = Date { year: self.year, month: self.month, day: self.day };
        for _ in 0..total.div_euclid(NANOSECONDS_A_DAY) {
            date = tomorrow(date);
        }
        for _ in total.div_euclid(NANOSECONDS_A_DAY)..0 {
            date = yesterday(date);
        }
        let within = total.rem_euclid(NANOSECONDS_A_DAY);
        let second = within / 1_000_000_000;
        let time = [(second / 3600) as u8, (second / 60 % 60) as u8, (second % 60) as u8];
        Some(Self { nanosecond: (within % 1_000_000_000) as u32, ..Self::new(date, time) })
    }
}

fn tomorrow(Date { year, month, day }: Date) -> Date {
    if day < days_in(year, month) {
        Date { year, month, day: day + 1 }
    } else if month < 12 {
        Date { year, month: month + 1, day: 1 }
    } else {
        Date { year: year + 1, month: 1, day: 1 }
    }
}

fn yesterday(Date { year, month, day }: Date) -> Date {
    if day > 1 {
        Date { year, month, day: day - 1 }
    } else if month > 1 {
        Date { year, month: month - 1, day: days_in(year, month - 1) }
    } else {
        Date { year: year - 1, month: 12, day: 31 }
    }
}

impl fmt::Display for StartDateTime {
    /// As ISO 8601 without a time zone, the fraction only where there is one: `2020-01-24T04:05:56.3945312`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        );
        if self.nanosecond > 0 {
            let fraction = format!("{:09}", self.nanosecond);
            text.push('.');
            text.push_str(fraction.trim_end_matches('0'));
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: &str, time: &str) -> StartDateTime {
        StartDateTime::new(Date::from_header(date).unwrap(), time_of_header(time).unwrap())
    }

    #[test]
    fn two_digit_years_pivot_at_85() {
        assert_eq!(at("01.01.85", "00.00.00").to_string(), "1985-01-01T00:00:00");
        assert_eq!(at("31.12.84", "23.59.59").to_string(), "2084-12-31T23:59:59");
        assert_eq!(Date::from_header("29.02.23"), None);
        assert_eq!(Date::from_header("00.01.00"), None);
    }

    #[test]
    fn adding_seconds_carries_over_midnight_months_and_leap_days() {
        assert_eq!(at("28.02.24", "23.59.59").plus(1.5).unwrap().to_string(), "2024-02-29T00:00:00.5");
        assert_eq!(at("31.12.99", "23.59.59").plus(1.0).unwrap().to_string(), "2000-01-01T00:00:00");
        assert_eq!(at("01.03.23", "00.00.00").plus(-0.25).unwrap().to_string(), "2023-02-28T23:59:59.75");
        assert_eq!(at("01.03.23", "00.00.00").plus(f64::NAN), None);
        assert_eq!(at("01.03.23", "00.00.00").plus(1e300), None);
    }

    #[test]
    fn the_recording_field_may_state_or_withhold_the_date() {
        let of = StatedDate::of_recording_field;
        assert_eq!(of("Startdate 02-MAR-2102 X"), StatedDate::Known(Date { year: 2102, month: 3, day: 2 }));
        assert_eq!(of("Startdate X X X X"), StatedDate::Unknown);
        assert_eq!(of("Startdate 31-FEB-2002 X"), StatedDate::Unstated);
        assert_eq!(of("110 seconds from 13-JUL-2000"), StatedDate::Unstated);
    }
}
