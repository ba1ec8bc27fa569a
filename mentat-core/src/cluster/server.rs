//! Making a data directory, and starting and ending the server on it.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::binaries::{Binaries, leading_number};
use super::error::{Error, Kind};
use super::place::{self, Place};
use super::process::{self, PidFile, Process};

/// Written to `postgresql.conf`, where an administrator may change it (or use `ALTER SYSTEM`).
const DEFAULTS: &str = "
# Defaults of Mentat's private PostgreSQL.
shared_buffers = 64MB
max_connections = 100
log_checkpoints = off
log_line_prefix = '%m [%p] '
";

/// A test server keeps nothing, so it waits for no disk.
const SCRATCH: [&str; 7] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=100",
    "wal_level=minimal",
    "max_wal_senders=0",
];

/// Descriptors that our own parent left open (a job server's pipe, a test harness's output) are closed, or a server
/// that stays would keep them open for ever. The shell ends at once: the server is nobody's child, and nobody has to
/// wait for it.
const STAYS: &str = r#"
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
"$@" >&2 &
echo $!
"#;

/// The shell waits for the server, so that its number cannot be reused before the reader has ended. The reader waits
/// for the end of our pipe, which comes when the starter dies, however it dies. A server that does not finish a fast
/// shutdown in time is made to stop at once (that is safe, like a power cut with working disks).
const WITH_PARENT: &str = r#"
remove=$1
socket=$2
shift 2
exec 3<&0 </dev/null 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-
"$@" >&2 3<&- &
server=$!
echo $server
exec >&2
{ read -r line <&3; kill -s INT $server; sleep 3; kill -s QUIT $server; } 2>/dev/null &
reader=$!
exec 3<&-
wait $server
code=$?
kill $reader 2>/dev/null
if [ -n "$socket" ]; then rmdir -- "$socket" 2>/dev/null; fi
if [ -n "$remove" ]; then rm -rf -- "$remove"; fi
exit $code
"#;

/// How long a server has to end after its watcher was told, its immediate shutdown included.
const END: Duration = Duration::from_secs(5);

/// What `initdb` is told about data directories we make; `pg_upgrade` needs a new one made alike.
const INITDB: [&str; 6] = [
    "--username=mentat",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-instructions",
];

/// Makes the data directory. `lock` goes to `initdb` as its standard input: if we are killed, the lock is held
/// until `initdb` has ended too, so that the next program does not clear away what is still being written.
pub(super) fn initialise(
    place: &Place,
    account: &Account,
    binaries: &Binaries,
    scratch: bool,
    lock: &File,
) -> Result<(), Error> {
    let fresh = place.unfinished();
    match fs::remove_dir_all(&fresh) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(Error::io("remove", &fresh, cause)),
        _ => {}
    }
    place::private_dir(&fresh, account)?;
    let (log, before) = place.open_log(account)?;
    let initdb = binaries.program("initdb");
    let mut command = account.command(&initdb);
    command.arg("--pgdata").arg(&fresh).args(INITDB);
    command.arg(if scratch { "--no-sync" } else { "--data-checksums" });
    command
        .stdin(share(lock, place)?)
        .stdout(share(&log, place)?)
        .stderr(log)
        .process_group(0);
    let status = command.status().map_err(|cause| Error::io("run", &initdb, cause))?;
    if !status.success() {
        return Err(failed(
            &format!("{} failed ({status})", initdb.display()),
            place,
            before,
        ));
    }
    let conf = fresh.join("postgresql.conf");
    let appended = account
        .shell(r#"printf %s "$2" >>"$1""#)
        .arg(&conf)
        .arg(DEFAULTS)
        .status()
        .map_err(|cause| Error::io("write", &conf, cause))?;
    if !appended.success() {
        return Err(Error::new(Kind::Io, format!("cannot write {}", conf.display())));
    }
    if !scratch {
        sync(&conf)?;
    }
    let data = place.data();
    fs::rename(&fresh, &data).map_err(|cause| Error::io("rename to", &data, cause))?;
    if scratch { Ok(()) } else { sync(place.dir()) }
}

fn sync(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|cause| Error::io("sync", path, cause))
}

fn share(file: &File, place: &Place) -> Result<Stdio, Error> {
    file.try_clone()
        .map(Stdio::from)
        .map_err(|cause| Error::io("share a file of", place.dir(), cause))
}

