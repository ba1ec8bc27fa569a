//! Real processes that are killed, or whose syncs fail, at every system call.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mentat_queue::{Options, Queue};

use crate::support::{Spool, all_messages, deliver, is_long, names, not_run};

/// Whatever a queue may call. Those with `?` are not known everywhere.
const CALLS: &str = "openat ?mkdir ?mkdirat ?chmod ?fchmodat fchmod ?newfstatat ?stat ?lstat ?statx ?fstat read write \
                     ?rename ?renameat renameat2 ?unlink ?unlinkat ?rmdir fsync flock getdents64 close utimensat";

const COMMANDS: [&str; 11] = [
    "enqueue",
    "publish",
    "forward",
    "change",
    "copy",
    "acknowledge",
    "reject",
    "defer",
    "release",
    "recover",
    "hold",
];

/// The program of `examples`, which `cargo test` builds beside this one.
fn worker() -> Option<PathBuf> {
    let own = std::env::current_exe().unwrap();
    let path = own.parent()?.parent()?.join("examples/queue-worker");
    path.exists().then_some(path)
}

/// The worker, or a line about why the suite is not run.
fn traced_worker(suite: &str) -> Option<PathBuf> {
    let strace = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !strace.is_ok_and(|status| status.success()) {
        not_run(suite, "strace is not installed, or may not trace");
        return None;
    }
    let worker = worker();
    if worker.is_none() {
        not_run(suite, "the example queue-worker is not built");
    }
    worker
}

/// Queues with one message, whose owner has died if the command is to recover it.
fn spool(command: &str) -> (Spool, Queue) {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"message", 10);
    if command == "recover" {
        let home = queue.dir().join("pending/elsewhere.1.1");
        fs::create_dir(&home).unwrap();
        fs::rename(queue.dir().join("incoming/m"), home.join("m")).unwrap();
    }
    (spool, queue)
}

/// Runs a command with a fault at one system call; false if it does not make so many of them.
fn run(worker: &Path, spool: &Spool, command: &str, inject: &str) -> bool {
    let log = spool.path().join("strace");
    let status = Command::new("strace")
        .args(["-qq", "-o"])
        .arg(&log)
        .args(["-e", &format!("inject={inject}")])
        .arg(worker)
        .args([
            command.as_ref(),
            spool.path().join("q").as_os_str(),
            spool.path().join("next").as_os_str(),
        ])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let log = fs::read_to_string(&log).unwrap();
    assert!(
        status.code().is_some() || log.contains("SIGKILL"),
        "{command} {inject}: {status}"
    );
    log.contains("INJECTED") || log.contains("SIGKILL")
}

/// The one message is in one place, whole; and so is what was put in.
fn check(spool: &Spool, queue: &Queue, command: &str, at: &str) {
    queue.recover().unwrap();
    let next = spool.path().join("next/incoming");
    let found = all_messages(&[queue.dir(), &spool.path().join("next")]);
    let count = |text: &str| found.iter().filter(|found| *found == text).count();
    let copies = fs::metadata(next.join("m.copy")).map_or(0, |_| 1);
    let messages = count("message") + count("message, changed") - copies;
    assert!(
        messages == 1 || command == "acknowledge" && messages == 0,
        "{command} {at}: {found:?}"
    );
    assert!(
        count("enqueued") <= 1 && count("published") <= 1,
        "{command} {at}: {found:?}"
    );
    let known = ["message", "message, changed", "enqueued", "published"];
    assert!(
        found.iter().all(|text| known.contains(&text.as_str())),
        "{command} {at}: {found:?}"
    );
}

#[test]
fn killed_at_every_system_call() {
    let Some(worker) = traced_worker("kill at every system call") else {
        return;
    };
    let mut runs = 0;
    for (place, command) in COMMANDS.into_iter().enumerate() {
        for (number, call) in CALLS.split_whitespace().enumerate() {
            // Not all of it in a usual run: other calls of other commands each time would hide what changed.
            if !is_long() && (place + number) % 8 != 0 {
                continue;
            }
            for when in 1.. {
                let (spool, queue) = spool(command);
                let inject = format!("{call}:signal=KILL:when={when}");
                if !run(&worker, &spool, command, &inject) {
                    break;
                }
                runs += 1;
                check(&spool, &queue, command, &inject);
            }
        }
    }
    println!("killed {runs} times");
    assert!(runs > 50, "{runs}");
}

#[test]
fn every_sync_fails_once() {
    let Some(worker) = traced_worker("errors of fsync") else {
        return;
    };
    for command in COMMANDS {
        for when in 1.. {
            let (spool, queue) = spool(command);
            let inject = format!("fsync:error=EIO:when={when}");
            if !run(&worker, &spool, command, &inject) {
                break;
            }
            check(&spool, &queue, command, &inject);
            assert_eq!(names(&queue, "tmp"), [""; 0], "{command} {inject}");
        }
    }
}

#[test]
fn a_chain_of_processes_under_random_kills() {
    let Some(worker) = worker() else {
        not_run("random kills", "the example queue-worker is not built");
        return;
    };
    let kills = if is_long() { 200 } else { 40 };
    let spool = Spool::new();
    let dirs: Vec<PathBuf> = ["a", "b", "c", "d"].iter().map(|dir| spool.path().join(dir)).collect();
    let first = Queue::open(&dirs[0], Options::default()).unwrap();
    let start = |link: usize| {
        let mut command = Command::new(&worker);
        command
            .arg("chain")
            .args([&dirs[link], &dirs[link + 1]])
            .spawn()
            .unwrap()
    };
    let mut links: Vec<_> = (0..3).map(start).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut sent = 0;
    for _ in 0..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for _ in 0..4 {
            first.enqueue(format!("{sent}").as_bytes()).unwrap();
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(random % 30));
        let link = usize::try_from(random >> 32).unwrap() % 3;
        links[link].kill().unwrap();
        links[link].wait().unwrap();
        links[link] = start(link);
    }
    let end = Instant::now() + Duration::from_secs(60);
    let all: Vec<&Path> = dirs.iter().map(PathBuf::as_path).collect();
    let arrived = || all_messages(&all[3..]).len();
    // What has lost too many owners stays in `errors` of a queue on the way.
    let stuck = || {
        all[..3]
            .iter()
            .map(|dir| fs::read_dir(dir.join("errors")).unwrap().count() / 2)
            .sum::<usize>()
    };
    while arrived() + stuck() < sent && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    for link in &mut links {
        link.kill().unwrap();
        link.wait().unwrap();
    }
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for text in all_messages(&all) {
        *found.entry(text).or_default() += 1;
    }
    println!(
        "{kills} kills, {sent} messages, {} arrived, {} in errors",
        arrived(),
        stuck()
    );
    let expected: BTreeMap<String, usize> = (0..sent).map(|number| (number.to_string(), 1)).collect();
    assert_eq!(found, expected);
    assert_eq!(arrived() + stuck(), sent);
}
