// Replaces this process by the `mentat` beside it, under this program's name. Only std: tests build every program.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let name = args.next().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default().with_file_name("mentat");
    let error = Command::new(&program).arg0(name).args(args).exec();
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!("error: cannot run {}: {error}\n", program.display()),
    );
    ExitCode::from(71)
}
