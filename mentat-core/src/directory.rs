//! A directory queue as the source of a daemon.

#[cfg(test)]
mod tests;
mod wait;

use crate::component::{Claimed, Fut, Source};
use crate::dispositions::{Disposition, DispositionLog, Verdict};
use crate::work::{Cause, MessageId, Outcome, QueueName, Reason, Settlement};
use crate::{Error, report};
use jiff::Timestamp;
use mentat_queue::{Claim, CopyTo, Options, Queue};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wait::{Until, Waiter};

/// Takes messages from one directory queue and moves them on to others.
///
/// A batch settles in one order, every step durable before the next: copies are published and logged; forwarded
/// messages move; the disposition log tells of the others; then messages leave for other queues, for `errors/`, or are removed.
pub struct DirectorySource {
    daemon: String,
    input: Queue,
    output: Option<Queue>,
    /// Where bare queue names are looked for.
    spool: PathBuf,
    options: Options,
    /// Queues that rules send messages to, opened when first needed.
    others: HashMap<QueueName, Queue>,
    log: DispositionLog,
    claims: HashMap<MessageId, Claim>,
    todo: Vec<Todo>,
    waiter: Option<Waiter>,
    paused: bool,
}

/// A settlement on its way.
struct Todo {
    settlement: Settlement,
    /// Where its copies are already. A consumer there may be done with them: publishing again would repeat them.
    copied: Vec<QueueName>,
    copies_logged: bool,
    logged: bool,
}

impl DirectorySource {
    /// Opens the queue `input` below `spool`, and `output` if messages are to move on. `daemon` is named in logs and
    /// error sidecars. What becomes of messages that do not move on is written to `log`.
    ///
    /// # Errors
    /// If a directory cannot be made or used.
    pub fn open(
        daemon: &str,
        spool: &Path,
        input: &QueueName,
        output: Option<&QueueName>,
        log: DispositionLog,
        options: &Options,
    ) -> Result<Self, Error> {
        let open = |name: &QueueName| Queue::open(name.resolve(spool), options.clone());
        Ok(Self {
            daemon: daemon.to_owned(),
            input: open(input)?,
            output: output.map(open).transpose()?,
            spool: spool.to_owned(),
            options: options.clone(),
            others: HashMap::new(),
            log,
            claims: HashMap::new(),
            todo: Vec::new(),
            waiter: None,
            paused: false,
        })
    }

