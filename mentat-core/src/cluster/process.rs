//! Which processes are the server of a data directory.
//!
//! A number in a pid file proves nothing: after a crash it may belong to anyone, and `pg_ctl stop` then signals that
//! innocent process. A process counts as ours only if it is a `postgres` whose working directory is the data
//! directory, and it is signalled under the server's account, so that nobody else's process can be hit.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::{Error, Kind};

/// A live process. The start time makes it distinct from a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    started: u64,
}

impl Process {
    /// The live process with this number; a zombie is not alive.
    pub(super) fn look(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command name before it is in parentheses and may contain anything, these included.
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        let started = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, started })
    }

    pub(super) fn alive(&self) -> bool {
        Self::look(self.pid) == Some(*self)
    }

    /// Whether this is a server process that works in `data`.
    ///
    /// Fails when that cannot be found out: "no" would mean a start beside a live server, "yes" a signal to another.
    pub(super) fn serves(&self, data: &Path, account: &Account) -> Result<bool, Error> {
        let named = |name: &str| matches!(name.trim_end(), "postgres" | "postmaster");
        if !fs::read_to_string(format!("/proc/{}/comm", self.pid)).is_ok_and(|name| named(&name)) {
            return Ok(false);
        }
        let cwd = format!("/proc/{}/cwd", self.pid);
        let data_dir = fs::metadata(data).map_err(|cause| Error::io("look at", data, cause))?;
        match fs::metadata(&cwd) {
            Ok(cwd) => Ok((cwd.dev(), cwd.ino()) == (data_dir.dev(), data_dir.ino())),
            Err(cause) if cause.kind() != io::ErrorKind::PermissionDenied => Ok(false),
            Err(_) if self.user() != Some(account.uid) => Ok(false),
            // In many containers root lacks the capability to look at other users' processes; the user itself may.
            Err(cause) => {
                let same = r#"[ -e "$1" ] || exit 3; [ "$1" -ef "$2" ]"#;
                let asked = account
                    .switches()
                    .then(|| account.shell(same).arg(&cwd).arg(data).status());
                match asked {
                    Some(Ok(status)) if status.success() => Ok(true),
                    Some(Ok(status)) if status.code() == Some(1) => Ok(false),
                    _ if !self.alive() => Ok(false),
                    _ => {
                        let message = format!(
                            "cannot tell whether process {} is the server of {}",
                            self.pid,
                            data.display()
                        );
                        let hint = format!("it has the user but not the group of {}; try as root", account.name);
                        Err(Error::new(Kind::NotPermitted, message).because(cause).with_hint(hint))
                    }
                }
            }
        }
    }

    /// The effective user id of the process.
    fn user(&self) -> Option<u32> {
        super::account::user_of(&fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?)
    }
}

/// All live server processes that work in `data`: the postmaster and what it started.
pub(super) fn serving(data: &Path, account: &Account) -> Result<Vec<Process>, Error> {
    let mut found = Vec::new();
    let proc = Path::new("/proc");
    for entry in fs::read_dir(proc).map_err(|cause| Error::io("read", proc, cause))? {
        let pid = entry.ok().and_then(|entry| entry.file_name().to_str()?.parse().ok());
        if let Some(process) = pid.and_then(Process::look)
            && process.serves(data, account)?
        {
            found.push(process);
        }
    }
    Ok(found)
}

/// Sends a signal, under the server's account.
///
/// Through the shell's own `kill`: std cannot, and the program of that name is missing in small installations.
pub(super) fn signal(process: Process, name: &str, account: &Account) -> Result<(), Error> {
    let output = account
        .shell(r#"kill -s "$1" "$2""#)
        .arg(name)
        .arg(process.pid.to_string())
        .output();
    match output {
        Ok(output) if output.status.success() || !process.alive() => Ok(()),
        Ok(output) => Err(Error::new(
            Kind::Server,
            format!(
                "cannot signal process {}: {}",
                process.pid,
                String::from_utf8_lossy(&output.stderr).trim_end()
            ),
        )),
        Err(cause) => Err(Error::new(Kind::Io, "cannot run a shell").because(cause)),
    }
}

/// What a server writes about itself into `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) socket_dir: Option<PathBuf>,
    pub(super) ready: bool,
}

impl PidFile {
    pub(super) fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }

    /// `None` if there is no file, or none that says anything yet: it is written in steps.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, Error> {
        let path = Self::path(data);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(cause) => Err(Error::io("read", &path, cause)),
        }
    }

    /// Lines: pid, data directory, start time, port, socket directory, listen address, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        // A server in single-user mode writes its number negated.
        let pid = u32::try_from(lines.next()?.trim().parse::<i64>().ok()?.unsigned_abs()).ok()?;
        let port = lines
            .nth(2)
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or(super::PORT);
        let socket_dir = lines.next().filter(|line| line.starts_with('/')).map(PathBuf::from);
        let ready = lines.nth(2).is_some_and(|line| line.trim_end() == "ready");
        Some(Self {
            pid,
            port,
            socket_dir,
            ready,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_files_are_read_in_every_stage() {
        let full = "123\n/d\n1700000000\n5432\n/run/x\n\n  1234567  98304\nready   \n";
        let socket_dir = Some(PathBuf::from("/run/x"));
        let expected = PidFile {
            pid: 123,
            port: 5432,
            socket_dir,
            ready: true,
        };
        assert_eq!(PidFile::parse(full).unwrap(), expected);
        let starting = PidFile::parse(&full.replace("ready", "starting")).unwrap();
        assert!(!starting.ready);
        let first = PidFile::parse("-7\n").unwrap();
        assert_eq!((first.pid, first.socket_dir, first.ready), (7, None, false));
        assert!(PidFile::parse("").is_none());
        assert!(PidFile::parse("not a number\n").is_none());
    }

    #[test]
    fn a_process_is_told_from_a_zombie_and_from_its_successor() {
        let me = Process::look(std::process::id()).unwrap();
        assert!(me.alive());
        assert!(
            !Process {
                started: me.started + 1,
                ..me
            }
            .alive()
        );
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while Process::look(child.id()).is_some() {
            assert!(std::time::Instant::now() < deadline, "a zombie counts as alive");
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }
}
