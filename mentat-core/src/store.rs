//! Events in PostgreSQL.
//!
//! The layout is that of one native schema, `mentat`, on stock PostgreSQL from version 14 on: events in daily
//! partitions, their texts in compressed chunks beside them, and a table of identifiers that makes every event ID
//! unique for ever.

mod address;
mod config;
mod copy;
mod errors;
mod migrate;
mod row;
mod search;
mod storage;
mod types;
mod writer;

pub use config::StorageConfig;
pub use migrate::Migration;
pub use row::Row;
pub use search::{Found, Search, Top};
pub use storage::Storage;
pub use writer::{Stored, name_hash};

use crate::Error;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use std::fmt;
use std::time::Duration;
use tokio_postgres::{Config, NoTls};

/// A database with Mentat's schema. Cheap to clone; connections are opened when needed and kept.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    /// Where it is, without the password.
    place: String,
}

impl Store {
    /// A store behind a connection string, either a URL or `keyword=value` pairs. Does not connect yet.
    ///
    /// # Errors
    /// Fatal if the text is no connection string.
    pub fn new(connection: &str) -> Result<Self, Error> {
        let mut config: Config = connection
            .parse()
            .map_err(|error| Error::fatal("the database connection string cannot be read").because(error))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(10));
        }
        if config.get_application_name().is_none() {
            config.application_name("mentat");
        }
        // Plans of these short statements never repay compiling them.
        let options = config.get_options().unwrap_or_default().to_owned();
        config.options(format!("{options} -c jit=off"));
        let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
        let place = format!(
            "{} at {}",
            config.get_dbname().or(config.get_user()).unwrap_or("postgres"),
            hosts.join(", ")
        );
        // A server that vanished without a word is noticed after a minute, not after the kernel's quarter of an hour.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(60));
        }
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(4)
            .build()
            .map_err(|error| Error::fatal("no connection pool").because(error))?;
        Ok(Self { pool, place })
    }

    async fn client(&self) -> Result<deadpool_postgres::Object, Error> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => self.failed("cannot connect to the database")(error),
            other => Error::transient(format!("cannot connect to the database {}", self.place)).because(other),
        })
    }

    /// Sorts an error that came while `doing` something, and says where.
    fn failed(&self, doing: &str) -> impl Fn(tokio_postgres::Error) -> Error + use<> {
        let doing = format!("{doing} {}", self.place);
        move |error| errors::database(error, &doing)
    }
}

fn host(host: &tokio_postgres::config::Host) -> String {
    match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.place).finish()
    }
}
