//! The main job, end to end: real processes, real queues, a real database.

use crate::program::{Scratch, ends, figure, json, processes, signal, stderr, stdout};
use serde_json::Value;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Every message is accounted for exactly once, and nothing is left in the chain.
fn check_figures(figures: &Value, read: u64) {
    let sum = |names: &[&str]| names.iter().map(|name| figure(figures, name)).sum::<u64>();
    assert_eq!(figure(figures, "read"), read, "{figures}");
    assert_eq!(
        sum(&["read", "copied"]),
        sum(&["stored", "dropped", "rejected", "duplicates", "dispatched", "queued"]),
        "{figures}"
    );
    assert_eq!(figures["complete"], true, "{figures}");
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn idea_small(scratch: &Scratch) -> PathBuf {
    let text = Command::new("gzip")
        .arg("-dc")
        .arg(data("idea-small.jsonl.gz"))
        .output()
        .unwrap();
    assert!(text.status.success());
    scratch.file("idea-small.jsonl", text.stdout)
}

#[test]
fn generated_events_are_inspected_enriched_stored_and_found() {
    let scratch = Scratch::new();
    let figures = json(scratch.demo().args(["--events", "300", "--seed", "5"]));
    check_figures(&figures, 300);
    for name in ["stored", "dropped", "dispatched", "copied"] {
        assert!(figure(&figures, name) > 0, "{name} in {figures}");
    }
    // Copies wait for a consumer that the demo does not have.
    assert_eq!(figure(&figures, "queued"), figure(&figures, "copied"));
    let count = json(scratch.tool().args(["events", "count", "--json"]));
    assert_eq!(figure(&count, "count"), figure(&figures, "stored"));
    let found = ends(
        scratch.tool().args([
            "events",
            "search",
            "--category",
            "Recon.Scanning",
            "--limit",
            "4",
            "--json",
        ]),
        0,
    );
    let events: Vec<Value> = stdout(&found)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 4);
    for event in &events {
        assert_eq!(event["_Mentat"]["EventClass"], "recon-scanning", "{event}");
        let shown = ends(
            scratch
                .tool()
                .args(["events", "show", event["ID"].as_str().unwrap(), "--json"]),
            0,
        );
        assert_eq!(serde_json::from_str::<Value>(&stdout(&shown)).unwrap(), *event);
    }
    let enriched = scratch
        .tool()
        .args(["events", "count", "--group", "abuse@north.example.org"])
        .output()
        .unwrap();
    assert!(stdout(&enriched).trim().parse::<u64>().unwrap() > 0);
    let status = json(scratch.tool().args(["queue", "status", "--json"]));
    let copies = status["queues"]
        .as_array()
        .unwrap()
        .iter()
        .find(|queue| queue["queue"] == "malware-team")
        .unwrap();
    assert_eq!(copies["incoming"].as_u64(), Some(figure(&figures, "copied")));
    let stopped = ends(scratch.tool().args(["db", "stop"]), 0);
    assert_eq!(stdout(&stopped), "stopped\n");
}

#[test]
fn a_file_of_ones_own_is_stored_once() {
    let scratch = Scratch::new();
    let file = idea_small(&scratch);
    let first = json(scratch.demo().arg("--input").arg(&file));
    check_figures(&first, 200);
    assert_eq!(figure(&first, "stored"), 200);
    let second = json(scratch.demo().arg("--input").arg(&file));
    check_figures(&second, 200);
    assert_eq!((figure(&second, "stored"), figure(&second, "duplicates")), (0, 200));
}

#[test]
fn events_of_real_detectors_are_refused_with_a_reason_or_repaired() {
    let input = data("real-world.jsonl");
    // Unless told otherwise, a single port is taken as a list of one.
    let scratch = Scratch::new();
    let figures = json(scratch.demo().arg("--input").arg(&input));
    check_figures(&figures, 18);
    assert_eq!((figure(&figures, "stored"), figure(&figures, "rejected")), (18, 0));
    let scratch = Scratch::new();
    scratch.file("etc/mentat/core/parsing.toml", "parse_mode = \"lenient\"");
    let figures = json(scratch.demo().arg("--input").arg(&input));
    check_figures(&figures, 18);
    assert_eq!((figure(&figures, "stored"), figure(&figures, "rejected")), (14, 4));
    let reason = &figures["rejected_by"]["not_a_list"];
    assert_eq!(reason["count"], 4);
    let example = reason["example"].as_str().unwrap();
    assert!(
        example.starts_with("/Target/0/Port: expected a list, found a number ("),
        "{example}"
    );
}

#[test]
fn broken_messages_stop_nothing() {
    let scratch = Scratch::new();
    let good = |id: &str| {
        format!(
            r#"{{"Format": "IDEA0", "ID": "{id}", "DetectTime": "2026-01-01T00:00:00Z", "Category": ["Other"], "Node": [{{"Name": "a.b"}}]}}"#
        )
    };
    let lines = [
        good("first").into_bytes(),
        b"".to_vec(),
        b"{\"broken\": ".to_vec(),
        b"{\"ID\": \"\xff\xfe\"}".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        [b"[".repeat(5000), b"]".repeat(5000)].concat(),
        good("second").into_bytes(),
    ];
    let file = scratch.file("broken.jsonl", lines.join(&b'\n'));
    // What no producer should leave there.
    fs::create_dir_all(
        scratch
            .path()
            .join("var/mentat/spool/mentat-inspector/incoming/directory"),
    )
    .unwrap();
    let figures = json(scratch.demo().arg("--input").arg(&file));
    check_figures(&figures, 8);
    assert_eq!((figure(&figures, "stored"), figure(&figures, "rejected")), (2, 6));
    let reasons: Vec<&String> = figures["rejected_by"].as_object().unwrap().keys().collect();
    assert_eq!(
        reasons,
        [
            "bad_json",
            "bad_utf8",
            "empty",
            "missing_keys",
            "not_an_object",
            "too_deep"
        ]
    );
    let log = fs::read_to_string(scratch.path().join("var/mentat/log/mentat-inspector.log")).unwrap();
    assert_eq!(
        log.lines().filter(|line| line.contains("incoming/directory")).count(),
        1,
        "{log}"
    );
}

