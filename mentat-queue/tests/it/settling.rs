//! Every way to settle a claim, and what is on disk afterwards.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mentat_queue::{Claim, CopyTo, Durability, MessageName, NoticeKind, Options, Published, Queue, Reason};

use crate::support::{Spool, claim_one, claimed, content, deliver, name, names};

fn both(spool: &Spool) -> (Queue, Queue) {
    (spool.queue("from"), spool.queue("to"))
}

/// One claim as a batch of one.
fn forward(from: &Queue, to: &Queue, claim: &mut Claim, changed: Option<&[u8]>) -> Result<(), mentat_queue::Error> {
    from.forward(to, &mut [(claim, changed.map(<[u8]>::to_vec))])
}

fn nothing_left(queue: &Queue) {
    assert_eq!(claimed(queue).len(), 0);
    assert_eq!(names(queue, "tmp"), [""; 0]);
}

#[test]
fn forward_unchanged_is_the_same_file() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    let time = deliver(&from, "m", b"x", 100);
    let before = fs::metadata(from.dir().join("incoming/m")).unwrap();
    claim_one(&from).forward(&to).unwrap();
    let after = fs::metadata(to.dir().join("incoming/m")).unwrap();
    assert_eq!(
        (before.ino(), before.mode()),
        (after.ino(), after.mode()),
        "one rename, not a copy"
    );
    assert_eq!(after.modified().unwrap(), time);
    assert_eq!(names(&from, "incoming"), [""; 0]);
    nothing_left(&from);
    nothing_left(&to);
}

#[test]
fn forward_changed_keeps_name_and_time() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    let time = deliver(&from, "m", b"before", 100);
    claim_one(&from).forward_changed(&to, b"after").unwrap();
    assert_eq!(content(&to, "incoming", "m"), "after");
    assert_eq!(claim_one(&to).modified(), time);
    nothing_left(&from);
}

#[test]
fn forward_changes_a_file_the_producer_owns_alone() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    deliver(&from, "m", b"before", 0);
    let path = from.dir().join("incoming/m");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o444)).unwrap();
    let producers = fs::File::open(&path).unwrap();
    claim_one(&from).forward_changed(&to, b"after").unwrap();
    assert_eq!(
        std::io::read_to_string(producers).unwrap(),
        "before",
        "never changed in place"
    );
    assert_eq!(content(&to, "incoming", "m"), "after");
}

#[test]
fn forward_a_mixed_batch_and_repeat_it() {
    for durability in [Durability::Each, Durability::Batch, Durability::None] {
        let spool = Spool::new();
        let (from, to) = (
            spool.queue_with("from", |o| o.durability = durability),
            spool.queue("to"),
        );
        for (name, age) in [("a", 3), ("b", 2), ("c", 1)] {
            deliver(&from, name, b"old", age);
        }
        let mut claims = from.claim(10).unwrap();
        let mut items: Vec<_> = claims.iter_mut().zip([None, Some(b"new".to_vec()), None]).collect();
        from.forward(&to, &mut items).unwrap();
        from.forward(&to, &mut items).unwrap();
        assert!(claims.iter().all(|c| !c.is_open()));
        assert_eq!(names(&to, "incoming"), ["a", "b", "c"]);
        assert_eq!(
            ["a", "b", "c"].map(|n| content(&to, "incoming", n)),
            ["old", "new", "old"]
        );
        nothing_left(&from);
    }
}

#[test]
fn a_failed_forward_keeps_the_rest_open_and_can_be_repeated() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    deliver(&from, "a", b"old", 2);
    deliver(&from, "b", b"old", 1);
    let mut claims = from.claim(10).unwrap();
    let mut items: Vec<_> = claims.iter_mut().zip([None, Some(b"new".to_vec())]).collect();
    let (incoming, aside) = (to.dir().join("incoming"), to.dir().join("aside"));
    fs::rename(&incoming, &aside).unwrap();
    let error = from.forward(&to, &mut items).unwrap_err();
    assert!(error.is_fatal(), "{error}");
    assert!(error.to_string().contains("to/incoming/a"), "{error}");
    assert!(items.iter().all(|(c, _)| c.is_open()));
    fs::rename(&aside, &incoming).unwrap();
    from.forward(&to, &mut items).unwrap();
    assert_eq!(
        (content(&to, "incoming", "a"), content(&to, "incoming", "b")),
        ("old".into(), "new".into())
    );
    nothing_left(&from);
}

