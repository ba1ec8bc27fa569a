//! A private PostgreSQL, run from the installed server programs.
//!
//! Given no database URL, Mentat's programs keep their events in a PostgreSQL of their own: below the state
//! directory, reachable through a unix socket only, run by an unprivileged user. The first program that needs it
//! starts it and leaves it running; the others adopt it. Tests and demonstrations use the same code with
//! [`Life::WithParent`]: such a server ends with the program that started it, even when that is killed.
//!
//! ```no_run
//! use mentat_core::cluster::{Cluster, Settings};
//!
//! let cluster = Cluster::start_or_adopt(&Settings::new("/var/lib/mentat/postgres"))?;
//! println!("{}", cluster.connection_string("mentat"));
//! # Ok::<(), mentat_core::cluster::Error>(())
//! ```
//!
//! # Who may use it
//!
//! The server trusts everyone who can reach its socket; the socket is in a directory that only the server's user (and
//! root) may enter. So all programs run as that user or as root. Started by root, the server runs as user `mentat`,
//! else `postgres`, else `nobody`; once there is a data directory, its owner decides.
//!
//! # Files
//!
//! In the state directory: `data/` (made as `data.new/` and renamed when complete), `log` (with `log.1`, when it grew),
//! `lock` (held while a program starts or stops the server), and `socket/`, or, if that path is too long for a
//! socket, `socket-dir`, which names a short directory elsewhere.
//!
//! # What this does not do
//!
//! It runs on Linux only (processes are told apart by `/proc`), does no backups, and does not upgrade a data
//! directory of another major version: it says how to.

mod account;
mod binaries;
mod databases;
mod error;
mod place;
mod process;
pub mod scratch;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use account::Account;
use binaries::Binaries;
use error::Kind;
use place::Place;
use process::{PidFile, Process};
use server::{Launch, Launched, Remove, Watcher};

pub use error::Error;

/// The port is only a part of the socket's name: nothing listens on the network.
const PORT: u16 = 5432;

/// The database role of all programs: the owner of the cluster.
const ROLE: &str = "mentat";

/// The database every cluster has.
const MAINTENANCE: &str = "postgres";

/// Between two looks at something we wait for.
const PAUSE: Duration = Duration::from_millis(10);

/// Where the private PostgreSQL is and how it is run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The state directory. It is made if absent; by root, every directory above it must be passable for the user
    /// the server runs as.
    pub dir: PathBuf,
    /// The directory of the server programs; `None`: they are sought.
    pub binaries: Option<PathBuf>,
    /// The `PATH` to seek the programs on, after the directories of distributions; `None`: the usual directories.
    pub search_path: Option<OsString>,
    /// How long a server that is started lives.
    pub life: Life,
    /// A server for tests: quick, and not safe against power cuts.
    pub scratch: bool,
    /// A database that is made if absent.
    pub database: String,
    /// Where a short directory for the socket is made if the path of the state directory is too long for one.
    pub short_dir: PathBuf,
    /// How long to wait for the lock, for a start (which may have to recover from a crash) and for a stop, each.
    pub patience: Duration,
    /// Only with [`Life::WithParent`]: the state directory is removed when the server has ended.
    remove_dir: bool,
}

impl Settings {
    /// The settings of the shared default database below `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            binaries: None,
            search_path: None,
            life: Life::Stays,
            scratch: false,
            database: "mentat".to_owned(),
            short_dir: PathBuf::from("/tmp"),
            patience: Duration::from_secs(60),
            remove_dir: false,
        }
    }
}

/// How long a server lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Life {
    /// Until it is stopped: it outlives the program that started it and is adopted by the next.
    Stays,
    /// As long as the program that started it: it stops when the [`Cluster`] is dropped or the program ends, by
    /// whatever means. Programs that adopted it meanwhile lose it.
    WithParent,
}

/// A running private PostgreSQL.
///
/// Dropping it stops the server if, and only if, this value started it with [`Life::WithParent`]; that takes at most
/// a few seconds.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    account: Account,
    /// Needed for `psql` only; an adopted server may outlive its programs.
    binaries: Option<Binaries>,
    socket_dir: PathBuf,
    port: u16,
    process: Process,
    patience: Duration,
    watcher: Mutex<Option<Watcher>>,
}

/// What is known about a private PostgreSQL, running or not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The number of the server process, if it runs and answers.
    pub pid: Option<u32>,
    /// The major version that made the data directory, if there is one.
    pub version: Option<String>,
    /// The user the server runs as, if there is a data directory.
    pub account: Option<String>,
    /// The data directory, whether it exists or not.
    pub data_dir: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    /// The directory of the socket, if the server runs.
    pub socket_dir: Option<PathBuf>,
    /// Bytes the state directory takes on disk.
    pub size: u64,
}

