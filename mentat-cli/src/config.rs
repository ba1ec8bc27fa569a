//! Reading configuration: defaults, then a directory, then a file, then the environment; later ones win, key by key.

use crate::exit::{Code, Failure};
use crate::settings::WITHOUT_EFFECT;
use serde::de::DeserializeOwned;
use serde::de::value::Error as Silent;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Prefix of environment variables that set a key.
const ENVIRONMENT: &str = "MENTAT_";

/// The keys of all sources with the place each came from.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    values: Map<String, Value>,
    origins: BTreeMap<String, String>,
    known: BTreeSet<&'static str>,
}

impl Loaded {
    /// Reads the common directory and the program's own file. A file or directory that was asked for by name must
    /// exist; the usual ones need not.
    pub(crate) fn read(dir: (&Path, Asked), file: (&Path, Asked)) -> Result<Self, Failure> {
        let mut loaded = Self::default();
        for path in files(dir.0, dir.1)? {
            loaded.add_file(&path)?;
        }
        match file.0.try_exists() {
            Ok(true) => loaded.add_file(file.0)?,
            Ok(false) if file.1 == Asked::No => {}
            Ok(false) => return Err(broken(file.0, "there is no such file")),
            Err(error) => return Err(broken(file.0, &error.to_string())),
        }
        Ok(loaded)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Failure> {
        let text = fs::read_to_string(path).map_err(|error| broken(path, &error.to_string()))?;
        let parsed = if path.extension().is_some_and(|extension| extension == "toml") {
            toml::from_str(&text).map_err(|error| error.to_string())
        } else {
            serde_json::from_str(&without_comments(&text)).map_err(|error| error.to_string())
        };
        let values: Map<String, Value> = parsed.map_err(|error| broken(path, &error))?;
        for (key, value) in values {
            // As in the reference, null means "not given".
            if !value.is_null() {
                self.set(key, value, path.display().to_string());
            }
        }
        Ok(())
    }

    /// Sets one key, as a command line does.
    pub(crate) fn set(&mut self, key: impl Into<String>, value: impl Into<Value>, origin: impl Into<String>) {
        let key = key.into();
        self.origins.insert(key.clone(), origin.into());
        self.values.insert(key, value.into());
    }

    /// Takes `MENTAT_<KEY>` from the environment for every key of a part. Values are JSON where they read as such,
    /// else text.
    pub(crate) fn add_environment(&mut self, keys: &[&str], environment: impl Fn(&str) -> Option<String>) {
        for key in keys {
            let name = format!("{ENVIRONMENT}{}", key.to_uppercase());
            if let Some(text) = environment(&name) {
                let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
                self.set(*key, value, format!("environment variable {name}"));
            }
        }
    }

    /// The part of the configuration that `T` describes.
    pub(crate) fn part<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        let fields = fields::<T>();
        self.known.extend(fields);
        let own: Map<String, Value> = self
            .values
            .iter()
            .filter(|(key, _)| fields.contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        serde_path_to_error::deserialize(Value::Object(own)).map_err(|error| {
            let path = error.path().to_string();
            let key = path.split(['.', '[']).next().unwrap_or_default();
            let origin = self.origins.get(key).map_or("configuration", String::as_str);
            Failure::new(Code::Config, format_args!("{origin}: {path}: {}", error.inner()))
        })
    }

    /// Every key that no part has claimed is a mistake, but for those that are known to have no effect: they are
    /// answered, to be reported.
    pub(crate) fn finish(&self) -> Result<Vec<String>, Failure> {
        let mut idle = Vec::new();
        let mut wrong = Vec::new();
        for (key, origin) in &self.origins {
            if self.known.contains(key.as_str()) {
                continue;
            }
            if WITHOUT_EFFECT.contains(&key.as_str()) {
                idle.push(format!("{origin}: '{key}' has no effect"));
                continue;
            }
            let near = self
                .known
                .iter()
                .map(|known| (strsim::damerau_levenshtein(known, key), known))
                .min()
                .filter(|(distance, _)| *distance <= 3)
                .map_or_else(String::new, |(_, known)| format!(" (did you mean '{known}'?)"));
            wrong.push(format!("{origin}: unknown key '{key}'{near}"));
        }
        if wrong.is_empty() {
            Ok(idle)
        } else {
            Err(Failure::new(Code::Config, wrong.join("\n       ")))
        }
    }
}

/// Whether a path was given by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Yes,
    No,
}

