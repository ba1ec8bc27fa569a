//! `mentat queue show`.

use super::list::as_json;
use super::{age, name, open};
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::queue::{MessageName, Operator};
use serde_json::{Value, json};
use std::path::Path;

/// The contents of a message, wherever it is, and why it was rejected
///
/// The contents go to stdout, everything else to stderr.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue show mentat-storage message.idea
  mentat queue show mentat-storage message.idea | mentat idea normalise --pretty
  mentat queue show mentat-storage message.idea --json")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// The message's name
    name: MessageName,
    /// Largest message to show, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    max: u64,
    /// As one JSON object: the message in each of the places where it is
    #[arg(long)]
    json: bool,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let mut shown = Vec::new();
    for entry in operator.find(&args.name)? {
        let Some(bytes) = operator.read(&entry, args.max)? else {
            continue;
        };
        let sidecar = operator.sidecar(&entry);
        if !args.json {
            let (place, size, age) = (entry.place, entry.size, age(entry.modified));
            output::note(format_args!("{place}/{}: {size} bytes, {age} s old", entry.name));
            if let Some(sidecar) = &sidecar {
                output::note(sidecar.trim_end());
            }
            output::bytes(bytes.trim_ascii_end())?;
        }
        let sidecar = sidecar.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        shown.push(json!({
            "message": as_json(&entry),
            "text": String::from_utf8_lossy(&bytes),
            "utf8": std::str::from_utf8(&bytes).is_ok(),
            "sidecar": sidecar,
        }));
    }
    if shown.is_empty() {
        return Err(missing(&operator, &args.name));
    }
    if args.json {
        return output::json(&json!({ "queue": name(&operator), "found": shown }));
    }
    Ok(())
}

fn missing(operator: &Operator, name: &MessageName) -> Failure {
    let dir = operator.queue().dir().display().to_string();
    Failure::new(Code::Failure, format_args!("there is no message '{name}' in {dir}"))
}
