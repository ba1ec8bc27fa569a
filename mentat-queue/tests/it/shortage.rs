//! A disk that is full, at every step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mentat_queue::{Error, Options, Queue, Reason};

use crate::support::{all_messages, not_run};

/// A small file system in memory, for as long as this lives.
struct Tiny {
    dir: tempfile::TempDir,
}

impl Tiny {
    fn mount() -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=256k,nr_inodes=64", "tmpfs"])
            .arg(dir.path());
        match mount.output() {
            Ok(done) if done.status.success() => Ok(Self { dir }),
            Ok(done) => Err(String::from_utf8_lossy(&done.stderr).trim().replace('\n', " ")),
            Err(error) => Err(format!("mount: {error}")),
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// Leaves only so many free files, or blocks of 4 KiB; the result is what fills the rest.
fn fill(dir: &Path, free: usize, blocks: bool) -> Vec<PathBuf> {
    let mut fillers = Vec::new();
    for number in 0.. {
        let path = dir.join(format!("filler{number}"));
        let bytes: &[u8] = if blocks { &[0; 4096] } else { &[] };
        let written = fs::write(&path, bytes);
        fillers.push(path);
        if written.is_err() {
            break;
        }
    }
    // The last one may be there or not.
    let rest = fillers.split_off(fillers.len() - 1 - free.min(fillers.len() - 1));
    for path in rest {
        let _ = fs::remove_file(path);
    }
    fillers
}

fn work(queue: &Queue, next: &Queue, way: &str) -> Result<(), Error> {
    for claim in queue.claim(1)? {
        match way {
            "forward" => claim.forward(next)?,
            "change" => claim.forward_changed(next, &b"changed"[..])?,
            "reject" => claim.reject(Reason::new("x", "y"))?,
            "acknowledge" => claim.acknowledge()?,
            _ => claim.defer(std::time::Duration::from_secs(3600))?,
        }
    }
    Ok(())
}

#[test]
fn a_full_disk_loses_nothing() {
    if let Err(why) = Tiny::mount() {
        return not_run("full disk", &format!("no file system can be mounted: {why}"));
    }
    let mut failures = 0;
    for way in ["forward", "change", "reject", "acknowledge", "defer", "enqueue"] {
        for (free, blocks) in (0..6).flat_map(|free| [(free, false), (free, true)]) {
            let disk = Tiny::mount().unwrap();
            let open = |name: &str| Queue::open(disk.path().join(name), Options::default()).unwrap();
            let (queue, next) = (open("q"), open("next"));
            queue.enqueue(b"message").unwrap();
            let fillers = fill(disk.path(), free, blocks);
            let attempt = || match way {
                "enqueue" => queue.enqueue(b"enqueued").map(drop),
                _ => work(&queue, &next, way),
            };
            let first = attempt();
            let at = format!("{way}, {free} free, blocks {blocks}: {first:?}");
            let found = all_messages(&[queue.dir(), next.dir()]);
            let done = first.is_ok() && all_messages(&[&queue.dir().join("incoming")]).is_empty();
            assert!(
                !found.is_empty() || way == "acknowledge" && first.is_ok(),
                "{at}: {found:?}"
            );
            for path in fillers {
                fs::remove_file(path).unwrap();
            }
            if let Err(error) = &first {
                assert!(error.is_transient(), "{at}");
                failures += 1;
            }
            if !done && (first.is_err() || way != "enqueue") {
                attempt().unwrap();
            }
            let expected: &[&str] = match way {
                "acknowledge" => &[],
                "change" => &["changed"],
                "enqueue" => &["enqueued", "message"],
                _ => &["message"],
            };
            assert_eq!(all_messages(&[queue.dir(), next.dir()]), expected, "{at}");
        }
    }
    assert!(failures >= 6, "{failures}");
}
