//! A file system in memory that dies, fails or loses power at any chosen call.
//!
//! Names form a log. Syncing a directory makes the log durable up to the last entry that touches the directory, and
//! nothing after it: the least that file systems with ordered metadata promise. After a power cut any longer part of
//! the log may have survived too, while a file has only the contents it was last synced with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;

use super::{Contents, EntryKind, Fs, Lock, Meta, NewFile};

type Names = BTreeMap<PathBuf, u64>;

#[derive(Debug, Clone)]
enum Change {
    Add(PathBuf, u64),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    directory: bool,
    bytes: Vec<u8>,
    synced: Vec<u8>,
    modified: u64,
}

#[derive(Debug, Default)]
struct World {
    names: Names,
    inodes: BTreeMap<u64, Inode>,
    log: Vec<Change>,
    durable: usize,
    locked: Vec<u64>,
    boots: u32,
    calls: usize,
    dies_at: Option<usize>,
    fails_at: Option<(usize, Errno)>,
    ignores: Option<Ignored>,
}

/// A sync that lies: with it the crash tests have to find a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    Files,
    Directories,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated {
    world: Arc<Mutex<World>>,
}

impl Simulated {
    pub(crate) fn new() -> Self {
        let new = Self::default();
        {
            let mut world = new.world();
            world.inodes.insert(
                0,
                Inode {
                    directory: true,
                    ..Inode::default()
                },
            );
            world.change(Change::Add("/".into(), 0));
            world.durable = 1;
        }
        new
    }

    pub(crate) fn ignoring(ignored: Option<Ignored>) -> Self {
        let new = Self::new();
        new.world().ignores = ignored;
        new
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// From this many calls from now on nothing has an effect any more.
    pub(crate) fn die_after(&self, calls: usize) {
        let mut world = self.world();
        world.dies_at = Some(world.calls + calls);
    }

    /// The call after this many fails once.
    pub(crate) fn fail_after(&self, calls: usize, errno: Errno) {
        let mut world = self.world();
        world.fails_at = Some((world.calls + calls, errno));
    }

    pub(crate) fn is_dead(&self) -> bool {
        let world = self.world();
        world.dies_at.is_some_and(|at| world.calls > at)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.world().fails_at.is_none()
    }

    /// The process is dead and another one starts: everything is as it was, but nobody holds a lock.
    pub(crate) fn restart(&self) {
        let mut world = self.world();
        world.locked.clear();
        world.boots += 1;
        world.dies_at = None;
    }

    /// How many different states a power cut now could leave.
    pub(crate) fn outcomes(&self) -> usize {
        let world = self.world();
        world.log.len() - world.durable + 1
    }

    /// What a machine finds that lost its power now, with so many unsynced changes of names surviving by luck.
    pub(crate) fn after_power_cut(&self, lucky: usize) -> Self {
        let world = self.world();
        let log: Vec<Change> = world.log[..world.durable + lucky].to_vec();
        let mut after = World {
            inodes: world.inodes.clone(),
            boots: world.boots + 1,
            ..World::default()
        };
        for inode in after.inodes.values_mut() {
            inode.bytes = inode.synced.clone();
        }
        for change in log {
            after.change(change);
        }
        after.durable = after.log.len();
        Self {
            world: Arc::new(Mutex::new(after)),
        }
    }

    /// Names and contents of the files in a directory.
    pub(crate) fn files(&self, dir: &str) -> BTreeMap<String, String> {
        let world = self.world();
        let inside = world
            .names
            .iter()
            .filter(|(path, id)| path.parent() == Some(Path::new(dir)) && !world.inodes[id].directory);
        let text = |id: &u64| String::from_utf8(world.inodes[id].bytes.clone()).unwrap();
        inside
            .map(|(path, id)| (path.file_name().unwrap().to_str().unwrap().to_owned(), text(id)))
            .collect()
    }

    /// Contents of the files anywhere below a directory, hidden ones and what is in hidden directories left out.
    pub(crate) fn below(&self, dir: &str) -> Vec<String> {
        let world = self.world();
        let shown = |path: &&PathBuf| {
            let rest = path.strip_prefix(dir);
            rest.is_ok_and(|rest| rest.iter().all(|part| !super::is_hidden(part)))
        };
        let inodes = world
            .names
            .iter()
            .filter(|(path, _)| shown(path))
            .map(|(_, id)| &world.inodes[id]);
        inodes
            .filter(|inode| !inode.directory)
            .map(|inode| String::from_utf8(inode.bytes.clone()).unwrap())
            .collect()
    }

    /// Every call passes here.
    fn call(&self) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        let now = world.calls;
        world.calls += 1;
        if world.dies_at.is_some_and(|at| now >= at) {
            return Err(Errno::IO.into());
        }
        if let Some((at, errno)) = world.fails_at
            && now >= at
        {
            world.fails_at = None;
            return Err(errno.into());
        }
        Ok(world)
    }
}

