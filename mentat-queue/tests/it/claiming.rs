//! What is claimed, in which order, and what is not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;
use std::thread;

use mentat_queue::{Durability, NoticeKind, Order, Queue};

use crate::support::{Spool, claim_names, claim_one, claimed, deliver, names};

fn texts(queue: &Queue) -> Vec<String> {
    queue.take_notices().iter().map(ToString::to_string).collect()
}

#[test]
fn oldest_first_then_by_name() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for (name, age) in [("b", 10), ("z-oldest", 30), ("a-newest", 1), ("c", 20)] {
        deliver(&queue, name, b"x", age);
    }
    let claims = queue.claim(10).unwrap();
    let order: Vec<&str> = claims.iter().map(|c| c.name().as_ref()).collect();
    assert_eq!(order, ["z-oldest", "c", "b", "a-newest"]);
}

#[test]
fn equal_times_go_by_name() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "b", b"x", 9);
    for name in ["c", "a"] {
        deliver(&queue, name, b"x", 9);
        let file = fs::File::options()
            .write(true)
            .open(queue.dir().join("incoming").join(name))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    assert_eq!(claim_names(&queue, 10), ["a", "b", "c"]);
}

#[test]
fn other_orders() {
    let spool = Spool::new();
    let lifo = spool.queue_with("lifo", |o| o.order = Order::Lifo);
    let any = spool.queue_with("any", |o| o.order = Order::Any);
    for queue in [&lifo, &any] {
        for (name, age) in [("old", 30), ("middle", 20), ("new", 10)] {
            deliver(queue, name, b"x", age);
        }
    }
    assert_eq!(claim_names(&lifo, 10), ["new", "middle", "old"]);
    let found: BTreeSet<String> = claim_names(&any, 10).into_iter().collect();
    assert_eq!(found.len(), 3);
}

#[test]
fn a_claim_is_bounded_and_goes_on_where_it_stopped() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for n in 0..10 {
        deliver(&queue, &format!("m{n}"), b"x", 100 - n);
    }
    let first = queue.claim(4).unwrap();
    assert_eq!(first.len(), 4);
    assert_eq!((names(&queue, "incoming").len(), claimed(&queue).len()), (6, 4));
    let second = queue.claim(4).unwrap();
    assert_eq!(
        second.iter().map(|c| c.name().as_ref()).collect::<Vec<_>>(),
        ["m4", "m5", "m6", "m7"]
    );
    assert_eq!(queue.claim(4).unwrap().len(), 2);
    assert_eq!(queue.claim(0).unwrap().len(), 0);
}

#[test]
fn claims_carry_what_they_are() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "m", b"\xff\0bytes", 77);
    let claim = claim_one(&queue);
    assert_eq!(claim.bytes(), b"\xff\0bytes");
    assert_eq!((claim.modified(), claim.attempts(), claim.is_open()), (time, 0, true));
    assert!(
        !format!("{claim:?}").contains("bytes\""),
        "contents do not belong into logs"
    );
}

#[test]
fn dropping_releases() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "m", b"x", 60);
    drop(claim_one(&queue));
    assert_eq!(names(&queue, "incoming"), ["m"]);
    assert_eq!(claimed(&queue).len(), 0);
    assert_eq!(claim_one(&queue).modified(), time);
}

#[test]
fn a_claim_outlives_its_queue_and_then_nothing_is_left() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let watcher = spool.queue("q");
    deliver(&queue, "m", b"x", 0);
    let claim = claim_one(&queue);
    drop(queue);
    assert_eq!(claimed(&watcher).len(), 1);
    drop(claim);
    assert_eq!(names(&watcher, "incoming"), ["m"]);
    assert_eq!(names(&watcher, "pending"), [""; 0], "a clean exit removes the instance");
}

