//! Crashes at every single call of queues at work.
//!
//! A schedule is what two producers, two consumers and an operator do, step by step. It is run once for each call
//! it makes to the file system, which is where a process is killed, the machine loses its power or the disk is full.
//! What is found then, by itself and after a recovery, is held against what the processes had been told.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, also in its helpers"
)]

use std::collections::BTreeSet;

use rustix::io::Errno;

use crate::Durability;
use crate::fs::simulated::{Death, Renames, Simulated};
use crate::fs::site::Site;

use run::Run;
use schedule::{RACES, SCHEDULES, Schedule};

mod oracle;
mod run;
mod schedule;
mod sites;
mod step;

/// How many states were looked at, and what was wrong with them.
#[derive(Debug, Default)]
struct Outcome {
    crashes: usize,
    states: usize,
    wrong: Vec<String>,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.states += other.states;
        self.wrong.extend(other.wrong);
    }

    fn has(&self, expected: &str) -> bool {
        self.wrong.iter().any(|what| what.starts_with(expected))
    }

    /// Tells how much was looked at, and fails if anything was wrong.
    fn expect(&self, what: &str, states: usize) {
        let Self { crashes, wrong, .. } = self;
        println!("{what}: {} states after {crashes} crashes", self.states);
        assert!(
            wrong.is_empty(),
            "{what}: {} wrong, for example {}",
            wrong.len(),
            wrong[0]
        );
        assert!(self.states >= states, "{what}: only {} states", self.states);
    }
}

