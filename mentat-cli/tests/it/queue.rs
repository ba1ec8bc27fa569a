//! `mentat queue` on queues of its own, and on those that the daemons of Mentat 2 left when they were killed.

use crate::program::{Scratch, ends, json, mentat, stderr, stdout};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SPOOL: &str = "var/mentat/spool";

fn event(id: &str) -> String {
    format!(
        r#"{{"Format": "IDEA0", "ID": "{id}", "DetectTime": "2026-01-01T00:00:00Z", "Category": ["Recon.Scanning", "Test"], "Node": [{{"Name": "cz.example.probe"}}], "_Mentat": {{"EventClass": "scan"}}}}"#
    )
}

/// A tree with one queue `q`, in which these files lie.
fn tree(files: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::new();
    for sub in ["incoming", "pending", "tmp", "errors"] {
        fs::create_dir_all(scratch.path().join(SPOOL).join("q").join(sub)).unwrap();
    }
    for (name, text) in files {
        scratch.file(&format!("{SPOOL}/q/{name}"), text);
    }
    scratch
}

/// The tree that the daemons of Mentat 2 left behind.
fn recorded() -> Scratch {
    let scratch = Scratch::new();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/mentat-tree.tar.gz");
    let mut tar = Command::new("tar");
    tar.arg("-xpzf").arg(archive).arg("-C").arg(scratch.path());
    assert!(tar.status().unwrap().success());
    scratch
}

fn queue(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = scratch.tool();
    command.arg("queue").args(args);
    command
}

fn run(scratch: &Scratch, args: &[&str], code: i32) -> Output {
    ends(&mut queue(scratch, args), code)
}

