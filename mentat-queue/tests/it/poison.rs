//! Everything in `incoming` that is no message.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use mentat_queue::{NoticeKind, Queue};

use crate::support::{Spool, deliver, names};

const GOOD: usize = 500;

fn good(queue: &Queue) {
    for number in 0..GOOD {
        deliver(queue, &format!("good{number:03}"), b"good", 1000);
    }
}

/// Turns of ten messages that it takes until all good ones are through.
fn turns(queue: &Queue) -> usize {
    let mut seen = 0;
    for turn in 1..=2 * GOOD {
        for claim in queue.claim(10).unwrap() {
            assert_eq!(claim.bytes(), b"good");
            seen += 1;
            claim.acknowledge().unwrap();
        }
        if seen == GOOD {
            return turn;
        }
    }
    panic!("only {seen} came through");
}

#[test]
fn poison_neither_stops_nor_slows_good_traffic() {
    let spool = Spool::new();
    let clean = spool.queue("clean");
    good(&clean);
    let expected = turns(&clean);

    let queue = spool.queue("q");
    let incoming = queue.dir().join("incoming");
    let secret = spool.path().join("secret");
    fs::write(&secret, "good").unwrap();
    for round in 0..20 {
        deliver(&queue, &format!("empty{round}"), b"", 2000);
        let fifo = Command::new("mkfifo")
            .arg(incoming.join(format!("fifo{round}")))
            .status();
        assert!(fifo.unwrap().success());
        drop(UnixListener::bind(incoming.join(format!("socket{round}"))).unwrap());
        symlink(&secret, incoming.join(format!("link{round}"))).unwrap();
        symlink("nowhere", incoming.join(format!("dangling{round}"))).unwrap();
        fs::create_dir(incoming.join(format!("directory{round}"))).unwrap();
        deliver(&queue, &format!("unreadable{round}"), b"good", 2000);
        let unreadable = incoming.join(format!("unreadable{round}"));
        fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o0)).unwrap();
        // Root reads everything.
        if fs::File::open(&unreadable).is_ok() {
            fs::remove_file(&unreadable).unwrap();
        }
    }
    // 100 MiB without a block on the disk, and older than what is good.
    let huge = fs::File::create(incoming.join("huge")).unwrap();
    huge.set_len(100 << 20).unwrap();
    huge.set_modified(std::time::UNIX_EPOCH).unwrap();
    good(&queue);

    let found = turns(&queue);
    assert!(found * 9 <= expected * 10, "{found} turns instead of {expected}");
    let notices = queue.take_notices();
    let count = |kind, what: &str| {
        let named = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().starts_with(what);
        notices.iter().filter(|n| n.kind() == kind && named(n.path())).count()
    };
    for skipped in ["fifo", "socket", "link", "dangling", "directory"] {
        assert_eq!(count(NoticeKind::Skipped, skipped), 20, "{skipped}");
        assert_eq!(
            names(&queue, "incoming")
                .iter()
                .filter(|n| n.starts_with(skipped))
                .count(),
            20
        );
    }
    assert_eq!(count(NoticeKind::Rejected, "empty"), 20);
    let errors = names(&queue, "errors");
    assert!(
        errors.contains(&"huge.meta".to_owned()) && errors.contains(&"empty0.meta".to_owned()),
        "{errors:?}"
    );
    assert_eq!(fs::read_to_string(&secret).unwrap(), "good");
}
