//! The one program behind all names; see the library.

fn main() -> std::process::ExitCode {
    mentat_cli::main(std::env::args_os().collect())
}
