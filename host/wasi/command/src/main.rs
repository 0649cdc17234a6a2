//! The command line of keepdocker in a WASI runtime.
//!
//! It reads its arguments, tells the provider what they say of the surroundings, calls one command
//! of the component, and shows the answer as the native program does.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "the native host is a library, and uses more of the shared modules"
)]

#[path = "../../../src/archive/cutting.rs"]
mod archive;
mod bindings;
mod command_line;
#[path = "../../../src/harmless.rs"]
mod harmless;
mod output;
mod run;
#[path = "../../provider/src/secrets.rs"]
mod secrets;
#[path = "../../../src/cli/values.rs"]
mod values;
#[path = "../../../src/wording.rs"]
mod wording;

fn main() -> std::process::ExitCode {
    run::main()
}
