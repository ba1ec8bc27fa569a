use super::*;
use crate::idea::SetPolicy;
use crate::work::Work;
use crate::{Daemon, Parser, component, daemon, read_dispositions};
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// `on_wait` is called whenever the future has to wait.
fn block_on<T>(future: impl Future<Output = T>, mut on_wait: impl FnMut()) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => {
                on_wait();
                std::thread::park();
            }
        }
    }
}

/// Queues `in`, `out` and whatever else is asked for, in a directory of their own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn source_with(&self, output: bool, options: &Options) -> DirectorySource {
        let log = DispositionLog::new(self.path("log"));
        let output = output.then(|| QueueName::new("out"));
        DirectorySource::open(
            "tester",
            self.0.path(),
            &QueueName::new("in"),
            output.as_ref(),
            log,
            options,
        )
        .unwrap()
    }

    fn source(&self) -> DirectorySource {
        self.source_with(true, &Options::default())
    }

    fn enqueue(&self, name: &str, text: &str) {
        let queue = Queue::open(self.path("in"), Options::default()).unwrap();
        queue.publish(&[(&name.parse().unwrap(), text.as_bytes())]).unwrap();
    }

    /// The names of the files in a directory, not of hidden ones.
    fn files(&self, below: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(below)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// The names of the messages that are claimed.
    fn claimed(&self) -> Vec<String> {
        self.files("in/pending")
            .iter()
            .flat_map(|owner| self.files(&format!("in/pending/{owner}")))
            .collect()
    }

    fn text(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    /// `name verdict rule` of each line of the log, repeated lines included.
    /// As the log is read: a set.
    fn lines(&self) -> Vec<String> {
        let lines = read_dispositions(&self.path("log")).unwrap_or_default();
        let mut lines: Vec<String> = lines
            .into_iter()
            .map(|line| format!("{} {:?} {}", line.name, line.verdict, line.rule.unwrap_or_default()))
            .collect();
        lines.sort();
        lines
    }
}

fn claim(source: &mut DirectorySource, wait: Duration) -> Vec<Claimed> {
    block_on(source.claim(100, wait), || {}).unwrap()
}

fn names(claimed: &[Claimed]) -> Vec<&str> {
    let mut names: Vec<&str> = claimed.iter().map(|claimed| claimed.id.as_str()).collect();
    names.sort_unstable();
    names
}

fn settle(source: &mut DirectorySource, works: Vec<Work>) -> Result<(), Error> {
    block_on(source.settle(works.into_iter().map(Work::settle).collect()), || {})
}

/// Claims everything and decides by the first letter of the name.
fn decide(source: &mut DirectorySource) -> Vec<Work> {
    let claimed = claim(source, Duration::ZERO);
    let decide = |claimed: Claimed| {
        let mut work = Work::new(claimed.id, claimed.bytes);
        work.event = crate::Event::parse(work.bytes()).unwrap();
        let first = work.id.as_str().chars().next();
        let outcome = match first {
            Some('c') => {
                work.copy(QueueName::new("branch"), "copier");
                work.copy(QueueName::new("twig"), "copier");
                Outcome::Forward
            }
            Some('d') => Outcome::Drop(Cause::Rule("dropper".into())),
            Some('s') => Outcome::Send(QueueName::new("side")),
            Some('r') => Outcome::Reject(Reason::new("bad", "is bad")),
            Some('g') => Outcome::Done,
            Some('u') => Outcome::Drop(Cause::Duplicate),
            _ => Outcome::Forward,
        };
        work.finish(outcome, "decider");
        work
    };
    claimed.into_iter().map(decide).collect()
}

const ALL: [&str; 7] = ["c", "d", "f", "g", "r", "s", "u"];

fn check_all_settled(place: &Place, stage: &str) {
    assert_eq!(place.files("branch/incoming"), ["c.copier"], "{stage}");
    assert_eq!(place.files("twig/incoming"), ["c.copier"], "{stage}");
    assert_eq!(place.files("out/incoming"), ["c", "f"], "{stage}");
    assert_eq!(place.files("side/incoming"), ["s"], "{stage}");
    assert_eq!(place.files("in/errors"), ["r", "r.meta"], "{stage}");
    assert_eq!(place.claimed(), [""; 0], "{stage}");
    assert_eq!(place.files("in/incoming"), [""; 0], "{stage}");
    let lines = [
        "c.copier Copied copier",
        "c.copier Copied copier",
        "d Dropped decider",
        "s Dispatched decider",
        "u Duplicate decider",
    ];
    assert_eq!(place.lines(), lines, "{stage}");
}

#[test]
fn a_batch_is_settled_in_order_and_goes_on_where_it_failed() {
    // Each stage is made to fail by what stands in its way; then that is taken away.
    for (stage, obstacle, kept, lines) in [
        ("nothing", "", &[][..], 5),
        ("the first copies", "branch/incoming", &ALL[..], 0),
        ("the second copies", "twig/incoming", &ALL[..], 0),
        ("the log", "log", &ALL[..], 0),
        ("forwarding", "out/incoming", &ALL[..], 2),
        ("sending", "side/incoming", &["d", "g", "r", "s", "u"][..], 5),
        ("rejecting", "in/errors", &["d", "g", "r", "u"][..], 5),
    ] {
        let place = Place::new();
        let mut source = place.source();
        for name in ALL {
            place.enqueue(name, r#"{"ID": "e"}"#);
        }
        let works = decide(&mut source);
        assert_eq!(works.len(), ALL.len());
        if !obstacle.is_empty() {
            let path = place.path(obstacle);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if obstacle == "log" {
                fs::create_dir(&path).unwrap();
            } else {
                let _ = fs::remove_dir(&path);
                fs::write(&path, "in the way").unwrap();
            }
            settle(&mut source, works).unwrap_err();
            settle(&mut source, Vec::new()).unwrap_err();
            assert_eq!(place.claimed(), kept, "{stage}");
            // Copies have their lines before their originals move on, the others before they go.
            assert_eq!(place.lines().len(), lines, "{stage}");
            if obstacle == "log" {
                fs::remove_dir(&path).unwrap()
            } else {
                fs::remove_file(&path).unwrap()
            }
            if obstacle != "log" {
                fs::create_dir(&path).unwrap();
            }
            settle(&mut source, Vec::new()).unwrap();
        } else {
            settle(&mut source, works).unwrap();
        }
        check_all_settled(&place, stage);
        settle(&mut source, Vec::new()).unwrap();
        check_all_settled(&place, stage);
    }
}

#[test]
fn copies_that_were_consumed_are_not_published_again() {
    let place = Place::new();
    let mut source = place.source();
    place.enqueue("c", "{}");
    let works = decide(&mut source);
    fs::create_dir_all(place.path("twig")).unwrap();
    fs::write(place.path("twig/incoming"), "in the way").unwrap();
    settle(&mut source, works).unwrap_err();
    fs::remove_file(place.path("branch/incoming/c.copier")).unwrap();
    fs::remove_file(place.path("twig/incoming")).unwrap();
    fs::create_dir(place.path("twig/incoming")).unwrap();
    settle(&mut source, Vec::new()).unwrap();
    assert_eq!(place.files("branch/incoming"), [""; 0]);
    assert_eq!(place.files("twig/incoming"), ["c.copier"]);
}

#[test]
fn a_replay_after_the_end_of_the_process_finds_its_copies() {
    let place = Place::new();
    let mut source = place.source();
    for name in ALL {
        place.enqueue(name, r#"{"ID": "e"}"#);
    }
    let works = decide(&mut source);
    fs::remove_dir(place.path("out/incoming")).unwrap();
    settle(&mut source, works).unwrap_err();
    drop(source);
    assert_eq!(place.files("in/incoming"), ALL);
    let mut source = place.source();
    let works = decide(&mut source);
    settle(&mut source, works).unwrap();
    check_all_settled(&place, "replay");
}

#[test]
fn unchanged_messages_keep_their_bytes_and_changed_ones_are_rewritten() {
    let place = Place::new();
    let mut source = place.source();
    let odd = "\n{ \"Note\":\"x\", \"ID\" : \"e\"}  ";
    for name in ["a", "b", "s", "z"] {
        place.enqueue(name, odd);
    }
    let mut works = decide(&mut source);
    for work in works.iter_mut().filter(|work| work.id.as_str() != "a") {
        work.copy(QueueName::new("branch"), "before");
        work.event
            .set(&"Note".parse().unwrap(), &"y".into(), SetPolicy::default())
            .unwrap();
        work.copy(QueueName::new("branch"), "after");
    }
    settle(&mut source, works).unwrap();
    let canonical = r#"{"ID": "e", "Note": "y"}"#;
    for (file, text) in [
        ("out/incoming/a", odd),
        ("out/incoming/b", canonical),
        ("side/incoming/s", canonical),
        ("branch/incoming/b.before", odd),
        ("branch/incoming/b.after", canonical),
    ] {
        assert_eq!(place.text(file), text, "{file}");
    }
}

#[test]
fn without_an_output_queue_messages_are_dropped_with_a_line() {
    let place = Place::new();
    let mut source = place.source_with(false, &Options::default());
    place.enqueue("f", r#"{"ID": "e1"}"#);
    let works = decide(&mut source);
    settle(&mut source, works).unwrap();
    assert_eq!(place.lines(), ["f Dropped no output queue"]);
    assert_eq!(place.claimed(), [""; 0]);
    let lines = read_dispositions(&place.path("log")).unwrap();
    assert_eq!(lines[0].id.as_deref(), Some("e1"));
}

#[test]
fn the_sidecar_says_who_rejected_what_and_why() {
    let place = Place::new();
    let mut source = place.source();
    place.enqueue("r", r#"{"ID": "e1"}"#);
    let works = decide(&mut source);
    settle(&mut source, works).unwrap();
    let sidecar: serde_json::Value = serde_json::from_str(&place.text("in/errors/r.meta")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for (key, value) in [
        ("code", "bad"),
        ("error", "is bad"),
        ("daemon", "tester"),
        ("component", "decider"),
        ("id", "e1"),
        ("version", version),
        ("name", "r"),
    ] {
        assert_eq!(sidecar[key], value, "{key}");
    }
}

#[test]
fn an_event_that_outgrew_its_queue_is_rejected_alone() {
    let place = Place::new();
    let mut options = Options::default();
    options.max_message_bytes = 100;
    let mut source = place.source_with(true, &options);
    for name in ["a", "b", "s"] {
        place.enqueue(name, r#"{"ID": "e"}"#);
    }
    let mut works = decide(&mut source);
    let long = "x".repeat(100);
    for work in works.iter_mut().filter(|work| work.id.as_str() != "a") {
        work.event
            .set(&"Note".parse().unwrap(), &long.as_str().into(), SetPolicy::default())
            .unwrap();
    }
    settle(&mut source, works).unwrap();
    assert_eq!(place.files("out/incoming"), ["a"]);
    assert_eq!(place.files("in/errors"), ["b", "b.meta", "s", "s.meta"]);
    assert!(place.text("in/errors/b.meta").contains("too-large"));
}

#[test]
fn a_full_output_queue_pauses_claiming() {
    let place = Place::new();
    let mut options = Options::default();
    options.limit = 1;
    let mut source = place.source_with(true, &options);
    fs::write(place.path("out/incoming/before"), "{}").unwrap();
    place.enqueue("m", "{}");
    assert_eq!(names(&claim(&mut source, Duration::ZERO)), [""; 0]);
    let begin = Instant::now();
    assert_eq!(names(&claim(&mut source, Duration::from_millis(60))), [""; 0]);
    assert!(begin.elapsed() >= Duration::from_millis(60));
    assert_eq!(place.files("in/incoming"), ["m"]);
    fs::remove_file(place.path("out/incoming/before")).unwrap();
    assert_eq!(names(&claim(&mut source, Duration::from_millis(1))), ["m"]);
}

#[test]
fn no_more_is_claimed_than_the_output_queue_has_room_for() {
    let place = Place::new();
    let mut options = Options::default();
    options.limit = 3;
    let mut source = place.source_with(true, &options);
    for at in 0..40 {
        place.enqueue(&format!("f{at}"), "{}");
    }
    let works = decide(&mut source);
    assert_eq!(works.len(), 3);
    settle(&mut source, works).unwrap();
    assert_eq!(names(&claim(&mut source, Duration::ZERO)), [""; 0]);
    assert_eq!(place.files("out/incoming").len(), 3);
}

#[test]
fn a_claim_waits_as_long_as_it_is_told() {
    let place = Place::new();
    let mut source = place.source();
    let wait = Duration::from_millis(60);
    for _ in 0..3 {
        let begin = Instant::now();
        assert_eq!(names(&claim(&mut source, wait)), [""; 0]);
        assert!(begin.elapsed() >= wait, "{:?}", begin.elapsed());
    }
}

/// Far longer than any test takes: a wait that long would be noticed.
const LONG: Duration = Duration::from_secs(600);

#[test]
fn an_arriving_message_ends_the_wait() {
    let place = Arc::new(Place::new());
    let mut source = place.source();
    for name in ["m1", "m2", "m3"] {
        let (waits, waiting) = mpsc::channel();
        let theirs = Arc::clone(&place);
        let producer = std::thread::spawn(move || {
            waiting.recv().unwrap();
            theirs.enqueue(name, "{}");
        });
        let mut found = Vec::new();
        while found.is_empty() {
            // The other end is gone when the message is there.
            found = block_on(source.claim(10, LONG), || {
                let _ = waits.send(());
            })
            .unwrap();
        }
        producer.join().unwrap();
        assert_eq!(names(&found), [name]);
    }
}

#[test]
fn a_message_that_arrives_after_a_wait_was_given_up_is_seen() {
    let place = Place::new();
    let mut source = place.source();
    for name in ["m1", "m2", "m3"] {
        // What an earlier wait saw may end this one at once; then there is nothing to be claimed.
        while let Poll::Ready(found) = source
            .claim(10, LONG)
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            assert_eq!(names(&found.unwrap()), [""; 0]);
        }
        place.enqueue(name, "{}");
        assert_eq!(names(&claim(&mut source, LONG)), [name]);
    }
}

/// Adds a note, unless the database of this world is away.
struct Noter {
    away: bool,
}

impl component::Component for Noter {
    fn name(&self) -> &'static str {
        "noter"
    }

    fn process<'a>(
        &'a mut self,
        batch: &'a mut crate::Batch,
        _: &'a mut component::Context,
    ) -> Fut<'a, Result<(), Error>> {
        let result = if self.away {
            Err(Error::transient("away"))
        } else {
            Ok(())
        };
        for work in batch.iter_open() {
            work.event
                .set(&"Note".parse().unwrap(), &"n".into(), SetPolicy::default())
                .unwrap();
        }
        Box::pin(std::future::ready(result))
    }
}

fn once() -> daemon::Options {
    daemon::Options {
        once: true,
        ..daemon::Options::default()
    }
}

#[test]
fn a_daemon_moves_messages_from_queue_to_queue() {
    let place = Place::new();
    place.enqueue("m1", r#"{"ID": "e1"}"#);
    place.enqueue("m2", "not json");
    let mut daemon = Daemon::new(place.source(), once())
        .with(Parser::new())
        .with(Noter { away: false });
    while !matches!(block_on(daemon.step(), || {}).unwrap(), daemon::Step::Stopped) {}
    assert_eq!(place.text("out/incoming/m1"), r#"{"ID": "e1", "Note": "n"}"#);
    assert_eq!(place.files("in/errors"), ["m2", "m2.meta"]);
    assert!(place.text("in/errors/m2.meta").contains("bad_json"));
}

#[test]
fn dropping_a_daemon_gives_its_messages_back() {
    let place = Place::new();
    place.enqueue("m1", r#"{"ID": "e1"}"#);
    let mut daemon = Daemon::new(place.source(), once())
        .with(Parser::new())
        .with(Noter { away: true });
    while !matches!(block_on(daemon.step(), || {}).unwrap(), daemon::Step::Backoff { .. }) {}
    assert_eq!(place.claimed(), ["m1"]);
    drop(daemon);
    assert_eq!(place.files("in/incoming"), ["m1"]);
    assert_eq!(place.text("in/incoming/m1"), r#"{"ID": "e1"}"#);
}
