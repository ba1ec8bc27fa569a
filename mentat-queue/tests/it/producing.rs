//! Opening, enqueueing, publishing, back-pressure.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mentat_queue::{Options, Published, Queue, Reason};

use crate::support::{Spool, claim_one, claimed, content, deliver, name, names};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn open_makes_directories_with_the_mode_asked_for() {
    let spool = Spool::new();
    let queue = spool.queue_with("deep/er/q", |o| o.directory_mode = 0o2773);
    for sub in ["incoming", "pending", "tmp", "errors"] {
        assert_eq!(mode(&queue.dir().join(sub)), 0o2773, "{sub}");
    }
    assert_eq!(names(&queue, ""), ["errors", "incoming", "pending", "tmp"]);
    assert_eq!(names(&queue, "pending"), [""; 0], "no instance before the first claim");
}

#[test]
fn open_keeps_what_is_there() {
    let spool = Spool::new();
    let incoming = spool.path().join("q/incoming");
    fs::create_dir_all(&incoming).unwrap();
    fs::set_permissions(&incoming, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(incoming.join("m"), "x").unwrap();
    let queue = spool.queue("q");
    assert_eq!(mode(&incoming), 0o700);
    assert_eq!(names(&queue, "incoming"), ["m"]);
}

#[test]
fn open_on_a_file_is_fatal_and_says_where() {
    let spool = Spool::new();
    fs::write(spool.path().join("file"), "").unwrap();
    let error = Queue::open(spool.path().join("file"), Options::default()).unwrap_err();
    assert!(
        error.is_fatal() && !error.is_transient() && !error.is_poison(),
        "{error}"
    );
    assert!(error.to_string().contains("file/incoming"), "{error}");
}

#[test]
fn a_queue_is_shared_by_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    fn sent<T: Send + 'static>(_: &T) {}
    let spool = Spool::new();
    let queue = spool.queue("q");
    queue.enqueue(b"x").unwrap();
    shared(&queue);
    sent(&claim_one(&queue));
}

#[test]
fn enqueued_files_are_whole_and_named_as_documented() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let name = queue.enqueue(b"{}").unwrap();
    assert_eq!(names(&queue, "incoming"), [name.to_string()]);
    assert_eq!(content(&queue, "incoming", name.as_ref()), "{}");
    assert_eq!(names(&queue, "tmp"), [""; 0]);
    let path = queue.dir().join("incoming").join(name.as_ref());
    assert_eq!(mode(&path), 0o664);

    let parts: Vec<&str> = name.as_ref().rsplit('.').collect();
    let meta = fs::metadata(&path).unwrap();
    use std::os::unix::fs::MetadataExt;
    assert_eq!(parts[0], "msg");
    assert_eq!(parts[1], meta.ino().to_string());
    assert_eq!(parts[2], meta.dev().to_string());
    assert_eq!(parts[3].len(), 6, "microseconds");
    assert_eq!(parts[5], std::process::id().to_string());
}

#[test]
fn enqueue_all_keeps_the_order() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let texts: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let made = queue.enqueue_all(&bytes).unwrap();
    let claims = queue.claim(100).unwrap();
    assert_eq!(claims.iter().map(|c| c.name().clone()).collect::<Vec<_>>(), made);
    assert_eq!(claims.iter().map(|c| c.bytes()).collect::<Vec<_>>(), bytes);
    assert_eq!(queue.enqueue_all(&[]).unwrap(), []);
}

#[test]
fn messages_of_the_wrong_size_are_poison_and_leave_nothing() {
    let spool = Spool::new();
    let queue = spool.queue_with("q", |o| o.max_message_bytes = 4);
    assert!(queue.enqueue(b"").unwrap_err().is_poison());
    assert!(queue.enqueue_all(&[b"1234", b"12345"]).unwrap_err().is_poison());
    assert!(queue.publish(&[(&name("m"), b"12345")]).unwrap_err().is_poison());
    assert_eq!((names(&queue, "incoming").len(), names(&queue, "tmp").len()), (0, 0));
    queue.enqueue(b"1234").unwrap();
}

