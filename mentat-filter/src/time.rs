//! Timestamps and durations as IDEA writes them.

use std::fmt;

use jiff::{SignedDuration, Timestamp, civil};
use thiserror::Error;

/// Why a text is not a timestamp or a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The text does not have the form of a timestamp with a zone.
    #[error("expected a date, a time and a zone, as in 2024-05-01T10:00:00Z")]
    Timestamp,
    /// The text does not have the form of a duration.
    #[error("expected a duration of days and hours, minutes, seconds, as in 1D02:03:04")]
    Duration,
    /// The day or the time of day does not exist.
    #[error("no such date or time of day")]
    Calendar,
    /// The offset from UTC is more than 23 hours and 59 minutes.
    #[error("offset from UTC must be less than 24 hours")]
    Offset,
    /// The value lies outside the years 1 to 9999, or the duration is longer than 999,999,999 days.
    #[error("time out of range")]
    Range,
}

/// Reads an IDEA timestamp: date, one of `T`, `t` or blank, time of day, optional fraction, and a zone.
///
/// Digits of the fraction after the sixth are dropped. Second 60 is the first instant of the next minute.
///
/// ```
/// let time = mentat_filter::parse_timestamp("2024-05-01 12:00:00.25+02:00")?;
/// assert_eq!(mentat_filter::format_timestamp(time).to_string(), "2024-05-01T10:00:00.250000Z");
/// # Ok::<(), mentat_filter::TimeError>(())
/// ```
///
/// # Errors
///
/// [`TimeError`] when the form is different, the date does not exist or the instant is not within the years 1 to 9999
/// (the last day of 9999 ends where [`Timestamp::MAX`] does).
pub fn parse_timestamp(text: &str) -> Result<Timestamp, TimeError> {
    let mut reader = Reader { rest: text.as_bytes() };
    let date = reader.date().ok_or(TimeError::Timestamp)?;
    if !matches!(reader.next(), Some(b'T' | b't' | b' ')) {
        return Err(TimeError::Timestamp);
    }
    let clock = reader.clock().ok_or(TimeError::Timestamp)?;
    let micros = reader.fraction().ok_or(TimeError::Timestamp)?;
    let offset = reader.zone().ok_or(TimeError::Timestamp)?;
    if !reader.rest.is_empty() {
        return Err(TimeError::Timestamp);
    }
    // A leap second is carried to the next second rather than refused: detectors do report them.
    let (clock, leap) = if clock.2 == 60 {
        ((clock.0, clock.1, 59), 1)
    } else {
        (clock, 0)
    };
    let instant = instant(date, clock, micros, offset)?;
    let instant = instant
        .checked_add(SignedDuration::from_secs(leap))
        .map_err(|_| TimeError::Range)?;
    in_years(instant)
}

/// Reads a date with an optional time of day and zone as the filter language does: blanks around an optional `T`, no
/// zone means UTC, no leap seconds.
#[cfg(feature = "parse")]
pub(crate) fn parse_datetime_literal(text: &str) -> Result<Timestamp, TimeError> {
    let mut reader = Reader { rest: text.as_bytes() };
    let date = reader.date().ok_or(TimeError::Timestamp)?;
    reader.blanks();
    if reader.rest.is_empty() {
        return instant(date, (0, 0, 0), 0, (1, 0, 0));
    }
    if let Some(b'T' | b't') = reader.rest.first() {
        reader.next();
        reader.blanks();
    }
    let clock = reader.clock().ok_or(TimeError::Timestamp)?;
    let micros = reader.fraction().ok_or(TimeError::Timestamp)?;
    let offset = if reader.rest.is_empty() {
        (1, 0, 0)
    } else {
        reader.zone().ok_or(TimeError::Timestamp)?
    };
    if clock.2 >= 60 || !reader.rest.is_empty() {
        return Err(TimeError::Calendar);
    }
    instant(date, clock, micros, offset)
}

