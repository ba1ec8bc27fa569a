//! Names for the places where something is made durable.
//!
//! Each is there because something would be lost, half there or there twice without it. The crash tests leave out one
//! at a time and have to notice.

/// A call that syncs a file or a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// The contents of a message that is enqueued.
    EnqueuedFile,
    /// The contents of a message or copy that is published.
    PublishedFile,
    /// Changed contents, before they replace those of a claimed message.
    RewrittenFile,
    /// The copy of a message on another device.
    AcrossFile,
    /// The reason why a message was rejected.
    SidecarFile,
    /// How many owners of a message have died.
    AttemptsFile,
    /// The directories of a new queue, in those around them.
    QueueParent,
    /// A directory made later, in the one around it.
    NewParent,
    /// The directory of a consumer, in `pending`.
    InstanceParent,
    EnqueueIncoming,
    PublishIncoming,
    ForwardIncoming,
    ForwardSource,
    /// Where acknowledged messages were removed from, and those forwarded to another device.
    UnlinkSource,
    RejectSidecar,
    RejectErrors,
    RejectSource,
    /// As the three before, for messages the queue itself rejects.
    BanishSidecar,
    BanishErrors,
    BanishSource,
    ReleaseIncoming,
    ReleaseSource,
    DeferTarget,
    DeferSource,
    /// Deferred messages whose time has come.
    DueIncoming,
    DueSource,
    /// Messages of dead owners.
    RecoverIncoming,
    RecoverSource,
    /// New counts of dead owners.
    AttemptsDirectory,
    /// Counts of dead owners that begin anew.
    AttemptsRemoved,
    /// Messages an operator moves.
    RelocateTarget,
    /// Messages an operator moves or removes.
    RelocateSource,
    /// Sidecars of messages that left `errors`.
    SidecarsRemoved,
    /// What a repair removes.
    RepairRemoved,
    /// Files of `deferred` itself that a repair brings back.
    RequeueIncoming,
    RequeueSource,
    /// A sidecar that a repair adds.
    RepairSidecar,
    /// A directory whose sync has failed before.
    Repeated,
}
