//! What a message costs, beside the bare system calls of the same durability; how soon it arrives; and how a very long
//! queue begins.
//!
//! `cargo bench -p mentat-queue`, with the names of parts behind `--`: `tmpfs`, `ext4`, `arrival`, `backlog`. Root is
//! needed for ext4, which is made in a file and mounted.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "the figures are the purpose"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mentat_queue::{Durability, Options, Queue};
use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Bytes of a message.
const MESSAGE: [u8; 1000] = [b'x'; 1000];

/// Messages of a call.
const BATCH: usize = 32;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    if wants("tmpfs") {
        costs("tmpfs", memory.path(), 200);
    }
    if wants("ext4") {
        match Ext4::mount() {
            Ok(disk) => costs("ext4", &disk.dir.path().join("mnt"), 30),
            Err(why) => println!("ext4: not run: {why}"),
        }
    }
    if wants("arrival") {
        arrival(memory.path());
    }
    if wants("backlog") {
        backlog(memory.path());
    }
}

/// A journaled file system of its own.
struct Ext4 {
    dir: tempfile::TempDir,
}

impl Ext4 {
    fn mount() -> Result<Self, String> {
        let disk = Self {
            dir: tempfile::tempdir().map_err(|e| e.to_string())?,
        };
        let (image, mnt) = (disk.dir.path().join("image"), disk.dir.path().join("mnt"));
        fs::create_dir(&mnt).map_err(|e| e.to_string())?;
        let made = File::create(&image).and_then(|file| file.set_len(512 << 20));
        made.map_err(|e| e.to_string())?;
        run(Command::new("mkfs.ext4").arg("-q").arg(&image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&mnt))?;
        Ok(disk)
    }
}

impl Drop for Ext4 {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.dir.path().join("mnt")).output();
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let done = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    let why = || String::from_utf8_lossy(&done.stderr).trim().to_owned();
    done.status.success().then_some(()).ok_or_else(why)
}

/// The bare system calls: what has to be done for the same promise, and nothing else.
struct Bare {
    dir: PathBuf,
    syncs: bool,
    written: usize,
}

impl Bare {
    fn new(dir: PathBuf, durability: Durability) -> Self {
        for sub in ["tmp", "incoming", "pending", "next"] {
            fs::create_dir_all(dir.join(sub)).unwrap();
        }
        let syncs = durability != Durability::None;
        Self { dir, syncs, written: 0 }
    }

    fn path(&self, sub: &str, number: usize) -> PathBuf {
        self.dir
            .join(sub)
            .join(format!("host.12345.1795401689.{number:06}.65024.10314136.msg"))
    }

    fn sync(&self, sub: &str) {
        if self.syncs {
            File::open(self.dir.join(sub)).unwrap().sync_all().unwrap();
        }
    }

    fn rename(&self, from: &str, to: &str, number: usize) {
        let (from, to) = (self.path(from, number), self.path(to, number));
        renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).unwrap();
    }

    fn enqueue(&mut self) {
        let numbers: Vec<usize> = (self.written..self.written + BATCH).collect();
        let mut files = Vec::new();
        for number in &numbers {
            let mut file = File::create_new(self.path("tmp", *number)).unwrap();
            file.write_all(&MESSAGE).unwrap();
            files.push(file);
        }
        for file in files.iter().filter(|_| self.syncs) {
            file.sync_all().unwrap();
        }
        numbers
            .iter()
            .for_each(|number| self.rename("tmp", "incoming", *number));
        self.sync("incoming");
        self.written += BATCH;
    }

    /// Claims what an earlier call has put in, and reads it.
    fn claim(&self, numbers: &[usize]) {
        for number in numbers {
            self.rename("incoming", "pending", *number);
            assert_eq!(fs::read(self.path("pending", *number)).unwrap().len(), MESSAGE.len());
        }
    }

    fn forward(&self, numbers: &[usize]) {
        self.claim(numbers);
        numbers
            .iter()
            .for_each(|number| self.rename("pending", "next", *number));
        self.sync("next");
        self.sync("pending");
    }

    fn acknowledge(&self, numbers: &[usize]) {
        self.claim(numbers);
        numbers
            .iter()
            .for_each(|number| fs::remove_file(self.path("pending", *number)).unwrap());
        self.sync("pending");
    }
}

