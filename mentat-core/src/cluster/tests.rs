//! The life of a private PostgreSQL, with real servers. All of it works as root and as another user.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::account::{Account, effective_uid};
use super::process::{PidFile, Process, serving, signal};
use super::scratch::TestCluster;
use super::wire::Connection;
use super::*;

/// A state directory in a temporary one that the server's user may pass, stopped and removed at the end.
struct Ground {
    settings: Settings,
    _root: tempfile::TempDir,
}

impl Ground {
    fn new() -> Self {
        Self::below("")
    }

    fn below(middle: &str) -> Self {
        let root = tempfile::Builder::new()
            .prefix("mentat-cluster-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut settings = Settings::new(root.path().join(middle).join("state"));
        settings.scratch = true;
        Self { settings, _root: root }
    }

    fn start(&self) -> Cluster {
        Cluster::start_or_adopt(&self.settings).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.settings.dir.join("data")
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Ok(Some(cluster)) = Cluster::find_running(&self.settings) {
            let _ = cluster.stop();
        }
    }
}

fn within(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn connect(cluster: &Cluster, database: &str) -> Connection {
    let socket = cluster.socket_dir().join(socket_name());
    Connection::open(&socket, cluster.user(), database, Duration::from_secs(20)).unwrap()
}

fn kill(pid: u32) {
    assert!(
        Command::new("sh")
            .args(["-c", "kill -9 \"$0\"", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Not a test by itself: the program that others start, adopt and kill.
#[test]
fn starter() {
    let Some(dir) = std::env::var_os("MENTAT_TEST_STARTER") else {
        return;
    };
    let mut settings = Settings::new(dir);
    settings.scratch = true;
    if std::env::var_os("MENTAT_TEST_WITH_PARENT").is_some() {
        settings.life = Life::WithParent;
    }
    let _shared = std::env::var_os("MENTAT_TEST_SHARED").map(|_| TestCluster::shared());
    let cluster = Cluster::start_or_adopt(&settings).unwrap();
    fs::write(
        settings.dir.join(format!("started-{}", std::process::id())),
        cluster.pid().to_string(),
    )
    .unwrap();
    if std::env::var_os("MENTAT_TEST_LEAVE").is_none() {
        std::thread::sleep(Duration::from_secs(60));
    }
}

fn spawn_starter(dir: &Path, variables: &[&str]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "cluster::tests::starter", "--nocapture"])
        .env("MENTAT_TEST_STARTER", dir);
    for name in variables {
        command.env(name, "1");
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The number of the server that a starter reports.
fn reported(dir: &Path, starter: &Child) -> u32 {
    let path = dir.join(format!("started-{}", starter.id()));
    let mut pid = None;
    within(Duration::from_secs(60), "the starter reports", || {
        pid = fs::read_to_string(&path).ok().and_then(|text| text.parse().ok());
        pid.is_some()
    });
    pid.unwrap()
}

#[test]
fn started_adopted_used_and_stopped() {
    let ground = Ground::new();
    assert!(Cluster::find_running(&ground.settings).unwrap().is_none());
    assert!(!Cluster::status(&ground.settings).unwrap().is_running());
    let first = ground.start();
    let second = ground.start();
    assert_eq!(first.pid(), second.pid());
    assert!(second.exists("mentat").unwrap());
    assert!(!second.exists("o'clock").unwrap());

    second.create_database("o'clock \"\\").unwrap();
    connect(&first, "o'clock \"\\")
        .query("CREATE TABLE t (x int); INSERT INTO t VALUES (7)")
        .unwrap();
    first.create_from_template("copy", "o'clock \"\\").unwrap();
    let rows = connect(&first, "copy").query("SELECT x, NULL, 'ž' FROM t").unwrap();
    assert_eq!(rows, [[Some("7".to_owned()), None, Some("ž".to_owned())]]);
    assert!(
        first
            .create_database("copy")
            .unwrap_err()
            .to_string()
            .contains("already exists")
    );
    first.rename_database("copy", "other").unwrap();
    assert!(first.databases().unwrap().contains(&"other".to_owned()));
    first.drop_database("other").unwrap();
    first.drop_database("other").unwrap();
    assert!(!first.exists("other").unwrap());

    let output = first
        .psql_command("o'clock \"\\")
        .args(["-X", "-A", "-t", "-c", "SELECT current_user"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "mentat\n");
    let output = first
        .psql_command(&first.connection_string("o'clock \"\\"))
        .args(["-X", "-A", "-t", "-c", "SELECT current_database()"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "o'clock \"\\\n");

    let status = Cluster::status(&ground.settings).unwrap();
    assert_eq!(status.pid, Some(first.pid()));
    assert_eq!(status.socket_dir.as_deref(), Some(first.socket_dir()));
    assert!(status.size > 10 << 20, "{status:?}");
    assert_eq!(fs::metadata(first.data_dir()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(first.socket_dir()).unwrap().mode() & 0o777, 0o700);
    assert_ne!(fs::metadata(first.data_dir()).unwrap().uid(), 0);

    second.stop().unwrap();
    assert!(Process::look(status.pid.unwrap()).is_none());
    first.stop().unwrap();
    let status = Cluster::status(&ground.settings).unwrap();
    assert!(!status.is_running() && status.version.is_some(), "{status:?}");
    let third = ground.start();
    assert!(third.exists("o'clock \"\\").unwrap());
}

#[test]
fn durable_settings_unless_scratch() {
    let mut ground = Ground::new();
    ground.settings.scratch = false;
    let cluster = ground.start();
    let mut connection = connect(&cluster, "mentat");
    let mut show = |name: &str| {
        connection
            .query(&format!("SHOW {name}"))
            .unwrap()
            .concat()
            .concat_text()
    };
    assert_eq!(show("fsync"), "on");
    assert_eq!(show("synchronous_commit"), "on");
    assert_eq!(show("data_checksums"), "on");
    assert_eq!(show("shared_buffers"), "64MB");
    assert_eq!(show("listen_addresses"), "");
    assert_eq!(show("server_encoding"), "UTF8");
}

trait ConcatText {
    fn concat_text(self) -> String;
}

impl ConcatText for Vec<Option<String>> {
    fn concat_text(self) -> String {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn three_starters_make_one_server() {
    let ground = Ground::new();
    let mut starters: Vec<Child> = (0..3)
        .map(|_| spawn_starter(&ground.settings.dir, &["MENTAT_TEST_LEAVE"]))
        .collect();
    let servers: Vec<u32> = starters
        .iter()
        .map(|starter| reported(&ground.settings.dir, starter))
        .collect();
    assert!(servers.iter().all(|pid| *pid == servers[0]), "{servers:?}");
    for starter in &mut starters {
        assert!(starter.wait().unwrap().success());
    }
    // They have ended, and the server stays.
    assert_eq!(ground.start().pid(), servers[0]);
}

#[test]
fn a_server_that_stays_survives_the_kill_of_its_starter() {
    let ground = Ground::new();
    let mut starter = spawn_starter(&ground.settings.dir, &[]);
    let pid = reported(&ground.settings.dir, &starter);
    starter.kill().unwrap();
    starter.wait().unwrap();
    let cluster = ground.start();
    assert_eq!(cluster.pid(), pid);

    // A client that is connected and idle must not keep it from stopping.
    let mut idle = connect(&cluster, "mentat");
    idle.query("SELECT 1").unwrap();
    cluster.stop().unwrap();
    assert!(Process::look(pid).is_none());
    assert!(idle.query("SELECT 1").is_err());
}

#[test]
fn a_server_with_parent_ends_with_the_kill_of_its_starter() {
    let ground = Ground::new();
    let mut starter = spawn_starter(&ground.settings.dir, &["MENTAT_TEST_WITH_PARENT"]);
    reported(&ground.settings.dir, &starter);
    let cluster = ground.start();
    let account = account_for(&cluster.place).unwrap();
    let _idle = connect(&cluster, "mentat");
    starter.kill().unwrap();
    starter.wait().unwrap();
    within(Duration::from_secs(5), "no server is left", || {
        serving(&ground.data(), &account).unwrap().is_empty()
    });
    // It was a shutdown, not a crash.
    let log = fs::read_to_string(cluster.log()).unwrap();
    assert!(log.contains("database system is shut down"), "{log}");
    assert!(ground.data().join("PG_VERSION").exists());
}

#[test]
fn a_server_with_parent_ends_when_dropped() {
    let mut ground = Ground::below(&"long-".repeat(20));
    ground.settings.life = Life::WithParent;
    let cluster = ground.start();
    let adopted = ground.start();
    let (pid, socket_dir) = (cluster.pid(), cluster.socket_dir().to_path_buf());
    drop(adopted);
    assert!(cluster.answers(), "dropping a handle that adopted it does nothing");
    drop(cluster);
    assert!(Process::look(pid).is_none());
    assert!(!socket_dir.exists(), "the short directory is removed");
}

#[test]
fn a_test_cluster_vanishes_with_its_process() {
    let ground = Ground::new();
    let mut starter = spawn_starter(&ground.settings.dir, &["MENTAT_TEST_SHARED"]);
    reported(&ground.settings.dir, &starter);
    let dir = fs::canonicalize(std::env::temp_dir())
        .unwrap()
        .join(format!("mentat-test-{}-0", starter.id()));
    let account = Account::for_new().unwrap();
    assert!(!serving(&dir.join("data"), &account).unwrap().is_empty());
    starter.kill().unwrap();
    starter.wait().unwrap();
    within(Duration::from_secs(5), "the directory is removed", || !dir.exists());
}

#[test]
fn a_killed_server_is_recovered() {
    let mut ground = Ground::new();
    // A scratch server may lose its last commits in a crash.
    ground.settings.scratch = false;
    let cluster = ground.start();
    let mut busy = connect(&cluster, "mentat");
    busy.query("CREATE TABLE kept (x int)").unwrap();
    let data = ground.data();
    let account = cluster.account.clone();
    // A backend that computes does not notice the death of its server.
    let computing = std::thread::spawn(move || busy.query("SELECT count(*) FROM generate_series(1, 20000000000)"));
    within(Duration::from_secs(10), "the backend computes", || {
        let sql = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 2%' AND pid <> pg_backend_pid()";
        !connect(&cluster, "mentat").query(sql).unwrap().is_empty()
    });
    kill(cluster.pid());
    let again = ground.start();
    assert_ne!(again.pid(), cluster.pid());
    assert!(computing.join().unwrap().is_err());
    connect(&again, "mentat").query("SELECT * FROM kept").unwrap();
    again.stop().unwrap();
    assert!(serving(&data, &account).unwrap().is_empty());
}

#[test]
fn a_killed_server_with_parent_is_recovered_too() {
    // Here the dead server is a child of its watcher, which may not have noticed yet.
    let mut ground = Ground::new();
    ground.settings.life = Life::WithParent;
    let cluster = ground.start();
    kill(cluster.pid());
    let again = ground.start();
    drop(cluster);
    assert!(
        again.answers(),
        "the first handle has nothing to do with the second server"
    );
}

#[test]
fn a_starter_killed_while_it_makes_the_data_directory_does_no_harm() {
    let ground = Ground::new();
    let mut starter = spawn_starter(&ground.settings.dir, &[]);
    let begun = ground.settings.dir.join("data.new/PG_VERSION");
    within(Duration::from_secs(60), "initdb begins", || begun.exists());
    starter.kill().unwrap();
    starter.wait().unwrap();
    let cluster = ground.start();
    assert!(cluster.exists("mentat").unwrap());
    assert!(!ground.settings.dir.join("data.new").exists());
}

#[test]
fn an_unfinished_data_directory_is_removed() {
    let ground = Ground::new();
    let unfinished = ground.settings.dir.join("data.new");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    ground.start();
    assert!(!unfinished.exists());
}

#[test]
fn another_major_version_is_refused_with_the_way_to_upgrade() {
    let ground = Ground::new();
    let cluster = ground.start();
    cluster.stop().unwrap();
    for (theirs, words) in [
        ("13", ["pg_upgrade", "/13/bin", "/initdb"]),
        ("99", ["older version", "install", "99"]),
    ] {
        fs::write(ground.data().join("PG_VERSION"), format!("{theirs}\n")).unwrap();
        let error = Cluster::start_or_adopt(&ground.settings).unwrap_err();
        assert!(error.is_other_version(), "{error}");
        let hint = error.hint().unwrap();
        assert!(words.iter().all(|word| hint.contains(word)), "{hint}");
    }
}

#[test]
fn a_long_path_gets_a_short_socket_directory() {
    let ground = Ground::below(&"deep/".repeat(20));
    let cluster = ground.start();
    let short = cluster.socket_dir().to_path_buf();
    assert!(
        short.as_os_str().len() <= 93 && short.starts_with("/tmp"),
        "{}",
        short.display()
    );
    let metadata = fs::metadata(&short).unwrap();
    assert_eq!((metadata.mode() & 0o777, metadata.uid()), (0o700, cluster.account.uid));
    assert_eq!(ground.start().socket_dir(), short);
    let record = fs::read_to_string(ground.settings.dir.join("socket-dir")).unwrap();
    assert_eq!(record.trim_end(), short.to_str().unwrap());
    cluster.stop().unwrap();
    assert!(!short.exists());

    // A directory that others may enter is not trusted: the next name is taken.
    fs::create_dir(&short).unwrap();
    fs::set_permissions(&short, fs::Permissions::from_mode(0o777)).unwrap();
    let cluster = ground.start();
    assert_ne!(cluster.socket_dir(), short);
    cluster.stop().unwrap();
    fs::remove_dir(&short).unwrap();
}

#[test]
fn missing_programs_are_named() {
    let mut ground = Ground::new();
    ground.settings.binaries = Some(ground.settings.dir.clone());
    let error = Cluster::start_or_adopt(&ground.settings).unwrap_err();
    assert!(error.is_missing_server(), "{error}");
    assert!(
        error.to_string().contains("install the package `postgresql`"),
        "{error}"
    );
}

#[test]
fn a_parent_that_blocks_is_named() {
    if effective_uid().unwrap() != 0 {
        return; // Only root can be let through where the server's user is not.
    }
    let ground = Ground::below("private/inner");
    let private = ground.settings.dir.parent().unwrap().parent().unwrap();
    fs::create_dir(private).unwrap();
    fs::set_permissions(private, fs::Permissions::from_mode(0o700)).unwrap();
    let error = Cluster::start_or_adopt(&ground.settings).unwrap_err();
    assert!(error.is_not_permitted(), "{error}");
    assert!(
        error
            .hint()
            .unwrap()
            .ends_with(&format!("chmod o+x {}", private.display())),
        "{error}"
    );
    let error = TestCluster::start(private).unwrap_err();
    assert!(error.is_not_permitted(), "{error}");
}

#[test]
fn a_data_directory_of_another_user_is_refused() {
    if effective_uid().unwrap() == 0 {
        return; // Root may use everyone's.
    }
    let error = Account::owning(Path::new("/usr/data"), effective_uid().unwrap() + 1, 1).unwrap_err();
    assert!(
        error.is_not_permitted() && error.to_string().contains("belongs to user"),
        "{error}"
    );
}

#[test]
fn a_stale_pid_file_does_not_hit_an_innocent() {
    let ground = Ground::new();
    let cluster = ground.start();
    let old = PidFile::path(&ground.data());
    let text = fs::read_to_string(&old).unwrap();
    let socket_dir = cluster.socket_dir().to_path_buf();
    cluster.stop().unwrap();

    // Somebody of the server's user got its number.
    let mut innocent = cluster.account.command("sleep");
    let mut innocent = innocent.arg("60").process_group(0).spawn().unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    let stale = format!("{}\n{rest}", innocent.id());
    fs::write(&old, &stale).unwrap();
    fs::write(socket_dir.join(".s.PGSQL.5432.lock"), &stale).unwrap();

    assert!(Cluster::find_running(&ground.settings).unwrap().is_none());
    assert!(!Cluster::status(&ground.settings).unwrap().is_running());
    cluster.stop().unwrap();
    let again = ground.start();
    again.stop().unwrap();
    assert!(innocent.try_wait().unwrap().is_none(), "it lives");
    innocent.kill().unwrap();
    innocent.wait().unwrap();
}

#[test]
fn links_in_the_state_directory_are_not_followed() {
    let ground = Ground::new();
    fs::create_dir_all(&ground.settings.dir).unwrap();
    let victim = ground.settings.dir.join("victim");
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, ground.settings.dir.join("log")).unwrap();
    let error = Cluster::start_or_adopt(&ground.settings).unwrap_err();
    assert!(error.to_string().contains("not a plain file"), "{error}");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(fs::metadata(&victim).unwrap().uid(), effective_uid().unwrap());
}

#[test]
fn a_held_lock_is_waited_for_and_reported() {
    let mut ground = Ground::new();
    let place = Place::create(&ground.settings.dir, Path::new("/tmp")).unwrap();
    let account = Account::for_new().unwrap();
    let held = place.lock(&account, Duration::ZERO).unwrap();
    ground.settings.patience = Duration::from_millis(50);
    let error = Cluster::start_or_adopt(&ground.settings).unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("lock"), "{error}");
    drop(held);
    place.lock(&account, Duration::ZERO).unwrap();
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let ground = Ground::new();
    let cluster = ground.start();
    cluster.stop().unwrap();
    fs::write(ground.data().join("postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let error = Cluster::start_or_adopt(&ground.settings).unwrap_err().to_string();
    assert!(error.contains("no_such_setting") && error.contains("log"), "{error}");
}

#[test]
fn templates_are_filled_once() {
    let tests = TestCluster::shared();
    let filled = std::sync::atomic::AtomicU32::new(0);
    let fill = |connection_string: &str| {
        filled.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let sql = "CREATE TABLE t AS SELECT 1 AS x";
        let status = Command::new("psql")
            .args(["-X", "-q", "-d", connection_string, "-c", sql])
            .status()
            .unwrap();
        if status.success() { Ok(()) } else { Err("psql failed") }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let database = tests.database("filled", fill);
                let rows = connect(tests.cluster(), database.name())
                    .query("UPDATE t SET x = x + 1 RETURNING x")
                    .unwrap();
                assert_eq!(rows, [[Some("2".to_owned())]]);
            });
        }
    });
    assert_eq!(filled.into_inner(), 1);
    let name = tests.empty_database().name().to_owned();
    assert!(!tests.cluster().exists(&name).unwrap(), "removed when dropped");
}

#[test]
fn signals_reach_nobody_else() {
    if effective_uid().unwrap() != 0 {
        return; // Another user cannot signal root's processes anyway.
    }
    let me = Process::look(std::process::id()).unwrap();
    assert!(signal(me, "KILL", &Account::for_new().unwrap()).is_err());
}
