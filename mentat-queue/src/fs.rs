//! Every access to the file system goes through this one trait.
//!
//! The queue's promises are about the order of these calls, so there are two implementations: [`Disk`], and in tests
//! one that forgets what was not synced and dies after any chosen call.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, FlockOperation, Gid, Mode, OFlags, RenameFlags, Stat, Uid};
use rustix::io::Errno;

use site::Site;

pub(crate) mod site;

#[cfg(test)]
pub(crate) mod simulated;

/// The operations a queue needs, each one system call or a few that belong together.
pub(crate) trait Fs: fmt::Debug + Send + Sync {
    /// Makes a directory with exactly this mode, whatever the umask. `AlreadyExists` if there is one. Made by root it
    /// belongs to whom the directory around it belongs to: an operator must not lock the daemons out.
    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Shows every entry's name, in no order, until told to stop.
    fn list(&self, path: &Path, see: &mut dyn FnMut(&OsStr) -> ControlFlow<()>) -> io::Result<()>;
    /// What is at `path`, without following a symbolic link.
    fn inspect(&self, path: &Path) -> io::Result<Meta>;
    /// Reads a regular file of at most `limit` bytes; never follows a link, never blocks on a fifo.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents>;
    /// Creates a file that must not exist yet, with exactly this mode.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn NewFile>>;
    /// Renames and never replaces: `AlreadyExists` if `to` is there.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Renames and replaces `to` atomically.
    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path, site: Site) -> io::Result<()>;
    /// Opens or creates a file and locks it exclusively; `None` if somebody else holds the lock.
    fn lock(&self, path: &Path, create_mode: Option<u32>) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A file being written.
pub(crate) trait NewFile: Send {
    /// Writes some of the bytes and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Sets the modification time.
    fn set_modified(&mut self, time: SystemTime) -> io::Result<()>;
    /// Makes the contents durable.
    fn sync(&mut self, site: Site) -> io::Result<()>;
    /// Device, inode, times.
    fn meta(&self) -> io::Result<Meta>;
}

/// A held lock; dropping it, or the end of the process, gives it up.
pub(crate) trait Lock: fmt::Debug + Send + Sync {
    /// The locked file, which may have been unlinked since.
    fn meta(&self) -> io::Result<Meta>;
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Directory,
    Symlink,
    Other,
}

impl EntryKind {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Other => "a device, fifo or socket",
        }
    }
}

/// The part of an inode's status that queues look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) kind: EntryKind,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) changed: SystemTime,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// Permission bits.
    pub(crate) mode: u32,
    pub(crate) user: u32,
    pub(crate) group: u32,
}

impl Meta {
    pub(crate) fn same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// The result of reading a message's file.
#[derive(Debug)]
pub(crate) enum Contents {
    Bytes(Vec<u8>, Meta),
    TooLarge(Meta),
    NotRegular(EntryKind),
}

/// The real file system.
#[derive(Debug)]
pub(crate) struct Disk;

impl Fs for Disk {
    fn make_directory(&self, path: &Path, mode: u32) -> io::Result<()> {
        rustix::fs::mkdir(path, Mode::from_raw_mode(mode))?;
        if rustix::process::geteuid().is_root() {
            let around = rustix::fs::stat(path.parent().unwrap_or(path))?;
            let (user, group) = (Uid::from_raw(around.st_uid), Gid::from_raw(around.st_gid));
            if !user.is_root() {
                rustix::fs::chown(path, Some(user), Some(group))?;
            }
        }
        Ok(rustix::fs::chmod(path, Mode::from_raw_mode(mode))?)
    }

    fn list(&self, path: &Path, see: &mut dyn FnMut(&OsStr) -> ControlFlow<()>) -> io::Result<()> {
        for entry in std::fs::read_dir(path)? {
            let name: OsString = entry?.file_name();
            if see(&name).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn inspect(&self, path: &Path) -> io::Result<Meta> {
        Ok(meta(&rustix::fs::lstat(path)?))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::LOOP) => return Ok(Contents::NotRegular(EntryKind::Symlink)),
            // What a socket answers to open(2).
            Err(Errno::NXIO) => return Ok(Contents::NotRegular(EntryKind::Other)),
            Err(errno) => return Err(errno.into()),
        };
        let meta = meta(&rustix::fs::fstat(&file)?);
        if meta.kind != EntryKind::File {
            return Ok(Contents::NotRegular(meta.kind));
        }
        if meta.size > limit {
            return Ok(Contents::TooLarge(meta));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.size).unwrap_or(0) + 1);
        // One byte more than allowed tells a file that grew from one that just fits.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Ok(Contents::TooLarge(meta));
        }
        Ok(Contents::Bytes(bytes, meta))
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<Box<dyn NewFile>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(mode))?;
        if let Err(errno) = rustix::fs::fchmod(&fd, Mode::from_raw_mode(mode)) {
            rustix::fs::unlink(path)?;
            return Err(errno.into());
        }
        Ok(Box::new(DiskFile(fd.into())))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system without this flag (NFS for one): a hard link never replaces either. A stop between the
            // two calls leaves both names, which is a duplicate and not a loss.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                rustix::fs::link(from, to)?;
                Ok(rustix::fs::unlink(from)?)
            }
            result => Ok(result?),
        }
    }

    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::rename(from, to)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlink(path)?)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::rmdir(path)?)
    }

    fn sync_directory(&self, path: &Path, _site: Site) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(rustix::fs::fsync(&fd)?)
    }

    fn lock(&self, path: &Path, create_mode: Option<u32>) -> io::Result<Option<Box<dyn Lock>>> {
        let create = if create_mode.is_some() {
            OFlags::CREATE
        } else {
            OFlags::empty()
        };
        // Reading is enough for a lock, and possible where another user of the group has made the file.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | create;
        let fd = rustix::fs::open(path, flags, Mode::from_raw_mode(create_mode.unwrap_or(0)))?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Box::new(DiskLock(fd.into())))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

struct DiskFile(File);

impl NewFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn set_modified(&mut self, time: SystemTime) -> io::Result<()> {
        self.0.set_modified(time)
    }

    fn sync(&mut self, _site: Site) -> io::Result<()> {
        self.0.sync_all()
    }

    fn meta(&self) -> io::Result<Meta> {
        Ok(meta(&rustix::fs::fstat(&self.0)?))
    }
}

#[derive(Debug)]
struct DiskLock(File);

impl Lock for DiskLock {
    fn meta(&self) -> io::Result<Meta> {
        Ok(meta(&rustix::fs::fstat(&self.0)?))
    }
}

fn meta(stat: &Stat) -> Meta {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        _ => EntryKind::Other,
    };
    Meta {
        kind,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: time(stat.st_mtime as _, stat.st_mtime_nsec as _),
        changed: time(stat.st_ctime as _, stat.st_ctime_nsec as _),
        device: stat.st_dev as _,
        inode: stat.st_ino as _,
        mode: stat.st_mode & 0o7777,
        user: stat.st_uid,
        group: stat.st_gid,
    }
}

fn time(seconds: i64, nanoseconds: u64) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let base = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    let time = base.and_then(|b| b.checked_add(Duration::from_nanos(nanoseconds)));
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Whether a name is hidden, i.e. none of a queue's messages.
pub(crate) fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}
