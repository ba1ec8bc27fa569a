//! Claims of the dead come back, and what is abandoned is tidied away.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mentat_queue::{NoticeKind, Options, Queue};

use crate::support::{Spool, claim_names, claim_one, claimed, content, deliver, names};

const CHILD: &str = "MENTAT_QUEUE_TEST_CHILD";

/// Not a test of its own: what the child processes of the tests below do.
#[test]
fn child_that_claims_and_waits_to_be_killed() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let queue = Queue::open(dir, Options::default()).unwrap();
    let claims = queue.claim(100).unwrap();
    println!("claimed {}", claims.len());
    std::io::stdout().flush().unwrap();
    // Ends with the parent at the latest: its end of the pipe is closed then.
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// A process that has claimed what there is; says how much that was.
fn claimer(queue: &Queue) -> (Child, usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "recovery::child_that_claims_and_waits_to_be_killed",
            "--nocapture",
        ])
        .env(CHILD, queue.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let found = lines
        .filter_map(|l| l.split("claimed ").nth(1).map(str::to_owned))
        .next()
        .unwrap();
    (child, found.parse().unwrap())
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn claims_of_a_killed_process_come_back() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "a", b"x", 60);
    deliver(&queue, "b", b"x", 50);
    let (child, count) = claimer(&queue);
    assert_eq!(count, 2);
    assert_eq!(queue.recover().unwrap().recovered, 0, "its owner lives");
    assert_eq!((names(&queue, "incoming").len(), claimed(&queue).len()), (0, 2));
    assert!(queue.status().unwrap().instances[0].alive);
    assert_eq!(queue.status().unwrap().instances[0].pid, child.id());

    kill(child);
    assert!(!queue.status().unwrap().instances[0].alive);
    let done = queue.recover().unwrap();
    assert_eq!((done.instances, done.recovered, done.quarantined), (1, 2, 0));
    assert_eq!(names(&queue, "incoming"), ["a", "b"], "counters are not visible there");
    assert_eq!(names(&queue, "pending"), [".attempts"]);
    assert_eq!(
        queue
            .take_notices()
            .iter()
            .filter(|n| n.kind() == NoticeKind::Recovered)
            .count(),
        2
    );

    let claims = queue.claim(10).unwrap();
    assert_eq!(
        claims.iter().map(mentat_queue::Claim::attempts).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(claims[0].modified(), time);
    for claim in claims {
        claim.acknowledge().unwrap();
    }
    assert_eq!(
        names(&queue, "pending/.attempts"),
        [""; 0],
        "a settled message needs no counter"
    );
}

#[test]
fn claiming_recovers_by_itself() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"x", 0);
    let (child, _) = claimer(&queue);
    kill(child);
    assert_eq!(claim_one(&queue).attempts(), 1);
}

#[test]
fn after_five_recoveries_comes_quarantine() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "killer", b"x", 0);
    for round in 1..=6 {
        let (child, count) = claimer(&queue);
        assert_eq!(count, 1, "{round}");
        kill(child);
        let done = queue.recover().unwrap();
        let expected = if round <= 5 { (1, 0) } else { (0, 1) };
        assert_eq!((done.recovered, done.quarantined), expected, "{round}");
    }
    assert_eq!(names(&queue, "errors"), ["killer", "killer.meta"]);
    let meta = content(&queue, "errors", "killer.meta");
    assert!(
        meta.contains("\"code\": \"too-many-recoveries\"") && meta.contains("\"attempts\": 6"),
        "{meta}"
    );
    assert_eq!(
        (
            names(&queue, "incoming").len(),
            names(&queue, "pending/.attempts").len()
        ),
        (0, 0)
    );
    assert!(queue.take_notices().iter().any(|n| n.kind() == NoticeKind::Quarantined));
}

#[test]
fn a_suspect_is_claimed_alone() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "fresh-old", b"x", 90);
    deliver(&queue, "suspect", b"x", 80);
    deliver(&queue, "fresh-new", b"x", 70);
    fs::create_dir(queue.dir().join("pending/.attempts")).unwrap();
    fs::write(queue.dir().join("pending/.attempts/suspect"), "2").unwrap();
    let before = queue.claim(10).unwrap();
    let alone = queue.claim(10).unwrap();
    let after = queue.claim(10).unwrap();
    let shape = [before, alone, after].map(|claims| claims.iter().map(|c| c.name().to_string()).collect::<Vec<_>>());
    assert_eq!(shape, [["fresh-old"], ["suspect"], ["fresh-new"]]);
}

/// The directory of a consumer that is gone, as a power cut leaves it.
fn dead_instance(queue: &Queue, messages: &[(&str, &str)]) -> std::path::PathBuf {
    let dir = queue.dir().join("pending/gone.example.1.2");
    fs::create_dir(&dir).unwrap();
    for (name, text) in messages {
        fs::write(dir.join(name), text).unwrap();
    }
    dir
}