/// An error with the last telling lines of the log.
fn failed(what: &str, place: &Place, log_from: u64) -> Error {
    let complaints = place.complaints(log_from);
    let message = if complaints.is_empty() {
        what.to_owned()
    } else {
        format!("{what}:\n{complaints}")
    };
    Error::new(Kind::Server, message).with_hint(format!("the whole story is in {}", place.log().display()))
}

/// Refuses a data directory that these programs cannot serve.
pub(super) fn check_version(place: &Place, account: &Account, binaries: &Binaries) -> Result<(), Error> {
    let data = place.data();
    let text = version(&data)?;
    // Before version 10 the major version had two parts; all of those are older than any we find.
    let theirs = leading_number(&text).ok_or_else(|| {
        Error::new(
            Kind::Io,
            format!("{} holds no version: {text:?}", data.join("PG_VERSION").display()),
        )
    })?;
    let ours = binaries.major()?;
    if theirs == ours {
        return Ok(());
    }
    let (shown, new, old) = (data.display(), binaries.dir(), binaries.of_version(ours, theirs));
    let message = format!(
        "{shown} was made by PostgreSQL {text}; the programs in {} are version {ours}",
        new.display()
    );
    if theirs > ours {
        return Err(Error::new(Kind::OtherVersion, message).with_hint(format!(
            "a data directory cannot go back to an older version; install PostgreSQL {text}"
        )));
    }
    let (new, old, fresh) = (new.display(), old.display(), place.dir().join(format!("data.{ours}")));
    let fresh = fresh.display();
    // The checksum setting must be that of the old directory: ours have checksums, and no others are expected here.
    let hint = format!(
        "upgrade it, as root:\n  \
         install -d -m 700 -o {uid} -g {gid} {fresh} && cd {fresh} &&\n  \
         setpriv --reuid={uid} --regid={gid} --clear-groups {new}/initdb -D {fresh} {options} --data-checksums &&\n  \
         setpriv --reuid={uid} --regid={gid} --clear-groups {new}/pg_upgrade -b {old} -B {new} -d {shown} -D {fresh} -U mentat &&\n  \
         mv {shown} {shown}.{theirs} && mv {fresh} {shown}\n\
         (the programs of PostgreSQL {theirs} must be installed too; keep {shown}.{theirs} until you are content)",
        uid = account.uid,
        gid = account.gid,
        options = INITDB.join(" "),
    );
    Err(Error::new(Kind::OtherVersion, message).with_hint(hint))
}

/// The major version that made a data directory.
pub(super) fn version(data: &Path) -> Result<String, Error> {
    let path = data.join("PG_VERSION");
    let text = fs::read_to_string(&path).map_err(|cause| Error::io("read", &path, cause))?;
    Ok(text.trim().to_owned())
}

/// What to start a server with.
pub(super) struct Launch<'a> {
    pub(super) place: &'a Place,
    pub(super) account: &'a Account,
    pub(super) binaries: &'a Binaries,
    pub(super) socket_dir: &'a Path,
    pub(super) scratch: bool,
    /// `None`: the server stays.
    pub(super) with_parent: Option<Remove>,
}

/// Whether the state directory outlives a server that ends with its starter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remove {
    Nothing,
    StateDir,
}

/// A server that was just started.
#[derive(Debug)]
pub(super) struct Launched {
    process: Option<Process>,
    log_from: u64,
    pub(super) watcher: Option<Watcher>,
}

