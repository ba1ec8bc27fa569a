//! For each sync: the schedule that misses it, and what is wrong then.

use crate::Durability;
use crate::fs::simulated::Renames;
use crate::fs::site::Site;

use super::schedule::{
    ACKNOWLEDGE, ACROSS, BARE, COMES_DUE, COPY, DEAD_OWNER, DEFER, FORWARD, HOLD, POISON, QUARANTINE, RELEASE, REPAIR,
    RETRY, Schedule,
};
use super::{Outcome, power_cuts, shortages};

/// How the sync is missed.
#[derive(Debug, Clone, Copy)]
enum By {
    PowerCut,
    /// Where the halves of a rename reach the disk one by one.
    SplitRenames,
    /// An error, and a power cut after the repetition.
    Shortage,
}

#[derive(Debug)]
pub(super) struct Case {
    pub(super) site: Site,
    pub(super) expected: &'static str,
    by: By,
    schedule: &'static Schedule,
}

impl Case {
    /// Runs the schedule without this sync.
    pub(super) fn without_it(&self) -> Outcome {
        let cuts = |renames| {
            power_cuts(
                self.schedule,
                Durability::Batch,
                renames,
                Some((Some(self.site), self.expected)),
            )
        };
        match self.by {
            PowerCut => cuts(Renames::Whole),
            SplitRenames => cuts(Renames::Split),
            Shortage => shortages(self.schedule, Some((Some(self.site), self.expected))),
        }
    }
}

const fn case(site: Site, by: By, schedule: &'static Schedule, expected: &'static str) -> Case {
    Case {
        site,
        expected,
        by,
        schedule,
    }
}

use By::{PowerCut, Shortage, SplitRenames};

const LOST: &str = "lost";
const NOT_WHOLE: &str = "not whole";
const TWICE: &str = "twice";
const UNDONE: &str = "undone";
const NO_REASON: &str = "without a reason";
const FORGOTTEN: &str = "attempts forgotten";
const REMEMBERED: &str = "attempts remembered";
const LEFTOVER: &str = "left over";

pub(super) const CASES: &[Case] = &[
    case(Site::EnqueuedFile, PowerCut, &FORWARD, NOT_WHOLE),
    case(Site::PublishedFile, PowerCut, &COPY, NOT_WHOLE),
    case(Site::RewrittenFile, PowerCut, &FORWARD, NOT_WHOLE),
    case(Site::AcrossFile, PowerCut, &ACROSS, NOT_WHOLE),
    case(Site::SidecarFile, PowerCut, &ACKNOWLEDGE, NO_REASON),
    case(Site::AttemptsFile, PowerCut, &DEAD_OWNER, FORGOTTEN),
    case(Site::QueueParent, PowerCut, &FORWARD, LOST),
    case(Site::NewParent, PowerCut, &HOLD, LOST),
    case(Site::InstanceParent, PowerCut, &FORWARD, LOST),
    case(Site::EnqueueIncoming, PowerCut, &FORWARD, LOST),
    case(Site::PublishIncoming, PowerCut, &COPY, LOST),
    case(Site::ForwardIncoming, SplitRenames, &FORWARD, LOST),
    case(Site::ForwardSource, SplitRenames, &FORWARD, TWICE),
    case(Site::UnlinkSource, PowerCut, &ACKNOWLEDGE, UNDONE),
    case(Site::RejectSidecar, PowerCut, &ACKNOWLEDGE, NO_REASON),
    case(Site::RejectErrors, SplitRenames, &ACKNOWLEDGE, LOST),
    case(Site::RejectSource, SplitRenames, &ACKNOWLEDGE, TWICE),
    case(Site::BanishSidecar, PowerCut, &POISON, NO_REASON),
    case(Site::BanishErrors, SplitRenames, &QUARANTINE, LOST),
    case(Site::BanishSource, SplitRenames, &QUARANTINE, TWICE),
    case(Site::ReleaseIncoming, SplitRenames, &RELEASE, LOST),
    case(Site::ReleaseSource, SplitRenames, &RELEASE, TWICE),
    case(Site::DeferTarget, SplitRenames, &DEFER, LOST),
    case(Site::DeferSource, SplitRenames, &DEFER, TWICE),
    case(Site::DueIncoming, SplitRenames, &COMES_DUE, LOST),
    case(Site::DueSource, SplitRenames, &COMES_DUE, TWICE),
    case(Site::RecoverIncoming, SplitRenames, &DEAD_OWNER, LOST),
    case(Site::RecoverSource, SplitRenames, &DEAD_OWNER, TWICE),
    case(Site::AttemptsDirectory, PowerCut, &DEAD_OWNER, FORGOTTEN),
    case(Site::AttemptsRemoved, PowerCut, &QUARANTINE, REMEMBERED),
    case(Site::RelocateTarget, SplitRenames, &HOLD, LOST),
    case(Site::RelocateSource, SplitRenames, &HOLD, TWICE),
    case(Site::SidecarsRemoved, PowerCut, &RETRY, LEFTOVER),
    case(Site::RepairRemoved, PowerCut, &REPAIR, LEFTOVER),
    case(Site::RequeueIncoming, SplitRenames, &REPAIR, LOST),
    case(Site::RequeueSource, SplitRenames, &REPAIR, TWICE),
    case(Site::RepairSidecar, PowerCut, &BARE, NO_REASON),
    case(Site::Repeated, Shortage, &ACKNOWLEDGE, UNDONE),
];
