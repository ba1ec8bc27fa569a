//! The component that adds what other sources know about an event.

mod config;
mod networks;

pub use config::{EnricherConfig, NetworksConfig, PluginConfig};
pub use networks::{LoadError, Networks};

use crate::component::{Component, Context, Counter, Fut, Occurrence};
use crate::idea::Event;
use crate::work::Batch;
use crate::{Error, report};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whether an enricher added anything to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// There was nothing to add.
    No,
}

/// One source of knowledge: a network table, a GeoIP file, a name server, yours.
pub trait Enricher: Send + Sync {
    /// Short name for logs and counters.
    fn name(&self) -> &str;

    /// Works on all events of a batch, until the deadline at the latest. Answers one result for each event, in order;
    /// an error leaves that event without this source's knowledge, nothing more.
    fn enrich<'a>(&'a self, events: &'a mut [&'a mut Event], deadline: Instant)
    -> Fut<'a, Vec<Result<Changed, Error>>>;
}

/// Enrichers in order; as a part of a [`Config`](crate::Config) they replace those of an [`Enrichment`] at a reload.
#[derive(Clone, Default)]
pub struct Enrichers(pub Vec<Arc<dyn Enricher>>);

/// Hands each batch to its enrichers in order.
pub struct Enrichment {
    enrichers: Enrichers,
    limit: Duration,
}

impl Enrichment {
    /// Without enrichers, events pass unchanged. `limit` bounds the time of one enricher on one batch.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            enrichers: Enrichers::default(),
            limit,
        }
    }

    /// With these enrichers.
    #[must_use]
    pub fn of(enrichers: Enrichers, limit: Duration) -> Self {
        Self { enrichers, limit }
    }

    /// Adds an enricher at the end.
    #[must_use]
    pub fn with(mut self, enricher: impl Enricher + 'static) -> Self {
        self.enrichers.0.push(Arc::new(enricher));
        self
    }
}

impl Component for Enrichment {
    fn name(&self) -> &'static str {
        "enricher"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            for enricher in &self.enrichers.0 {
                let mut events: Vec<&mut Event> = batch.iter_open().map(|work| &mut work.event).collect();
                let results = enricher.enrich(&mut events, Instant::now() + self.limit).await;
                for result in results {
                    match result {
                        Ok(Changed::Yes) => cx.count(Counter("enriched"), 1),
                        Ok(Changed::No) => {}
                        Err(error) => {
                            cx.count(Counter("errors"), 1);
                            report::warn(enricher.name(), format_args!("{}", error.chain()));
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn handle<'a>(&'a mut self, on: &'a Occurrence, _: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        if let Occurrence::Reload(config) = on
            && let Some(enrichers) = config.get::<Enrichers>()
        {
            self.enrichers = enrichers.clone();
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

impl fmt::Debug for Enrichers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|enricher| enricher.name()))
            .finish()
    }
}

impl fmt::Debug for Enrichment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.enrichers.fmt(f)
    }
}
