//! Which database, and the private one that there is without any.

use crate::config::{Asked, Loaded, fields};
use crate::exit::Failure;
use crate::paths::Tree;
use crate::settings::CoreConfig;
use mentat_core::cluster::{Cluster, Life, Settings};
use mentat_core::store::Store;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Settings of the private database of a tree.
pub(crate) fn private(tree: &Tree) -> Settings {
    let elsewhere = fs::read_to_string(elsewhere(tree))
        .ok()
        .map(|path| PathBuf::from(path.trim_end()));
    settings(elsewhere.unwrap_or_else(|| tree.database()))
}

/// Starts the private database of a tree, or finds it running.
pub(crate) fn start(tree: &Tree) -> Result<(Cluster, Settings), Failure> {
    start_as(tree, Life::Stays)
}

/// As [`start`]; a server that is started now lives as `life` says.
///
/// Started by root, the server runs as another user, who may not be able to pass the directories above the tree (a
/// home directory, say). It then gets a directory of its own elsewhere, noted in the tree.
pub(crate) fn start_as(tree: &Tree, life: Life) -> Result<(Cluster, Settings), Failure> {
    let state = tree.state();
    fs::create_dir_all(&state).map_err(|error| Failure::io("make", &state, &error))?;
    let mut settings = private(tree);
    settings.life = life;
    let error = match Cluster::start_or_adopt(&settings) {
        Ok(cluster) => return Ok((cluster, settings)),
        Err(error) => error,
    };
    if !error.is_not_permitted() || !rustix::process::geteuid().is_root() || settings.dir != tree.database() {
        return Err(error.into());
    }
    let note = elsewhere(tree);
    let dir = unused_dir().map_err(|error| Failure::io("make a directory in", Path::new(ELSEWHERE), &error))?;
    let written = fs::write(&note, format!("{}\n", dir.display()));
    written.map_err(|error| Failure::io("write", &note, &error))?;
    settings.dir = dir;
    Ok((Cluster::start_or_adopt(&settings)?, settings))
}

/// Where a database goes that cannot be inside its tree: survives a reboot.
const ELSEWHERE: &str = "/var/tmp";

/// The file that says where.
fn elsewhere(tree: &Tree) -> PathBuf {
    tree.database().with_extension("elsewhere")
}

/// A directory that nobody can have prepared for us: it did not exist.
fn unused_dir() -> io::Result<PathBuf> {
    let nanos = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let dir = Path::new(ELSEWHERE).join(format!("mentat-{}-{nanos:x}", std::process::id()));
    DirBuilder::new().mode(0o711).create(&dir)?;
    Ok(dir)
}

fn settings(dir: PathBuf) -> Settings {
    let mut settings = Settings::new(dir);
    settings.search_path = std::env::var_os("PATH");
    settings.binaries = std::env::var_os("MENTAT_POSTGRES_BIN").map(PathBuf::from);
    settings
}

/// The connection string that was configured, else that of the private database, which is started if need be.
pub(crate) fn connection(tree: &Tree, core: &CoreConfig) -> Result<String, Failure> {
    if let Some(connection) = core.connection() {
        return Ok(connection);
    }
    let (cluster, settings) = start(tree)?;
    Ok(cluster.connection_string(&settings.database))
}

/// The store of a tool that has only the common configuration.
pub(crate) fn store(tree: &Tree, given: Option<String>) -> Result<Store, Failure> {
    let nowhere = PathBuf::new();
    let mut loaded = Loaded::read((&tree.core_config(), Asked::No), (&nowhere, Asked::No))?;
    loaded.add_environment(fields::<CoreConfig>(), |name| std::env::var(name).ok());
    if let Some(given) = given {
        loaded.set("database", given, "the command line");
    }
    Ok(Store::new(&connection(tree, &loaded.part()?)?)?)
}
