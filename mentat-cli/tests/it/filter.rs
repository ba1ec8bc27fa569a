//! `mentat filter`.

use crate::program::{Scratch, ends, mentat, stderr, stdout};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Command, Stdio};

const EVENT: &str = r#"{"ID": "e1", "Category": ["Recon.Scanning"], "DetectTime": "2026-01-01T00:00:00Z",
"Source": [{"IP4": ["10.0.0.1"], "Port": [80]}, {"IP4": ["192.0.2.7"], "Port": [22]}]}"#;

fn filter(command: &str) -> Command {
    let mut filter = mentat();
    filter.args(["filter", command]);
    filter
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Runs a command with this text on its stdin.
fn fed(command: &mut Command, input: &str, code: i32) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_check_names_place_cause_and_remedy() {
    let output = ends(filter("check").arg("Soruce.IP4 ?? [] in 10.0.0.0/8"), 0);
    let text = stdout(&output);
    assert!(text.contains("did you mean `Source.IP4`?"), "{text}");
    assert!(text.contains("^^^^^^^^^^"), "{text}");
    ends(
        filter("check").args(["--deny-warnings", "Soruce.IP4 ?? [] in 10.0.0.0/8"]),
        65,
    );
    let output = ends(filter("check").arg("Category in ['Test'"), 65);
    assert!(stdout(&output).contains("F0107"), "{}", stdout(&output));
    ends(filter("check").arg("Category in ['Test']"), 0);
}

#[test]
fn a_check_of_many_filters_for_a_program() {
    let scratch = Scratch::new();
    let rules = scratch.file("rules.txt", "# rules\n\nCategory in ['Test']\n1 +\n");
    let output = ends(filter("check").args(["--lines", "--json", "--file"]).arg(&rules), 65);
    let verdicts = lines(&stdout(&output));
    assert_eq!(verdicts.len(), 2);
    assert_eq!(verdicts[0]["canonical"], "Category in [\"Test\"]");
    assert!(verdicts[0]["cost"].as_u64().unwrap() > 0);
    assert_eq!(verdicts[1]["name"], format!("{}:4", rules.display()));
    assert_eq!(verdicts[1]["valid"], false);
    assert_eq!(verdicts[1]["diagnostics"][0]["line"], 1);
}

#[test]
fn names_of_a_context() {
    let scratch = Scratch::new();
    let context = scratch.file("context.toml", "own_nets = [\"192.0.2.0/24\"]\nlimit = 3\n");
    let event = scratch.file("event.json", EVENT.replace('\n', " "));
    let output = ends(
        filter("eval")
            .args(["--json", "--context"])
            .arg(&context)
            .args(["any(Source, IP4 in own_nets and Port = 22) and limit = 3"])
            .arg(&event),
        0,
    );
    assert_eq!(lines(&stdout(&output))[0]["matches"], true);
    let broken = scratch.file("broken.toml", "own_nets = [");
    let output = ends(
        filter("eval").arg("--context").arg(&broken).arg("1 = 1").arg(&event),
        65,
    );
    assert!(stderr(&output).contains("broken.toml"), "{}", stderr(&output));
}

#[test]
fn matching_events_come_out_as_they_went_in() {
    let one = r#"{"ID": "a",  "Note":"x"}"#;
    let other = r#"{"ID":"b"}"#;
    let input = format!("{one}\n{other}\n");
    assert_eq!(
        fed(filter("eval").args(["--only", "--lenient", "Note = 'x'"]), &input, 0),
        format!("{one}\n")
    );
    assert_eq!(
        fed(filter("eval").args(["--only", "Note = 'x'"]), &input, 0),
        format!("{one}\n")
    );
}

#[test]
fn an_explanation_shows_what_decided() {
    let text = fed(filter("explain").arg("Source.Port = 22 or ID = 'e2'"), EVENT, 0);
    assert!(text.contains("by item 2 on the left: 22"), "{text}");
    assert!(text.contains("ID = \"e2\" => not looked at"), "{text}");
    let json = fed(filter("explain").args(["--json", "Source.Port = 22"]), EVENT, 0);
    let _: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(fed(filter("explain").arg("1 = 1"), "no event", 65), "");
}

#[test]
fn filters_are_rewritten() {
    let output = ends(filter("fmt").arg("(a==1)AND not (b) # why"), 0);
    assert_eq!(stdout(&output), "a == 1 and not b\n");
    assert_eq!(
        fed(
            filter("fmt").args(["--pretty", "--width", "20"]),
            "aaaaaaaaaa = 1 and bbbbbbbbbb = 2",
            0
        )
        .lines()
        .count(),
        2
    );
    let output = ends(filter("convert").arg("Category in ['Test'] && ConnCount GT 5"), 0);
    let converted = stdout(&output);
    ends(filter("check").arg(converted.trim_end()), 0);
    let output = ends(filter("convert").args(["--json", "Source[1].IP4 is 10.0.0.1"]), 65);
    assert!(!lines(&stdout(&output))[0]["diagnostics"].as_array().unwrap().is_empty());
}

#[test]
fn rules_are_tested() {
    let scratch = Scratch::new();
    let suite = r#"
        context = { own = ["192.0.2.0/24"] }
        [[rule]]
        name = "ssh"
        filter = "any(Source, Port = 22 and IP4 in own) and now() > DetectTime"
        [[rule.test]]
        name = "from our own"
        event = '''EVENT'''
        matches = true
        now = "2026-01-02T00:00:00Z"
        [[rule.test]]
        event = { Source = [{ Port = [23] }] }
        matches = EXPECTED
        [[rule.test]]
        event = { Source = [{ Port = [22], IP4 = ["192.0.2.1"] }] }
        error = "F0301"
    "#
    .replace("EVENT", EVENT);
    let good = scratch.file("good.toml", suite.replace("EXPECTED", "false"));
    let output = ends(filter("test").arg(&good), 0);
    assert_eq!(stdout(&output).lines().filter(|line| line.starts_with("ok")).count(), 3);
    let bad = scratch.file("bad.toml", suite.replace("EXPECTED", "true"));
    let output = ends(filter("test").arg(&bad), 1);
    assert!(
        stdout(&output).contains("FAILED  ssh: test 2: expected a match, got no match"),
        "{}",
        stdout(&output)
    );
    let output = ends(filter("test").arg("--json").arg(&bad), 1);
    assert_eq!(lines(&stdout(&output))[1]["passed"], false);
    let odd = scratch.file("odd.toml", suite.replace("EXPECTED", "maybe"));
    assert!(stderr(&ends(filter("test").arg(&odd), 65)).contains("odd.toml"));
    let wrong = scratch.file("wrong.toml", suite.replace("any(", "any_(").replace("EXPECTED", "true"));
    let output = ends(filter("test").arg(&wrong), 65);
    assert!(stderr(&output).contains("rule 'ssh'"), "{}", stderr(&output));
    ends(filter("test").arg(scratch.file("empty.toml", "")), 65);
}

#[test]
fn a_benchmark_counts_what_it_measured() {
    let output = ends(filter("bench").args(["--json", "Category in ['Recon.Scanning']"]), 0);
    let figures = &lines(&stdout(&output))[0];
    assert_eq!(figures["events"], 500);
    assert!(figures["evaluate_ns"].as_f64().unwrap() > 0.0);
    assert!(figures["matches"].as_u64().unwrap() > 0);
}

#[test]
fn the_reference_is_printed() {
    assert!(stdout(&ends(&mut filter("reference"), 0)).starts_with("# The filter language"));
}
