//! One message on its way, and a crash, a power cut or an error at every single call.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, also in its helpers"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use crate::fs::Fs as _;
use crate::fs::simulated::{Ignored, Simulated};
use crate::operator::listing::Place;
use crate::{Claim, CopyTo, Durability, Error, Operator, Options, Published, Queue, Reason, Which};

const BEFORE: &str = "contents before";
const AFTER: &str = "contents after the change";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Forward,
    ForwardChanged,
    Acknowledge,
    Reject,
    Release,
    Copy,
    Defer,
    DeferAndFlush,
    ComeDue,
    Hold,
    HoldAndRelease,
    Retry,
    Discard,
    RecoverFlat,
    Repair,
}

/// Ways that settle a claim.
const SETTLEMENTS: [Way; 7] = [
    Way::Forward,
    Way::ForwardChanged,
    Way::Acknowledge,
    Way::Reject,
    Way::Release,
    Way::Copy,
    Way::Defer,
];

/// Ways on which an operator has a hand in.
const OPERATIONS: [Way; 8] = [
    Way::DeferAndFlush,
    Way::ComeDue,
    Way::Hold,
    Way::HoldAndRelease,
    Way::Retry,
    Way::Discard,
    Way::RecoverFlat,
    Way::Repair,
];

fn ways() -> impl Iterator<Item = Way> {
    SETTLEMENTS.into_iter().chain(OPERATIONS)
}

fn open(fs: &Simulated, dir: &str, durability: Durability) -> Result<Queue, Error> {
    let options = Options {
        durability,
        ..Options::default()
    };
    Queue::open_on(Arc::new(fs.clone()), dir.into(), options)
}

/// How far a run has come, as far as the caller was told.
#[derive(Debug, Default)]
struct Told {
    enqueued: bool,
    settling: bool,
    settled: bool,
}

fn settle(from: &Queue, to: &Queue, claim: &mut Claim, way: Way) -> Result<(), Error> {
    match way {
        Way::Forward => from.forward(to, &mut [(claim, None)]),
        Way::ForwardChanged => from.forward(to, &mut [(claim, Some(AFTER.into()))]),
        Way::Acknowledge => from.acknowledge(&mut [claim]),
        Way::Reject => from.reject(&mut [(claim, Reason::new("x", "y"))]),
        Way::Release => from.release(&mut [claim]),
        Way::Defer | Way::DeferAndFlush => from.defer(&mut [(claim, Duration::from_secs(60))]),
        Way::Copy => {
            let copy = CopyTo {
                claim,
                to,
                name: claim.name().child("rule"),
                bytes: Some(AFTER.as_bytes()),
            };
            from.copy(&[copy])?;
            from.acknowledge(&mut [claim])
        }
        _ => from.reject(&mut [(claim, Reason::new("x", "y"))]),
    }
}

/// What comes before an operation: the one message is where the operation finds it.
fn prepare(fs: &Simulated, from: &Queue, to: &Queue, way: Way) -> Result<(), Error> {
    let aside = |dir: &str| -> Result<(), Error> {
        let dir = Path::new("/from").join(dir);
        from.inner.ensure_directory(&dir)?;
        for (name, _) in fs.files("/from/incoming") {
            let (source, target) = (Path::new("/from/incoming").join(&name), dir.join(&name));
            fs.rename_new(&source, &target)
                .map_err(|e| Error::rename(&source, &target, e))?;
        }
        from.inner.sync_directories(&[&dir, Path::new("/from/incoming")])
    };
    match way {
        Way::ComeDue => aside("deferred/1"),
        Way::RecoverFlat | Way::Repair => aside("pending"),
        Way::HoldAndRelease => operator(fs, Durability::Batch)?.hold(&Which::All).map(drop),
        Way::DeferAndFlush | Way::Retry | Way::Discard => {
            let mut claims = from.claim(1)?;
            claims.iter_mut().try_for_each(|claim| settle(from, to, claim, way))
        }
        _ => Ok(()),
    }
}

