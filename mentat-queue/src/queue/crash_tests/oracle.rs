//! What the processes were told, and whether what is found agrees with it.

use std::sync::Arc;

use crate::fs::simulated::{Renames, Simulated};
use crate::{CopyTo, Error, Options, Queue};

use super::schedule::Schedule;

pub(super) const MESSAGES: usize = 3;

/// What a message says before and after a change, and its copy.
pub(super) fn text(message: usize) -> String {
    format!("message {message}")
}

pub(super) fn changed(text: &str) -> String {
    format!("{text}, changed")
}

pub(super) fn copied(text: &str) -> String {
    format!("{text}, copied")
}

/// The message that contents belong to.
pub(super) fn message_of(contents: &[u8]) -> Option<usize> {
    let number = contents.strip_prefix(b"message ")?.first()?.checked_sub(b'0')?;
    Some(number.into())
}

/// Where a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Waiting,
    Claimed,
    Forwarded,
    Far,
    Rejected,
    Aside,
    Gone,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Message {
    /// Somebody was told that it is in the queue.
    pub(super) enqueued: bool,
    /// Where it is, unless somebody is moving it.
    pub(super) told: Option<Whereabouts>,
    /// Somebody has claimed it since that was told, or may have.
    pub(super) touched: bool,
    /// The last claim of it may be undone by a power cut.
    pub(super) fresh: bool,
    pub(super) may_be_gone: bool,
    /// It is on its way to another device.
    pub(super) across: bool,
    pub(super) changed: bool,
    pub(super) copied: bool,
    /// How many of its owners have died, if anybody has.
    pub(super) deaths: u32,
    /// An operator has said that its deaths do not count any more.
    pub(super) anew: bool,
}

/// What the processes of a schedule were told so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Oracle {
    pub(super) messages: [Message; MESSAGES],
    /// An operator was told that there are no sidecars without messages, nor messages without sidecar.
    pub(super) tidy: bool,
    progress: usize,
}

impl Oracle {
    /// Changes with everything that is told.
    pub(super) fn progress(&self) -> usize {
        self.progress
    }

    pub(super) fn note(&mut self) {
        self.progress += 1;
    }

    /// Holds a state against what was told; `Err` says what is wrong.
    pub(super) fn check(&self, fs: &Simulated, schedule: &Schedule) -> Result<(), String> {
        let fail = |what: &str, about: usize| {
            let message = &self.messages[about];
            Err(format!("{what}: message {about} {message:?} in {}", fs.show()))
        };
        let before = places(fs);
        for (number, message) in self.messages.iter().enumerate() {
            let Some(told) = message
                .told
                .filter(|_| !message.touched && !Self::is_loose(message, fs))
            else {
                continue;
            };
            let found = &before[number];
            if !found.contains(&told) && told != Whereabouts::Gone {
                let what = if found.is_empty() { "lost" } else { "undone" };
                return fail(what, number);
            }
            if told == Whereabouts::Gone && !found.is_empty() {
                return fail("undone", number);
            }
        }
        let waiting = fs.files("/from/incoming");
        let counts = fs.files("/from/pending/.attempts");
        for (name, contents) in &waiting {
            let Some(number) = message_of(contents.as_bytes()) else {
                continue;
            };
            let (message, count) = (&self.messages[number], counts.get(name));
            if message.deaths > 0 && !message.fresh && count != Some(&message.deaths.to_string()) {
                return fail("attempts forgotten", number);
            }
            if message.anew && !message.touched && message.told.is_some() && count.is_some() {
                return fail("attempts remembered", number);
            }
        }
        if self.tidy && !bare_sidecars(fs).is_empty() {
            return fail("left over", 0);
        }
        recover(fs, schedule).map_err(|error| error.to_string())?;
        self.check_recovered(fs, schedule)?;
        self.replay(fs, schedule).map_err(|error| error.to_string())?;
        let again = places(fs);
        for (number, message) in self.messages.iter().enumerate() {
            let copies = copies(fs, number);
            if copies > 1 || message.copied && copies == 0 && again[number].is_empty() {
                return fail(if copies > 1 { "twice" } else { "lost" }, number);
            }
            if message.across && again[number].len() > 1 {
                return fail("twice", number);
            }
        }
        Ok(())
    }

    /// Where a rename is two changes, a message keeps its old name as well until the kernel has written back its
    /// claim, which nobody syncs.
    fn is_loose(message: &Message, fs: &Simulated) -> bool {
        message.fresh && fs.renames() == Renames::Split
    }

