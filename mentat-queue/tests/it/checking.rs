//! Faults of queues: each is found and explained, and after a repair only what a person has to decide is left.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use mentat_queue::{Fault, Finding, Queue, Reason, Repair};

use crate::support::{Spool, claim_one, deliver, names};

/// Everything that is left behind counts as left behind at once.
fn impatient(spool: &Spool) -> Queue {
    spool.queue_with("q", |o| o.orphan_age = Duration::ZERO)
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
    fs::write(dir.join(name), text).unwrap();
}

fn remaining(findings: &[Finding]) -> Vec<Fault> {
    findings.iter().filter(|f| f.remains()).map(|f| f.fault).collect()
}

/// Breaks a queue in one way and checks what is found, whether a repair is complete, and where the message is then.
fn check(damage: impl Fn(&Path), fault: Fault, repairable: bool, after: &[(&str, &[&str])]) {
    let spool = Spool::new();
    let queue = impatient(&spool);
    damage(queue.dir());
    let operator = queue.operator();
    let found = operator.fsck(false).unwrap();
    assert_eq!(remaining(&found), [fault], "{found:?}");
    assert!(!found[0].text.is_empty() && found[0].path.starts_with(queue.dir()));
    assert_eq!(operator.fsck(false).unwrap(), found, "looking changes nothing");
    assert_eq!(matches!(found[0].repair, Repair::Possible(_)), repairable, "{found:?}");
    let repaired = operator.fsck(true).unwrap();
    assert_eq!(
        repaired
            .iter()
            .any(|f| f.fault == fault && matches!(f.repair, Repair::Done(_))),
        repairable,
        "{repaired:?}"
    );
    let again = operator.fsck(true).unwrap();
    assert!(again.iter().all(|f| !matches!(f.repair, Repair::Done(_))), "{again:?}");
    let expected: &[Fault] = if repairable { &[] } else { &[fault] };
    assert_eq!(remaining(&again), expected, "{again:?}");
    for (sub, expected) in after {
        assert_eq!(names(&queue, sub), *expected, "{sub}");
    }
}

#[test]
fn a_sound_queue_has_no_findings() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "a", b"x", 0);
    deliver(&queue, "b", b"x", 0);
    deliver(&queue, "c", b"x", 0);
    claim_one(&queue).defer(Duration::from_secs(60)).unwrap();
    claim_one(&queue).reject(Reason::new("x", "y")).unwrap();
    let _claimed = claim_one(&queue);
    queue.enqueue(b"x").unwrap();
    assert_eq!(queue.operator().fsck(true).unwrap(), []);
}

#[test]
fn what_can_be_repaired() {
    let incoming: [(&str, &[&str]); 1] = [("incoming", &["m"])];
    check(
        |q| fs::remove_dir(q.join("tmp")).unwrap(),
        Fault::MissingDirectory,
        true,
        &[("tmp", &[])],
    );
    check(|q| write(q, "pending/m", "x"), Fault::FlatClaim, true, &incoming);
    check(
        |q| write(q, "pending/gone.1.2/m", "x"),
        Fault::DeadOwner,
        true,
        &incoming,
    );
    check(
        |q| fs::create_dir(q.join("pending/gone.1.2")).unwrap(),
        Fault::DeadOwner,
        true,
        &[("pending", &[])],
    );
    check(
        |q| write(q, "tmp/m", "x"),
        Fault::StaleTmp,
        true,
        &[("tmp", &[]), ("errors", &["m", "m.meta"])],
    );
    check(
        |q| write(q, "tmp/m", ""),
        Fault::StaleTmp,
        true,
        &[("tmp", &[]), ("errors", &[])],
    );
    check(
        |q| write(q, "incoming/m", ""),
        Fault::Empty,
        true,
        &[("incoming", &[]), ("errors", &["m", "m.meta"])],
    );
    check(
        |q| write(q, "errors/m", "x"),
        Fault::NoSidecar,
        true,
        &[("errors", &["m", "m.meta"])],
    );
    check(
        |q| write(q, "errors/m.meta", "{\"code\": \"x\"}"),
        Fault::OrphanSidecar,
        true,
        &[("errors", &[])],
    );
    check(
        |q| write(q, "pending/.attempts/m", "2"),
        Fault::LeftoverAttempts,
        true,
        &[("pending/.attempts", &[])],
    );
    check(|q| write(q, "deferred/1/m", "x"), Fault::Overdue, true, &incoming);
    check(|q| write(q, "deferred/m", "x"), Fault::NoDueTime, true, &incoming);
}

