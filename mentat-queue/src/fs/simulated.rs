//! A file system in memory that dies, fails or loses power at any chosen call.
//!
//! Processes see every change at once. What a power cut leaves of the changes that were not synced is any selection
//! that keeps to these rules, which every file system the crate is for keeps too:
//!
//! - A change of a name survives only together with the earlier changes of the same name, and the removal of a
//!   directory only with those of the names in it. Otherwise changes survive independently of each other and of
//!   their order.
//! - A rename survives as a whole. With [`Renames::Split`], which is more than we ask of a file system, the new name
//!   may be there without the old one being gone. The other way around only by syncing the old one's directory, and
//!   only after [`Simulated::written_back`]: claims are not synced, and a file system like that would lose them.
//! - Syncing a directory saves the changes of the names in it, and what they need by the first rule. It does not save
//!   the directory's own name: everything below a directory whose name is lost is lost.
//! - A file has the contents it was last synced with, all that was written since, or half of that.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;

use super::site::Site;
use super::{Contents, EntryKind, Fs, Lock, Meta, NewFile};

use unsynced::{Change, Names, Unsynced};

mod unsynced;

/// All selections are looked at up to this many changes of names, and this many random ones beyond.
const MAX_CHANGES: usize = 12;
const SAMPLES: u64 = 1 << MAX_CHANGES;

#[derive(Debug, Clone, Default)]
struct Inode {
    directory: bool,
    device: u64,
    bytes: Vec<u8>,
    synced: Vec<u8>,
    modified: u64,
}

/// What a rename across directories is to a power cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Renames {
    #[default]
    Whole,
    Split,
}

/// Who dies at a chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// The process that makes the call.
    Process,
    Machine,
}

#[derive(Debug, Default)]
struct World {
    names: Names,
    inodes: BTreeMap<u64, Inode>,
    durable: Names,
    unsynced: Unsynced,
    renames: Renames,
    /// Whether syncing a directory saves no more of a split rename than what is in it.
    torn: bool,
    /// Locked inodes and the processes that hold the locks.
    locked: BTreeMap<u64, (u32, u32)>,
    boots: u32,
    calls: usize,
    effects: usize,
    dies_at: Option<(usize, Death)>,
    dead: BTreeSet<u32>,
    fails_at: Option<(usize, Errno)>,
    interrupted_at: Option<(usize, Interruption)>,
    ignores: Option<Site>,
}

/// What other processes do in the middle of an operation.
struct Interruption(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interruption")
    }
}

/// The file system as one process sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated {
    world: Arc<Mutex<World>>,
    process: u32,
}

impl Simulated {
    pub(crate) fn new(renames: Renames) -> Self {
        let mut world = World {
            renames,
            ..World::default()
        };
        let root = Inode {
            directory: true,
            ..Inode::default()
        };
        world.inodes.insert(0, root);
        world.names.insert("/".into(), 0);
        world.durable = world.names.clone();
        Self::of(world)
    }