#[test]
fn what_cannot_be_a_message_is_left_alone_and_told_once() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let incoming = queue.dir().join("incoming");
    fs::write(incoming.join(".hidden"), "x").unwrap();
    fs::create_dir(incoming.join("directory")).unwrap();
    fs::write(spool.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(spool.path().join("secret"), incoming.join("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        incoming.join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    fs::write(incoming.join(OsStr::from_bytes(b"caf\xe9")), "x").unwrap();
    deliver(&queue, "good", b"x", 0);

    assert_eq!(claim_names(&queue, 10), ["good"]);
    let notices = queue.take_notices();
    assert!(notices.iter().all(|n| n.kind() == NoticeKind::Skipped), "{notices:?}");
    let mut told: Vec<String> = notices.iter().map(ToString::to_string).collect();
    told.sort();
    assert_eq!(told.len(), 5, "{told:?}");
    for (text, (entry, cause)) in told.iter().zip([
        (".hidden", "hidden"),
        ("caf", "UTF-8"),
        ("directory", "a directory"),
        ("fifo", "fifo"),
        ("link", "symbolic link"),
    ]) {
        assert!(
            text.contains(&format!("incoming/{entry}")) && text.contains(cause),
            "{text}"
        );
    }
    assert_eq!(claim_names(&queue, 10), ["good"]);
    assert_eq!(texts(&queue), [""; 0], "only once");
    assert_eq!(names(&queue, "incoming").len(), 6, "all still there");
    assert_eq!(names(&queue, "errors"), [""; 0]);
}

#[test]
fn empty_and_oversized_files_are_rejected_by_the_queue() {
    let spool = Spool::new();
    let queue = spool.queue_with("q", |o| o.max_message_bytes = 5);
    deliver(&queue, "empty", b"", 3);
    deliver(&queue, "large", b"123456", 2);
    deliver(&queue, "fits", b"12345", 1);
    assert_eq!(claim_names(&queue, 10), ["fits"]);
    assert_eq!(names(&queue, "errors"), ["empty", "empty.meta", "large", "large.meta"]);
    let failed = queue.errors().unwrap();
    assert!(failed[0].meta.as_ref().unwrap().contains("\"code\": \"empty\""));
    let meta = failed[1].meta.as_ref().unwrap();
    assert!(
        meta.contains("\"code\": \"too-large\"") && meta.contains("\"size\": 6"),
        "{meta}"
    );
    let told = texts(&queue);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("empty") && told[1].contains("limit of 5"), "{told:?}");
}

#[test]
fn unreadable_files_are_rejected_by_the_queue() {
    if rustix::process::geteuid().is_root() {
        println!("not run: root can read every file");
        return;
    }
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"x", 0);
    let path = queue.dir().join("incoming/m");
    fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
    assert_eq!(queue.claim(1).unwrap().len(), 0);
    assert!(
        queue.errors().unwrap()[0]
            .meta
            .as_ref()
            .unwrap()
            .contains("\"code\": \"unreadable\"")
    );
}

#[test]
fn a_name_that_is_claimed_waits_for_its_turn() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"first", 10);
    let first = claim_one(&queue);
    deliver(&queue, "m", b"second", 5);
    assert_eq!(queue.claim(1).unwrap().len(), 0);
    assert_eq!(first.bytes(), b"first");
    first.acknowledge().unwrap();
    assert_eq!(claim_one(&queue).bytes(), b"second");
}

#[test]
fn a_removed_instance_directory_is_made_again() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "lost", b"x", 2);
    let lost = claim_one(&queue);
    fs::remove_dir_all(queue.dir().join("pending")).unwrap();
    fs::create_dir(queue.dir().join("pending")).unwrap();
    deliver(&queue, "next", b"x", 1);
    let next = claim_one(&queue);
    drop(lost);
    assert_eq!(next.name().as_ref(), "next");
    assert_eq!(
        claimed(&queue).len(),
        1,
        "the end of the former instance leaves the new one alone"
    );
    assert!(queue.status().unwrap().instances[0].alive);
    next.acknowledge().unwrap();
}

#[test]
fn a_missing_incoming_is_fatal() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    fs::remove_dir(queue.dir().join("incoming")).unwrap();
    assert!(queue.claim(1).unwrap_err().is_fatal());
    assert!(queue.enqueue(b"x").unwrap_err().is_fatal());
    assert_eq!(names(&queue, "tmp"), [""; 0], "what could not be published is removed");
}

#[test]
fn consumers_share_a_queue_without_double_delivery() {
    const MESSAGES: usize = 2000;
    let spool = Spool::new();
    let quick = |name: &str| spool.queue_with(name, |o| o.durability = Durability::None);
    let producer = quick("q");
    let handles = [quick("q"), quick("q")];
    let seen = Mutex::new(Vec::new());
    let consume = |queue: &Queue| {
        while seen.lock().unwrap().len() < MESSAGES {
            for claim in queue.claim(7).unwrap() {
                seen.lock().unwrap().push(claim.bytes().to_vec());
                claim.acknowledge().unwrap();
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..MESSAGES {
                producer.enqueue(n.to_string().as_bytes()).unwrap();
            }
        });
        // Two threads on one handle, one on another: all ways to share at once.
        scope.spawn(|| consume(&handles[0]));
        scope.spawn(|| consume(&handles[0]));
        scope.spawn(|| consume(&handles[1]));
    });
    let seen = seen.into_inner().unwrap();
    let distinct: BTreeSet<&Vec<u8>> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (MESSAGES, MESSAGES));
    assert_eq!((names(&producer, "incoming").len(), claimed(&producer).len()), (0, 0));
}
