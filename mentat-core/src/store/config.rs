//! Configuration of the storage daemon.

/// How events are committed.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct StorageConfig {
    /// Commit many events at once. On by default; off: each event has a transaction of its own.
    pub commit_bulk: bool,
    /// Seconds between commits, kept for its name: every batch is committed as soon as it is written.
    pub commit_bulk_interval: u64,
    /// Most events of one commit. Default 500.
    pub commit_bulk_threshold: usize,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            commit_bulk: true,
            commit_bulk_interval: 5,
            commit_bulk_threshold: 500,
        }
    }
}

impl StorageConfig {
    /// Most events of one transaction, at least one.
    #[must_use]
    pub fn batch(&self) -> usize {
        if self.commit_bulk {
            self.commit_bulk_threshold.max(1)
        } else {
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_commit() {
        let check = |text: &str, expected| {
            let config: StorageConfig = serde_json::from_str(text).unwrap();
            assert_eq!(config.batch(), expected, "{text}");
        };
        check("{}", 500);
        check(r#"{"commit_bulk_threshold": 70}"#, 70);
        check(r#"{"commit_bulk_threshold": 0}"#, 1);
        check(r#"{"commit_bulk": false, "commit_bulk_interval": 9}"#, 1);
        assert!(serde_json::from_str::<StorageConfig>(r#"{"commit_bulk_treshold": 70}"#).is_err());
    }
}
