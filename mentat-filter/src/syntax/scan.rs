//! A look at a text that knows only quotes, comments and brackets.

/// What is neither in quotes nor in a comment: single bytes, and quoted texts as a whole.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
}

/// A byte, or a quoted text that begins with it.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) byte: u8,
    /// Whether it is a quote that no other one ends.
    pub(super) unclosed: bool,
}

impl<'t> Scan<'t> {
    /// Begins at a byte that is in neither quotes nor a comment.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }
}

impl Iterator for Scan<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            let at = self.at;
            let (byte, rest) = self.text.as_bytes().get(at..)?.split_first()?;
            let find = |wanted: u8| rest.iter().position(|byte| *byte == wanted);
            let mut unclosed = false;
            let length = match byte {
                b'#' => {
                    self.at += find(b'\n').map_or(rest.len() + 1, |length| length + 2);
                    continue;
                }
                b'"' | b'\'' => {
                    let closing = find(*byte);
                    unclosed = closing.is_none();
                    closing.map_or(rest.len() + 1, |length| length + 2)
                }
                // Smart quotes are none of the language, but what they hold was meant to be a text.
                0xE2 => self.text.get(at..).and_then(smart).unwrap_or(1),
                _ => 1,
            };
            self.at += length;
            return Some(Piece {
                at,
                end: self.at,
                byte: *byte,
                unclosed,
            });
        }
    }
}

/// The length of a text in smart quotes.
fn smart(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix(['\u{201C}', '\u{201E}', '\u{2018}', '\u{201A}'])?;
    let end = inner
        .find(['\u{201D}', '\u{2019}'])
        .or_else(|| inner.find(['\u{201C}', '\u{2018}']))?;
    Some(rest.len() - inner.len() + end + '\u{201D}'.len_utf8())
}

/// The brackets that are open at the end of a text which is right so far.
pub(super) fn open_brackets(text: &str) -> Vec<(usize, u8)> {
    let mut open = Vec::new();
    for piece in Scan::new(text, 0) {
        match piece.byte {
            b'(' | b'[' => open.push((piece.at, piece.byte)),
            b')' | b']' => drop(open.pop()),
            _ => {}
        }
    }
    open
}

/// Where the last thing of a text ends that is neither blank nor comment.
pub(super) fn end(text: &str) -> usize {
    Scan::new(text, 0)
        .filter(|piece| !piece.byte.is_ascii_whitespace())
        .last()
        .map_or(0, |piece| piece.end)
}
