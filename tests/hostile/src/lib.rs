//! A component that misbehaves: `upload` takes the image's name as the crime to commit.
//!
//! It stands for a bad build, or for one that somebody else made. `host/tests/component` runs it in
//! the real program on the embedded cluster, and looks at what became of both.

#[expect(missing_docs, reason = "generated; the documentation is in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "keepdocker",
        pub_export_macro: true,
    });
}

mod crimes;

pub use bindings::exports::keepdocker::contract::commands;
use commands::{
    DownloadRequest, Downloaded, Failure, Guest, ImagesRequest, ListedImage, RegisterRequest,
    Registered, RepairRequest, Repaired, Resolution, UploadRequest, Uploaded,
};

struct Component;

impl Guest for Component {
    fn upload(request: UploadRequest) -> Result<Uploaded, Failure> {
        crimes::commit(&request)
    }

    fn images(_request: ImagesRequest) -> Result<Vec<ListedImage>, Failure> {
        Ok(Vec::new())
    }

    fn resolve(image: String) -> Result<Resolution, Failure> {
        Err(Failure::NoSuchImage(image))
    }

    fn download(request: DownloadRequest) -> Result<Downloaded, Failure> {
        Err(Failure::NoSuchImage(request.image))
    }

    fn repair(request: RepairRequest) -> Result<Repaired, Failure> {
        Err(Failure::NoSuchImage(request.image))
    }

    fn register(request: RegisterRequest) -> Result<Registered, Failure> {
        Err(Failure::NoSuchImage(request.image))
    }
}

#[cfg(target_family = "wasm")]
#[expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated; the exports of a component"
)]
mod export {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
