//! `mentat idea convert`: events from and to the formats of neighbouring systems.

use super::input::{Message, Messages};
use super::{Reading, listed, verdict};
use crate::exit::{Code, Failure};
use crate::output;
use clap::ValueEnum;
use mentat_core::Event;
use mentat_core::bridge::{BridgeError, cef, ecs, intelmq, xarf};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Translate events from and to other formats, one text a line
///
/// One event becomes one text of IDEA or ECS, one of X-ARF for each source, and one of IntelMQ or CEF for each pair of
/// source and target. What has no counterpart in the other format is named on stderr; the exit code is then 65.
///
/// An IntelMQ event has no ID of IDEA's. It is given a UUID made of its own text: the same text converted again has
/// the same ID, so that storing both makes one row.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat idea convert --from intelmq --to idea feed.jsonl
  mentat idea convert --to ecs spool/ > for-elasticsearch.jsonl
  mentat events search --json | mentat idea convert --to cef -
  mentat idea convert --to xarf --reporter-org 'Example CSIRT' \\
      --reporter-email abuse@example.org --reporter-domain example.org events.jsonl")]
pub(super) struct Args {
    /// What the input is
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = From::Idea)]
    from: From,
    /// What the output is to be
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: To,
    #[command(flatten)]
    reading: Reading,
    /// Make at most that many texts of one event [default: 1000; of X-ARF 100]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// One JSON object for each event: file, line, id, converted, texts, left_off, problems, warnings
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reporter: Reporter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// IDEA events
    Idea,
    /// IntelMQ events
    Intelmq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// IDEA events, canonical
    Idea,
    /// IntelMQ events
    Intelmq,
    /// X-ARF 4 abuse reports
    Xarf,
    /// ArcSight Common Event Format
    Cef,
    /// Elastic Common Schema 8
    Ecs,
}

/// Who makes X-ARF reports.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "X-ARF reports")]
struct Reporter {
    /// The organisation that reports
    #[arg(long, value_name = "NAME")]
    reporter_org: Option<String>,
    /// Its mail address
    #[arg(long, value_name = "ADDRESS")]
    reporter_email: Option<String>,
    /// Its domain
    #[arg(long, value_name = "DOMAIN")]
    reporter_domain: Option<String>,
    /// Also make reports without the port or mail address that the format demands, where the event has none
    #[arg(long)]
    practical: bool,
}

/// The format to write, with what it must know.
enum Writer {
    Idea,
    Intelmq(intelmq::Options),
    Xarf(xarf::Reporter),
    Cef(cef::Device),
    Ecs,
}

impl Writer {
    fn new(args: &Args) -> Result<Self, Failure> {
        Ok(match args.to {
            To::Idea => Self::Idea,
            To::Intelmq => {
                let mut options = intelmq::Options::default();
                options.max_texts = args.limit.unwrap_or(options.max_texts);
                Self::Intelmq(options)
            }
            To::Xarf => {
                let mut reporter = args.reporter.get()?;
                reporter.max_reports = args.limit.unwrap_or(reporter.max_reports);
                Self::Xarf(reporter)
            }
            To::Cef => {
                let mut device = cef::Device::default();
                device.max_lines = args.limit.unwrap_or(device.max_lines);
                Self::Cef(device)
            }
            To::Ecs => Self::Ecs,
        })
    }

    /// The texts of an event, and how many more there would be without the limit.
    fn texts(&self, event: &Event) -> Result<(Vec<String>, u64), BridgeError> {
        let exported = match self {
            Self::Idea => return Ok((vec![event.to_json()], 0)),
            Self::Ecs => return Ok((vec![ecs::from_idea(event)], 0)),
            Self::Intelmq(options) => intelmq::from_idea(event, options),
            Self::Xarf(reporter) => xarf::from_idea(event, reporter)?,
            Self::Cef(device) => cef::from_idea(event, device),
        };
        Ok((exported.texts, exported.left_off))
    }
}

