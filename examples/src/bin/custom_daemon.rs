//! A daemon with a component of one's own: it takes messages from one directory queue, marks events with a source in
//! a private network, and moves them on to another queue. What is no event goes to `errors/` of the first queue.
//!
//! Run it with `cargo run -p mentat-examples --bin custom_daemon -- ./in ./out`. Write a message to a file in
//! `./in/tmp`, move that to `./in/incoming`, and find it in `./out/incoming`. Ctrl-C or SIGTERM ends the daemon after
//! the batch in work; a message it has not finished stays in its queue.

use mentat_core::component::Counter;
use mentat_core::daemon::Options;
use mentat_core::filter::{IndexedPath, Value};
use mentat_core::idea::SetPolicy;
use mentat_core::{Batch, Component, Context, Daemon, DirectorySource, DispositionLog, Error, Event, Fut, Parser};
use mentat_core::{Outcome, QueueName, Reason, queue};
use std::{env, net::IpAddr, path::Path};
use tokio::signal::unix::{SignalKind, signal};

/// Sets `true` at a path.
struct Marker(IndexedPath);

fn is_internal(event: &Event) -> bool {
    let mut sources = event.source_addresses();
    sources.any(|span| matches!(span.first(), IpAddr::V4(address) if address.is_private()))
}

impl Component for Marker {
    fn name(&self) -> &'static str {
        "marker"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        for work in batch.iter_open().filter(|work| is_internal(&work.event)) {
            match work.event.set(&self.0, &Value::Bool(true), SetPolicy::default()) {
                Ok(_) => cx.count(Counter("marked"), 1),
                Err(error) => drop(work.finish(Outcome::Reject(Reason::new("mark", error.to_string())), "marker")),
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("give an input and an output queue directory".into());
    };
    let log = DispositionLog::new(format!("{}.log", input.trim_end_matches('/')));
    let (from, to, here) = (QueueName::new(input), QueueName::new(output), Path::new("."));
    let source = DirectorySource::open("marker", here, &from, Some(&to), log, &queue::Options::default())?;
    let marker = Marker("Internal".parse()?);
    let mut daemon = Daemon::new(source, Options::default()).with(Parser::new()).with(marker);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = async {
        tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
    };
    Ok(daemon.run(stop).await?)
}
