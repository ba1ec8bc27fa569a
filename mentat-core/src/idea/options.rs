//! How a message is read: how strictly, and how much of it.

/// How strictly a message is held to the IDEA definition.
///
/// | | `Lenient` | `RepairLists` | `Repair` | `Strict` |
/// |---|---|---|---|---|
/// | a single value where a list is due (`"Port": 22`) | refused | one-item list | one-item list | refused |
/// | an object where a list of objects is due | refused | refused | one-item list | refused |
/// | null where a text or a truth value is due | left out | left out | left out | refused |
/// | null where anything else is due | refused | refused | left out | refused |
/// | a number as text, a numeric text as number or time, an integer as address | converted | converted | converted | refused |
/// | half a surrogate pair | U+FFFD | U+FFFD | U+FFFD | refused |
/// | `Confidence` outside of 0 to 1 | kept, told | kept, told | kept, told | refused |
/// | `Port` outside of 0 to 65535, a URI that RFC 3986 does not allow | kept | kept | kept | refused |
/// | the same key twice | last one counts | last one counts | last one counts | refused |
/// | `Format`, `ID`, `DetectTime` or `Category` missing | kept | kept | kept | refused |
///
/// `Repair` also mends, with a warning each, what can only have meant one thing:
/// - blanks and line ends around identifiers, tags, names, times, durations, addresses and URIs;
/// - a number where an identifier, a handle or a tag is due: its text;
/// - the texts `true` and `false`, in any case, as truth values;
/// - an integer as a text with a fraction of zeros (`"22.0"`);
/// - times with a comma before the fraction, without seconds, with an offset without colon (`+0200`), with a blank
///   before the zone, or with `UTC` or `GMT` for the zone; a time *without* zone stays refused;
/// - MAC addresses with `-` between the bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Refuses what would be guesswork, converts what is clear. The default.
    #[default]
    Lenient,
    /// [`Lenient`](Self::Lenient), and a single value where a list is due becomes a list of one item.
    RepairLists,
    /// Mends everything that can only have meant one thing.
    Repair,
    /// Refuses whatever is not exactly as the definition says.
    Strict,
}

/// How much of a message is read. What goes beyond is refused before it costs memory or time.
///
/// ```
/// use mentat_core::idea::{Event, Limits, ReadOptions};
///
/// let mut options = ReadOptions::default();
/// options.limits.list_items = 2;
/// let invalid = Event::parse_with(br#"{"AltNames": ["a", "b", "c"]}"#, &options).unwrap_err();
/// assert_eq!(invalid.rule(), "too_many_items");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the whole message. 4 MiB unless told, as in the queue.
    pub bytes: usize,
    /// Levels of lists and objects inside each other, the event itself included. 128 unless told; more than that is
    /// never read, because reading recurses once per level.
    pub depth: usize,
    /// Items of any one list. 100,000 unless told.
    pub list_items: usize,
    /// Bytes of any one text after unescaping, keys included. 4 MiB unless told: attachments are long.
    pub string_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            depth: super::text::MAX_DEPTH,
            list_items: 100_000,
            string_bytes: 4 << 20,
        }
    }
}

/// How [`Event::parse_with`](super::Event::parse_with) reads a message. The default is what
/// [`Event::parse`](super::Event::parse) does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// How strictly the message is held to the definition.
    pub mode: Mode,
    /// How much is read.
    pub limits: Limits,
}

impl ReadOptions {
    /// The given mode with the default limits.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            limits: Limits::default(),
        }
    }
}
