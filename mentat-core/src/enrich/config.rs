//! Configuration of the enricher daemon.

use std::path::PathBuf;

/// Which enrichers there are, in order.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EnricherConfig {
    /// The enrichers.
    pub plugins: Vec<PluginConfig>,
    /// Seconds that one enricher may spend on one batch. Default 10.
    pub plugin_timeout: u64,
}

impl Default for EnricherConfig {
    fn default() -> Self {
        Self {
            plugins: Vec::new(),
            plugin_timeout: 10,
        }
    }
}

/// One enricher.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PluginConfig {
    /// `networks`; `mentat.plugin.enricher.whois.WhoisEnricherPlugin` means the same.
    pub name: String,
    /// Its settings.
    #[serde(default)]
    pub config: NetworksConfig,
}

/// Settings of the enricher `networks`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NetworksConfig {
    /// A JSON list of networks and their abuse groups. A relative path starts at the configuration directory.
    pub whois_file: Option<PathBuf>,
}