#[test]
fn recovery_never_replaces() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "m", b"waiting", 10);
    dead_instance(&queue, &[("m", "claimed")]);
    assert_eq!(queue.recover().unwrap().recovered, 1);
    assert_eq!(
        (content(&queue, "incoming", "m"), content(&queue, "incoming", "m.1")),
        ("waiting".into(), "claimed".into())
    );
}

#[test]
fn recovered_empty_files_are_poison() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    dead_instance(&queue, &[("m", "")]);
    assert_eq!(queue.claim(1).unwrap().len(), 0);
    assert_eq!(names(&queue, "errors"), ["m", "m.meta"]);
    assert!(content(&queue, "errors", "m.meta").contains("\"attempts\": 1"));
}

#[test]
fn what_is_no_instance_is_left_alone() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let pending = queue.dir().join("pending");
    fs::write(pending.join("flat"), "x").unwrap();
    fs::create_dir(pending.join("directory")).unwrap();
    fs::write(pending.join("directory/m"), "x").unwrap();
    let dir = dead_instance(&queue, &[("m", "x")]);
    fs::create_dir(dir.join("sub")).unwrap();
    let done = queue.recover().unwrap();
    assert_eq!((done.instances, done.recovered), (0, 1));
    assert_eq!(
        names(&queue, "pending"),
        [".attempts", "directory", "flat", "gone.example.1.2"]
    );
    assert!(
        queue
            .take_notices()
            .iter()
            .any(|n| n.path().ends_with("gone.example.1.2/sub"))
    );
    fs::remove_dir(dir.join("sub")).unwrap();
    assert_eq!(queue.recover().unwrap().instances, 1);
}

#[test]
fn tmp_is_tidied_after_its_time() {
    let spool = Spool::new();
    let patient = spool.queue("q");
    let tmp = patient.dir().join("tmp");
    fs::write(tmp.join("whole"), "{}").unwrap();
    fs::write(tmp.join("half"), "{").unwrap();
    fs::write(tmp.join("empty"), "").unwrap();
    fs::write(tmp.join("host.example.12.3456.7.tmp"), "{}").unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(7200);
    for entry in fs::read_dir(&tmp).unwrap() {
        fs::File::options()
            .write(true)
            .open(entry.unwrap().path())
            .unwrap()
            .set_modified(old)
            .unwrap();
    }
    assert_eq!(
        patient.recover().unwrap().tidied,
        0,
        "an old time alone is no proof: the inode was changed just now"
    );
    assert_eq!(names(&patient, "tmp").len(), 4);

    let strict = spool.queue_with("q", |o| {
        o.orphan_age = Duration::ZERO;
        o.is_whole = |bytes| bytes.ends_with(b"}");
    });
    assert_eq!(strict.recover().unwrap().tidied, 4);
    assert_eq!(names(&strict, "tmp"), [""; 0]);
    assert_eq!(names(&strict, "errors"), ["whole", "whole.meta"]);
    assert!(content(&strict, "errors", "whole.meta").contains("\"code\": \"orphaned-tmp\""));
    assert_eq!(
        strict
            .take_notices()
            .iter()
            .filter(|n| n.kind() == NoticeKind::Tidied)
            .count(),
        4
    );
}

#[test]
fn counters_of_messages_that_are_gone_are_swept() {
    let spool = Spool::new();
    let queue = spool.queue_with("q", |o| o.orphan_age = Duration::ZERO);
    dead_instance(&queue, &[("stays", "x"), ("goes", "x")]);
    queue.recover().unwrap();
    assert_eq!(names(&queue, "pending/.attempts"), ["goes", "stays"]);
    fs::remove_file(queue.dir().join("incoming/goes")).unwrap();
    queue.recover().unwrap();
    assert_eq!(names(&queue, "pending/.attempts"), ["stays"]);
    assert_eq!(claim_names(&queue, 1), ["stays"]);
}

#[test]
fn several_recoveries_at_once_take_back_everything_once() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let many: Vec<String> = (0..200).map(|n| format!("m{n}")).collect();
    let messages: Vec<(&str, &str)> = many.iter().map(|n| (n.as_str(), "x")).collect();
    dead_instance(&queue, &messages);
    let others: Vec<Queue> = (0..4).map(|_| spool.queue("q")).collect();
    let recovered: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = others
            .iter()
            .map(|q| scope.spawn(|| q.recover().unwrap().recovered))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(recovered, 200);
    assert_eq!(names(&queue, "incoming").len(), 200);
    assert_eq!(names(&queue, "pending"), [".attempts"]);
}

#[test]
fn consumers_come_and_go_while_others_recover() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for n in 0..50 {
        deliver(&queue, &format!("m{n}"), b"x", n);
    }
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let consumer = spool.queue("q");
                    let claims = consumer.claim(5).unwrap();
                    consumer.recover().unwrap();
                    for claim in claims {
                        assert_eq!(claim.attempts(), 0, "nobody died");
                        claim.release().unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(names(&queue, "incoming").len(), 50);
    assert_eq!(names(&queue, "pending"), [""; 0]);
}
