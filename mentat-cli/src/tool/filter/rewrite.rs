//! `mentat filter fmt` and `mentat filter convert`.

use super::check::style;
use super::texts::{Dialect, Text, Texts, parse};
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::filter::Diagnostic;
use std::io;

/// Print filters in canonical form
#[derive(Debug, clap::Args)]
#[command(after_help = "Comments are not kept.

Examples:
  mentat filter fmt \"(a==1)AND not (b)\"            a == 1 and not b
  mentat filter fmt --pretty --width 80 --file long.filter")]
pub(super) struct FmtArgs {
    #[command(flatten)]
    texts: Texts,
    /// The language
    #[arg(long, value_enum, default_value_t = Dialect::Ransack)]
    dialect: Dialect,
    /// Over several lines where one is not enough
    #[arg(long)]
    pretty: bool,
    /// The longest line of the pretty form
    #[arg(long, default_value_t = 100, value_name = "CHARACTERS")]
    width: usize,
    /// One JSON object for each filter: name, text, canonical or diagnostics
    #[arg(long)]
    json: bool,
}

pub(super) fn fmt(args: &FmtArgs) -> Result<(), Failure> {
    each(&args.texts, args.json, &|text| {
        let filter = parse(&text.text, args.dialect)?;
        Ok(if args.pretty {
            filter.pretty(args.width)
        } else {
            filter.to_string()
        })
    })
}

/// Translate filters of the legacy dialect pynspect
///
/// The translation is true for the same events, or is refused with the reason.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat filter convert \"Category in ['Recon.Scanning'] and ConnCount > 5\"
  mentat filter convert --lines --file old-rules.txt --json")]
pub(super) struct ConvertArgs {
    #[command(flatten)]
    texts: Texts,
    /// One JSON object for each filter: name, text, canonical or diagnostics
    #[arg(long)]
    json: bool,
}

pub(super) fn convert(args: &ConvertArgs) -> Result<(), Failure> {
    each(&args.texts, args.json, &|text| {
        let filter = parse(&text.text, Dialect::Pynspect)?;
        let converted = filter
            .convert(mentat_core::filter::Dialect::Ransack)
            .map_err(|errors| errors.diagnostics())?;
        Ok(converted.to_string())
    })
}

type Rewrite<'a> = &'a dyn Fn(&Text) -> Result<String, Vec<Diagnostic>>;

fn each(texts: &Texts, json: bool, rewrite: Rewrite<'_>) -> Result<(), Failure> {
    let (mut total, mut refused) = (0_u64, 0_u64);
    for text in texts.read()? {
        total += 1;
        let result = rewrite(&text);
        refused += u64::from(result.is_err());
        match result {
            _ if json => {
                let (canonical, wrong) = match result {
                    Ok(canonical) => (Some(canonical), Vec::new()),
                    Err(wrong) => (None, wrong),
                };
                let wrong: Result<Vec<serde_json::Value>, _> = wrong
                    .iter()
                    .map(|diagnostic| serde_json::from_str(&diagnostic.to_json(&text.text)))
                    .collect();
                output::line(serde_json::json!({
                    "name": text.to_string(), "text": text.text, "canonical": canonical,
                    "diagnostics": wrong.map_err(|error| Failure::new(Code::Failure, error))?,
                }))?;
            }
            Ok(canonical) => output::line(canonical)?,
            Err(wrong) => {
                for diagnostic in wrong {
                    let rendered = diagnostic.render(&text.text, style(&io::stderr()));
                    output::note(format_args!("{text}: {rendered}\n"));
                }
            }
        }
    }
    if refused > 0 {
        return Err(Failure::new(
            Code::Data,
            format_args!("{refused} of {total} filters were refused"),
        ));
    }
    Ok(())
}
