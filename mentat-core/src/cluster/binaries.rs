//! Where the installed PostgreSQL server programs are.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{Error, Kind};

/// A directory that holds the server programs of one PostgreSQL version.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    dir: PathBuf,
}

/// Without all of these a directory is a client installation, or a broken one.
const REQUIRED: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// Where distributions put the programs of each major version: the directory that is listed, what stands before
/// the number, what follows it. Debian first; these directories are not on PATH there.
const VERSIONED: [(&str, &str, &str); 4] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/usr/libexec", "postgresql", ""),
];

/// Looked through when the caller gives no search path.
const USUAL_PATH: &str = "/usr/local/pgsql/bin:/usr/local/bin:/usr/bin:/bin";

impl Binaries {
    /// Finds the programs: in the directory given, else in the versioned directories of distributions (highest
    /// number first), else where `pg_config` says, else on the search path.
    pub(super) fn find(given: Option<&Path>, search_path: Option<&OsStr>) -> Result<Self, Error> {
        if let Some(dir) = given {
            return Self::at(dir).ok_or_else(|| {
                missing(format!(
                    "no PostgreSQL server programs (initdb, postgres, pg_ctl) in {}",
                    dir.display()
                ))
            });
        }
        let search = search_path.unwrap_or(OsStr::new(USUAL_PATH));
        VERSIONED
            .iter()
            .flat_map(|(parent, prefix, suffix)| versioned(Path::new(parent), prefix, suffix))
            .chain(std::iter::once_with(|| told_by_pg_config(search)).flatten())
            .chain(std::env::split_paths(search))
            .find_map(|dir| Self::at(&dir))
            .ok_or_else(|| missing("PostgreSQL server programs (initdb, postgres, pg_ctl) not found".to_owned()))
    }

    /// The directory if it holds all that is needed. Links are resolved, because the programs look for their
    /// libraries beside their own file.
    fn at(dir: &Path) -> Option<Self> {
        if !dir.is_absolute() || !REQUIRED.iter().all(|name| dir.join(name).is_file()) {
            return None;
        }
        let program = fs::canonicalize(dir.join("postgres")).ok()?;
        let dir = program.parent()?.to_path_buf();
        REQUIRED
            .iter()
            .all(|name| dir.join(name).is_file())
            .then_some(Self { dir })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The major version of the programs.
    pub(super) fn major(&self) -> Result<u32, Error> {
        let program = self.program("postgres");
        let output = Command::new(&program)
            .arg("--version")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| Error::io("run", &program, cause))?;
        // "postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)", or "17beta1".
        let text = String::from_utf8_lossy(&output.stdout);
        text.split_once("(PostgreSQL) ")
            .and_then(|(_, rest)| leading_number(rest))
            .ok_or_else(|| {
                Error::new(
                    Kind::Server,
                    format!("{} --version answers nothing useful: {text:?}", program.display()),
                )
            })
    }

    /// Where the programs of another major version are, or would be: next to these if the number is in the path.
    pub(super) fn of_version(&self, mine: u32, other: u32) -> PathBuf {
        let (mine, other) = (mine.to_string(), other.to_string());
        let mut replaced = false;
        let path = self
            .dir
            .components()
            .map(|part| match part.as_os_str().to_str() {
                Some(name) if !replaced && name.ends_with(&mine) => {
                    replaced = true;
                    PathBuf::from(format!("{}{other}", name.trim_end_matches(&mine)))
                }
                _ => PathBuf::from(part.as_os_str()),
            })
            .collect::<PathBuf>();
        if replaced {
            path
        } else {
            PathBuf::from(format!("/usr/lib/postgresql/{other}/bin"))
        }
    }
}

/// The number a text starts with.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

fn missing(message: String) -> Error {
    Error::new(Kind::MissingServer, message).with_hint(
        "install the package `postgresql`, name the directory of the programs, or give the URL of another database",
    )
}

/// The directories `parent/prefix<number>/suffix`, highest number first.
fn versioned(parent: &Path, prefix: &str, suffix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(suffix)))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, path)| path).collect()
}

/// `pg_config` belongs to the development package, so its absence means nothing.
fn told_by_pg_config(search: &OsStr) -> Option<PathBuf> {
    let program = std::env::split_paths(search)
        .map(|dir| dir.join("pg_config"))
        .find(|path| path.is_file())?;
    let output = Command::new(program)
        .arg("--bindir")
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names_and_texts() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9.6", "13", "9", "15", "archive"] {
            fs::create_dir_all(root.path().join(name).join("bin")).unwrap();
        }
        let found = versioned(root.path(), "", "bin");
        let expected: Vec<_> = ["15", "13", "9"]
            .iter()
            .map(|name| root.path().join(name).join("bin"))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(leading_number("17beta1"), Some(17));
        assert_eq!(leading_number("devel"), None);
    }

    #[test]
    fn programs_of_another_version_are_sought_nearby() {
        let check = |dir: &str, expected: &str| {
            assert_eq!(
                Binaries {
                    dir: PathBuf::from(dir)
                }
                .of_version(15, 13),
                Path::new(expected)
            );
        };
        check("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/13/bin");
        check("/usr/pgsql-15/bin", "/usr/pgsql-13/bin");
        check("/opt/pg/bin", "/usr/lib/postgresql/13/bin");
    }

    #[test]
    fn all_programs_are_required() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("postgres"), "").unwrap();
        fs::write(root.path().join("initdb"), "").unwrap();
        assert!(Binaries::at(root.path()).is_none());
        assert!(Binaries::find(Some(root.path()), None).unwrap_err().is_missing_server());
        fs::write(root.path().join("pg_ctl"), "").unwrap();
        assert!(Binaries::at(root.path()).is_some());
    }
}
