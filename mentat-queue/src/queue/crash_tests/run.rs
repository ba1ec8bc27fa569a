//! Running a schedule, and noting what everybody is told.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::fs::Fs as _;
use crate::fs::simulated::Simulated;
use crate::operator::listing::Place;
use crate::{Claim, CopyTo, Durability, Error, Operator, Options, Queue, Reason, Which};

use super::oracle::{Oracle, Whereabouts, bare_sidecars, changed, copied, message_of, places, text};
use super::schedule::Schedule;
use super::step::{Operation, Step, Way};

type Shared = Arc<Mutex<Oracle>>;

fn tell(oracle: &Shared) -> MutexGuard<'_, Oracle> {
    let mut oracle = oracle.lock().unwrap();
    oracle.note();
    oracle
}

/// A producer, a consumer or an operator with its own handles of the queues.
#[derive(Debug)]
struct Process {
    fs: Simulated,
    oracle: Shared,
    options: Options,
    repeating: bool,
    claims: Vec<Claim>,
    from: Option<Queue>,
    to: Option<Queue>,
    far: Option<Queue>,
}

impl Process {
    fn do_step(&mut self, step: &Step) -> Result<(), Error> {
        match *step {
            Step::Enqueue(_, messages) => self.enqueue(messages),
            Step::Publish(_, message) => self.publish(&[message]),
            Step::Claim(_, max) => self.claim(max),
            Step::Settle(_, way) => self.settle(way),
            Step::Recover(_) => self.recover(),
            Step::Operate(operation) => self.operate(operation),
            Step::Close(_) => {
                self.close();
                Ok(())
            }
            Step::Die(_) => {
                self.die();
                Ok(())
            }
            Step::Aside(_) | Step::Stray(..) | Step::WrittenBack => Ok(()),
        }?;
        self.check_counters();
        Ok(())
    }

    fn open(&self, dir: &str) -> Result<Queue, Error> {
        Queue::open_on(Arc::new(self.fs.clone()), dir.into(), self.options.clone())
    }

    fn from(&mut self) -> Result<Queue, Error> {
        if self.from.is_none() {
            self.from = Some(self.open("/from")?);
        }
        Ok(self.from.clone().unwrap())
    }

    fn enqueue(&mut self, messages: &[usize]) -> Result<(), Error> {
        if self.repeating {
            // An enqueue that is repeated may deliver twice, and says so.
            return self.publish(messages);
        }
        let texts: Vec<String> = messages.iter().map(|message| text(*message)).collect();
        let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        self.from()?.enqueue_all(&bytes)?;
        self.enqueued(messages);
        Ok(())
    }

    fn publish(&mut self, messages: &[usize]) -> Result<(), Error> {
        let from = self.from()?;
        for message in messages {
            // Behind all names that are made of a host's name.
            let name = format!("~m{message}").parse()?;
            from.publish(&[(&name, text(*message).as_bytes())])?;
        }
        self.enqueued(messages);
        Ok(())
    }

    fn enqueued(&self, messages: &[usize]) {
        let mut oracle = tell(&self.oracle);
        for message in messages {
            let message = &mut oracle.messages[*message];
            message.enqueued = true;
            // In a race somebody may have it already.
            if !message.touched {
                message.told = Some(Whereabouts::Waiting);
            }
        }
    }

    fn claim(&mut self, max: usize) -> Result<(), Error> {
        {
            let mut oracle = tell(&self.oracle);
            oracle.tidy = false;
            for message in &mut oracle.messages {
                if message.told.is_none_or(|told| told == Whereabouts::Waiting) {
                    (message.touched, message.fresh) = (true, true);
                }
            }
        }
        let claims = self.from()?.claim(max)?;
        self.claims.extend(claims);
        let held: Vec<usize> = self.held();
        let whole = |claim: &Claim| message_of(claim.bytes()).is_some_and(|n| claim.bytes() == text(n).as_bytes());
        assert!(self.claims.iter().all(whole), "{:?}", self.claims);
        assert_eq!(held.len(), self.claims.len());
        Ok(())
    }

    fn held(&self) -> Vec<usize> {
        self.claims
            .iter()
            .filter_map(|claim| message_of(claim.bytes()))
            .collect()
    }

