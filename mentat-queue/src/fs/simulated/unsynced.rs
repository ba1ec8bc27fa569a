//! Changes of names that are not durable yet, and what may become of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Paths and the inodes they lead to.
pub(super) type Names = BTreeMap<PathBuf, u64>;

#[derive(Debug, Clone)]
pub(super) enum Change {
    Add(PathBuf, u64),
    /// With the name that must be there before, where this is the second half of a rename.
    Remove(PathBuf, Option<PathBuf>),
    Rename(PathBuf, PathBuf, u64),
}

impl Change {
    pub(super) fn apply(&self, names: &mut Names) {
        match self {
            Self::Add(path, id) => {
                names.insert(path.clone(), *id);
            }
            Self::Remove(path, _) => {
                names.remove(path);
            }
            Self::Rename(from, to, id) => {
                names.remove(from);
                names.insert(to.clone(), *id);
            }
        }
    }

    /// The names it changes.
    fn paths(&self) -> [&Path; 2] {
        match self {
            Self::Add(path, _) | Self::Remove(path, _) => [path, path],
            Self::Rename(from, to, _) => [from, to],
        }
    }

    /// Whether it changes a name that an earlier change has made what it is, or removes the directory around it.
    fn follows(&self, earlier: &Self) -> bool {
        let inside = |dir: &Path, other: &Path| other.parent() == Some(dir) && matches!(self, Self::Remove(..));
        let related = |path: &&Path| earlier.paths().iter().any(|other| path == other || inside(path, other));
        self.paths().iter().any(related)
    }

    /// Whether it is the second half of a rename, and the earlier change the first.
    fn completes(&self, earlier: &Self) -> bool {
        matches!(self, Self::Remove(_, Some(before)) if earlier.paths().contains(&before.as_path()))
    }
}

/// A set of changes: one bit for each place in the log.
type Set = u128;

#[derive(Debug, Clone)]
struct Entry {
    change: Change,
    /// Changes of the same name before this one, which it takes along whenever it is synced.
    follows: Set,
    /// Those, and what else it never survives without.
    needs: Set,
}

/// A log of changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsynced {
    log: Vec<Entry>,
}

impl Unsynced {
    pub(super) fn len(&self) -> usize {
        self.log.len()
    }

    pub(super) fn add(&mut self, change: Change) {
        assert!(self.log.len() < 127, "too much unsynced for one set");
        let (mut follows, mut needs) = (0, 0);
        for (place, earlier) in self.log.iter().enumerate() {
            if change.follows(&earlier.change) {
                follows |= 1 << place | earlier.follows;
            }
            if change.follows(&earlier.change) || change.completes(&earlier.change) {
                needs |= 1 << place | earlier.needs;
            }
        }
        self.log.push(Entry { change, follows, needs });
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.log.iter().filter_map(|entry| match &entry.change {
            Change::Add(_, id) | Change::Rename(_, _, id) => Some(*id),
            Change::Remove(..) => None,
        })
    }

    fn chosen(&self, set: Set) -> impl Iterator<Item = &Entry> {
        let places = self.log.iter().enumerate();
        places
            .filter(move |(place, _)| set >> place & 1 == 1)
            .map(|(_, entry)| entry)
    }

    /// Whether nothing in the set lacks what it needs.
    pub(super) fn is_legal(&self, set: Set) -> bool {
        self.chosen(set).all(|entry| entry.needs & !set == 0)
    }

    /// The set with all that it needs.
    pub(super) fn completed(&self, set: Set) -> Set {
        self.chosen(set).fold(set, |all, entry| all | entry.needs)
    }

    /// The set without what lacks something.
    pub(super) fn reduced(&self, set: Set) -> Set {
        let places = self.log.iter().enumerate();
        let whole = places.filter(|(_, entry)| entry.needs & !set == 0);
        set & whole.fold(0, |all, (place, _)| all | 1 << place)
    }

    /// The names after these changes, without those whose directories are not there.
    pub(super) fn select(&self, durable: &Names, set: Set) -> Names {
        let mut names = durable.clone();
        for entry in self.chosen(set) {
            entry.change.apply(&mut names);
        }
        let mut left = Names::new();
        for (path, id) in names {
            // Paths are sorted: a directory comes before what is in it.
            if path.parent().is_none_or(|parent| left.contains_key(parent)) {
                left.insert(path, id);
            }
        }
        left
    }

    /// Makes the names in a directory durable; with `torn` not even the first half of a rename along with the second.
    pub(super) fn sync(&mut self, dir: &Path, durable: &mut Names, torn: bool) {
        let mut set = 0;
        for (place, entry) in self.log.iter().enumerate() {
            if entry.change.paths().iter().any(|path| path.parent() == Some(dir)) {
                set |= 1 << place | if torn { entry.follows } else { entry.needs };
            }
        }
        for entry in self.chosen(set) {
            entry.change.apply(durable);
        }
        let log = std::mem::take(&mut self.log);
        for (place, entry) in log.into_iter().enumerate() {
            if set >> place & 1 == 0 {
                self.add(entry.change);
            }
        }
    }
}
