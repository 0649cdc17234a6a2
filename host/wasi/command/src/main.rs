//! The command line of keepdocker in a WASI runtime.
//!
//! It reads its arguments, tells the provider what they say of the surroundings, calls one command
//! of the component, and shows the answer as the native program does.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "the native host is a library, and uses more of the shared modules"
)]

mod bindings;
mod command_line;
mod output;
mod run;
#[path = "../../../src/cli/values.rs"]
mod values;

use keepdocker_archive as archive;
use keepdocker_arvados::secrets;
use keepdocker_wording as wording;
use keepdocker_wording::harmless;

fn main() -> std::process::ExitCode {
    run::main()
}
