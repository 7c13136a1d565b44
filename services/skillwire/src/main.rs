//! `skillwire`: see `skillwire --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    skillwire::cli::main()
}
