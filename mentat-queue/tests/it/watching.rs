//! Waiting for arrivals.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Spool, deliver};

/// Longer than any test may take: a wait that ends earlier was ended by what it waited for.
const LONG: Duration = Duration::from_secs(600);

#[test]
fn arrivals_end_the_wait() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let watcher = queue.watch().unwrap();
    assert!(watcher.is_notified());
    assert!(!watcher.wait(Duration::from_millis(1)).unwrap());

    queue.enqueue(b"before the wait").unwrap();
    assert!(watcher.wait(LONG).unwrap());
    assert!(!watcher.wait(Duration::ZERO).unwrap(), "one arrival, one wake-up");

    let start = Instant::now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| watcher.wait(LONG).unwrap());
        deliver(&queue, "m", b"during the wait", 0);
        assert!(waiting.join().unwrap());
    });
    assert!(start.elapsed() < LONG);
}

#[test]
fn a_file_written_in_place_ends_the_wait_too() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let watcher = queue.watch().unwrap();
    std::fs::write(queue.dir().join("incoming/m"), "x").unwrap();
    assert!(watcher.wait(LONG).unwrap());
}

#[test]
fn what_leaves_does_not_end_the_wait() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    queue.enqueue(b"x").unwrap();
    let watcher = queue.watch().unwrap();
    let claims = queue.claim(1).unwrap();
    assert_eq!(claims.len(), 1);
    assert!(!watcher.wait(Duration::from_millis(1)).unwrap());
}

#[test]
fn the_waker_ends_the_wait() {
    let spool = Spool::new();
    let watcher = spool.queue("q").watch().unwrap();
    let waker = watcher.waker();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| watcher.wait(LONG).unwrap());
        waker.wake();
        assert!(waiting.join().unwrap());
    });
    waker.clone().wake();
    waker.wake();
    assert!(watcher.wait(LONG).unwrap(), "also when it came first");
    assert!(!watcher.wait(Duration::ZERO).unwrap());
}

#[test]
fn a_replaced_directory_is_watched_again() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let watcher = queue.watch().unwrap();
    let incoming = queue.dir().join("incoming");
    std::fs::remove_dir(&incoming).unwrap();
    std::fs::create_dir(&incoming).unwrap();
    assert!(watcher.wait(LONG).unwrap());
    assert!(watcher.is_notified());
    queue.enqueue(b"x").unwrap();
    assert!(watcher.wait(LONG).unwrap());
}