    fn settle(&mut self, way: Way) -> Result<(), Error> {
        let (held, from) = (self.held(), self.from()?);
        {
            let mut oracle = tell(&self.oracle);
            oracle.tidy = false;
            for number in &held {
                let message = &mut oracle.messages[*number];
                message.told = None;
                message.may_be_gone |= matches!(way, Way::Acknowledge | Way::CopyOut);
                message.across |= way == Way::ForwardAcross;
                message.copied |= way == Way::CopyOut;
                message.changed = way == Way::ForwardChanged;
            }
        }
        if self.to.is_none() && matches!(way, Way::Forward | Way::ForwardChanged | Way::CopyOut) {
            self.to = Some(self.open("/to")?);
        }
        if self.far.is_none() && way == Way::ForwardAcross {
            self.far = Some(self.open("/far")?);
        }
        let claims = &mut self.claims;
        let change = |claim: &Claim| {
            let text = String::from_utf8(claim.bytes().to_vec()).unwrap();
            (way == Way::ForwardChanged).then(|| changed(&text).into_bytes())
        };
        let told = match way {
            Way::Forward | Way::ForwardChanged | Way::ForwardAcross => {
                let far = way == Way::ForwardAcross;
                let to = if far { self.far.as_ref() } else { self.to.as_ref() };
                let mut items: Vec<_> = claims.iter_mut().map(|claim| (change(claim), claim)).collect();
                let mut items: Vec<_> = items
                    .iter_mut()
                    .map(|(change, claim)| (&mut **claim, change.take()))
                    .collect();
                from.forward(to.unwrap(), &mut items)?;
                if far { Whereabouts::Far } else { Whereabouts::Forwarded }
            }
            Way::CopyOut => {
                let to = self.to.as_ref().unwrap();
                let texts: Vec<String> = held.iter().map(|number| copied(&text(*number))).collect();
                let open = claims.iter().zip(&texts).filter(|(claim, _)| claim.is_open());
                let copy = |(claim, text): (&Claim, &String)| {
                    from.copy(&[CopyTo {
                        claim,
                        to,
                        name: claim.name().child("rule"),
                        bytes: Some(text.as_bytes()),
                    }])
                };
                open.map(|(claim, text)| copy((claim, text)))
                    .collect::<Result<Vec<_>, _>>()?;
                from.acknowledge(&mut claims.iter_mut().collect::<Vec<_>>())?;
                Whereabouts::Gone
            }
            Way::Acknowledge => {
                from.acknowledge(&mut claims.iter_mut().collect::<Vec<_>>())?;
                Whereabouts::Gone
            }
            Way::Reject => {
                let reject = |claim| (claim, Reason::new("x", "y"));
                from.reject(&mut claims.iter_mut().map(reject).collect::<Vec<_>>())?;
                Whereabouts::Rejected
            }
            Way::Release => {
                from.release(&mut claims.iter_mut().collect::<Vec<_>>())?;
                Whereabouts::Waiting
            }
            Way::Defer => {
                let defer = |claim| (claim, Duration::from_secs(60));
                from.defer(&mut claims.iter_mut().map(defer).collect::<Vec<_>>())?;
                Whereabouts::Aside
            }
        };
        assert!(self.claims.iter().all(|claim| !claim.is_open()), "{:?}", self.claims);
        self.claims.clear();
        self.moved(&held, |_| told);
        Ok(())
    }

    /// These messages are somewhere else now, as somebody was told.
    fn moved(&self, messages: &[usize], to: impl Fn(usize) -> Whereabouts) {
        let mut oracle = tell(&self.oracle);
        for number in messages {
            let message = &mut oracle.messages[*number];
            (message.told, message.touched) = (Some(to(*number)), false);
        }
    }

    fn recover(&mut self) -> Result<(), Error> {
        let found = places(&self.fs);
        let due: Vec<String> = self.fs.files("/from/deferred/1").into_values().collect();
        let is_due = |number: usize| due.contains(&text(number));
        let affected: Vec<usize> = {
            let mut oracle = tell(&self.oracle);
            let dead = |number: &usize| oracle.messages[*number].deaths > 0 && found[*number] == [Whereabouts::Claimed];
            let affected: Vec<usize> = (0..found.len()).filter(|n| is_due(*n) || dead(n)).collect();
            for number in &affected {
                oracle.messages[*number].told = None;
            }
            affected
        };
        self.from()?.recover()?;
        let now = places(&self.fs);
        let back: Vec<usize> = affected
            .into_iter()
            .filter(|n| matches!(now[*n][..], [Whereabouts::Waiting | Whereabouts::Rejected]))
            .collect();
        self.moved(&back, |number| now[number][0]);
        Ok(())
    }

