//! Docker Hub, which Docker leaves out of names.

use super::grammar::{ALGORITHM, looks_like_host};
use crate::hex;

/// The registry that a name without a host means.
pub(super) const HOST: &str = "docker.io";
/// The host that it had once; Docker takes the two for one.
const FORMER_HOST: &str = "index.docker.io";
/// Where it keeps repositories that have a name of one part.
pub(super) const OFFICIAL: &str = "library/";

pub(super) fn is_hub(host: &str) -> bool {
    host == HOST || host == FORMER_HOST
}

/// Returns a host without the port that is meant anyway.
pub(super) fn without_default_port(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

/// Returns host and path as Docker shows them: nothing that goes without saying.
///
/// What is left is read as the same name again: where the first part of the path would pass for a
/// host, or path and tag together for an image ID, what tells them apart stays.
pub(super) fn shortened<'a>(
    host: Option<&'a str>,
    path: &'a str,
    tag: Option<&str>,
) -> (Option<&'a str>, &'a str) {
    if let Some(host) = host.map(without_default_port).filter(|host| !is_hub(host)) {
        return (Some(host), path);
    }
    let short = path
        .strip_prefix(OFFICIAL)
        .filter(|rest| !rest.contains('/'))
        .unwrap_or(path);
    let is_hex = |tag: &str| hex::are_digits(tag, tag.len());
    if ALGORITHM.strip_suffix(':') == Some(short) && tag.is_some_and(is_hex) {
        return (None, "library/sha256");
    }
    let passes_for_host = short
        .split_once('/')
        .is_some_and(|(first, _)| looks_like_host(first));
    (passes_for_host.then_some(HOST), short)
}

/// Returns the path that a repository of Docker Hub has there.
pub(super) fn whole_path(path: &str) -> String {
    if path.contains('/') {
        path.to_owned()
    } else {
        format!("{OFFICIAL}{path}")
    }
}
