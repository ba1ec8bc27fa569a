//! Which key of which level holds what (the IDEA definition plus Mentat's own block).

use super::key::{self, Key};
use std::sync::LazyLock;

/// A kind of object inside a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Root,
    /// One `Source` or `Target`; both have the same definition.
    Party,
    Attach,
    Node,
    /// The `_Mentat` block, filled by the daemons.
    Mentat,
}

/// The type of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    Version,
    Id,
    Handle,
    Nsid,
    EventTag,
    Tag,
    Mac,
    Uri,
    Netname,
    Hash,
    MediaType,
    Charset,
    Encoding,
    Timestamp,
    Duration,
    Net4,
    Net6,
    Integer,
    Port,
    Float,
    Boolean,
    String,
    /// Kept as it came.
    Any,
}

impl Atom {
    /// Whether only a JSON string will do.
    pub(crate) fn is_text(self) -> bool {
        !matches!(
            self,
            Self::Timestamp
                | Self::Duration
                | Self::Net4
                | Self::Net6
                | Self::Integer
                | Self::Port
                | Self::Float
                | Self::Boolean
                | Self::Any
                | Self::Version
        )
    }
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    One(Atom),
    List(Atom),
    Object(Level),
    Objects(Level),
}

/// The declared type of `key` at `level`; `None` for a key that the definition does not know.
pub(crate) fn declared(level: Level, key: &Key) -> Option<Type> {
    static TABLES: LazyLock<[Table; 5]> = LazyLock::new(|| {
        let table = |level| key::all().map(|key| by_name(level, &key)).collect();
        [Level::Root, Level::Party, Level::Attach, Level::Node, Level::Mentat].map(table)
    });
    let table = TABLES.get(level as usize)?;
    *table.get(key.index()?)?
}

/// The types of all known keys at one level. Asked once per member, so not by comparing names.
type Table = Vec<Option<Type>>;

fn by_name(level: Level, key: &Key) -> Option<Type> {
    use Atom::{
        Any, Boolean, Charset, Duration, Encoding, EventTag, Float, Handle, Hash, Id, Integer, Mac, MediaType, Net4,
        Net6, Netname, Nsid, Port, String, Tag, Timestamp, Uri, Version,
    };
    use Type::{List, Object, Objects, One};
    Some(match (level, key.as_str()) {
        (Level::Root, name) => match name {
            "Format" => One(Version),
            "ID" => One(Id),
            "CorrelID" | "AggrID" | "PredID" | "RelID" => List(Id),
            "AltNames" => List(String),
            "CreateTime" | "DetectTime" | "EventTime" | "CeaseTime" | "WinStartTime" | "WinEndTime" | "ts" => {
                One(Timestamp)
            }
            "ConnCount" | "FlowCount" | "PacketCount" | "ByteCount" | "ts_u" => One(Integer),
            "Category" => List(EventTag),
            "Ref" => List(Uri),
            "Confidence" => One(Float),
            "Description" | "Note" => One(String),
            "Source" | "Target" => Objects(Level::Party),
            "Attach" => Objects(Level::Attach),
            "Node" => Objects(Level::Node),
            "_Mentat" => Object(Level::Mentat),
            _ => return None,
        },
        (Level::Party, name) => match name {
            "Type" => List(Tag),
            "Hostname" | "URL" | "Email" | "Router" => List(String),
            "IP4" => List(Net4),
            "IP6" => List(Net6),
            "MAC" => List(Mac),
            "Port" => List(Port),
            "ASN" => List(Integer),
            "Proto" => List(Any),
            "AttachHand" => List(Handle),
            "Note" => One(String),
            "Spoofed" | "Imprecise" | "Anonymised" => One(Boolean),
            "Netname" => List(Netname),
            "Ref" => List(Uri),
            _ => return None,
        },
        (Level::Attach, name) => match name {
            "Handle" => One(Handle),
            "FileName" | "ContentID" => List(String),
            "Type" => List(Tag),
            "Hash" => List(Hash),
            "Ref" | "ExternalURI" => List(Uri),
            "Size" => One(Integer),
            "Note" | "Content" => One(String),
            "ContentType" => One(MediaType),
            "ContentCharset" => One(Charset),
            "ContentEncoding" => One(Encoding),
            _ => return None,
        },
        (Level::Node, name) => match name {
            "Name" => One(Nsid),
            "Type" => List(Tag),
            "SW" => List(String),
            "AggrWin" => One(Duration),
            "Note" => One(String),
            _ => return None,
        },
        (Level::Mentat, name) => match name {
            "StorageTime" => One(Timestamp),
            "EventClass" | "EventSeverity" | "TargetClass" | "TargetSeverity" | "EventTemplate" | "Impact" => {
                One(String)
            }
            "ResolvedAbuses"
            | "TargetAbuses"
            | "SourceResolvedCountry"
            | "InspectionErrors"
            | "EventSubclass"
            | "TargetSubclass" => List(String),
            "SourceResolvedASN" => List(Integer),
            "ShadowReporting" | "ShadowReportingTarget" => One(Boolean),
            _ => return None,
        },
    })
}