impl World {
    fn change(&mut self, change: Change) {
        match &change {
            Change::Add(path, id) => {
                self.names.insert(path.clone(), *id);
            }
            Change::Remove(path) => {
                self.names.remove(path);
            }
            Change::Rename(from, to) => {
                let id = self.names.remove(from).unwrap();
                self.names.insert(to.clone(), id);
            }
        }
        self.log.push(change);
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| Errno::NOENT.into())
    }

    fn add(&mut self, path: &Path, inode: Inode) -> io::Result<u64> {
        self.find(path.parent().unwrap())?;
        if self.names.contains_key(path) {
            return Err(Errno::EXIST.into());
        }
        let id = self.inodes.len() as u64;
        self.inodes.insert(id, inode);
        self.change(Change::Add(path.into(), id));
        Ok(id)
    }

    fn meta(&self, id: u64) -> Meta {
        let inode = &self.inodes[&id];
        let kind = if inode.directory {
            EntryKind::Directory
        } else {
            EntryKind::File
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(inode.modified);
        // Changed just now: nothing here is old enough to be an orphan.
        Meta {
            kind,
            size: inode.bytes.len() as u64,
            modified: time,
            changed: SystemTime::now(),
            device: 1,
            inode: id,
            mode: if inode.directory { 0o775 } else { 0o664 },
            user: 0,
            group: 0,
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.find(from)?;
        self.find(to.parent().unwrap())?;
        self.change(Change::Rename(from.into(), to.into()));
        Ok(())
    }
}

impl Fs for Simulated {
    fn make_directory(&self, path: &Path, _mode: u32) -> io::Result<()> {
        self.call()?
            .add(
                path,
                Inode {
                    directory: true,
                    ..Inode::default()
                },
            )
            .map(drop)
    }

    fn list(&self, path: &Path, see: &mut dyn FnMut(&OsStr) -> ControlFlow<()>) -> io::Result<()> {
        let world = self.call()?;
        world.find(path)?;
        let inside: Vec<PathBuf> = world
            .names
            .keys()
            .filter(|p| p.parent() == Some(path))
            .cloned()
            .collect();
        drop(world);
        for entry in inside {
            if see(entry.file_name().unwrap()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn inspect(&self, path: &Path) -> io::Result<Meta> {
        let world = self.call()?;
        Ok(world.meta(world.find(path)?))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        let world = self.call()?;
        let id = world.find(path)?;
        let meta = world.meta(id);
        if meta.size > limit {
            return Ok(Contents::TooLarge(meta));
        }
        Ok(Contents::Bytes(world.inodes[&id].bytes.clone(), meta))
    }

    fn create(&self, path: &Path, _mode: u32) -> io::Result<Box<dyn NewFile>> {
        let id = self.call()?.add(path, Inode::default())?;
        Ok(Box::new(SimulatedFile { fs: self.clone(), id }))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.call()?;
        if world.names.contains_key(to) {
            return Err(Errno::EXIST.into());
        }
        world.rename(from, to)
    }

    fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call()?.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call()?;
        world.find(path)?;
        world.change(Change::Remove(path.into()));
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call()?;
        world.find(path)?;
        if world.names.keys().any(|p| p.parent() == Some(path)) {
            return Err(Errno::NOTEMPTY.into());
        }
        world.change(Change::Remove(path.into()));
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call()?;
        world.find(path)?;
        let in_it = |p: &PathBuf| p.parent() == Some(path);
        let touches = |change: &Change| match change {
            Change::Add(p, _) | Change::Remove(p) => in_it(p),
            Change::Rename(from, to) => in_it(from) || in_it(to),
        };
        let last = world.log.iter().rposition(touches).map_or(0, |at| at + 1);
        if world.ignores != Some(Ignored::Directories) {
            world.durable = world.durable.max(last);
        }
        Ok(())
    }

    fn lock(&self, path: &Path, create_mode: Option<u32>) -> io::Result<Option<Box<dyn Lock>>> {
        let mut world = self.call()?;
        let id = match world.find(path) {
            Err(_) if create_mode.is_some() => world.add(path, Inode::default())?,
            found => found?,
        };
        if world.locked.contains(&id) {
            return Ok(None);
        }
        world.locked.push(id);
        let boot = world.boots;
        drop(world);
        Ok(Some(Box::new(SimulatedLock {
            fs: self.clone(),
            id,
            boot,
        })))
    }
}

struct SimulatedFile {
    fs: Simulated,
    id: u64,
}

impl NewFile for SimulatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut world = self.fs.call()?;
        // Always a short write: whoever relies on one call writing everything is found out.
        let part = &bytes[..bytes.len().min(4)];
        world.inodes.get_mut(&self.id).unwrap().bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn set_modified(&mut self, time: SystemTime) -> io::Result<()> {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        self.fs.call()?.inodes.get_mut(&self.id).unwrap().modified = seconds;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut world = self.fs.call()?;
        if world.ignores != Some(Ignored::Files) {
            let inode = world.inodes.get_mut(&self.id).unwrap();
            inode.synced = inode.bytes.clone();
        }
        Ok(())
    }

    fn meta(&self) -> io::Result<Meta> {
        Ok(self.fs.call()?.meta(self.id))
    }
}

#[derive(Debug)]
struct SimulatedLock {
    fs: Simulated,
    id: u64,
    boot: u32,
}

impl Lock for SimulatedLock {
    fn meta(&self) -> io::Result<Meta> {
        Ok(self.fs.call()?.meta(self.id))
    }
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut world = self.fs.world();
        if world.boots == self.boot {
            world.locked.retain(|id| *id != self.id);
        }
    }
}