    fn operate(&mut self, operation: Operation) -> Result<(), Error> {
        let options = Options {
            orphan_age: Duration::ZERO,
            ..self.options.clone()
        };
        let (place, told) = match operation {
            Operation::Hold => (Whereabouts::Waiting, Whereabouts::Aside),
            Operation::LetGo | Operation::Flush | Operation::RecoverFlat | Operation::Repair => {
                (Whereabouts::Aside, Whereabouts::Waiting)
            }
            Operation::Retry => (Whereabouts::Rejected, Whereabouts::Waiting),
            Operation::Discard => (Whereabouts::Rejected, Whereabouts::Gone),
        };
        if self.fs.inspect(Path::new("/from/incoming")).is_err() {
            // Whoever should have made the queue has died.
            return Ok(());
        }
        let found = places(&self.fs);
        let affected: Vec<usize> = (0..found.len()).filter(|n| found[*n] == [place]).collect();
        {
            let mut oracle = tell(&self.oracle);
            for number in &affected {
                let message = &mut oracle.messages[*number];
                message.told = None;
                message.may_be_gone |= operation == Operation::Discard;
                if operation == Operation::Retry {
                    (message.deaths, message.anew) = (0, true);
                }
            }
        }
        // A sidecar stays if the step that should have removed it is not the one that moves its message.
        let clean = operation == Operation::Repair || !self.repeating && bare_sidecars(&self.fs).is_empty();
        let operator = Operator::open_on(Arc::new(self.fs.clone()), "/from".into(), options)?;
        match operation {
            Operation::Hold => operator.hold(&Which::All).map(drop),
            Operation::LetGo => operator.release(&Which::All).map(drop),
            Operation::Flush => operator.flush(&Which::All).map(drop),
            Operation::Retry => operator.retry(&Which::All).map(drop),
            Operation::Discard => operator.discard(Place::Errors, &Which::All).map(drop),
            Operation::RecoverFlat => operator.recover_flat(Duration::ZERO).map(drop),
            // A repair says what it could not do or look at instead of failing.
            Operation::Repair => (0..=u32::from(self.repeating)).try_for_each(|_| operator.fsck(true).map(drop)),
        }?;
        if self.fs.is_dead() {
            return Ok(());
        }
        let now = places(&self.fs);
        let there: Vec<usize> = affected
            .into_iter()
            .filter(|n| told == Whereabouts::Gone || now[*n] == [told])
            .collect();
        self.moved(&there, |_| told);
        let tidies = matches!(operation, Operation::Retry | Operation::Repair | Operation::Discard);
        tell(&self.oracle).tidy |= tidies && clean;
        Ok(())
    }

    fn close(&mut self) {
        self.claims.clear();
        (self.from, self.to, self.far) = (None, None, None);
    }

    fn die(&mut self) {
        if self.fs.is_dead() {
            return;
        }
        let mut oracle = tell(&self.oracle);
        for number in self.held() {
            let message = &mut oracle.messages[number];
            message.deaths += 1;
            message.told = None;
        }
        drop(oracle);
        self.fs.kill();
    }

    /// The counters of the handle account for every message that was claimed.
    fn check_counters(&self) {
        let Some(from) = self.from.as_ref().filter(|_| !self.fs.is_dead()) else {
            return;
        };
        let c = from.counters();
        let settled = c.forwarded + c.acknowledged + c.rejected + c.deferred + c.released + c.vanished;
        let open = self.claims.iter().filter(|claim| claim.is_open()).count() as u64;
        assert_eq!(c.claimed, settled + open, "{c:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
    }
}

/// A schedule at work.
#[derive(Debug)]
pub(super) struct Run {
    fs: Simulated,
    options: Options,
    shared: Shared,
    /// What everybody was told until the last step.
    pub(super) oracle: Oracle,
    /// Whether a step that fails is done once more.
    pub(super) repeating: bool,
    /// Producers 0 and 1, consumers 2 and 3, the operator.
    processes: Vec<Process>,
    started: u32,
}

impl Run {
    pub(super) fn new(fs: &Simulated, schedule: &Schedule, durability: Durability) -> Self {
        let options = Options {
            durability,
            max_recoveries: schedule.max_recoveries,
            ..Options::default()
        };
        let mut run = Self {
            fs: fs.clone(),
            options,
            shared: Shared::default(),
            oracle: Oracle::default(),
            repeating: false,
            processes: Vec::new(),
            started: 0,
        };
        run.processes = (0..5).map(|_| run.start()).collect();
        run
    }

