//! `mentat queue retry`, `hold`, `release` and `drop`: messages that an operator moves.

use super::{name, open};
use crate::exit::{Code, Failure};
use crate::output;
use indicatif::ProgressBar;
use mentat_core::queue::{Error, MessageName, Moved, Operator, Place, Report, Which};
use serde_json::json;
use std::path::Path;

/// Messages moved between two steps of the progress bar.
const CHUNK: usize = 500;

/// Put rejected messages back into incoming, for another try
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue retry mentat-storage message.idea
  mentat queue retry mentat-storage --reason 'bad-json: line 3'
  mentat queue retry mentat-storage --all --json")]
pub(super) struct Retry {
    /// Queue name or directory
    queue: String,
    #[command(flatten)]
    which: Rejected,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Keep waiting messages back: consumers leave them alone until they are released
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue hold mentat-inspector message.idea
  mentat queue hold mentat-inspector --all")]
pub(super) struct Hold {
    /// Queue name or directory
    queue: String,
    #[command(flatten)]
    which: Named,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Let go what was kept back, or was deferred to a later time
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue release mentat-inspector --all
  mentat queue release mentat-inspector --deferred message.idea   now and not when it is due")]
pub(super) struct Release {
    /// Queue name or directory
    queue: String,
    #[command(flatten)]
    which: Named,
    /// Deferred messages instead of those on hold
    #[arg(long)]
    deferred: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// Remove messages for good
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue drop mentat-storage message.idea
  mentat queue drop mentat-storage --reason bad-json
  mentat queue drop mentat-inspector --from incoming message.idea
  mentat queue drop mentat-storage --all --yes       all that was rejected")]
pub(super) struct Drop {
    /// Queue name or directory
    queue: String,
    #[command(flatten)]
    which: Rejected,
    /// From incoming, deferred, hold or errors
    #[arg(long, value_name = "PLACE", default_value = "errors")]
    from: Place,
    /// Yes, really all
    #[arg(long)]
    yes: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Named {
    /// Names of messages
    names: Vec<MessageName>,
    /// All that are there
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Rejected {
    /// Names of messages
    names: Vec<MessageName>,
    /// Those rejected for a reason, written `code: text`, that contains this
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// All that are there
    #[arg(long)]
    all: bool,
}

pub(super) fn retry(spool: &Path, args: &Retry) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let act = |which: &Which<'_>| operator.retry(which);
    let report = in_steps(&operator, Place::Errors, &args.which, act)?;
    tell(
        &operator,
        &report,
        "moved from errors to incoming",
        &args.which.names,
        args.json,
    )
}

pub(super) fn hold(spool: &Path, args: &Hold) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let which = args.which.as_rejected();
    let report = in_steps(&operator, Place::Incoming, &which, |which| operator.hold(which))?;
    tell(
        &operator,
        &report,
        "moved from incoming to hold",
        &which.names,
        args.json,
    )
}

pub(super) fn release(spool: &Path, args: &Release) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let which = args.which.as_rejected();
    let (report, what) = if args.deferred {
        let report = in_steps(&operator, Place::Deferred, &which, |which| operator.flush(which))?;
        (report, "moved from deferred to incoming")
    } else {
        let report = in_steps(&operator, Place::Hold, &which, |which| operator.release(which))?;
        (report, "moved from hold to incoming")
    };
    tell(&operator, &report, what, &which.names, args.json)
}

pub(super) fn drop(spool: &Path, args: &Drop) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    if args.which.all && !args.yes {
        let waiting = operator.list(&[args.from])?.len();
        let (place, name) = (args.from, name(&operator));
        let text = format!("this would remove all {waiting} messages in {place} of {name}; add --yes if that is meant");
        return Err(Failure::new(Code::Usage, text));
    }
    let act = |which: &Which<'_>| operator.discard(args.from, which);
    let report = in_steps(&operator, args.from, &args.which, act)?;
    if !args.json {
        for Moved { name, size, .. } in &report.done {
            output::line(format_args!("{}/{name}: {size} bytes", args.from))?;
        }
    }
    let what = format!("removed from {}", args.from);
    tell(&operator, &report, &what, &args.which.names, args.json)
}

impl Named {
    fn as_rejected(&self) -> Rejected {
        Rejected {
            names: self.names.clone(),
            reason: None,
            all: self.all,
        }
    }
}

/// Works on the messages in steps, so that a person sees how far it has come.
fn in_steps(
    operator: &Operator,
    place: Place,
    which: &Rejected,
    mut act: impl FnMut(&Which<'_>) -> Result<Report, Error>,
) -> Result<Report, Failure> {
    if let Some(reason) = &which.reason {
        return Ok(act(&Which::Reason(reason))?);
    }
    let names = if which.all {
        operator.list(&[place])?.into_iter().map(|entry| entry.name).collect()
    } else {
        which.names.clone()
    };
    // Drawn on stderr, and only on a terminal.
    let progress = if names.len() > CHUNK {
        ProgressBar::new(names.len() as u64)
    } else {
        ProgressBar::hidden()
    };
    let mut report = Report::default();
    for names in names.chunks(CHUNK) {
        let done = act(&Which::Names(names))?;
        report.done.extend(done.done);
        report.missing.extend(done.missing);
        progress.inc(names.len() as u64);
    }
    progress.finish_and_clear();
    Ok(report)
}

/// Reports what was done. Names that were asked for and are not there are a failure; what a consumer was faster to
/// take is not.
fn tell(operator: &Operator, report: &Report, what: &str, asked: &[MessageName], as_json: bool) -> Result<(), Failure> {
    if as_json {
        let done: Vec<_> = report
            .done
            .iter()
            .map(|moved| {
                let now = moved.now.as_ref().map(AsRef::as_ref);
                json!({ "name": moved.name.as_ref(), "now": now, "bytes": moved.size })
            })
            .collect();
        let missing: Vec<&str> = report.missing.iter().map(AsRef::as_ref).collect();
        output::json(&json!({ "queue": name(operator), "done": done, "missing": missing }))?;
    } else {
        output::line(format_args!("{} {what}", report.done.len()))?;
    }
    if asked.is_empty() || report.missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<&str> = report.missing.iter().map(AsRef::as_ref).collect();
    Err(Failure::new(
        Code::Failure,
        format_args!("not there: {}", missing.join(", ")),
    ))
}
