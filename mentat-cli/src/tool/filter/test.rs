//! `mentat filter test`: unit tests of rules.

use super::context;
use super::texts::{Dialect, parse, told};
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::Event;
use mentat_core::filter::{Clock, Program, parse_timestamp};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Run unit tests of rules; exit code 1 if one fails
#[derive(Debug, clap::Args)]
#[command(after_help = "A file of tests:

  [context]                          # values that filters may use by name
  own_nets = [\"192.0.2.0/24\"]

  [[rule]]
  name = \"ssh\"
  filter = \"Target.Port?? [] = 22 and Source.IP4?? [] in own_nets\"
  # dialect = \"pynspect\"             # default: ransack
  # lenient = true                   # default: false

  [[rule.test]]
  name = \"from our own network\"
  event = '''{\"Source\": [{\"IP4\": [\"192.0.2.7\"]}], \"Target\": [{\"Port\": [22]}]}'''
  matches = true
  # now = \"2026-01-01T00:00:00Z\"     # what now() answers

  [[rule.test]]
  event = { Target = [{ Port = [22] }] }
  matches = false                    # or: error = \"F0301\"

Examples:
  mentat filter test rules.test.toml
  mentat filter test --json tests/*.toml")]
pub(super) struct Args {
    /// Files of tests
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One JSON object for each test: file, rule, test, passed, expected, got
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    #[serde(default)]
    context: toml::Table,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    filter: String,
    #[serde(default)]
    dialect: Language,
    #[serde(default)]
    lenient: bool,
    #[serde(default, rename = "test")]
    tests: Vec<Test>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    #[default]
    Ransack,
    Pynspect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    #[serde(default)]
    name: Option<String>,
    event: Given,
    #[serde(default)]
    matches: Option<bool>,
    /// The code of the error that the evaluation must end with.
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    now: Option<String>,
}

/// An event as JSON text or as a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Json(String),
    Table(toml::Table),
}

/// What came out of a test.
struct Outcome {
    expected: String,
    got: String,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let (mut total, mut failed) = (0_u64, 0_u64);
    for path in &args.files {
        let wrong = |error: String| Failure::new(Code::Data, format_args!("{}: {error}", path.display()));
        let suite: Suite = toml::from_str(&super::texts::content(path)?).map_err(|error| wrong(error.to_string()))?;
        let context = context::named(suite.context).map_err(|error| wrong(format!("context: {error}")))?;
        for rule in &suite.rules {
            let program = rule
                .program(&context)
                .map_err(|text| wrong(format!("rule '{}': {text}", rule.name)))?;
            for (at, test) in rule.tests.iter().enumerate() {
                let name = test.name.clone().unwrap_or_else(|| format!("test {}", at + 1));
                let outcome = test
                    .run(&program)
                    .map_err(|text| wrong(format!("rule '{}', {name}: {text}", rule.name)))?;
                total += 1;
                failed += u64::from(outcome.expected != outcome.got);
                report(args, path, &rule.name, &name, &outcome)?;
            }
        }
    }
    if !args.json {
        output::note(format_args!("{} of {total} tests passed", total - failed));
    }
    match (total, failed) {
        (0, _) => Err(Failure::new(Code::Data, "there are no tests in these files")),
        (_, 0) => Ok(()),
        _ => Err(Failure::new(
            Code::Failure,
            format_args!("{failed} of {total} tests failed"),
        )),
    }
}

fn report(args: &Args, path: &Path, rule: &str, test: &str, outcome: &Outcome) -> Result<(), Failure> {
    let Outcome { expected, got } = outcome;
    let passed = expected == got;
    if args.json {
        return output::line(serde_json::json!({
            "file": path.display().to_string(), "rule": rule, "test": test,
            "passed": passed, "expected": expected, "got": got,
        }));
    }
    if passed {
        return output::line(format_args!("ok      {rule}: {test}"));
    }
    output::line(format_args!("FAILED  {rule}: {test}: expected {expected}, got {got}"))
}

impl Rule {
    fn program(&self, context: &mentat_core::filter::Context) -> Result<Program<Event>, String> {
        let dialect = match self.dialect {
            Language::Ransack => Dialect::Ransack,
            Language::Pynspect => Dialect::Pynspect,
        };
        let told = |wrong: &[_]| format!("the filter cannot be used\n\n{}", told(&self.filter, wrong));
        let filter = parse(&self.filter, dialect).map_err(|wrong| told(&wrong))?;
        let filter = if self.lenient { filter.lenient() } else { filter };
        filter.compile(context).map_err(|errors| told(&errors.diagnostics()))
    }
}

impl Test {
    fn run(&self, program: &Program<Event>) -> Result<Outcome, String> {
        let expected = match (self.matches, &self.error) {
            (Some(true), None) => "a match".to_owned(),
            (Some(false), None) => "no match".to_owned(),
            (None, Some(code)) => format!("error {code}"),
            _ => return Err("a test says either `matches` or `error`".to_owned()),
        };
        let json = match &self.event {
            Given::Json(text) => text.clone(),
            Given::Table(table) => serde_json::to_string(table).map_err(|error| error.to_string())?,
        };
        let event = Event::parse(json.as_bytes()).map_err(|invalid| format!("no event: {invalid}"))?;
        let clock = match &self.now {
            Some(text) => Clock::at(parse_timestamp(text).map_err(|error| format!("now: {error}"))?),
            None => Clock::system(),
        };
        let got = match program.matches(&event, &clock) {
            Ok(true) => "a match".to_owned(),
            Ok(false) => "no match".to_owned(),
            Err(error) => format!("error {}", error.code()),
        };
        Ok(Outcome { expected, got })
    }
}
