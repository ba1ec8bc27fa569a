//! `mentat events`: finding stored events.

use crate::database;
use crate::exit::{Code, Failure};
use crate::output;
use crate::paths::Tree;
use clap::{Parser, Subcommand};
use jiff::Timestamp;
use mentat_core::Event;
use mentat_core::filter::{IpSpan, parse_timestamp};
use mentat_core::store::{Found, Search};

/// Find stored events.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat events search --category Recon.Scanning --limit 5
  mentat events search --host 192.0.2.0/24 --from 2026-11-22T00:00:00Z --json
  mentat events count --group abuse@example.org
  mentat events show 5deec8c9-ac37-4f35-a448-34616104b174

The database is the one of --database, else of MENTAT_DATABASE, else of etc/mentat/core, else the private one.")]
pub(super) struct Args {
    /// Connection string of the database [default: as configured, else the private one]
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List events, newest first
    Search {
        #[command(flatten)]
        conditions: Conditions,
        /// At most so many; 0 is no limit
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Whole events, one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Count events
    Count {
        #[command(flatten)]
        conditions: Conditions,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print one event
    Show {
        /// The event's ID
        id: String,
        /// In one line
        #[arg(long)]
        json: bool,
    },
}

/// All must hold; several of one kind are alternatives.
#[derive(Debug, clap::Args)]
struct Conditions {
    /// Detected at or after this time, such as 2026-11-23T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Detected before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Timestamp>,
    /// Category, such as Recon.Scanning
    #[arg(long, value_name = "NAME")]
    category: Vec<String>,
    /// Name of a detector
    #[arg(long, value_name = "NAME")]
    detector: Vec<String>,
    /// Abuse group of the sources
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Address, block or range of a source
    #[arg(long, value_name = "IP", value_parser = span)]
    source: Vec<IpSpan>,
    /// Address, block or range of a target
    #[arg(long, value_name = "IP", value_parser = span)]
    target: Vec<IpSpan>,
    /// Address, block or range of a source or target
    #[arg(long, value_name = "IP", value_parser = span)]
    host: Vec<IpSpan>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_timestamp(text).map_err(|error| error.to_string())
}

fn span(text: &str) -> Result<IpSpan, String> {
    IpSpan::parse(text).map_err(|error| error.to_string())
}

impl Conditions {
    fn search(self, limit: u32) -> Search {
        let mut search = Search::default();
        search.from = self.from;
        search.to = self.to;
        search.categories = self.category;
        search.detectors = self.detector;
        search.groups = self.group;
        search.sources = self.source;
        search.targets = self.target;
        search.hosts = self.host;
        search.limit = limit;
        search
    }
}

pub(super) async fn main(tree: &Tree, args: Args) -> Result<(), Failure> {
    let store = database::store(tree, args.database)?;
    // A tool may be the first to meet a fresh database.
    store.migrate().await?;
    match args.command {
        Command::Search {
            conditions,
            limit,
            json,
        } => {
            for found in store.search(&conditions.search(limit)).await? {
                if json {
                    output::line(&found.json)?;
                } else {
                    output::line(summary(&found))?;
                }
            }
            Ok(())
        }
        Command::Count { conditions, json } => {
            let count = store.count(&conditions.search(0)).await?;
            if json {
                output::json(&serde_json::json!({ "count": count }))
            } else {
                output::line(count)
            }
        }
        Command::Show { id, json } => match store.fetch(&id).await? {
            Some(found) if json => output::line(&found.json),
            Some(found) => {
                let value: serde_json::Value = serde_json::from_str(&found.json).map_err(|error| {
                    Failure::new(Code::Data, format_args!("the stored event {id} is broken: {error}"))
                })?;
                output::json(&value)
            }
            None => Err(Failure::new(
                Code::Failure,
                format_args!("there is no event with the ID '{id}'"),
            )),
        },
    }
}

/// One line for people: time, ID, categories, sources, detectors.
pub(crate) fn summary(found: &Found) -> String {
    let Ok(event) = found.json.parse::<Event>() else {
        return found.json.clone();
    };
    let sources: Vec<String> = event.source_addresses().map(|span| span.to_string()).collect();
    let shown = match sources.as_slice() {
        [] => "-".to_owned(),
        [first] => first.clone(),
        [first, rest @ ..] => format!("{first} (+{})", rest.len()),
    };
    format!(
        "{}  {:<36}  {:<24}  {:<28}  {}",
        mentat_core::filter::format_timestamp(found.detect_time),
        event.id().unwrap_or("-"),
        event.categories().collect::<Vec<_>>().join(","),
        shown,
        event.detectors().last().unwrap_or("-"),
    )
}