/// Names in a part of `q`.
fn names(scratch: &Scratch, part: &str) -> Vec<String> {
    let dir = scratch.path().join(SPOOL).join("q").join(part);
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const REJECTED: [(&str, &str); 5] = [
    ("errors/a", "a"),
    (
        "errors/a.meta",
        r#"{"code": "bad-json", "error": "line 1", "attempts": 2}"#,
    ),
    ("errors/b", "b"),
    ("errors/b.meta", r#"{"code": "no-id", "error": "no ID"}"#),
    ("errors/c", "c"),
];

#[test]
fn every_command_explains_itself_with_examples() {
    for command in [
        "status", "list", "show", "put", "shape", "errors", "retry", "hold", "release", "drop", "fsck", "recover",
    ] {
        let help = stdout(&ends(mentat().args(["queue", command, "--help"]), 0));
        assert!(
            help.contains("Examples:") && help.contains("--json"),
            "{command}\n{help}"
        );
    }
}

#[test]
fn a_mistyped_queue_is_not_made_and_a_near_one_is_named() {
    let scratch = tree(&[]);
    fs::rename(
        scratch.path().join(SPOOL).join("q"),
        scratch.path().join(SPOOL).join("mentat-storage.py"),
    )
    .unwrap();
    for command in ["list", "errors", "fsck", "shape", "recover", "status"] {
        let said = stderr(&run(&scratch, &[command, "mentat-storge"], 1));
        assert!(said.contains("mentat-storge is no queue"), "{said}");
        let said = stderr(&run(&scratch, &[command, "storage"], 1));
        assert!(said.contains("(did you mean 'mentat-storage.py'?)"), "{said}");
    }
    run(&scratch, &["put", "mentat-storge", "x"], 1);
    assert!(!scratch.path().join(SPOOL).join("mentat-storge").exists());
    let path = scratch.path().join(SPOOL).join("mentat-storage.py");
    run(&scratch, &["list", path.to_str().unwrap()], 0);
}

#[test]
fn hold_release_list_and_show() {
    let scratch = tree(&[("incoming/m1", "one"), ("incoming/m2", "two")]);
    let said = stdout(&run(&scratch, &["hold", "q", "m1"], 0));
    assert_eq!(said, "1 moved from incoming to hold\n");
    assert_eq!(
        (names(&scratch, "hold"), names(&scratch, "incoming")),
        (vec!["m1".into()], vec!["m2".into()])
    );
    let list = json(&mut queue(&scratch, &["list", "q", "--in", "hold", "--json"]));
    assert_eq!(
        (&list["total"], &list["messages"][0]["name"]),
        (&1.into(), &"m1".into())
    );
    assert!(stdout(&run(&scratch, &["list", "q"], 0)).contains("hold"));
    let shown = run(&scratch, &["show", "q", "m1"], 0);
    assert_eq!(stdout(&shown), "one\n");
    assert!(stderr(&shown).starts_with("hold/m1: 3 bytes"), "{}", stderr(&shown));
    let said = stderr(&run(&scratch, &["release", "q", "m1", "m9"], 1));
    assert_eq!(said, "error: not there: m9\n");
    assert_eq!(names(&scratch, "incoming"), ["m1", "m2"]);
    let done = json(&mut queue(&scratch, &["hold", "q", "--all", "--json"]));
    assert_eq!(done["done"].as_array().unwrap().len(), 2);
    run(&scratch, &["hold", "q"], 2);
    run(&scratch, &["hold", "q", "m1", "--all"], 2);
    run(&scratch, &["list", "q", "--in", "nowhere"], 2);
    assert!(stderr(&run(&scratch, &["show", "q", "m9"], 1)).contains("there is no message 'm9'"));
}

#[test]
fn what_is_deferred_is_listed_and_released() {
    let scratch = tree(&[("deferred/9999999999/m", "x")]);
    let status = json(&mut queue(&scratch, &["status", "--json"]));
    assert_eq!(status["queues"][0]["deferred"], 1);
    assert!(stdout(&run(&scratch, &["list", "q"], 0)).contains("due in "));
    run(&scratch, &["release", "q", "--deferred", "--all"], 0);
    assert_eq!(names(&scratch, "incoming"), ["m"]);
}

#[test]
fn rejected_messages_are_counted_retried_and_dropped() {
    let scratch = tree(&REJECTED);
    let counts = stdout(&run(&scratch, &["errors", "q"], 0));
    assert!(
        counts.contains("1  bad-json") && counts.contains("(none given)"),
        "{counts}"
    );
    let list = json(&mut queue(&scratch, &["errors", "q", "--list", "--json"]));
    assert_eq!(
        (&list["messages"][0]["code"], &list["messages"][2]["code"]),
        (&"bad-json".into(), &Value::Null)
    );
    let shown = json(&mut queue(&scratch, &["show", "q", "a", "--json"]));
    assert_eq!(
        (&shown["found"][0]["sidecar"]["error"], &shown["found"][0]["text"]),
        (&"line 1".into(), &"a".into())
    );
    assert_eq!(shown["found"][0]["message"]["attempts"], 2);

    run(&scratch, &["retry", "q", "--reason", "bad-json: line"], 0);
    assert_eq!(names(&scratch, "incoming"), ["a"]);
    assert_eq!(names(&scratch, "errors"), ["b", "b.meta", "c"]);
    run(&scratch, &["drop", "q"], 2);
    let said = stderr(&run(&scratch, &["drop", "q", "--all"], 2));
    assert!(said.contains("all 2 messages in errors of q; add --yes"), "{said}");
    let said = stdout(&run(&scratch, &["drop", "q", "b"], 0));
    assert_eq!(said, "errors/b: 1 bytes\n1 removed from errors\n");
    run(&scratch, &["drop", "q", "--all", "--yes", "--from", "incoming"], 0);
    run(&scratch, &["drop", "q", "c", "--from", "pending"], 1);
    assert_eq!(
        (names(&scratch, "incoming").len(), names(&scratch, "errors")),
        (0, vec!["c".into()])
    );
    run(&scratch, &["retry", "q", "--all"], 0);
    assert_eq!(names(&scratch, "incoming"), ["c"]);
}

#[test]
fn put_checks_and_enqueues() {
    let scratch = tree(&[]);
    let good = scratch.file("good.json", event("one"));
    let lines = scratch.file(
        "lines.jsonl",
        format!("{}\n\n{}\n[]\nnonsense\n", event("two"), event("three")),
    );
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let name = stdout(&run(&scratch, &["put", "q", &text(&good)], 0));
    assert_eq!(names(&scratch, "incoming"), [name.trim_end()]);
    let output = run(&scratch, &["put", "q", "--lines", &text(&lines)], 65);
    assert_eq!(stdout(&output).lines().count(), 2);
    let said = stderr(&output);
    assert!(
        said.contains("lines.jsonl:4: it is no JSON object: ") && said.contains("2 of 4 messages"),
        "{said}"
    );
    run(&scratch, &["put", "q", &text(&lines)], 65);
    let put = json(&mut queue(&scratch, &["put", "q", "--raw", &text(&lines), "--json"]));
    assert_eq!(put["names"].as_array().unwrap().len(), 1);
    assert_eq!(names(&scratch, "incoming").len(), 4);

    let mut from_stdin = queue(&scratch, &["put", "q", "-"]);
    from_stdin.stdin(Stdio::from(fs::File::open(&good).unwrap()));
    ends(&mut from_stdin, 0);
    assert_eq!(names(&scratch, "incoming").len(), 5);
    assert!(stderr(&run(&scratch, &["put", "q", "nowhere.json"], 1)).contains("cannot read nowhere.json"));
}

#[test]
fn shape_counts_ages_by_key() {
    let mut files = REJECTED.to_vec();
    let (one, two) = (event("one"), event("two"));
    files.extend([
        ("incoming/m1", one.as_str()),
        ("incoming/m2", &two),
        ("incoming/m3", "{"),
        ("incoming/m4", "{}"),
    ]);
    let scratch = tree(&files);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(15 * 60);
    let path = scratch.path().join(SPOOL).join("q/incoming/m2");
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(old)
        .unwrap();
    let check = |args: &[&str], expected: &[(&str, u64)]| {
        let args = [&["shape", "q", "--json"], args].concat();
        let shape = json(&mut queue(&scratch, &args));
        let rows: Vec<(&str, u64)> = shape["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["key"].as_str().unwrap(), row["total"].as_u64().unwrap()))
            .collect();
        assert_eq!(rows, expected, "{args:?}");
    };
    check(&[], &[("(no event)", 1), ("(none)", 1), ("cz.example.probe", 2)]);
    check(
        &["--by", "category"],
        &[("(no event)", 1), ("(none)", 1), ("Recon.Scanning Test", 2)],
    );
    check(&["--by", "class"], &[("(no event)", 1), ("(none)", 1), ("scan", 2)]);
    check(
        &["--by", "reason"],
        &[("(none given)", 1), ("bad-json", 1), ("no-id", 1)],
    );
    check(&["--in", "hold"], &[]);
    let table = stdout(&run(&scratch, &["shape", "q"], 0));
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[0],
        ["T", "5", "10", "20", "40", "80", "160", "320", "640", "1280", "1280+"]
    );
    assert_eq!(lines[1][..4], ["TOTAL", "4", "3", "0"]);
    assert_eq!(lines[2][..5], ["cz.example.probe", "2", "1", "0", "1"]);
}

#[test]
fn fsck_explains_repairs_and_ends_with_a_code() {
    let scratch = tree(&[("errors/silent", "x"), ("incoming/empty", "")]);
    fs::remove_dir(scratch.path().join(SPOOL).join("q/tmp")).unwrap();
    let output = run(&scratch, &["fsck", "q"], 65);
    let said = stdout(&output);
    for fault in ["missing-directory", "empty", "no-sidecar"] {
        assert!(said.contains(&format!(": {fault}: ")), "{said}");
    }
    assert!(
        stderr(&output).contains("3 of 3 findings remain; --repair"),
        "{}",
        stderr(&output)
    );
    assert!(!scratch.path().join(SPOOL).join("q/tmp").exists());
    let fixed = json(&mut queue(&scratch, &["fsck", "--repair", "--json"]));
    assert_eq!(
        (&fixed["remaining"], &fixed["findings"][0]["repair"]),
        (&0.into(), &"done".into())
    );
    assert_eq!(stdout(&run(&scratch, &["fsck"], 0)), "");
    assert_eq!(
        names(&scratch, "errors"),
        ["empty", "empty.meta", "silent", "silent.meta"]
    );
}

#[test]
fn what_dead_daemons_of_mentat_2_left_is_found_and_taken_back() {
    let scratch = recorded();
    let status = json(&mut queue(&scratch, &["status", "mentat-enricher.py", "--json"]));
    let figures = &status["queues"][0];
    assert_eq!(
        (&figures["incoming"], &figures["pending_flat"]),
        (&151.into(), &2.into())
    );

    let output = run(&scratch, &["recover", "mentat-enricher.py", "--flat"], 75);
    assert!(
        stderr(&output).contains("2 claims were touched a short time ago"),
        "{}",
        stderr(&output)
    );
    run(&scratch, &["recover", "mentat-enricher.py", "--force"], 2);
    let done = json(&mut queue(
        &scratch,
        &["recover", "mentat-enricher.py", "--flat", "--force", "--json"],
    ));
    assert_eq!(
        (&done["recovered"], &done["left"]),
        (&2.into(), &Value::Array(Vec::new()))
    );
    let status = json(&mut queue(&scratch, &["status", "mentat-enricher.py", "--json"]));
    let figures = &status["queues"][0];
    assert_eq!((&figures["incoming"], &figures["pending"]), (&153.into(), &0.into()));
}

#[test]
fn fsck_of_the_queues_of_mentat_2() {
    let scratch = recorded();
    let faults = |args: &[&str], code: i32| {
        let args = [&["fsck", "--json"], args].concat();
        let report: Value = serde_json::from_str(&stdout(&run(&scratch, &args, code))).unwrap();
        assert_eq!(report["queues"], 5);
        let mut faults: Vec<String> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let word = |key: &str| finding[key].as_str().unwrap();
                format!("{} {} {}", word("queue"), word("fault"), word("repair"))
            })
            .collect();
        faults.sort();
        faults
    };
    let by_hand = [
        "mentat-inspector.py hidden by-hand",
        "mentat-inspector.py not-regular by-hand",
        "mentat-inspector.py not-regular by-hand",
    ];
    let mut expected = vec![
        "mentat-enricher.py flat-claim possible",
        "mentat-enricher.py flat-claim possible",
        "mentat-inspector.py empty possible",
        by_hand[0],
        by_hand[1],
        by_hand[2],
        "mentat-inspector.py stale-tmp possible",
    ];
    assert_eq!(faults(&["--untouched-for", "0"], 65), expected);
    for fault in &mut expected {
        if let Some(start) = fault.strip_suffix("possible") {
            *fault = Box::leak(format!("{start}done").into_boxed_str());
        }
    }
    assert_eq!(faults(&["--untouched-for", "0", "--repair"], 65), expected);
    assert_eq!(faults(&["--untouched-for", "0", "--repair"], 65), by_hand);
    let spool = scratch.path().join(SPOOL);
    assert!(spool.join("mentat-inspector.py/errors/empty.meta").exists());
    assert!(
        !spool.join("mentat-inspector.py/tmp/half.idea").exists(),
        "half a message is none"
    );
    for kept in [".dotfile.idea", "dir.d", "link.idea"] {
        assert!(
            spool
                .join("mentat-inspector.py/incoming")
                .join(kept)
                .symlink_metadata()
                .is_ok()
        );
    }
}

#[test]
fn the_daemons_go_on_with_what_mentat_2_left() {
    let scratch = recorded();
    let inspector = ["inspector", "--name", "mentat-inspector.py", "--once", "--root"];
    scratch.file(
        "etc/mentat/mentat-inspector.py.conf",
        r#"{"queue_out_dir": "mentat-enricher.py", "inspection_rules": []}"#,
    );
    ends(mentat().args(inspector).arg(scratch.path()), 0);
    let errors = json(&mut queue(&scratch, &["errors", "mentat-inspector.py", "--json"]));
    assert_eq!(errors["total"], 3, "{errors}");
    run(&scratch, &["retry", "mentat-inspector.py", "--reason", "empty"], 0);
    let status = json(&mut queue(&scratch, &["status", "--json"]));
    let waiting = |at: usize| status["queues"][at]["incoming"].as_u64().unwrap();
    assert_eq!((waiting(1), waiting(2)), (151 + 15, 1), "{status}");
}
