//! Types of other crates in public signatures, as far as names show them.
//!
//! The lint `unreachable_pub` sees to it that what says `pub` is public, so a look at those items is enough.

use super::source::{closing, find_whole, line};
use std::collections::BTreeMap;

/// Crates whose types may be named: serde for its traits, the others because everything is about their values.
pub(super) const ALLOWED: [&str; 3] = ["ipnet", "jiff", "serde"];

/// Single types that may be named besides.
const ALLOWED_TYPES: [&str; 1] = ["tokio_postgres::Client"];

/// Lines of a source in which a public item names a type of one of `crates`.
pub(super) fn foreign_types(code: &str, crates: &[String]) -> Vec<(usize, String)> {
    let imports = imports(code, crates);
    let mut found = Vec::new();
    let items = find_whole(code, "pub")
        .into_iter()
        .filter_map(|start| Some((start, item(code, start)?)));
    for (start, end) in items.chain(conversions(code)) {
        let text = &code[start..end];
        for (name, path) in &imports {
            if !find_whole(text, name).is_empty() {
                found.push((line(code, start), path.clone()));
            }
        }
        for path in paths(text) {
            if is_foreign(&path, crates) {
                found.push((line(code, start), path));
            }
        }
    }
    found
}

fn is_foreign(path: &str, crates: &[String]) -> bool {
    let first = path.trim_start_matches("::").split("::").next().unwrap_or_default();
    crates.iter().any(|name| name == first) && !ALLOWED_TYPES.contains(&path)
}

/// Where the public part of the item ends whose `pub` is at `start`; `None` if it is not public to other crates.
fn item(code: &str, start: usize) -> Option<usize> {
    let rest = code[start + "pub".len()..].trim_start();
    if rest.starts_with('(') {
        return None;
    }
    let keyword = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let until = |stops: &[u8]| {
        let mut at = start;
        while let Some(byte) = code.as_bytes().get(at) {
            match byte {
                byte if stops.contains(byte) => return at,
                b'(' | b'[' => at = closing(code, at),
                b')' | b'}' => return at,
                _ => at += 1,
            }
        }
        code.len()
    };
    Some(match keyword {
        // All of an enum or a trait is public.
        "enum" | "trait" => closing(code, until(b"{")),
        // Private fields are not; public ones are found by their own `pub`.
        "struct" | "union" => until(b"{;(<"),
        "fn" | "async" | "unsafe" | "type" | "use" => until(b"{;").max(start),
        "const" | "static" => until(b"{;="),
        "mod" | "extern" => return None,
        _ => until(b","),
    })
}

/// The heads of conversions; they are as public as the type that they make.
fn conversions(code: &str) -> impl Iterator<Item = (usize, usize)> {
    find_whole(code, "impl")
        .into_iter()
        .filter_map(|start| Some((start, start + code[start..].find('{')?)))
        .filter(|(start, end)| {
            ["From", "TryFrom"]
                .iter()
                .any(|name| !find_whole(&code[*start..*end], name).is_empty())
        })
}

/// Paths with at least two parts.
fn paths(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
        .filter(|path| path.contains("::"))
        .map(|path| path.trim_matches(':').to_owned())
        .collect()
}

/// The names that private `use` declarations bring in from foreign crates, each with its full path.
fn imports(code: &str, crates: &[String]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for start in find_whole(code, "use") {
        let Some(end) = code[start..].find(';').map(|at| start + at) else {
            continue;
        };
        let tree: String = code[start + "use".len()..end]
            .split('\n')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ");
        expand(String::new(), tree.trim(), &mut names);
    }
    names.retain(|name, path| name != "_" && is_foreign(path, crates));
    names
}

fn expand(prefix: String, tree: &str, names: &mut BTreeMap<String, String>) {
    if let Some(open) = tree.find('{') {
        let prefix = prefix + &tree[..open];
        let inside = &tree[open + 1..closing(tree, open) - 1];
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(prefix.clone(), inside[from..at].trim(), names);
                    from = at + 1;
                }
                _ => {}
            }
        }
        expand(prefix, inside[from..].trim(), names);
        return;
    }
    let (path, name) = match tree.split_once(" as ") {
        Some((path, name)) => (path.trim(), name.trim()),
        None => (tree, tree.rsplit("::").next().unwrap_or(tree)),
    };
    let path = prefix + path;
    if name == "self" {
        let path = path.trim_end_matches("::self").to_owned();
        let name = path.rsplit("::").next().unwrap_or(&path).to_owned();
        names.insert(name, path);
    } else if !name.is_empty() {
        names.insert(name.to_owned(), path);
    }
}

#[test]
fn foreign_types_are_seen_in_public_items_only() {
    let crates = ["bytes", "pest", "rustix", "serde_json", "sha2", "tokio_postgres"].map(str::to_owned);
    let check = |code: &str, expected: &[&str]| {
        let found: Vec<String> = foreign_types(code, &crates).into_iter().map(|(_, path)| path).collect();
        assert_eq!(found, expected, "{code}");
    };
    check(
        "use tokio_postgres::{Row, types::ToSql as S}; pub fn a(x: &dyn S) {}",
        &["tokio_postgres::types::ToSql"],
    );
    check(
        "use tokio_postgres::{Client, Row}; pub fn a(x: &Client) -> Result<(), Box<dyn Error>> { Row }",
        &[],
    );
    check(
        "pub(crate) fn a(x: pest::Span) {} fn b(x: bytes::Bytes) { pest::go() }",
        &[],
    );
    check("pub fn a() -> impl Future<Output = bytes::Bytes>;", &["bytes::Bytes"]);
    check(
        "pub struct A { a: bytes::Bytes, pub b: serde_json::Value }",
        &["serde_json::Value"],
    );
    check("use sha2::Sha256; pub struct A(Sha256);", &[]);
    check("use sha2::Sha256; pub struct A(pub Sha256);", &["sha2::Sha256"]);
    check("pub enum E { A { at: rustix::io::Errno } }", &["rustix::io::Errno"]);
    check(
        "pub use serde_json::Value;",
        &["serde_json::Value", "serde_json::Value"],
    );
    check(
        "use jiff::Timestamp; use serde::Serialize; pub fn a<T: Serialize>(x: Timestamp, y: ipnet::IpNet) {}",
        &[],
    );
}
