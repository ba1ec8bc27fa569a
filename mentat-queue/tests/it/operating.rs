//! What an operator does to a queue that daemons use.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mentat_queue::{Operator, Options, Place, Queue, Reason, Which};

use crate::support::{Spool, claim_names, claim_one, content, deliver, name, names};

/// Rejects a message of this name for this reason.
fn reject(queue: &Queue, name: &str, code: &str, text: &str) {
    deliver(queue, name, b"x", 0);
    claim_one(queue).reject(Reason::new(code, text)).unwrap();
}

fn moved(report: &mentat_queue::Report) -> Vec<&str> {
    report.done.iter().map(|moved| moved.name.as_ref()).collect()
}

#[test]
fn a_mistyped_name_makes_no_queue() {
    let spool = Spool::new();
    let error = Operator::open(spool.path().join("no-such"), Options::default()).unwrap_err();
    assert!(
        error.is_fatal() && error.to_string().contains("no-such/incoming"),
        "{error}"
    );
    assert!(!spool.path().join("no-such").exists());
    fs::create_dir(spool.path().join("file")).unwrap();
    fs::write(spool.path().join("file/incoming"), "").unwrap();
    let error = Operator::open(spool.path().join("file"), Options::default()).unwrap_err();
    assert!(error.to_string().contains("not a directory"), "{error}");
}

#[test]
fn hold_and_release_keep_time_and_order() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let operator = queue.operator();
    let time = deliver(&queue, "a", b"1", 100);
    deliver(&queue, "b", b"2", 50);
    deliver(&queue, ".hidden", b"3", 50);
    let report = operator.hold(&Which::Names(&[name("a"), name("x")])).unwrap();
    assert_eq!((moved(&report), report.missing.clone()), (vec!["a"], vec![name("x")]));
    assert_eq!(report.done[0].now, Some(name("a")));
    assert_eq!(claim_names(&queue, 10), ["b"]);
    assert_eq!(queue.status().unwrap().hold, 1);
    deliver(&queue, "a", b"another", 0);
    let report = operator.release(&Which::All).unwrap();
    assert_eq!(report.done[0].now, Some(name("a.1")), "nothing is replaced");
    let claims = queue.claim(10).unwrap();
    assert_eq!((claims[0].name().as_ref(), claims[0].modified()), ("a.1", time));
    drop(claims);
    assert_eq!(
        moved(&operator.hold(&Which::All).unwrap()).len(),
        3,
        "and not the hidden one"
    );
    assert_eq!(operator.hold(&Which::All).unwrap().done, []);
}

#[test]
fn retry_by_name_by_reason_and_all() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let operator = queue.operator();
    for (name, code, text) in [
        ("a", "bad-json", "line 1"),
        ("b", "bad-json", "line \"2\""),
        ("c", "no-id", "ž"),
        ("d", "no-id", "ž"),
    ] {
        reject(&queue, name, code, text);
    }
    fs::write(queue.dir().join("errors/silent"), "x").unwrap();
    let check = |which: &Which<'_>, expected: &[&str], left: &[&str]| {
        let report = operator.retry(which).unwrap();
        assert_eq!(moved(&report), expected);
        assert_eq!(names(&queue, "errors"), left);
    };
    let none = Which::Reason("no such reason");
    let all = ["a", "a.meta", "b", "b.meta", "c", "c.meta", "d", "d.meta", "silent"];
    check(&none, &[], &all);
    check(
        &Which::Reason("bad-json: line \"2"),
        &["b"],
        &["a", "a.meta", "c", "c.meta", "d", "d.meta", "silent"],
    );
    check(
        &Which::Names(&[name("c")]),
        &["c"],
        &["a", "a.meta", "d", "d.meta", "silent"],
    );
    let report = operator.retry(&Which::All).unwrap();
    assert_eq!(report.done.len(), 3);
    assert_eq!(names(&queue, "errors"), [""; 0]);
    assert_eq!(names(&queue, "incoming"), ["a", "b", "c", "d", "silent"]);
    let error = operator.hold(&Which::Reason("x")).unwrap_err();
    assert!(
        error.is_fatal() && error.to_string().contains("only rejected messages have a reason"),
        "{error}"
    );
}

#[test]
fn a_sidecar_is_no_message_even_by_name() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    reject(&queue, "x.meta", "x", "y");
    let names_of = ["x.meta.meta", "x.meta", "x.meta"].map(name);
    let report = queue.operator().retry(&Which::Names(&names_of)).unwrap();
    assert_eq!((moved(&report), report.missing.len()), (vec!["x.meta"], 1));
    assert_eq!(names(&queue, "errors"), [""; 0]);
}

#[test]
fn a_retried_message_has_no_attempts_left_from_before() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    reject(&queue, "m", "x", "y");
    fs::create_dir(queue.dir().join("pending/.attempts")).unwrap();
    fs::write(queue.dir().join("pending/.attempts/m"), "6").unwrap();
    queue.operator().retry(&Which::All).unwrap();
    assert_eq!(claim_one(&queue).attempts(), 0);
}

#[test]
fn discard_removes_messages_with_their_sidecars() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let operator = queue.operator();
    reject(&queue, "a", "bad-json", "x");
    reject(&queue, "b", "no-id", "x");
    let report = operator.discard(Place::Errors, &Which::Reason("bad-json")).unwrap();
    assert_eq!(
        (moved(&report), report.done[0].now.as_ref(), report.done[0].size),
        (vec!["a"], None, 1)
    );
    assert_eq!(names(&queue, "errors"), ["b", "b.meta"]);
    deliver(&queue, "c", b"x", 0);
    deliver(&queue, "d", b"x", 0);
    operator.hold(&Which::Names(&[name("c")])).unwrap();
    operator.discard(Place::Hold, &Which::Names(&[name("c")])).unwrap();
    operator.discard(Place::Incoming, &Which::Names(&[name("d")])).unwrap();
    assert_eq!((names(&queue, "hold").len(), names(&queue, "incoming").len()), (0, 0));
    for place in [Place::Pending, Place::Tmp] {
        assert!(operator.discard(place, &Which::All).unwrap_err().is_fatal());
    }
}