#[test]
fn a_failed_change_is_not_forwarded_by_a_later_plain_forward() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    deliver(&from, "m", b"original", 0);
    let mut claim = claim_one(&from);
    let (incoming, aside) = (to.dir().join("incoming"), to.dir().join("aside"));
    fs::rename(&incoming, &aside).unwrap();
    forward(&from, &to, &mut claim, Some(b"changed")).unwrap_err();
    fs::rename(&aside, &incoming).unwrap();
    forward(&from, &to, &mut claim, None).unwrap();
    assert_eq!(content(&to, "incoming", "m"), "original");
}

#[test]
fn forward_refuses_what_the_target_would_reject() {
    let spool = Spool::new();
    let (from, to) = (spool.queue("from"), spool.queue_with("to", |o| o.max_message_bytes = 3));
    deliver(&from, "m", b"x", 0);
    let mut claim = claim_one(&from);
    assert!(forward(&from, &to, &mut claim, Some(b"1234")).unwrap_err().is_poison());
    assert!(forward(&from, &to, &mut claim, Some(b"")).unwrap_err().is_poison());
    assert!(claim.is_open());
    assert!(forward(&from, &from, &mut claim, None).unwrap_err().is_fatal());
    forward(&from, &to, &mut claim, Some(b"123")).unwrap();
}

#[test]
fn no_move_ever_replaces() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    deliver(&to, "m", b"theirs", 0);
    deliver(&from, "m", b"ours", 0);
    claim_one(&from).forward(&to).unwrap();
    deliver(&from, "m", b"changed", 0);
    claim_one(&from).forward_changed(&to, b"ours too").unwrap();
    let found = ["m", "m.1", "m.2"].map(|n| content(&to, "incoming", n));
    assert_eq!(found, ["theirs", "ours", "ours too"]);

    for text in ["first", "second"] {
        deliver(&from, "bad", text.as_bytes(), 0);
        claim_one(&from).reject(Reason::new("x", text)).unwrap();
    }
    assert_eq!(names(&from, "errors"), ["bad", "bad.1", "bad.1.meta", "bad.meta"]);
    assert_eq!(content(&from, "errors", "bad"), "first");
    assert!(content(&from, "errors", "bad.1.meta").contains("\"error\": \"second\""));

    deliver(&from, "back", b"claimed", 9);
    let claim = claim_one(&from);
    deliver(&from, "back", b"newer", 1);
    claim.release().unwrap();
    assert_eq!(content(&from, "incoming", "back"), "newer");
    assert_eq!(content(&from, "incoming", "back.1"), "claimed");
}

#[test]
fn a_message_called_like_a_sidecar_is_kept() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m.meta", b"a message", 2);
    deliver(&queue, "m", b"another", 1);
    for _ in 0..2 {
        claim_one(&queue).reject(Reason::new("x", "y")).unwrap();
    }
    assert_eq!(content(&queue, "errors", "m.meta"), "a message");
    assert_eq!(names(&queue, "errors"), ["m.1", "m.1.meta", "m.meta", "m.meta.meta"]);
    let failed: Vec<String> = queue.errors().unwrap().iter().map(|f| f.name.to_string()).collect();
    assert_eq!(failed, ["m.1", "m.meta"]);
    assert_eq!(queue.status().unwrap().errors, 2);
}

#[test]
fn acknowledge_removes() {
    for durability in [Durability::Each, Durability::Batch, Durability::None] {
        let spool = Spool::new();
        let queue = spool.queue_with("q", |o| o.durability = durability);
        deliver(&queue, "a", b"x", 1);
        deliver(&queue, "b", b"x", 0);
        let mut claims = queue.claim(10).unwrap();
        let mut refs: Vec<&mut Claim> = claims.iter_mut().collect();
        queue.acknowledge(&mut refs).unwrap();
        queue.acknowledge(&mut refs).unwrap();
        assert!(claims.iter().all(|c| !c.is_open()));
        drop(claims);
        assert_eq!(names(&queue, "incoming"), [""; 0], "a settled claim is not released");
        nothing_left(&queue);
    }
}

