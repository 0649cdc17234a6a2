//! Names, resolved for servers that a registry leads to.

use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::addresses::is_near;

/// Resolves names as the system does, and leaves out the addresses that a server may not lead to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guarded;

/// Says that a name leads to nothing but what a server may not lead to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("its name leads into this machine, where a registry elsewhere has no business")]
pub(crate) struct LeadsInside;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let outside: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| !is_near(address.ip()))
                .collect();
            if outside.is_empty() && !found.is_empty() {
                return Err(io::Error::other(LeadsInside).into());
            }
            Ok(Box::new(outside.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_what_it_resolves_to() {
        let error = Guarded.resolve("localhost".parse().unwrap()).await;
        let error = error.err().unwrap().to_string();
        assert!(error.contains("into this machine"), "{error}");
    }
}
