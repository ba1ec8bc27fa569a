//! `mentat idea gen`, also called `mentat-ideagen`: made-up events for tests and load.

use crate::exit::{Code, Failure};
use crate::output;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use indicatif::ProgressBar;
use jiff::Timestamp;
use mentat_core::filter::parse_timestamp;
use mentat_core::generate::{Generator, Options as Events, Profile};
use mentat_core::queue::{Options, Queue};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Messages that enter a queue together.
const BATCH: u64 = 500;

/// Make realistic events
///
/// Event number n depends on profile, seed and n only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat idea gen --count 1000 --seed 7 > load.jsonl
  mentat idea gen --profile burst --count 0 --rate 500 --realtime --queue spool/mentat-inspector
  mentat-ideagen --profile hostile --count 100 | mentat idea validate --mode strict")]
pub(crate) struct Args {
    /// How many; 0 is no end
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// Which kinds of events, and how often
    #[arg(long, value_name = "NAME", default_value_t, value_parser = profiles().try_map(|name| name.parse::<Profile>()))]
    profile: Profile,
    /// Number of the first event, to make a series in parts
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Another seed makes other events
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// When the first event was detected
    #[arg(long, value_name = "TIME", value_parser = time)]
    start: Option<Timestamp>,
    /// Events detected per second
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    rate: f64,
    /// Also write no more than that many per second of real time
    #[arg(long)]
    realtime: bool,
    /// Share of events that repeat an earlier one, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    duplicates: f64,
    /// Share of messages that are no valid events, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    invalid: f64,
    /// Put them into this queue directory instead of writing them to stdout
    #[arg(long, value_name = "DIR")]
    queue: Option<PathBuf>,
}

fn profiles() -> PossibleValuesParser {
    let listed = Profile::ALL.map(|profile| {
        let value = PossibleValue::new(profile.name()).help(profile.summary());
        if profile == Profile::Tiny {
            value.alias("small")
        } else {
            value
        }
    });
    listed.into()
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_timestamp(text).map_err(|error| error.to_string())
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    if !(args.rate > 0.0 && args.rate.is_finite()) {
        return Err(Failure::new(Code::Usage, "--rate must be above 0"));
    }
    let mut options = Events::default();
    options.profile = args.profile;
    options.seed = args.seed;
    options.rate = args.rate;
    options.start = args.start.unwrap_or(options.start);
    options.duplicates = args.duplicates;
    options.invalid = args.invalid;
    let generator = Generator::new(options);
    let queue = args
        .queue
        .as_ref()
        .map(|dir| Queue::open(dir, Options::default()))
        .transpose()?;
    let end = if args.count == 0 {
        u64::MAX
    } else {
        args.first.saturating_add(args.count)
    };
    // Where output goes to the terminal, a bar would stand in its way.
    let bar = if queue.is_some() && args.count > 0 {
        ProgressBar::new(args.count)
    } else {
        ProgressBar::hidden()
    };
    let batch = if args.realtime { 1 } else { BATCH };
    let begin = Instant::now();
    let mut next = args.first;
    while next < end {
        let stop = end.min(next.saturating_add(batch));
        let messages: Vec<String> = (next..stop).map(|index| generator.message(index)).collect();
        if args.realtime {
            #[expect(clippy::cast_precision_loss, reason = "pacing needs no exact number")]
            let due = Duration::from_secs_f64((next - args.first) as f64 / args.rate);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        match &queue {
            Some(queue) => {
                let bytes: Vec<&[u8]> = messages.iter().map(String::as_bytes).collect();
                queue.enqueue_all(&bytes)?;
            }
            None => messages.iter().try_for_each(output::line)?,
        }
        bar.inc(stop - next);
        next = stop;
    }
    bar.finish_and_clear();
    Ok(())
}
