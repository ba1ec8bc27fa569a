//! Rules of the workspace that no compiler checks. The numbered ones are the invariants of `ARCHITECTURE.md`.
#![allow(
    clippy::indexing_slicing,
    reason = "offsets come from searches in the same text, and a test may panic"
)]

mod packages;
mod signatures;
mod source;

use mentat_core::filter::{Filter, IpSpan, parse_duration, parse_timestamp};
use packages::{Package, foreign, packages, tree};
use source::{Source, closing, find_whole, line, root, sources, texts};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A place that may do what its kind of code may not, and why.
struct Exception {
    /// A file, or a directory with everything below it.
    path: &'static str,
    needle: &'static str,
    reason: &'static str,
}

/// Crates that others embed: everything but the programs, the web server and the examples.
const LIBRARIES: [&str; 3] = ["mentat-queue/src/", "mentat-filter/src/", "mentat-core/src/"];

/// What a package may depend on within the workspace; the arrows in `ARCHITECTURE.md`.
const DIRECTION: [(&str, &[&str]); 6] = [
    ("mentat-queue", &[]),
    ("mentat-filter", &[]),
    ("mentat-core", &["mentat-filter", "mentat-queue"]),
    ("mentat-web", &["mentat-core"]),
    ("mentat-cli", &["mentat-core", "mentat-web"]),
    ("mentat-examples", &["mentat-core"]),
];

/// Reports everything that breaks a rule at once, and how to follow it.
fn demand(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}\n  {}\n", broken.join("\n  "));
}

/// Every use of a needle in code that ships, except where an exception allows it. An exception that nothing needs any
/// more is broken, too: it would hide the next use.
fn uses(sources: &[Source], within: &[&str], needles: &[&str], exceptions: &[Exception]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut needed = vec![false; exceptions.len()];
    for source in sources
        .iter()
        .filter(|source| within.iter().any(|dir| source.path.starts_with(dir)))
    {
        for needle in needles {
            for at in find_whole(&source.shipped, needle) {
                let exception = exceptions.iter().position(|exception| {
                    exception.needle == *needle
                        && source
                            .path
                            .strip_prefix(exception.path)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == ".rs")
                });
                match exception {
                    Some(at) => needed[at] = true,
                    None => broken.push(format!("{}:{}: {needle}", source.path, line(&source.text, at))),
                }
            }
        }
    }
    for (exception, needed) in exceptions.iter().zip(needed) {
        if !needed {
            let Exception { path, needle, reason } = exception;
            broken.push(format!(
                "{path}: the exception for {needle} ({reason}) is not needed any more"
            ));
        }
    }
    broken
}

fn find_package<'a>(packages: &'a [Package], name: &str) -> &'a Package {
    packages
        .iter()
        .find(|package| package.name == name)
        .expect("a package of the workspace")
}

// Architecture

