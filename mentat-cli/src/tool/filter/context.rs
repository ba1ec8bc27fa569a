//! Named values for filters, from a file.

use crate::exit::{Code, Failure};
use mentat_core::filter::{Context, IpSpan, Value};
use std::path::PathBuf;

/// Names that filters may use.
#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// TOML file of values that filters may use by name, as own_nets = ["192.0.2.0/24"]
    #[arg(long = "context", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Given {
    pub(super) fn load(&self) -> Result<Context, Failure> {
        let Some(path) = &self.file else {
            return Ok(Context::new());
        };
        let text = super::texts::content(path)?;
        let table: toml::Table = toml::from_str(&text)
            .map_err(|error| Failure::new(Code::Data, format_args!("{}: {error}", path.display())))?;
        named(table).map_err(|error| Failure::new(Code::Data, format_args!("{}: {error}", path.display())))
    }
}

/// The values of a table by name.
pub(super) fn named(table: toml::Table) -> Result<Context, String> {
    table
        .into_iter()
        .map(|(name, value)| {
            value_of(value)
                .map(|value| (name.clone(), value))
                .map_err(|error| format!("{name}: {error}"))
        })
        .collect()
}

/// Texts that are addresses, networks or ranges are such; TOML has its own times.
fn value_of(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => match text.parse::<IpSpan>() {
            Ok(span) => Value::Ip(span),
            Err(_) => Value::Str(text),
        },
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => mentat_core::filter::parse_timestamp(&time.to_string())
            .map(Value::Time)
            .map_err(|error| error.to_string())?,
        toml::Value::Array(items) => Value::List(items.into_iter().map(value_of).collect::<Result<_, _>>()?),
        toml::Value::Table(_) => return Err("a table is no value for filters".to_owned()),
    })
}
