//! Command lines, configuration and exit codes.

use crate::program::{Scratch, ends, mentat, signal, stderr, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const EVENT: &str = r#"{"Format": "IDEA0", "ID": "one", "DetectTime": "2026-01-01T00:00:00Z", "Category": ["Recon.Scanning"], "Node": [{"Name": "a.b"}], "ConnCount": 7}"#;

#[test]
fn every_command_explains_itself_with_examples() {
    for command in [
        &["--help"][..],
        &["demo", "--help"],
        &["events", "--help"],
        &["filter", "--help"],
        &["idea", "--help"],
        &["idea", "convert", "--help"],
        &["idea", "gen", "--help"],
        &["queue", "--help"],
        &["db", "--help"],
        &["inspector", "--help"],
        &["enricher", "--help"],
        &["storage", "--help"],
    ] {
        let help = stdout(&ends(mentat().args(command), 0));
        assert!(help.contains("Examples:"), "{command:?}\n{help}");
    }
}

#[test]
fn a_daemon_is_called_by_its_name_or_by_an_argument() {
    let by_argument = stdout(&ends(mentat().args(["inspector", "--help"]), 0));
    let by_name = stdout(&ends(
        Command::new(env!("CARGO_BIN_EXE_mentat-inspector")).arg("--help"),
        0,
    ));
    assert_eq!(by_argument, by_name);
    assert!(by_name.contains("Usage: mentat-inspector"), "{by_name}");
}

#[test]
fn wrong_arguments_are_refused() {
    for command in [
        &["no-such-command"][..],
        &["inspector", "--no-deamon"],
        &["events", "search", "--source", "300.1.1.1"],
    ] {
        ends(mentat().args(command), 2);
    }
}

#[test]
fn configuration_errors_name_file_and_place() {
    let check = |text: &str, expected: &str| {
        let scratch = Scratch::new();
        let file = scratch.file("etc/mentat/mentat-inspector.conf", text);
        let output = ends(mentat().args(["inspector", "--once", "--root"]).arg(scratch.path()), 78);
        let found = stderr(&output).replace(file.to_str().unwrap(), "FILE");
        assert!(found.starts_with(&format!("error: {expected}")), "{found}");
    };
    check("{", "FILE: EOF while parsing an object at line 1 column 1");
    check(
        r#"{"inspection_rule": []}"#,
        "FILE: unknown key 'inspection_rule' (did you mean 'inspection_rules'?)",
    );
    check("{}", "mentat-inspector: 'queue_out_dir' is missing");
    check(
        r#"{"queue_out_dir": "x", "inspection_rules": [{"rule": "a = 1", "final": "yes"}]}"#,
        "FILE: inspection_rules[0].final: invalid type: string \"yes\", expected a boolean",
    );
    check(
        r#"{"queue_out_dir": "x", "inspection_rules": [{"name": "r", "rule": "Category in ["}]}"#,
        "rule 'r': error[F01",
    );
    check(
        r#"{"queue_out_dir": "x", "inspection_rules": [{"name": "r", "rule": "1 = 1", "actions": [{"action": "tag"}]}]}"#,
        "rule 'r': the action 'tag' needs the argument 'value'",
    );
    check(
        r#"{"queue_out_dir": "x", "inspection_rules": [{"rule": "1 = 1", "actions": [{"action": "dispatch", "args": {"queue_tgt": "mentat-inspector"}}]}]}"#,
        "the action 'dispatch' puts messages back into this daemon's own queue",
    );
}

#[test]
fn filters_are_tried_on_files() {
    let scratch = Scratch::new();
    let file = scratch.file(
        "events.jsonl",
        format!("{EVENT}\n\n{}\n", EVENT.replace("\"ConnCount\": 7", "\"Note\": \"n\"")),
    );
    let eval = |expression: &str, code| {
        let output = ends(mentat().args(["filter", "eval", "--json", expression]).arg(&file), code);
        (stdout(&output), stderr(&output))
    };
    let (text, _) = eval("ConnCount > 5", 0);
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["matches"], &lines[0]["id"], &lines[0]["line"]),
        (&true.into(), &"one".into(), &1.into())
    );
    assert!(lines[1]["error"].as_str().unwrap().contains("ConnCount"), "{text}");
    let (_, error) = eval("ConnCount >", 65);
    assert!(error.contains("F01") && error.contains('^'), "{error}");
}

