//! The keys of the event itself.

use super::{AttachmentRef, NodeRef, PartyRef};
use crate::idea::event::Event;
use crate::idea::tree::Node;
use jiff::Timestamp;
use mentat_filter::IpSpan;

impl Event {
    /// The version of the format (`Format`), always `IDEA0`.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.root().text("Format")
    }

    /// The message ID (`ID`).
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.root().text("ID")
    }

    /// Other names of the event, such as ticket numbers (`AltNames`).
    pub fn alt_names(&self) -> impl Iterator<Item = &str> {
        self.root().texts("AltNames")
    }

    /// IDs of the messages that this one was made from by correlation (`CorrelID`).
    pub fn correl_ids(&self) -> impl Iterator<Item = &str> {
        self.root().texts("CorrelID")
    }

    /// IDs of the messages that this one aggregates (`AggrID`).
    pub fn aggr_ids(&self) -> impl Iterator<Item = &str> {
        self.root().texts("AggrID")
    }

    /// IDs of the messages that this one replaces (`PredID`).
    pub fn pred_ids(&self) -> impl Iterator<Item = &str> {
        self.root().texts("PredID")
    }

    /// IDs of messages that are related in another way (`RelID`).
    pub fn rel_ids(&self) -> impl Iterator<Item = &str> {
        self.root().texts("RelID")
    }

    /// When the message was made (`CreateTime`).
    #[must_use]
    pub fn create_time(&self) -> Option<Timestamp> {
        self.root().time("CreateTime")
    }

    /// When the event was detected (`DetectTime`).
    #[must_use]
    pub fn detect_time(&self) -> Option<Timestamp> {
        self.root().time("DetectTime")
    }

    /// When the event began (`EventTime`).
    #[must_use]
    pub fn event_time(&self) -> Option<Timestamp> {
        self.root().time("EventTime")
    }

    /// When the event ended (`CeaseTime`).
    #[must_use]
    pub fn cease_time(&self) -> Option<Timestamp> {
        self.root().time("CeaseTime")
    }

    /// When the window of aggregation began (`WinStartTime`).
    #[must_use]
    pub fn win_start_time(&self) -> Option<Timestamp> {
        self.root().time("WinStartTime")
    }

    /// When the window of aggregation ended (`WinEndTime`).
    #[must_use]
    pub fn win_end_time(&self) -> Option<Timestamp> {
        self.root().time("WinEndTime")
    }

    /// The number of single connections (`ConnCount`).
    #[must_use]
    pub fn conn_count(&self) -> Option<i64> {
        self.root().integer("ConnCount")
    }

    /// The number of flows, counted in one direction (`FlowCount`).
    #[must_use]
    pub fn flow_count(&self) -> Option<i64> {
        self.root().integer("FlowCount")
    }

    /// The number of packets (`PacketCount`).
    #[must_use]
    pub fn packet_count(&self) -> Option<i64> {
        self.root().integer("PacketCount")
    }

    /// The number of bytes (`ByteCount`).
    #[must_use]
    pub fn byte_count(&self) -> Option<i64> {
        self.root().integer("ByteCount")
    }

    /// The categories in the message's order (`Category`).
    pub fn categories(&self) -> impl Iterator<Item = &str> {
        self.root().texts("Category")
    }

    /// URIs of what is known about such events (`Ref`).
    pub fn refs(&self) -> impl Iterator<Item = &str> {
        self.root().texts("Ref")
    }

    /// How sure the detector is, from 0 to 1 (`Confidence`). A value beyond is kept where reading was not strict.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        match self.root().named("Confidence")? {
            Node::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The short description in free text (`Description`).
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.root().text("Description")
    }

    /// The longer note in free text (`Note`).
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.root().text("Note")
    }

    /// The sources (`Source`).
    ///
    /// ```
    /// let event: mentat_core::Event = r#"{"Source": [{"Port": [22]}, {"Hostname": ["a.example"]}]}"#.parse()?;
    /// let ports: Vec<u16> = event.sources().flat_map(|source| source.ports()).collect();
    /// assert_eq!(ports, [22]);
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    pub fn sources(&self) -> impl Iterator<Item = PartyRef<'_>> {
        self.members("Source").map(PartyRef)
    }

    /// The targets (`Target`).
    pub fn targets(&self) -> impl Iterator<Item = PartyRef<'_>> {
        self.members("Target").map(PartyRef)
    }

    /// The attachments (`Attach`).
    pub fn attachments(&self) -> impl Iterator<Item = AttachmentRef<'_>> {
        self.members("Attach").map(AttachmentRef)
    }

    /// The detectors and whatever else the event came through, last visited first (`Node`).
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.members("Node").map(NodeRef)
    }

    /// Mentat's own time stamp (`ts`).
    #[must_use]
    pub fn ts(&self) -> Option<Timestamp> {
        self.root().time("ts")
    }

    /// Mentat's own time stamp as a number (`ts_u`).
    #[must_use]
    pub fn ts_u(&self) -> Option<i64> {
        self.root().integer("ts_u")
    }

    /// Names of the detectors, last visited first; nodes without a name are left out.
    pub fn detectors(&self) -> impl Iterator<Item = &str> {
        self.nodes().filter_map(|node| node.name())
    }

    /// The detector that saw the event first: the last in the list, the first on the event's way.
    #[must_use]
    pub fn last_detector(&self) -> Option<&str> {
        self.detectors().last()
    }

    /// The addresses of all sources, IPv4 and IPv6, as they stand in the message.
    pub fn source_addresses(&self) -> impl Iterator<Item = IpSpan> {
        self.sources().flat_map(PartyRef::addresses)
    }

    /// The addresses of all targets, IPv4 and IPv6, as they stand in the message.
    pub fn target_addresses(&self) -> impl Iterator<Item = IpSpan> {
        self.targets().flat_map(PartyRef::addresses)
    }
}
