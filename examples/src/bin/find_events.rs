//! The smallest embedding: reads events, one a line, and prints ID and sources of those that a filter expression finds.
//! Of Mentat it needs the feature `filter` only, which does no input or output: `--no-default-features` builds no more.
//!
//! Try it with `cargo run -p mentat-examples --bin find_events -- "Target.Port in [22, 23]" < events.jsonl`.

use mentat_core::Event;
use mentat_core::filter::{Clock, Context, Filter};
use std::io::{self, Write as _};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let expression = std::env::args().nth(1).ok_or("give a filter expression")?;
    let program = Filter::parse(&expression)?.compile::<Event>(&Context::new())?;
    for line in io::stdin().lines() {
        let event: Event = line?.parse()?;
        if program.matches(&event, &Clock::system())? {
            let sources: Vec<String> = event.source_addresses().map(|span| span.to_string()).collect();
            writeln!(io::stdout(), "{} {}", event.id().unwrap_or("-"), sources.join(","))?;
        }
    }
    Ok(())
}