#[test]
fn killed_daemons_lose_and_repeat_nothing() {
    const KILLS: u32 = 20;
    let scratch = Scratch::new();
    let names = ["mentat-inspector", "mentat-enricher", "mentat-storage"];
    let mut kills = 0;
    // Which daemon dies when is drawn from a fixed series; the schedule differs in every run all the same.
    let mut random = 0x9e37_79b9_u32;
    let mut seed = 0;
    while kills < KILLS {
        seed += 1;
        let mut command = scratch.demo();
        command.args(["--events", "2000", "--seed", &seed.to_string()]);
        let mut demo = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut killed = 0;
        while demo.try_wait().unwrap().is_none() {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let name = names[(random >> 16) as usize % names.len()];
            if let (true, [pid]) = (kills < KILLS, processes(name, scratch.path()).as_slice()) {
                signal("KILL", *pid);
                kills += 1;
                killed += 1;
            }
            // The demo starts it again; how long it then works before the next kill varies.
            std::thread::sleep(Duration::from_millis(u64::from((random >> 20) % 100)));
        }
        let mut text = String::new();
        demo.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(demo.wait().unwrap().success(), "{text}");
        let figures: Value = serde_json::from_str(&text).unwrap();
        check_figures(&figures, 2000);
        assert_eq!(
            (figure(&figures, "duplicates"), figure(&figures, "rejected")),
            (0, 0),
            "{figures}"
        );
        assert!(figure(&figures, "daemon_restarts") <= killed, "{figures}");
    }
}

#[test]
fn a_killed_database_loses_and_repeats_nothing() {
    let scratch = Scratch::new();
    let mut command = scratch.demo();
    command
        .args(["--events", "4000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut demo = command.spawn().unwrap();
    wait_for_storage(&scratch, &mut demo);
    let pid_file = scratch.path().join("var/mentat/postgresql/data/postmaster.pid");
    let pid = fs::read_to_string(pid_file)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    signal("KILL", pid);
    let output = demo.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
    let figures: Value = serde_json::from_str(&stdout(&output)).unwrap();
    check_figures(&figures, 4000);
    assert_eq!(
        (figure(&figures, "duplicates"), figure(&figures, "rejected")),
        (0, 0),
        "{figures}"
    );
}

/// Starts a demo, waits until it has stored something, and sends it a signal.
fn interrupt(scratch: &Scratch, with: &str) -> (Option<i32>, String) {
    let mut command = scratch.demo();
    command
        .args(["--events", "4000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut demo = command.spawn().unwrap();
    wait_for_storage(scratch, &mut demo);
    signal(with, demo.id());
    let output = demo.wait_with_output().unwrap();
    (output.status.code(), stdout(&output))
}

/// Waits until messages have come as far as the last queue.
fn wait_for_storage(scratch: &Scratch, demo: &mut Child) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let storage = scratch.path().join("var/mentat/spool/mentat-storage/incoming");
    while fs::read_dir(&storage).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < deadline, "nothing reached the storage");
        assert!(demo.try_wait().unwrap().is_none(), "ended before anything was seen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn nothing_runs(scratch: &Scratch, within: Duration) {
    let deadline = Instant::now() + within;
    let running = || {
        ["mentat-inspector", "mentat-enricher", "mentat-storage", "postgres"]
            .into_iter()
            .flat_map(|name| processes(name, scratch.path()))
            .collect::<Vec<_>>()
    };
    while !running().is_empty() {
        assert!(Instant::now() < deadline, "still running: {:?}", running());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn ctrl_c_stops_everything_and_the_next_run_goes_on() {
    let scratch = Scratch::new();
    let (code, text) = interrupt(&scratch, "INT");
    assert_eq!(code, Some(75), "{text}");
    let figures: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&figures["complete"], &figures["adds_up"]),
        (&Value::Bool(false), &Value::Bool(true)),
        "{figures}"
    );
    nothing_runs(&scratch, Duration::ZERO);
    let figures = json(scratch.demo().args(["--events", "4000"]));
    check_figures(&figures, 4000);
    assert_eq!(figure(&figures, "duplicates"), 0);
}

#[test]
fn a_killed_demo_leaves_nothing_running_and_the_next_run_goes_on() {
    let scratch = Scratch::new();
    let (code, _) = interrupt(&scratch, "KILL");
    assert_eq!(code, None);
    nothing_runs(&scratch, Duration::from_secs(5));
    let figures = json(scratch.demo().args(["--events", "4000"]));
    check_figures(&figures, 4000);
    assert_eq!(
        (figure(&figures, "duplicates"), figure(&figures, "rejected")),
        (0, 0),
        "{figures}"
    );
}

#[test]
fn two_demos_do_not_share_a_tree() {
    let scratch = Scratch::new();
    let lock = fs::File::create(scratch.path().join("demo.lock")).unwrap();
    lock.lock().unwrap();
    let refused = ends(scratch.demo().args(["--events", "1"]), 75);
    assert!(
        stderr(&refused).contains("another demo is at work"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn a_missing_input_file_is_named() {
    let scratch = Scratch::new();
    let output = ends(scratch.demo().args(["--input", "/nonexistent/events.jsonl"]), 1);
    assert_eq!(
        stderr(&output),
        "error: cannot read /nonexistent/events.jsonl: No such file or directory (os error 2)\n"
    );
}
