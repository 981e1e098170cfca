//! Time stamps: numbers of any unit, or dates and times of day.

/// A time stamp as a number: as written, or of a date or a time of day the seconds since 1970 or midnight.
pub(super) fn stamp(cell: &str) -> Option<f64> {
    crate::lines::number(cell).or_else(|| date_time(cell)).filter(|stamp| stamp.is_finite())
}

/// `2020-12-24 10:30:00.125`, `2020-12-24T10:30:00`, or `10:30:00.125`.
fn date_time(cell: &str) -> Option<f64> {
    let (date, time) = match cell.split_once([' ', 'T']) {
        Some((date, time)) => (Some(date), time),
        None => (None, cell),
    };
    let mut parts = time.trim_end_matches('Z').split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    let of_day = next()? * 3600.0 + next()? * 60.0 + next()?;
    let days = match date {
        None => 0,
        Some(date) => {
            let mut parts = date.split(['-', '/']);
            let mut next = || parts.next()?.parse::<i64>().ok();
            days_from_civil(next()?, next()?, next()?)
        }
    };
    Some(days as f64 * 86_400.0 + of_day)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar: Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Seconds since 1970 in the form `2020-12-24T10:30:00`, for the years from 1985 to 2262; other numbers are no date.
pub(super) fn start_of(seconds: f64) -> Option<String> {
    if !(473_385_600.0..9_223_372_036.0).contains(&seconds) {
        return None;
    }
    let whole = seconds.floor() as i64;
    let (days, of_day) = (whole.div_euclid(86_400) + 719_468, whole.rem_euclid(86_400));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_numbers_are_stamps() {
        assert_eq!(stamp("1608805800.5"), Some(1_608_805_800.5));
        assert_eq!(stamp("2020-12-24 10:30:00.5"), Some(1_608_805_800.5));
        assert_eq!(stamp("10:30:00.25"), Some(37_800.25));
        assert_eq!((stamp(""), stamp("nan"), stamp("soon")), (None, None, None));
        assert_eq!(start_of(1_608_805_800.5).unwrap(), "2020-12-24T10:30:00");
        assert_eq!(start_of(951_782_400.0).unwrap(), "2000-02-29T00:00:00");
        assert_eq!(start_of(12.5), None);
    }
}
