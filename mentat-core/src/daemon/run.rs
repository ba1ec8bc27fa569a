//! The loop's driver on tokio.

use super::{Daemon, State, Step};
use crate::component::Occurrence;
use crate::{Error, report};
use std::future::Future;
use std::pin::pin;
use std::time::Instant;

impl Daemon {
    /// Turns the loop until `shutdown` is ready, then drains: the batch in work is finished, within
    /// [`Options::stop_timeout`](super::Options::stop_timeout). What is unfinished by then goes back to its queue.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn run(&mut self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let handle = self.handle();
        let inbox = std::sync::Arc::clone(&self.inbox);
        let timeout = self.options.stop_timeout;
        let mut shutdown = pin!(shutdown);
        let mut deadline: Option<Instant> = None;
        loop {
            let step = {
                let mut step = pin!(self.step());
                loop {
                    tokio::select! {
                        step = &mut step => break step?,
                        () = &mut shutdown, if deadline.is_none() => {
                            let by = Instant::now() + timeout;
                            deadline = Some(by);
                            handle.post(Occurrence::Stop { deadline: by });
                        }
                        () = until(deadline), if deadline.is_some() => {
                            report::warn("daemon", format_args!("not done in time, the batch in work goes back"));
                            break Step::Stopped;
                        }
                    }
                }
            };
            match step {
                Step::Stopped => {
                    self.in_flight = None;
                    self.state = State::Stopped;
                    return Ok(());
                }
                Step::Backoff { until: at, error } => {
                    let pause = at.saturating_duration_since(Instant::now());
                    let text = error.chain();
                    report::warn(
                        "daemon",
                        format_args!("{text}; trying again in {:.1} s", pause.as_secs_f64()),
                    );
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = inbox.posted() => {}
                        () = &mut shutdown, if deadline.is_none() => {
                            let by = Instant::now() + timeout;
                            deadline = Some(by);
                            handle.post(Occurrence::Stop { deadline: by });
                        }
                    }
                }
                Step::Handled | Step::Processed(_) | Step::Idle => {
                    // A batch may go through without ever waiting: lets other tasks (the database's) have their turn.
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    if let Some(deadline) = deadline {
        tokio::time::sleep_until(deadline.into()).await;
    }
}