    fn start(&mut self) -> Process {
        self.started += 1;
        Process {
            fs: self.fs.process(self.started),
            oracle: Arc::clone(&self.shared),
            options: self.options.clone(),
            repeating: self.repeating,
            claims: Vec::new(),
            from: None,
            to: None,
            far: None,
        }
    }

    pub(super) fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
            // A call between two steps, so that there is a crash between them too. `fs` is no process that can die.
            let _ = self.fs.inspect(Path::new("/"));
            if self.fs.is_dead() {
                break;
            }
        }
        self.oracle = self.shared.lock().unwrap().clone();
    }

    fn step(&mut self, step: &Step) {
        let alive = !self.fs.is_dead();
        match step {
            Step::Aside(dir) if alive => self.aside(dir),
            Step::Stray(dir, name) if alive => self.fs.put(&format!("/from/{dir}/{name}"), stray(name)),
            Step::WrittenBack if alive => {
                self.fs.written_back();
                let mut oracle = tell(&self.shared);
                oracle.messages.iter_mut().for_each(|message| message.fresh = false);
            }
            _ => {}
        }
        let who = who(step);
        self.processes[who].repeating = self.repeating;
        let result = self.processes[who].do_step(step);
        self.after(who, step, result);
    }

    fn after(&mut self, who: usize, step: &Step, result: Result<(), Error>) {
        if self.processes[who].fs.is_dead() {
            self.processes[who] = self.start();
        } else if let Err(error) = result {
            assert!(self.repeating && error.is_transient(), "{step:?}: {error}");
            self.processes[who].do_step(step).unwrap();
        } else if matches!(step, Step::Claim(..)) && self.repeating && self.processes[who].claims.is_empty() {
            // A recovery may have failed without a word; the next claim may then be the one that fails.
            if self.processes[who].do_step(step).is_err() {
                self.processes[who].do_step(step).unwrap();
            }
        }
    }

    fn aside(&mut self, dir: &str) {
        self.fs.move_aside("/from/incoming", &format!("/from/{dir}"));
        let there: Vec<usize> = {
            let found = places(&self.fs);
            (0..found.len()).filter(|n| found[*n] == [Whereabouts::Aside]).collect()
        };
        self.processes[4].moved(&there, |_| Whereabouts::Aside);
    }

    /// Does `inner` before one of the calls of `outer`; false if `outer` has no such call.
    pub(super) fn during(&mut self, calls: usize, outer: &Step, inner: Step) -> bool {
        let fresh = self.start();
        let mut process = std::mem::replace(&mut self.processes[who(&inner)], fresh);
        let back = Arc::new(Mutex::new(None));
        let put = Arc::clone(&back);
        self.fs.interrupt_after(calls, move || {
            process.do_step(&inner).unwrap();
            *put.lock().unwrap() = Some(process);
        });
        self.step(outer);
        let happened = !self.fs.forget_interruption();
        if let Some(process) = back.lock().unwrap().take() {
            self.processes[who(&inner)] = process;
        }
        happened
    }

    /// Everybody ends in order.
    pub(super) fn finish(mut self) -> Simulated {
        self.processes.clear();
        self.fs.restarted()
    }
}

fn stray(name: &str) -> &'static str {
    match name {
        "empty" => "",
        "left.meta" => "{}\n",
        _ => "bare",
    }
}

fn who(step: &Step) -> usize {
    match step {
        Step::Enqueue(producer, _) | Step::Publish(producer, _) => *producer,
        Step::Claim(consumer, _)
        | Step::Settle(consumer, _)
        | Step::Close(consumer)
        | Step::Recover(consumer)
        | Step::Die(consumer) => 2 + consumer,
        Step::Operate(_) | Step::Aside(_) | Step::Stray(..) | Step::WrittenBack => 4,
    }
}
