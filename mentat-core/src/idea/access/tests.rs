use super::{AttachmentRef, NodeRef, PartyRef};
use crate::idea::Event;
use crate::idea::key;
use crate::idea::schema::{Level, declared};
use std::fmt::Debug;

type Look = fn(&Event) -> String;

fn all(values: impl Iterator<Item: Debug>) -> String {
    format!("{:?}", values.collect::<Vec<_>>())
}

fn one(value: impl Debug) -> String {
    format!("{value:?}")
}

fn spans(values: impl Iterator<Item: ToString>) -> String {
    all(values.map(|span| span.to_string()))
}

/// Every row is a key of the level: what the event has for it, and what the accessor answers. There is a row for every
/// key of the definition.
fn check<const ROWS: usize>(level: Level, place: &str, rows: [(&str, &str, Look, &str); ROWS]) {
    for (name, json, look, expected) in rows {
        let event: Event = place
            .replace("{_}", &format!("{{\"{name}\": {json}}}"))
            .parse()
            .unwrap();
        assert_eq!(look(&event), expected, "{level:?} {name}");
        let nothing = look(&place.replace("{_}", "{}").parse().unwrap());
        assert!(
            ["None", "[]", "false"].contains(&nothing.as_str()),
            "{level:?} {name}: {nothing}"
        );
    }
    let named: Vec<&str> = rows.iter().map(|(name, ..)| *name).collect();
    for key in key::all().filter(|key| declared(level, key).is_some()) {
        // The block is no value of its own: its keys are read directly.
        assert!(
            named.contains(&key.as_str()) || key.as_str() == "_Mentat",
            "{level:?} {key:?} has no accessor"
        );
    }
}

const TIME: &str = "Some(2024-03-05T10:00:07Z)";

