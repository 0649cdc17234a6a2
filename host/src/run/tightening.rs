//! The request that the component gets: what the user asks for, as far as the policy bears it.

use crate::bindings::commands::{Reach, UploadRequest};
use crate::bindings::keep::Depth;
use crate::keep::Lenders;
use crate::policy::{Demands, Reuse, Verify};

/// Returns the request with the stricter of what it asks for and what the policy demands.
pub(super) fn tightened(request: &UploadRequest, demands: &Demands) -> UploadRequest {
    let asked = match request.reuse {
        Reach::Readable => Reuse::Readable,
        Reach::Own => Reuse::Own,
        Reach::None => Reuse::Nothing,
    };
    let reuse = match demands
        .reuse()
        .map_or(asked, |demanded| demanded.max(asked))
    {
        Reuse::Readable => Reach::Readable,
        Reuse::Own => Reach::Own,
        Reuse::Nothing => Reach::None,
    };
    let verify = match demands.verify() {
        Some(Verify::Content) => Depth::Content,
        Some(Verify::Config) | None => request.verify,
    };
    UploadRequest {
        reuse,
        verify,
        ..request.clone()
    }
}

/// Returns whose blocks may be used for a request, whatever the component asks for.
pub(super) fn lenders(request: &UploadRequest) -> Lenders {
    match request.reuse {
        Reach::Readable => Lenders::Anybody,
        Reach::Own => Lenders::Own(request.project.clone()),
        Reach::None => Lenders::Nobody,
    }
}