fn instant(
    (year, month, day): (i16, i8, i8),
    (hour, minute, second): (i8, i8, i8),
    micros: i32,
    (sign, offset_hours, offset_minutes): (i64, i8, i8),
) -> Result<Timestamp, TimeError> {
    if offset_hours > 23 || offset_minutes > 59 {
        return Err(TimeError::Offset);
    }
    if year < 1 {
        return Err(TimeError::Range);
    }
    let local =
        civil::DateTime::new(year, month, day, hour, minute, second, micros * 1000).map_err(|_| TimeError::Calendar)?;
    // The sign belongs to hours and minutes alike. The seconds are counted here rather than by a fixed-offset zone
    // because `local` minus the offset may be a valid instant where `local` itself, taken as UTC, is not.
    let offset = sign * (i64::from(offset_hours) * 3600 + i64::from(offset_minutes) * 60);
    let days = local.date().duration_since(civil::Date::constant(1970, 1, 1));
    let since_midnight = local.time().duration_since(civil::Time::midnight());
    let since_epoch = days
        .checked_add(since_midnight)
        .and_then(|sum| sum.checked_sub(SignedDuration::from_secs(offset)))
        .ok_or(TimeError::Range)?;
    in_years(Timestamp::from_duration(since_epoch).map_err(|_| TimeError::Range)?)
}

/// The first instant of the year 1, the lower bound of every time in an event or a filter.
pub(crate) const FIRST_SECOND: i64 = -62_135_596_800;

/// Refuses instants before the year 1; the upper bound is that of [`Timestamp`].
pub(crate) fn in_years(instant: Timestamp) -> Result<Timestamp, TimeError> {
    // Whole seconds are cut off towards zero, so they alone would let the last second of the year before pass.
    let early = instant.as_nanosecond() < i128::from(FIRST_SECOND) * 1_000_000_000;
    if early { Err(TimeError::Range) } else { Ok(instant) }
}

/// Prints `YYYY-MM-DDTHH:MM:SSZ`, with a six-digit fraction when it is not zero.
pub fn format_timestamp(time: Timestamp) -> impl fmt::Display {
    TimestampText(time)
}

struct TimestampText(Timestamp);

impl fmt::Display for TimestampText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = jiff::tz::Offset::UTC.to_datetime(self.0);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second()
        )?;
        let micros = local.subsec_nanosecond() / 1000;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        f.write_str("Z")
    }
}

/// The longest duration either way: 999,999,999 days and the rest of that day.
pub(crate) const LONGEST: SignedDuration = SignedDuration::new(86_400 * 1_000_000_000 - 1, 999_999_999);
/// The most negative duration.
pub(crate) const SHORTEST: SignedDuration = SignedDuration::new(-86_400 * 999_999_999, 0);

/// Reads a duration: optional days with `D` or `d`, then `HH:MM:SS` and an optional fraction.
///
/// Hours, minutes and seconds are two digits each and may exceed their usual bounds. Digits of the fraction after the
/// sixth are dropped.
///
/// # Errors
///
/// [`TimeError::Duration`] when the form is different (a sign, for example), [`TimeError::Range`] beyond 999,999,999 days.
pub fn parse_duration(text: &str) -> Result<SignedDuration, TimeError> {
    let (days, clock) = match text.split_once(['D', 'd']) {
        None => (0, text),
        Some((days, clock)) => {
            if days.is_empty() || !days.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(TimeError::Duration);
            }
            (days.parse::<i64>().map_err(|_| TimeError::Range)?, clock)
        }
    };
    let mut reader = Reader { rest: clock.as_bytes() };
    let (hours, minutes, seconds) = reader.clock().ok_or(TimeError::Duration)?;
    let micros = reader.fraction().ok_or(TimeError::Duration)?;
    if !reader.rest.is_empty() {
        return Err(TimeError::Duration);
    }
    let clock = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    let seconds = days
        .checked_mul(86_400)
        .and_then(|days| days.checked_add(clock))
        .ok_or(TimeError::Range)?;
    let duration = SignedDuration::new(seconds, micros * 1000);
    if duration > LONGEST {
        Err(TimeError::Range)
    } else {
        Ok(duration)
    }
}

/// Prints `[<days>D]HH:MM:SS[.ffffff]`: days and fraction only when not zero, the fraction with six digits.
///
/// A negative duration is printed with a leading minus, which [`parse_duration`] refuses.
pub fn format_duration(duration: SignedDuration) -> impl fmt::Display {
    DurationText(duration)
}

struct DurationText(SignedDuration);

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_negative() {
            f.write_str("-")?;
        }
        let span = self.0.unsigned_abs();
        let (days, clock) = (span.as_secs() / 86_400, span.as_secs() % 86_400);
        if days != 0 {
            write!(f, "{days}D")?;
        }
        write!(f, "{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60)?;
        let micros = span.subsec_micros();
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}

