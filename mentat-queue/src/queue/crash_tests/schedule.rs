//! Who does what, in which order.

use super::step::Operation::{Discard, Flush, Hold, LetGo, RecoverFlat, Repair, Retry};
use super::step::Step::{
    self, Aside, Claim, Close, Die, Enqueue, Operate, Publish, Recover, Settle, Stray, WrittenBack,
};
use super::step::Way::{Acknowledge, CopyOut, Defer, Forward, ForwardAcross, ForwardChanged, Reject, Release};

#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) name: &'static str,
    pub(super) max_recoveries: u32,
    pub(super) steps: &'static [Step],
}

impl Schedule {
    /// Whether it says when the kernel has written claims back, which nobody syncs.
    pub(super) fn settles(&self) -> bool {
        self.steps.contains(&WrittenBack)
    }
}

const fn schedule(name: &'static str, steps: &'static [Step]) -> Schedule {
    Schedule {
        name,
        max_recoveries: 5,
        steps,
    }
}

pub(super) const FORWARD: Schedule = schedule(
    "forward and forward changed",
    &[
        Enqueue(0, &[0]),
        Publish(1, 1),
        Claim(0, 1),
        Enqueue(0, &[2]),
        Claim(1, 2),
        WrittenBack,
        Settle(1, ForwardChanged),
        Settle(0, Forward),
    ],
);
pub(super) const ACKNOWLEDGE: Schedule = schedule(
    "acknowledge and reject",
    &[
        Enqueue(1, &[0, 1]),
        Claim(0, 1),
        Claim(1, 1),
        Publish(0, 2),
        WrittenBack,
        Settle(0, Acknowledge),
        Settle(1, Reject),
        Claim(0, 5),
        Settle(0, Acknowledge),
    ],
);
pub(super) const RELEASE: Schedule = schedule(
    "release and claim again",
    &[
        Enqueue(0, &[0, 1]),
        Claim(0, 2),
        Publish(1, 2),
        WrittenBack,
        Settle(0, Release),
        Claim(1, 2),
        Close(1),
        Claim(0, 1),
        Settle(0, Forward),
    ],
);
pub(super) const COPY: Schedule = schedule(
    "copy and acknowledge",
    &[
        Publish(0, 0),
        Enqueue(1, &[1, 2]),
        Claim(0, 2),
        Claim(1, 1),
        Settle(0, CopyOut),
        Settle(1, CopyOut),
    ],
);
pub(super) const DEFER: Schedule = schedule(
    "defer and flush",
    &[
        Enqueue(0, &[0]),
        Enqueue(1, &[1, 2]),
        Claim(0, 2),
        Claim(1, 1),
        WrittenBack,
        Settle(0, Defer),
        Settle(1, Forward),
        Operate(Flush),
    ],
);
pub(super) const ACROSS: Schedule = schedule(
    "forward to another device",
    &[
        Publish(0, 0),
        Publish(1, 1),
        Claim(0, 1),
        Claim(1, 1),
        Settle(0, ForwardAcross),
        Enqueue(0, &[2]),
        Claim(0, 1),
        Settle(1, ForwardAcross),
        Settle(0, Forward),
    ],
);
pub(super) const DEAD_OWNER: Schedule = schedule(
    "claims of a dead consumer",
    &[
        Enqueue(0, &[0, 1]),
        Claim(0, 2),
        Publish(1, 2),
        Die(0),
        WrittenBack,
        Recover(1),
        Claim(1, 2),
        Settle(1, Forward),
    ],
);
pub(super) const QUARANTINE: Schedule = Schedule {
    name: "quarantine and another try",
    max_recoveries: 1,
    steps: &[
        Enqueue(0, &[0]),
        Publish(1, 1),
        Claim(0, 1),
        Die(0),
        Recover(1),
        Claim(1, 1),
        Die(1),
        WrittenBack,
        Recover(0),
        Publish(0, 2),
        Operate(Retry),
        Claim(0, 3),
        Settle(0, Forward),
    ],
};
pub(super) const POISON: Schedule = schedule(
    "an empty file among messages",
    &[
        Enqueue(0, &[0]),
        Stray("incoming", "empty"),
        Publish(1, 1),
        Claim(0, 2),
        Claim(1, 2),
        Settle(0, Forward),
        Settle(1, Reject),
        Enqueue(1, &[2]),
    ],
);
pub(super) const HOLD: Schedule = schedule(
    "hold and let go",
    &[
        Enqueue(0, &[0, 1]),
        Claim(0, 1),
        WrittenBack,
        Operate(Hold),
        Publish(1, 2),
        Settle(0, Forward),
        Operate(LetGo),
        Claim(1, 1),
        Settle(1, Acknowledge),
    ],
);
pub(super) const RETRY: Schedule = schedule(
    "retry and discard",
    &[
        Enqueue(0, &[0, 1]),
        Claim(0, 1),
        Claim(1, 1),
        Settle(0, Reject),
        WrittenBack,
        Operate(Retry),
        Settle(1, Reject),
        Operate(Discard),
        Publish(1, 2),
    ],
);
pub(super) const DUE: Schedule = schedule(
    "deferred messages come due",
    &[
        Enqueue(0, &[0]),
        Publish(1, 1),
        Aside("deferred/1"),
        Recover(0),
        Enqueue(1, &[2]),
        Claim(0, 2),
        Settle(0, Forward),
    ],
);
pub(super) const COMES_DUE: Schedule = schedule(
    "deferred messages come due at a written-back queue",
    &[Enqueue(0, &[0, 1, 2]), Aside("deferred/1"), WrittenBack, Recover(0)],
);
pub(super) const FLAT: Schedule = schedule(
    "claims of other programs",
    &[
        Enqueue(0, &[0, 1]),
        Aside("pending"),
        Publish(1, 2),
        WrittenBack,
        Operate(RecoverFlat),
        Claim(1, 3),
        Settle(1, Forward),
    ],
);
pub(super) const REPAIR: Schedule = schedule(
    "repair",
    &[
        Enqueue(0, &[0, 1]),
        Aside("deferred"),
        Stray("errors", "left.meta"),
        Publish(1, 2),
        Stray("errors", "bare"),
        WrittenBack,
        Operate(Repair),
        Claim(0, 3),
        Settle(0, Forward),
    ],
);