/// A sync to leave out, if not all are, and what has to go wrong then.
type Missed = Option<(Option<Site>, &'static str)>;

/// The machine loses its power at every call in turn, or until what is looked for was found.
fn power_cuts(schedule: &Schedule, durability: Durability, renames: Renames, missed: Missed) -> Outcome {
    let mut outcome = Outcome::default();
    let mut last = None;
    for calls in 0.. {
        let fs = Simulated::new(renames);
        fs.ignore(missed.and_then(|(site, _)| site));
        fs.die_after(calls, Death::Machine);
        let mut run = Run::new(&fs, schedule, durability);
        run.steps(schedule.steps);
        let told = run.oracle.clone();
        drop(run);
        // A call that only looks leaves the same states as the one before.
        let found = (fs.effects(), told.progress());
        if last.replace(found) != Some(found) && fs.is_strict() {
            outcome.crashes += 1;
            for after in fs.power_cuts() {
                outcome.states += 1;
                if let Err(what) = told.check(&after, schedule) {
                    let at = format!("{} {durability:?} {renames:?} call {calls}", schedule.name);
                    outcome.wrong.push(format!("{what} ({at})"));
                }
            }
        }
        let found = missed.is_some_and(|(_, expected)| outcome.has(expected));
        if found || !fs.has_died() {
            break;
        }
    }
    outcome
}

/// One process is killed at every call in turn, and the others go on.
fn kills(schedule: &Schedule, durability: Durability) -> Outcome {
    let mut outcome = Outcome::default();
    for calls in 0.. {
        let fs = Simulated::new(Renames::Whole);
        fs.die_after(calls, Death::Process);
        let mut run = Run::new(&fs, schedule, durability);
        run.steps(schedule.steps);
        let told = run.oracle.clone();
        // Those that live find the dead ones and end in order, or are killed too.
        for after in [fs.restarted(), run.finish()] {
            outcome.states += 1;
            if let Err(what) = told.check(&after, schedule) {
                let at = format!("{} {durability:?} call {calls}", schedule.name);
                outcome.wrong.push(format!("{what} ({at})"));
            }
        }
        outcome.crashes += 1;
        if !fs.has_died() {
            break;
        }
    }
    outcome
}

/// Every call fails once; the step is repeated. What was told then must outlast a power cut.
fn shortages(schedule: &Schedule, missed: Missed) -> Outcome {
    let mut outcome = Outcome::default();
    for calls in 0.. {
        let fs = Simulated::new(Renames::Whole);
        fs.ignore(missed.and_then(|(site, _)| site));
        let mut run = Run::new(&fs, schedule, Durability::Batch);
        let (first, rest) = schedule.steps.split_at(1);
        run.steps(first);
        fs.fail_after(calls, Errno::NOSPC);
        run.repeating = true;
        run.steps(rest);
        let told = run.oracle.clone();
        let after = fs.durable();
        outcome.states += 1;
        outcome.crashes += 1;
        if let Err(what) = told.check(&after, schedule) {
            outcome.wrong.push(format!("{what} ({} call {calls})", schedule.name));
        }
        drop(run);
        let left = fs.files("/from/tmp").len() + fs.files("/to/tmp").len() + fs.files("/far/tmp").len();
        if left > 0 {
            outcome
                .wrong
                .push(format!("tmp is not empty ({} call {calls})", schedule.name));
        }
        if !fs.has_failed() {
            break;
        }
    }
    outcome
}

/// In the middle of a step, at every one of its calls in turn, another process does a whole step.
fn races(schedule: &Schedule) -> Outcome {
    let (before, rest) = schedule.steps.split_at(schedule.steps.len() - 3);
    let [outer, inner, last] = rest else { unreachable!() };
    let mut outcome = Outcome::default();
    for calls in 0.. {
        let fs = Simulated::new(Renames::Whole);
        let mut run = Run::new(&fs, schedule, Durability::Batch);
        run.steps(before);
        let happened = run.during(calls, outer, *inner);
        run.steps(std::slice::from_ref(last));
        let told = run.oracle.clone();
        for after in [fs.durable(), run.finish()] {
            outcome.states += 1;
            if let Err(what) = told.check(&after, schedule) {
                let name = schedule.name;
                outcome
                    .wrong
                    .push(format!("{what} ({name}: {inner:?} at call {calls})"));
            }
        }
        outcome.crashes += 1;
        if !happened {
            break;
        }
    }
    outcome
}

#[test]
fn a_killed_process_loses_nothing_and_disturbs_nobody() {
    let mut all = Outcome::default();
    for schedule in SCHEDULES {
        for durability in [Durability::Each, Durability::Batch, Durability::None] {
            all.add(kills(schedule, durability));
        }
    }
    all.expect("one process killed", 5_000);
}

#[test]
fn a_power_cut_loses_nothing() {
    let mut all = Outcome::default();
    for schedule in SCHEDULES {
        for durability in [Durability::Each, Durability::Batch] {
            all.add(power_cuts(schedule, durability, Renames::Whole, None));
        }
    }
    all.expect("power cut", 20_000);
}

#[test]
fn nothing_comes_back_where_a_rename_is_two_changes() {
    let mut all = Outcome::default();
    for schedule in SCHEDULES.iter().filter(|schedule| schedule.settles()) {
        all.add(power_cuts(schedule, Durability::Batch, Renames::Split, None));
    }
    all.expect("power cut with split renames", 1_000);
}

#[test]
fn without_syncs_a_power_cut_is_seen_to_lose() {
    for schedule in SCHEDULES {
        let outcome = power_cuts(schedule, Durability::None, Renames::Whole, Some((None, "")));
        assert!(!outcome.wrong.is_empty(), "{}", schedule.name);
    }
}

#[test]
fn a_shortage_at_any_call_is_got_over_by_repeating() {
    let mut all = Outcome::default();
    for schedule in SCHEDULES {
        all.add(shortages(schedule, None));
    }
    all.expect("shortage", 500);
}

#[test]
fn processes_in_the_middle_of_each_others_steps_lose_nothing() {
    let mut all = Outcome::default();
    for schedule in RACES {
        all.add(races(schedule));
    }
    all.expect("races", 500);
}

/// Each sync there is, left out alone, makes a schedule fail for the reason that it is there for.
#[test]
fn every_sync_is_missed() {
    let mut seen = BTreeSet::new();
    let mut unseen = Vec::new();
    for case in sites::CASES {
        let outcome = case.without_it();
        println!(
            "without {:?}: {} after {} states",
            case.site, case.expected, outcome.states
        );
        if !outcome.has(case.expected) {
            unseen.push(format!(
                "without {:?} nothing is {}: {:?}",
                case.site,
                case.expected,
                outcome.wrong.first()
            ));
        }
        seen.insert(case.site as usize);
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
    assert_eq!(
        seen.len(),
        Site::Repeated as usize + 1,
        "a sync without a case: {seen:?}"
    );
}
