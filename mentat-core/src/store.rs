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
mod writer;

pub use config::StorageConfig;
pub use migrate::Migration;
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
        config.options("-c jit=off -c TimeZone=UTC");
        let hosts: Vec<String> = config.get_hosts().iter().map(host).collect();
        let place = format!(
            "{} at {}",
            config.get_dbname().unwrap_or("the default database"),
            hosts.join(", ")
        );
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
            deadpool_postgres::PoolError::Backend(error) => {
                errors::database(error, &format!("cannot connect to {}", self.place))
            }
            other => Error::transient(format!("cannot connect to {}", self.place)).because(other),
        })
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
