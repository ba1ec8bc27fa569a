//! The daemons: arguments, configuration, logging, signals, exit code; nothing else.

mod chain;
mod signals;

use crate::config::{Asked, Loaded, fields};
use crate::exit::{Code, Failure};
use crate::paths::Tree;
use crate::settings::{CoreConfig, DaemonConfig};
use crate::telemetry;
use clap::Parser;
use mentat_core::component::Component;
use mentat_core::daemon::Options;
use mentat_core::idea::ReadOptions;
use mentat_core::{Config, Daemon, DirectorySource, DispositionLog, Parser as EventParser, QueueName, queue};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Inspector,
    Enricher,
    Storage,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Inspector, Self::Enricher, Self::Storage];

    /// The daemon of this program name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.program() == name)
    }

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Inspector => "mentat-inspector",
            Self::Enricher => "mentat-enricher",
            Self::Storage => "mentat-storage",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Inspector => "Inspects events: tags, drops, copies and redirects them by rules",
            Self::Enricher => "Enriches events with the abuse groups of their addresses",
            Self::Storage => "Stores events in the database",
        }
    }
}

/// Messages come from a queue directory, go through this daemon and on to the next queue.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:
  mentat-inspector                          as /etc/mentat/mentat-inspector.conf says
  mentat-inspector --root /srv/mentat       the same in a tree of its own
  mentat-inspector --name inspector-b       a second one, with its own configuration and queue
  mentat-storage --once                     work off the queue, then exit

Signals: TERM and INT finish the batch in work and stop, a second one stops at once; HUP reloads rules and tables; USR1 logs counters.
Exit codes: 0 stopped, 2 usage, 69 database unavailable, 78 configuration, 1 anything else."
)]
struct Args {
    /// Name of the daemon: of its queue, configuration file and log [default: the name it is called with]
    #[arg(long)]
    name: Option<String>,
    /// The tree that configuration, queues and logs are in
    #[arg(long, value_name = "DIR", env = "APP_ROOT_PATH", default_value = "/")]
    root: PathBuf,
    /// The daemon's configuration file (JSON with # lines, or TOML) [default: <root>/etc/mentat/<name>.conf]
    #[arg(long, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Configuration files that all daemons read [default: <root>/etc/mentat/core]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// The queue to take messages from [default: the daemon's name]
    #[arg(long, value_name = "QUEUE")]
    queue_in_dir: Option<String>,
    /// The queue to hand messages on to
    #[arg(long, value_name = "QUEUE")]
    queue_out_dir: Option<String>,
    /// Connection string of the database [default: a private one below <root>]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// error, warning, info or debug
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Log to this file instead of stderr
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Stop as soon as the queue is empty
    #[arg(long)]
    once: bool,
    /// Stop when stdin ends: for a program that starts this one and must not leave it behind
    #[arg(long)]
    until_stdin_ends: bool,
}

/// Everything that a daemon is made of.
struct Setup {
    kind: Kind,
    name: String,
    tree: Tree,
    /// What relative names in the configuration start from.
    config_dir: PathBuf,
    daemon: DaemonConfig,
    core: CoreConfig,
    chain: chain::ChainConfig,
    idle_keys: Vec<String>,
}

