//! Signals, and what else ends a daemon.

use crate::exit::{Code, Failure};
use mentat_core::daemon::Handle;
use mentat_core::{Config, Error, Occurrence};
use std::future::Future;
use std::io::Read as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

pub(super) struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
    usr1: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

impl Signals {
    pub(super) fn new(until_stdin_ends: bool) -> Result<Self, Failure> {
        let failed = |error| Failure::new(Code::Failure, format_args!("cannot listen for signals: {error}"));
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(failed)?,
            int: signal(SignalKind::interrupt()).map_err(failed)?,
            hup: signal(SignalKind::hangup()).map_err(failed)?,
            usr1: signal(SignalKind::user_defined1()).map_err(failed)?,
            stdin: until_stdin_ends.then(stdin_end),
        })
    }

    /// Runs `daemon`, which stops when the future it is given is ready; the second request to stop ends it at once.
    pub(super) async fn drive<'a, R>(
        &mut self,
        handle: &Handle,
        reload: impl Fn() -> Result<Arc<Config>, Failure>,
        daemon: impl FnOnce(Pin<Box<dyn Future<Output = ()> + 'a>>) -> R,
    ) -> Result<(), Error>
    where
        R: Future<Output = Result<(), Error>>,
    {
        let (stop, stopping) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut daemon = pin!(daemon(Box::pin(async move {
            // A sender that is gone means the same.
            let _ = stopping.await;
        })));
        loop {
            let reason = tokio::select! {
                ended = &mut daemon => return ended,
                _ = self.term.recv() => "SIGTERM",
                _ = self.int.recv() => "SIGINT",
                () = ended(&mut self.stdin) => "end of stdin",
                _ = self.usr1.recv() => {
                    handle.post(Occurrence::Statistics);
                    continue;
                }
                _ = self.hup.recv() => {
                    match reload() {
                        Ok(config) => {
                            tracing::info!("configuration read again");
                            handle.post(Occurrence::Reload(config));
                        }
                        Err(Failure::Message(_, text)) => tracing::error!("reload failed, nothing changed: {text}"),
                        Err(_) => {}
                    }
                    continue;
                }
            };
            match stop.take() {
                Some(stop) => {
                    tracing::info!("{reason}: finishing the batch in work");
                    drop(stop);
                }
                None => {
                    tracing::warn!("{reason}: stopping at once, the batch in work goes back to its queue");
                    return Ok(());
                }
            }
        }
    }
}

/// A thread waits for the end of stdin: reading a pipe cannot be cancelled, so it must not hold up the runtime.
fn stdin_end() -> oneshot::Receiver<()> {
    let (ended, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
        let _ = ended.send(());
    });
    wait
}

async fn ended(stdin: &mut Option<oneshot::Receiver<()>>) {
    match stdin {
        Some(wait) => {
            let _ = wait.await;
            *stdin = None;
        }
        None => std::future::pending().await,
    }
}