#[test]
fn every_key_of_the_event_has_an_accessor() {
    let time = r#""2024-03-05T10:00:07Z""#;
    check(
        Level::Root,
        "{_}",
        [
            ("Format", r#""IDEA0""#, |e| one(e.format()), r#"Some("IDEA0")"#),
            ("ID", r#""a""#, |e| one(e.id()), r#"Some("a")"#),
            ("AltNames", r#"["a"]"#, |e| all(e.alt_names()), r#"["a"]"#),
            ("CorrelID", r#"["a"]"#, |e| all(e.correl_ids()), r#"["a"]"#),
            ("AggrID", r#"["a"]"#, |e| all(e.aggr_ids()), r#"["a"]"#),
            ("PredID", r#"["a"]"#, |e| all(e.pred_ids()), r#"["a"]"#),
            ("RelID", r#"["a", "b"]"#, |e| all(e.rel_ids()), r#"["a", "b"]"#),
            ("CreateTime", time, |e| one(e.create_time()), TIME),
            ("DetectTime", time, |e| one(e.detect_time()), TIME),
            ("EventTime", time, |e| one(e.event_time()), TIME),
            ("CeaseTime", time, |e| one(e.cease_time()), TIME),
            ("WinStartTime", time, |e| one(e.win_start_time()), TIME),
            ("WinEndTime", time, |e| one(e.win_end_time()), TIME),
            ("ConnCount", "5", |e| one(e.conn_count()), "Some(5)"),
            ("FlowCount", "-5", |e| one(e.flow_count()), "Some(-5)"),
            ("PacketCount", "5", |e| one(e.packet_count()), "Some(5)"),
            ("ByteCount", "5", |e| one(e.byte_count()), "Some(5)"),
            ("Category", r#"["a", "b"]"#, |e| all(e.categories()), r#"["a", "b"]"#),
            ("Ref", r#"["urn:a"]"#, |e| all(e.refs()), r#"["urn:a"]"#),
            ("Confidence", "1", |e| one(e.confidence()), "Some(1.0)"),
            ("Description", r#""a""#, |e| one(e.description()), r#"Some("a")"#),
            ("Note", r#""a""#, |e| one(e.note()), r#"Some("a")"#),
            ("Source", "[{}, {}]", |e| all(e.sources().map(|_| 0)), "[0, 0]"),
            ("Target", "[{}, {}]", |e| all(e.targets().map(|_| 0)), "[0, 0]"),
            ("Attach", "[{}, {}]", |e| all(e.attachments().map(|_| 0)), "[0, 0]"),
            ("Node", "[{}, {}]", |e| all(e.nodes().map(|_| 0)), "[0, 0]"),
            ("ts", time, |e| one(e.ts()), TIME),
            ("ts_u", "5", |e| one(e.ts_u()), "Some(5)"),
        ],
    );
}

#[test]
fn every_key_of_a_party_has_an_accessor() {
    fn source(event: &Event) -> PartyRef<'_> {
        event.sources().next().unwrap()
    }
    check(
        Level::Party,
        r#"{"Source": [{_}]}"#,
        [
            ("Type", r#"["a"]"#, |e| all(source(e).types()), r#"["a"]"#),
            ("Hostname", r#"["a."]"#, |e| all(source(e).hostnames()), r#"["a."]"#),
            ("IP4", "[1]", |e| spans(source(e).ip4()), r#"["0.0.0.1"]"#),
            ("IP6", "[1]", |e| spans(source(e).ip6()), r#"["::1"]"#),
            (
                "MAC",
                r#"["00:11:22:33:44:55"]"#,
                |e| all(source(e).macs()),
                r#"["00:11:22:33:44:55"]"#,
            ),
            ("Port", "[22, -1, 65536]", |e| all(source(e).ports()), "[22]"),
            (
                "Proto",
                r#"["TCP", 6, 1e400, null]"#,
                |e| all(source(e).protocols()),
                r#"["TCP", "6", "1e400"]"#,
            ),
            ("URL", r#"["a"]"#, |e| all(source(e).urls()), r#"["a"]"#),
            ("Email", r#"["a"]"#, |e| all(source(e).emails()), r#"["a"]"#),
            (
                "AttachHand",
                r#"["a"]"#,
                |e| all(source(e).attachment_handles()),
                r#"["a"]"#,
            ),
            ("Note", r#""a""#, |e| one(source(e).note()), r#"Some("a")"#),
            ("Spoofed", "true", |e| one(source(e).spoofed()), "Some(true)"),
            ("Imprecise", "false", |e| one(source(e).imprecise()), "Some(false)"),
            ("Anonymised", "true", |e| one(source(e).anonymised()), "Some(true)"),
            ("ASN", "[64496]", |e| all(source(e).asns()), "[64496]"),
            ("Router", r#"["a"]"#, |e| all(source(e).routers()), r#"["a"]"#),
            (
                "Netname",
                r#"["ripe:a"]"#,
                |e| all(source(e).netnames()),
                r#"["ripe:a"]"#,
            ),
            ("Ref", r#"["urn:a"]"#, |e| all(source(e).refs()), r#"["urn:a"]"#),
        ],
    );
}

#[test]
fn every_key_of_an_attachment_has_an_accessor() {
    fn attachment(event: &Event) -> AttachmentRef<'_> {
        event.attachments().next().unwrap()
    }
    check(
        Level::Attach,
        r#"{"Attach": [{_}]}"#,
        [
            ("Handle", r#""a""#, |e| one(attachment(e).handle()), r#"Some("a")"#),
            ("FileName", r#"["a"]"#, |e| all(attachment(e).file_names()), r#"["a"]"#),
            ("Type", r#"["a"]"#, |e| all(attachment(e).types()), r#"["a"]"#),
            ("Hash", r#"["md5:a"]"#, |e| all(attachment(e).hashes()), r#"["md5:a"]"#),
            ("Size", "5", |e| one(attachment(e).size()), "Some(5)"),
            ("Ref", r#"["urn:a"]"#, |e| all(attachment(e).refs()), r#"["urn:a"]"#),
            ("Note", r#""a""#, |e| one(attachment(e).note()), r#"Some("a")"#),
            (
                "ContentType",
                r#""a/b""#,
                |e| one(attachment(e).content_type()),
                r#"Some("a/b")"#,
            ),
            (
                "ContentCharset",
                r#""a""#,
                |e| one(attachment(e).content_charset()),
                r#"Some("a")"#,
            ),
            (
                "ContentEncoding",
                r#""BASE64""#,
                |e| one(attachment(e).content_encoding()),
                r#"Some("base64")"#,
            ),
            (
                "Content",
                r#""YQ==""#,
                |e| one(attachment(e).content()),
                r#"Some("YQ==")"#,
            ),
            (
                "ContentID",
                r#"["a"]"#,
                |e| all(attachment(e).content_ids()),
                r#"["a"]"#,
            ),
            (
                "ExternalURI",
                r#"["urn:a"]"#,
                |e| all(attachment(e).external_uris()),
                r#"["urn:a"]"#,
            ),
        ],
    );
}

#[test]
fn every_key_of_a_node_has_an_accessor() {
    fn node(event: &Event) -> NodeRef<'_> {
        event.nodes().next().unwrap()
    }
    check(
        Level::Node,
        r#"{"Node": [{_}]}"#,
        [
            ("Name", r#""a.b""#, |e| one(node(e).name()), r#"Some("a.b")"#),
            ("Type", r#"["a"]"#, |e| all(node(e).types()), r#"["a"]"#),
            ("SW", r#"["a"]"#, |e| all(node(e).software()), r#"["a"]"#),
            (
                "AggrWin",
                "90",
                |e| one(node(e).aggr_win().map(|d| d.as_secs())),
                "Some(90)",
            ),
            ("Note", r#""a""#, |e| one(node(e).note()), r#"Some("a")"#),
        ],
    );
}

#[test]
fn every_key_of_the_daemons_block_has_an_accessor() {
    check(
        Level::Mentat,
        r#"{"_Mentat": {_}}"#,
        [
            (
                "StorageTime",
                r#""2024-03-05T10:00:07Z""#,
                |e| one(e.storage_time()),
                TIME,
            ),
            ("EventClass", r#""a""#, |e| one(e.class()), r#"Some("a")"#),
            ("EventSubclass", r#"["a"]"#, |e| all(e.subclasses()), r#"["a"]"#),
            ("EventSeverity", r#""a""#, |e| one(e.severity()), r#"Some("a")"#),
            ("TargetClass", r#""a""#, |e| one(e.target_class()), r#"Some("a")"#),
            ("TargetSubclass", r#"["a"]"#, |e| all(e.target_subclasses()), r#"["a"]"#),
            ("TargetSeverity", r#""a""#, |e| one(e.target_severity()), r#"Some("a")"#),
            (
                "ResolvedAbuses",
                r#"["b", "a"]"#,
                |e| all(e.source_groups()),
                r#"["b", "a"]"#,
            ),
            (
                "TargetAbuses",
                r#"["b", "a"]"#,
                |e| all(e.target_groups()),
                r#"["b", "a"]"#,
            ),
            ("SourceResolvedASN", "[64496]", |e| all(e.source_asns()), "[64496]"),
            (
                "SourceResolvedCountry",
                r#"["CZ"]"#,
                |e| all(e.source_countries()),
                r#"["CZ"]"#,
            ),
            (
                "InspectionErrors",
                r#"["a"]"#,
                |e| all(e.inspection_errors()),
                r#"["a"]"#,
            ),
            ("ShadowReporting", "true", |e| one(e.is_shadow()), "true"),
            ("ShadowReportingTarget", "true", |e| one(e.is_shadow_target()), "true"),
            ("EventTemplate", r#""a""#, |e| one(e.event_template()), r#"Some("a")"#),
            ("Impact", r#""a""#, |e| one(e.impact()), r#"Some("a")"#),
        ],
    );
}
