//! Databases of a private PostgreSQL, and how to reach them.

use std::process::Command;
use std::time::{Duration, Instant};

use super::error::{Error, Kind};
use super::wire::{Connection, Failure, Rows};
use super::{Cluster, MAINTENANCE, PAUSE, ROLE};

/// A connection that is just being closed still counts as a user of its database.
const LINGERING: Duration = Duration::from_secs(5);

/// "Object in use", "duplicate database".
const IN_USE: &str = "55006";
const DUPLICATE: &str = "42P04";

impl Cluster {
    /// How to connect to `database`, in the keywords of libpq, which tokio-postgres understands too.
    ///
    /// ```text
    /// host='/var/lib/mentat/postgres/socket' port=5432 user=mentat dbname='mentat'
    /// ```
    pub fn connection_string(&self, database: &str) -> String {
        let host = self.socket_dir().to_string_lossy();
        format!(
            "host={} port={} user={ROLE} dbname={}",
            keyword_value(&host),
            self.port(),
            keyword_value(database)
        )
    }

    /// A command that opens `database` in `psql`: that of the server programs, else the one on PATH.
    pub fn psql_command(&self, database: &str) -> Command {
        let beside = self
            .binaries
            .as_ref()
            .map(|binaries| binaries.program("psql"))
            .filter(|path| path.is_file());
        let mut command = Command::new(beside.unwrap_or_else(|| "psql".into()));
        command.arg("--host").arg(self.socket_dir());
        command.args([
            "--port",
            &self.port().to_string(),
            "--username",
            ROLE,
            "--dbname",
            database,
        ]);
        command
    }

    /// Whether there is a database of that name.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn exists(&self, name: &str) -> Result<bool, Error> {
        let sql = format!("SELECT 1 FROM pg_catalog.pg_database WHERE datname = {}", literal(name));
        Ok(!self.ask(&sql)?.is_empty())
    }

    /// The names of all databases that are no templates of PostgreSQL's own.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn databases(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT datname FROM pg_catalog.pg_database WHERE datname !~ '^template[01]$' ORDER BY datname";
        Ok(self.ask(sql)?.into_iter().flatten().flatten().collect())
    }

    /// Makes an empty database.
    ///
    /// # Errors
    ///
    /// When there is one of that name, the name is longer than 63 bytes, or the server does not answer.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        self.ask(&format!("CREATE DATABASE {}", identifier(name)?)).map(drop)
    }

    /// Makes a database that is a copy of another one, to which nobody may be connected.
    ///
    /// # Errors
    ///
    /// As [`create_database`](Self::create_database); and when `template` does not exist or stays in use for some
    /// seconds.
    pub fn create_from_template(&self, name: &str, template: &str) -> Result<(), Error> {
        self.ask_when_unused(&format!(
            "CREATE DATABASE {} TEMPLATE {}",
            identifier(name)?,
            identifier(template)?
        ))
    }

    /// Gives a database another name; nobody may be connected to it.
    ///
    /// # Errors
    ///
    /// As [`create_from_template`](Self::create_from_template).
    pub fn rename_database(&self, name: &str, to: &str) -> Result<(), Error> {
        self.ask_when_unused(&format!(
            "ALTER DATABASE {} RENAME TO {}",
            identifier(name)?,
            identifier(to)?
        ))
    }

    /// Removes a database with all its contents and ends the connections to it. No error if there is none.
    ///
    /// # Errors
    ///
    /// When the server does not answer or refuses.
    pub fn drop_database(&self, name: &str) -> Result<(), Error> {
        self.ask(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name)?))
            .map(drop)
    }

    /// Makes a database unless there is one; another program may do the same at the same time.
    pub(super) fn ensure_database(&self, name: &str) -> Result<(), Error> {
        if self.exists(name)? {
            return Ok(());
        }
        let sql = format!("CREATE DATABASE {}", identifier(name)?);
        match self.try_ask(&sql) {
            Err(Failure::Server { code, .. }) if code == DUPLICATE => Ok(()),
            // Two at the very same moment collide in the index of the catalogue instead.
            Err(Failure::Server { code, .. }) if code == "23505" && self.exists(name)? => Ok(()),
            other => other.map(drop).map_err(|failure| self.explain(failure)),
        }
    }

    pub(super) fn answers(&self) -> bool {
        self.try_ask("SELECT 1").is_ok()
    }

    fn ask_when_unused(&self, sql: &str) -> Result<(), Error> {
        let deadline = Instant::now() + LINGERING;
        loop {
            match self.try_ask(sql) {
                Err(Failure::Server { code, .. }) if code == IN_USE && Instant::now() < deadline => {
                    std::thread::sleep(PAUSE);
                }
                other => return other.map(drop).map_err(|failure| self.explain(failure)),
            }
        }
    }

    fn ask(&self, sql: &str) -> Result<Rows, Error> {
        self.try_ask(sql).map_err(|failure| self.explain(failure))
    }

    fn try_ask(&self, sql: &str) -> Result<Rows, Failure> {
        let socket = self.socket_dir().join(format!(".s.PGSQL.{}", self.port()));
        Connection::open(&socket, ROLE, MAINTENANCE, self.patience)?.query(sql)
    }

    fn explain(&self, failure: Failure) -> Error {
        let dir = self.data_dir();
        match failure {
            Failure::Io(cause) => {
                Error::new(Kind::Query, format!("PostgreSQL in {} does not answer", dir.display())).because(cause)
            }
            Failure::Server { code, message } => Error::new(
                Kind::Query,
                format!("PostgreSQL in {} answers: {message} (SQLSTATE {code})", dir.display()),
            ),
        }
    }
}

/// PostgreSQL cuts longer names off without an error; two of them could become one.
fn identifier(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.len() > 63 || name.contains('\0') {
        return Err(Error::new(
            Kind::Query,
            format!("{name:?} is no name for a database: it needs 1 to 63 bytes"),
        ));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value of libpq's keyword=value form.
fn keyword_value(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted() {
        assert_eq!(identifier(r#"a"b"#).unwrap(), r#""a""b""#);
        assert!(identifier("").is_err());
        assert!(identifier(&"x".repeat(64)).is_err());
        assert_eq!(literal("o'clock"), "'o''clock'");
        assert_eq!(keyword_value(r"it's\"), r"'it\'s\\'");
    }
}
