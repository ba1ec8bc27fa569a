//! Which user the server runs as, and how to run a program as that user.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{Error, Kind};

/// Tried in this order when root starts the server, because PostgreSQL refuses to run as root.
const UNPRIVILEGED: [&str; 3] = ["mentat", "postgres", "nobody"];

/// What the shell needs to find `rm`, `sleep` and the like; the environment of our caller is not passed on.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The user a server runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether we are root and become this user, rather than being it.
    switch: bool,
}

impl Account {
    /// The account for a new data directory.
    pub(super) fn for_new() -> Result<Self, Error> {
        let me = effective_uid()?;
        if me != 0 {
            // initdb refuses a uid without an entry with a message ("user does not exist") that misleads.
            return lookup(&me.to_string())
                .map(|entry| entry.account(false))
                .ok_or_else(|| {
                    Error::new(
                        Kind::NotPermitted,
                        format!("user id {me} has no entry in the user database"),
                    )
                    .with_hint("PostgreSQL needs one: add a line for it to /etc/passwd, or run under a named user")
                });
        }
        UNPRIVILEGED
            .iter()
            .find_map(|name| lookup(name))
            .map(|entry| entry.account(true))
            .ok_or_else(|| {
                Error::new(
                    Kind::NotPermitted,
                    "PostgreSQL does not run as root, and there is no unprivileged user",
                )
                .with_hint("create one: useradd --system mentat")
            })
    }

    /// The account an existing data directory belongs to.
    pub(super) fn owning(data: &Path, uid: u32, gid: u32) -> Result<Self, Error> {
        let me = effective_uid()?;
        let found = lookup(&uid.to_string());
        // The group of the directory may be anyone's, even root's, by whoever copied it.
        let (name, gid) = found.map_or_else(|| (uid.to_string(), gid), |entry| (entry.name, entry.gid));
        if uid == 0 {
            let data = data.display();
            return Err(Error::new(
                Kind::NotPermitted,
                format!("{data} belongs to root, and PostgreSQL refuses root"),
            )
            .with_hint(format!(
                "give it to the user the server is to run as: chown -R postgres {data}"
            )));
        }
        if me != 0 && me != uid {
            let mine = lookup(&me.to_string()).map_or_else(|| me.to_string(), |entry| entry.name);
            let message = format!(
                "the private PostgreSQL in {} belongs to user {name}; this program runs as user {mine} and cannot use it",
                data.display()
            );
            let hint = format!(
                "run all Mentat programs as user {name} (or as root), choose another state directory, or give the URL \
                 of a database"
            );
            return Err(Error::new(Kind::NotPermitted, message).with_hint(hint));
        }
        Ok(Self {
            name,
            uid,
            gid,
            switch: me == 0,
        })
    }

    /// A command that runs as this user, with an environment of its own and in `/`.
    ///
    /// As root, std drops the supplementary groups by itself when a uid is set.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        command.current_dir("/").stdin(Stdio::null());
        if self.switch {
            command.gid(self.gid).uid(self.uid);
        }
        command
    }

    /// A shell that runs `script` as this user; its parameters follow.
    pub(super) fn shell(&self, script: &str) -> Command {
        let mut command = self.command("sh");
        command.arg("-c").arg(script).arg("sh");
        command
    }

    /// Whether files made by us must be handed to this user.
    pub(super) fn switches(&self) -> bool {
        self.switch
    }

    /// Tests that the user can reach `dir`, naming the first directory on the way that cannot be passed.
    ///
    /// The kernel is asked under that user, because mode bits alone do not tell (access lists, security modules).
    pub(super) fn can_reach(&self, dir: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        let output = self
            .shell(r#"for d do [ -x "$d" ] || { printf %s "$d"; exit 3; }; done"#)
            .args(&way)
            .output()
            .map_err(|cause| Error::io("run a shell to test", dir, cause))?;
        if output.status.success() {
            return Ok(());
        }
        let blocking = match output.stdout.as_slice() {
            [] => dir.to_path_buf(),
            bytes => PathBuf::from(String::from_utf8_lossy(bytes).into_owned()),
        };
        let (dir, blocking, name) = (dir.display(), blocking.display(), &self.name);
        Err(Error::new(
            Kind::NotPermitted,
            format!("user {name}, who runs the server, may not pass {blocking} (on the way to {dir})"),
        )
        .with_hint(format!(
            "choose another state directory, or allow passing: chmod o+x {blocking}"
        )))
    }
}

struct Entry {
    name: String,
    uid: u32,
    gid: u32,
}

impl Entry {
    fn account(self, switch: bool) -> Account {
        Account {
            name: self.name,
            uid: self.uid,
            gid: self.gid,
            switch,
        }
    }

    /// `name:password:uid:gid:…`
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name, uid, gid })
    }
}

/// Looks a name or a number up in the user database.
///
/// `getent` knows all of it (network directories too); the file is read only where that program is missing.
fn lookup(key: &str) -> Option<Entry> {
    let asked = Command::new("getent")
        .args(["passwd", key])
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .stdin(Stdio::null())
        .output();
    match asked {
        Ok(output) => Entry::parse(String::from_utf8_lossy(&output.stdout).lines().next()?),
        Err(_) => {
            let text = fs::read_to_string("/etc/passwd").ok()?;
            text.lines()
                .filter_map(Entry::parse)
                .find(|entry| entry.name == key || entry.uid.to_string() == key)
        }
    }
}

/// The user id that file access and signals are judged by.
///
/// From `/proc`, because asking the kernel takes `unsafe` in std-only code.
pub(super) fn effective_uid() -> Result<u32, Error> {
    let path = Path::new("/proc/self/status");
    let text = fs::read_to_string(path).map_err(|cause| Error::io("read", path, cause))?;
    user_of(&text).ok_or_else(|| Error::new(Kind::Io, "no user id in /proc/self/status"))
}

/// The effective user id in a process's `status`.
pub(super) fn user_of(status: &str) -> Option<u32> {
    status
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_parsed() {
        let entry =
            Entry::parse("postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash").unwrap();
        assert_eq!((entry.name.as_str(), entry.uid, entry.gid), ("postgres", 101, 104));
        assert!(Entry::parse("").is_none());
        assert!(Entry::parse("+::::::").is_none());
    }

    #[test]
    fn the_account_is_never_root() {
        let account = Account::for_new().unwrap();
        assert_ne!(account.uid, 0);
        let output = account.shell("id -u; id -G; pwd").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(account.uid.to_string().as_str()));
        if account.switches() {
            assert_eq!(
                lines.next(),
                Some(account.gid.to_string().as_str()),
                "no supplementary groups"
            );
        }
        assert_eq!(text.lines().last(), Some("/"));
    }
}
