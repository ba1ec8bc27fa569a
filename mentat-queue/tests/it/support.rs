//! What the tests share: a scratch spool and a look at what is on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use mentat_queue::{Claim, MessageName, Options, Queue};
use tempfile::TempDir;

pub(crate) struct Spool {
    dir: TempDir,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn queue(&self, name: &str) -> Queue {
        Queue::open(self.path().join(name), Options::default()).unwrap()
    }

    pub(crate) fn queue_with(&self, name: &str, set: impl FnOnce(&mut Options)) -> Queue {
        let mut options = Options::default();
        set(&mut options);
        Queue::open(self.path().join(name), options).unwrap()
    }
}

pub(crate) fn name(text: &str) -> MessageName {
    text.parse().unwrap()
}

/// Puts a file into `incoming` as another program would, so many seconds old.
pub(crate) fn deliver(queue: &Queue, name: &str, bytes: &[u8], age: u64) -> SystemTime {
    let time = SystemTime::now() - Duration::from_secs(age);
    let tmp = queue.dir().join("tmp").join(name);
    fs::write(&tmp, bytes).unwrap();
    fs::File::options()
        .write(true)
        .open(&tmp)
        .unwrap()
        .set_modified(time)
        .unwrap();
    fs::rename(&tmp, queue.dir().join("incoming").join(name)).unwrap();
    time
}

/// Names in a sub-directory, sorted, hidden ones included.
pub(crate) fn names(queue: &Queue, sub: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(queue.dir().join(sub)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn content(queue: &Queue, sub: &str, name: &str) -> String {
    fs::read_to_string(queue.dir().join(sub).join(name)).unwrap()
}

/// Claimed files, wherever below `pending`.
pub(crate) fn claimed(queue: &Queue) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(queue.dir().join("pending")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() && entry.file_name() != ".attempts" {
            found.extend(fs::read_dir(entry.path()).unwrap().map(|e| e.unwrap().path()));
        }
    }
    found.retain(|path| path.file_name().unwrap() != ".lock");
    found
}

pub(crate) fn claim_one(queue: &Queue) -> Claim {
    let mut claims = queue.claim(1).unwrap();
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

pub(crate) fn claim_names(queue: &Queue, max: usize) -> Vec<String> {
    queue.claim(max).unwrap().iter().map(|c| c.name().to_string()).collect()
}

/// Contents of all messages anywhere in these queues or directories, sorted. Sidecars and counts are none.
pub(crate) fn all_messages(dirs: &[&Path]) -> Vec<String> {
    let mut found = Vec::new();
    for dir in dirs {
        collect(dir, &mut found);
    }
    found.sort();
    found
}

fn collect(dir: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if name.starts_with('.') || name == "tmp" || name.ends_with(".meta") {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, found),
            // Moved on meanwhile.
            _ => found.extend(fs::read_to_string(&path)),
        }
    }
}

/// Whether the long suites are wanted.
pub(crate) fn is_long() -> bool {
    std::env::var_os("MENTAT_TEST_LONG").is_some()
}

/// Notes for the end of `make test` that a suite could not run.
pub(crate) fn not_run(suite: &str, why: &str) {
    use std::io::Write;
    if let Some(path) = std::env::var_os("MENTAT_NOT_RUN") {
        let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "{suite} of queues ({why})").unwrap();
    }
}
