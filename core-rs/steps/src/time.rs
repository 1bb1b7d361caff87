//! Points in time as text. RFC 3339

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// Now, UTC, to the millisecond: `2026-11-25T00:35:31.123Z`, as JavaScript's `Date` writes it.
#[must_use]
pub fn now() -> String {
    text(SystemTime::now(), 3)
}

/// A time, UTC, with this many digits of a second, up to 9.
#[must_use]
pub fn text(time: SystemTime, digits: usize) -> String {
    // No clock of a machine that runs containers is before 1970.
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = format!("{:09}", since.subsec_nanos());
    let fraction = fraction.get(..digits.min(9)).unwrap_or_default();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{fraction}Z")
}

/// Year, month and day of a day since 1970. Within a 400-year era that begins on 1 March, leap days come last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn text_does_what_its_table_says() {
        for (seconds, nanoseconds, digits, expected) in [
            (0, 0, 3, "1970-01-01T00:00:00.000Z"),
            (951_782_400, 1_000_000, 3, "2000-02-29T00:00:00.001Z"),
            (951_868_799, 999_999_999, 9, "2000-02-29T23:59:59.999999999Z"),
            (1_709_251_200, 5, 0, "2024-03-01T00:00:00Z"),
            (4_107_542_399, 0, 0, "2100-02-28T23:59:59Z"),
            (4_107_542_400, 0, 0, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(text(UNIX_EPOCH + Duration::new(seconds, nanoseconds), digits), expected);
        }
    }
}
