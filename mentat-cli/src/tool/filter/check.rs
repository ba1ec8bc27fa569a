//! `mentat filter check`.

use super::context;
use super::texts::{Reading, Texts};
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::filter::{Diagnostic, Severity, Style};
use mentat_core::idea::filter_schema;
use std::io::IsTerminal;

/// Say what is wrong with filters, where, and how to mend it; exit code 65 if there is an error
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Errors make a filter unusable, or certain to fail; warnings tell of what is probably not meant.

Examples:
  mentat filter check \"Target.Port = '22'\"
  mentat filter check --deny-warnings --lines --file rules.txt
  mentat filter check --json < new.filter"
)]
pub(super) struct Args {
    #[command(flatten)]
    texts: Texts,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    context: context::Given,
    /// Warnings count as errors
    #[arg(long)]
    deny_warnings: bool,
    /// One JSON object for each filter: name, text, valid, canonical, cost, diagnostics
    #[arg(long)]
    json: bool,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let context = args.context.load()?;
    let (mut total, mut bad) = (0_u64, 0_u64);
    for text in args.texts.read()? {
        total += 1;
        let (filter, diagnostics) = match args.reading.parse(&text.text) {
            Ok(filter) => {
                let diagnostics = filter.check(filter_schema(), &context);
                (Some(filter), diagnostics)
            }
            Err(diagnostics) => (None, diagnostics),
        };
        let counts = |diagnostic: &&Diagnostic| args.deny_warnings || diagnostic.severity == Severity::Error;
        let valid = diagnostics.iter().find(counts).is_none();
        bad += u64::from(!valid);
        if args.json {
            let listed: Vec<String> = diagnostics
                .iter()
                .map(|diagnostic| diagnostic.to_json(&text.text))
                .collect();
            let listed: Result<Vec<serde_json::Value>, _> =
                listed.iter().map(|text| serde_json::from_str(text)).collect();
            let verdict = serde_json::json!({
                "name": text.to_string(), "text": text.text, "valid": valid,
                "canonical": filter.as_ref().map(ToString::to_string),
                "cost": filter.as_ref().map(|filter| filter.cost().steps()),
                "diagnostics": listed.map_err(|error| Failure::new(Code::Failure, error))?,
            });
            output::line(verdict)?;
            continue;
        }
        for diagnostic in &diagnostics {
            let rendered = diagnostic.render(&text.text, style(&std::io::stdout()));
            output::line(format_args!("{text}: {rendered}\n"))?;
        }
    }
    if !args.json {
        output::note(format_args!("{} of {total} filters are good", total - bad));
    }
    if bad > 0 {
        return Err(Failure::new(
            Code::Data,
            format_args!("{bad} of {total} filters are not good"),
        ));
    }
    Ok(())
}

/// Colours for terminals, unless `NO_COLOR` asks for none.
pub(super) fn style(stream: &impl IsTerminal) -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && stream.is_terminal() {
        Style::Coloured
    } else {
        Style::Plain
    }
}
