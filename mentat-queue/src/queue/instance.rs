//! Who claims: one directory below `pending` for every open consumer, held by a lock.
//!
//! The directory may be removed by its owner or by a recovery. Both hold the lock on its `.lock` file while they do
//! so, and whoever gets a lock checks that the locked file is still the one linked in the directory. So of two
//! processes that race for a directory at most one believes to own it, and an owner without its lock does not exist.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::fs::site::Site;
use crate::fs::{Fs, Lock};

use super::Inner;

/// The lock file of an instance directory.
pub(crate) const LOCK: &str = ".lock";

/// Instances one process may open on one queue before something must be wrong.
const MAX_SUFFIX: u32 = 10_000;

/// The own directory below `pending`; dropping it removes the directory unless messages are left in it.
#[derive(Debug)]
pub(crate) struct Instance {
    fs: Arc<dyn Fs>,
    pub(crate) dir: PathBuf,
    /// Held until the directory is gone: fields are dropped after `drop` has run.
    lock: Box<dyn Lock>,
}

impl Instance {
    fn create(inner: &Inner) -> Result<Self, Error> {
        let mode = inner.options.directory_mode;
        // A recovery may see the directory before it is locked, and remove it between any two of the steps here.
        let tidied_away = |e: &io::Error| e.kind() == io::ErrorKind::NotFound && !inner.is_absent(&inner.pending);
        for suffix in 0..MAX_SUFFIX {
            let name = match suffix {
                0 => inner.owner().to_owned(),
                n => format!("{}-{n}", inner.owner()),
            };
            let dir = inner.pending.join(name);
            let fail = |e| Error::io("make claim directory", &dir, e);
            match inner.fs.make_directory(&dir, mode) {
                Ok(()) => {}
                // Another queue of this process, or what an earlier process of the same number left behind.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) if tidied_away(&e) => continue,
                Err(e) => return Err(fail(e)),
            }
            let lock = match own(inner.fs.as_ref(), &dir, Some(inner.options.file_mode)) {
                Ok(Some(lock)) => lock,
                Ok(None) => continue,
                Err(e) if tidied_away(&e) => continue,
                Err(e) => {
                    // Best effort: an empty directory without owner is removed by the next recovery anyway.
                    let _ = inner.fs.remove_directory(&dir);
                    return Err(fail(e));
                }
            };
            let instance = Self {
                fs: Arc::clone(&inner.fs),
                dir,
                lock,
            };
            // The directory must outlast a power cut before the first message is moved into it.
            inner.sync_directories(&[(Site::InstanceParent, &inner.pending)])?;
            return Ok(instance);
        }
        Err(Error::misuse(
            "make claim directory",
            &inner.pending,
            "all names are taken",
        ))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // If somebody has removed the directory, another instance may live under its name by now.
        let lock = self.dir.join(LOCK);
        let linked = self
            .fs
            .inspect(&lock)
            .is_ok_and(|there| self.lock.meta().is_ok_and(|own| own.same_file(&there)));
        let mut left = !linked;
        let listed = self.fs.list(&self.dir, &mut |name| {
            left |= name != OsStr::new(LOCK);
            ControlFlow::Continue(())
        });
        if listed.is_ok() && !left {
            // Best effort: whatever stays is recovered by the next consumer, once the lock is gone.
            let _ = self.fs.remove(&lock).and_then(|()| self.fs.remove_directory(&self.dir));
        }
    }
}

impl Inner {
    /// The own instance, made at first use.
    pub(crate) fn instance(&self) -> Result<Arc<Instance>, Error> {
        if let Some(instance) = &self.state().instance {
            return Ok(Arc::clone(instance));
        }
        let fresh = Arc::new(Instance::create(self)?);
        let mut state = self.state();
        let instance = Arc::clone(state.instance.get_or_insert_with(|| Arc::clone(&fresh)));
        drop(state);
        Ok(instance)
    }

    /// Gives up an instance whose directory was removed by somebody, so that the next use makes another one.
    pub(crate) fn forget_instance(&self, gone: &Arc<Instance>) {
        let mut state = self.state();
        if state.instance.as_ref().is_some_and(|i| Arc::ptr_eq(i, gone)) {
            state.instance = None;
        }
    }
}

/// Takes the ownership of an instance directory; `None` if it has an owner or is being removed.
pub(crate) fn own(fs: &dyn Fs, dir: &Path, create_mode: Option<u32>) -> io::Result<Option<Box<dyn Lock>>> {
    let path = dir.join(LOCK);
    let Some(lock) = fs.lock(&path, create_mode)? else {
        return Ok(None);
    };
    let linked = match fs.inspect(&path) {
        Ok(meta) => meta.same_file(&lock.meta()?),
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(e),
    };
    Ok(linked.then_some(lock))
}

/// `host.pid.starttime` of this process: start time in clock ticks since boot tells a recycled process id.
pub(crate) fn owner() -> String {
    format!("{}.{}.{}", host(), std::process::id(), start_time().unwrap_or(0))
}

/// The host's name, fit for a file name.
pub(crate) fn host() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    // The parts of a name are told apart by counting dots from its end, so dots may stay.
    let clean: String = name
        .chars()
        .map(|c| if c == '/' || c.is_control() { '_' } else { c })
        .take(64)
        .collect();
    match clean.trim_start_matches('.') {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// Field 22 of `/proc/self/stat`. The second field may contain blanks and parentheses, hence the search for the last.
fn start_time() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The parts of an instance directory's name: host and process id.
pub(crate) fn parse(name: &str) -> Option<(String, u32)> {
    let (rest, start) = name.rsplit_once('.')?;
    let (host, pid) = rest.rsplit_once('.')?;
    let (start, suffix) = start.split_once('-').unwrap_or((start, "0"));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if host.is_empty() || host.starts_with('.') || !number(start) || !number(suffix) {
        return None;
    }
    Some((host.to_owned(), pid.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_instances() {
        let check = |name: &str, expected: Option<(&str, u32)>| {
            assert_eq!(
                parse(name),
                expected.map(|(host, pid)| (host.to_owned(), pid)),
                "{name}"
            );
        };
        check("vm.12.3456", Some(("vm", 12)));
        check("a.b.example.12.3456-7", Some(("a.b.example", 12)));
        check("1795401689.314523.msg", None);
        check("12.3456", None);
        check(".12.3456", None);
        check("vm.12.", None);
        check("vm.x.3456", None);
        check("vm.12.3456-", None);
        check("messages", None);
        assert_eq!(parse(&owner()), Some((host(), std::process::id())));
        assert!(start_time().is_some_and(|ticks| ticks > 0));
    }
}
