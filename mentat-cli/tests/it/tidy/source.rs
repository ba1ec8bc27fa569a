//! The files of the workspace, and Rust source reduced to what the compiler makes a program of.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The top of the workspace.
pub(super) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package lies in the workspace").to_owned()
}

/// One text file.
pub(super) struct Text {
    /// Relative to the top of the workspace, with `/` between the parts.
    pub(super) path: String,
    pub(super) text: String,
}

/// One Rust file.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    /// The text without comments and without what literals contain. Bytes keep their places.
    pub(super) code: String,
    /// The same without items that only tests have; empty for files that only tests have.
    pub(super) shipped: String,
}

/// Every text file that is or could be under version control.
pub(super) fn texts() -> Vec<Text> {
    let root = root();
    let ignored: HashSet<String> = read(&root.join(".gitignore"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix('/').map(|path| path.trim_end_matches('/').to_owned()))
        .collect();
    let mut found = Vec::new();
    walk(&root, "", &ignored, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 20, "only {} files below {}", found.len(), root.display());
    found
}

/// Every Rust file.
pub(super) fn sources() -> Vec<Source> {
    let texts: Vec<Text> = texts().into_iter().filter(|file| file.path.ends_with(".rs")).collect();
    let mut test_only = HashSet::new();
    let mut sources = Vec::new();
    for Text { path, text } in texts {
        let code = scrub(&text);
        let (shipped, modules) = without_tests(&code);
        for module in modules {
            test_only.insert(module_file(&path, &module));
        }
        sources.push(Source {
            path,
            text,
            code,
            shipped,
        });
    }
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs");
        let by_name = stem.split('/').any(|part| ["tests", "benches"].contains(&part));
        let declared = test_only
            .iter()
            .any(|module| stem == module || stem.starts_with(&format!("{module}/")));
        if by_name || declared {
            source.shipped.clear();
        }
    }
    sources
}

fn read(path: &Path) -> Option<String> {
    fs::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

fn walk(root: &Path, dir: &str, ignored: &HashSet<String>, found: &mut Vec<Text>) {
    let entries = fs::read_dir(root.join(dir)).expect("a directory of the workspace can be read");
    for entry in entries {
        let entry = entry.expect("a directory of the workspace can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if dir.is_empty() {
            name.clone()
        } else {
            format!("{dir}/{name}")
        };
        let kind = entry.file_type().expect("a file of the workspace has a type");
        if name == ".git" || ignored.contains(&path) {
            continue;
        }
        if kind.is_dir() {
            walk(root, &path, ignored, found);
        } else if kind.is_file() {
            // What is not UTF-8 is no text.
            found.extend(read(&entry.path()).map(|text| Text { path, text }));
        }
    }
}

/// The path, without `.rs`, of the module that a file declares.
fn module_file(declaring: &str, module: &str) -> String {
    let stem = declaring.trim_end_matches(".rs");
    let (parent, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    if ["lib", "main"].contains(&name) {
        format!("{parent}/{module}")
    } else {
        format!("{stem}/{module}")
    }
}

/// The number of the line that a byte is in, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where a needle stands as a whole: `exit` is not found in `exited`.
pub(super) fn find_whole(code: &str, needle: &str) -> Vec<usize> {
    let part_of_name = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = code.as_bytes();
    let starts_as_name = part_of_name(needle.as_bytes().first());
    let ends_as_name = part_of_name(needle.as_bytes().last());
    code.match_indices(needle)
        .map(|(at, _)| at)
        .filter(|at| {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at));
            let after = bytes.get(at + needle.len());
            !(starts_as_name && part_of_name(before) || ends_as_name && part_of_name(after))
        })
        .collect()
}

