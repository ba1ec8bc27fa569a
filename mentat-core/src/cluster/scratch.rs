//! A throw-away PostgreSQL for tests: one per test program, one database per test.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::account::Account;
use super::place;
use super::{Cluster, Error, Life, Settings};

/// A private PostgreSQL that vanishes, files and all, with the program that started it.
///
/// ```no_run
/// use mentat_core::cluster::scratch::TestCluster;
///
/// let database = TestCluster::shared().database("schema", |_connection_string| {
///     // Connect, make tables, disconnect. Runs once; every test gets a copy.
///     Ok::<(), std::convert::Infallible>(())
/// });
/// println!("{}", database.connection_string());
/// ```
#[derive(Debug)]
pub struct TestCluster {
    cluster: Cluster,
    /// Held while a template is filled, so that those who want the same one wait for it.
    templates: Mutex<HashSet<String>>,
    made: AtomicU64,
}

impl TestCluster {
    /// The one of this process, in the directory for temporary files; started when first asked for.
    ///
    /// It is never dropped; a pipe tells its watcher when the process is gone.
    ///
    /// # Panics
    ///
    /// When it does not start: a test that needs it has failed then.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestCluster> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start(&std::env::temp_dir()) {
            Ok(cluster) => cluster,
            Err(error) => panic!("no PostgreSQL for tests: {error}"),
        })
    }

    /// Starts one in a new directory below `parent`; it stops when the value is dropped or the process ends.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start_or_adopt`].
    pub fn start(parent: &Path) -> Result<Self, Error> {
        Self::start_with(parent, Settings::new(parent))
    }

    /// As [`start`](Self::start), with the programs and other settings given; those that make it a throw-away one
    /// are set here.
    ///
    /// # Errors
    ///
    /// As [`Cluster::start_or_adopt`].
    pub fn start_with(parent: &Path, mut settings: Settings) -> Result<Self, Error> {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let parent = std::fs::canonicalize(parent).map_err(|cause| Error::io("use", parent, cause))?;
        let account = Account::for_new()?;
        account.can_reach(&parent)?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let dir = parent.join(format!("mentat-test-{}-{number}", std::process::id()));
        // A directory left by an earlier process with our number: its server is gone, or it would be, too.
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(|cause| Error::io("remove", &dir, cause))?;
        }
        // The watcher runs as the server's user and must be able to remove it.
        place::private_dir(&dir, &account)?;
        settings.dir = dir.clone();
        settings.life = Life::WithParent;
        settings.scratch = true;
        settings.remove_dir = true;
        match Cluster::start_or_adopt(&settings) {
            Ok(cluster) => Ok(Self {
                cluster,
                templates: Mutex::default(),
                made: AtomicU64::new(0),
            }),
            Err(error) => {
                let _ = std::fs::remove_dir_all(&dir);
                Err(error)
            }
        }
    }

    /// A database for one test: a copy of the template of that name.
    ///
    /// The template is made when it is first asked for: `fill` gets the connection string of an empty database, and
    /// must have closed its connections when it returns. Other callers of the same template wait.
    ///
    /// # Panics
    ///
    /// When the server refuses or `fill` fails.
    pub fn database<E: fmt::Display>(
        &self,
        template: &str,
        fill: impl FnOnce(&str) -> Result<(), E>,
    ) -> TestDatabase<'_> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let made = self.ensure_template(template, fill).and_then(|template| {
            self.cluster
                .create_from_template(&name, &template)
                .map_err(|error| error.to_string())
        });
        match made {
            Ok(()) => TestDatabase {
                cluster: &self.cluster,
                name,
            },
            Err(error) => panic!("no database from template {template}: {error}"),
        }
    }

    /// An empty database for one test.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn empty_database(&self) -> TestDatabase<'_> {
        self.database("empty", |_| Ok::<(), std::convert::Infallible>(()))
    }

    /// The server itself.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn ensure_template<E: fmt::Display>(
        &self,
        template: &str,
        fill: impl FnOnce(&str) -> Result<(), E>,
    ) -> Result<String, String> {
        let name = format!("template_{template}");
        // If a `fill` panicked, its template is not in the set, and the next caller tries anew.
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if !templates.contains(template) {
            let text = |error: Error| error.to_string();
            self.cluster.drop_database(&name).map_err(text)?;
            self.cluster.create_database(&name).map_err(text)?;
            fill(&self.cluster.connection_string(&name)).map_err(|error| format!("cannot fill it: {error}"))?;
            templates.insert(template.to_owned());
        }
        Ok(name)
    }
}

/// A database of one test, removed when dropped.
#[derive(Debug)]
pub struct TestDatabase<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl TestDatabase<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it; see [`Cluster::connection_string`].
    pub fn connection_string(&self) -> String {
        self.cluster.connection_string(&self.name)
    }
}

impl Drop for TestDatabase<'_> {
    fn drop(&mut self) {
        // The whole cluster goes when the tests end; this only saves space until then.
        let _ = self.cluster.drop_database(&self.name);
    }
}