#[test]
fn settling_what_somebody_took_away_is_told_and_no_error() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    for n in ["a", "b", "c", "d"] {
        deliver(&from, n, b"x", 0);
    }
    let mut claims = from.claim(4).unwrap();
    for path in claimed(&from) {
        fs::remove_file(path).unwrap();
    }
    let [a, b, c, d] = &mut claims[..] else { panic!() };
    from.acknowledge(&mut [a]).unwrap();
    forward(&from, &to, b, Some(b"changed")).unwrap();
    from.reject(&mut [(c, Reason::new("x", "y"))]).unwrap();
    from.release(&mut [d]).unwrap();
    assert!(claims.iter().all(|c| !c.is_open()));
    let kinds: Vec<NoticeKind> = from.take_notices().iter().map(mentat_queue::Notice::kind).collect();
    assert_eq!(kinds, [NoticeKind::Vanished; 4]);
    assert_eq!((names(&to, "incoming").len(), names(&from, "errors").len()), (0, 0));
}

#[test]
fn reject_says_why() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"12345", 0);
    let reason = Reason::new("bad-json", "expected \"}\"")
        .with("daemon", "mentat-inspector")
        .with("rule", "r1");
    claim_one(&queue).reject(reason).unwrap();
    assert_eq!(content(&queue, "errors", "m"), "12345");
    let meta = content(&queue, "errors", "m.meta");
    let lines: Vec<&str> = meta.lines().collect();
    let time = lines[9].trim();
    assert!(time.starts_with("\"time\": \"20") && time.ends_with("Z\""), "{time}");
    let queue_line = format!("    \"queue\": \"{}\",", queue.dir().display());
    let expected = [
        "{",
        "    \"attempts\": 0,",
        "    \"code\": \"bad-json\",",
        "    \"daemon\": \"mentat-inspector\",",
        "    \"error\": \"expected \\\"}\\\"\",",
        "    \"name\": \"m\",",
        &queue_line,
        "    \"rule\": \"r1\",",
        "    \"size\": 5,",
        lines[9],
        "}",
    ];
    assert_eq!(lines, expected);
    nothing_left(&queue);
}

#[test]
fn a_failed_reject_keeps_the_claim_and_its_sidecar() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"x", 0);
    let mut claim = claim_one(&queue);
    let (errors, aside) = (queue.dir().join("errors"), queue.dir().join("aside"));
    fs::rename(&errors, &aside).unwrap();
    let mut items = [(&mut claim, Reason::new("x", "y"))];
    assert!(queue.reject(&mut items).is_err());
    assert!(items[0].0.is_open());
    fs::rename(&aside, &errors).unwrap();
    queue.reject(&mut items).unwrap();
    queue.reject(&mut items).unwrap();
    assert_eq!(names(&queue, "errors"), ["m", "m.meta"]);
    nothing_left(&queue);
}

#[test]
fn the_longest_name_can_be_rejected_forwarded_and_copied() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    let long = "n".repeat(255);
    for _ in 0..2 {
        deliver(&from, &long, b"x", 0);
        claim_one(&from).reject(Reason::new("x", "y")).unwrap();
    }
    let failed = from.errors().unwrap();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|f| f.meta.is_some()), "{failed:?}");
    deliver(&to, &long, b"x", 0);
    deliver(&from, &long, b"x", 0);
    let claim = claim_one(&from);
    let copy = CopyTo {
        claim: &claim,
        to: &to,
        name: claim.name().child("rule"),
        bytes: None,
    };
    assert_eq!(from.copy(&[copy]).unwrap(), [Published::New]);
    claim.forward(&to).unwrap();
    assert_eq!(names(&to, "incoming").len(), 3);
}

#[test]
fn release_keeps_the_place() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "old", b"x", 100);
    deliver(&queue, "new", b"x", 1);
    let mut claims = queue.claim(10).unwrap();
    let mut refs: Vec<&mut Claim> = claims.iter_mut().rev().collect();
    queue.release(&mut refs).unwrap();
    queue.release(&mut refs).unwrap();
    assert_eq!(names(&queue, "incoming"), ["new", "old"]);
    assert_eq!(claim_one(&queue).name().as_ref(), "old");
    nothing_left(&queue);
}