/// The end of what a bracket at `open` encloses, behind the closing bracket.
pub(super) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in &mut bytes[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Blanks comments and the contents of literals. Quotes stay.
fn scrub(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                let end = find(bytes, at, b"\n").unwrap_or(bytes.len());
                blank(&mut out, at..end);
                end
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                let end = block_comment(bytes, at);
                blank(&mut out, at..end);
                end
            }
            b'"' => {
                let end = string(bytes, at);
                blank(&mut out, at + 1..end - 1);
                end
            }
            b'r' if raw_string(bytes, at).is_some() => {
                let content = raw_string(bytes, at).unwrap_or(at..at);
                blank(&mut out, content.clone());
                // Behind the closing quote; hash signs that follow do no harm.
                content.end + 1
            }
            b'\'' => match character(text, at) {
                Some(end) => {
                    blank(&mut out, at + 1..end - 1);
                    end
                }
                None => at + 1,
            },
            _ => at + 1,
        };
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| from + at)
}

fn block_comment(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The end of a string that opens at `start`, behind its closing quote.
fn string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// What a raw string contains whose `r` is at `start`.
fn raw_string(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let before = start.checked_sub(1).map(|at| bytes[at]);
    if before.is_some_and(|byte| (byte.is_ascii_alphanumeric() || byte == b'_') && byte != b'b' && byte != b'c') {
        return None;
    }
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    let open = start + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    Some(open + 1..find(bytes, open + 1, &close).unwrap_or(bytes.len() - 1))
}

/// The end of a character literal at `start`; `None` if the quote begins a lifetime.
fn character(text: &str, start: usize) -> Option<usize> {
    let rest = &text[start + 1..];
    let first = rest.chars().next()?;
    if first == '\\' {
        // The character after the backslash may itself be a quote.
        return rest.get(2..)?.find('\'').map(|at| start + 1 + 2 + at + 1);
    }
    rest[first.len_utf8()..]
        .starts_with('\'')
        .then(|| start + 1 + first.len_utf8() + 1)
}

/// Blanks items that only tests have; also answers the names of files that only tests have.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let mut out = code.as_bytes().to_vec();
    let mut modules = Vec::new();
    for (start, _) in code.match_indices("#[cfg(") {
        let attribute = closing(code, start + 1);
        let condition = &code[start + "#[cfg(".len()..attribute];
        if !(condition.starts_with("test)") || condition.starts_with("all(test,")) {
            continue;
        }
        let mut at = attribute;
        let end = loop {
            match code.as_bytes().get(at) {
                None => break code.len(),
                Some(b';') => {
                    modules.extend(
                        code[attribute..at]
                            .rsplit_once("mod ")
                            .map(|(_, name)| name.trim().to_owned()),
                    );
                    break at + 1;
                }
                Some(b'{') => break closing(code, at),
                Some(b'(' | b'[') => at = closing(code, at),
                Some(_) => at += 1,
            }
        };
        blank(&mut out, start..end);
    }
    (String::from_utf8_lossy(&out).into_owned(), modules)
}

/// The scanner is itself worth a test: what it overlooks, no rule sees.
#[test]
fn comments_literals_and_test_items_are_no_code() {
    let text = r###"
        fn a<'a>(x: &'a str) { b("}println!(", '"', '\'', '\u{7f}'); } // println!(
        /* println!( /* nested */ println!( */ const R: &str = r#"" println!("#; r#type();
        #[cfg(test)]
        #[derive(Debug)]
        mod tests { fn t() { println!("{"); } }
        #[cfg(test)]
        mod model;
        fn shipped() { eprintln!("{}", b'"'); }
    "###;
    let code = scrub(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(find_whole(&code, "println!").len(), 1, "{code}");
    let (shipped, modules) = without_tests(&code);
    assert_eq!(find_whole(&shipped, "println!").len(), 0, "{shipped}");
    assert_eq!(find_whole(&shipped, "eprintln!").len(), 1, "{shipped}");
    assert!(shipped.contains("r#type();"), "{shipped}");
    assert_eq!(modules, ["model"]);
    assert_eq!(module_file("a/src/fs.rs", "model"), "a/src/fs/model");
    assert_eq!(module_file("a/src/lib.rs", "model"), "a/src/model");
}