#[test]
fn a_daemon_drains_its_queue_once() {
    let scratch = Scratch::new();
    scratch.file("etc/mentat/mentat-inspector.toml", "queue_out_dir = \"next\"\n[[inspection_rules]]\nrule = \"ConnCount = 7\"\nactions = [{ action = \"tag\", args = { path = \"_Mentat.EventClass\", value = \"seven\" } }]\n");
    scratch.file("var/mentat/spool/mentat-inspector/incoming/m1", EVENT);
    ends(mentat().args(["inspector", "--once", "--root"]).arg(scratch.path()), 0);
    let moved = std::fs::read_to_string(scratch.path().join("var/mentat/spool/next/incoming/m1")).unwrap();
    assert!(moved.contains(r#""_Mentat": {"EventClass": "seven"}"#), "{moved}");
}

#[test]
fn queues_are_not_made_by_looking() {
    let scratch = Scratch::new();
    let output = ends(scratch.tool().args(["queue", "status", "no-such-queue"]), 1);
    assert!(stderr(&output).contains("is no queue"));
    assert!(!scratch.path().join("var/mentat/spool/no-such-queue").exists());
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let scratch = Scratch::new();
    let file = scratch.file("events.jsonl", format!("{EVENT}\n").repeat(20_000));
    let mut eval = mentat();
    eval.args(["filter", "eval", "--json", "1 = 1"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut eval = eval.spawn().unwrap();
    drop(eval.stdout.take());
    let output = eval.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_database_that_cannot_be_inside_the_tree_is_put_elsewhere() {
    let scratch = Scratch::new();
    let closed = scratch.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&closed, mode).unwrap();
    let run = |args: &[&str]| ends(mentat().arg("--root").arg(&closed).args(args), 0);
    run(&["db", "start"]);
    assert_eq!(stdout(&run(&["events", "count"])), "0\n");
    run(&["db", "stop"]);
    let status: serde_json::Value = serde_json::from_str(&stdout(&run(&["db", "status", "--json"]))).unwrap();
    assert_eq!(status["running"], false);
    // Only where another user runs the server was there a reason to go elsewhere.
    if let Ok(elsewhere) = std::fs::read_to_string(closed.join("var/mentat/postgresql.elsewhere")) {
        let dir = Path::new(elsewhere.trim_end());
        assert!(Path::new(status["data"].as_str().unwrap()).starts_with(dir), "{status}");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[test]
fn a_hangup_reloads_the_networks_and_a_broken_table_changes_nothing() {
    let scratch = Scratch::new();
    let name = "mentat-enricher";
    scratch.file(
        "etc/mentat/mentat-enricher.conf",
        r#"{"queue_out_dir": "next", "plugins": [{"name": "networks", "config": {"whois_file": "networks.json"}}]}"#,
    );
    let table = |group: &str| {
        let text = format!(r#"[{{"network": "192.0.2.0/24", "abuse_group": "{group}"}}]"#);
        scratch.file("etc/mentat/networks.json", text)
    };
    table("first");
    let log = scratch.path().join("log");
    let mut enricher = mentat();
    enricher
        .args(["enricher", "--root"])
        .arg(scratch.path())
        .arg("--log-file")
        .arg(&log);
    let mut enricher = enricher.spawn().unwrap();
    let logged = |text: &str| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains(text)) {
            assert!(Instant::now() < deadline, "never logged: {text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let group_of = |message: &str| {
        let event = EVENT.replace(r#""ConnCount": 7"#, r#""Source": [{"IP4": ["192.0.2.1"]}]"#);
        let queue = format!("var/mentat/spool/{name}");
        let written = scratch.file(&format!("{queue}/tmp/{message}"), event);
        std::fs::rename(written, scratch.path().join(format!("{queue}/incoming/{message}"))).unwrap();
        let moved = scratch.path().join(format!("var/mentat/spool/next/incoming/{message}"));
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(text) = std::fs::read_to_string(&moved) {
                let event: serde_json::Value = serde_json::from_str(&text).unwrap();
                return event["_Mentat"]["ResolvedAbuses"][0].as_str().unwrap().to_owned();
            }
            assert!(Instant::now() < deadline, "{message} did not arrive");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    logged("started");
    assert_eq!(group_of("m1"), "first");
    table("second");
    signal("HUP", enricher.id());
    logged("configuration read again");
    assert_eq!(group_of("m2"), "second");
    scratch.file("etc/mentat/networks.json", "broken");
    signal("HUP", enricher.id());
    logged("reload failed, nothing changed");
    assert_eq!(group_of("m3"), "second");
    signal("TERM", enricher.id());
    assert!(enricher.wait().unwrap().success());
}
