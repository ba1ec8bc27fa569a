//! The database server of a demo.

use crate::database;
use crate::exit::Failure;
use crate::paths::Tree;
use mentat_core::cluster::{Cluster, Life, Settings};
use std::time::{Duration, Instant};

/// How often it is asked whether it is there.
const LOOK: Duration = Duration::from_secs(2);

/// Runs the private database and starts it again if it ends unasked. Dropping it stops the server.
pub(super) struct Server {
    tree: Tree,
    settings: Settings,
    /// Held because dropping it stops the server.
    cluster: Option<Cluster>,
    connection: String,
    looked: Instant,
}

impl Server {
    pub(super) fn start(tree: &Tree) -> Result<Self, Failure> {
        let (cluster, settings) = database::start_as(tree, Life::WithParent)?;
        Ok(Self {
            tree: tree.clone(),
            connection: cluster.connection_string(&settings.database),
            settings,
            cluster: Some(cluster),
            looked: Instant::now(),
        })
    }

    /// It stays the same when the server is started again.
    pub(super) fn connection(&self) -> &str {
        &self.connection
    }

    pub(super) fn look_after(&mut self) -> Result<(), Failure> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        if Cluster::find_running(&self.settings)?.is_none() {
            // Its watcher must not stop the new one.
            self.cluster = None;
            self.cluster = Some(database::start_as(&self.tree, Life::WithParent)?.0);
        }
        Ok(())
    }
}
