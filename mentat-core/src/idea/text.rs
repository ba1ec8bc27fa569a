//! The text of a message before it is read: its nesting, its surrogates, and how it is quoted.

use super::problem::Invalid;
use std::borrow::Cow;

/// Deeper nesting is refused: reading recurses once per level.
pub(crate) const MAX_DEPTH: usize = 128;

/// Replaces escapes of lone surrogates: producers that pass raw bytes through send them, the JSON reader refuses them.
pub(crate) fn pair_surrogates(text: &str) -> Cow<'_, str> {
    const LOW: std::ops::Range<u16> = 0xdc00..0xe000;
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16)
            .ok()
            .filter(|unit| (0xd800..0xe000).contains(unit))
    };
    let mut paired = String::new();
    let (mut at, mut copied) = (0, 0);
    // Outside of strings there is no backslash in JSON, so each one found begins an escape.
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match (unit(at), unit(at + 6)) {
            (None, _) => {
                let escaped = text.get(at + 1..).and_then(|rest| rest.chars().next());
                at += 1 + escaped.map_or(0, char::len_utf8);
            }
            (Some(high), Some(low)) if !LOW.contains(&high) && LOW.contains(&low) => at += 12,
            (Some(_), _) => {
                paired.push_str(text.get(copied..at).unwrap_or_default());
                paired.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    paired.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(paired)
}

/// Whether a value fits below `above` levels of lists and objects.
pub(crate) fn fits_below(above: usize, text: &str) -> Result<(), Invalid> {
    match MAX_DEPTH.checked_sub(above) {
        Some(left) => check_depth(text, left),
        None => Err(too_deep()),
    }
}

fn too_deep() -> Invalid {
    Invalid::whole("too_deep", "lists and objects are nested too deep")
}

pub(crate) fn check_depth(text: &str, most: usize) -> Result<(), Invalid> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > most {
                    return Err(too_deep());
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// The value's text for a message: never long, never with control characters.
pub(crate) fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