    fn take(&mut self, max: usize) -> Result<Vec<Claimed>, Error> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let claims = self.input.claim(max);
        for notice in self.input.take_notices() {
            report::warn(&self.daemon, format_args!("{notice}"));
        }
        let mut claimed = Vec::new();
        for claim in claims? {
            let id = MessageId::new(claim.name().as_ref());
            claimed.push(Claimed {
                id: id.clone(),
                bytes: claim.bytes().to_vec(),
            });
            self.claims.insert(id, claim);
        }
        Ok(claimed)
    }

    /// How many messages the next queue has room for; says so when it is full and when it no longer is.
    fn room(&mut self) -> Result<usize, Error> {
        let Some(output) = &self.output else {
            return Ok(usize::MAX);
        };
        let room = output.room()?;
        let dir = output.dir().display();
        match (room, self.paused) {
            (0, false) => report::warn(&self.daemon, format_args!("{dir} is full, waiting")),
            (1.., true) => report::info(&self.daemon, format_args!("{dir} has room again")),
            _ => {}
        }
        self.paused = room == 0;
        Ok(room)
    }

    fn other(&mut self, name: &QueueName) -> Result<&Queue, Error> {
        if !self.others.contains_key(name) {
            let queue = Queue::open(name.resolve(&self.spool), self.options.clone())?;
            self.others.insert(name.clone(), queue);
        }
        self.others
            .get(name)
            .ok_or_else(|| Error::fatal("the queue just opened is not there"))
    }

    /// Goes on with everything not yet settled. Every step can be repeated: what is done is passed over.
    fn carry_on(&mut self) -> Result<(), Error> {
        self.publish_copies()?;
        self.log_copies()?;
        self.forward()?;
        self.log_ends()?;
        self.send()?;
        self.reject()?;
        self.remove()?;
        self.todo.clear();
        self.claims.retain(|_, claim| claim.is_open());
        Ok(())
    }

    fn publish_copies(&mut self) -> Result<(), Error> {
        let copies = self.todo.iter().flat_map(|todo| &todo.settlement.copies);
        for target in distinct(copies.map(|copy| &copy.to)) {
            self.other(&target)?;
            let Some(to) = self.others.get(&target) else { continue };
            let mut items = Vec::new();
            for todo in self.todo.iter().filter(|todo| !todo.copied.contains(&target)) {
                let Some(claim) = self.claims.get(&todo.settlement.id) else {
                    continue;
                };
                for copy in todo.settlement.copies.iter().filter(|copy| copy.to == target) {
                    items.push(CopyTo {
                        claim,
                        to,
                        name: claim.name().child(&copy.rule),
                        bytes: copy.bytes.as_deref(),
                    });
                }
            }
            if !items.is_empty() {
                self.input.copy(&items)?;
            }
            for todo in &mut self.todo {
                todo.copied.push(target.clone());
            }
        }
        Ok(())
    }

    fn forward(&mut self) -> Result<(), Error> {
        for todo in &mut self.todo {
            if self.output.is_none() && todo.settlement.outcome == Outcome::Forward {
                todo.settlement.outcome = Outcome::Drop(Cause::NoOutput);
            }
        }
        let Some(output) = &self.output else { return Ok(()) };
        let mut items = open_items(&mut self.claims, &self.todo, |outcome| *outcome == Outcome::Forward);
        if items.is_empty() {
            Ok(())
        } else {
            Ok(self.input.forward(output, &mut items)?)
        }
    }

    /// Before the originals move on: then there is nothing left that would publish the copies again.
    fn log_copies(&mut self) -> Result<(), Error> {
        let time = Timestamp::now();
        let mut lines = Vec::new();
        for todo in self.todo.iter().filter(|todo| !todo.copies_logged) {
            lines.extend(todo.settlement.copies.iter().map(|copy| Disposition {
                name: copy_name(&todo.settlement.id, &copy.rule),
                verdict: Verdict::Copied,
                rule: Some(copy.rule.clone()),
                to: Some(copy.to.resolve(&self.spool)),
                ..Disposition::of(&todo.settlement, time)
            }));
        }
        self.log.append(&lines)?;
        for todo in &mut self.todo {
            todo.copies_logged = true;
        }
        Ok(())
    }

    /// Before anything leaves the chain: afterwards only its line tells of it.
    fn log_ends(&mut self) -> Result<(), Error> {
        let time = Timestamp::now();
        let lines: Vec<Disposition> = self
            .todo
            .iter()
            .filter(|todo| !todo.logged)
            .filter_map(|todo| self.line(&todo.settlement, time))
            .collect();
        self.log.append(&lines)?;
        for todo in &mut self.todo {
            todo.logged = true;
        }
        Ok(())
    }

    fn line(&self, settlement: &Settlement, time: Timestamp) -> Option<Disposition> {
        let line = Disposition::of(settlement, time);
        match &settlement.outcome {
            Outcome::Drop(Cause::Duplicate) => Some(Disposition {
                verdict: Verdict::Duplicate,
                ..line
            }),
            Outcome::Drop(Cause::NoOutput) => Some(Disposition {
                rule: Some("no output queue".to_owned()),
                ..line
            }),
            Outcome::Drop(Cause::Rule(_)) => Some(line),
            Outcome::Send(to) => Some(Disposition {
                verdict: Verdict::Dispatched,
                to: Some(to.resolve(&self.spool)),
                ..line
            }),
            _ => None,
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        let targets = self.todo.iter().filter_map(|todo| match &todo.settlement.outcome {
            Outcome::Send(to) => Some(to),
            _ => None,
        });
        for target in distinct(targets) {
            self.other(&target)?;
            let Some(queue) = self.others.get(&target) else {
                continue;
            };
            let mut items = open_items(
                &mut self.claims,
                &self.todo,
                |outcome| matches!(outcome, Outcome::Send(to) if *to == target),
            );
            if !items.is_empty() {
                self.input.forward(queue, &mut items)?;
            }
        }
        Ok(())
    }

    fn reject(&mut self) -> Result<(), Error> {
        let reasons: HashMap<&MessageId, mentat_queue::Reason> = self
            .todo
            .iter()
            .filter_map(|todo| match &todo.settlement.outcome {
                Outcome::Reject(reason) => Some((&todo.settlement.id, sidecar(reason, &todo.settlement, &self.daemon))),
                _ => None,
            })
            .collect();
        let mut items: Vec<(&mut Claim, mentat_queue::Reason)> = self
            .claims
            .iter_mut()
            .filter(|(_, claim)| claim.is_open())
            .filter_map(|(id, claim)| Some((claim, reasons.get(id)?.clone())))
            .collect();
        if items.is_empty() {
            Ok(())
        } else {
            Ok(self.input.reject(&mut items)?)
        }
    }

    fn remove(&mut self) -> Result<(), Error> {
        let mut items: Vec<&mut Claim> = open_items(&mut self.claims, &self.todo, |outcome| {
            matches!(outcome, Outcome::Drop(_) | Outcome::Done)
        })
        .into_iter()
        .map(|(claim, _)| claim)
        .collect();
        if items.is_empty() {
            Ok(())
        } else {
            Ok(self.input.acknowledge(&mut items)?)
        }
    }
}

