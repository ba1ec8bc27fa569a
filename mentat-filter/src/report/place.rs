//! Where a byte offset lies in a text, whatever the offset.

/// The start of the character that an offset points into, or the end of the text.
pub(crate) fn floor_boundary(text: &str, offset: u32) -> usize {
    let mut at = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line and column, both from 1 and counted in characters, of a byte offset.
pub(crate) fn position(source: &str, offset: u32) -> (usize, usize) {
    let before = source.get(..floor_boundary(source, offset)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
