//! The library behind the programs `keepdocker` and `arv-keepdocker`.

pub mod api;
pub mod archive;
pub mod audit;
pub mod bindings;
pub mod cache;
pub mod cli;
pub mod component;
pub mod confinement;
pub mod engine;
pub mod http;
pub mod keep;
pub mod locks;
pub mod memory;
pub mod messages;
pub mod output;
pub mod plan;
pub mod progress;
pub mod registry;
pub mod replay;
pub mod run;
pub mod settings;
mod signals;
pub mod target;

pub use keepdocker_gate::{self as gate, policy};
pub use keepdocker_wording::harmless;

use keepdocker_wording as wording;
