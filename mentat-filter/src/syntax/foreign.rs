//! What people write who know other languages.

const DIFFERS: &str = "write `a != b` for `a` differs from `b`";
const EQUALS: &str = "use `=`, or `==` to compare whole lists";
const MATCHES: &str = "use `matches` with a regular expression, or `contains` to look for a part of a text";

/// Advice on a word that other languages have as an operator. Some go on with a second word.
pub(super) fn word(word: &str, next: &str) -> Option<&'static str> {
    let (word, next) = (word.to_ascii_lowercase(), next.to_ascii_lowercase());
    Some(match (word.as_str(), next.as_str()) {
        ("is", "null" | "none" | "missing") => "write `not a??` to ask whether `a` is missing",
        ("is", "not") => DIFFERS,
        ("not", "in") => "write `not a in b`",
        ("not", "like" | "matches" | "contains") => "write `not` before the comparison: `not a contains b`",
        ("like" | "ilike" | "rlike" | "regexp" | "regex" | "glob" | "match" | "matches~", _) => MATCHES,
        ("icontains", _) => "write `lower(a) contains 'b'`",
        ("xor", _) => "write `(a and not b) or (not a and b)`",
        ("is" | "eq" | "equal" | "equals", _) => EQUALS,
        ("ne" | "neq" | "isnt", _) => DIFFERS,
        ("gt", _) => "use `>`",
        ("ge" | "gte", _) => "use `>=`",
        ("lt", _) => "use `<`",
        ("le" | "lte", _) => "use `<=`",
        ("mod", _) => "use `%`",
        ("div", _) => "use `/`",
        ("between", _) => "write `a in 1..10`",
        ("startswith" | "endswith", _) => "write it as a function: `startswith(a, 'b')`",
        ("has" | "includes" | "include", _) => "use `contains` for texts, `in` for anything else",
        _ => return None,
    })
}

/// Whether the second word belongs to the operator.
pub(super) fn takes_second(word: &str, next: &str) -> bool {
    let next = next.to_ascii_lowercase();
    (word.eq_ignore_ascii_case("is") && matches!(next.as_str(), "not" | "null" | "none" | "missing"))
        || (word.eq_ignore_ascii_case("not") && matches!(next.as_str(), "in" | "like" | "matches" | "contains"))
}

/// Advice on signs that other languages have as an operator.
pub(super) fn signs(signs: &str) -> Option<&'static str> {
    Some(match signs {
        "<>" | "><" | "!==" | "=!" | "=!=" | "/=" | "~=" | "^=" => DIFFERS,
        "===" | ":=" | "=:=" => EQUALS,
        "=~" | "~" | "~~" | "=~=" | "~*" => MATCHES,
        "!~" | "!~~" | "!~*" => "write `not a matches b`",
        "=>" => "use `>=`; nothing follows from anything here",
        "=<" => "use `<=`",
        "&" | "&&&" => "use `and` or `&&`",
        "|" | "|||" => "use `or` or `||`",
        "^" | "^^" => "write `(a and not b) or (not a and b)`",
        "**" => "there are no powers; write `a * a`",
        "++" => "use `.` to join texts or lists",
        "->" | "::" => "use `.` between the names of a path",
        "<=>" => "compare with `<`, `=` and `>`",
        "?" => "write `name??` to ask whether a variable exists; there is no `a ? b : c`",
        "?:" => "use `??` for a default",
        ":" => "write `name = 'text'`; there is no `:`",
        _ => return None,
    })
}

/// Words of the language that a misspelt one may have been meant to be.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    Some(
        match crate::report::closest(word, ["and", "or", "in", "contains", "matches"])? {
            "and" => "did you mean `and`?",
            "or" => "did you mean `or`?",
            "in" => "did you mean `in`?",
            "contains" => "did you mean `contains`?",
            _ => "did you mean `matches`?",
        },
    )
}

/// Advice on a character that has no place outside of quotes.
pub(super) fn character(character: char) -> Option<&'static str> {
    Some(match character {
        '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' | '`' | '´' => {
            "write texts in straight quotes: \"text\" or 'text'"
        }
        '−' | '–' | '—' | '‐' | '‑' => "write the minus of the keyboard: `-`",
        '≠' => "write `!=`",
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '∧' => "write `and`",
        '∨' => "write `or`",
        '¬' => "write `not`",
        '∈' => "write `in`",
        '×' => "write `*`",
        '÷' => "write `/`",
        '…' => "write a range with two dots: `1..5`",
        '\u{FEFF}' => "remove the byte order mark",
        '$' | '@' => "variables are written without a sign before them: `Source.IP4`",
        '{' | '}' => "lists are written in `[` and `]`, groups in `(` and `)`",
        ';' => "a filter is one expression; join conditions by `and` or `or`",
        '\\' => "there are no escapes; put a text with one kind of quote into the other kind",
        c if c.is_alphabetic() => {
            "names of variables have letters without accents, digits, `_` and `-`; texts need quotes"
        }
        c if c.is_numeric() => "write numbers with the digits 0 to 9",
        c if c.is_whitespace() || c.is_control() || crate::report::is_invisible(c) => {
            "replace it by a blank, or remove it"
        }
        _ => "remove it, or put the text into quotes",
    })
}
