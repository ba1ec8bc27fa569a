//! `mentat db`: the private database.

use crate::database;
use crate::exit::{Code, Failure};
use crate::output;
use crate::paths::Tree;
use clap::{Parser, Subcommand};
use mentat_core::cluster::Cluster;
use std::os::unix::process::CommandExt as _;

/// The private database: a PostgreSQL of Mentat's own, below the tree.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat db start
  mentat db psql -- -c 'SELECT count(*) FROM mentat.events'
  mentat --root /srv/mentat db status --json

MENTAT_POSTGRES_BIN names the directory of the server programs, should they not be found.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start it; does nothing if it runs
    Start,
    /// Stop it; running programs lose their connection and wait for it
    Stop,
    /// Say whether it runs, and where
    Status {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Open psql on it, starting it if need be
    Psql {
        /// Arguments for psql, after --
        #[arg(last = true)]
        args: Vec<String>,
    },
}

#[derive(serde::Serialize)]
struct Status {
    running: bool,
    pid: Option<u32>,
    version: Option<String>,
    data: String,
    log: String,
    socket: Option<String>,
    bytes: u64,
}

pub(super) fn main(tree: &Tree, args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Start => {
            let (cluster, settings) = database::start(tree)?;
            output::line(format_args!(
                "running: {}",
                cluster.connection_string(&settings.database)
            ))
        }
        Command::Stop => match Cluster::find_running(&database::private(tree))? {
            Some(cluster) => {
                cluster.stop()?;
                output::line("stopped")
            }
            None => output::line("not running"),
        },
        Command::Status { json } => status(tree, *json),
        Command::Psql { args } => {
            let (cluster, settings) = database::start(tree)?;
            let error = cluster.psql_command(&settings.database).args(args).exec();
            Err(Failure::new(
                Code::Unavailable,
                format_args!("cannot run psql: {error}"),
            ))
        }
    }
}

fn status(tree: &Tree, json: bool) -> Result<(), Failure> {
    let status = Cluster::status(&database::private(tree))?;
    let status = Status {
        running: status.is_running(),
        pid: status.pid,
        version: status.version.as_ref().map(ToString::to_string),
        data: status.data_dir.display().to_string(),
        log: status.log.display().to_string(),
        socket: status.socket_dir.as_ref().map(|dir| dir.display().to_string()),
        bytes: status.size,
    };
    if json {
        return output::json(&status);
    }
    match status.pid {
        Some(pid) => output::line(format_args!("running as process {pid}"))?,
        None => output::line("not running")?,
    }
    let unknown = || "-".to_owned();
    output::line(format_args!("version {}", status.version.unwrap_or_else(unknown)))?;
    output::line(format_args!(
        "data    {} ({} MB)",
        status.data,
        status.bytes / 1_000_000
    ))?;
    output::line(format_args!("log     {}", status.log))?;
    output::line(format_args!("socket  {}", status.socket.unwrap_or_else(unknown)))
}