#[test]
fn publish_finds_its_copy_wherever_it_is() {
    let spool = Spool::new();
    let (queue, other) = (spool.queue("q"), spool.queue("q"));
    let copy = name("m.rule");
    let publish = || queue.publish(&[(&copy, b"again")]).unwrap();

    assert_eq!(queue.publish(&[(&copy, b"copy")]).unwrap(), [Published::New]);
    assert_eq!(publish(), [Published::AlreadyThere], "incoming");
    assert_eq!(content(&queue, "incoming", "m.rule"), "copy");

    let claim = claim_one(&queue);
    assert_eq!(publish(), [Published::AlreadyThere], "claimed by the same queue");
    claim.release().unwrap();
    let claim = claim_one(&other);
    assert_eq!(publish(), [Published::AlreadyThere], "claimed by another instance");
    claim.reject(Reason::new("x", "y")).unwrap();
    assert_eq!(publish(), [Published::AlreadyThere], "errors");

    fs::write(queue.dir().join("pending/flat"), "x").unwrap();
    assert_eq!(
        queue.publish(&[(&name("flat"), b"x")]).unwrap(),
        [Published::AlreadyThere],
        "claimed by others"
    );
    assert_eq!(names(&queue, "incoming"), [""; 0]);
    assert_eq!(names(&queue, "tmp"), [""; 0]);
}

#[test]
fn publish_takes_a_name_once_per_call() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    deliver(&queue, "there", b"old", 0);
    let (there, a, b) = (name("there"), name("a"), name("b"));
    let items: [(_, &[u8]); 4] = [(&a, b"1"), (&there, b"2"), (&a, b"3"), (&b, b"4")];
    use Published::{AlreadyThere, New};
    assert_eq!(queue.publish(&items).unwrap(), [New, AlreadyThere, AlreadyThere, New]);
    let found = ["a", "b", "there"].map(|n| content(&queue, "incoming", n));
    assert_eq!(found, ["1", "4", "old"]);
    assert_eq!(names(&queue, "tmp"), [""; 0]);
}

#[test]
fn room_closes_at_the_limit_and_opens_at_four_fifths() {
    let spool = Spool::new();
    let queue = spool.queue_with("q", |o| o.limit = 10);
    let consumer = spool.queue("q");
    for n in 0..10 {
        assert!(queue.has_room().unwrap(), "{n}");
        queue.enqueue(b"x").unwrap();
    }
    assert!(!queue.has_room().unwrap());
    claim_one(&consumer).acknowledge().unwrap();
    assert!(!queue.has_room().unwrap(), "9 is below the limit, but above 80 %");
    claim_one(&consumer).acknowledge().unwrap();
    assert!(queue.has_room().unwrap(), "8");
    queue.enqueue(b"x").unwrap();
    assert!(queue.has_room().unwrap(), "9 on the way up");
    queue.enqueue(b"x").unwrap();
    assert!(!queue.has_room().unwrap(), "10");
}

#[test]
fn room_counts_what_is_forwarded_and_published() {
    let spool = Spool::new();
    let (source, target) = (spool.queue("a"), spool.queue_with("b", |o| o.limit = 2));
    assert!(target.has_room().unwrap());
    source.enqueue(b"x").unwrap();
    claim_one(&source).forward(&target).unwrap();
    assert!(target.has_room().unwrap());
    target.publish(&[(&name("m"), b"x")]).unwrap();
    assert!(!target.has_room().unwrap());
    claim_one(&target).acknowledge().unwrap();
    assert!(
        target
            .has_room()
            .is_ok_and(|room| room == (target.status().unwrap().incoming <= 1))
    );
}

#[test]
fn without_a_limit_there_is_room() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    queue.enqueue_all(&[b"x".as_slice(); 50]).unwrap();
    assert!(queue.has_room().unwrap());
}

#[test]
fn status_counts_everything() {
    let spool = Spool::new();
    let queue = spool.queue("q");
    let time = deliver(&queue, "old", b"x", 500);
    deliver(&queue, "new", b"x", 5);
    deliver(&queue, "claimed", b"x", 1000);
    deliver(&queue, "bad", b"x", 900);
    let claim = claim_one(&queue);
    claim_one(&queue).reject(Reason::new("x", "y")).unwrap();
    fs::write(queue.dir().join("pending/flat"), "x").unwrap();
    fs::write(queue.dir().join("tmp/half"), "x").unwrap();

    let status = queue.status().unwrap();
    assert_eq!(
        (
            status.incoming,
            status.pending,
            status.pending_flat,
            status.tmp,
            status.errors
        ),
        (2, 2, 1, 1, 1)
    );
    assert_eq!(status.oldest, Some(time));
    let [instance] = &status.instances[..] else {
        panic!("{:?}", status.instances)
    };
    assert_eq!(
        (instance.pid, instance.alive, instance.claimed),
        (std::process::id(), true, 1)
    );
    drop(claim);
    assert_eq!(claimed(&queue).len(), 0);

    let failed = queue.errors().unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (failed[0].name.as_ref(), failed[0].path.clone()),
        ("bad", queue.dir().join("errors/bad"))
    );
    assert!(failed[0].meta.as_ref().unwrap().contains("\"code\": \"x\""));
}
