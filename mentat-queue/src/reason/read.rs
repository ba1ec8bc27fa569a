//! Reading sidecars, also those of other programs: flat JSON objects, for which no JSON library is needed.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// The members of a flat object whose values are strings, numbers or words; `None` for any other text.
pub(crate) fn members(text: &str) -> Option<BTreeMap<String, String>> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
    };
    let mut members = BTreeMap::new();
    reader.sign('{')?;
    if reader.sign('}').is_none() {
        loop {
            let key = reader.string()?;
            reader.sign(':')?;
            members.insert(key, reader.value()?);
            if reader.sign(',').is_none() {
                break reader.sign('}')?;
            }
        }
    }
    reader.blanks();
    reader.rest.next().is_none().then_some(members)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        while self.rest.next_if(char::is_ascii_whitespace).is_some() {}
    }

    fn sign(&mut self, sign: char) -> Option<()> {
        self.blanks();
        self.rest.next_if_eq(&sign).map(drop)
    }

    fn value(&mut self) -> Option<String> {
        self.blanks();
        if self.rest.peek() == Some(&'"') {
            return self.string();
        }
        let mut word = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)) {
            word.push(c);
        }
        (!word.is_empty()).then_some(word)
    }

    fn string(&mut self) -> Option<String> {
        self.sign('"')?;
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.rest.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => return self.unicode(),
            c @ ('"' | '\\' | '/') => c,
            _ => return None,
        })
    }

    /// What follows `\u`: a character, or the first half of one whose second half must follow.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hexadecimal()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.rest.next_if_eq(&'\\')?;
        self.rest.next_if_eq(&'u')?;
        let second = self.hexadecimal()?.checked_sub(0xdc00).filter(|half| *half < 0x400)?;
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second)
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |sum, _| Some(sum * 16 + self.rest.next()?.to_digit(16)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_objects_only() {
        let check = |text: &str, expected: Option<&[(&str, &str)]>| {
            let found = members(text);
            let found: Option<Vec<(&str, &str)>> = found
                .as_ref()
                .map(|f| f.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("{}", Some(&[]));
        check(
            " { \"a\" : \"b\" , \"c\":-1.5e+3,\"d\":null}\n",
            Some(&[("a", "b"), ("c", "-1.5e+3"), ("d", "null")]),
        );
        check(r#"{"a": "\"\\\/\n\u017e\ud83d\ude00"}"#, Some(&[("a", "\"\\/\nž😀")]));
        for bad in [
            "",
            "{",
            "[]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":[1]}",
            "{\"a\":{}}",
            "{\"a\":1,}",
            "{\"a\":1}x",
            r#"{"a":"\ud83d"}"#,
            r#"{"a":"\ude00"}"#,
            r#"{"a":"\q"}"#,
            r#"{"a":"\u12"}"#,
            "{\"a\":\"",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let facts = super::super::Facts {
            time: std::time::UNIX_EPOCH,
            queue: "/q",
            name: "m \"1\"",
            attempts: 2,
            size: 7,
        };
        let reason = crate::Reason::new("bad-json", "back\\slash\nnul \u{0} ž");
        let members = members(&String::from_utf8(reason.sidecar(&facts)).unwrap()).unwrap();
        assert_eq!(members["error"], reason.text());
        assert_eq!((&*members["name"], &*members["attempts"]), ("m \"1\"", "2"));
    }
}
