//! `keepdocker`: container images in Arvados Keep.
//!
//! Packages install this program once and link `arv-keepdocker` to it: by that name it is the drop-in.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: keepdocker::memory::Allocator = keepdocker::memory::Allocator;

fn main() -> ExitCode {
    if keepdocker::cli::is_called("arv-keepdocker") {
        keepdocker::cli::arv_keepdocker::main()
    } else {
        keepdocker::cli::keepdocker::main()
    }
}
