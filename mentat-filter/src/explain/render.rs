//! An explanation as text and as JSON.

use std::fmt::{self, Display, Write};

use super::{Explanation, Item, Outcome};
use crate::report::json_text;

/// How many characters of a part or value are shown.
const SHOWN: usize = 160;

/// Takes so many characters and refuses the rest, so that what is long is not even printed.
struct Cut {
    text: String,
    room: usize,
}

impl Write for Cut {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for character in more.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}

/// The beginning of a text.
pub(super) fn cut(what: &impl Display) -> String {
    let mut out = Cut {
        text: String::new(),
        room: SHOWN,
    };
    if write!(out, "{what}").is_err() {
        out.text.push_str("...");
    }
    out.text
}

impl Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parts still to be printed, with their depth; the tree may be deep.
        let mut waiting = vec![(0, self)];
        while let Some((depth, part)) = waiting.pop() {
            write!(f, "{:1$}", "", 2 * depth)?;
            if let Some(place) = part.element {
                write!(f, "element {place}: ")?;
            }
            write!(f, "{} => ", part.text.replace('\n', " "))?;
            match &part.outcome {
                Outcome::Value(value) => f.write_str(&cut(value))?,
                Outcome::Error(error) => write!(f, "error: {}", error.kind())?,
                Outcome::Skipped => f.write_str("not looked at")?,
            }
            for (item, side) in [(&part.left, "left"), (&part.right, "right")] {
                if let Some(Item { place, value }) = item {
                    write!(f, ", by item {place} on the {side}: {}", cut(value))?;
                }
            }
            writeln!(f)?;
            waiting.extend(
                part.parts
                    .iter()
                    .rev()
                    .filter(|part| !part.constant)
                    .map(|part| (depth + 1, part)),
            );
        }
        Ok(())
    }
}

impl Explanation {
    /// One JSON object: `text`, `start` and `end` in bytes, `outcome` (`value`, `error` or `skipped`), `type` and
    /// `value` or `error` as texts, `left` and `right` with `place` and `value`, `element`, `parts`. What does not
    /// apply is left out; texts are cut after 160 characters.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        out.push_str("{\"text\":");
        json_text(out, &self.text);
        let _ = write!(
            out,
            ",\"start\":{},\"end\":{},\"outcome\":",
            self.span.start, self.span.end
        );
        match &self.outcome {
            Outcome::Value(value) => {
                let _ = write!(out, "\"value\",\"type\":\"{}\",\"value\":", value.view().kind());
                json_text(out, &cut(value));
            }
            Outcome::Error(error) => {
                let _ = write!(out, "\"error\",\"code\":\"{}\",\"error\":", error.code());
                json_text(out, &error.kind().to_string());
            }
            Outcome::Skipped => out.push_str("\"skipped\""),
        }
        for (item, side) in [(&self.left, "left"), (&self.right, "right")] {
            if let Some(Item { place, value }) = item {
                let _ = write!(out, ",\"{side}\":{{\"place\":{place},\"value\":");
                json_text(out, &cut(value));
                out.push('}');
            }
        }
        if let Some(place) = self.element {
            let _ = write!(out, ",\"element\":{place}");
        }
        out.push_str(",\"parts\":[");
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            part.write_json(out);
        }
        out.push_str("]}");
    }
}
