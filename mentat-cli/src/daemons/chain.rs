//! What each kind of daemon has behind the parser.

use super::{Chain, Kind, Setup};
use crate::config::Loaded;
use crate::database;
use crate::exit::{Code, Failure};
use mentat_core::enrich::{EnricherConfig, Enrichers, Enrichment, Networks, PluginConfig};
use mentat_core::inspector::{InspectorConfig, RuleError};
use mentat_core::store::{Storage, StorageConfig, Store};
use mentat_core::{Config, Inspector};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The part of the configuration that belongs to the kind of daemon.
pub(super) enum ChainConfig {
    Inspector(InspectorConfig),
    Enricher(EnricherConfig),
    Storage(StorageConfig),
}

impl ChainConfig {
    pub(super) fn read(kind: Kind, loaded: &mut Loaded) -> Result<Self, Failure> {
        Ok(match kind {
            Kind::Inspector => Self::Inspector(loaded.part()?),
            Kind::Enricher => Self::Enricher(loaded.part()?),
            Kind::Storage => Self::Storage(loaded.part()?),
        })
    }

    /// The number of messages in a batch, where the kind has a setting of its own for it.
    pub(super) fn batch(&self) -> Option<usize> {
        match self {
            Self::Storage(config) => Some(config.batch()),
            _ => None,
        }
    }

    /// What the components take over without a restart.
    pub(super) fn reloadable(&self, setup: &Setup) -> Result<Config, Failure> {
        Ok(match self {
            Self::Inspector(config) => Config::new().with(config.clone()),
            Self::Enricher(config) => Config::new().with(enrichers(config, setup)?),
            Self::Storage(_) => Config::new(),
        })
    }

    /// Refuses rules that would send messages back into the queue they come from: they would go round for ever.
    pub(super) fn check_targets(&self, spool: &Path, input: &Path) -> Result<(), Failure> {
        let Self::Inspector(config) = self else { return Ok(()) };
        let rules = config.inspection_rules.iter().flat_map(|rule| &rule.actions);
        for action in rules.chain(&config.fallback_actions) {
            if action
                .args
                .queue_tgt
                .as_ref()
                .is_some_and(|queue| queue.resolve(spool) == input)
            {
                let text = format!(
                    "the action '{}' puts messages back into this daemon's own queue",
                    action.action.name()
                );
                return Err(Failure::new(Code::Config, text));
            }
        }
        Ok(())
    }

    pub(super) fn components(&self, setup: &Setup) -> Result<Chain, Failure> {
        Ok(match self {
            Self::Inspector(config) => {
                let inspector =
                    Inspector::new(config).map_err(|errors| Failure::new(Code::Config, RuleError::list(&errors)))?;
                vec![Box::new(inspector)]
            }
            Self::Enricher(config) => {
                let limit = Duration::from_secs(config.plugin_timeout);
                vec![Box::new(Enrichment::of(enrichers(config, setup)?, limit))]
            }
            Self::Storage(_) => {
                let connection = database::connection(&setup.tree, &setup.core)?;
                vec![Box::new(Storage::new(Store::new(&connection)?))]
            }
        })
    }
}

fn enrichers(config: &EnricherConfig, setup: &Setup) -> Result<Enrichers, Failure> {
    let mut enrichers = Enrichers::default();
    for plugin in &config.plugins {
        enrichers.0.push(Arc::new(networks(plugin, setup)?));
    }
    Ok(enrichers)
}

fn networks(plugin: &PluginConfig, setup: &Setup) -> Result<Networks, Failure> {
    let wrong = |text: String| Failure::new(Code::Config, format_args!("plugin '{}': {text}", plugin.name));
    if !["networks", "mentat.plugin.enricher.whois.WhoisEnricherPlugin"].contains(&plugin.name.as_str()) {
        return Err(wrong("there is no such enricher; there is 'networks'".to_owned()));
    }
    let file = plugin.config.whois_file.clone().or_else(|| setup.core.whois_file());
    let file = file.ok_or_else(|| wrong("'whois_file' is missing".to_owned()))?;
    let file = setup.config_dir.join(file);
    let text = std::fs::read_to_string(&file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let networks = Networks::from_json(&text).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    tracing::info!("{} networks loaded from {}", networks.len(), file.display());
    Ok(networks)
}
