//! The rules of keepdocker that need no capability: the same arguments always give the same result.
//!
//! Two components decide with them: the one that uploads images and has capabilities, and the
//! planner, which has none. `reference` and `image` say what a text or an ID means, `catalog` and
//! `resolution` order links, `choice` takes the server's choice, `manifest` reads and writes what a
//! collection holds, `extents` tells where the bytes of its file lie, `plan` says which links are
//! missing.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package keepdocker:decisions;
            world vocabulary { import keepdocker:contract/types@0.1.0; }
        ",
        path: "wit",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

pub mod catalog;
pub mod choice;
pub mod extents;
pub mod image;
mod json;
pub mod manifest;
pub mod numbers;
pub mod plan;
pub mod registration;
pub mod resolution;
pub mod selection;
pub mod sorting;
pub mod soundness;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

/// What names, patterns, UUIDs and times mean; the grammar that the hosts have, too.
pub use keepdocker_terms::{pattern, reference, timestamp, uuid};

/// The records of the contract that rules work on.
pub use bindings::keepdocker::contract::types;
