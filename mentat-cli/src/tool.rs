//! The operator's tool.

mod db;
mod events;
mod filter;
mod idea;
mod queue;

pub(crate) use events::summary;
pub(crate) use queue::queues;

use crate::demo;
use crate::exit::{Code, Failure};
use crate::paths::Tree;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;

/// Processes security events: takes IDEA messages from queues, inspects, enriches and stores them, and finds them again.
#[derive(Debug, Parser)]
#[command(
    name = "mentat",
    version,
    after_help = "Examples:
  mentat demo                                      see the whole chain at work in a tree of its own
  mentat events search --source 192.0.2.0/24       find events
  mentat filter eval \"ConnCount > 100\" events.jsonl  try a filter
  mentat queue status                              what waits where
  mentat inspector --help                          the daemons: inspector, enricher, storage

Exit codes: 0 success, 1 failure, 2 usage, 65 bad data, 69 unavailable, 75 try again, 78 configuration."
)]
struct Args {
    /// The tree that configuration, queues and the private database are in
    #[arg(long, global = true, value_name = "DIR", env = "APP_ROOT_PATH", default_value = "/")]
    root: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole chain at work: queue, inspector, enricher, storage, search
    Demo(demo::Args),
    /// Find stored events
    Events(events::Args),
    /// Check, try, rewrite and measure filter expressions
    Filter(filter::Args),
    /// Check, rewrite, translate and make events
    Idea(idea::Args),
    /// Look at queues and work on them
    Queue(queue::Args),
    /// The private database
    Db(db::Args),
}

pub(crate) fn main(args: Vec<OsString>) -> Result<(), Failure> {
    let args = Args::try_parse_from(args)?;
    let tree = Tree::new(std::path::absolute(&args.root).unwrap_or(args.root));
    match args.command {
        Command::Demo(args) => demo::main(&args),
        Command::Events(args) => block_on(events::main(&tree, args))?,
        Command::Filter(args) => filter::main(&args),
        Command::Idea(args) => idea::main(&args),
        Command::Queue(args) => queue::main(&tree, &args),
        Command::Db(args) => db::main(&tree, &args),
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::Failure, format_args!("cannot start: {error}")))?;
    Ok(runtime.block_on(future))
}