    fn check_recovered(&self, fs: &Simulated, schedule: &Schedule) -> Result<(), String> {
        let after = places(fs);
        for dir in ["/from/incoming", "/to/incoming", "/far/incoming", "/from/errors"] {
            for (name, contents) in fs.files(dir) {
                let whole = message_of(contents.as_bytes()).is_some_and(|number| {
                    let text = text(number);
                    contents == text || contents == changed(&text) || contents == copied(&text)
                });
                if !whole && !name.starts_with("empty") && name != "bare" && !name.ends_with(".meta") {
                    return Err(format!("not whole: {name} in {}", fs.show()));
                }
            }
        }
        let errors = fs.files("/from/errors");
        for name in errors.keys().filter(|name| !name.ends_with(".meta")) {
            let reason = errors.get(&format!("{name}.meta"));
            let whole = reason.is_some_and(|text| text.starts_with('{') && text.trim_end().ends_with('}'));
            if !whole && (name != "bare" || self.tidy) {
                return Err(format!("without a reason: {name} in {}", fs.show()));
            }
        }
        for (number, message) in self.messages.iter().enumerate() {
            let found = &after[number];
            let fail = |what: &str| Err(format!("{what}: message {number} {message:?} in {}", fs.show()));
            if found.is_empty() && message.enqueued && !message.may_be_gone {
                return fail("lost");
            }
            if found.is_empty() && message.copied && copies(fs, number) == 0 {
                return fail("lost");
            }
            // There it may also come twice while somebody is moving it.
            let moving = message.told.is_none() && fs.renames() == Renames::Split;
            let loose = moving || Self::is_loose(message, fs);
            if found.len() > 1 && !message.across && !loose {
                return fail("twice");
            }
            if loose {
                continue;
            }
            let text = text(number);
            let expected = if message.changed { changed(&text) } else { text };
            if message.told == Some(Whereabouts::Forwarded)
                && !fs.files("/to/incoming").values().any(|contents| *contents == expected)
            {
                return fail("undone");
            }
            // The crash may have been one death too many.
            let quarantined = message.touched && message.deaths >= schedule.max_recoveries;
            let there = |told| match found.first() {
                Some(Whereabouts::Rejected) if quarantined => true,
                // The recovery brings back what is due.
                Some(Whereabouts::Waiting) if told == Whereabouts::Aside => true,
                found => found == Some(&told),
            };
            if message
                .told
                .is_some_and(|told| told != Whereabouts::Gone && !there(told))
            {
                return fail("undone");
            }
        }
        Ok(())
    }

    /// A consumer does again what was begun and may not have come to its end.
    fn replay(&self, fs: &Simulated, schedule: &Schedule) -> Result<(), Error> {
        if !self.messages.iter().any(|message| message.copied || message.across) {
            return Ok(());
        }
        let open = |dir| open(fs, dir, schedule);
        let (from, to, far) = (open("/from")?, open("/to")?, open("/far")?);
        for claim in from.claim(10)? {
            let Some(number) = message_of(claim.bytes()) else {
                continue;
            };
            let message = &self.messages[number];
            if message.copied {
                let bytes = copied(&text(number)).into_bytes();
                let copy = CopyTo {
                    claim: &claim,
                    to: &to,
                    name: claim.name().child("rule"),
                    bytes: Some(&bytes),
                };
                from.copy(&[copy])?;
                claim.acknowledge()?;
            } else if message.across {
                claim.forward(&far)?;
            }
        }
        Ok(())
    }
}

fn open(fs: &Simulated, dir: &str, schedule: &Schedule) -> Result<Queue, Error> {
    let options = Options {
        max_recoveries: schedule.max_recoveries,
        ..Options::default()
    };
    Queue::open_on(Arc::new(fs.clone()), dir.into(), options)
}

fn recover(fs: &Simulated, schedule: &Schedule) -> Result<(), Error> {
    for dir in ["/from", "/to", "/far"] {
        open(fs, dir, schedule)?.recover()?;
    }
    Ok(())
}

/// Where each message is, once for each name it has.
pub(super) fn places(fs: &Simulated) -> [Vec<Whereabouts>; MESSAGES] {
    let mut found = <[Vec<Whereabouts>; MESSAGES]>::default();
    let mut note = |contents: &str, place| {
        if let Some(number) = message_of(contents.as_bytes()).filter(|_| !contents.ends_with("copied")) {
            found[number].push(place);
        }
    };
    for (dir, place) in [
        ("/from/incoming", Whereabouts::Waiting),
        ("/to/incoming", Whereabouts::Forwarded),
        ("/far/incoming", Whereabouts::Far),
        ("/from/errors", Whereabouts::Rejected),
        ("/from/pending", Whereabouts::Aside),
    ] {
        fs.files(dir).values().for_each(|contents| note(contents, place));
    }
    for (dir, place) in [
        ("/from/hold", Whereabouts::Aside),
        ("/from/deferred", Whereabouts::Aside),
        ("/from/pending", Whereabouts::Claimed),
    ] {
        for (path, contents) in fs.below(dir) {
            // Files of `pending` itself are claims of other programs.
            if place == Whereabouts::Aside || path.parent() != Some(dir.as_ref()) {
                note(&contents, place);
            }
        }
    }
    found
}

/// Sidecars without messages.
pub(super) fn bare_sidecars(fs: &Simulated) -> Vec<String> {
    let errors = fs.files("/from/errors");
    let messages = errors.keys().filter_map(|name| name.strip_suffix(".meta"));
    messages
        .filter(|name| !errors.contains_key(*name))
        .map(str::to_owned)
        .collect()
}

fn copies(fs: &Simulated, message: usize) -> usize {
    let copy = copied(&text(message));
    fs.files("/to/incoming")
        .values()
        .filter(|contents| **contents == copy)
        .count()
}
