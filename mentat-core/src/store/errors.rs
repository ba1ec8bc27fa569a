//! What a database error means for the caller.

use crate::Error;
use std::error::Error as _;

/// What to do about an error of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Transient,
    Poison,
    Fatal,
    /// Fatal: there is no schema.
    NotSetUp,
    /// Fatal: the catalogue of partitions and the tables disagree.
    NoPartition,
}

/// Sorts an error of the driver: connection and resource trouble passes, bad data stays bad, the rest needs a person.
pub(super) fn database(error: tokio_postgres::Error, doing: &str) -> Error {
    let Some(answer) = error.as_db_error() else {
        let text = format!("{doing}: {error}");
        // No answer of the server: not reached, cut off, timed out. With any other cause than input and output it is
        // about settings: no password given, encryption demanded.
        return match error.source() {
            Some(cause) if !cause.is::<std::io::Error>() => Error::fatal(text).because(error),
            _ => Error::transient(text).because(error),
        };
    };
    let text = format!("{doing}: {}", answer.message());
    match verdict(answer.code().code(), answer.constraint().is_some()) {
        Verdict::Transient => Error::transient(text),
        Verdict::Poison => Error::poison(text),
        Verdict::Fatal => Error::fatal(text),
        Verdict::NotSetUp => Error::fatal(format!("{text} (the database has not been set up for Mentat)")),
        Verdict::NoPartition => Error::fatal(format!("{text} (mentat.partition names one that is not there)")),
    }
    .because(error)
}

/// `constraint`: whether the server names one.
fn verdict(state: &str, constraint: bool) -> Verdict {
    match (state.get(..2).unwrap_or_default(), state) {
        // A row that fits no partition has the code of a failed check, but none was: no event is at fault.
        (_, "23514") if !constraint => Verdict::NoPartition,
        // The numbers of chunks are the only values that we choose: the next attempt has others.
        (_, "23505") => Verdict::Transient,
        // A standby that becomes the primary, a transaction that was too slow.
        (_, "25006" | "25P03" | "25P04") => Verdict::Transient,
        (_, "42P01" | "3F000") => Verdict::NotSetUp,
        // Connection, resources, shutdown, rollback, locks, i/o, internal.
        ("08" | "53" | "57" | "40" | "55" | "58" | "XX", _) => Verdict::Transient,
        // Data, constraints, program limits, an operator's own trigger.
        ("22" | "23" | "54" | "P0", _) => Verdict::Poison,
        _ => Verdict::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Verdict, states: &[&str]) {
        for state in states {
            assert_eq!(verdict(state, true), expected, "{state}");
        }
    }

    #[test]
    fn classes_of_errors() {
        check(
            Verdict::Transient,
            &[
                "08006", // connection failure
                "08P01", // protocol violation
                "23505", // unique violation
                "25006", // read-only transaction
                "25P03", // idle in transaction
                "25P04", // transaction timeout
                "40001", // serialisation failure
                "40P01", // deadlock
                "53100", // disk full
                "53200", // out of memory
                "53300", // too many connections
                "55006", // object in use
                "55P03", // lock not available
                "57014", // query cancelled
                "57P01", // administrator's shutdown
                "57P02", // crash
                "57P03", // cannot connect now
                "58030", // i/o error
                "XX000", // internal error
            ],
        );
        check(
            Verdict::Poison,
            &[
                "22001", // text too long
                "22003", // number out of range
                "22008", // time out of range
                "22021", // character not in the encoding
                "22P03", // bad binary form
                "22P05", // untranslatable character
                "23502", // not null
                "23514", // check
                "54000", // index row too large
                "P0001", // a trigger's own
            ],
        );
        check(
            Verdict::Fatal,
            &[
                "0A000", // not supported
                "28000", // role
                "28P01", // password
                "3D000", // no such database
                "42501", // privilege
                "42601", // syntax
                "42703", // no such column
                "42P07", // table exists
                "",
            ],
        );
        check(Verdict::NotSetUp, &["42P01", "3F000"]);
        assert_eq!(verdict("23514", false), Verdict::NoPartition);
    }
}
