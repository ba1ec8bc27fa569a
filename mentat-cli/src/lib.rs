#![doc = include_str!("../README.md")]

mod config;
mod daemons;
mod database;
mod demo;
mod exit;
mod figures;
mod output;
mod paths;
mod settings;
mod telemetry;
mod tool;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Runs the program that `args` ask for: as `mentat-inspector`, `mentat-enricher` or `mentat-storage` (by the name it
/// is called with, an extension aside, or by its first argument) a daemon, else the operator's tool.
#[must_use]
pub fn main(args: Vec<OsString>) -> ExitCode {
    let called = args.first().map(|name| {
        Path::new(name)
            .file_name()
            .unwrap_or(name)
            .to_string_lossy()
            .into_owned()
    });
    let called = called.unwrap_or_else(|| "mentat".to_owned());
    let result = if called.trim_end_matches(".py") == "mentat-ideagen" {
        let own = ["mentat", "idea", "gen"]
            .map(OsString::from)
            .into_iter()
            .chain(args.into_iter().skip(1));
        tool::main(own.collect())
    } else if let Some(kind) = daemons::Kind::named(called.trim_end_matches(".py")) {
        daemons::main(kind, &called, args)
    } else {
        let second = args
            .get(1)
            .map(|argument| format!("mentat-{}", argument.to_string_lossy()));
        match second.as_deref().and_then(daemons::Kind::named) {
            Some(kind) => {
                let own = std::iter::once(kind.program().into()).chain(args.into_iter().skip(2));
                daemons::main(kind, kind.program(), own.collect())
            }
            None => tool::main(args),
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
