//! The keys of `_Mentat`, the block that the daemons fill.

use crate::idea::event::Event;
use crate::idea::tree::Node;
use jiff::Timestamp;
use std::collections::BTreeSet;

impl Event {
    /// The abuse groups of the sources (`_Mentat.ResolvedAbuses`).
    pub fn source_groups(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("ResolvedAbuses")
    }

    /// The abuse groups of the targets (`_Mentat.TargetAbuses`).
    pub fn target_groups(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("TargetAbuses")
    }

    /// The abuse groups of sources and targets, each once.
    #[must_use]
    pub fn all_groups(&self) -> BTreeSet<&str> {
        self.source_groups().chain(self.target_groups()).collect()
    }

    /// When the event was stored (`_Mentat.StorageTime`).
    #[must_use]
    pub fn storage_time(&self) -> Option<Timestamp> {
        self.mentat_block()?.time("StorageTime")
    }

    /// The class for the source's side (`_Mentat.EventClass`).
    #[must_use]
    pub fn class(&self) -> Option<&str> {
        self.mentat_text("EventClass")
    }

    /// The subclasses for the source's side (`_Mentat.EventSubclass`).
    pub fn subclasses(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("EventSubclass")
    }

    /// Class and subclasses in one text, `class/sub, sub`; the class alone if there is no subclass.
    #[must_use]
    pub fn whole_class(&self) -> Option<String> {
        self.class().map(|class| whole(class, self.subclasses()))
    }

    /// The severity for the source's side (`_Mentat.EventSeverity`).
    #[must_use]
    pub fn severity(&self) -> Option<&str> {
        self.mentat_text("EventSeverity")
    }

    /// The class for the target's side (`_Mentat.TargetClass`).
    #[must_use]
    pub fn target_class(&self) -> Option<&str> {
        self.mentat_text("TargetClass")
    }

    /// The subclasses for the target's side (`_Mentat.TargetSubclass`).
    pub fn target_subclasses(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("TargetSubclass")
    }

    /// As [`whole_class`](Self::whole_class), for the target's side.
    #[must_use]
    pub fn whole_target_class(&self) -> Option<String> {
        self.target_class().map(|class| whole(class, self.target_subclasses()))
    }

    /// The severity for the target's side (`_Mentat.TargetSeverity`).
    #[must_use]
    pub fn target_severity(&self) -> Option<&str> {
        self.mentat_text("TargetSeverity")
    }

    /// What inspection found wrong (`_Mentat.InspectionErrors`).
    pub fn inspection_errors(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("InspectionErrors")
    }

    /// The countries of the sources, ISO codes (`_Mentat.SourceResolvedCountry`).
    pub fn source_countries(&self) -> impl Iterator<Item = &str> {
        self.mentat_texts("SourceResolvedCountry")
    }

    /// The autonomous systems of the sources (`_Mentat.SourceResolvedASN`).
    pub fn source_asns(&self) -> impl Iterator<Item = i64> {
        self.mentat_block()
            .into_iter()
            .flat_map(|block| block.integers("SourceResolvedASN"))
    }

    /// Whether the event is reported for the source's side only in the shadow, for trial (`_Mentat.ShadowReporting`).
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.mentat_flag("ShadowReporting")
    }

    /// As [`is_shadow`](Self::is_shadow), for the target's side (`_Mentat.ShadowReportingTarget`).
    #[must_use]
    pub fn is_shadow_target(&self) -> bool {
        self.mentat_flag("ShadowReportingTarget")
    }

    /// The template of the event, as older deployments have set it (`_Mentat.EventTemplate`).
    #[must_use]
    pub fn event_template(&self) -> Option<&str> {
        self.mentat_text("EventTemplate")
    }

    /// What the event leads to, as older deployments have set it (`_Mentat.Impact`).
    #[must_use]
    pub fn impact(&self) -> Option<&str> {
        self.mentat_text("Impact")
    }

    fn mentat_text(&self, key: &str) -> Option<&str> {
        self.mentat(key)?.as_str()
    }

    fn mentat_texts(&self, key: &str) -> impl Iterator<Item = &str> {
        self.mentat_block().into_iter().flat_map(|block| block.texts(key))
    }

    fn mentat_flag(&self, key: &str) -> bool {
        self.mentat(key) == Some(&Node::Bool(true))
    }
}

fn whole<'a>(class: &str, subclasses: impl Iterator<Item = &'a str>) -> String {
    let subclasses: Vec<&str> = subclasses.collect();
    if subclasses.is_empty() {
        class.to_owned()
    } else {
        format!("{class}/{}", subclasses.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_daemons_block_is_read_by_meaning() {
        let event: Event = r#"{"Node": [{"Name": "a.b"}, {}, {"Name": "c"}], "_Mentat": {
            "EventClass": "scan", "EventSubclass": ["tcp", "slow"], "EventSeverity": "low",
            "TargetClass": "victim", "TargetSubclass": [], "TargetSeverity": "high", "StorageTime": 5,
            "ResolvedAbuses": ["b@x", "a@x"], "TargetAbuses": ["c@x", "a@x"], "InspectionErrors": ["odd"],
            "SourceResolvedCountry": ["CZ"], "SourceResolvedASN": [64496],
            "ShadowReporting": true, "ShadowReportingTarget": false}}"#
            .parse()
            .unwrap();
        assert_eq!(event.last_detector(), Some("c"));
        assert_eq!(event.whole_class().as_deref(), Some("scan/tcp, slow"));
        assert_eq!(event.whole_target_class().as_deref(), Some("victim"));
        assert_eq!((event.severity(), event.target_severity()), (Some("low"), Some("high")));
        assert_eq!(event.storage_time(), Timestamp::from_second(5).ok());
        assert_eq!(event.target_groups().collect::<Vec<_>>(), ["c@x", "a@x"]);
        assert_eq!(
            event.all_groups().into_iter().collect::<Vec<_>>(),
            ["a@x", "b@x", "c@x"]
        );
        assert_eq!(event.inspection_errors().collect::<Vec<_>>(), ["odd"]);
        assert_eq!(event.source_countries().collect::<Vec<_>>(), ["CZ"]);
        assert_eq!(event.source_asns().collect::<Vec<_>>(), [64496]);
        assert!(event.is_shadow() && !event.is_shadow_target());

        let empty = Event::default();
        assert_eq!(
            (empty.last_detector(), empty.whole_class(), empty.storage_time()),
            (None, None, None)
        );
        assert!(empty.all_groups().is_empty() && !empty.is_shadow());
    }
}
