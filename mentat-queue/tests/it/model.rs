//! Random operations against a model that is a few maps.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use mentat_queue::{Claim, Durability, MessageName, Published, Queue, Reason, Repair, Which};
use proptest::prelude::*;

use crate::support::{Spool, claimed, deliver, names};

#[derive(Debug, Clone)]
enum Op {
    Deliver(u8),
    Publish(u8),
    Claim(usize),
    Forward(usize, bool),
    Acknowledge(usize),
    Reject(usize),
    Release(usize),
    Drop(usize),
    Defer(usize),
    Flush,
    Hold(u8),
    LetGo,
    Retry,
    Check,
    Reopen,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => (0..20_u8).prop_map(Op::Deliver),
        1 => (0..20_u8).prop_map(Op::Publish),
        4 => (0..5_usize).prop_map(Op::Claim),
        2 => (0..8_usize, any::<bool>()).prop_map(|(n, changed)| Op::Forward(n, changed)),
        1 => (0..8_usize).prop_map(Op::Acknowledge),
        1 => (0..8_usize).prop_map(Op::Reject),
        1 => (0..8_usize).prop_map(Op::Release),
        1 => (0..8_usize).prop_map(Op::Drop),
        1 => (0..8_usize).prop_map(Op::Defer),
        1 => Just(Op::Flush),
        1 => (0..20_u8).prop_map(Op::Hold),
        1 => Just(Op::LetGo),
        1 => Just(Op::Retry),
        1 => Just(Op::Check),
        1 => Just(Op::Reopen),
    ];
    prop::collection::vec(op, 1..60)
}

/// Where every message is, by contents: each delivery has contents of its own.
#[derive(Debug, Default, PartialEq)]
struct Model {
    incoming: BTreeMap<String, ()>,
    forwarded: BTreeMap<String, ()>,
    errors: BTreeMap<String, ()>,
    deferred: BTreeMap<String, ()>,
    hold: BTreeMap<String, ()>,
}

fn contents(queue: &Queue, sub: &str) -> BTreeMap<String, ()> {
    let read = |name: &String| fs::read_to_string(queue.dir().join(sub).join(name)).unwrap();
    names(queue, sub)
        .iter()
        .filter(|n| !n.ends_with(".meta"))
        .map(|n| (read(n), ()))
        .collect()
}

fn deferred(queue: &Queue) -> BTreeMap<String, ()> {
    let seconds = names(queue, "deferred");
    seconds
        .iter()
        .flat_map(|second| contents(queue, &format!("deferred/{second}")))
        .collect()
}

fn run(ops: &[Op], durability: Durability) {
    let spool = Spool::new();
    let open = || spool.queue_with("q", |o| o.durability = durability);
    let (mut queue, next) = (open(), spool.queue("next"));
    let mut model = Model::default();
    let mut held: Vec<Claim> = Vec::new();
    for (serial, op) in ops.iter().enumerate() {
        match *op {
            Op::Deliver(n) => {
                let (name, text) = (format!("m{n}"), format!("{serial}"));
                // A producer's rename replaces, so producers use unique names; here that is our business.
                if !names(&queue, "incoming").contains(&name) {
                    deliver(&queue, &name, text.as_bytes(), 1000 - serial as u64);
                    model.incoming.insert(text, ());
                }
            }
            Op::Publish(n) => {
                let (name, text) = (format!("m{n}").parse().unwrap(), format!("{serial}"));
                if queue.publish(&[(&name, text.as_bytes())]).unwrap() == [Published::New] {
                    model.incoming.insert(text, ());
                }
            }
            Op::Claim(max) => {
                let claims = queue.claim(max).unwrap();
                assert!(claims.len() <= max);
                for claim in claims {
                    let text = String::from_utf8(claim.bytes().to_vec()).unwrap();
                    assert!(model.incoming.remove(&text).is_some(), "{text} was not waiting");
                    held.push(claim);
                }
            }
            Op::Flush => {
                queue.operator().flush(&Which::All).unwrap();
                model.incoming.append(&mut model.deferred);
            }
            Op::Hold(n) => {
                let name: MessageName = format!("m{n}").parse().unwrap();
                let text = fs::read_to_string(queue.dir().join("incoming").join(name.as_ref()));
                let report = queue.operator().hold(&Which::Names(&[name])).unwrap();
                assert_eq!(report.done.len(), usize::from(text.is_ok()));
                if let Ok(text) = text {
                    model.incoming.remove(&text);
                    model.hold.insert(text, ());
                }
            }
            Op::LetGo => {
                queue.operator().release(&Which::All).unwrap();
                model.incoming.append(&mut model.hold);
            }
            Op::Retry => {
                queue.operator().retry(&Which::Reason("x: y")).unwrap();
                model.incoming.append(&mut model.errors);
                assert_eq!(names(&queue, "errors"), [""; 0]);
            }
            Op::Check => {
                let found = queue.operator().fsck(true).unwrap();
                assert!(
                    found.iter().all(|finding| finding.repair == Repair::NotNeeded),
                    "{found:?}"
                );
            }
            Op::Reopen => {
                let waiting = held
                    .drain(..)
                    .map(|c| (String::from_utf8(c.bytes().to_vec()).unwrap(), ()));
                model.incoming.extend(waiting.collect::<Vec<_>>());
                drop(queue);
                queue = open();
            }
            Op::Forward(n, _) | Op::Acknowledge(n) | Op::Reject(n) | Op::Release(n) | Op::Drop(n) | Op::Defer(n) => {
                if held.is_empty() {
                    continue;
                }
                let claim = held.swap_remove(n % held.len());
                let text = String::from_utf8(claim.bytes().to_vec()).unwrap();
                match op {
                    Op::Forward(_, true) => {
                        let changed = format!("{text} changed");
                        claim.forward_changed(&next, changed.as_bytes()).unwrap();
                        model.forwarded.insert(changed, ());
                    }
                    Op::Forward(..) => {
                        claim.forward(&next).unwrap();
                        model.forwarded.insert(text, ());
                    }
                    Op::Acknowledge(_) => claim.acknowledge().unwrap(),
                    Op::Reject(_) => {
                        claim.reject(Reason::new("x", "y")).unwrap();
                        model.errors.insert(text, ());
                    }
                    Op::Defer(_) => {
                        claim.defer(Duration::from_secs(3600)).unwrap();
                        model.deferred.insert(text, ());
                    }
                    Op::Release(_) => {
                        claim.release().unwrap();
                        model.incoming.insert(text, ());
                    }
                    _ => {
                        drop(claim);
                        model.incoming.insert(text, ());
                    }
                }
            }
        }
        let found = Model {
            incoming: contents(&queue, "incoming"),
            forwarded: contents(&next, "incoming"),
            errors: contents(&queue, "errors"),
            deferred: deferred(&queue),
            hold: contents(&queue, "hold"),
        };
        assert_eq!(found, model, "after {op:?}");
        assert_eq!(claimed(&queue).len(), held.len());
        assert!(names(&queue, "tmp").is_empty() && names(&next, "tmp").is_empty());
        let status = queue.status().unwrap();
        assert_eq!(
            (
                status.incoming,
                status.pending,
                status.errors,
                status.deferred,
                status.hold
            ),
            (
                model.incoming.len(),
                held.len(),
                model.errors.len(),
                model.deferred.len(),
                model.hold.len()
            )
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_lose_and_repeat_nothing(ops in ops(), batch in any::<bool>()) {
        run(&ops, if batch { Durability::Batch } else { Durability::None });
    }
}
