//! The decisions of keepdocker, as a component without input or output of its own.
//!
//! The component is told what a person wants, asks the host for facts, decides, and asks the
//! host to act: which image is meant, what the cluster has of it, which collection and links are
//! missing, what a name leads to. It has no clock, no randomness and no environment, so that the
//! same answers always give the same requests.
//!
//! `upload`, `images`, `resolve`, `download`, `repair`, `register`, `untag`, `rm`, `restore`, `prune` and `share` are the commands; each reads like a list of steps.
//! What they decide with are the rules of `keepdocker_decisions`. Beside them stand the rooms that several commands use:
//!
//! - what is asked: `lookup` (a name or an ID, in the engine or the cluster), `found_in_cluster` (what the cluster has of
//!   one image), `evidence` (what a collection holds, as opposed to what is said of it), `link_heads` (which collections
//!   links lead to can be read), `reuse_candidates` (whose blocks an image may share), `project`, `query`;
//! - what is done: `archive` (an archive is listed, and one image of it stored), `create` (a collection or a link, once);
//! - what is said: `name_check` (a name that leads elsewhere still), `naming` (an image under the wrong one of its
//!   digests), `source` (what a collection tells of where its image came from), `failure`.

#[expect(missing_docs, reason = "generated; the documentation is in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "keepdocker",
        with: { "keepdocker:contract/types@0.1.0": keepdocker_decisions::types },
        additional_derives: [PartialEq],
        pub_export_macro: true,
    });
}

mod archive;
mod capabilities;
mod create;
mod download;
mod evidence;
mod failure;
mod found_in_cluster;
mod images;
mod link_heads;
mod lookup;
mod name_check;
mod naming;
mod project;
mod prune;
mod query;
mod register;
mod repair;
mod resolve;
mod restore;
mod reuse_candidates;
mod rm;
mod share;
mod source;
#[cfg(test)]
mod testing;
mod untag;
mod upload;

pub use bindings::exports::keepdocker::contract::commands;
use bindings::keepdocker::contract::log::Level;
use capabilities::log;
use commands::{Answer, Command, Failure, Guest};
use keepdocker_decisions::{
    catalog, choice, extents, image, manifest, numbers, pattern, plan, reference, registration,
    resolution, selection, sorting, timestamp, types, uuid,
};
use std::sync::Once;

/// A quarter of the code of the standard library's, and as fast.
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
#[global_allocator]
static ALLOCATOR: rlsf::GlobalTlsf = rlsf::GlobalTlsf::new();

struct Component;

impl Guest for Component {
    fn run(command: Command) -> Result<Answer, Failure> {
        report_panics();
        match command {
            Command::Upload(request) => upload::run(&request).map(Answer::Upload),
            Command::Images(request) => images::run(&request).map(Answer::Images),
            Command::Resolve(image) => resolve::run(&image).map(Answer::Resolve),
            Command::Download(request) => download::run(&request).map(Answer::Download),
            Command::Repair(request) => repair::run(&request).map(Answer::Repair),
            Command::Register(request) => register::run(&request).map(Answer::Register),
            Command::Untag(request) => untag::run(&request).map(Answer::Untag),
            Command::Rm(request) => rm::run(&request).map(Answer::Rm),
            Command::Restore(request) => restore::run(&request).map(Answer::Restore),
            Command::Prune(request) => prune::run(&request).map(Answer::Prune),
            Command::Share(request) => share::run(&request).map(Answer::Share),
        }
    }
}

/// Hands the text of a panic to the host, which otherwise sees only a trap without a word.
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            log::write(Level::Error, &format!("the component failed: {panic}"));
        }));
    });
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
