//! What filters cost: parsing, one evaluation, many rules over one event, lines of JSON, and how it grows.
//!
//! `cargo bench -p mentat-core --bench filters`, with the names of parts behind `--`: `one`, `parse`, `sets`, `lines`,
//! `growth`.
//!
//! Times are CPU time, the median of several rounds. The events are 500 made-up ones of 1.1 kB on average, the rules
//! tie categories, ports, networks and detectors, and one in ten nothing that could be looked up.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "the figures are the purpose"
)]

use mentat_core::Event;
use mentat_filter::{Clock, Context, Filter, FilterSet, Matches, Program};
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;

/// Nanoseconds of CPU time that a run of `work` takes, the median of several.
fn median(mut work: impl FnMut()) -> f64 {
    const ROUNDS: usize = 9;
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    };
    // Rounds so long that the clock does not matter.
    let begin = now();
    work();
    let repeat = (20e6 / (now() - begin).max(1.0)).ceil().clamp(1.0, 1e6);
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = now();
            let mut done = 0.0;
            while done < repeat {
                work();
                done += 1.0;
            }
            (now() - begin) / repeat
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn data(name: &str) -> String {
    let path = format!("{}/benches/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("gzip").args(["-dcf", &path]).output().unwrap();
    assert!(output.status.success(), "gzip -dc {path}");
    String::from_utf8(output.stdout).unwrap()
}

fn compile(text: &str) -> Program<Event> {
    let filter = Filter::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    filter.compile(&Context::new()).unwrap()
}

fn main() {
    let lines = data("events.jsonl.gz");
    let events: Vec<Event> = lines.lines().map(|line| line.parse().unwrap()).collect();
    let filters = data("filters.txt");
    let filters: Vec<&str> = filters.lines().filter(|line| !line.starts_with('#')).collect();
    let rules = data("rules.txt.gz");
    let rules: Vec<&str> = rules.lines().collect();

    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let run = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    if run("one") {
        one_filter(&filters, &events);
    }
    if run("parse") {
        reading(&filters, &rules);
    }
    if run("sets") {
        rule_sets(&rules, &events);
    }
    if run("lines") {
        json_lines(&lines, &rules);
    }
    if run("growth") {
        growth();
    }
}

fn one_filter(filters: &[&str], events: &[Event]) {
    println!("evaluation of one filter, ns");
    let clock = Clock::system();
    let mut sum = 0.0;
    for text in filters {
        let program = compile(text);
        let hits = events
            .iter()
            .filter(|event| program.matches(event, &clock) == Ok(true))
            .count();
        let took = median(|| {
            for event in events {
                black_box(program.matches(event, &clock).is_ok());
            }
        }) / events.len() as f64;
        sum += took;
        let short: String = text.chars().take(80).collect();
        println!("{took:>8.1}  {:>3} %  {short}", hits * 100 / events.len());
    }
    println!("{:>8.1}  mean\n", sum / filters.len() as f64);
}

fn reading(filters: &[&str], rules: &[&str]) {
    println!("parsing and compiling, us per 100 characters");
    for (what, texts) in [("the twenty filters", filters), ("1,000 rules", &rules[..1000])] {
        let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
        let hundreds = characters as f64 / 100.0;
        let parsed = median(|| {
            for text in texts {
                black_box(Filter::parse(text).is_ok());
            }
        });
        let both = median(|| {
            for text in texts {
                black_box(compile(text));
            }
        });
        println!(
            "{:>8.2}  {what}, {} characters on average; parsing alone {:.2}",
            both / hundreds / 1e3,
            characters / texts.len(),
            parsed / hundreds / 1e3
        );
    }
    println!();
}

fn rule_sets(rules: &[&str], events: &[Event]) {
    println!("rules over one event, us");
    println!("    rules  one by one   as a set    hits  building the set, ms");
    let clock = Clock::system();
    for count in [10, 100, 1_000, 10_000] {
        let programs: Vec<Program<Event>> = rules[..count].iter().map(|text| compile(text)).collect();
        let set: FilterSet<Event> = programs.iter().cloned().collect();
        let mut matches = Matches::new();
        let mut hits = 0;
        for event in events {
            set.matches(event, &clock, &mut matches);
            let expected = (0..count).filter(|at| programs[*at].matches(event, &clock) == Ok(true));
            assert!(
                expected.eq(matches.matching().iter().copied()),
                "the set answers otherwise"
            );
            hits += matches.matching().len();
        }
        let each = events.len() as f64 * 1e3;
        let alone = median(|| {
            for event in events {
                for program in &programs {
                    black_box(program.matches(event, &clock).is_ok());
                }
            }
        }) / each;
        let together = median(|| {
            for event in events {
                set.matches(event, &clock, &mut matches);
                black_box(matches.matching());
            }
        }) / each;
        let building = median(|| {
            black_box(FilterSet::new(programs.clone()));
        });
        println!(
            "{count:>9}  {alone:>10.2}  {together:>9.2}  {:>6.1}  {:.2}",
            hits as f64 / events.len() as f64,
            building / 1e6
        );
    }
    println!();
}

fn json_lines(lines: &str, rules: &[&str]) {
    println!("lines of JSON through ten rules, us per 550 bytes");
    let clock = Clock::system();
    let set: FilterSet<Event> = rules[..10].iter().map(|text| compile(text)).collect();
    let mut matches = Matches::new();
    let short: String =
        lines
            .lines()
            .filter(|line| (450..650).contains(&line.len()))
            .fold(String::new(), |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            });
    for (what, lines) in [("all events", lines), ("events of 450 to 650 bytes", &short)] {
        let per = |took: f64| took * 550.0 / lines.len() as f64 / 1e3;
        let read = per(median(|| {
            for line in lines.lines() {
                black_box(Event::parse(line.as_bytes()).is_ok());
            }
        }));
        let both = per(median(|| {
            for line in lines
                .as_bytes()
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                let event = Event::parse(line).unwrap();
                set.matches(&event, &clock, &mut matches);
                black_box(matches.matching());
            }
        }));
        println!("{both:>8.2}  {what}; reading alone {read:.2}");
    }
    println!();
}

