//! `keepdocker`: container images in Arvados Keep.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: keepdocker::memory::Allocator = keepdocker::memory::Allocator;

fn main() -> ExitCode {
    keepdocker::cli::keepdocker::main()
}
