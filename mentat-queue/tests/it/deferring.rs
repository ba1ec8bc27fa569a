//! Messages that are put off, and the figures of a handle.

use std::fs;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mentat_queue::{MessageName, Published, Queue, Reason, Which};

use crate::support::{Spool, claim_names, claim_one, claimed, deliver, name, names};

/// The directories of `deferred`.
fn seconds(queue: &Queue) -> Vec<u64> {
    names(queue, "deferred").iter().map(|n| n.parse().unwrap()).collect()
}

/// Moves the deferred messages to another second, as if time had passed.
fn make_due(queue: &Queue) {
    for second in seconds(queue) {
        let dir = queue.dir().join("deferred");
        fs::rename(dir.join(second.to_string()), dir.join("1")).unwrap();
    }
}

#[test]
fn a_deferred_message_comes_back_as_it_was() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "old", b"x", 100);
    deliver(&queue, "new", b"y", 50);
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    claim_one(&queue).defer(Duration::from_secs(3600)).unwrap();
    let second = seconds(&queue)[0];
    assert!((before + 3600..before + 3660).contains(&second), "{second} {before}");
    assert_eq!(names(&queue, &format!("deferred/{second}")), ["old"]);
    assert_eq!(claim_names(&queue, 10), ["new"], "what is deferred is not claimed");
    let status = queue.status().unwrap();
    assert_eq!((status.incoming, status.deferred, status.pending), (1, 1, 0));
    assert_eq!(status.next_due, Some(UNIX_EPOCH + Duration::from_secs(second)));

    make_due(&queue);
    let later = spool.queue("q");
    let claims = later.claim(10).unwrap();
    assert_eq!(claims[0].name().as_ref(), "old", "its place in the order is kept");
    assert_eq!((claims[0].modified(), claims[0].attempts()), (time, 0));
    assert_eq!(seconds(&queue), [0; 0]);
}

#[test]
fn it_comes_back_by_itself() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"x", 0);
    claim_one(&queue).defer(Duration::ZERO).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while claim_names(&queue, 1).is_empty() {
        assert!(Instant::now() < deadline, "never came back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_batch_with_several_delays_and_a_repetition() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for n in 0..4 {
        deliver(&queue, &format!("m{n}"), b"x", 9 - n);
    }
    let mut claims = queue.claim(10).unwrap();
    let delays = [60, 600, 60, u64::MAX].map(Duration::from_secs);
    let mut items: Vec<_> = claims.iter_mut().zip(delays).collect();
    queue.defer(&mut items).unwrap();
    queue.defer(&mut items).unwrap();
    assert!(claims.iter().all(|claim| !claim.is_open()));
    assert_eq!((claimed(&queue).len(), queue.status().unwrap().deferred), (0, 4));
    assert_eq!(queue.recover().unwrap().due, 0, "none of them is due");
    let report = queue
        .operator()
        .flush(&Which::Names(&[name("m1"), name("m9")]))
        .unwrap();
    assert_eq!((report.done.len(), report.missing), (1, vec![name("m9")]));
    assert_eq!(names(&queue, "incoming"), ["m1"]);
}

#[test]
fn a_name_that_is_taken_meanwhile_gets_a_number() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"first", 9);
    claim_one(&queue).defer(Duration::from_secs(60)).unwrap();
    deliver(&queue, "m", b"second", 0);
    make_due(&queue);
    assert_eq!(queue.recover().unwrap().due, 1);
    assert_eq!(names(&queue, "incoming"), ["m", "m.1"]);
}

#[test]
fn what_is_deferred_or_on_hold_is_known_to_a_replay() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let publish = |name: &MessageName| queue.publish(&[(name, b"x")]).unwrap();
    let (deferred, held) = (name("a"), name("b"));
    publish(&deferred);
    claim_one(&queue).defer(Duration::from_secs(60)).unwrap();
    publish(&held);
    queue.operator().hold(&Which::All).unwrap();
    assert_eq!(publish(&deferred), [Published::AlreadyThere]);
    assert_eq!(publish(&held), [Published::AlreadyThere]);
}

#[test]
fn what_is_no_message_stays_in_deferred() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    fs::create_dir_all(queue.dir().join("deferred/1/sub")).unwrap();
    fs::write(queue.dir().join("deferred/1/m"), "x").unwrap();
    fs::create_dir(queue.dir().join("deferred/soon")).unwrap();
    assert_eq!(claim_names(&queue, 10), ["m"]);
    assert_eq!(names(&queue, "deferred/1"), ["sub"]);
    assert!(
        queue
            .take_notices()
            .iter()
            .any(|n| n.path().ends_with("deferred/1/sub"))
    );
}

#[test]
fn a_handle_counts_what_went_through_it() {
    let spool = Spool::new();
    let (queue, next) = (spool.queue("q"), spool.queue("next"));
    queue.enqueue_all(&[b"1", b"2", b"3", b"4", b"5", b"6"]).unwrap();
    deliver(&queue, "empty", b"", 0);
    let mut claims = queue.claim(10).unwrap();
    let copy = mentat_queue::CopyTo {
        claim: &claims[0],
        to: &next,
        name: name("copy"),
        bytes: None,
    };
    queue.copy(&[copy]).unwrap();
    claims.remove(0).forward(&next).unwrap();
    claims.remove(0).acknowledge().unwrap();
    claims.remove(0).reject(Reason::new("x", "y")).unwrap();
    claims.remove(0).defer(Duration::from_secs(60)).unwrap();
    claims.remove(0).release().unwrap();
    fs::remove_file(&claimed(&queue)[0]).unwrap();
    claims.remove(0).release().unwrap();
    let counters = queue.clone().counters();
    assert_eq!((counters.enqueued, counters.claimed, counters.copies), (6, 7, 1));
    let ends = [
        counters.forwarded,
        counters.acknowledged,
        counters.rejected,
        counters.deferred,
        counters.released,
        counters.vanished,
    ];
    assert_eq!(ends, [1, 1, 2, 1, 1, 1]);
    assert_eq!(next.counters().enqueued, 0);
}
