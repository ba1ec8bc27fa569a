//! Recorded behaviour: files of vectors, one JSON object per line, that our answers are compared with.
//!
//! The files are the crate's own or, when `MENTAT_VECTORS` names a folder, those of the same names there.

use serde_json::Value as Json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod idea;
pub(crate) mod rows;

/// The folder that takes the place of our own data.
fn elsewhere() -> Option<PathBuf> {
    std::env::var_os("MENTAT_VECTORS").map(PathBuf::from)
}

/// The text of a file of vectors; `None` when the folder does not have it.
pub(crate) fn read(name: &str) -> Option<String> {
    match elsewhere() {
        Some(folder) => read_in(&folder, name),
        None => Some(own(name)),
    }
}

/// The text of one of our own files.
pub(crate) fn own(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    read_in(&folder, name).unwrap_or_else(|| panic!("no {name} in {}", folder.display()))
}

/// The text of a file, plain or compressed.
fn read_in(folder: &Path, name: &str) -> Option<String> {
    let (path, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    let bytes = if path.exists() {
        fs::read(&path).unwrap()
    } else if packed.exists() {
        let output = Command::new("gzip").arg("-dc").arg(&packed).output().unwrap();
        assert!(output.status.success(), "gzip -dc {}", packed.display());
        output.stdout
    } else {
        return None;
    };
    Some(String::from_utf8(bytes).unwrap())
}

/// One line of a file. Members keep their text: numbers and escapes are part of what is compared.
pub(crate) struct Vector(BTreeMap<String, Box<RawValue>>);

impl Vector {
    fn parse(line: &str) -> Self {
        let members = serde_json::from_str(line)
            .or_else(|_| serde_json::from_str(&without_odd_numbers(line)))
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        Self(members)
    }

    /// The JSON text of a member.
    pub(crate) fn raw(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|raw| raw.get())
    }

    /// A member; null when it is not there, or nested deeper than our JSON reader goes.
    pub(crate) fn json(&self, key: &str) -> Json {
        let text = self.raw(key).map(pair_surrogates);
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// A member that is a string, empty when it is not there.
    pub(crate) fn text(&self, key: &str) -> String {
        self.json(key).as_str().unwrap_or_default().to_owned()
    }

    /// Its own ID or, where it has none, that of its message.
    pub(crate) fn id(&self) -> String {
        match self.text("id") {
            id if id.is_empty() => self.json("input")["ID"].as_str().unwrap_or_default().to_owned(),
            id => id,
        }
    }

    /// The rules by which we are to differ from what was recorded.
    pub(crate) fn diverge(&self) -> Vec<String> {
        let rules = self.json("diverge");
        let rules = rules.as_array().into_iter().flatten();
        rules.filter_map(Json::as_str).map(str::to_owned).collect()
    }

    pub(crate) fn carries(&self, rule: &str) -> bool {
        self.diverge().iter().any(|carried| carried == rule)
    }
}

pub(crate) fn parsed(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What no JSON number can be as null: the recording program writes it as Python does.
fn without_odd_numbers(line: &str) -> String {
    let mut out = String::new();
    let (mut in_string, mut rest) = (false, line);
    while let Some(next) = rest.chars().next() {
        let odd = ["NaN", "-Infinity", "Infinity"];
        if let Some(odd) = odd.iter().find(|odd| !in_string && rest.starts_with(**odd)) {
            out += "null";
            rest = &rest[odd.len()..];
            continue;
        }
        let length = match next {
            '\\' => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => next.len_utf8(),
        };
        in_string ^= next == '"';
        out += &rest[..length];
        rest = &rest[length..];
    }
    out
}

/// Halves of surrogate pairs as replacement characters (rule D13 of the event model): our JSON reader refuses them.
pub(crate) fn pair_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut at) = (String::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                out += "\\ufffd";
                at += 6;
                continue;
            }
            _ if rest.starts_with('\\') => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        out += &rest[..length];
        at += length;
    }
    out
}