#[test]
fn invariant_1_dependencies_point_one_way() {
    let packages = packages();
    let mut broken = Vec::new();
    for package in &packages {
        let Some((_, allowed)) = DIRECTION.iter().find(|(name, _)| *name == package.name) else {
            broken.push(format!(
                "{} is not in the table of this test and in the diagram",
                package.name
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.for_tests) {
            let own = packages.iter().any(|package| package.name == dependency.name);
            if own && !allowed.contains(&dependency.name.as_str()) {
                broken.push(format!("{} depends on {}", package.name, dependency.name));
            }
        }
    }
    demand(
        &broken,
        "dependencies within the workspace follow the diagram in ARCHITECTURE.md:",
    );
}

#[test]
fn invariant_1_the_leaves_know_no_runtime_and_no_json() {
    let packages = packages();
    let mut broken = Vec::new();
    for (name, features) in [
        ("mentat-queue", "--all-features"),
        ("mentat-filter", "--features=default"),
    ] {
        find_package(&packages, name);
        let tree = foreign(&["--package", name, "--edges", "normal", features]);
        for crate_name in ["tokio", "serde_json", "async-std", "smol"] {
            if tree.contains(crate_name) {
                broken.push(format!("{name} depends on {crate_name}"));
            }
        }
    }
    demand(
        &broken,
        "queue and filter are for programs without an async runtime and without JSON:",
    );
}

#[test]
fn invariant_2_embedding_stays_small() {
    let check = |features: &[&str], most: usize| {
        let tree = foreign(&[&["--package", "mentat-core", "--edges", "normal"], features].concat());
        assert!(
            tree.len() <= most,
            "mentat-core with {features:?} pulls {} third-party crates, at most {most} are promised: {tree:?}",
            tree.len(),
        );
    };
    check(&["--no-default-features"], 20);
    check(&[], 36);
    check(&["--all-features"], 210);
}

#[test]
fn invariant_2_no_input_or_output_without_a_feature() {
    // These modules of mentat-core may touch the world; a feature is needed for each of them to exist.
    let root = fs::read_to_string(root().join("mentat-core/src/lib.rs")).expect("mentat-core has a root");
    let mut previous = "";
    let mut broken = Vec::new();
    for text in root.lines().map(str::trim) {
        let module = text
            .trim_start_matches("pub ")
            .strip_prefix("mod ")
            .and_then(|name| name.strip_suffix(';'));
        let gated = previous.starts_with("#[cfg(") && previous.contains("feature = ");
        if let Some(name) = module.filter(|name| WORLDLY.contains(name) && !gated) {
            broken.push(format!("mentat-core/src/lib.rs: {name} exists without a feature"));
        }
        previous = text;
    }
    demand(&broken, "mentat-core without features does no input or output:");
}

#[test]
fn invariant_2_native_code_stays_out() {
    let mut broken = Vec::new();
    let all = foreign(&["--workspace", "--edges", "normal,build"]);
    for name in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        if all.contains(name) {
            broken.push(format!("{name} is in the tree; the one TLS provider is ring"));
        }
    }
    // What runs on the target. On the host, pest's generator may use whatever it likes.
    for line in tree(&["--workspace", "--edges", "normal,no-proc-macro"]) {
        let (package, features) = line.split_once('\t').unwrap_or((&line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        if name == "pest"
            && features
                .split([',', ' '])
                .any(|feature| ["std", "stack-guard"].contains(&feature))
        {
            broken.push(format!(
                "pest has the features {features:?}; without `std` its native stack guard stays out"
            ));
        }
        if ["psm", "stacker", "pest_stack_guard"].contains(&name) {
            broken.push(format!("{name} needs a C compiler and is on the target"));
        }
    }
    broken.dedup();
    demand(
        &broken,
        "building needs a linker but no C compiler for the crates we choose:",
    );
}

/// How the environment, the process and its global state are reached.
const PROCESS: [&str; 29] = [
    "env::{",
    "env::var",
    "env::var_os",
    "env::vars",
    "env::vars_os",
    "env::args",
    "env::args_os",
    "env::temp_dir",
    "env::current_dir",
    "env::current_exe",
    "env::home_dir",
    "exit(",
    "process::exit",
    "process::abort",
    "process::Command",
    "Command::new",
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "set_hook",
    "take_hook",
    "tokio::signal",
    "sigaction",
    "signal_hook",
    "tracing_subscriber",
    "set_global_default",
    "set_logger",
    "set_global_recorder",
];

#[test]
fn invariant_3_libraries_leave_the_process_alone() {
    const STARTS_SERVERS: &str = "the feature `cluster` exists to run PostgreSQL's programs";
    let exceptions = [
        Exception {
            path: "mentat-core/src/cluster",
            needle: "Command::new",
            reason: STARTS_SERVERS,
        },
        Exception {
            path: "mentat-core/src/cluster",
            needle: "process::Command",
            reason: STARTS_SERVERS,
        },
        Exception {
            path: "mentat-core/src/cluster/scratch.rs",
            needle: "env::temp_dir",
            reason: "servers for tests lie where temporary files belong",
        },
    ];
    let broken = uses(&sources(), &LIBRARIES, &PROCESS, &exceptions);
    demand(
        &broken,
        "arguments, environment, output, signals, hooks and exits belong to the programs:",
    );
}

#[test]
fn invariant_3_libraries_start_no_runtime() {
    let needles = [
        "runtime::Builder",
        "runtime::Runtime",
        "Runtime::new",
        "tokio::main",
        "block_on",
    ];
    let broken = uses(&sources(), &LIBRARIES, &needles, &[]);
    demand(&broken, "the program that embeds a library brings the runtime:");
}

/// The modules of mentat-core that may touch files, sockets and processes.
const WORLDLY: [&str; 7] = [
    "cluster",
    "directory",
    "dispositions",
    "enrich",
    "mail",
    "store",
    "testing",
];

/// The modules of mentat-core that may ask for the time. `component` has the one clock that does,
/// `daemon` measures its own deadlines and pauses.
const TIMED: [&str; 2] = ["component", "daemon"];

/// What is pure: all of mentat-filter, and what mentat-core does not list above.
fn is_pure(path: &str, but: &[&str]) -> bool {
    if path.starts_with("mentat-filter/src/") {
        return true;
    }
    let Some(rest) = path.strip_prefix("mentat-core/src/") else {
        return false;
    };
    let module = rest.split(['/', '.']).next().unwrap_or_default();
    !but.contains(&module)
}

#[test]
fn invariant_4_domain_logic_is_pure() {
    let sources = sources();
    let (world, time): (Vec<_>, Vec<_>) = (
        sources
            .iter()
            .filter(|source| is_pure(&source.path, &WORLDLY))
            .map(|source| &*source.path)
            .collect(),
        sources
            .iter()
            .filter(|source| is_pure(&source.path, &[&WORLDLY[..], &TIMED[..]].concat()))
            .map(|source| &*source.path)
            .collect(),
    );
    assert!(
        world.len() > 20 && time.len() > 20,
        "the pure part of the sources was not found"
    );
    let files = [
        "std::fs",
        "fs::read",
        "fs::write",
        "File::open",
        "File::create",
        "OpenOptions",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "UnixStream",
        "UnixListener",
        "rustix",
        "tokio_postgres",
        "thread::sleep",
    ];
    let mut broken = uses(&sources, &world, &files, &[]);
    let clocks = [
        "Timestamp::now",
        "Zoned::now",
        "SystemTime::now",
        "Instant::now",
        "thread_rng",
        "rand::rng",
    ];
    let exceptions = [Exception {
        path: "mentat-filter/src/clock.rs",
        needle: "Timestamp::now",
        reason: "the one constructor that asks; an evaluation is given a clock",
    }];
    broken.extend(uses(&sources, &time, &clocks, &exceptions));
    demand(&broken, "domain logic gets values, the clock and randomness passed in:");
}

#[test]
fn invariant_5_no_foreign_types_in_public_signatures() {
    let crates: Vec<String> = packages()
        .iter()
        .filter(|package| LIBRARIES.contains(&format!("{}/src/", package.dir).as_str()))
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| !dependency.for_tests)
        .map(|dependency| dependency.crate_name.clone())
        .filter(|name| !name.starts_with("mentat_") && !signatures::ALLOWED.contains(&name.as_str()))
        .collect();
    assert!(
        crates.len() > 5,
        "the libraries' dependencies were not found: {crates:?}"
    );
    let mut broken = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| LIBRARIES.iter().any(|dir| source.path.starts_with(dir)))
    {
        for (line, path) in signatures::foreign_types(&source.shipped, &crates) {
            broken.push(format!("{}:{line}: {path}", source.path));
        }
    }
    demand(
        &broken,
        "public signatures name std, serde's traits, jiff, ipnet and tokio_postgres::Client at most:",
    );
}

#[test]
fn invariant_6_parsers_contain_no_panics() {
    let parsers = [
        "mentat-filter/src/",
        "mentat-core/src/idea",
        "mentat-core/src/parser.rs",
    ];
    let needles = [
        ".unwrap()",
        ".unwrap_err()",
        ".expect(\"",
        ".expect(&",
        "panic!",
        "unreachable!",
        "assert!",
        "assert_eq!",
        "process::abort",
        "clippy::unwrap_used",
        "clippy::indexing_slicing",
    ];
    let exceptions = ["panic!", "assert!", "clippy::indexing_slicing"].map(|needle| Exception {
        path: "mentat-core/src/idea/key",
        needle,
        reason: "the table of known keys is checked by the compiler",
    });
    let mut broken = uses(&sources(), &parsers, &needles, &exceptions);
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    for lint in ["indexing_slicing", "unwrap_used"] {
        if !manifest
            .lines()
            .any(|line| line.split_whitespace().collect::<String>() == format!("{lint}=\"warn\""))
        {
            broken.push(format!("Cargo.toml: the lint {lint} is off"));
        }
    }
    demand(&broken, "input may be anything; parsers answer with an error:");
}

#[test]
fn invariant_6_parsers_survive_hostile_input() {
    let many = 200_000;
    let event = r#"{"Format": "IDEA0", "ID": "e", "DetectTime": "2026-11-23T12:00:00.5+01:00", "Category": ["Test"],
        "Source": [{"IP4": ["192.0.2.1-192.0.2.9"], "Port": [22, 1e3]}], "x": [-0.0, null, {"y": "\ud83d\ude00"}]}"#;
    let filter = r#"Source.IP4 in [192.0.2.0/24, 2001:db8::1..2001:db8::2] and not (Category == "Test" or a[1].b?? )
        and size(x) + 2 * -3 > 1D02:03:04 and DetectTime > 2026-11-23T12:00:00Z or b like "a*" "#;
    let seeds: Vec<Vec<u8>> = [
        event,
        filter,
        "2016-12-31T23:59:60.999999999-23:59",
        "999999999D23:59:59.999",
        "2001:db8::/33",
        "192.0.2.1..192.0.2.9",
        "",
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .into();
    let deep = [
        "(",
        "[",
        "-",
        "not ",
        "{\"a\":",
        "[{\"Source\":",
        "f(",
        "a[",
        "1+",
        "a ?? ",
        "\"",
        "\\",
        "9",
        "\u{fffd}",
    ];
    for piece in deep {
        survive(piece.repeat(many / piece.len()).as_bytes());
        survive(format!("{{\"Source\": [{{\"IP4\": {}", piece.repeat(1000)).as_bytes());
    }
    // A plain xorshift: the same inputs in every run.
    let mut state = 0x6d65_6e74_6174_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap_or_default() % below.max(1)
    };
    let pieces: [&[u8]; 12] = [
        b"(",
        b")",
        b"[",
        b"]",
        b"\"",
        b"\\u",
        b"\xff",
        b"\0",
        b"..",
        b"9999999999999999999",
        b"e308",
        b"-",
    ];
    for round in 0..6000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len() + 1);
            let end = (at + random(8)).min(bytes.len());
            match random(3) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes
                    .splice(at..at, pieces[random(pieces.len())].iter().copied())
                    .for_each(drop),
                _ => bytes.extend_from_within(at..end),
            }
        }
        survive(&bytes);
    }
}

