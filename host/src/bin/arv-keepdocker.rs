//! `arv-keepdocker`: the drop-in for the Python program of that name.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: keepdocker::memory::Allocator = keepdocker::memory::Allocator;

fn main() -> ExitCode {
    keepdocker::cli::arv_keepdocker::main()
}