/// The open claims of the settlements with a wanted outcome, each with its new content.
fn open_items<'a>(
    claims: &'a mut HashMap<MessageId, Claim>,
    todo: &[Todo],
    wanted: impl Fn(&Outcome) -> bool,
) -> Vec<(&'a mut Claim, Option<Vec<u8>>)> {
    let mut changed: HashMap<&MessageId, Option<&Vec<u8>>> = todo
        .iter()
        .filter(|todo| wanted(&todo.settlement.outcome))
        .map(|todo| (&todo.settlement.id, todo.settlement.changed.as_ref()))
        .collect();
    claims
        .iter_mut()
        .filter(|(_, claim)| claim.is_open())
        .filter_map(|(id, claim)| changed.remove(id).map(|bytes| (claim, bytes.cloned())))
        .collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a QueueName>) -> BTreeSet<QueueName> {
    names.cloned().collect()
}

/// A message that outgrew what its queues accept is refused here: to a queue it would be an error of the whole batch.
fn check_size(settlement: &mut Settlement, limit: u64) {
    let copies = settlement.copies.iter().filter_map(|copy| copy.bytes.as_ref());
    let Some(size) = copies
        .chain(&settlement.changed)
        .map(|bytes| bytes.len() as u64)
        .find(|size| *size > limit)
    else {
        return;
    };
    let text = format!("the changed event has {size} bytes, more than the limit of {limit}");
    settlement.outcome = Outcome::Reject(Reason::new("too-large", text));
    settlement.copies.clear();
}

fn copy_name(id: &MessageId, rule: &str) -> String {
    mentat_queue::MessageName::parse(id.as_str())
        .map_or_else(|_| format!("{id}.{rule}"), |name| name.child(rule).to_string())
}

fn sidecar(reason: &Reason, settlement: &Settlement, daemon: &str) -> mentat_queue::Reason {
    let mut sidecar = mentat_queue::Reason::new(&reason.code, &reason.text)
        .with("daemon", daemon)
        .with("version", env!("CARGO_PKG_VERSION"))
        .with("component", &settlement.by);
    if let Some(id) = &settlement.event_id {
        sidecar = sidecar.with("id", id);
    }
    sidecar
}

impl Source for DirectorySource {
    fn claim(&mut self, max: usize, wait: Duration) -> Fut<'_, Result<Vec<Claimed>, Error>> {
        Box::pin(async move {
            // Watching begins before the first look, so that no arrival falls in between.
            if !wait.is_zero() && self.waiter.is_none() {
                self.waiter = Some(Waiter::new(&self.input)?);
            }
            let room = self.room()?;
            let claimed = self.take(max.min(room))?;
            if !claimed.is_empty() || wait.is_zero() {
                return Ok(claimed);
            }
            let Some(waiter) = &self.waiter else {
                return Ok(Vec::new());
            };
            // A full output queue is looked at again on time, not with every message that arrives here.
            let until = if room > 0 { Until::Arrival } else { Until::Deadline };
            let now = Instant::now();
            waiter.wait(now.checked_add(wait).unwrap_or(now), until).await;
            let room = self.room()?;
            self.take(max.min(room))
        })
    }

    fn settle(&mut self, done: Vec<Settlement>) -> Fut<'_, Result<(), Error>> {
        let limit = self.options.max_message_bytes;
        self.todo.extend(done.into_iter().map(|mut settlement| {
            check_size(&mut settlement, limit);
            Todo {
                settlement,
                copied: Vec::new(),
                copies_logged: false,
                logged: false,
            }
        }));
        Box::pin(std::future::ready(self.carry_on()))
    }
}

impl std::fmt::Debug for DirectorySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirectorySource")
            .field("input", &self.input.dir())
            .finish_non_exhaustive()
    }
}