/// Reads bytes as everything that is read from outside.
fn survive(bytes: &[u8]) {
    let read = AssertUnwindSafe(|| {
        let _ = mentat_core::Event::parse(bytes);
        let text = String::from_utf8_lossy(bytes);
        let _ = (
            Filter::parse(&text),
            IpSpan::parse(&text),
            parse_timestamp(&text),
            parse_duration(&text),
        );
    });
    let start: String = String::from_utf8_lossy(bytes).chars().take(2000).collect();
    assert!(catch_unwind(read).is_ok(), "a parser panicked on {start:?}");
}

// Durability

#[test]
fn only_the_queue_renames() {
    let exceptions = [
        Exception {
            path: "mentat-queue/src/fs.rs",
            needle: "renameat_with",
            reason: "the one door of the queue to the file system",
        },
        Exception {
            path: "mentat-queue/src/fs.rs",
            needle: "fs::rename",
            reason: "as above, for sidecars",
        },
        Exception {
            path: "mentat-core/src/cluster",
            needle: "fs::rename",
            reason: "a database directory that was made beside its place",
        },
    ];
    let sources = sources();
    let everywhere: Vec<&str> = sources
        .iter()
        .filter(|source| source.path.contains("/src/"))
        .map(|source| &*source.path)
        .collect();
    let needles = ["fs::rename", "renameat", "renameat_with", "fs::hard_link", "linkat"];
    let broken = uses(&sources, &everywhere, &needles, &exceptions);
    demand(
        &broken,
        "a rename publishes a file, so its durability has one home, the queue's `Fs`:",
    );
}