/// The queue and the bare calls in turn, so that both meet the same moments; the median of the ratios.
fn costs(name: &str, dir: &Path, rounds: usize) {
    for durability in [Durability::None, Durability::Batch] {
        let mut bare = Bare::new(dir.join(format!("bare-{durability:?}")), durability);
        let mut options = Options::default();
        options.durability = durability;
        let open = |sub: &str| Queue::open(dir.join(format!("{sub}-{durability:?}")), options.clone()).unwrap();
        let (queue, next) = (open("queue"), open("next"));
        let messages = [MESSAGE.as_slice(); BATCH];
        let mut parts = [
            ("enqueue", Vec::new()),
            ("claim+forward", Vec::new()),
            ("claim+ack", Vec::new()),
        ];
        for round in 0..rounds {
            for (place, (_, times)) in parts.iter_mut().enumerate() {
                if place > 0 {
                    bare.enqueue();
                    queue.enqueue_all(&messages).unwrap();
                }
                let numbers: Vec<usize> = (bare.written - BATCH.min(bare.written)..bare.written).collect();
                let mut one = || match place {
                    0 => bare.enqueue(),
                    1 => bare.forward(&numbers),
                    _ => bare.acknowledge(&numbers),
                };
                let mut other = || match place {
                    0 => drop(queue.enqueue_all(&messages).unwrap()),
                    1 => {
                        let mut claims = queue.claim(BATCH).unwrap();
                        let mut items: Vec<_> = claims.iter_mut().map(|claim| (claim, None)).collect();
                        queue.forward(&next, &mut items).unwrap();
                    }
                    _ => {
                        let mut claims = queue.claim(BATCH).unwrap();
                        queue.acknowledge(&mut claims.iter_mut().collect::<Vec<_>>()).unwrap();
                    }
                };
                // Neither is always the first.
                let (bare, ours) = if round % 2 == 0 {
                    let bare = time(&mut one);
                    (bare, time(&mut other))
                } else {
                    let ours = time(&mut other);
                    (time(&mut one), ours)
                };
                times.push((bare, ours));
                if place == 0 {
                    empty(&queue, dir, durability);
                }
            }
        }
        for (part, times) in parts {
            let bare = median(times.iter().map(|(bare, _)| *bare));
            let ours = median(times.iter().map(|(_, ours)| *ours));
            let each = ours / BATCH as f64 * 1e6;
            println!(
                "{name} {durability:?} {part}: {:.2}x of the bare calls, {each:.1} us a message",
                ours / bare
            );
        }
    }
}

/// What the first part has enqueued is not for the others.
fn empty(queue: &Queue, dir: &Path, durability: Durability) {
    let mut claims = queue.claim(BATCH).unwrap();
    queue.acknowledge(&mut claims.iter_mut().collect::<Vec<_>>()).unwrap();
    let incoming = dir.join(format!("bare-{durability:?}/incoming"));
    for entry in fs::read_dir(incoming).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

fn time(work: &mut dyn FnMut()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// From the call of `enqueue` in one thread to the claim in another one that has nothing to do.
fn arrival(dir: &Path) {
    const ROUNDS: usize = 500;
    let open = || Queue::open(dir.join("arrival"), Options::default()).unwrap();
    let (producer, consumer) = (open(), open());
    let (send, receive) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let watcher = consumer.watch().unwrap();
        let mut seen = 0;
        while seen < ROUNDS {
            for claim in consumer.claim(10).unwrap() {
                send.send(Instant::now()).unwrap();
                claim.acknowledge().unwrap();
                seen += 1;
            }
            watcher.wait(Duration::from_secs(1)).unwrap();
        }
    });
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        std::thread::sleep(Duration::from_millis(2));
        let begin = Instant::now();
        producer.enqueue(&MESSAGE).unwrap();
        times.push(receive.recv().unwrap().duration_since(begin).as_secs_f64() * 1e3);
    }
    thread.join().unwrap();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get(ROUNDS * part / 100).copied().unwrap_or_default();
    println!(
        "arrival at an idle consumer: median {:.2} ms, p99 {:.2} ms",
        at(50),
        at(99)
    );
}

/// The first message of a million.
fn backlog(dir: &Path) {
    const FILES: usize = 1_000_000;
    let queue = Queue::open(dir.join("backlog"), Options::default()).unwrap();
    let incoming = queue.dir().join("incoming");
    for number in 0..FILES {
        let path = incoming.join(format!("host.12345.1795401689.{number:07}.65024.10314136.msg"));
        File::create(path).unwrap().write_all(b"x").unwrap();
    }
    let begin = Instant::now();
    let claims = queue.claim(1).unwrap();
    let first = begin.elapsed().as_secs_f64();
    assert_eq!(claims.len(), 1);
    println!(
        "first of {FILES} messages: {first:.2} s, {} MB at most",
        peak_memory() / 1000
    );
}

/// Of this process, in kB.
fn peak_memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}
