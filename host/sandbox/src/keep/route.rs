//! What a request to a Keep service asks for.

use hyper::Method;

use crate::options::ServiceKind;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// A block is read; so begins the path.
    Read(String),
    /// A block is written; an empty locator accepts any.
    Write(String),
    /// The blocks are listed whose hash begins so.
    Index(String),
    /// The volumes are listed.
    Mounts,
    /// The time of a block is set to now.
    Touch(String),
    /// A block is thrown away.
    Trash(String),
    /// The cluster's own work: what to pull, to trash and to bring back.
    Order,
    /// A browser asks what it may do.
    Options,
    /// There is such a path, with other methods.
    WrongMethod,
    /// There is no such path.
    Nowhere,
}

impl Route {
    /// Finds out where method and path lead.
    pub(super) fn find(kind: ServiceKind, method: &Method, path: &str) -> Route {
        match kind {
            ServiceKind::Disk => Route::of_store(method, path),
            ServiceKind::Proxy => Route::of_proxy(method, path),
        }
    }

    /// A store tells nobody which methods a path has.
    fn of_store(method: &Method, path: &str) -> Route {
        let block = path
            .strip_prefix('/')
            .filter(|rest| begins_with_hash(rest))
            .map(str::to_owned);
        let is_get = matches!(*method, Method::GET | Method::HEAD);
        // Old clients double the slash.
        let doubled = path
            .strip_prefix("//")
            .filter(|rest| is_get && begins_with_hash(rest));
        match (method.as_str(), block) {
            ("OPTIONS", _) => Route::Options,
            ("GET" | "HEAD", Some(block)) => Route::Read(block),
            ("PUT", Some(block)) => Route::Write(block),
            ("TOUCH", Some(block)) => Route::Touch(block),
            ("DELETE", Some(block)) => Route::Trash(block),
            ("GET" | "HEAD", None) => match (doubled, index_prefix(path)) {
                (Some(block), _) => Route::Read(block.to_owned()),
                (None, Some(prefix)) => Route::Index(prefix),
                (None, None) if path == "/mounts" => Route::Mounts,
                (None, None) => Route::Nowhere,
            },
            ("PUT", None) if matches!(path, "/pull" | "/trash") => Route::Order,
            ("PUT", None) if path.strip_prefix("/untrash/").is_some_and(begins_with_hash) => {
                Route::Order
            }
            _ => Route::Nowhere,
        }
    }

    fn of_proxy(method: &Method, path: &str) -> Route {
        let rest = path.strip_prefix('/').unwrap_or(path);
        let is_block =
            begins_with_hash(rest) && matches!(rest.as_bytes().get(32), None | Some(b'+'));
        match (method.as_str(), rest) {
            ("GET" | "HEAD", _) if is_block => Route::Read(rest.to_owned()),
            ("PUT", _) if is_block => Route::Write(rest.to_owned()),
            ("POST", "") => Route::Write(String::new()),
            ("OPTIONS", _) if !rest.contains('/') => Route::Options,
            _ => match index_prefix(path) {
                Some(prefix) if *method == Method::GET => Route::Index(prefix),
                // Browsers may ask of every path of one part.
                None if rest.contains('/') && !is_block => Route::Nowhere,
                _ => Route::WrongMethod,
            },
        }
    }
}

/// Says whether a text begins with 32 hex digits.
fn begins_with_hash(text: &str) -> bool {
    text.as_bytes()
        .get(..32)
        .is_some_and(|hash| hash.iter().all(is_hex))
}

fn is_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// What the hashes in an index shall begin with, if the path asks for an index.
fn index_prefix(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/index")?;
    match rest.strip_prefix('/') {
        Some(prefix) => (prefix.len() <= 32 && prefix.bytes().all(|byte| is_hex(&byte)))
            .then(|| prefix.to_owned()),
        None => rest.is_empty().then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "acbd18db4cc2f85cedef654fccc4a4d8";

    fn find(kind: ServiceKind, method: &str, path: &str) -> Route {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Route::find(kind, &method, path)
    }

    #[test]
    fn a_store_and_a_proxy_have_paths_of_their_own() {
        use ServiceKind::{Disk, Proxy};
        let block = format!("/{HASH}+3");
        for (kind, method, path, route) in [
            (
                Disk,
                "GET",
                block.as_str(),
                Route::Read(block[1..].to_owned()),
            ),
            (Proxy, "HEAD", &block, Route::Read(block[1..].to_owned())),
            (Disk, "TOUCH", &block, Route::Touch(block[1..].to_owned())),
            (Proxy, "TOUCH", &block, Route::WrongMethod),
            (Disk, "POST", "/", Route::Nowhere),
            (Proxy, "POST", "/", Route::Write(String::new())),
            (Disk, "GET", "/index/acb", Route::Index("acb".to_owned())),
            (Disk, "HEAD", "/index", Route::Index(String::new())),
            (Proxy, "HEAD", "/index", Route::WrongMethod),
            (Disk, "GET", "/index/xyz", Route::Nowhere),
            (Proxy, "GET", "/index/xyz", Route::Nowhere),
            (Proxy, "DELETE", "/index/acb", Route::WrongMethod),
            (Disk, "GET", "/mounts", Route::Mounts),
            (Proxy, "GET", "/mounts", Route::WrongMethod),
            (Disk, "PUT", "/pull", Route::Order),
            (Disk, "GET", "/nonsense", Route::Nowhere),
            (Proxy, "GET", "/nonsense", Route::WrongMethod),
        ] {
            assert_eq!(find(kind, method, path), route, "{method} {path}");
        }
    }
}
