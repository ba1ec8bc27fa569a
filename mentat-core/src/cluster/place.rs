//! The files of a private PostgreSQL: state directory, data, log, lock, socket.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown, lchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::account::Account;
use super::error::{Error, Kind};

/// The longest socket path the kernel takes is 107 bytes; `/.s.PGSQL.5432` follows the directory.
const MAX_SOCKET_DIR: usize = 93;

/// A log longer than this is set aside when a server starts.
const MAX_LOG: u64 = 10 << 20;

/// A state directory that exists.
#[derive(Clone, Debug)]
pub(super) struct Place {
    dir: PathBuf,
    /// Below which a short socket directory is made if the path of the state directory is too long.
    short: PathBuf,
}

impl Place {
    /// Makes the state directory unless it exists.
    pub(super) fn create(dir: &Path, short: &Path) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(dir)
            .map_err(|cause| Error::io("create", dir, cause))?;
        Self::find(dir, short)?.ok_or_else(|| Error::io("find", dir, io::ErrorKind::NotFound.into()))
    }

    /// The state directory if it exists.
    pub(super) fn find(dir: &Path, short: &Path) -> Result<Option<Self>, Error> {
        match fs::canonicalize(dir) {
            Ok(dir) => Ok(Some(Self {
                dir,
                short: short.to_path_buf(),
            })),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Error::io("find", dir, cause)),
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Where a data directory is made. Only when it is complete is it renamed to `data`: after a killed `initdb`
    /// the directory looks like a data directory, and a server on it crashes in recovery for ever.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.dir.join("data.new")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Says where the socket directory is if it is not in the state directory.
    fn record(&self) -> PathBuf {
        self.dir.join("socket-dir")
    }

    /// Owner and group of the data directory, `None` if there is none.
    pub(super) fn data_owner(&self) -> Result<Option<(u32, u32)>, Error> {
        let data = self.data();
        match fs::symlink_metadata(&data) {
            Ok(metadata) if metadata.is_dir() => Ok(Some((metadata.uid(), metadata.gid()))),
            Ok(_) => Err(Error::new(Kind::Io, format!("{} is not a directory", data.display()))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Error::io("look at", &data, cause)),
        }
    }

    /// Takes the lock that serialises "look, make, start" and "stop".
    ///
    /// Polls, because the standard library's blocking lock has no deadline.
    pub(super) fn lock(&self, account: &Account, patience: Duration) -> Result<File, Error> {
        let path = self.dir.join("lock");
        let file = open_plain(&path, account)?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(super::PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let message = format!("another program has held the lock {} for too long", path.display());
                    return Err(Error::new(Kind::Busy, message).with_hint(
                        "it is starting or stopping the same private PostgreSQL; look at the file `log` beside it",
                    ));
                }
                Err(TryLockError::Error(cause)) => return Err(Error::io("lock", &path, cause)),
            }
        }
    }

    /// Opens the log for appending; the second value is its length.
    pub(super) fn open_log(&self, account: &Account) -> Result<(File, u64), Error> {
        let path = self.log();
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.len() > MAX_LOG) {
            let old = self.dir.join("log.1");
            fs::rename(&path, &old).map_err(|cause| Error::io("rename", &path, cause))?;
        }
        let file = open_plain(&path, account)?;
        let length = file
            .metadata()
            .map_err(|cause| Error::io("look at", &path, cause))?
            .len();
        Ok((file, length))
    }

    /// The last of what the log says since `from`: why something failed.
    pub(super) fn complaints(&self, from: u64) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(self.log())?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(256 << 10).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.split_off(lines.len().saturating_sub(8)).join("\n")
    }

    /// The directory for the socket, made ready for the account.
    ///
    /// In the state directory if the path is short enough; else a short one with a name made from the data path.
    /// Either is closed to everyone else: the server trusts whoever reaches its socket.
    pub(super) fn socket_dir(&self, account: &Account) -> Result<PathBuf, Error> {
        let inside = self.dir.join("socket");
        if fits(&inside) {
            private_dir(&inside, account)?;
            remove_file(&self.record())?;
            return Ok(inside);
        }
        let recorded = fs::read_to_string(self.record())
            .ok()
            .map(|text| PathBuf::from(text.trim_end_matches('\n')));
        let usable =
            |dir: &PathBuf| fits(dir) && dir.parent() == Some(&self.short) && private_dir(dir, account).is_ok();
        match recorded.filter(usable) {
            Some(dir) => Ok(dir),
            None => self.make_short_dir(account),
        }
    }

    fn make_short_dir(&self, account: &Account) -> Result<PathBuf, Error> {
        let shared = fs::metadata(&self.short).map_err(|cause| Error::io("use", &self.short, cause))?;
        if shared.mode() & 0o1002 == 0o0002 {
            let message = format!(
                "{} is writable by everyone and lacks the sticky bit",
                self.short.display()
            );
            return Err(Error::new(Kind::NotPermitted, message).with_hint(format!("chmod +t {}", self.short.display())));
        }
        let hash = fnv1a(self.data().as_os_str().as_encoded_bytes());
        let mut failure = None;
        // Somebody else may sit on a name, by chance or by intent; then the next one is taken.
        for attempt in 0..16 {
            let dir = self.short.join(format!("mentat-{:016x}", hash.wrapping_add(attempt)));
            match private_dir(&dir, account) {
                Ok(()) if fits(&dir) => {
                    let mut record = open_plain(&self.record(), account)?;
                    record
                        .set_len(0)
                        .and_then(|()| writeln!(record, "{}", dir.display()))
                        .map_err(|cause| Error::io("write", &self.record(), cause))?;
                    return Ok(dir);
                }
                Ok(()) => {
                    let message = format!("{} is too long a directory for a socket", dir.display());
                    return Err(Error::new(Kind::Io, message).with_hint("a socket's path may have 107 bytes"));
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| Error::new(Kind::Io, "no name left for a socket directory")))
    }

    /// Removes a socket directory outside the state directory, when its server has ended.
    pub(super) fn tidy_socket_dir(&self, dir: &Path) {
        if !dir.starts_with(&self.dir) && dir.parent() == Some(&self.short) && fs::remove_dir(dir).is_ok() {
            let _ = remove_file(&self.record());
        }
    }

    /// The bytes the directory takes on disk.
    pub(super) fn size(&self) -> u64 {
        fn below(dir: &Path) -> u64 {
            let Ok(entries) = fs::read_dir(dir) else { return 0 };
            entries
                .filter_map(Result::ok)
                // Files come and go while the server runs.
                .filter_map(|entry| Some((entry.metadata().ok()?, entry.path())))
                .map(|(metadata, path)| metadata.blocks() * 512 + if metadata.is_dir() { below(&path) } else { 0 })
                .sum()
        }
        below(&self.dir)
    }
}

