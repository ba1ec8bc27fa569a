//! The daemons of a demo, as processes of their own.

use super::layout::Layout;
use crate::daemons::Kind;
use crate::exit::{Code, Failure};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A daemon that has ended unasked so often will not come up.
const MOST_RESTARTS: u32 = 200;

/// How long a daemon may take to stop.
const PATIENCE: Duration = Duration::from_secs(40);

struct Daemon {
    kind: Kind,
    process: Child,
    log: PathBuf,
}

/// Runs the daemons and starts again those that end unasked.
pub(super) struct Daemons {
    program: PathBuf,
    root: PathBuf,
    connection: String,
    configs: Vec<PathBuf>,
    running: Vec<Daemon>,
    restarts: u32,
}

impl Daemons {
    pub(super) fn start(layout: &Layout, connection: &str) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::new(Code::Failure, format_args!("cannot find this program: {error}")))?;
        let mut daemons = Self {
            program,
            root: layout.tree.root().to_owned(),
            connection: connection.to_owned(),
            configs: Kind::ALL.iter().map(|kind| layout.config(*kind)).collect(),
            running: Vec::new(),
            restarts: 0,
        };
        for (kind, config) in Kind::ALL.into_iter().zip(daemons.configs.clone()) {
            let log = layout.tree.log().join(format!("{}.log", kind.program()));
            let process = daemons.spawn(kind, &config, &log)?;
            daemons.running.push(Daemon { kind, process, log });
        }
        Ok(daemons)
    }

    fn spawn(&self, kind: Kind, config: &PathBuf, log: &PathBuf) -> Result<Child, Failure> {
        // Only the log's file is lost if this fails: the daemon says what is wrong.
        let stderr = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_or(Stdio::null(), Stdio::from);
        let mut command = Command::new(&self.program);
        // The tree is private: settings of the surroundings do not reach into it.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MENTAT_")) {
            command.env_remove(name);
        }
        command
            .arg0(kind.program())
            .arg("--root")
            .arg(&self.root)
            .arg("--config-file")
            .arg(config)
            .arg("--database")
            .arg(&self.connection)
            .arg("--log-file")
            .arg(log)
            // However this program ends, the pipe does, and so does the daemon.
            .arg("--until-stdin-ends")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(stderr)
            // Ctrl-C is for this program: it stops the daemons in order.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::io("run", &self.program, &error))
    }

    pub(super) fn describe(&self) -> String {
        let each = self
            .running
            .iter()
            .map(|daemon| format!("{} ({})", daemon.kind.program(), daemon.process.id()));
        each.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn restarts(&self) -> u32 {
        self.restarts
    }

    /// Starts again what has ended.
    pub(super) fn look_after(&mut self) -> Result<(), Failure> {
        for at in 0..self.running.len() {
            let Some(daemon) = self.running.get_mut(at) else { break };
            let ended = daemon.process.try_wait();
            let Some(status) = ended.map_err(|error| Failure::new(Code::Failure, error))? else {
                continue;
            };
            let (kind, log) = (daemon.kind, daemon.log.clone());
            self.restarts += 1;
            let hopeless = [Code::Usage, Code::Config]
                .iter()
                .any(|code| status.code() == Some(*code as i32));
            if hopeless || self.restarts > MOST_RESTARTS {
                let last = fs::read_to_string(&log).unwrap_or_default();
                let lines: Vec<&str> = last.lines().rev().take(3).collect();
                let lines = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
                let text = format!(
                    "{} ended with {status}; {} ends with:\n{lines}",
                    kind.program(),
                    log.display()
                );
                return Err(Failure::new(Code::Failure, text));
            }
            let config = self.configs.get(at).cloned().unwrap_or_default();
            let process = self.spawn(kind, &config, &log)?;
            if let Some(daemon) = self.running.get_mut(at) {
                daemon.process = process;
            }
        }
        Ok(())
    }

    /// Lets every daemon finish its batch and end.
    pub(super) async fn stop(&mut self) {
        for daemon in &mut self.running {
            drop(daemon.process.stdin.take());
        }
        let deadline = Instant::now() + PATIENCE;
        for daemon in &mut self.running {
            while matches!(daemon.process.try_wait(), Ok(None)) {
                if Instant::now() > deadline {
                    // Its messages stay claimed and are taken back by the next run.
                    let _ = daemon.process.kill();
                    let _ = daemon.process.wait();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        self.running.clear();
    }
}
