//! What Cargo knows about the packages of the workspace.

use super::source::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// One package of the workspace.
pub(super) struct Package {
    pub(super) name: String,
    /// Its directory, relative to the top of the workspace.
    pub(super) dir: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
pub(super) struct Dependency {
    pub(super) name: String,
    /// As sources write it.
    pub(super) crate_name: String,
    pub(super) for_tests: bool,
}

/// The packages of the workspace.
pub(super) fn packages() -> Vec<Package> {
    let text = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&text).expect("cargo metadata is JSON");
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let string = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let top = format!("{}/", root().display());
    list(&metadata, "packages")
        .iter()
        .map(|package| Package {
            name: string(package, "name"),
            dir: string(package, "manifest_path")
                .trim_start_matches(&top)
                .trim_end_matches("/Cargo.toml")
                .to_owned(),
            dependencies: list(package, "dependencies")
                .iter()
                .map(|dependency| Dependency {
                    name: string(dependency, "name"),
                    crate_name: match string(dependency, "rename") {
                        none if none.is_empty() => string(dependency, "name"),
                        renamed => renamed,
                    }
                    .replace('-', "_"),
                    for_tests: string(dependency, "kind") == "dev",
                })
                .collect(),
        })
        .collect()
}

/// The lines of `cargo tree`, one crate each, as a crate's dependents get it on Linux: `name version features`.
pub(super) fn tree(arguments: &[&str]) -> Vec<String> {
    let common = [
        "tree",
        "--target",
        "x86_64-unknown-linux-gnu",
        "--prefix",
        "none",
        "--format",
        "{p}\t{f}",
    ];
    let text = cargo(&[&common, arguments].concat());
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    assert!(!lines.is_empty(), "cargo tree {arguments:?} is empty");
    lines
}

/// The names of the crates in `cargo tree`, those of the workspace left out.
pub(super) fn foreign(arguments: &[&str]) -> BTreeSet<String> {
    let own: Vec<String> = packages().into_iter().map(|package| package.name).collect();
    tree(arguments)
        .iter()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !own.iter().any(|own| own == name))
        .map(str::to_owned)
        .collect()
}

fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        // What was needed to compile this test is all there; nothing is asked over the network.
        .args(["--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?} failed:\n{errors}");
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}