// Packages

#[test]
fn packages_inherit_lints_and_metadata() {
    let mut broken = Vec::new();
    for package in packages() {
        let path = format!("{}/Cargo.toml", package.dir);
        let manifest = fs::read_to_string(root().join(&path)).expect("a package has a manifest");
        let lines: Vec<String> = manifest.lines().map(|line| line.split_whitespace().collect()).collect();
        for key in ["version", "edition", "rust-version", "license"] {
            if !lines.contains(&format!("{key}.workspace=true")) {
                broken.push(format!("{path}: no `{key}.workspace = true`"));
            }
        }
        if !lines.windows(2).any(|pair| pair == ["[lints]", "workspace=true"]) {
            broken.push(format!("{path}: no `[lints] workspace = true`"));
        }
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    if !workspace
        .lines()
        .any(|line| line.split_whitespace().collect::<String>() == "unsafe_code=\"forbid\"")
    {
        broken.push("Cargo.toml: unsafe code is not forbidden".to_owned());
    }
    demand(
        &broken,
        "one version, edition, licence and set of lints for all packages:",
    );
}

#[test]
fn the_licence_is_there() {
    let text = fs::read_to_string(root().join("LICENSE")).expect("LICENSE is there");
    assert!(
        text.contains("Permission is hereby granted, free of charge"),
        "LICENSE is not the MIT licence"
    );
    let workspace = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    assert!(workspace.contains("license = \"MIT\""), "Cargo.toml does not say MIT");
}

// Sources

#[test]
fn files_are_named_by_what_they_know() {
    let mut broken = Vec::new();
    for source in sources() {
        for part in source.path.trim_end_matches(".rs").split('/') {
            if [
                "mod", "util", "utils", "common", "misc", "manager", "handler", "helpers",
            ]
            .contains(&part)
            {
                broken.push(source.path.clone());
            }
        }
    }
    demand(&broken, "`foo.rs` beside `foo/`, and names that say something:");
}

#[test]
fn files_hold_one_idea() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > 900 {
            broken.push(format!("{}: {lines} lines", source.path));
        }
    }
    demand(&broken, "a source file has at most 900 lines:");
}

