//! `arv-keepdocker`: the drop-in for the Python program of that name.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: keepdocker::Allocator = keepdocker::Allocator;

fn main() -> ExitCode {
    keepdocker::arv_keepdocker()
}
