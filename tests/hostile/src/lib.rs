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
use commands::{Answer, Command, Failure, Guest};

struct Component;

impl Guest for Component {
    fn run(command: Command) -> Result<Answer, Failure> {
        match command {
            Command::Upload(request) if request.image.as_deref() == Some("answer-otherwise") => {
                Ok(Answer::Images(Vec::new()))
            }
            Command::Upload(request) => crimes::commit(&request).map(Answer::Upload),
            Command::Images(_) => Ok(Answer::Images(Vec::new())),
            _ => Err(Failure::Usage("only uploads are crimes".to_owned())),
        }
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