/// A cursor over ASCII text; every method answers `None` when the text has another form.
struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    #[cfg(feature = "parse")]
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn digit(&mut self) -> Option<i8> {
        let byte = self.next()?;
        byte.is_ascii_digit().then(|| (byte - b'0').cast_signed())
    }

    fn two(&mut self) -> Option<i8> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn date(&mut self) -> Option<(i16, i8, i8)> {
        let year = i16::from(self.two()?) * 100 + i16::from(self.two()?);
        self.expect(b'-')?;
        let month = self.two()?;
        self.expect(b'-')?;
        Some((year, month, self.two()?))
    }

    fn clock(&mut self) -> Option<(i8, i8, i8)> {
        let hour = self.two()?;
        self.expect(b':')?;
        let minute = self.two()?;
        self.expect(b':')?;
        Some((hour, minute, self.two()?))
    }

    /// Microseconds of an optional fraction; a dot without digits is malformed.
    fn fraction(&mut self) -> Option<i32> {
        if self.rest.first() != Some(&b'.') {
            return Some(0);
        }
        self.next();
        let mut micros = i32::from(self.digit()?);
        let mut digits = 1;
        while self.rest.first().is_some_and(u8::is_ascii_digit) {
            let digit = i32::from(self.digit()?);
            if digits < 6 {
                micros = micros * 10 + digit;
                digits += 1;
            }
        }
        Some(micros * 10_i32.pow(6 - digits))
    }

    /// Sign, hours and minutes of a zone.
    fn zone(&mut self) -> Option<(i64, i8, i8)> {
        let sign = match self.next()? {
            b'Z' | b'z' => return Some((1, 0, 0)),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.two()?;
        self.expect(b':')?;
        Some((sign, hours, self.two()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Result<&str, TimeError>) {
        let printed = parse_timestamp(input).map(|time| format_timestamp(time).to_string());
        assert_eq!(printed.as_deref(), expected.as_ref().copied(), "{input}");
    }

    #[test]
    fn timestamps() {
        check("2024-05-01T10:00:00Z", Ok("2024-05-01T10:00:00Z"));
        check("2024-05-01t10:00:00z", Ok("2024-05-01T10:00:00Z"));
        check("2024-05-01 12:00:00.1234567+02:00", Ok("2024-05-01T10:00:00.123456Z"));
        check("2023-12-31T22:00:00-03:30", Ok("2024-01-01T01:30:00Z"));
        check("2023-12-31T22:00:00-00:30", Ok("2023-12-31T22:30:00Z"));
        check("2016-12-31T23:59:60Z", Ok("2017-01-01T00:00:00Z"));
        check("0001-01-01T00:00:00Z", Ok("0001-01-01T00:00:00Z"));
        check("9999-12-31T23:59:59+23:00", Err(TimeError::Range));
        check("0001-01-01T00:00:00+01:00", Err(TimeError::Range));
        check("0000-01-01T00:00:00Z", Err(TimeError::Range));
        check("2024-02-30T00:00:00Z", Err(TimeError::Calendar));
        check("2024-01-01T24:00:00Z", Err(TimeError::Calendar));
        check("2024-01-01T00:00:61Z", Err(TimeError::Calendar));
        check("2024-01-01T00:00:00+24:00", Err(TimeError::Offset));
        check("2024-01-01T00:00:00+01:60", Err(TimeError::Offset));
        for bad in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Z\n",
            "2024-01-01  00:00:00Z",
            "20240101T000000Z",
        ] {
            check(bad, Err(TimeError::Timestamp));
        }
    }

    #[test]
    fn durations() {
        let check = |input: &str, expected: &str| {
            assert_eq!(format_duration(parse_duration(input).unwrap()).to_string(), expected);
        };
        check("00:05:00", "00:05:00");
        check("25:00:00", "1D01:00:00");
        check("99:99:99", "4D04:40:39");
        check("2d00:00:00.05", "2D00:00:00.050000");
        check("00:00:00.1234567", "00:00:00.123456");
        check("999999999D00:00:00", "999999999D00:00:00");
        assert_eq!(parse_duration("1000000000D00:00:00"), Err(TimeError::Range));
        for bad in [
            "-00:00:01",
            "PT5M",
            "0:05:00",
            "D00:00:00",
            "1D",
            "00:00",
            "00:00:00.",
            "+1D00:00:00",
        ] {
            assert_eq!(parse_duration(bad), Err(TimeError::Duration), "{bad}");
        }
        assert_eq!(format_duration(SignedDuration::from_secs(-90)).to_string(), "-00:01:30");
    }
}