impl Launch<'_> {
    /// Starts the server, in a process group of its own: a Ctrl-C is for our programs, which still need it while
    /// they finish.
    pub(super) fn run(&self) -> Result<Launched, Error> {
        let (log, log_from) = self.place.open_log(self.account)?;
        let mut shell = match self.with_parent {
            None => self.account.shell(STAYS),
            Some(remove) => {
                let mut shell = self.account.shell(WITH_PARENT);
                shell.stdin(Stdio::piped());
                shell.arg(match remove {
                    Remove::StateDir => self.place.dir(),
                    Remove::Nothing => Path::new(""),
                });
                // A short directory elsewhere serves this server only.
                shell.arg(if self.socket_dir.starts_with(self.place.dir()) {
                    Path::new("")
                } else {
                    self.socket_dir
                });
                shell
            }
        };
        self.add_server(&mut shell);
        shell.stdout(Stdio::piped()).stderr(log).process_group(0);
        let fail = |cause| Error::new(Kind::Io, "cannot run a shell to start the server").because(cause);
        let mut child = shell.spawn().map_err(fail)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(fail)?;
        }
        let process = line.trim().parse().ok().and_then(Process::look);
        let watcher = match child.stdin.take() {
            Some(pipe) => Some(Watcher {
                child,
                pipe: Some(pipe),
            }),
            None => {
                child.wait().map_err(fail)?;
                None
            }
        };
        Ok(Launched {
            process,
            log_from,
            watcher,
        })
    }

    fn add_server(&self, shell: &mut Command) {
        // A list separated by commas, so the name is quoted. It fits a `str`: see `Place::socket_dir`.
        let dir = self.socket_dir.to_string_lossy().replace('"', "\"\"");
        shell
            .arg(self.binaries.program("postgres"))
            .arg("-D")
            .arg(self.place.data());
        let fixed = [
            format!("unix_socket_directories=\"{dir}\""),
            format!("port={}", super::PORT),
            "listen_addresses=".to_owned(),
            "unix_socket_permissions=0700".to_owned(),
            "logging_collector=off".to_owned(),
            "log_destination=stderr".to_owned(),
        ];
        for setting in fixed
            .iter()
            .map(String::as_str)
            .chain(SCRATCH.into_iter().filter(|_| self.scratch))
        {
            shell.arg("-c").arg(setting);
        }
    }
}

impl Launched {
    pub(super) fn running(&self) -> bool {
        self.process.is_some_and(|process| process.alive())
    }

    /// Why the server ended before it was ready.
    pub(super) fn failure(&self, place: &Place) -> Error {
        failed(
            &format!("PostgreSQL did not start in {}", place.data().display()),
            place,
            self.log_from,
        )
    }
}

/// The shell that ends the server when the pipe is closed.
#[derive(Debug)]
pub(super) struct Watcher {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Watcher {
    /// Waits until the shell has ended: then the server has, and what was to be removed is gone.
    pub(super) fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(super::PAUSE),
                _ => return None,
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.pipe.take());
        self.ended(END);
    }
}

/// Ends a running server: a fast shutdown, which disconnects idle and busy clients, and waits.
///
/// Never SIGTERM: the smart shutdown waits for clients for ever.
pub(super) fn stop(process: Process, account: &Account, data: &Path, patience: Duration) -> Result<(), Error> {
    process::signal(process, "INT", account)?;
    let deadline = Instant::now() + patience;
    while process.alive() {
        if Instant::now() > deadline {
            return Err(Error::new(
                Kind::Busy,
                format!(
                    "PostgreSQL in {} (process {}) is still shutting down",
                    data.display(),
                    process.pid
                ),
            ));
        }
        std::thread::sleep(super::PAUSE);
    }
    Ok(())
}

/// Clears the way after a crash: waits for what is left of a dead server, ends it if it computes on, and removes
/// files that would stop a new one.
///
/// While a backend lives, a new server refuses to start ("pre-existing shared memory block"). A pid file whose number
/// was given to another process of the same user would make it refuse for ever, hence the removal; it is done only
/// when no server process works in the data directory.
pub(super) fn clear_remains(data: &Path, socket_dir: &Path, account: &Account) -> Result<(), Error> {
    let steps = [
        ("", Duration::from_secs(10)),
        ("TERM", Duration::from_secs(2)),
        ("KILL", Duration::from_secs(2)),
    ];
    for (name, patience) in steps {
        let mut left = process::serving(data, account)?;
        if !name.is_empty() {
            for process in &left {
                process::signal(*process, name, account)?;
            }
        }
        let deadline = Instant::now() + patience;
        while !left.is_empty() && Instant::now() < deadline {
            std::thread::sleep(super::PAUSE);
            left.retain(Process::alive);
        }
    }
    if let Some(process) = process::serving(data, account)?.first() {
        let message = format!(
            "process {} of a crashed PostgreSQL in {} does not end",
            process.pid,
            data.display()
        );
        return Err(Error::new(Kind::Busy, message));
    }
    let socket = super::socket_name();
    for path in [
        PidFile::path(data),
        socket_dir.join(format!("{socket}.lock")),
        socket_dir.join(socket),
    ] {
        place::remove_file(&path)?;
    }
    Ok(())
}