pub(super) const BARE: Schedule = schedule(
    "repair of a message without reason",
    &[Enqueue(0, &[0]), Stray("errors", "bare"), WrittenBack, Operate(Repair)],
);

pub(super) const SCHEDULES: &[Schedule] = &[
    FORWARD,
    ACKNOWLEDGE,
    RELEASE,
    COPY,
    DEFER,
    ACROSS,
    DEAD_OWNER,
    QUARANTINE,
    POISON,
    HOLD,
    RETRY,
    DUE,
    COMES_DUE,
    FLAT,
    REPAIR,
    BARE,
];

/// The last but one step happens in the middle of the one before it.
pub(super) const RACES: &[Schedule] = &[
    schedule(
        "two claims",
        &[
            Enqueue(0, &[0, 1]),
            Publish(1, 2),
            Claim(0, 2),
            Claim(1, 2),
            Settle(0, Forward),
        ],
    ),
    schedule(
        "claim and enqueue",
        &[
            Enqueue(0, &[0]),
            Claim(0, 2),
            Enqueue(1, &[1, 2]),
            Settle(0, Acknowledge),
        ],
    ),
    schedule(
        "enqueue and claim",
        &[
            Publish(0, 0),
            Enqueue(0, &[1, 2]),
            Claim(1, 2),
            Settle(1, ForwardChanged),
        ],
    ),
    schedule(
        "forwards into one queue",
        &[
            Enqueue(0, &[0, 1, 2]),
            Claim(0, 2),
            Claim(1, 1),
            Settle(0, ForwardChanged),
            Settle(1, Forward),
            Recover(0),
        ],
    ),
    schedule(
        "rejects of one queue",
        &[
            Enqueue(0, &[0, 1, 2]),
            Claim(0, 2),
            Claim(1, 1),
            Settle(0, Reject),
            Settle(1, Reject),
            Operate(Retry),
        ],
    ),
    schedule(
        "settling and recovering",
        &[
            Enqueue(0, &[0, 1, 2]),
            Claim(0, 2),
            Settle(0, Acknowledge),
            Recover(1),
            Claim(1, 1),
        ],
    ),
    schedule(
        "two recoveries",
        &[
            Enqueue(0, &[0, 1]),
            Publish(1, 2),
            Claim(0, 3),
            Die(0),
            Recover(0),
            Recover(1),
            Claim(1, 3),
        ],
    ),
    schedule(
        "releasing and claiming",
        &[
            Enqueue(0, &[0, 1, 2]),
            Claim(0, 2),
            Settle(0, Release),
            Claim(1, 3),
            Settle(1, Forward),
        ],
    ),
    schedule(
        "claiming and holding",
        &[Enqueue(0, &[0, 1, 2]), Claim(0, 2), Operate(Hold), Settle(0, CopyOut)],
    ),
    schedule(
        "coming due twice",
        &[
            Enqueue(0, &[0, 1, 2]),
            Aside("deferred/1"),
            Recover(0),
            Recover(1),
            Claim(0, 3),
        ],
    ),
];
