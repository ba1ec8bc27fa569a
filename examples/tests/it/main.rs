//! The examples do what they say.

use mentat_core::queue::{Options, Queue};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Ends the program with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn open(dir: &Path) -> Queue {
    Queue::open(dir, Options::default()).expect("the queue opens")
}

/// The contents of the next message, waited for.
fn next_message(queue: &Queue) -> String {
    let watcher = queue.watch().expect("the queue can be watched");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60) {
        if let Some(claim) = queue.claim(1).expect("the queue can be read").pop() {
            let text = String::from_utf8(claim.bytes().to_vec()).expect("events are text");
            claim.acknowledge().expect("the message can be removed");
            return text;
        }
        watcher.wait(Duration::from_secs(1)).expect("waiting works");
    }
    panic!("no message within a minute");
}

#[test]
fn custom_daemon_marks_events_and_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in"), dir.path().join("out"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_custom_daemon"));
    let mut daemon = Running(program.arg(&input).arg(&output).spawn().unwrap());
    let (from, to) = (open(&input), open(&output));
    for (message, expected) in [
        (
            r#"{"ID": "e1", "Source": [{"IP4": ["10.0.0.1"]}]}"#,
            r#"{"ID": "e1", "Internal": true, "Source": [{"IP4": ["10.0.0.1"]}]}"#,
        ),
        (
            r#"{"Source":[{"IP4":["192.0.2.1"]}]}"#,
            r#"{"Source":[{"IP4":["192.0.2.1"]}]}"#,
        ),
    ] {
        from.enqueue(message.as_bytes()).unwrap();
        assert_eq!(next_message(&to), expected);
    }
    let pid = daemon.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(daemon.0.wait().unwrap().success());
    assert_eq!(from.claim(10).unwrap().len(), 0);
}

#[test]
fn find_events_prints_what_the_filter_finds() {
    let dir = tempfile::tempdir().unwrap();
    let check = |expression: &str, events: &str, expected: &str, fault: &str| {
        let file = dir.path().join("events");
        std::fs::write(&file, events).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_find_events"));
        let program = program.arg(expression).stdin(File::open(&file).unwrap());
        let output = program.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{stderr}");
        assert_eq!(output.status.success(), fault.is_empty(), "{stderr}");
        assert!(stderr.contains(fault), "{stderr}");
    };
    let events = "{\"ID\": \"e1\", \"Source\": [{\"IP4\": [\"192.0.2.1\"], \"IP6\": [\"2001:db8::1\"]}]}\n\
                  {\"ID\": \"e2\", \"Source\": [{\"IP4\": [\"198.51.100.1\"]}]}\n";
    check("Source.IP4 in 192.0.2.0/24", events, "e1 192.0.2.1,2001:db8::1\n", "");
    check("ID = 'e2'", events, "e2 198.51.100.1\n", "");
    check("ID =", events, "", "expected");
    check("ID = 'e2'", "[]\n", "", "an event is a JSON object");
}
