//! Why a message was rejected, and the sidecar file that says so.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) mod read;

/// Why a message goes to `errors`: a stable code, a sentence, and what else a person wants to know.
///
/// ```
/// use mentat_queue::Reason;
///
/// let reason = Reason::new("bad-json", "line 3, column 7: expected `,`").with("component", "parser");
/// assert_eq!(reason.code(), "bad-json");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    code: String,
    text: String,
    fields: BTreeMap<String, String>,
}

impl Reason {
    /// A reason with a code that never changes between releases (`bad-json`) and a text for people.
    #[must_use]
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            text: text.into(),
            fields: BTreeMap::new(),
        }
    }

    /// Adds a field to the sidecar, such as daemon, version, component or rule.
    ///
    /// The names the sidecar uses itself (time, queue, name, code, error, attempts, size) cannot be replaced.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.insert(key.into(), value.into());
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The text for people.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sidecar: one flat JSON object, keys sorted, four blanks deep.
    pub(crate) fn sidecar(&self, facts: &Facts<'_>) -> Vec<u8> {
        let mut members: BTreeMap<&str, String> = self
            .fields
            .iter()
            .map(|(key, value)| (key.as_str(), quoted(value)))
            .collect();
        members.insert("time", quoted(&rfc3339(facts.time)));
        members.insert("queue", quoted(facts.queue));
        members.insert("name", quoted(facts.name));
        members.insert("code", quoted(&self.code));
        members.insert("error", quoted(&self.text));
        members.insert("attempts", facts.attempts.to_string());
        members.insert("size", facts.size.to_string());
        let lines: Vec<String> = members
            .iter()
            .map(|(key, value)| format!("    {}: {value}", quoted(key)))
            .collect();
        format!("{{\n{}\n}}\n", lines.join(",\n")).into_bytes()
    }
}

/// What the queue itself knows about a rejected message.
pub(crate) struct Facts<'a> {
    pub(crate) time: SystemTime,
    pub(crate) queue: &'a str,
    pub(crate) name: &'a str,
    pub(crate) attempts: u32,
    pub(crate) size: u64,
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Control characters all lie below U+00A0, so four digits are enough. A string cannot fail to grow.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A time as `2026-08-30T12:34:56Z`. Times before 1970 become 1970: no message is rejected then.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970_u64;
    while days >= year_length(year) {
        days -= year_length(year);
        year += 1;
    }
    let mut month = 1_u64;
    while days >= month_length(year, month) {
        days -= month_length(year, month);
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        days + 1
    )
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn year_length(year: u64) -> u64 {
    365 + u64::from(is_leap(year))
}

fn month_length(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times() {
        let check = |seconds: u64, expected: &str| {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        };
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(951_868_800, "2000-03-01T00:00:00Z");
        check(1_735_689_599, "2024-12-31T23:59:59Z");
        check(1_795_401_689, "2026-11-23T02:41:29Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }

    #[test]
    fn sidecar_is_flat_sorted_json() {
        let facts = Facts {
            time: UNIX_EPOCH,
            queue: "/q",
            name: "m \"1\"",
            attempts: 2,
            size: 7,
        };
        let reason = Reason::new("bad-json", "back\\slash\nnul \u{0} ž")
            .with("rule", "r\t1")
            .with("name", "forged");
        let text = String::from_utf8(reason.sidecar(&facts)).unwrap();
        let expected = r#"{
    "attempts": 2,
    "code": "bad-json",
    "error": "back\\slash\nnul \u0000 ž",
    "name": "m \"1\"",
    "queue": "/q",
    "rule": "r\t1",
    "size": 7,
    "time": "1970-01-01T00:00:00Z"
}
"#;
        assert_eq!(text, expected);
    }
}
