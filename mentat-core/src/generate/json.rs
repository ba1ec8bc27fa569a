//! JSON written straight into a string.

use std::fmt::{Display, Write};

/// A document being written, without blanks.
///
/// Commas come by themselves: a value or key needs one unless an opening bracket, a colon or nothing precedes it.
#[derive(Debug)]
pub(super) struct Json {
    out: String,
}

impl Json {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            out: String::with_capacity(bytes),
        }
    }

    /// The document.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.text(name);
        self.out.push(':');
        self
    }

    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push('{');
        fill(self);
        self.out.push('}');
    }

    pub(super) fn list(&mut self, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push('[');
        fill(self);
        self.out.push(']');
    }

    /// A list of one object, the usual `Source`.
    pub(super) fn only(&mut self, fill: impl FnOnce(&mut Self)) {
        self.list(|json| json.object(fill));
    }

    pub(super) fn texts<T: AsRef<str>>(&mut self, items: impl IntoIterator<Item = T>) {
        self.list(|json| {
            for item in items {
                json.text(item.as_ref());
            }
        });
    }

    pub(super) fn numbers(&mut self, items: impl IntoIterator<Item = u64>) {
        self.list(|json| {
            for item in items {
                json.number(item);
            }
        });
    }

    pub(super) fn number(&mut self, value: u64) {
        self.plain(value);
    }

    /// `value` / 100.
    pub(super) fn hundredths(&mut self, value: u64) {
        self.plain(format_args!("{}.{:02}", value / 100, value % 100));
    }

    /// A number or literal as it is to stand there.
    pub(super) fn verbatim(&mut self, value: &str) {
        self.plain(value);
    }

    pub(super) fn boolean(&mut self, value: bool) {
        self.plain(value);
    }

    fn plain(&mut self, value: impl Display) {
        self.separate();
        // Writing into a string does not fail.
        let _ = write!(self.out, "{value}");
    }

    /// Escapes what RFC 8259 §7 demands and nothing else.
    pub(super) fn text(&mut self, value: &str) {
        self.separate();
        self.out.push('"');
        for c in value.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\0'..='\x1f' => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                }
                _ => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_written_and_escaped() {
        let mut json = Json::with_capacity(0);
        let odd = "a\"b\\c\nd\re\tf\u{1}g\u{7f}ž\u{1f600}{[:";
        json.object(|json| {
            json.key("a").texts([odd, ""]);
            json.key("b{").numbers([1, u64::MAX]);
            json.key("c").only(|json| json.key("d").boolean(true));
            json.key("e").hundredths(105);
            json.key("f").list(|_| ());
        });
        let text = json.take();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "a": [odd, ""], "b{": [1, u64::MAX], "c": [{"d": true}], "e": 1.05, "f": [],
        });
        assert_eq!(value, expected, "{text}");
    }
}
