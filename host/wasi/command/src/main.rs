//! The command line of keepdocker in a WASI runtime.
//!
//! It reads its arguments, tells the provider what they say of the surroundings, calls one command
//! of the component, and shows the answer as the native program does.

mod bindings;
mod command_line;
mod run;

keepdocker_console::contract!(bindings);

fn main() -> std::process::ExitCode {
    run::main()
}
