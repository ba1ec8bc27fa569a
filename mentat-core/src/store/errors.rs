//! What a database error means for the caller.

use crate::Error;
use tokio_postgres::error::SqlState;

/// Sorts an error of the driver: connection and resource trouble passes, bad data stays bad, the rest needs a person.
pub(super) fn database(error: tokio_postgres::Error, doing: &str) -> Error {
    let detail = error
        .as_db_error()
        .map_or_else(|| error.to_string(), |db| db.message().to_owned());
    let text = format!("{doing}: {detail}");
    let Some(state) = error.code() else {
        // No answer of the server: refused, cut off, timed out.
        return Error::transient(text).because(error);
    };
    match state.code().get(..2).unwrap_or_default() {
        // Connection, resources, shutdown, rollback, locks, i/o, internal.
        "08" | "53" | "57" | "40" | "55" | "58" | "XX" => Error::transient(text).because(error),
        // Data, constraints, program limits.
        "22" | "23" | "54" => Error::poison(text).because(error),
        _ if *state == SqlState::UNDEFINED_TABLE || *state == SqlState::INVALID_SCHEMA_NAME => {
            Error::fatal(format!("{text} (the database has not been set up for Mentat)")).because(error)
        }
        _ => Error::fatal(text).because(error),
    }
}
