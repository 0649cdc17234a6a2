//! One Keep service, and the order of services for a block.

use md5::{Digest, Md5};
use url::Url;

use super::block::BlockHash;
use crate::api::KeepService;

/// A Keep service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its address, with a `/` at the end.
    pub root: Url,
    /// Its UUID.
    pub uuid: String,
    /// Whether it stands for one disk, which takes one replica; else it places replicas itself.
    pub is_disk: bool,
    /// Whether blocks can be written to it.
    pub is_writable: bool,
}

impl Service {
    /// Takes a service that the cluster names, unless it cannot be used for blocks in general.
    #[must_use]
    pub fn named(service: &KeepService) -> Option<Self> {
        // Gateways hold only the blocks whose locators name them.
        if service.service_type.starts_with("gateway:") {
            return None;
        }
        let scheme = if service.service_ssl_flag {
            "https"
        } else {
            "http"
        };
        let host = &service.service_host;
        let host = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let root = Url::parse(&format!("{scheme}://{host}:{}/", service.service_port)).ok()?;
        // A host with anything else in it would make another address of this.
        let is_plain = root.path() == "/"
            && root.username().is_empty()
            && root.query().is_none()
            && root.fragment().is_none();
        is_plain.then(|| Self {
            root,
            uuid: service.uuid.clone(),
            is_disk: service.service_type == "disk",
            is_writable: !service.read_only,
        })
    }

    /// Takes a service that the user named, as number `index` of several.
    ///
    /// The UUID is the one that the Python client makes up, so that the order is the same.
    #[must_use]
    pub fn given(index: usize, root: &Url) -> Self {
        Self {
            root: root.clone(),
            uuid: format!("00000-bi6l4-{index:015}"),
            is_disk: false,
            is_writable: true,
        }
    }

    /// Returns how much this service wants the block; the greatest comes first.
    ///
    /// The clients of Arvados must agree, so that one finds what another wrote. Some UUIDs have
    /// a character too many; the Python client takes the last 15 all the same.
    fn weight(&self, hash: BlockHash) -> [u8; 16] {
        let start = self.uuid.char_indices().rev().nth(14).map_or(0, |(i, _)| i);
        Md5::new()
            .chain_update(hash.to_string())
            .chain_update(&self.uuid[start..])
            .finalize()
            .into()
    }
}

/// Returns the services in the order in which this block should try them.
///
/// The order is stable for a hash, and losing a service moves only that service's blocks.
#[must_use]
pub(super) fn order(services: &[Service], hash: BlockHash) -> Vec<Service> {
    let mut weighted: Vec<_> = services
        .iter()
        .map(|service| (service.weight(hash), service))
        .collect();
    weighted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weighted
        .into_iter()
        .map(|(_, service)| service.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(service_type: &str, host: &str) -> Option<Service> {
        Service::named(&KeepService {
            uuid: "zzzzz-bi6l4-000000000000001".into(),
            service_host: host.into(),
            service_port: 25107,
            service_ssl_flag: false,
            service_type: service_type.into(),
            read_only: true,
        })
    }

    #[test]
    fn the_order_is_the_one_of_the_other_clients() {
        let services: Vec<Service> = (0..16)
            .map(|i| Service {
                uuid: format!("zzzzz-bi6l4-{i:015x}"),
                ..Service::given(0, &Url::parse("http://keep/").unwrap())
            })
            .collect();
        for (i, expected) in [
            "3eab2d5fc9681074",
            "097dba52e648f1c3",
            "c5b4e023f8a7d691",
            "9d81c02e76a3bf54",
        ]
        .iter()
        .enumerate()
        {
            let hash = BlockHash::of(format!("{i:064x}").as_bytes());
            let order: String = order(&services, hash)
                .iter()
                .map(|service| service.uuid.chars().last().unwrap())
                .collect();
            assert_eq!(&order, expected);
        }
    }

    #[test]
    fn a_longer_uuid_counts_by_its_last_15_characters() {
        let given = Service::given(7, &Url::parse("http://keep/").unwrap());
        let longer = Service {
            uuid: "zzzzz-bi6l4-a000000000000007".into(),
            ..given.clone()
        };
        let hash = BlockHash::of(b"");
        assert_eq!(given.weight(hash), longer.weight(hash));
    }

    #[test]
    fn a_service_has_an_address_and_no_more() {
        let service = named("disk", "::1").unwrap();
        assert_eq!(service.root.as_str(), "http://[::1]:25107/");
        assert!(service.is_disk && !service.is_writable);
        assert!(!named("proxy", "keep.example").unwrap().is_disk);
        assert_eq!(named("gateway:s3", "keep.example"), None);
        assert_eq!(named("disk", "user@keep.example/x?"), None);
        assert_eq!(named("disk", ""), None);
    }
}
