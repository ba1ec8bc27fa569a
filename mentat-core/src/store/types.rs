//! Two of PostgreSQL's types in our terms, so that the driver needs no further crates for them.

use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// 2000-01-01T00:00:00Z, where PostgreSQL's clock begins, in Unix microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// The first moment that PostgreSQL knows, in 4714 BC, by its own clock.
const EARLIEST: i64 = -211_813_488_000_000_000;

/// `uuid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub(super) [u8; 16]);

/// `timestamp`, always in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) Timestamp);

impl Time {
    /// Microseconds since PostgreSQL's epoch.
    pub(super) fn microseconds(self) -> i64 {
        self.0.as_microsecond() - EPOCH
    }

    /// This time, or the first one that the server does not refuse.
    pub(super) fn at_least_earliest(self) -> Self {
        if self.microseconds() < EARLIEST {
            Self::from_microseconds(EARLIEST)
        } else {
            self
        }
    }

    fn from_microseconds(micros: i64) -> Self {
        // What the server knows and we do not, such as `infinity`, is beyond all our times.
        let beyond = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Self(Timestamp::from_microsecond(micros.saturating_add(EPOCH)).unwrap_or(beyond))
    }
}

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(UUID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Id {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    accepts!(UUID);
}

impl ToSql for Time {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_i64(self.microseconds());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMP);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Time {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::from_microseconds(i64::from_be_bytes(raw.try_into()?)))
    }

    accepts!(TIMESTAMP);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, micros: i64) {
        let time = Time(text.parse().unwrap());
        assert_eq!(time.microseconds(), micros, "{text}");
        let mut out = BytesMut::new();
        time.to_sql(&Type::TIMESTAMP, &mut out).unwrap();
        assert_eq!(Time::from_sql(&Type::TIMESTAMP, &out).unwrap(), time, "{text}");
    }

    #[test]
    fn times_go_there_and_back() {
        check("2000-01-01T00:00:00Z", 0);
        check("2000-01-01T00:00:00.000001Z", 1);
        check("1999-12-31T23:59:59.999999Z", -1);
        check("0001-01-01T00:00:00Z", -63_082_281_600_000_000);
        check("9999-12-30T21:59:59.999999Z", 252_455_522_399_999_999);
    }

    #[test]
    fn times_of_one_side_only_are_beyond_all_others() {
        let of = |micros: i64| Time::from_sql(&Type::TIMESTAMP, &micros.to_be_bytes()).unwrap().0;
        assert_eq!(of(i64::MAX), Timestamp::MAX);
        assert_eq!(of(i64::MIN), Timestamp::MIN);
        assert_eq!(Time(Timestamp::MIN).at_least_earliest().microseconds(), EARLIEST);
        let now = Time("2026-11-23T00:00:00Z".parse().unwrap());
        assert_eq!(now.at_least_earliest(), now);
        assert!(Id::from_sql(&Type::UUID, &[1, 2]).is_err());
    }
}
