//! `mentat queue shape`.

use super::{name, open};
use crate::exit::Failure;
use crate::output;
use clap::ValueEnum;
use indicatif::ProgressBar;
use mentat_core::Event;
use mentat_core::queue::{Entry, Operator, Place, Shape};
use serde_json::json;
use std::path::Path;
use std::time::SystemTime;

/// Larger files are no events.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How old messages are, by what they are about
///
/// Columns are ages in minutes: younger than 5, 10, 20 and so on.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue shape mentat-storage                  by detector: who has sent what waits here
  mentat queue shape mentat-storage --by category
  mentat queue shape mentat-storage --by reason      of what was rejected")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// What the rows are
    #[arg(long, value_enum, default_value_t = By::Node)]
    by: By,
    /// Messages there: incoming, pending, deferred, hold, errors or tmp [default: errors for reasons, else incoming]
    #[arg(long = "in", value_name = "PLACE")]
    places: Vec<Place>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The detector that saw it first
    Node,
    /// All categories
    Category,
    /// The event class that the inspector gave
    Class,
    /// The code of the reason for which it was rejected
    Reason,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let default = match args.by {
        By::Reason => Place::Errors,
        _ => Place::Incoming,
    };
    let places = if args.places.is_empty() {
        &[default][..]
    } else {
        &args.places
    };
    let entries = operator.list(places)?;
    // Drawn on stderr, and only on a terminal.
    let progress = ProgressBar::new(entries.len() as u64);
    let mut shape = Shape::new(SystemTime::now());
    for entry in &entries {
        if let Some(key) = key(&operator, entry, args.by) {
            shape.add(key, entry.modified);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    if args.json {
        let rows: Vec<_> = shape
            .rows()
            .iter()
            .map(|(key, counts)| json!({ "key": key, "total": counts.iter().sum::<u64>(), "counts": counts }))
            .collect();
        return output::json(&json!({
            "queue": name(&operator), "minutes": Shape::BOUNDS, "rows": rows, "totals": shape.totals(),
        }));
    }
    table(&shape)
}

fn table(shape: &Shape) -> Result<(), Failure> {
    let row = |key: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>6}")).collect();
        output::line(format_args!("{key:>40}{cells}"))
    };
    let mut head = vec!["T".to_owned()];
    head.extend(Shape::BOUNDS.map(|minutes| minutes.to_string()));
    head.extend(Shape::BOUNDS.last().map(|minutes| format!("{minutes}+")));
    row("", &head)?;
    let counts = |counts: &[u64]| -> Vec<String> {
        let total = counts.iter().sum::<u64>();
        std::iter::once(&total).chain(counts).map(u64::to_string).collect()
    };
    row("TOTAL", &counts(&shape.totals()))?;
    let mut rows: Vec<_> = shape.rows().iter().collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<u64>()));
    rows.into_iter().try_for_each(|(key, cells)| row(key, &counts(cells)))
}

/// The row of a message; `None` if it is gone meanwhile.
fn key(operator: &Operator, entry: &Entry, by: By) -> Option<String> {
    if matches!(by, By::Reason) {
        let sidecar = operator.sidecar(entry);
        let sidecar = sidecar.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let code = sidecar.as_ref().and_then(|sidecar| sidecar.get("code")?.as_str());
        return Some(code.unwrap_or("(none given)").to_owned());
    }
    let event = match operator.read(entry, MAX_BYTES) {
        Ok(bytes) => Event::parse(&bytes?),
        Err(_) => return Some("(unreadable)".to_owned()),
    };
    let Ok(event) = event else {
        return Some("(no event)".to_owned());
    };
    let key = match by {
        By::Node => event.last_detector().map(str::to_owned),
        By::Category => Some(event.categories().collect::<Vec<_>>().join(" ")),
        _ => event.class().map(str::to_owned),
    };
    Some(key.filter(|key| !key.is_empty()).unwrap_or_else(|| "(none)".to_owned()))
}
