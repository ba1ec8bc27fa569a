//! `mentat idea` and `mentat-ideagen`.

use crate::program::{Scratch, ends, mentat, stderr, stdout};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn real_world() -> String {
    format!("{}/tests/data/real-world.jsonl", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_problem_is_named_with_its_place() {
    let file = real_world();
    let output = ends(mentat().args(["idea", "validate", &file]), 65);
    let text = stdout(&output);
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        format!("{file}:1: /Target/0/Port: expected a list, found a number (22) [not_a_list]")
    );
    assert_eq!(text.lines().count(), 4);
    assert!(stderr(&output).starts_with("14 of 18 events are valid"));
}

#[test]
fn what_can_be_repaired_is_a_warning() {
    let output = ends(
        mentat().args(["idea", "validate", "--json", "--mode", "repair-lists", &real_world()]),
        0,
    );
    let verdicts: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), 18);
    let warned = verdicts
        .iter()
        .filter(|verdict| !verdict["warnings"].as_array().unwrap().is_empty())
        .count();
    assert_eq!(
        (warned, &verdicts[0]["valid"], &verdicts[0]["line"]),
        (4, &true.into(), &1.into())
    );
}

#[test]
fn a_file_is_one_event_or_one_a_line_and_a_directory_many_files() {
    let scratch = Scratch::new();
    scratch.file("in/a.idea", "{\n  \"ID\": \"a\",\n  \"Note\": \"x\"\n}\n");
    scratch.file("in/b.jsonl", "{\"ID\": \"b\"}\n\n{\"Note\": \"y\", \"ID\": \"c\"}\n");
    let output = ends(mentat().args(["idea", "normalise"]).arg(scratch.path().join("in")), 0);
    assert_eq!(
        stdout(&output),
        "{\"ID\": \"a\", \"Note\": \"x\"}\n{\"ID\": \"b\"}\n{\"ID\": \"c\", \"Note\": \"y\"}\n"
    );
    scratch.file("in/c", "no event");
    let output = ends(mentat().args(["idea", "normalise"]).arg(scratch.path().join("in")), 65);
    assert!(stderr(&output).contains("in/c: not valid JSON"), "{}", stderr(&output));
}

#[test]
fn made_events_depend_on_seed_and_number_only() {
    let make = |args: &[&str]| stdout(&ends(mentat().args(["idea", "gen"]).args(args), 0));
    let all = make(&["--count", "20", "--seed", "9"]);
    assert_eq!(all.lines().count(), 20);
    let parts = make(&["--count", "12", "--seed", "9"]) + &make(&["--first", "12", "--count", "8", "--seed", "9"]);
    assert_eq!(all, parts);
    assert_ne!(all, make(&["--count", "20", "--seed", "8"]));
}

#[test]
fn made_events_go_into_a_queue() {
    let scratch = Scratch::new();
    let queue = scratch.path().join("queue");
    ends(
        mentat().args(["idea", "gen", "--count", "700", "--queue"]).arg(&queue),
        0,
    );
    assert_eq!(std::fs::read_dir(queue.join("incoming")).unwrap().count(), 700);
    let output = ends(
        mentat()
            .args(["idea", "validate", "--mode", "strict"])
            .arg(queue.join("incoming")),
        0,
    );
    assert!(stderr(&output).starts_with("700 of 700"), "{}", stderr(&output));
}

#[test]
fn the_generator_has_a_name_of_its_own() {
    let scratch = Scratch::new();
    let link = scratch.path().join("mentat-ideagen");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_BIN_EXE_mentat")), &link).unwrap();
    let output = ends(Command::new(&link).args(["--count", "2"]), 0);
    assert_eq!(stdout(&output).lines().count(), 2);
}

#[test]
fn profiles_have_names_and_are_valid() {
    let help = stdout(&ends(mentat().args(["idea", "gen", "--help"]), 0));
    for profile in ["default", "scan", "ddos", "large", "tiny", "burst", "hostile"] {
        assert!(help.contains(&format!("- {profile}:")), "{help}");
        let scratch = Scratch::new();
        let make = ["idea", "gen", "--count", "20", "--profile", profile];
        let text = stdout(&ends(mentat().args(make), 0));
        assert_eq!(text, stdout(&ends(mentat().args(make), 0)), "{profile}");
        let file = scratch.file("events", text);
        let output = ends(mentat().args(["idea", "validate", "--mode", "strict"]).arg(file), 0);
        assert!(stderr(&output).starts_with("20 of 20"), "{}", stderr(&output));
    }
    ends(mentat().args(["idea", "gen", "--profile", "small"]), 0);
    let output = ends(mentat().args(["idea", "gen", "--profile", "big"]), 2);
    assert!(
        stderr(&output).contains("possible values: default, scan"),
        "{}",
        stderr(&output)
    );
}