impl Reporter {
    fn get(&self) -> Result<xarf::Reporter, Failure> {
        let (Some(org), Some(email), Some(domain)) = (&self.reporter_org, &self.reporter_email, &self.reporter_domain)
        else {
            return Err(Failure::new(
                Code::Usage,
                "an X-ARF report names who reports: give --reporter-org, --reporter-email and --reporter-domain",
            ));
        };
        let mut reporter = xarf::Reporter::new(org, email, domain);
        if self.practical {
            reporter.conformance = xarf::Conformance::Practical;
        }
        reporter.check().map_err(|error| Failure::new(Code::Usage, error))?;
        Ok(reporter)
    }
}

/// Why a message has not become anything else: for programs and for people.
struct Refusal {
    problems: Vec<Value>,
    text: String,
}

impl Refusal {
    fn bridge(error: &BridgeError) -> Self {
        let rule = match error {
            BridgeError::NoCounterpart { .. } => "no_counterpart",
            BridgeError::Field { .. } => "bad_field",
            _ => "bad_text",
        };
        Self {
            problems: vec![json!({ "pointer": error.path(), "rule": rule, "text": error.to_string() })],
            text: format!("{error} [{rule}]"),
        }
    }
}

/// What became of an event.
struct Converted {
    event: Event,
    texts: Vec<String>,
    left_off: u64,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let writer = Writer::new(args)?;
    let (mut total, mut refused, mut written, mut left_off) = (0_u64, 0_u64, 0_usize, 0_u64);
    Messages::new(&args.reading.paths).each(&mut |message: Message<'_>| {
        total += 1;
        let outcome = convert(args, &writer, message.bytes);
        match &outcome {
            Ok(converted) => {
                written += converted.texts.len();
                left_off += converted.left_off;
            }
            Err(_) => refused += 1,
        }
        match outcome {
            outcome if args.json => output::line(said(&message, outcome)),
            Ok(converted) => converted.texts.iter().try_for_each(output::line),
            Err(refusal) => {
                output::note(format_args!("{message}: {}", refusal.text));
                Ok(())
            }
        }
    })?;
    if !args.json {
        let converted = total - refused;
        output::note(format_args!("{converted} of {total} events became {written} texts"));
        if left_off > 0 {
            output::note(format_args!("{left_off} more texts were left off, see --limit"));
        }
    }
    verdict(refused, total, "were not converted")
}

fn convert(args: &Args, writer: &Writer, bytes: &[u8]) -> Result<Converted, Refusal> {
    let event = match args.from {
        From::Idea => Event::parse_with(bytes, &args.reading.options()).map_err(|invalid| Refusal {
            problems: listed(invalid.problems()),
            text: invalid.to_string(),
        }),
        From::Intelmq => from_intelmq(bytes).map_err(|error| Refusal::bridge(&error)),
    }?;
    let (texts, left_off) = writer.texts(&event).map_err(|error| Refusal::bridge(&error))?;
    Ok(Converted { event, texts, left_off })
}

fn from_intelmq(bytes: &[u8]) -> Result<Event, BridgeError> {
    // One text a line or a file of its own: it is the same text.
    let bytes = bytes.trim_ascii();
    let text = std::str::from_utf8(bytes).map_err(|error| BridgeError::Text {
        cause: format!("not UTF-8 from byte {} on", error.valid_up_to()),
    })?;
    intelmq::to_idea(text, &id_of(text), &intelmq::Options::default())
}

/// A UUID of version 8 (RFC 9562) made of a text: the first bits of its SHA-256, so that nobody can make two texts of
/// which one hides the other.
fn id_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hash = digest
        .iter()
        .take(16)
        .fold(0, |hash, byte| hash << 8 | u128::from(*byte));
    let bits = hash & !(0xf << 76) & !(0b11 << 62) | 0x8 << 76 | 0b10 << 62;
    let mut id = format!("{bits:032x}");
    for at in [20, 16, 12, 8] {
        id.insert(at, '-');
    }
    id
}

fn said(message: &Message<'_>, outcome: Result<Converted, Refusal>) -> Value {
    match outcome {
        Ok(Converted { event, texts, left_off }) => json!({
            "file": message.file, "line": message.line, "id": event.id(), "converted": true,
            "texts": texts, "left_off": left_off, "problems": [], "warnings": listed(event.warnings()),
        }),
        Err(Refusal { problems, .. }) => json!({
            "file": message.file, "line": message.line, "id": null, "converted": false,
            "texts": [], "left_off": 0, "problems": problems, "warnings": [],
        }),
    }
}
