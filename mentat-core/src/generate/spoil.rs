//! Messages that nobody should accept.

use super::random::Random;

/// The ways to spoil a message: what is replaced, at its first place, and by what. All keep the JSON intact.
const REPLACED: [(&str, &str); 8] = [
    ("\"DetectTime\":\"", "\"DetectTime\":\"yesterday "),
    // Keys are case-sensitive, so these are missing.
    ("\"DetectTime\":", "\"detecttime\":"),
    ("\"Category\":", "\"category\":"),
    ("\"Format\":\"IDEA0\"", "\"Format\":\"IDEA9\""),
    ("\"ID\":\"", "\"ID\":\"{not an id} "),
    ("\"Source\":[", "\"Source\":17,\"Sources\":["),
    ("\"Category\":[\"", "\"Category\":[\"bad category!\",\""),
    ("\"IP4\":[\"", "\"IP4\":[\"999.0.2.1\",\""),
];

pub(super) fn spoil(random: &mut Random, text: &str) -> String {
    match random.below(12) {
        0 => String::new(),
        1 => format!("[{text}]"),
        2 | 3 => halved(text),
        _ => {
            let (from, to) = *random.pick(&REPLACED);
            let spoilt = text.replacen(from, to, 1);
            // Some have no IPv4 address.
            if spoilt == text { halved(text) } else { spoilt }
        }
    }
}

fn halved(text: &str) -> String {
    let mut half = text.len() / 2;
    while !text.is_char_boundary(half) {
        half -= 1;
    }
    text.get(..half).unwrap_or_default().to_owned()
}
