//! What the contract means in Rust, seen from the side that calls the commands.

wit_bindgen::generate!({
    path: ["../../../wit", "../wit"],
    world: "keepdocker:wasi/command",
    additional_derives: [PartialEq],
    generate_all,
});

pub(crate) use keepdocker::contract::{api, archives, commands, engine, keep, locks, log};
pub(crate) use keepdocker::wasi::session;
