//! Configuration that all daemons share.

use mentat_core::QueueName;
use mentat_core::idea::Mode;
use mentat_core::queue::Durability;
use serde::Deserialize;
use std::path::PathBuf;

/// Settings of every daemon.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DaemonConfig {
    /// The queue messages come from. Default: the daemon's name.
    pub(crate) queue_in_dir: Option<QueueName>,
    /// Seconds until an empty queue is looked at again, should no wake-up come. Default 3.
    pub(crate) queue_in_wait: f64,
    /// Mode of queue directories that are made, as a decimal number. Default 509 (0o775).
    pub(crate) queue_in_perms: u32,
    /// The queue messages go to. Default: none.
    pub(crate) queue_out_dir: Option<QueueName>,
    /// Messages waiting in the next queue above which this daemon pauses; 0: never. Default 5000.
    pub(crate) queue_out_limit: usize,
    /// Largest message in bytes. Default 4 MiB.
    pub(crate) max_message_bytes: u64,
    /// How strictly messages are read: `lenient`, `repair_lists`, `repair` or `strict`.
    /// Default `repair_lists`: real detectors write `"Port": 22`.
    pub(crate) parse_mode: ParseMode,
    /// When messages are synced to disk. Default `batch`.
    pub(crate) durability: DurabilityConfig,
    /// Messages that are worked on together. Default 500.
    pub(crate) batch_size: usize,
    /// Seconds a stop may take. Default 30.
    pub(crate) stop_timeout: f64,
    /// `error`, `warning`, `info` or `debug`. Default `info`.
    pub(crate) log_level: String,
    /// Log file. Default: stderr.
    pub(crate) log_file: Option<PathBuf>,
    /// Where it is written down what became of messages that left the chain. Default: `<log>/<name>.dispositions.jsonl`.
    pub(crate) disposition_log: Option<PathBuf>,
}

impl Default for DaemonConfig {
    fn default() -> Self {
        Self {
            queue_in_dir: None,
            queue_in_wait: 3.0,
            queue_in_perms: 0o775,
            queue_out_dir: None,
            queue_out_limit: 5000,
            max_message_bytes: 4 * 1024 * 1024,
            parse_mode: ParseMode::RepairLists,
            durability: DurabilityConfig::Batch,
            batch_size: 500,
            stop_timeout: 30.0,
            log_level: "info".to_owned(),
            log_file: None,
            disposition_log: None,
        }
    }
}

/// [`Durability`] as configuration writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DurabilityConfig {
    Each,
    Batch,
    None,
}

impl From<DurabilityConfig> for Durability {
    fn from(config: DurabilityConfig) -> Self {
        match config {
            DurabilityConfig::Each => Self::Each,
            DurabilityConfig::Batch => Self::Batch,
            DurabilityConfig::None => Self::None,
        }
    }
}

/// [`Mode`] as configuration and command lines write it.
#[derive(Clone, Copy, Debug, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ParseMode {
    /// What is clear is accepted
    Lenient,
    /// Also a single value where a list is due
    RepairLists,
    /// Also other mistakes that producers make
    Repair,
    /// Every rule of the definition
    Strict,
}

impl From<ParseMode> for Mode {
    fn from(mode: ParseMode) -> Self {
        match mode {
            ParseMode::Lenient => Self::Lenient,
            ParseMode::RepairLists => Self::RepairLists,
            ParseMode::Repair => Self::Repair,
            ParseMode::Strict => Self::Strict,
        }
    }
}

/// The keys that all programs share, in `core/*.json.conf`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CoreConfig {
    /// Connection string of the database, a URL or keywords. Default: the private database.
    pub(crate) database: Option<String>,
    /// The database as the reference's files name it.
    #[serde(rename = "__core__database")]
    pub(crate) core_database: Option<CoreDatabase>,
    /// Sources of knowledge about addresses.
    #[serde(rename = "__core__services")]
    pub(crate) core_services: Option<CoreServices>,
}

/// `__core__database`. Both parts mean our one database; `eventstorage` counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CoreDatabase {
    eventstorage: Option<serde_json::Map<String, serde_json::Value>>,
    sqlstorage: Option<SqlStorage>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SqlStorage {
    url: Option<String>,
}

impl CoreConfig {
    /// The connection string, if one is configured.
    pub(crate) fn connection(&self) -> Option<String> {
        if self.database.is_some() {
            return self.database.clone();
        }
        let database = self.core_database.as_ref()?;
        if let Some(keywords) = &database.eventstorage {
            let quoted = keywords.iter().map(|(key, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
            });
            return Some(quoted.collect::<Vec<_>>().join(" "));
        }
        // `postgresql+psycopg://…`: the driver behind the plus sign is Python's.
        let url = database.sqlstorage.as_ref()?.url.as_ref()?;
        let (scheme, rest) = url.split_once("://")?;
        Some(format!("{}://{rest}", scheme.split('+').next().unwrap_or(scheme)))
    }

    /// The network file of the first file module of `__core__services.whois`.
    pub(crate) fn whois_file(&self) -> Option<PathBuf> {
        let modules = &self.core_services.as_ref()?.whois.as_ref()?.modules;
        modules
            .iter()
            .filter(|module| module.name == "FileWhoisModule")
            .find_map(|module| module.config.whois_file.clone())
    }
}

/// `__core__services`; what is not used yet is passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CoreServices {
    whois: Option<WhoisService>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WhoisService {
    modules: Vec<WhoisModule>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WhoisModule {
    name: String,
    config: WhoisModuleConfig,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WhoisModuleConfig {
    whois_file: Option<PathBuf>,
}

/// Keys of the reference's files that have no counterpart here (yet): known, reported once, without effect.
pub(crate) const WITHOUT_EFFECT: &[&str] = &[
    "action",
    "chroot_dir",
    "config_dir",
    "config_dir_silent",
    "config_file",
    "config_file_silent",
    "debug",
    "group",
    "input",
    "limit",
    "name",
    "no_daemon",
    "paralel",
    "pid_file",
    "queue_out_wait",
    "quiet",
    "reload_interval",
    "state_file",
    "stats_interval",
    "umask",
    "user",
    "verbosity",
    "work_dir",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<&str>) {
        let config: CoreConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config.connection().as_deref(), expected, "{json}");
    }

    #[test]
    fn the_database_is_found_in_every_form() {
        check("{}", None);
        check(r#"{"database": "postgres://u@h/d"}"#, Some("postgres://u@h/d"));
        check(
            r#"{"__core__database": {"eventstorage": {"dbname": "e", "port": 5432, "password": "it's"}}}"#,
            Some(r"dbname='e' password='it\'s' port='5432'"),
        );
        check(
            r#"{"__core__database": {"sqlstorage": {"url": "postgresql+psycopg://u@h:5/d", "echo": false}}}"#,
            Some("postgresql://u@h:5/d"),
        );
    }
}