fn growth() {
    println!("parsing, ns per character; the same for every length and depth if it grows linearly");
    let chain = |term: &str, joint: &str, count: usize| vec![term; count].join(joint);
    for (what, term, joint) in [
        ("or", "a = 1", " or "),
        ("and", "b.c in ['x']", " and "),
        ("+", "x", " + "),
    ] {
        let figures = [1_000, 5_000, 20_000]
            .map(|count| chain(term, joint, count))
            .map(|text| per_character(&text));
        println!(
            "{what:>8}  1k {:.1}  5k {:.1}  20k {:.1}",
            figures[0], figures[1], figures[2]
        );
    }
    for (what, open, close) in [
        ("( )", "(a or ", ")"),
        ("[ ]", "[1, ", "]"),
        ("not", "not (", ")"),
        ("call", "length(", ")"),
    ] {
        let figures = [1, 16, 64, 120].map(|depth: usize| {
            let one = format!("{}b{}", open.repeat(depth), close.repeat(depth));
            // The same amount of text at every depth.
            per_character(&chain(&one, " or ", 120 / depth))
        });
        let mut line = format!("{what:>8}");
        for (depth, figure) in [1, 16, 64, 120].iter().zip(figures) {
            let _ = write!(line, "  depth {depth} {figure:.1}");
        }
        println!("{line}");
    }
    println!("evaluation over a list of 10 to 100,000 constants, ns");
    let clock = Clock::system();
    let event: Event = r#"{"Category": ["Other"], "Source": [{"IP4": ["192.0.2.7"], "Port": [70000]}]}"#
        .parse()
        .unwrap();
    type Item = fn(usize) -> String;
    let lists: [(&str, Item); 3] = [
        ("Category in", |at| format!("'{at}'")),
        ("Source.Port in", |at| at.to_string()),
        ("Source.IP4 in", |at| {
            format!("10.{}.{}.{}", at >> 16, at >> 8 & 255, at & 255)
        }),
    ];
    for (what, item) in lists {
        let mut line = format!("{what:>16}");
        for count in [10, 1_000, 60_000] {
            let items: Vec<String> = (0..count).map(item).collect();
            let program = compile(&format!("{what} [{}]", items.join(", ")));
            let took = median(|| {
                black_box(program.matches(black_box(&event), &clock).is_ok());
            });
            let _ = write!(line, "  {count} {took:.0}");
        }
        println!("{line}");
    }
}

fn per_character(text: &str) -> f64 {
    assert!(Filter::parse(text).is_ok(), "does not parse");
    median(|| {
        black_box(Filter::parse(text).is_ok());
    }) / text.len() as f64
}
