//! Reading and writing of events, as ratios to `serde_json::Value` on the same bytes in the same run.
//!
//! `cargo bench -p mentat-core --bench idea`

#![allow(clippy::print_stdout, reason = "the figures are the purpose")]

use mentat_core::Event;
use mentat_core::generate::{Generator, Options};
use std::hint::black_box;
use std::time::{Duration, Instant};

const EVENTS: usize = 10_000;
const ROUNDS: usize = 9;

/// The time of one round of each; the best of several, taken in turns so that a slow moment hits both.
fn best(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (Duration, Duration) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        best.0 = best.0.min(time(&mut ours));
        best.1 = best.1.min(time(&mut theirs));
    }
    best
}

fn show(what: &str, (ours, theirs): (Duration, Duration)) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / EVENTS as f64;
    println!(
        "{what}: {:.2} us an event, serde_json::Value {:.2} us, ratio {:.2}",
        each(ours),
        each(theirs),
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn main() {
    let generator = Generator::new(Options::default());
    let messages: Vec<String> = generator.iter().take(EVENTS).collect();
    let bytes: usize = messages.iter().map(String::len).sum();
    println!("{EVENTS} events of {} bytes on average", bytes / EVENTS);
    let events: Vec<Event> = messages.iter().filter_map(|text| text.parse().ok()).collect();
    let values: Vec<serde_json::Value> = messages
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect();
    assert_eq!(
        (events.len(), values.len()),
        (EVENTS, EVENTS),
        "a generated event does not read"
    );

    show(
        "parse",
        best(
            || {
                for text in &messages {
                    black_box(Event::parse(text.as_bytes()).ok());
                }
            },
            || {
                for text in &messages {
                    black_box(serde_json::from_slice::<serde_json::Value>(text.as_bytes()).ok());
                }
            },
        ),
    );
    show(
        "print",
        best(
            || {
                for event in &events {
                    black_box(event.to_json());
                }
            },
            || {
                for value in &values {
                    black_box(serde_json::to_string(value).ok());
                }
            },
        ),
    );
    let clone = |events: &[Event]| {
        for event in events {
            black_box(event.clone());
        }
    };
    show(
        "clone",
        best(
            || clone(&events),
            || {
                for value in &values {
                    black_box(value.clone());
                }
            },
        ),
    );
}
