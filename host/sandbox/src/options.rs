//! The settings of a cluster.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a sandbox is set up; [`Options::default`] suits newcomers and most tests.
#[derive(Debug, Clone)]
pub struct Options {
    /// The five characters that every UUID of the cluster starts with. A folder keeps the id it
    /// was made with.
    pub cluster_id: String,
    /// Where the API listens. Port 0 takes the port of the last run if it is free, else any.
    pub listen: SocketAddr,
    /// The image formats that the cluster accepts (`v1`, `v2`). Empty means that it names none.
    pub docker_image_formats: Vec<String>,
    /// How many copies of a block are wanted unless a collection says otherwise.
    pub default_replication: u32,
    /// The most items on a page.
    pub max_items_per_response: u32,
    /// Bytes of wide columns after which a page is cut.
    pub max_index_database_read: u64,
    /// The most bytes in the body of an API request.
    pub max_request_size: u64,
    /// How long block signatures hold.
    pub blob_signing_ttl: Duration,
    /// The key of block signatures; `None` takes the one kept in the folder.
    pub blob_signing_key: Option<String>,
    /// How long things stay in the trash.
    pub default_trash_lifetime: Duration,
    /// Whether what has been in the trash long enough is removed for good.
    pub is_trash_swept: bool,
    /// The storage classes; the first is the default one.
    pub storage_classes: Vec<String>,
    /// The storage classes of each store's volume; a store past the end of the list has all.
    pub volume_classes: Vec<Vec<String>>,
    /// The Keep services to run. Blocks are kept once per store, and once if there is none.
    pub keep_services: Vec<ServiceKind>,
    /// Whether the Keep services speak TLS.
    pub is_keep_encrypted: bool,
    /// Whether the API is served at a second address too, without TLS, for clients that cannot be
    /// made to trust the cluster's certificate.
    pub is_api_plain_too: bool,
    /// The token for `/_health/ping`; without one nobody may ask.
    pub management_token: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            cluster_id: "kdbox".to_owned(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            docker_image_formats: vec!["v2".to_owned()],
            default_replication: 2,
            max_items_per_response: 1000,
            max_index_database_read: 128 << 20,
            max_request_size: 128 << 20,
            blob_signing_ttl: Duration::from_secs(14 * 24 * 3600),
            blob_signing_key: None,
            default_trash_lifetime: Duration::from_secs(14 * 24 * 3600),
            is_trash_swept: true,
            storage_classes: vec!["default".to_owned()],
            volume_classes: Vec::new(),
            keep_services: vec![ServiceKind::Proxy],
            is_keep_encrypted: true,
            is_api_plain_too: false,
            management_token: None,
        }
    }
}

/// The kinds of Keep services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// A keepproxy: it checks tokens and reports as many replicas as were wanted.
    Proxy,
    /// A keepstore with one volume: it checks signatures and reports one replica.
    Disk,
}

impl ServiceKind {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ServiceKind::Proxy => "proxy",
            ServiceKind::Disk => "disk",
        }
    }
}

/// The settings in the units that the rest of the crate computes with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) docker_image_formats: Vec<String>,
    pub(crate) default_replication: u32,
    pub(crate) max_items_per_response: i64,
    pub(crate) max_index_database_read: i64,
    pub(crate) max_request_size: u64,
    /// In microseconds.
    pub(crate) trash_lifetime: i64,
    pub(crate) is_trash_swept: bool,
    pub(crate) storage_classes: Vec<String>,
    volume_classes: Vec<Vec<String>>,
    pub(crate) management_token: Option<String>,
}

impl Settings {
    pub(crate) fn new(options: &Options) -> Settings {
        Settings {
            docker_image_formats: options.docker_image_formats.clone(),
            default_replication: options.default_replication,
            max_items_per_response: i64::from(options.max_items_per_response),
            max_index_database_read: i64::try_from(options.max_index_database_read)
                .unwrap_or(i64::MAX),
            max_request_size: options.max_request_size,
            trash_lifetime: i64::try_from(options.default_trash_lifetime.as_micros())
                .unwrap_or(i64::MAX / 4),
            is_trash_swept: options.is_trash_swept,
            storage_classes: options.storage_classes.clone(),
            volume_classes: options.volume_classes.clone(),
            management_token: options.management_token.clone(),
        }
    }

    /// The storage classes of a volume.
    pub(crate) fn classes_of(&self, volume: usize) -> &[String] {
        self.volume_classes
            .get(volume)
            .unwrap_or(&self.storage_classes)
    }
}
