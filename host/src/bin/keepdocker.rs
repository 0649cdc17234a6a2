//! `keepdocker`: container images in Arvados Keep.

use std::process::ExitCode;

fn main() -> ExitCode {
    keepdocker::cli::keepdocker::main()
}
