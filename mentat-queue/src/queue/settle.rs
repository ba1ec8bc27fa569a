//! Settling claims: each form says Ok only when nothing can undo it.
//!
//! Destinations are synced before sources, and everything before anything is unlinked. Whatever moment the power
//! fails at, a message is in at least one of the places.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::fs::Contents;
use crate::fs::site::Site;
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Claim, Error, Published, Reason};

use super::counters::Counters;
use super::instance::Instance;
use super::publish::{Draft, new};
use super::sidecar::Banished;
use super::steps::MoveError;
use super::{Inner, Queue};

/// A copy of a claimed message for another queue, see [`Queue::copy`].
#[derive(Debug)]
pub struct CopyTo<'a> {
    /// The message, which stays claimed.
    pub claim: &'a Claim,
    /// Where the copy goes.
    pub to: &'a Queue,
    /// The copy's name; [`MessageName::child`] makes one that a replay finds again.
    pub name: MessageName,
    /// The copy's contents, if they differ from the message's.
    pub bytes: Option<&'a [u8]>,
}

impl Queue {
    /// Publishes copies of claimed messages in other queues; the claims stay open.
    ///
    /// A copy keeps its message's time and so its place in the order. As with [`publish`](Self::publish) a name that
    /// is there already is left alone, so a replay makes no second copy. Copies may go to any device.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish) of the target; the call can be repeated.
    pub fn copy(&self, items: &[CopyTo<'_>]) -> Result<Vec<Published>, Error> {
        for item in items {
            self.check_own(item.claim)?;
        }
        let mut results = vec![Published::AlreadyThere; items.len()];
        let mut done: Vec<&Arc<Inner>> = Vec::new();
        for CopyTo { to, .. } in items {
            if done.iter().any(|d| Arc::ptr_eq(d, &to.inner)) {
                continue;
            }
            done.push(&to.inner);
            let same = |(_, item): &(usize, &CopyTo<'_>)| Arc::ptr_eq(&item.to.inner, &to.inner);
            let (places, drafts): (Vec<usize>, Vec<(&MessageName, Draft<'_>)>) = items
                .iter()
                .enumerate()
                .filter(same)
                .map(|(place, item)| {
                    let bytes = item.bytes.unwrap_or(item.claim.bytes());
                    (place, (&item.name, (bytes, Some(item.claim.modified()))))
                })
                .unzip();
            for (place, published) in places.into_iter().zip(to.inner.publish_drafts(&drafts)?) {
                if let Some(result) = results.get_mut(place) {
                    *result = published;
                }
            }
        }
        self.inner.count(|c| c.copies += new(&results) as u64);
        Ok(results)
    }

    /// Moves messages on to another queue's `incoming`, with their contents changed where given.
    ///
    /// On one file system an unchanged message is one rename, its bytes untouched. A changed one is written beside,
    /// synced, and renamed over the claimed file first, so that it is never in two queues. To another device the
    /// message is copied, published and synced before it is removed here. Messages keep their time, and their name
    /// unless another message there has it; then `.1`, `.2` … is added.
    ///
    /// # Errors
    ///
    /// Poison, if changed contents are empty or larger than the target allows. After any error the claims already
    /// moved are no longer [open](Claim::is_open); the call can be repeated with the same items.
    pub fn forward(&self, to: &Self, items: &mut [(&mut Claim, Option<Vec<u8>>)]) -> Result<(), Error> {
        let inner = &self.inner;
        for (claim, changed) in items.iter() {
            self.check_own(claim)?;
            if let (true, Some(bytes)) = (claim.open, changed) {
                to.inner.check_size(bytes)?;
            }
        }
        if Arc::ptr_eq(inner, &to.inner) || inner.dir == to.inner.dir {
            return Err(Error::misuse(
                "forward into",
                &inner.dir,
                "source and target are the same queue",
            ));
        }
        let group = inner.group(items.len());
        for group in items.chunks_mut(group) {
            if inner.device == to.inner.device {
                inner.rewrite(group)?;
            }
            let mut here = Vec::new();
            for (place, (claim, _)) in group.iter_mut().enumerate().filter(|(_, (claim, _))| claim.open) {
                match inner.move_new(&claim.home.dir, &to.inner.incoming, &claim.name) {
                    Ok(_) => {
                        to.inner.state().room.added(1);
                        inner.settled(claim);
                        inner.count(|c| c.forwarded += 1);
                    }
                    Err(MoveError::OtherDevice) => here.push(place),
                    Err(MoveError::Vanished) => inner.vanished(claim, "forwarded"),
                    Err(MoveError::Other(error)) => return Err(error),
                }
            }
            for place in here {
                if let Some((claim, changed)) = group.get_mut(place) {
                    inner.copy_across(&to.inner, claim, changed.as_deref())?;
                }
            }
            let claims = group.iter().map(|(claim, _)| &**claim);
            inner.sync_with_sources(
                &[(Site::ForwardIncoming, &to.inner.incoming)],
                Site::ForwardSource,
                claims,
            )?;
            let rest = group.iter_mut().map(|(claim, _)| &mut **claim);
            inner.unlink(rest, |c| c.forwarded += 1)?;
        }
        // For the sake of a repeated call: a sync that failed is made up for even if all claims are settled.
        inner.sync_directories(&[])
    }

    /// Removes messages for good.
    ///
    /// # Errors
    ///
    /// After any error the claims already removed are no longer [open](Claim::is_open); the call can be repeated.
    pub fn acknowledge(&self, claims: &mut [&mut Claim]) -> Result<(), Error> {
        for claim in claims.iter() {
            self.check_own(claim)?;
        }
        let group = self.inner.group(claims.len());
        for group in claims.chunks_mut(group) {
            let group = group.iter_mut().map(|claim| &mut **claim);
            self.inner.unlink(group, |c| c.acknowledged += 1)?;
        }
        self.inner.sync_directories(&[])
    }

    /// Moves messages to `errors`, each with a sidecar `<name>.meta` that says why.
    ///
    /// The sidecar is complete and durable before the message moves. A name taken in `errors` gets `.1`, `.2` …
    ///
    /// # Errors
    ///
    /// After any error the claims already moved are no longer [open](Claim::is_open); the call can be repeated.
    pub fn reject(&self, items: &mut [(&mut Claim, Reason)]) -> Result<(), Error> {
        let inner = &self.inner;
        for (claim, _) in items.iter() {
            self.check_own(claim)?;
        }
        let group = inner.group(items.len());
        for group in items.chunks_mut(group) {
            for (claim, reason) in group
                .iter_mut()
                .filter(|(claim, _)| claim.open && claim.errors_name.is_none())
            {
                claim.errors_name = Some(inner.place_sidecar(&Banished::new(claim, reason))?);
            }
            inner.sync_directories(&[(Site::RejectSidecar, &inner.errors)])?;
            for (claim, reason) in group.iter_mut().filter(|(claim, _)| claim.open) {
                if let Some(target) = claim.errors_name.clone() {
                    let moved = inner.move_beside(&Banished::new(claim, reason), target)?;
                    claim.open = false;
                    inner.count(|c| if moved { c.rejected += 1 } else { c.vanished += 1 });
                }
            }
            let claims = group.iter().map(|(claim, _)| &**claim);
            inner.sync_with_sources(&[(Site::RejectErrors, &inner.errors)], Site::RejectSource, claims)?;
        }
        inner.sync_directories(&[])
    }

    /// Puts messages back into `incoming`, where they keep their time and so their place in the order.
    ///
    /// # Errors
    ///
    /// After any error the claims already put back are no longer [open](Claim::is_open); the call can be repeated.
    pub fn release(&self, claims: &mut [&mut Claim]) -> Result<(), Error> {
        let inner = &self.inner;
        for claim in claims.iter() {
            self.check_own(claim)?;
        }
        let group = inner.group(claims.len());
        for group in claims.chunks_mut(group) {
            for claim in group.iter_mut().filter(|claim| claim.open) {
                match inner.move_within(&claim.home.dir, &inner.incoming, &claim.name)? {
                    Some(_) => {
                        claim.open = false;
                        inner.count(|c| c.released += 1);
                    }
                    None => inner.vanished(claim, "released"),
                }
            }
            let claims = group.iter().map(|claim| &**claim);
            inner.sync_with_sources(&[(Site::ReleaseIncoming, &inner.incoming)], Site::ReleaseSource, claims)?;
        }
        inner.sync_directories(&[])
    }

    pub(crate) fn check_own(&self, claim: &Claim) -> Result<(), Error> {
        if Arc::ptr_eq(&self.inner, &claim.inner) {
            Ok(())
        } else {
            Err(Error::misuse(
                "settle",
                &claim.path(),
                "the claim belongs to another queue handle",
            ))
        }
    }
}

impl<'a> Banished<'a> {
    fn new(claim: &'a Claim, reason: &'a Reason) -> Self {
        let size = claim.bytes.len() as u64;
        Self {
            from: &claim.home.dir,
            name: &claim.name,
            reason,
            attempts: claim.attempts,
            size,
        }
    }
}

impl Inner {
    /// Puts changed contents in the place of the claimed files: written beside, synced, renamed over.
    fn rewrite(&self, items: &mut [(&mut Claim, Option<Vec<u8>>)]) -> Result<(), Error> {
        // A claim whose earlier forward failed may hold changed bytes that are not wanted any more.
        let due = |(claim, changed): &&mut (&mut Claim, Option<Vec<u8>>)| {
            claim.open && (changed.is_some() || claim.rewritten)
        };
        let mut due: Vec<_> = items.iter_mut().filter(due).collect();
        let drafts: Vec<Draft<'_>> = due
            .iter()
            .map(|(claim, changed)| (changed.as_deref().unwrap_or(&claim.bytes), Some(claim.modified)))
            .collect();
        let staged = self.stage(&drafts, Site::RewrittenFile)?;
        for ((claim, changed), file) in due.iter_mut().zip(staged) {
            let target = claim.path();
            // Renaming over would bring back a message that somebody has taken away.
            if !self.is_absent(&target) {
                file.replace(&target)
                    .map_err(|e| Error::rename(&self.tmp, &target, e))?;
                claim.rewritten = changed.is_some();
            }
        }
        Ok(())
    }

    /// Publishes a copy on another device. The claim stays open until the copy is durable and the original unlinked.
    fn copy_across(&self, to: &Self, claim: &Claim, changed: Option<&[u8]>) -> Result<(), Error> {
        let bytes = changed.unwrap_or(&claim.bytes);
        let mut staged = to.stage_one(&(bytes, Some(claim.modified)), Site::AcrossFile)?;
        for number in 0..super::steps::MAX_NUMBER {
            let target = to.incoming.join(claim.name.numbered(number).as_ref());
            let fail = |e| Error::rename(&claim.path(), &target, e);
            if staged.try_publish(&target).map_err(fail)? {
                to.state().room.added(1);
                return Ok(());
            }
            // Our own copy from before a crash or an error is as good as a new one.
            if to.holds(&target, bytes) {
                return Ok(());
            }
        }
        let taken = io::ErrorKind::AlreadyExists.into();
        Err(Error::rename(&claim.path(), &to.incoming, taken))
    }

    fn holds(&self, path: &Path, bytes: &[u8]) -> bool {
        matches!(self.fs.read(path, bytes.len() as u64), Ok(Contents::Bytes(found, _)) if found == bytes)
    }

    fn unlink<'a>(&self, claims: impl Iterator<Item = &'a mut Claim>, add: fn(&mut Counters)) -> Result<(), Error> {
        let mut homes: Vec<Arc<Instance>> = Vec::new();
        for claim in claims.filter(|claim| claim.open) {
            let path = claim.path();
            match self.fs.remove(&path) {
                Ok(()) => {
                    self.settled(claim);
                    self.count(add);
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => self.vanished(claim, "removed"),
                Err(e) => return Err(Error::io("remove", &path, e)),
            }
            if !homes.iter().any(|home| Arc::ptr_eq(home, &claim.home)) {
                homes.push(Arc::clone(&claim.home));
            }
        }
        let sources: Vec<_> = homes
            .iter()
            .map(|home| (Site::UnlinkSource, home.dir.as_path()))
            .collect();
        self.sync_directories(&sources)
    }

    /// Syncs where messages went to and then the directories they came from, each once.
    pub(crate) fn sync_with_sources<'a>(
        &self,
        destinations: &[(Site, &Path)],
        site: Site,
        claims: impl Iterator<Item = &'a Claim>,
    ) -> Result<(), Error> {
        let mut all = destinations.to_vec();
        for claim in claims {
            let source = (site, claim.home.dir.as_path());
            if !all.contains(&source) {
                all.push(source);
            }
        }
        self.sync_directories(&all)
    }

    fn settled(&self, claim: &mut Claim) {
        claim.open = false;
        self.clear_attempts(&claim.name, claim.attempts);
    }

    pub(crate) fn vanished(&self, claim: &mut Claim, what: &str) {
        claim.open = false;
        self.count(|c| c.vanished += 1);
        self.notice(
            NoticeKind::Vanished,
            claim.path(),
            format!("was gone when it was to be {what}"),
        );
    }
}