    fn of(world: World) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            process: 0,
        }
    }

    /// The same file system, for a process of this number.
    pub(crate) fn process(&self, process: u32) -> Self {
        Self {
            world: Arc::clone(&self.world),
            process,
        }
    }

    /// From now on this sync lies: the crash tests have to notice.
    pub(crate) fn ignore(&self, site: Option<Site>) {
        self.world().ignores = site;
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The call after this many, and all later ones of who dies, have no effect any more.
    pub(crate) fn die_after(&self, calls: usize, who: Death) {
        let mut world = self.world();
        world.dies_at = Some((world.calls + calls, who));
    }

    /// The call after this many fails once.
    pub(crate) fn fail_after(&self, calls: usize, errno: Errno) {
        let mut world = self.world();
        world.fails_at = Some((world.calls + calls, errno));
    }

    /// Before the call after this many, something else happens.
    pub(crate) fn interrupt_after(&self, calls: usize, doing: impl FnOnce() + Send + 'static) {
        let mut world = self.world();
        world.interrupted_at = Some((world.calls + calls, Interruption(Box::new(doing))));
    }

    /// Takes back an interruption that has not happened; false if it has.
    pub(crate) fn forget_interruption(&self) -> bool {
        let left = self.world().interrupted_at.take();
        // Dropped without the lock: it may hold claims, which are released by that.
        left.is_some()
    }

    /// Ends this process, whose locks are free from now on.
    pub(crate) fn kill(&self) {
        self.world().kill(self.process);
    }

    /// Whether this process has died.
    pub(crate) fn is_dead(&self) -> bool {
        let world = self.world();
        world.dead.contains(&self.process) || world.machine_is_dead()
    }

    /// Whether somebody has died at the chosen call.
    pub(crate) fn has_died(&self) -> bool {
        let world = self.world();
        world.dies_at.is_some_and(|(at, _)| world.calls > at)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.world().fails_at.is_none()
    }

    /// How many calls had an effect so far, on the names or contents or on what of them is durable.
    pub(crate) fn effects(&self) -> usize {
        self.world().effects
    }

    /// Everything as it is, but nobody alive who holds a lock.
    pub(crate) fn restarted(&self) -> Self {
        let world = self.world();
        Self::of(world.booted(world.names.clone(), world.inodes.clone()))
    }

    /// What a machine may find that loses its power now. Each state once.
    pub(crate) fn power_cuts(&self) -> Vec<Self> {
        let world = self.world();
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        let unsynced = world.unsynced_files();
        let kinds: u64 = 3_u64.pow(u32::try_from(unsynced.len().min(4)).unwrap());
        let mut see = |chosen: u128, mut contents: u64| {
            let names = world.unsynced.select(&world.durable, chosen);
            let mut files = BTreeMap::new();
            for id in &unsynced {
                files.insert(*id, world.left_of(*id, contents % 3));
                contents /= 3;
            }
            let mut hasher = DefaultHasher::new();
            for (path, id) in &names {
                (path, id, files.get(id)).hash(&mut hasher);
            }
            if seen.insert(hasher.finish()) {
                let mut inodes = world.inodes.clone();
                for (id, inode) in &mut inodes {
                    inode.bytes = files.remove(id).unwrap_or_else(|| inode.synced.clone());
                    inode.synced = inode.bytes.clone();
                }
                found.push(Self::of(world.booted(names, inodes)));
            }
        };
        let changes = world.unsynced.len();
        if changes <= MAX_CHANGES {
            for chosen in (0..1_u128 << changes).filter(|chosen| world.unsynced.is_legal(*chosen)) {
                (0..kinds).for_each(|contents| see(chosen, contents));
            }
        } else {
            let mut random = 0x9e37_79b9_7f4a_7c15_u64;
            let mut next = || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random
            };
            let all = (1_u128 << changes) - 1;
            see(0, 0);
            see(all, kinds - 1);
            for _ in 0..SAMPLES / 2 {
                let chosen = (u128::from(next()) << 64 | u128::from(next())) & all;
                see(world.unsynced.completed(chosen), next());
                see(world.unsynced.reduced(chosen), next());
            }
        }
        found
    }

    /// What a power cut leaves if nothing survives by luck.
    pub(crate) fn durable(&self) -> Self {
        let world = self.world();
        let mut inodes = world.inodes.clone();
        for inode in inodes.values_mut() {
            inode.bytes.clone_from(&inode.synced);
        }
        Self::of(world.booted(world.unsynced.select(&world.durable, 0), inodes))
    }

    /// The kernel has written everything back. What it does from now on is told apart more strictly, see above.
    pub(crate) fn written_back(&self) {
        self.settle();
        let mut world = self.world();
        world.torn = world.renames == Renames::Split;
    }

    /// Whether a power cut now is told apart more strictly.
    pub(crate) fn is_strict(&self) -> bool {
        let world = self.world();
        world.renames == Renames::Whole || world.torn
    }

    fn settle(&self) {
        let mut world = self.world();
        world.unsynced = Unsynced::default();
        world.durable = world.names.clone();
        for inode in world.inodes.values_mut() {
            inode.synced.clone_from(&inode.bytes);
        }
        world.effects += 1;
    }

    /// Moves all files of a directory to another one, made where it is missing, as if long ago.
    pub(crate) fn move_aside(&self, from: &str, to: &str) {
        let mut world = self.world();
        if world.find(Path::new(from)).is_err() {
            return;
        }
        let missing: Vec<&Path> = Path::new(to)
            .ancestors()
            .filter(|dir| world.find(dir).is_err())
            .collect();
        for dir in missing.into_iter().rev() {
            world.add(dir, true).unwrap();
        }
        let files: Vec<PathBuf> = world.names.keys().cloned().collect();
        for path in files.iter().filter(|path| path.parent() == Some(Path::new(from))) {
            world
                .rename(path, &Path::new(to).join(path.file_name().unwrap()))
                .unwrap();
        }
        drop(world);
        self.settle();
    }

    /// Puts a file there, as if long ago.
    pub(crate) fn put(&self, path: &str, text: &str) {
        let mut world = self.world();
        let Ok(id) = world.add(Path::new(path), false) else {
            return;
        };
        world.inodes.get_mut(&id).unwrap().bytes = text.into();
        drop(world);
        self.settle();
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

    /// The files anywhere below a directory, hidden ones and what is in hidden directories left out.
    pub(crate) fn below(&self, dir: &str) -> Vec<(PathBuf, String)> {
        let world = self.world();
        let shown = |path: &&PathBuf| {
            let rest = path.strip_prefix(dir);
            rest.is_ok_and(|rest| rest.iter().all(|part| !super::is_hidden(part)))
        };
        let named = world.names.iter().filter(|(path, _)| shown(path));
        named
            .map(|(path, id)| (path.clone(), &world.inodes[id]))
            .filter(|(_, inode)| !inode.directory)
            .map(|(path, inode)| (path, String::from_utf8(inode.bytes.clone()).unwrap()))
            .collect()
    }

    /// All files, for a message.
    pub(crate) fn show(&self) -> String {
        format!("{:?}", self.below("/"))
    }

    pub(crate) fn renames(&self) -> Renames {
        self.world().renames
    }

    /// Every call passes here.
    fn call(&self) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        let now = world.calls;
        if let Some((_, interruption)) = world.interrupted_at.take_if(|(at, _)| now >= *at) {
            drop(world);
            (interruption.0)();
            world = self.world();
        }
        let now = world.calls;
        world.calls += 1;
        if world
            .dies_at
            .is_some_and(|(at, who)| now == at && who == Death::Process)
        {
            world.kill(self.process);
        }
        if world.dead.contains(&self.process) || world.machine_is_dead() {
            return Err(Errno::IO.into());
        }
        if let Some((_, errno)) = world.fails_at.take_if(|(at, _)| now >= *at) {
            return Err(errno.into());
        }
        Ok(world)
    }
}

