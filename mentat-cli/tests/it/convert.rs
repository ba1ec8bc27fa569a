//! `mentat idea convert`.

use crate::program::{Scratch, ends, mentat, stderr, stdout};
use serde_json::Value;
use std::fs::File;
use std::process::Output;

const INTELMQ: &str = r#"{"classification.type": "brute-force", "feed.name": "Pots", "time.observation": "2026-11-20T09:00:01+00:00", "source.ip": "192.0.2.88", "source.port": 4711, "destination.port": 22, "protocol.transport": "tcp"}"#;
const EVENT: &str = r#"{"Format": "IDEA0", "ID": "one", "DetectTime": "2026-11-20T09:00:01Z", "Category": ["Attempt.Login"], "Source": [{"IP4": ["192.0.2.1"], "Port": [4711, 4712], "Proto": ["tcp", "ssh"]}]}"#;
const REPORTER: [&str; 6] = [
    "--reporter-org",
    "Example CSIRT",
    "--reporter-email",
    "abuse@example.org",
    "--reporter-domain",
    "example.org",
];

/// Converts what is on stdin.
fn convert(input: &str, args: &[&str], code: i32) -> Output {
    let scratch = Scratch::new();
    let file = scratch.file("in", input);
    let mut command = mentat();
    command
        .args(["idea", "convert"])
        .args(args)
        .stdin(File::open(file).unwrap());
    ends(&mut command, code)
}

/// What is in the lines that an input becomes; all of it must have a counterpart.
fn check(input: &str, args: &[&str], parts: &[&str]) {
    let output = convert(input, args, 0);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), parts.len(), "{args:?}: {text}");
    for (line, part) in lines.iter().zip(parts) {
        assert!(line.contains(part), "{args:?}: {line}");
    }
}

#[test]
fn events_become_what_others_read() {
    let xarf = [&["--to", "xarf"][..], &REPORTER].concat();
    let ports = [r#""source.port":4711"#, r#""source.port":4712"#];
    check(
        EVENT,
        &["--to", "idea"],
        &[r#"{"Category": ["Attempt.Login"], "DetectTime""#],
    );
    check(EVENT, &["--from", "idea", "--to", "intelmq"], &ports);
    check(EVENT, &xarf, &[r#""type":"login_attack""#; 2]);
    check(EVENT, &["--to", "cef", "-"], &["spt=4711", "spt=4712"]);
    check(
        EVENT,
        &["--to", "ecs"],
        &[r#""source":{"ip":"192.0.2.1","port":[4711,4712]}"#],
    );
    let from = ["--from", "intelmq"];
    check(
        INTELMQ,
        &[&from[..], &["--to", "intelmq"]].concat(),
        &[r#""feed.name":"Pots""#],
    );
    check(INTELMQ, &[&from[..], &["--to", "cef"]].concat(), &["CEF:0|Mentat|"]);
    check(
        INTELMQ,
        &[&from[..], &["--to", "ecs"]].concat(),
        &[r#""ip":"192.0.2.88""#],
    );
    check(INTELMQ, &[&from[..], &xarf].concat(), &[r#""source_port":4711"#]);
    // Where the format demands a port, an event without one needs the leave to go without.
    let portless = EVENT.replace(r#""Port": [4711, 4712], "#, "");
    convert(&portless, &xarf, 65);
    check(&portless, &[&xarf[..], &["--practical"]].concat(), &["login_attack"]);
}

#[test]
fn the_same_intelmq_text_has_the_same_id() {
    let id = |input: &str| {
        let output = convert(input, &["--from", "intelmq", "--to", "idea"], 0);
        let events: Vec<Value> = stdout(&output)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(events[0]["Category"][0], "Attempt.Login");
        events
            .iter()
            .map(|event| event["ID"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let ids = id(INTELMQ);
    let one = &ids[0];
    assert_eq!((one.len(), &one[14..15]), (36, "8"), "{one}");
    // As a file of its own or a line among others.
    assert_eq!(id(&format!(" {INTELMQ}\n")), ids);
    let lines = format!("{INTELMQ}\n\n{}\r\n{INTELMQ}", INTELMQ.replace("4711", "4712"));
    let all = id(&lines);
    assert_eq!((&all[0], &all[2]), (one, one));
    assert_ne!(all[1], *one);
}

#[test]
fn what_cannot_be_converted_is_named() {
    let input = format!("{EVENT}\nnothing\n{}\n", EVENT.replace("Attempt.Login", "Test"));
    let xarf = [&["--to", "xarf", "--limit", "1"][..], &REPORTER].concat();
    let output = convert(&input, &xarf, 65);
    assert_eq!(stdout(&output).lines().count(), 1);
    let told = stderr(&output);
    let told: Vec<&str> = told.lines().collect();
    assert!(told[0].starts_with("-:2: not valid JSON"), "{told:?}");
    assert_eq!(
        told[1..],
        [
            "-:3: no counterpart in X-ARF: /Category: a test is not reported [no_counterpart]",
            "1 of 3 events became 1 texts",
            "1 more texts were left off, see --limit",
            "error: 2 of 3 events were not converted",
        ]
    );
    let output = convert(&input, &[&xarf[..], &["--json"]].concat(), 65);
    let verdicts: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let field = |name: &str| verdicts.iter().map(|verdict| verdict[name].clone()).collect::<Vec<_>>();
    assert_eq!(field("converted"), [true, false, false]);
    assert_eq!(field("line"), [1, 2, 3]);
    assert_eq!(field("left_off"), [1, 0, 0]);
    assert_eq!(verdicts[0]["id"], "one");
    assert_eq!(verdicts[0]["texts"].as_array().unwrap().len(), 1);
    assert_eq!(verdicts[1]["problems"][0]["rule"], "bad_json");
    assert_eq!(verdicts[2]["problems"][0]["pointer"], "/Category");
    let output = convert("{\"source.ip\": \"1.2.3\"}", &["--from", "intelmq", "--to", "ecs"], 65);
    assert!(
        stderr(&output).starts_with("-: time.observation: missing, and so is time.source [bad_field]\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn directories_and_files_are_read_as_by_the_other_commands() {
    let scratch = Scratch::new();
    scratch.file("in/a", INTELMQ);
    scratch.file("in/b", b"\xff");
    let mut command = mentat();
    command.args(["idea", "convert", "--from", "intelmq", "--to", "ecs"]);
    let output = ends(command.arg(scratch.path().join("in")), 65);
    assert_eq!(stdout(&output).lines().count(), 1);
    assert!(
        stderr(&output).contains("in/b: not UTF-8 from byte 0 on"),
        "{}",
        stderr(&output)
    );
    ends(command.arg(scratch.path().join("absent")), 1);
}

#[test]
fn wrong_command_lines_are_refused() {
    let check = |args: &[&str], expected: &str| {
        let output = convert(EVENT, args, 2);
        assert!(stderr(&output).contains(expected), "{args:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    check(&[], "--to <FORMAT>");
    check(&["--to", "xml"], "possible values: idea, intelmq, xarf, cef, ecs");
    check(&["--from", "cef", "--to", "idea"], "possible values: idea, intelmq");
    check(
        &["--to", "xarf", "--reporter-org", "Example CSIRT"],
        "give --reporter-org, --reporter-email and --reporter-domain",
    );
    let wrong = [&["--to", "xarf"][..], &REPORTER[..3], &["nobody"], &REPORTER[4..]].concat();
    check(&wrong, "error: reporter.contact.email: 'nobody' is no mail address");
}