fn operator(fs: &Simulated, durability: Durability) -> Result<Operator, Error> {
    let options = Options {
        durability,
        orphan_age: Duration::ZERO,
        ..Options::default()
    };
    Operator::open_on(Arc::new(fs.clone()), "/from".into(), options)
}

fn operate(operator: &Operator, way: Way) -> Result<(), Error> {
    match way {
        Way::Hold => operator.hold(&Which::All).map(drop),
        Way::HoldAndRelease => operator.release(&Which::All).map(drop),
        Way::DeferAndFlush => operator.flush(&Which::All).map(drop),
        Way::ComeDue => operator.queue().recover().map(drop),
        Way::Retry => operator.retry(&Which::Reason("x: y")).map(drop),
        Way::Discard => operator.discard(Place::Errors, &Which::All).map(drop),
        Way::RecoverFlat => operator.recover_flat(Duration::ZERO).map(drop),
        _ => operator.fsck(true).map(drop),
    }
}

fn run(fs: &Simulated, way: Way, durability: Durability, told: &mut Told) -> Result<(), Error> {
    let (from, to) = (open(fs, "/from", durability)?, open(fs, "/to", durability)?);
    from.enqueue(BEFORE.as_bytes())?;
    told.enqueued = true;
    if OPERATIONS.contains(&way) {
        prepare(fs, &from, &to, way)?;
        told.settling = true;
        operate(&operator(fs, durability)?, way)?;
        // An operation that repairs may say what it could not do instead of failing.
        told.settled = !fs.is_dead();
        return Ok(());
    }
    for mut claim in from.claim(1)? {
        told.settling = true;
        settle(&from, &to, &mut claim, way)?;
        told.settled = true;
    }
    Ok(())
}

/// What is where after a restart and a recovery. `Err` tells what is wrong with it.
fn check(fs: &Simulated, way: Way, told: &Told) -> Result<(), String> {
    fs.restart();
    for dir in ["/from", "/to"] {
        let queue = open(fs, dir, Durability::Batch).map_err(|e| e.to_string())?;
        queue.recover().map_err(|e| e.to_string())?;
    }
    let texts = |dir: &str| fs.files(dir).into_values().collect::<Vec<String>>();
    let waiting = texts("/from/incoming");
    let forwarded = texts("/to/incoming");
    let rejected: Vec<(String, String)> = fs
        .files("/from/errors")
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".meta"))
        .collect();
    let aside = [
        fs.below("/from/hold"),
        fs.below("/from/deferred"),
        fs.below("/from/pending"),
    ]
    .concat();
    let state = format!("{told:?} waiting {waiting:?} forwarded {forwarded:?} rejected {rejected:?} aside {aside:?}");
    let fail = |what: &str| Err(format!("{what}: {state}"));

    let whole = |text: &String| text == BEFORE || text == AFTER;
    if !waiting.iter().chain(&forwarded).chain(&aside).all(whole) || rejected.iter().any(|(_, text)| text != BEFORE) {
        return fail("not whole");
    }
    if rejected
        .iter()
        .any(|(name, _)| !fs.files("/from/errors").contains_key(&format!("{name}.meta")))
    {
        return fail("rejected without a reason");
    }
    let places = waiting.len() + rejected.len() + aside.len() + if way == Way::Copy { 0 } else { forwarded.len() };
    if places > 1 || forwarded.len() > 1 {
        return fail("twice");
    }
    let may_be_gone = !told.enqueued || (told.settling && matches!(way, Way::Acknowledge | Way::Copy | Way::Discard));
    if places == 0 && !may_be_gone {
        return fail("lost");
    }
    if way == Way::Copy && told.settling && waiting.is_empty() && forwarded.is_empty() {
        return fail("gone before its copy was there");
    }
    let expected = match way {
        _ if !told.settled => return Ok(()),
        Way::Forward => forwarded == [BEFORE],
        Way::ForwardChanged => forwarded == [AFTER],
        Way::Acknowledge | Way::Discard => places == 0,
        Way::Defer | Way::Hold => aside == [BEFORE],
        Way::Reject => rejected.len() == 1,
        Way::Release
        | Way::DeferAndFlush
        | Way::ComeDue
        | Way::HoldAndRelease
        | Way::Retry
        | Way::RecoverFlat
        | Way::Repair => waiting == [BEFORE],
        Way::Copy => waiting.is_empty() && forwarded == [AFTER],
    };
    if expected {
        Ok(())
    } else {
        fail("what was settled is not")
    }
}

