//! Runs the real program in a scratch directory.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A scratch tree, removed in the end.
pub(crate) struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Started by root, the database runs as another user, who must pass here.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// `mentat demo` in this tree.
    pub(crate) fn demo(&self) -> Command {
        let mut command = mentat();
        command.arg("demo").arg("--dir").arg(self.path()).arg("--json");
        command
    }

    /// Any other command on this tree.
    pub(crate) fn tool(&self) -> Command {
        let mut command = mentat();
        command.arg("--root").arg(self.path());
        command
    }
}

pub(crate) fn mentat() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mentat"));
    command.stdin(Stdio::null());
    command.env_remove("APP_ROOT_PATH");
    command
}

/// The output of a command that must end with this code.
pub(crate) fn ends(command: &mut Command, code: i32) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{stderr}");
    output
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The JSON object that a command prints.
pub(crate) fn json(command: &mut Command) -> serde_json::Value {
    serde_json::from_str(&stdout(&ends(command, 0))).unwrap()
}

/// One figure of a demo.
pub(crate) fn figure(figures: &serde_json::Value, name: &str) -> u64 {
    figures[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no figure '{name}' in {figures}"))
}

/// Processes, by id, whose command line begins with a program of this name and names this directory.
pub(crate) fn processes(name: &str, dir: &Path) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while we look.
        let Ok(line) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let program = words
            .first()
            .map(|word| Path::new(OsStr::new(std::str::from_utf8(word).unwrap_or_default())));
        let here = dir.to_str().unwrap().as_bytes();
        if program.and_then(Path::file_name) == Some(OsStr::new(name))
            && words.iter().any(|word| word.starts_with(here))
        {
            found.push(pid);
        }
    }
    found
}

/// Sends a signal by name.
pub(crate) fn signal(name: &str, pid: u32) {
    // The process may have ended meanwhile: then there is nothing to signal.
    let _ = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
}
