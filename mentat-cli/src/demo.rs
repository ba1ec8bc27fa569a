//! `mentat demo`: the whole chain at work, with real processes, queues and database.

mod daemons;
mod feed;
mod layout;
mod report;
mod server;
mod state;

use crate::exit::{Code, Failure};
use crate::figures::Figures;
use crate::output;
use daemons::Daemons;
use feed::Feed;
use indicatif::{ProgressBar, ProgressStyle};
use layout::Layout;
use mentat_core::store::Store;
use report::Report;
use server::Server;
use state::{Input, State};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the queues are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Show the whole chain at work: events go in as files and come out of PostgreSQL
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat demo                                  10,000 generated events
  mentat demo --events 500 --seed 7 --json     other events, the figures as JSON
  mentat demo --input events.jsonl             your own, one JSON document a line; nothing is dropped by rules
  mentat demo --keep-running                   leave everything running until Ctrl-C, to look around

Ctrl-C stops everything; the same command again goes on where it stopped.")]
pub(crate) struct Args {
    /// The tree that everything happens in; made if absent, never removed
    #[arg(long, value_name = "DIR", default_value = "mentat-demo")]
    dir: PathBuf,
    /// Feed the lines of this file instead of generated events; every line is one message
    #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "seed"])]
    input: Option<PathBuf>,
    /// How many events to generate
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    events: u64,
    /// Which events to generate
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
    /// Leave daemons and database running until Ctrl-C
    #[arg(long)]
    keep_running: bool,
}

/// Set by Ctrl-C.
#[derive(Clone, Default)]
struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits a moment between two looks; ends early on Ctrl-C.
    async fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_set() && Instant::now() < end {
            tokio::time::sleep(time.min(Duration::from_millis(20))).await;
        }
    }
}

pub(crate) fn main(args: &Args) -> Result<(), Failure> {
    // Two threads: signals are heard while files are written.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::new(Code::Failure, format_args!("cannot start: {error}")))?;
    let interrupt = Interrupt::default();
    let flag = interrupt.clone();
    runtime.spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut term) = signal(SignalKind::terminate()) else {
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        flag.0.store(true, Ordering::Relaxed);
    });
    runtime.block_on(run(args, &interrupt))
}

async fn run(args: &Args, interrupt: &Interrupt) -> Result<(), Failure> {
    let input = match &args.input {
        Some(file) => Input::file(file)?,
        None => Input::Generated {
            events: args.events,
            seed: args.seed,
        },
    };
    let layout = Layout::make(&args.dir, &input)?;
    let say = |text: String| {
        if !args.json {
            output::note(text);
        }
    };
    say(format!("tree       {}", layout.tree.root().display()));
    let mut server = Server::start(&layout.tree)?;
    let store = Store::new(server.connection())?;
    store.migrate().await?;
    say("database   a PostgreSQL of its own, started".to_owned());

    let mut state = State::open(layout.state_file())?;
    let resumed = state.begin(input);
    // Before any daemon moves files: what a killed run has fed is where it left it.
    let mut feed = Feed::open(&layout, &mut state, &store, resumed).await?;
    let mut daemons = Daemons::start(&layout, server.connection())?;
    say(format!("daemons    {}", daemons.describe()));
    if resumed {
        say(format!("going on   after {} of {} messages", feed.fed(), feed.total()));
    }

    let bar = progress(feed.total(), args.json);
    let started = Instant::now();
    let outcome = drain(&mut feed, &mut daemons, &mut server, &layout, interrupt, &bar).await;
    let elapsed = started.elapsed();
    bar.finish_and_clear();
    let drained = match outcome {
        Ok(drained) => drained,
        Err(failure) => {
            daemons.stop().await;
            return Err(failure);
        }
    };
    if !(drained && args.keep_running) {
        daemons.stop().await;
    }
    let figures = Figures::gather(&layout.places(), &store, &feed.names()).await?;
    if drained {
        feed.finish()?;
    }
    let report = Report {
        figures,
        elapsed,
        drained,
        restarts: daemons.restarts(),
        input: feed.total(),
        tree: &args.dir,
    };
    if args.json {
        report.json()?;
    } else {
        report.text(&store).await?;
    }
    if drained && args.keep_running {
        say(format!(
            "\nEverything keeps running until Ctrl-C. The database: {}",
            server.connection()
        ));
        while !interrupt.is_set() {
            daemons.look_after()?;
            server.look_after()?;
            interrupt.pause(LOOK).await;
        }
        daemons.stop().await;
    }
    drop(store);
    drop(server);
    if drained {
        return Ok(());
    }
    Err(Failure::new(
        Code::Temporary,
        "interrupted; everything is stopped, the same command goes on from here",
    ))
}

/// Feeds the rest and waits until the queues between the daemons are empty; `false` when interrupted before that.
async fn drain(
    feed: &mut Feed<'_>,
    daemons: &mut Daemons,
    server: &mut Server,
    layout: &Layout,
    interrupt: &Interrupt,
    bar: &ProgressBar,
) -> Result<bool, Failure> {
    let places = layout.places();
    loop {
        if interrupt.is_set() {
            return Ok(false);
        }
        daemons.look_after()?;
        server.look_after()?;
        let all_fed = feed.some()?;
        let waiting = places.in_chain() as u64;
        bar.set_position(feed.fed().saturating_sub(waiting));
        if all_fed && waiting == 0 {
            return Ok(true);
        }
        if all_fed || feed.is_held_up()? {
            interrupt.pause(LOOK).await;
        }
    }
}

fn progress(total: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    // Drawn on stderr, and only on a terminal.
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} messages  {per_sec}  {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