/// Dies at every call in turn; counts the states looked at and returns those that are wrong.
fn enumerate(way: Way, durability: Durability, ignored: Option<Ignored>, power: bool) -> (usize, Vec<String>) {
    let (mut states, mut wrong) = (0, Vec::new());
    for calls in 0.. {
        let fs = Simulated::ignoring(ignored);
        fs.die_after(calls);
        let mut told = Told::default();
        let result = run(&fs, way, durability, &mut told);
        let dead = fs.is_dead();
        assert!(dead || result.is_ok(), "{way:?} {calls}: {result:?}");
        let outcomes = if power { fs.outcomes() } else { 1 };
        for lucky in 0..outcomes {
            let after = if power { fs.after_power_cut(lucky) } else { fs.clone() };
            states += 1;
            if let Err(what) = check(&after, way, &told) {
                wrong.push(format!("{way:?} {durability:?} call {calls}, {lucky} lucky: {what}"));
            }
        }
        if !dead {
            break;
        }
    }
    (states, wrong)
}

#[test]
fn a_killed_process_loses_nothing() {
    for way in ways() {
        for durability in [Durability::Each, Durability::Batch, Durability::None] {
            let (states, wrong) = enumerate(way, durability, None, false);
            assert!(states > 25, "{states}");
            assert_eq!(wrong, [""; 0]);
        }
    }
}

#[test]
fn a_power_cut_loses_nothing() {
    for way in ways() {
        for durability in [Durability::Each, Durability::Batch] {
            let (states, wrong) = enumerate(way, durability, None, true);
            assert!(states > 80, "{states}");
            assert_eq!(wrong, [""; 0]);
        }
    }
}

#[test]
fn without_its_syncs_a_power_cut_is_seen_to_lose() {
    for way in ways() {
        for ignored in [Ignored::Files, Ignored::Directories] {
            let (_, wrong) = enumerate(way, Durability::Batch, Some(ignored), true);
            assert!(!wrong.is_empty(), "{way:?} without {ignored:?}");
        }
        let (_, wrong) = enumerate(way, Durability::None, None, true);
        assert!(!wrong.is_empty(), "{way:?} without durability");
    }
}

/// Every call of a settlement fails once; the repeated settlement finishes the work.
#[test]
fn a_shortage_at_any_call_is_got_over_by_repeating() {
    for way in SETTLEMENTS {
        let mut failures = 0;
        for calls in 0.. {
            let fs = Simulated::new();
            let (from, to) = (
                open(&fs, "/from", Durability::Batch).unwrap(),
                open(&fs, "/to", Durability::Batch).unwrap(),
            );
            from.enqueue(BEFORE.as_bytes()).unwrap();
            let mut claim = from.claim(1).unwrap().remove(0);
            fs.fail_after(calls, Errno::NOSPC);
            if let Err(error) = settle(&from, &to, &mut claim, way) {
                assert!(error.is_transient(), "{way:?} {calls}: {error}");
                failures += 1;
                settle(&from, &to, &mut claim, way).unwrap();
            }
            assert!(!claim.is_open());
            let finished = !fs.has_failed();
            drop((claim, from, to));
            let told = Told {
                enqueued: true,
                settling: true,
                settled: true,
            };
            // Ok was said, so a power cut right now must not undo it.
            let after = fs.after_power_cut(0);
            assert_eq!(check(&after, way, &told), Ok(()), "{way:?} call {calls}");
            assert_eq!(
                fs.files("/from/tmp").len() + fs.files("/to/tmp").len(),
                0,
                "{way:?} call {calls}"
            );
            if finished {
                break;
            }
        }
        assert!(failures >= 2, "{way:?}: {failures}");
    }
}