pub(crate) fn main(kind: Kind, called: &str, args: Vec<OsString>) -> Result<(), Failure> {
    let command = <Args as clap::CommandFactory>::command()
        .name(kind.program())
        .about(kind.about());
    let args = <Args as clap::FromArgMatches>::from_arg_matches(&command.try_get_matches_from(args)?)?;
    let setup = Setup::new(kind, called, &args)?;
    telemetry::start(&setup.daemon.log_level, setup.daemon.log_file.as_deref())?;
    for text in &setup.idle_keys {
        tracing::info!("{text}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Failure, format_args!("cannot start: {error}")))?;
    runtime.block_on(run(setup, args))
}

async fn run(setup: Setup, args: Args) -> Result<(), Failure> {
    // Signals first: one that comes while we start must not kill us half way.
    let mut signals = signals::Signals::new(args.until_stdin_ends)?;
    let mut daemon = setup.build(args.once)?;
    tracing::info!("{} {} started", setup.name, env!("CARGO_PKG_VERSION"));
    let handle = daemon.handle();
    let reload = || Setup::new(setup.kind, &setup.name, &args)?.reload();
    let ended = signals.drive(&handle, reload, |shutdown| daemon.run(shutdown)).await;
    for (component, counter, total) in daemon.counters() {
        tracing::info!("{component}: {} {total}", counter.0);
    }
    match ended {
        Ok(()) => tracing::info!("{} stopped", setup.name),
        Err(error) => {
            tracing::error!("{}", error.chain());
            return Err(error.into());
        }
    }
    Ok(())
}

impl Setup {
    fn new(kind: Kind, called: &str, args: &Args) -> Result<Self, Failure> {
        let name = args.name.clone().unwrap_or_else(|| called.to_owned());
        let tree = Tree::new(&args.root);
        let asked = |path: &Option<PathBuf>| if path.is_some() { Asked::Yes } else { Asked::No };
        let config_dir = tree.config();
        let dir = args.config_dir.clone().unwrap_or_else(|| tree.core_config());
        let file = args.config_file.clone().unwrap_or_else(|| own_file(&tree, &name));
        let mut loaded = Loaded::read((&dir, asked(&args.config_dir)), (&file, asked(&args.config_file)))?;
        let environment = |name: &str| std::env::var(name).ok();
        loaded.add_environment(fields::<DaemonConfig>(), environment);
        loaded.add_environment(fields::<CoreConfig>(), environment);
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        for (key, value) in [
            ("queue_in_dir", args.queue_in_dir.clone()),
            ("queue_out_dir", args.queue_out_dir.clone()),
            ("database", args.database.clone()),
            ("log_level", args.log_level.clone()),
            ("log_file", args.log_file.as_ref().map(path)),
        ] {
            if let Some(value) = value {
                loaded.set(key, value, "the command line");
            }
        }
        let (daemon, core) = (loaded.part()?, loaded.part()?);
        let chain = chain::ChainConfig::read(kind, &mut loaded)?;
        let idle_keys = loaded.finish()?;
        Ok(Self {
            kind,
            name,
            tree,
            config_dir,
            daemon,
            core,
            chain,
            idle_keys,
        })
    }

    fn build(&self, once: bool) -> Result<Daemon, Failure> {
        let mut options = Options::default();
        options.batch = self.chain.batch().unwrap_or(self.daemon.batch_size).max(1);
        options.wait = seconds(self.daemon.queue_in_wait, "queue_in_wait")?;
        options.stop_timeout = seconds(self.daemon.stop_timeout, "stop_timeout")?;
        options.once = once;
        options.seed = u64::from(std::process::id());
        let mut reading = ReadOptions::default();
        reading.mode = self.daemon.parse_mode.into();
        reading.limits.bytes = usize::try_from(self.daemon.max_message_bytes).unwrap_or(usize::MAX);
        let mut daemon = Daemon::new(self.source()?, options).with(EventParser::with_options(reading));
        for component in self.chain.components(self)? {
            daemon = daemon.with(component);
        }
        Ok(daemon)
    }

    /// What running components are to take over, checked as at a start.
    fn reload(&self) -> Result<Arc<Config>, Failure> {
        let spool = self.tree.spool();
        self.chain.check_targets(&spool, &self.input().resolve(&spool))?;
        Ok(Arc::new(self.chain.reloadable(self)?))
    }

    /// The queue that messages come from.
    fn input(&self) -> QueueName {
        let configured = self.daemon.queue_in_dir.clone();
        configured.unwrap_or_else(|| QueueName::new(&*self.name))
    }

    fn source(&self) -> Result<DirectorySource, Failure> {
        let mut options = queue::Options::default();
        options.durability = self.daemon.durability.into();
        options.max_message_bytes = self.daemon.max_message_bytes;
        options.directory_mode = self.daemon.queue_in_perms;
        options.limit = self.daemon.queue_out_limit;
        options.is_whole = |bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        let input = self.input();
        self.chain
            .check_targets(&self.tree.spool(), &input.resolve(&self.tree.spool()))?;
        let log = self
            .daemon
            .disposition_log
            .clone()
            .unwrap_or_else(|| disposition_log(&self.tree, &self.name));
        if let Some(dir) = log.parent() {
            std::fs::create_dir_all(dir).map_err(|error| Failure::io("make", dir, &error))?;
        }
        let output = self.daemon.queue_out_dir.as_ref();
        if self.kind != Kind::Storage && output.is_none() {
            let text = format!(
                "{}: 'queue_out_dir' is missing: {} hands every event on",
                self.name,
                self.kind.program()
            );
            return Err(Failure::new(Code::Config, text));
        }
        let log = DispositionLog::new(log);
        Ok(DirectorySource::open(
            &self.name,
            &self.tree.spool(),
            &input,
            output,
            log,
            &options,
        )?)
    }
}

/// The disposition log of the daemon of that name.
pub(crate) fn disposition_log(tree: &Tree, name: &str) -> PathBuf {
    tree.log().join(format!("{name}.dispositions.jsonl"))
}

/// `<name>.conf`, or `<name>.toml` if there is only that.
fn own_file(tree: &Tree, name: &str) -> PathBuf {
    let toml = tree.config().join(format!("{name}.toml"));
    let json = tree.config().join(format!("{name}.conf"));
    if !json.exists() && toml.exists() { toml } else { json }
}

fn seconds(value: f64, key: &str) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| Failure::new(Code::Config, format_args!("{key}: {value} is no number of seconds")))
}

/// Components of different types in one list.
type Chain = Vec<Box<dyn Component>>;