#[test]
fn what_a_person_has_to_decide() {
    check(
        |q| write(q, "incoming/.m", "x"),
        Fault::Hidden,
        false,
        &[("incoming", &[".m"])],
    );
    check(|q| write(q, "hold/.m", "x"), Fault::Hidden, false, &[("hold", &[".m"])]);
    check(
        |q| symlink("/etc/hostname", q.join("incoming/m")).unwrap(),
        Fault::NotRegular,
        false,
        &[("incoming", &["m"])],
    );
    check(
        |q| fs::create_dir(q.join("incoming/m")).unwrap(),
        Fault::NotRegular,
        false,
        &[("incoming", &["m"])],
    );
    check(
        |q| fs::create_dir(q.join("errors/m")).unwrap(),
        Fault::NotRegular,
        false,
        &[("errors", &["m"])],
    );
    check(
        |q| fs::create_dir(q.join("pending/m")).unwrap(),
        Fault::NotRegular,
        false,
        &[("pending", &["m"])],
    );
    check(
        |q| write(q, "errors/m.meta", "{\"Node\": []}"),
        Fault::OrphanSidecar,
        false,
        &[("errors", &["m.meta"])],
    );
    check(
        |q| fs::create_dir_all(q.join("deferred/soon")).unwrap(),
        Fault::NoDueTime,
        false,
        &[],
    );
    let bad = || <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff");
    check(
        |q| fs::write(q.join("incoming").join(bad()), "x").unwrap(),
        Fault::BadName,
        false,
        &[],
    );
    let chmod = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    check(|q| chmod(&q.join("incoming"), 0o777), Fault::DirectoryMode, false, &[]);
}

#[test]
fn a_repair_that_is_not_complete_says_so() {
    let spool = Spool::new();
    let queue = impatient(&spool);
    write(queue.dir(), "pending/gone.1.2/.m", "x");
    write(queue.dir(), "pending/gone.1.2/n", "x");
    let found = queue.operator().fsck(true).unwrap();
    assert_eq!(remaining(&found), [Fault::DeadOwner, Fault::Hidden], "{found:?}");
    assert!(
        matches!(&found[0].repair, Repair::Failed(why) if why.contains("no message")),
        "{found:?}"
    );
    assert_eq!(names(&queue, "incoming"), ["n"], "what could be done was done");
}

#[test]
fn a_directory_that_is_somewhere_else() {
    let spool = Spool::new();
    let queue = impatient(&spool);
    fs::remove_dir(queue.dir().join("errors")).unwrap();
    symlink(spool.path(), queue.dir().join("errors")).unwrap();
    assert!(remaining(&queue.operator().fsck(false).unwrap()).contains(&Fault::NotADirectory));
}

#[test]
fn what_may_be_work_in_progress_is_not_touched() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    for name in ["pending/m", "tmp/m", "errors/n.meta"] {
        write(queue.dir(), name, "{}");
    }
    write(queue.dir(), "incoming/same", "x");
    write(queue.dir(), "hold/same", "x");
    write(queue.dir(), "hold/SAME", "x");
    let found = queue.operator().fsck(true).unwrap();
    let faults: Vec<Fault> = found.iter().map(|f| f.fault).collect();
    let expected = [
        Fault::FlatClaim,
        Fault::OrphanSidecar,
        Fault::SameName,
        Fault::SimilarName,
    ];
    assert_eq!(faults, expected, "{found:?}");
    assert!(found.iter().all(|f| f.repair == Repair::NotNeeded));
    assert_eq!(names(&queue, "pending"), ["m"]);
}

#[test]
fn one_repair_may_need_another() {
    let spool = Spool::new();
    let queue = impatient(&spool);
    fs::remove_dir(queue.dir().join("errors")).unwrap();
    write(queue.dir(), "pending/gone.1.2/empty", "");
    write(queue.dir(), "pending/gone.1.2/m", "x");
    write(queue.dir(), "tmp/whole", "x");
    let operator = queue.operator();
    let found = operator.fsck(true).unwrap();
    assert_eq!(remaining(&found), [], "{found:?}");
    assert_eq!(operator.fsck(true).unwrap(), []);
    assert_eq!(names(&queue, "incoming"), ["m"]);
    assert_eq!(names(&queue, "errors"), ["empty", "empty.meta", "whole", "whole.meta"]);
    let text = found[0].to_string();
    assert!(
        text.contains("errors: missing-directory: ") && text.contains("(repaired: made"),
        "{text}"
    );
}
