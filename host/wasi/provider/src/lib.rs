//! The capabilities of the keepdocker component, made of what WASI 0.2 offers.
//!
//! Composed with the component it gives a file that stock runtimes run without a host of ours:
//! the API and Keep over `wasi:http`, archives over `wasi:filesystem`, credentials from
//! `wasi:cli/environment`. The rules are those of the native host, from the same source files; only
//! what moves bytes is written anew: [`http`], a block's way to a service, an archive's way in.
//!
//! Everything happens in turn and waits: WASI 0.2 has no threads.

#![expect(
    dead_code,
    unreachable_pub,
    reason = "the native host is a library, and uses more of the shared modules"
)]

#[path = "../../../src/api/mod.rs"]
#[expect(unused_imports, reason = "the native host has more use for it")]
mod api;
mod archive;
mod bindings;
mod capabilities;
mod engine;
mod http;
mod keep;
mod plan;
#[path = "../../../src/properties.rs"]
mod properties;
mod session;
mod settings;
mod turn;

use keepdocker_arvados::secrets;
use keepdocker_wording as wording;
use keepdocker_wording::harmless;