/// Whether a socket in the directory has a path that the kernel, the server's pid file and connection strings take.
fn fits(dir: &Path) -> bool {
    dir.as_os_str().len() <= MAX_SOCKET_DIR && dir.to_str().is_some_and(|text| !text.contains(['\n', '\r']))
}

/// Makes a directory that only the account may enter, or verifies that it is one.
pub(super) fn private_dir(dir: &Path, account: &Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => hand_over(dir, account)?,
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(Error::io("create", dir, cause)),
    }
    let metadata = fs::symlink_metadata(dir).map_err(|cause| Error::io("look at", dir, cause))?;
    if metadata.is_dir() && metadata.uid() == account.uid && metadata.mode() & 0o077 == 0 {
        return Ok(());
    }
    let (dir, name) = (dir.display(), &account.name);
    Err(Error::new(
        Kind::NotPermitted,
        format!("{dir} is not a directory of user {name} alone"),
    )
    .with_hint(format!("remove it, or: chown {name} {dir} && chmod 700 {dir}")))
}

/// Gives a directory we just made to the account. Never follows a link: we may be root in somebody's directory.
pub(super) fn hand_over(path: &Path, account: &Account) -> Result<(), Error> {
    if !account.switches() {
        return Ok(());
    }
    lchown(path, Some(account.uid), Some(account.gid)).map_err(|cause| Error::io("change the owner of", path, cause))
}

/// Opens a file of ours for reading and appending, made if absent and then owned by the account.
///
/// Refuses links: root, too, opens files here, in a directory that may belong to a less trusted user.
fn open_plain(path: &Path, account: &Account) -> Result<File, Error> {
    let fail = |cause| Error::io("open", path, cause);
    match OpenOptions::new().read(true).append(true).create_new(true).open(path) {
        Ok(file) => {
            file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(fail)?;
            if account.switches() {
                fchown(&file, Some(account.uid), Some(account.gid)).map_err(fail)?;
            }
            return Ok(file);
        }
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(fail(cause)),
    }
    let found = fs::symlink_metadata(path).map_err(fail)?;
    if found.is_file() && found.nlink() == 1 {
        let file = OpenOptions::new().read(true).append(true).open(path).map_err(fail)?;
        let opened = file.metadata().map_err(fail)?;
        if (opened.dev(), opened.ino()) == (found.dev(), found.ino()) {
            return Ok(file);
        }
    }
    Err(Error::new(Kind::NotPermitted, format!("{} is not a plain file", path.display())).with_hint("remove it"))
}

/// Removes a file that may be absent.
pub(super) fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, cause)),
        _ => Ok(()),
    }
}

/// FNV-1a: a name must only be stable, and collisions are noticed.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
