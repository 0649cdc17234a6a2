//! The decisions of keepdocker, as a component without input or output of its own.
#![cfg_attr(
    target_family = "wasm",
    expect(
        unsafe_code,
        reason = "the exports of a component are unsafe functions"
    )
)]

#[expect(
    missing_docs,
    clippy::all,
    reason = "generated; the documentation is in wit/"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "keepdocker",
        additional_derives: [PartialEq],
        pub_export_macro: true,
    });
}

pub use bindings::exports::keepdocker::contract::commands;
use commands::{Failure, Guest, ImagesRequest, ListedImage, Resolution, UploadRequest, Uploaded};

struct Component;

impl Guest for Component {
    fn upload(_request: UploadRequest) -> Result<Uploaded, Failure> {
        Err(Failure::Usage(String::new()))
    }
    fn images(_request: ImagesRequest) -> Result<Vec<ListedImage>, Failure> {
        Err(Failure::Usage(String::new()))
    }
    fn resolve(_image: String) -> Result<Resolution, Failure> {
        Err(Failure::Usage(String::new()))
    }
}

#[cfg(target_family = "wasm")]
bindings::export!(Component with_types_in bindings);