/// Every call of an operation fails once; the repeated operation finishes the work.
#[test]
fn a_shortage_at_any_call_of_an_operation_is_got_over_by_repeating() {
    for way in OPERATIONS {
        let mut failures = 0;
        for calls in 0.. {
            let fs = Simulated::new();
            let told = Told {
                enqueued: true,
                settling: true,
                settled: true,
            };
            {
                let (from, to) = (
                    open(&fs, "/from", Durability::Batch).unwrap(),
                    open(&fs, "/to", Durability::Batch).unwrap(),
                );
                from.enqueue(BEFORE.as_bytes()).unwrap();
                prepare(&fs, &from, &to, way).unwrap();
            }
            let operator = operator(&fs, Durability::Batch).unwrap();
            fs.fail_after(calls, Errno::NOSPC);
            failures += usize::from(operate(&operator, way).is_err());
            if fs.has_failed() {
                operate(&operator, way).unwrap();
            }
            let after = fs.after_power_cut(0);
            assert_eq!(check(&after, way, &told), Ok(()), "{way:?} call {calls}");
            assert_eq!(fs.files("/from/tmp").len(), 0, "{way:?} call {calls}");
            if !fs.has_failed() {
                break;
            }
        }
        assert!(failures >= 2, "{way:?}: {failures}");
    }
}

#[test]
fn a_shortage_at_any_call_of_a_producer_or_a_claim_is_got_over_by_repeating() {
    let mut failures = 0;
    for calls in 0.. {
        let fs = Simulated::new();
        let queue = open(&fs, "/from", Durability::Batch).unwrap();
        fs.fail_after(calls, Errno::NOSPC);
        let name = "m".parse().unwrap();
        let publish = || queue.publish(&[(&name, BEFORE.as_bytes())]);
        let published = publish().or_else(|_| publish()).unwrap();
        let claims = match queue.claim(1) {
            Ok(claims) if !claims.is_empty() => claims,
            first => {
                failures += 1;
                assert!(first.is_ok_and(|claims| claims.is_empty()) || fs.has_failed());
                queue.claim(1).unwrap()
            }
        };
        assert!(published == [Published::New] || fs.has_failed());
        assert_eq!(claims.len() + fs.files("/from/errors").len() / 2, 1, "call {calls}");
        assert_eq!(fs.files("/from/tmp").len(), 0, "call {calls}");
        if !fs.has_failed() {
            break;
        }
    }
    assert!(failures >= 2, "{failures}");
}

/// A power cut at any call of a recovery: a message that is back has lost no count of its dead owners.
#[test]
fn a_power_cut_does_not_reset_the_attempts() {
    let mut back = 0;
    for calls in 0.. {
        let fs = Simulated::new();
        let queue = open(&fs, "/from", Durability::Batch).unwrap();
        queue.enqueue(BEFORE.as_bytes()).unwrap();
        std::mem::forget(queue.claim(1).unwrap());
        // Claiming syncs nothing: what a power cut undoes of it is no loss. Here it has come to the disk.
        fs.sync_directory(Path::new("/from/incoming")).unwrap();
        fs.restart();
        fs.die_after(calls);
        let recovered = open(&fs, "/from", Durability::Batch).and_then(|queue| queue.recover());
        for lucky in 0..fs.outcomes() {
            let after = fs.after_power_cut(lucky);
            let waiting = after.files("/from/incoming").len();
            let counts: Vec<String> = after.files("/from/pending/.attempts").into_values().collect();
            assert!(
                waiting == 0 || counts == ["1"],
                "call {calls}, {lucky} lucky: {counts:?}"
            );
            back += waiting;
        }
        if !fs.is_dead() {
            assert_eq!(recovered.unwrap().recovered, 1);
            break;
        }
    }
    assert!(back >= 2, "{back}");
}
