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
pub mod gate;
pub mod harmless;
pub mod http;
pub mod keep;
pub mod locks;
pub mod memory;
pub mod messages;
pub mod output;
pub mod plan;
pub mod policy;
pub mod progress;
mod properties;
pub mod run;
pub mod settings;
pub mod target;
mod wording;