impl World {
    fn booted(&self, names: Names, inodes: BTreeMap<u64, Inode>) -> Self {
        Self {
            durable: names.clone(),
            names,
            inodes,
            renames: self.renames,
            boots: self.boots + 1,
            ..Self::default()
        }
    }

    fn kill(&mut self, process: u32) {
        self.dead.insert(process);
        self.locked.retain(|_, (_, holder)| *holder != process);
    }

    fn machine_is_dead(&self) -> bool {
        self.dies_at
            .is_some_and(|(at, who)| who == Death::Machine && self.calls > at)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.unsynced.add(change);
        self.effects += 1;
    }

    /// Files that have a name, or had one, and contents that are not synced.
    fn unsynced_files(&self) -> Vec<u64> {
        let named: BTreeSet<u64> = self.durable.values().copied().chain(self.unsynced.inodes()).collect();
        let unsynced = |id: &u64| self.inodes[id].bytes != self.inodes[id].synced;
        named.into_iter().filter(unsynced).collect()
    }

    fn left_of(&self, id: u64, kind: u64) -> Vec<u8> {
        let Inode { bytes, synced, .. } = &self.inodes[&id];
        match kind {
            0 => synced.clone(),
            1 => bytes[..synced.len() + (bytes.len() - synced.len()) / 2].to_vec(),
            _ => bytes.clone(),
        }
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| Errno::NOENT.into())
    }

    fn add(&mut self, path: &Path, directory: bool) -> io::Result<u64> {
        self.find(path.parent().unwrap())?;
        if self.names.contains_key(path) {
            return Err(Errno::EXIST.into());
        }
        let id = self.inodes.len() as u64;
        let inode = Inode {
            directory,
            device: device(path),
            ..Inode::default()
        };
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
            device: inode.device,
            inode: id,
            mode: if inode.directory { 0o775 } else { 0o664 },
            user: 0,
            group: 0,
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let id = self.find(from)?;
        self.find(to.parent().unwrap())?;
        if device(from) != device(to) {
            return Err(Errno::XDEV.into());
        }
        match self.renames {
            Renames::Whole => self.change(Change::Rename(from.into(), to.into(), id)),
            Renames::Split => {
                self.change(Change::Add(to.into(), id));
                self.change(Change::Remove(from.into(), Some(to.into())));
            }
        }
        Ok(())
    }
}

