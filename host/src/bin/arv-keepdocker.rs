//! `arv-keepdocker`: the drop-in for the Python program of that name.

use std::process::ExitCode;

fn main() -> ExitCode {
    keepdocker::cli::arv_keepdocker::main()
}
