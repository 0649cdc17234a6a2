//! The capabilities of the keepdocker component, made of what WASI 0.2 offers.
//!
//! Composed with the component it gives a file that stock runtimes run without a host of ours:
//! the API, Keep and registries over `wasi:http`, archives over `wasi:filesystem`, credentials from
//! `wasi:cli/environment`. The rules are those of the native host, from the same packages; only
//! what moves bytes is of its own: [`http`], and an archive's way in.
//!
//! Everything happens in turn and waits: WASI 0.2 has no threads.

mod archive;
mod bindings;
mod capabilities;
mod engine;
mod http;
mod keep;
mod registry;
mod session;
mod settings;

keepdocker_arvados::contract!(bindings);
