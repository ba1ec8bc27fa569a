//! `mentat queue fsck`.

use super::{name, open_all, options};
use crate::exit::{Code, Failure};
use crate::output;
use indicatif::ProgressBar;
use mentat_core::queue::{Finding, Repair};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Find, explain and repair what is not as it should be
///
/// Works on live queues. Ends with exit code 65 if something remains that is not as it should be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue fsck                                  all queues of the tree
  mentat queue fsck mentat-storage --repair
  mentat queue fsck --repair --untouched-for 0       after a crash, with no daemon running")]
pub(super) struct Args {
    /// Queue names or directories [default: all of the tree]
    queues: Vec<String>,
    /// Repair what can be repaired without losing anything
    #[arg(long)]
    repair: bool,
    /// What may be somebody's work counts as left behind when it was untouched for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    untouched_for: u64,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let mut options = options();
    options.orphan_age = Duration::from_secs(args.untouched_for);
    let operators = open_all(spool, &args.queues, &options)?;
    // Drawn on stderr, and only on a terminal.
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(200));
    let mut all: Vec<(String, Finding)> = Vec::new();
    for operator in &operators {
        progress.set_message(name(operator));
        let found = operator.fsck(args.repair)?;
        all.extend(found.into_iter().map(|finding| (name(operator), finding)));
    }
    progress.finish_and_clear();
    let remaining = all.iter().filter(|(_, finding)| finding.remains()).count();
    if args.json {
        let findings: Vec<Value> = all.iter().map(|(queue, finding)| as_json(queue, finding)).collect();
        output::json(&json!({ "queues": operators.len(), "remaining": remaining, "findings": findings }))?;
    } else {
        for (_, finding) in &all {
            output::line(finding)?;
        }
        output::note(format_args!("findings in {} queues: {}", operators.len(), all.len()));
    }
    if remaining == 0 {
        return Ok(());
    }
    let repairable = all
        .iter()
        .any(|(_, finding)| matches!(finding.repair, Repair::Possible(_)));
    let advice = if repairable {
        "; --repair repairs what can be repaired"
    } else {
        ""
    };
    Err(Failure::new(
        Code::Data,
        format_args!(
            "not as it should be: {remaining} of {} findings remain{advice}",
            all.len()
        ),
    ))
}

fn as_json(queue: &str, finding: &Finding) -> Value {
    let (repair, text) = match &finding.repair {
        Repair::NotNeeded => ("not-needed", None),
        Repair::Possible(what) => ("possible", Some(what)),
        Repair::Done(what) => ("done", Some(what)),
        Repair::Failed(why) => ("failed", Some(why)),
        _ => ("by-hand", None),
    };
    json!({
        "queue": queue,
        "fault": finding.fault.as_str(),
        "path": finding.path,
        "text": finding.text,
        "repair": repair,
        "repair_text": text,
        "remains": finding.remains(),
    })
}
