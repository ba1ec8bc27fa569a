//! Mending of single values that can only have meant one thing, for [`Mode::Repair`](super::Mode::Repair).

use super::atom::from_text;
use super::schema::Atom;
use super::tree::Node;
use std::borrow::Cow;

/// What a refused value, given as its JSON text, must have meant: `None` if that is not certain, `Some(None)` for no
/// value at all.
pub(crate) fn mend(atom: Atom, json: &str) -> Option<Option<Node>> {
    if json == "null" {
        return Some(None);
    }
    // A number is its own text; a list or an object is no single value.
    let text: Cow<'_, str> = match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok()?.into(),
        b'-' | b'0'..=b'9' if atom.is_text() => json.into(),
        _ => return None,
    };
    let text = text.trim();
    let mended = match atom {
        Atom::Boolean => text.to_ascii_lowercase().parse().ok().map(Node::Bool),
        Atom::Integer | Atom::Port => {
            let whole = text.split_once('.').map_or(text, |(whole, fraction)| {
                let only_zeros = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
                if only_zeros { whole } else { text }
            });
            from_text(atom, whole, false)
        }
        Atom::Timestamp => from_text(atom, text, false).or_else(|| from_text(atom, &timestamp(text)?, false)),
        Atom::Mac => from_text(atom, &text.replace('-', ":"), false),
        _ => from_text(atom, text, false),
    }?;
    Some(Some(mended))
}

/// A time with everything in the place where the definition has it; `None` without a zone.
fn timestamp(text: &str) -> Option<String> {
    const MINUTES: usize = "2024-03-05T10:00".len();
    let (zoned, named) = ["UTC", "GMT"]
        .iter()
        .find_map(|name| text.strip_suffix(name))
        .map_or((text, false), |rest| (rest, true));
    let (local, zone) = if named {
        (zoned, "Z".to_owned())
    } else if let Some(local) = zoned.strip_suffix(['Z', 'z']) {
        (local, "Z".to_owned())
    } else {
        // The date has hyphens too, so signs count only after the minutes.
        let sign = MINUTES + zoned.get(MINUTES..)?.find(['+', '-'])?;
        let (local, offset) = zoned.split_at_checked(sign)?;
        let zone = match offset.len() {
            5 => format!("{}:{}", offset.get(..3)?, offset.get(3..)?),
            _ => offset.to_owned(),
        };
        (local, zone)
    };
    let local = local.trim_end().replacen(',', ".", 1);
    let seconds = if local.len() == MINUTES { ":00" } else { "" };
    Some(format!("{local}{seconds}{zone}"))
}