#[test]
fn copies_go_to_several_queues_and_a_replay_finds_them() {
    let spool = Spool::new();
    let (from, to) = both(&spool);
    let third = spool.queue("third");
    let time = deliver(&from, "m", b"x", 50);
    let claim = claim_one(&from);
    let copy = |to, rule: &str, bytes| CopyTo {
        claim: &claim,
        to,
        name: claim.name().child(rule),
        bytes,
    };
    let items = || {
        [
            copy(&to, "a", None),
            copy(&third, "b", Some(&b"other"[..])),
            copy(&to, "c", None),
        ]
    };
    assert_eq!(from.copy(&items()).unwrap(), [Published::New; 3]);
    assert_eq!(from.copy(&items()).unwrap(), [Published::AlreadyThere; 3]);
    assert!(claim.is_open());
    assert_eq!(names(&to, "incoming"), ["m.a", "m.c"]);
    assert_eq!(content(&third, "incoming", "m.b"), "other");
    assert_eq!(claim_one(&third).modified(), time);
    claim.acknowledge().unwrap();
}

#[test]
fn claims_are_settled_where_they_were_made() {
    let spool = Spool::new();
    let (queue, other) = (spool.queue("q"), spool.queue("q"));
    deliver(&queue, "m", b"x", 0);
    let mut claim = claim_one(&queue);
    let error = other.acknowledge(&mut [&mut claim]).unwrap_err();
    assert!(error.is_fatal() && claim.is_open(), "{error}");
}

/// Two scratch directories on different devices, if this machine has them.
fn devices() -> Option<(Spool, tempfile::TempDir)> {
    let here = Spool::new();
    let there = tempfile::tempdir_in("/dev/shm").ok()?;
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    if device(here.path()) == device(there.path()) {
        return None;
    }
    Some((here, there))
}

#[test]
fn another_device_gets_a_copy_before_the_original_goes() {
    let Some((here, there)) = devices() else {
        println!("not run: /dev/shm is no other device");
        return;
    };
    let from = here.queue("from");
    let to = Queue::open(there.path().join("to"), Options::default()).unwrap();
    let time = deliver(&from, "a", b"unchanged", 30);
    deliver(&from, "b", b"before", 20);
    deliver(&from, "c", b"ours", 10);
    deliver(&to, "c", b"theirs", 10);
    let mut claims = from.claim(10).unwrap();
    let copy = CopyTo {
        claim: &claims[0],
        to: &to,
        name: name("copy"),
        bytes: None,
    };
    assert_eq!(from.copy(&[copy]).unwrap(), [Published::New]);

    let mut items: Vec<_> = claims.iter_mut().zip([None, Some(b"after".to_vec()), None]).collect();
    from.forward(&to, &mut items).unwrap();
    let found = ["a", "b", "c", "c.1", "copy"].map(|n| content(&to, "incoming", n));
    assert_eq!(found, ["unchanged", "after", "theirs", "ours", "unchanged"]);
    assert_eq!(
        fs::metadata(to.dir().join("incoming/a")).unwrap().modified().unwrap(),
        time
    );
    nothing_left(&from);
    nothing_left(&to);
}

#[test]
fn another_device_does_not_get_a_second_copy_after_a_crash_in_between() {
    let Some((here, there)) = devices() else {
        println!("not run: /dev/shm is no other device");
        return;
    };
    let from = here.queue("from");
    let to = Queue::open(there.path().join("to"), Options::default()).unwrap();
    deliver(&from, "m", b"same", 0);
    // What a crash after publishing and before unlinking leaves.
    deliver(&to, "m", b"same", 0);
    claim_one(&from).forward(&to).unwrap();
    assert_eq!(names(&to, "incoming"), ["m"]);
    nothing_left(&from);
    nothing_left(&to);
}

#[test]
fn names_are_kept_through_a_chain() {
    let spool = Spool::new();
    let chain: Vec<Queue> = ["1", "2", "3"].iter().map(|n| spool.queue(n)).collect();
    let made: MessageName = chain[0].enqueue(b"x").unwrap();
    for pair in chain.windows(2) {
        claim_one(&pair[0]).forward(&pair[1]).unwrap();
    }
    assert_eq!(claim_one(&chain[2]).name(), &made);
}
