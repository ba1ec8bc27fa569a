//! `mentat queue errors`.

use super::{name, open};
use crate::exit::Failure;
use crate::output;
use mentat_core::queue::{Operator, ReasonCount};
use serde_json::{Value, json};
use std::path::Path;

/// Why messages were rejected, counted by reason
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue errors mentat-storage
  mentat queue errors mentat-storage --list       one line for each message
  mentat queue errors mentat-storage --list --json | jq '.messages[].code'")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// Every message with its reason instead of counts
    #[arg(long)]
    list: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    if args.list {
        list(&operator, args.json)
    } else {
        count(&operator, args.json)
    }
}

fn count(operator: &Operator, as_json: bool) -> Result<(), Failure> {
    let reasons = operator.reasons()?;
    let total: usize = reasons.iter().map(|reason| reason.count).sum();
    if as_json {
        let listed = |reason: &ReasonCount| {
            json!({
                "code": reason.code, "count": reason.count,
                "example": { "name": reason.example.as_ref(), "text": reason.text },
            })
        };
        let reasons: Vec<Value> = reasons.iter().map(listed).collect();
        return output::json(&json!({ "queue": name(operator), "total": total, "reasons": reasons }));
    }
    output::line(format_args!("{:>8}  {:<24} example", "messages", "reason"))?;
    for reason in reasons {
        let code = reason.code.as_deref().unwrap_or("(none given)");
        let (name, text) = (&reason.example, first_line(&reason.text));
        let line = format!("{:>8}  {code:<24} {name}: {text}", reason.count);
        output::line(line.trim_end_matches([' ', ':']))?;
    }
    Ok(())
}

fn list(operator: &Operator, as_json: bool) -> Result<(), Failure> {
    let failed = operator.queue().errors()?;
    if as_json {
        let messages: Vec<Value> = failed
            .iter()
            .map(|failed| {
                let (code, text) = failed.reason().unzip();
                json!({ "name": failed.name.as_ref(), "path": failed.path, "code": code, "text": text })
            })
            .collect();
        return output::json(&json!({ "queue": name(operator), "total": failed.len(), "messages": messages }));
    }
    for failed in failed {
        let reason = failed.reason();
        let (code, text) = reason.unwrap_or_else(|| ("(no reason given)".to_owned(), String::new()));
        let line = format!("{}: {code}: {}", failed.name, first_line(&text));
        output::line(line.trim_end_matches([' ', ':']))?;
    }
    Ok(())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