#[test]
fn no_tests_that_do_not_run_and_nothing_unfinished() {
    let mut broken = Vec::new();
    for source in sources() {
        for needle in ["#[ignore", "#[should_panic", "todo!", "unimplemented!", "dbg!"] {
            for at in find_whole(&source.code, needle) {
                broken.push(format!("{}:{}: {needle}", source.path, line(&source.text, at)));
            }
        }
    }
    demand(&broken, "tests run and say what they expect; code is finished:");
}

#[test]
fn every_silenced_lint_has_a_reason() {
    let mut broken = Vec::new();
    for source in sources() {
        for start in ["#[", "#!["]
            .iter()
            .flat_map(|open| source.code.match_indices(open))
            .map(|(at, _)| at)
        {
            let Some(open) = source.code[start..].find('[').map(|at| start + at) else {
                continue;
            };
            let attribute = &source.code[open..closing(&source.code, open)];
            for lint in ["allow(", "expect("] {
                for at in find_whole(attribute, lint) {
                    let arguments = &attribute[at..closing(attribute, at + lint.len() - 1)];
                    if find_whole(arguments, "reason").is_empty() {
                        let line = line(&source.text, start);
                        broken.push(format!("{}:{line}: {}", source.path, attribute.trim()));
                    }
                }
            }
        }
    }
    demand(&broken, "`allow` and `expect` say why:");
}

#[test]
fn texts_name_no_machine_and_nothing_private() {
    // Put together here, so that this file does not contain them.
    let directories = [["/wo", "rk/"], ["/fa", "rm/"], ["../sha", "red"]].map(|halves| halves.concat());
    let words = [["sub", "agent"], ["C", "EO"]].map(|halves| halves.concat());
    let mut broken = Vec::new();
    for file in texts() {
        let inside_a_path = |at: &usize| {
            let before = file.text[..*at].chars().next_back();
            before.is_some_and(|c| c.is_alphanumeric() || ['.', '_', '-'].contains(&c))
        };
        let mut found: Vec<(usize, &String)> = Vec::new();
        for needle in &directories {
            let places = file.text.match_indices(needle).map(|(at, _)| at);
            found.extend(places.filter(|at| !inside_a_path(at)).map(|at| (at, needle)));
        }
        for needle in &words {
            found.extend(find_whole(&file.text, needle).into_iter().map(|at| (at, needle)));
        }
        for (at, needle) in found {
            broken.push(format!("{}:{}: {needle}", file.path, line(&file.text, at)));
        }
    }
    demand(
        &broken,
        "files of the project do not say where and how they were written:",
    );
}