fn broken(path: &Path, text: &str) -> Failure {
    Failure::new(Code::Config, format_args!("{}: {text}", path.display()))
}

/// The configuration files of a directory, in order of name.
fn files(dir: &Path, asked: Asked) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && asked == Asked::No => return Ok(Vec::new()),
        Err(error) => return Err(broken(dir, &error.to_string())),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| broken(dir, &error.to_string()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && (name.ends_with(".json.conf") || name.ends_with(".toml")) {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// Comment lines become empty ones: positions in messages stay right.
fn without_comments(text: &str) -> String {
    let kept = text.lines().map(|line| {
        let start = line.trim_start();
        if start.starts_with('#') || start.starts_with("//") {
            ""
        } else {
            line
        }
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// The keys that a struct reads, asked of its own `Deserialize`.
pub(crate) fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Ask<'a>(&'a mut &'static [&'static str]);
    impl<'de> serde::Deserializer<'de> for Ask<'_> {
        type Error = Silent;
        fn deserialize_any<V: serde::de::Visitor<'de>>(self, _: V) -> Result<V::Value, Silent> {
            Err(serde::de::Error::custom("only structs have fields"))
        }
        fn deserialize_struct<V: serde::de::Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Silent> {
            *self.0 = fields;
            Err(serde::de::Error::custom("asked for the fields only"))
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut found: &'static [&'static str] = &[];
    // The error is the way out, not a failure.
    let _ = T::deserialize(Ask(&mut found));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DaemonConfig;

    fn load(files: &[(&str, &str)]) -> Result<(DaemonConfig, Vec<String>), String> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let here = format!("{}/", dir.path().display());
        let text = |failure: Failure| match failure {
            Failure::Message(Code::Config, text) => text.replace(&here, ""),
            other => panic!("{other:?}"),
        };
        let own = dir.path().join("own.conf");
        let mut loaded = Loaded::read((dir.path(), Asked::Yes), (&own, Asked::No)).map_err(text)?;
        let config = loaded.part().map_err(text)?;
        let idle = loaded.finish().map_err(text)?;
        Ok((config, idle.into_iter().map(|line| line.replace(&here, "")).collect()))
    }

    #[test]
    fn later_files_win_and_comments_are_passed_over() {
        let (config, idle) = load(&[
            (
                "a.json.conf",
                "# first\n{\"queue_out_limit\": 1, \"log_level\": \"debug\", \"debug\": true}",
            ),
            ("b.toml", "queue_out_limit = 2\nqueue_in_wait = 1"),
            (
                "own.conf",
                "  // own\n{\"queue_out_dir\": \"next\", \"log_level\": null}",
            ),
        ])
        .unwrap();
        assert_eq!(
            (config.queue_out_limit, config.queue_in_wait, config.log_level.as_str()),
            (2, 1.0, "debug")
        );
        assert_eq!(config.queue_out_dir.unwrap().as_str(), "next");
        assert_eq!(idle, ["a.json.conf: 'debug' has no effect"]);
    }

    #[test]
    fn mistakes_name_file_and_place() {
        let check = |text: &str, expected: &str| {
            assert_eq!(load(&[("own.conf", text)]).map(|_| ()).unwrap_err(), expected);
        };
        check(
            "# c\n{\"queue_out_limit\" 1}",
            "own.conf: expected `:` at line 2 column 20",
        );
        check(
            "{\"queue_out_limit\": \"many\"}",
            "own.conf: queue_out_limit: invalid type: string \"many\", expected usize",
        );
        check(
            "{\"queue_out_limits\": 1}",
            "own.conf: unknown key 'queue_out_limits' (did you mean 'queue_out_limit'?)",
        );
    }

    #[test]
    fn the_environment_wins_over_files() {
        let mut loaded = Loaded::default();
        loaded.set("queue_out_limit", 1, "file");
        loaded.add_environment(fields::<DaemonConfig>(), |name| match name {
            "MENTAT_QUEUE_OUT_LIMIT" => Some("7".into()),
            "MENTAT_QUEUE_OUT_DIR" => Some("next".into()),
            _ => None,
        });
        let config: DaemonConfig = loaded.part().unwrap();
        assert_eq!(
            (config.queue_out_limit, config.queue_out_dir.unwrap().as_str()),
            (7, "next")
        );
    }
}