/// The vectors that a deviation is about.
#[expect(dead_code, reason = "not every kind has its use yet")]
pub(crate) enum Of {
    /// One vector: it is not checked.
    Id(&'static str),
    /// Those whose member `op` is this: they are not checked.
    Op(&'static str),
    /// Those that name the rule in `diverge`: the check knows the right answer.
    Rule(&'static str),
    /// Those whose `name` begins so: the check knows the right answer.
    Name(&'static str),
    /// Those that look so: the check knows the right answer.
    Like(fn(&Vector) -> bool),
}

/// A decision to differ, and why.
pub(crate) struct Deviation(pub(crate) Of, pub(crate) &'static str);

impl Deviation {
    fn covers(&self, vector: &Vector) -> bool {
        match &self.0 {
            Of::Id(id) => vector.id() == *id,
            Of::Op(op) => vector.text("op") == *op,
            Of::Rule(rule) => vector.carries(rule),
            Of::Name(prefix) => vector.text("name").starts_with(prefix),
            Of::Like(looks) => looks(vector),
        }
    }

    /// Whether its vectors are left alone instead of being compared with an answer of our own.
    fn excuses(&self) -> bool {
        matches!(self.0, Of::Id(_) | Of::Op(_))
    }
}

/// How one file is checked.
pub(crate) struct Suite<'a> {
    pub(crate) file: &'static str,
    pub(crate) deviations: &'static [Deviation],
    /// The operation whose vectors are left out, for want of another file that they need.
    pub(crate) left_out: Option<&'static str>,
    /// Says what was expected and what was found instead.
    pub(crate) check: &'a dyn Fn(&Vector) -> Result<(), String>,
}

/// What came of a file.
pub(crate) struct Report {
    /// Failures that no deviation covers, and deviations that cover nothing.
    wrong: Vec<String>,
}

impl Suite<'_> {
    /// Checks every vector and prints what came of it; `None` when the file is not there.
    #[expect(clippy::print_stdout, reason = "the figures are for whoever runs the tests")]
    pub(crate) fn run(&self) -> Option<Report> {
        let text = read(self.file)?;
        // Not `lines`: only line feeds separate, and strings may hold other separators.
        let vectors: Vec<Vector> = text
            .split('\n')
            .filter(|line| !line.is_empty())
            .map(Vector::parse)
            .filter(|vector| self.left_out.is_none_or(|op| vector.text("op") != op))
            .collect();
        let (mut passed, mut listed, mut wrong) = (0, Vec::new(), Vec::new());
        for vector in &vectors {
            let excuse = self
                .deviations
                .iter()
                .find(|deviation| deviation.excuses() && deviation.covers(vector));
            match (excuse, (self.check)(vector)) {
                (None, Ok(())) => passed += 1,
                (None, Err(difference)) => wrong.push(format!("{}: {difference}", vector.id())),
                (Some(_), Ok(())) => wrong.push(format!("{}: a deviation that is none", vector.id())),
                (Some(Deviation(_, why)), Err(_)) => listed.push(format!("{}: listed: {why}", vector.id())),
            }
        }
        println!(
            "conformance {} passed {passed} failed {}",
            self.file,
            listed.len() + wrong.len()
        );
        for deviation in self.deviations.iter().filter(|deviation| !deviation.excuses()) {
            let count = vectors.iter().filter(|vector| deviation.covers(vector)).count();
            println!("  {count} with an answer of our own: {}", deviation.1);
        }
        for line in listed.iter().chain(&wrong) {
            println!("  {line}");
        }
        // Other vectors need not have all that ours have.
        if elsewhere().is_none() {
            for deviation in self.deviations {
                if !vectors.iter().any(|vector| deviation.covers(vector)) {
                    wrong.push(format!("a deviation without a vector: {}", deviation.1));
                }
            }
        }
        let wrong = wrong.iter().map(|line| format!("{} {line}", self.file)).collect();
        Some(Report { wrong })
    }
}

/// Runs all suites of a test, so that one failure does not hide another, then fails if any did or no file was there.
pub(crate) fn run_all(suites: &[Suite<'_>]) {
    let reports: Vec<Report> = suites.iter().filter_map(Suite::run).collect();
    assert!(!reports.is_empty(), "no file of vectors was read");
    let wrong: Vec<String> = reports.into_iter().flat_map(|report| report.wrong).collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether two values are the same as far as vectors can tell: fractions to twelve digits, IPv6 in either spelling.
pub(crate) fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(a), Json::Number(b)) => {
            let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else {
                return a == b;
            };
            let whole = a.is_i64() && b.is_i64() || a.is_u64() && b.is_u64();
            a == b || !whole && (x - y).abs() <= 1e-12 * x.abs().max(y.abs())
        }
        (Json::String(a), Json::String(b)) => a == b || idea::spans::reprint(a) == Some(b.clone()),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

/// [`same`] as the result of a check.
pub(crate) fn expect(expected: &Json, found: &Json) -> Result<(), String> {
    if same(expected, found) {
        Ok(())
    } else {
        Err(format!("expected {expected}, found {found}"))
    }
}

#[test]
fn halves_of_pairs_are_replaced() {
    for (text, expected) in [
        (r"a\ud800b", r"a\ufffdb"),
        (r"\udc00\ud83d\ude00\ud83d", r"\ufffd\ud83d\ude00\ufffd"),
        (r"\\ud800\u0041č", r"\\ud800\u0041č"),
    ] {
        assert_eq!(pair_surrogates(text), expected);
    }
}

#[test]
fn odd_numbers_are_null() {
    let line = r#"{"a\"NaN": [NaN, -Infinity], "Infinity": Infinity}"#;
    assert_eq!(
        without_odd_numbers(line),
        r#"{"a\"NaN": [null, null], "Infinity": null}"#
    );
}