/// What is below `/far` is on a device of its own.
fn device(path: &Path) -> u64 {
    if path.starts_with("/far") { 2 } else { 1 }
}

impl Fs for Simulated {
    fn make_directory(&self, path: &Path, _mode: u32) -> io::Result<()> {
        self.call()?.add(path, true).map(drop)
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
        let id = self.call()?.add(path, false)?;
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
        world.change(Change::Remove(path.into(), None));
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        let mut world = self.call()?;
        world.find(path)?;
        if world.names.keys().any(|p| p.parent() == Some(path)) {
            return Err(Errno::NOTEMPTY.into());
        }
        world.change(Change::Remove(path.into(), None));
        Ok(())
    }

    fn sync_directory(&self, path: &Path, site: Site) -> io::Result<()> {
        let mut guard = self.call()?;
        guard.find(path)?;
        if guard.ignores != Some(site) {
            let world = &mut *guard;
            world.unsynced.sync(path, &mut world.durable, world.torn);
            world.effects += 1;
        }
        Ok(())
    }

    fn lock(&self, path: &Path, create_mode: Option<u32>) -> io::Result<Option<Box<dyn Lock>>> {
        let mut world = self.call()?;
        let id = match world.find(path) {
            Err(_) if create_mode.is_some() => world.add(path, false)?,
            found => found?,
        };
        if world.locked.contains_key(&id) {
            return Ok(None);
        }
        let holder = (world.boots, self.process);
        world.locked.insert(id, holder);
        drop(world);
        let fs = self.clone();
        Ok(Some(Box::new(SimulatedLock { fs, id, holder })))
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
        world.effects += 1;
        Ok(part.len())
    }

    fn set_modified(&mut self, time: SystemTime) -> io::Result<()> {
        let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        self.fs.call()?.inodes.get_mut(&self.id).unwrap().modified = seconds;
        Ok(())
    }

    fn sync(&mut self, site: Site) -> io::Result<()> {
        let mut world = self.fs.call()?;
        if world.ignores != Some(site) {
            let inode = world.inodes.get_mut(&self.id).unwrap();
            inode.synced.clone_from(&inode.bytes);
            world.effects += 1;
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
    /// The boot and the process.
    holder: (u32, u32),
}

impl Lock for SimulatedLock {
    fn meta(&self) -> io::Result<Meta> {
        Ok(self.fs.call()?.meta(self.id))
    }
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        let mut world = self.fs.world();
        if world.locked.get(&self.id) == Some(&self.holder) {
            world.locked.remove(&self.id);
        }
    }
}
