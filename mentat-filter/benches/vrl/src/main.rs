//! Filters beside the same conditions in the Vector Remap Language (VRL): one process, the same events, CPU time.
//!
//! `make bench-vrl`
//!
//! Both sides look at records read before: VRL at its own values with `DetectTime` as a timestamp, the filters at
//! events. VRL has addresses as texts and parses them at each evaluation. Its values know no address ranges, so that
//! the share of events with the same answer is shown as well.

use mentat_core::Event;
use mentat_filter::{Clock, Context, Filter};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::process::Command;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{self, TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

/// Of a filter of `filters.txt`, by its number from 1, the same in VRL.
const PROGRAMS: &[(usize, &str)] = &[
    (1, r#"includes(array!(.Category), "Recon.Scanning")"#),
    (
        2,
        r#"
        found = false
        if includes(array!(.Category), "Attempt.Login") || includes(array!(.Category), "Attempt.Exploit") {
            for_each(array(.Target) ?? []) -> |_at, side| {
                for_each(array(side.Port) ?? []) -> |_at, port| { if port == 22 || port == 23 { found = true } }
            }
        }
        found"#,
    ),
    (
        3,
        r#"
        found = false
        for_each(array(.Source) ?? []) -> |_at, side| {
            for_each(array(side.IP4) ?? []) -> |_at, ip| {
                if ip_cidr_contains("198.18.0.0/16", string(ip) ?? "") ?? false { found = true }
            }
        }
        found"#,
    ),
    (
        4,
        r#"
        found = false
        for_each(array(.Source) ?? []) -> |_at, side| {
            for_each(array(side.IP4) ?? []) -> |_at, ip| {
                if ip_cidr_contains(["192.0.2.0/24", "203.0.113.0/24", "10.20.0.0/16"], string(ip) ?? "") ?? false {
                    found = true
                }
            }
        }
        found"#,
    ),
    (7, "(int(.ConnCount) ?? 0) > 100"),
    (8, "count = int(.ConnCount) ?? 0\ncount >= 10 && count < 1000"),
    (
        9,
        r#"
        found = false
        for_each(array(.Node) ?? []) -> |_at, node| {
            if node.Name == "org.example.o00.cowrie" { found = true }
            for_each(array(node.SW) ?? []) -> |_at, software| {
                if includes(["Kippo", "Cowrie", "Dionaea"], software) { found = true }
            }
        }
        found"#,
    ),
    (
        10,
        r#"exists(.Description) && !contains(string(.Description) ?? "", "scan")"#,
    ),
    (11, r#"contains(string(.Description) ?? "", "brute")"#),
    (12, "timestamp!(.DetectTime) < t'2026-01-01T00:02:00Z'"),
    (
        16,
        r#"
        found = false
        if includes(array!(.Category), "Anomaly.Traffic") {
            for_each(array(.Source) ?? []) -> |_at, side| {
                if includes(array(side.Type) ?? [], "Booter") { found = true }
            }
        }
        found"#,
    ),
    (17, r#"!exists(.TLP) || .TLP == "GREEN""#),
    (
        19,
        r#"
        found = false
        for_each(array!(.Category)) -> |_at, category| {
            if includes(["Abusive.Spam", "Abusive.Sexual", "Availability.DoS", "Availability.DDoS", "Fraud.Phishing",
                "Intrusion.Botnet", "Vulnerable.Open", "Vulnerable.Config", "Anomaly.Connection", "Other"], category) {
                found = true
            }
        }
        found"#,
    ),
];

/// Nanoseconds of CPU time for one event: the medians of rounds that are run in turns.
fn medians(events: usize, mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (f64, f64) {
    const ROUNDS: usize = 9;
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    };
    let round = |work: &mut dyn FnMut(), repeat: usize| {
        let begin = now();
        (0..repeat).for_each(|_| work());
        (now() - begin) / (repeat * events) as f64
    };
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(round(&mut ours, 500));
        other.push(round(&mut theirs, 20));
    }
    one.sort_by(f64::total_cmp);
    other.sort_by(f64::total_cmp);
    (one[ROUNDS / 2], other[ROUNDS / 2])
}

fn data(name: &str) -> String {
    let path = format!(
        "{}/../../../mentat-core/benches/data/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let output = Command::new("gzip").args(["-dcf", &path]).output().expect("gzip runs");
    assert!(output.status.success(), "gzip -dc {path}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Messages as VRL gets them: JSON, with the time as a time.
fn targets(lines: &str) -> Vec<TargetValue> {
    let source = ".DetectTime = parse_timestamp!(.DetectTime, \"%+\")";
    let time = compiler::compile(source, &vrl::stdlib::all())
        .expect("compiles")
        .program;
    let target = |line| {
        let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let mut target = TargetValue {
            value: Value::from(json),
            metadata: Value::Object(Default::default()),
            secrets: Secrets::default(),
        };
        run(&time, &mut target, &mut RuntimeState::default());
        target
    };
    lines.lines().map(target).collect()
}

fn run(program: &compiler::Program, target: &mut TargetValue, state: &mut RuntimeState) -> Value {
    let timezone = TimeZone::default();
    let mut context = compiler::Context::new(target, state, &timezone);
    program.resolve(&mut context).expect("runs")
}

fn main() {
    let lines = data("events.jsonl.gz");
    let events: Vec<Event> = lines.lines().map(|line| line.parse().expect("an event")).collect();
    let mut targets = targets(&lines);
    let filters = data("filters.txt");
    let filters: Vec<&str> = filters.lines().filter(|line| !line.starts_with('#')).collect();
    let clock = Clock::system();
    let functions = vrl::stdlib::all();
    let mut sums = (0.0, 0.0);

    println!(
        "ns for one event of {} ({} bytes on average)",
        events.len(),
        lines.len() / events.len()
    );
    println!("    ours       VRL   ratio  same answer");
    for (number, source) in PROGRAMS {
        let text = filters[number - 1];
        let filter = Filter::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
        let program = filter.compile::<Event>(&Context::new()).expect("compiles");
        let vrl = compiler::compile(source, &functions)
            .unwrap_or_else(|errors| panic!("{number}: {errors:#?}"))
            .program;
        let mut state = RuntimeState::default();
        let mut same = 0;
        for (event, target) in events.iter().zip(&mut targets) {
            let theirs = run(&vrl, target, &mut state) == Value::Boolean(true);
            same += usize::from(program.matches(event, &clock) == Ok(theirs));
        }
        let (ours, theirs) = medians(
            events.len(),
            || {
                for event in &events {
                    black_box(program.matches(event, &clock).is_ok());
                }
            },
            || {
                for target in &mut targets {
                    black_box(run(&vrl, target, &mut state));
                }
            },
        );
        sums = (sums.0 + ours, sums.1 + theirs);
        let short: String = text.chars().take(70).collect();
        println!(
            "{ours:>8.1}  {theirs:>8.1}  {:>6.1}  {:>9} %  {short}",
            theirs / ours,
            same * 100 / events.len()
        );
    }
    let count = PROGRAMS.len() as f64;
    println!(
        "{:>8.1}  {:>8.1}  {:>6.1}  mean",
        sums.0 / count,
        sums.1 / count,
        sums.1 / sums.0
    );
}