impl Status {
    /// Whether the server runs and answers.
    pub fn is_running(&self) -> bool {
        self.pid.is_some()
    }
}

/// A server process of the data directory.
struct Found {
    process: Process,
    pid_file: PidFile,
}

impl Cluster {
    /// Uses the running server of the state directory, or starts it, first making what is missing.
    ///
    /// Programs that call this at the same time end up with one server. A server that crashed is recovered.
    ///
    /// # Errors
    ///
    /// When the server programs are missing ([`Error::is_missing_server`]), the data directory belongs to another
    /// major version ([`Error::is_other_version`]) or to another user than this program's
    /// ([`Error::is_not_permitted`]), or the server does not start; then the message has its last words.
    pub fn start_or_adopt(settings: &Settings) -> Result<Self, Error> {
        if let Some(cluster) = Self::find_running(settings)? {
            cluster.ensure_database(&settings.database)?;
            return Ok(cluster);
        }
        let place = Place::create(&absolute(&settings.dir)?, &settings.short_dir)?;
        let account = account_for(&place)?;
        account.can_reach(place.dir())?;
        let lock = place.lock(&account, settings.patience)?;
        let cluster = Self::start_locked(settings, &place, &lock)?;
        drop(lock);
        cluster.ensure_database(&settings.database)?;
        Ok(cluster)
    }

    /// The running server of the state directory, if there is one that answers.
    ///
    /// # Errors
    ///
    /// When the data directory belongs to another user than this program's ([`Error::is_not_permitted`]) or cannot
    /// be read.
    pub fn find_running(settings: &Settings) -> Result<Option<Self>, Error> {
        let Some(place) = Place::find(&absolute(&settings.dir)?, &settings.short_dir)? else {
            return Ok(None);
        };
        let Some((uid, gid)) = place.data_owner()? else {
            return Ok(None);
        };
        let account = Account::owning(&place.data(), uid, gid)?;
        let Some(found) = running(&place, &account)?.filter(|found| found.pid_file.ready) else {
            return Ok(None);
        };
        let binaries = find_binaries(settings).ok();
        let cluster = Self::of(settings, place, account, binaries, found, None);
        Ok(cluster.answers().then_some(cluster))
    }

    /// What is known about the private PostgreSQL of the state directory.
    ///
    /// # Errors
    ///
    /// As [`find_running`](Self::find_running).
    pub fn status(settings: &Settings) -> Result<Status, Error> {
        let dir = absolute(&settings.dir)?;
        let running = Self::find_running(settings)?;
        let place = Place::find(&dir, &settings.short_dir)?;
        let owner = place.as_ref().map(Place::data_owner).transpose()?.flatten();
        let data_dir = place.as_ref().map_or_else(|| dir.join("data"), Place::data);
        let account = owner
            .map(|(uid, gid)| Account::owning(&data_dir, uid, gid))
            .transpose()?;
        Ok(Status {
            pid: running.as_ref().map(Self::pid),
            version: owner.map(|_| server::version(&data_dir)).transpose()?,
            account: account.map(|account| account.name),
            log: place.as_ref().map_or_else(|| dir.join("log"), Place::log),
            socket_dir: running.map(|cluster| cluster.socket_dir.clone()),
            size: place.as_ref().map_or(0, Place::size),
            data_dir,
        })
    }

    fn of(
        settings: &Settings,
        place: Place,
        account: Account,
        binaries: Option<Binaries>,
        found: Found,
        watcher: Option<Watcher>,
    ) -> Self {
        Self {
            socket_dir: found.pid_file.socket_dir.unwrap_or_else(|| place.dir().join("socket")),
            port: found.pid_file.port,
            process: found.process,
            place,
            account,
            binaries,
            patience: settings.patience,
            watcher: Mutex::new(watcher),
        }
    }

    /// Looks again, now that nobody else starts or stops it, and starts the server if need be.
    fn start_locked(settings: &Settings, place: &Place, lock: &File) -> Result<Self, Error> {
        // Another program may have made the data directory meanwhile, as another user.
        let account = account_for(place)?;
        let deadline = Instant::now() + settings.patience;
        while let Some(found) = running(place, &account)? {
            // Ours is the lock, so this one stays, stops by itself, or still recovers from a crash.
            let cluster = Self::of(
                settings,
                place.clone(),
                account.clone(),
                find_binaries(settings).ok(),
                found,
                None,
            );
            if cluster.answers() {
                return Ok(cluster);
            }
            wait_until(deadline, place)?;
        }
        let binaries = find_binaries(settings)?;
        if place.data_owner()?.is_some() {
            server::check_version(place, &account, &binaries)?;
        } else {
            server::initialise(place, &account, &binaries, settings.scratch, lock)?;
        }
        // Leftovers of an earlier attempt are removed even if the data directory is there.
        let _ = std::fs::remove_dir_all(place.unfinished());
        let socket_dir = place.socket_dir(&account)?;
        server::clear_remains(&place.data(), &socket_dir, &account)?;
        let launch = Launch {
            place,
            account: &account,
            binaries: &binaries,
            socket_dir: &socket_dir,
            scratch: settings.scratch,
            with_parent: match settings.life {
                Life::Stays => None,
                Life::WithParent if settings.remove_dir => Some(Remove::StateDir),
                Life::WithParent => Some(Remove::Nothing),
            },
        };
        let launched = launch.run()?;
        Self::when_ready(settings, place, &account, &binaries, launched)
    }