#[test]
fn listing_finding_reading_and_counting_reasons() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let operator = queue.operator();
    for (name, age) in [("b", 40), ("a", 30), ("c", 90), ("d", 80)] {
        deliver(&queue, name, name.as_bytes(), age);
    }
    let mut claims = queue.claim(2).unwrap();
    claims.remove(0).reject(Reason::new("bad", "first")).unwrap();
    operator.hold(&Which::Names(&[name("b")])).unwrap();
    let entries = operator.list(&Place::ALL).unwrap();
    let shown: Vec<(Place, &str)> = entries.iter().map(|e| (e.place, e.name.as_ref())).collect();
    let expected = [
        (Place::Incoming, "a"),
        (Place::Pending, "d"),
        (Place::Hold, "b"),
        (Place::Errors, "c"),
    ];
    assert_eq!(shown, expected);
    assert!(
        entries[1]
            .owner
            .as_ref()
            .unwrap()
            .contains(&format!(".{}.", std::process::id()))
    );
    let found = operator.find(&name("c")).unwrap();
    assert_eq!((found.len(), found[0].place, found[0].size), (1, Place::Errors, 1));
    assert_eq!(operator.read(&found[0], 100).unwrap().unwrap(), b"c");
    assert!(operator.read(&found[0], 0).unwrap_err().is_poison());
    assert!(operator.sidecar(&found[0]).unwrap().contains("\"code\": \"bad\""));
    assert_eq!(operator.find(&name("nowhere")).unwrap(), []);
    fs::remove_file(&found[0].path).unwrap();
    assert_eq!(operator.read(&found[0], 100).unwrap(), None);

    for (name, code) in [("e", "bad"), ("f", "worse"), ("g", "bad")] {
        reject(&queue, name, code, &format!("about {name}"));
    }
    fs::write(queue.dir().join("errors/h"), "x").unwrap();
    let reasons: Vec<_> = operator
        .reasons()
        .unwrap()
        .into_iter()
        .map(|r| (r.code.unwrap_or_default(), r.text, r.count))
        .collect();
    let expected = [("bad", "about e", 2), ("", "", 1), ("worse", "about f", 1)];
    assert_eq!(
        reasons,
        expected.map(|(code, text, count)| (code.to_owned(), text.to_owned(), count))
    );
}

#[test]
fn flat_claims_are_recovered_on_request_only() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for name in ["a", "b", ".hidden"] {
        fs::write(queue.dir().join("pending").join(name), "x").unwrap();
    }
    fs::create_dir(queue.dir().join("pending/directory")).unwrap();
    let operator = queue.operator();
    let done = operator.recover_flat(Duration::from_secs(3600)).unwrap();
    assert_eq!((done.recovered, done.left.len()), (0, 2), "their owner may be alive");
    let done = operator.recover_flat(Duration::ZERO).unwrap();
    assert_eq!((done.recovered, done.quarantined, done.left.len()), (2, 0, 0));
    assert_eq!(names(&queue, "pending"), [".attempts", ".hidden", "directory"]);
    assert_eq!(queue.claim(10).unwrap()[0].attempts(), 1);
    for round in 2..=6 {
        fs::rename(queue.dir().join("incoming/a"), queue.dir().join("pending/a")).unwrap();
        let done = operator.recover_flat(Duration::ZERO).unwrap();
        let expected = if round <= 5 { (1, 0) } else { (0, 1) };
        assert_eq!((done.recovered, done.quarantined), expected, "{round}");
    }
    assert!(content(&queue, "errors", "a.meta").contains("too-many-recoveries"));
}

/// Operators and consumers at once: every message ends exactly once.
#[test]
fn operations_on_a_live_queue_lose_and_repeat_nothing() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let total = 300;
    for n in 0..total {
        deliver(&queue, &format!("m{n}"), b"x", n);
    }
    let acknowledged = AtomicU64::new(0);
    let deadline = Instant::now() + Duration::from_secs(120);
    let open = || acknowledged.load(Ordering::Relaxed) < total && Instant::now() < deadline;
    let consumer = || {
        let queue = spool.queue("q");
        while open() {
            for (n, claim) in queue.claim(7).unwrap().into_iter().enumerate() {
                match n % 4 {
                    0 => claim.reject(Reason::new("again", "x")).unwrap(),
                    1 => claim.release().unwrap(),
                    _ => {
                        claim.acknowledge().unwrap();
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            // A claim of one or two would only ever be rejected and released.
            for claim in queue.claim(1).unwrap() {
                claim.acknowledge().unwrap();
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(consumer);
        scope.spawn(consumer);
        let operator = spool.queue("q").operator();
        while open() {
            operator.hold(&Which::All).unwrap();
            operator.retry(&Which::All).unwrap();
            operator.release(&Which::All).unwrap();
            let found = operator.fsck(true).unwrap();
            assert!(found.iter().all(|finding| !finding.remains()), "{found:?}");
        }
    });
    let status = queue.status().unwrap();
    assert_eq!(
        (acknowledged.load(Ordering::Relaxed), status.incoming, status.hold),
        (total, 0, 0)
    );
    assert_eq!(names(&queue, "errors"), [""; 0], "no sidecar is left either");
}
