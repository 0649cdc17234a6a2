//! `keepdocker`: container images in Arvados Keep.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: keepdocker::Allocator = keepdocker::Allocator;

fn main() -> ExitCode {
    keepdocker::keepdocker()
}