    /// Ready is a server that says so in its pid file *and* answers: either alone has been seen to be wrong.
    fn when_ready(
        settings: &Settings,
        place: &Place,
        account: &Account,
        binaries: &Binaries,
        launched: Launched,
    ) -> Result<Self, Error> {
        let deadline = Instant::now() + settings.patience;
        loop {
            if !launched.running() {
                return Err(launched.failure(place));
            }
            if let Some(found) = running(place, account)?.filter(|found| found.pid_file.ready) {
                let cluster = Self::of(
                    settings,
                    place.clone(),
                    account.clone(),
                    Some(binaries.clone()),
                    found,
                    None,
                );
                if cluster.answers() {
                    *cluster.watcher.lock().unwrap_or_else(PoisonError::into_inner) = launched.watcher;
                    return Ok(cluster);
                }
            }
            wait_until(deadline, place)?;
        }
    }

    /// Stops the server and waits for its end. Clients lose their connections; what they committed is kept.
    ///
    /// A server that has ended already is no error.
    ///
    /// # Errors
    ///
    /// When the server, or another program's hold of the lock, does not end in time ([`Error::is_transient`]; it is
    /// still being shut down then), or the signal cannot be sent.
    pub fn stop(&self) -> Result<(), Error> {
        let data = self.place.data();
        // The state directory may be gone already, with a server that was to take it along.
        if self.place.dir().exists() {
            let lock = self.place.lock(&self.account, self.patience)?;
            if self.process.alive() && self.process.serves(&data, &self.account)? {
                server::stop(self.process, &self.account, &data, self.patience)?;
                self.place.tidy_socket_dir(&self.socket_dir);
            }
            drop(lock);
        }
        drop(self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }

    /// The directory of the server's socket.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The port, which is only a part of the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The database role to connect as. It is the cluster's superuser, and there is no password: whoever may enter
    /// the socket's directory may connect.
    pub fn user(&self) -> &str {
        ROLE
    }

    /// The operating system's user the server runs as.
    pub fn account(&self) -> &str {
        &self.account.name
    }

    /// The number of the server process.
    pub fn pid(&self) -> u32 {
        self.process.pid
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.place.data()
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.place.log()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Dropping the watcher stops the server; the short directory is then empty.
        if self
            .watcher
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
        {
            self.place.tidy_socket_dir(&self.socket_dir);
        }
    }
}

/// The account that serves this place: the owner of the data directory, or the one to make it.
fn account_for(place: &Place) -> Result<Account, Error> {
    match place.data_owner()? {
        Some((uid, gid)) => Account::owning(&place.data(), uid, gid),
        None => Account::for_new(),
    }
}

fn find_binaries(settings: &Settings) -> Result<Binaries, Error> {
    Binaries::find(settings.binaries.as_deref(), settings.search_path.as_deref())
}

/// The live server the pid file names; `None` if there is none, or the number is another process's by now.
fn running(place: &Place, account: &Account) -> Result<Option<Found>, Error> {
    let data = place.data();
    let Some(pid_file) = PidFile::read(&data)? else {
        return Ok(None);
    };
    match Process::look(pid_file.pid) {
        Some(process) if process.serves(&data, account)? => Ok(Some(Found { process, pid_file })),
        _ => Ok(None),
    }
}

fn wait_until(deadline: Instant, place: &Place) -> Result<(), Error> {
    if Instant::now() < deadline {
        std::thread::sleep(PAUSE);
        return Ok(());
    }
    let message = format!(
        "PostgreSQL in {} runs but does not become ready",
        place.data().display()
    );
    Err(Error::new(Kind::Busy, message).with_hint(format!("see {}", place.log().display())))
}

/// The name of the server's socket in its directory.
fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

fn absolute(dir: &Path) -> Result<PathBuf, Error> {
    if dir.as_os_str().is_empty() {
        let cause = io::Error::new(io::ErrorKind::InvalidInput, "the name is empty");
        return Err(Error::io("use the state directory", dir, cause));
    }
    std::path::absolute(dir).map_err(|cause| Error::io("find", dir, cause))
}
