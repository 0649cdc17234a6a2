//! An embedded Arvados cluster: the part of the API and of Keep that container images need, over
//! one SQLite database and a folder of blocks.
//!
//! It holds clients to the rules of the real services: permissions, filters, paging, unique names,
//! signatures, trash and versions. What it does not know it refuses, except where the real
//! services ignore things without a word. `tests/conformance` compares it with what a real
//! cluster answered.
//!
//! One folder holds one cluster; the same folder gives the same cluster again, with the same
//! identity, keys and tokens, and the same addresses as far as they are free.

#![recursion_limit = "256"]

mod api;
mod clock;
mod cluster;
#[cfg(feature = "testing")]
pub mod damage;
mod error;
#[cfg(feature = "testing")]
pub mod faults;
mod first_records;
mod folder;
#[cfg(feature = "testing")]
pub mod inspect;
mod keep;
mod manifest;
mod manifest_tree;
mod options;
mod permission;
mod query;
mod raw_record;
#[cfg(feature = "testing")]
pub mod request_log;
#[cfg(feature = "testing")]
pub mod seed;
mod server;
mod signature;
mod state;
mod store;
mod tls;
mod uuid;

use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub use error::Error;
pub use folder::reset;
pub use options::{Options, ServiceKind};

use cluster::{Cluster, Service};
use keep::blocks::Blocks;
use options::Settings;
use server::Role;
use signature::Signer;
use state::State;
use store::Store;
use tls::Identity;

/// One running cluster; it ends with [`Sandbox::shutdown`] or when dropped.
#[derive(Debug)]
pub struct Sandbox {
    cluster: Arc<Cluster>,
    state: State,
    ca: PathBuf,
    plain_api: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    /// Says that the folder is in use, as long as it is open.
    _in_use: File,
}

impl Sandbox {
    /// Opens or creates the cluster in a folder (mode 0700) and serves it.
    ///
    /// Data, identity, keys and tokens persist between runs. Several programs may open the same
    /// folder at once; the later ones serve at other addresses.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be used or an address is taken that was asked for by number.
    pub async fn start(dir: &Path, options: Options) -> Result<Sandbox, Error> {
        let folder = dir.to_owned();
        let setup = options.clone();
        let opened = tokio::task::spawn_blocking(move || open(&folder, &setup)).await;
        let (cluster, mut state, identity, in_use) = match opened {
            Ok(opened) => opened?,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let cluster = Arc::new(cluster);
        let tls = TlsAcceptor::from(identity.server_config()?);
        let (stop, stopped) = watch::channel(false);
        let mut ports = state.keep_ports.iter().copied().chain(std::iter::repeat(0));
        let mut services = Vec::new();
        let mut keep_listeners = Vec::new();
        let mut volume = 0;
        for (index, kind) in options.keep_services.iter().enumerate() {
            let mut wanted = options.listen;
            wanted.set_port(0);
            let (listener, address) = listen(wanted, ports.next().unwrap_or(0)).await?;
            services.push(Service {
                uuid: format!("{}-bi6l4-{index:015}", cluster.id),
                address,
                is_encrypted: options.is_keep_encrypted,
                kind: *kind,
                volume,
            });
            if *kind == ServiceKind::Disk {
                volume += 1;
            }
            keep_listeners.push(listener);
        }
        let (listener, address) = listen(options.listen, state.api_port).await?;
        let keep_ports: Vec<u16> = services
            .iter()
            .map(|service| service.address.port())
            .collect();
        // The first run's addresses are remembered; a guest that had to move aside forgets its own.
        if state.api_port == 0 {
            state.api_port = address.port();
            state.keep_ports = keep_ports;
            state.write(dir)?;
        }
        let _ = cluster.address.set(address);
        let _ = cluster.keep.set(services.clone());
        let mut listeners = vec![server::serve(
            Arc::clone(&cluster),
            Role::Api,
            listener,
            Some(tls.clone()),
            stopped.clone(),
        )];
        let mut plain_api = None;
        if options.is_api_plain_too {
            let mut wanted = options.listen;
            wanted.set_port(0);
            let (listener, address) = listen(wanted, 0).await?;
            plain_api = Some(address);
            listeners.push(server::serve(
                Arc::clone(&cluster),
                Role::Api,
                listener,
                None,
                stopped.clone(),
            ));
        }
        for (service, listener) in services.into_iter().zip(keep_listeners) {
            listeners.push(server::serve(
                Arc::clone(&cluster),
                Role::Keep(service),
                listener,
                options.is_keep_encrypted.then(|| tls.clone()),
                stopped.clone(),
            ));
        }
        Ok(Sandbox {
            cluster,
            state,
            ca: identity.ca,
            plain_api,
            stop,
            listeners,
            _in_use: in_use,
        })
    }

    /// Host and port of the API, as `ARVADOS_API_HOST` wants them.
    pub fn api_host(&self) -> String {
        self.cluster.api_host()
    }

    /// Host and port of the API without TLS, where [`Options::is_api_plain_too`] asks for it.
    pub fn plain_api_host(&self) -> Option<String> {
        self.plain_api.map(|address| address.to_string())
    }

    /// The certificate to trust, a PEM file.
    pub fn ca_certificate(&self) -> PathBuf {
        self.ca.clone()
    }

    /// The v2 token of the default user, who is active and no administrator.
    pub fn token(&self) -> String {
        self.state.token.clone()
    }

    /// The v2 token of the administrator.
    pub fn admin_token(&self) -> String {
        self.state.admin_token.clone()
    }

    /// The UUID of the default user.
    pub fn user_uuid(&self) -> String {
        self.state.user_uuid.clone()
    }

    /// The five characters that every UUID of the cluster starts with.
    pub fn cluster_id(&self) -> String {
        self.cluster.id.clone()
    }

    /// The root URLs of the Keep services in the order of [`Options::keep_services`].
    pub fn keep_urls(&self) -> Vec<String> {
        self.cluster.services().iter().map(Service::url).collect()
    }

    /// The environment in which Arvados programs use this cluster as the default user.
    ///
    /// `ARVADOS_API_HOST_INSECURE`, `ARVADOS_KEEP_SERVICES` and `ARVADOS_KEEP_PROXY` are set empty,
    /// so that nothing of an outer environment remains.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("ARVADOS_API_HOST", self.api_host()),
            ("ARVADOS_API_TOKEN", self.token()),
            ("ARVADOS_API_HOST_INSECURE", String::new()),
            ("ARVADOS_KEEP_SERVICES", String::new()),
            ("ARVADOS_KEEP_PROXY", String::new()),
            ("SSL_CERT_FILE", self.ca.display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Breaks off every connection and stops listening.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        for listener in std::mem::take(&mut self.listeners) {
            // A listener that panicked has stopped too.
            let _ = listener.await;
        }
    }
}

/// For tests and benchmarks.
#[cfg(feature = "testing")]
impl Sandbox {
    /// What is planned to go wrong.
    pub fn faults(&self) -> &faults::Faults {
        &self.cluster.faults
    }

    /// The requests answered so far.
    pub fn log(&self) -> &request_log::Log {
        &self.cluster.log
    }

    /// Fills the cluster past all rules. Its methods block.
    pub fn seed(&self) -> seed::Seeder {
        seed::Seeder {
            cluster: Arc::clone(&self.cluster),
        }
    }

    /// Shows what the cluster holds. Its methods block.
    pub fn inspect(&self) -> inspect::Inspector {
        inspect::Inspector {
            cluster: Arc::clone(&self.cluster),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

/// Serves the cluster in a folder and returns it once it listens.
///
/// The caller waits for whatever shall end it and then calls [`Sandbox::shutdown`].
///
/// # Errors
///
/// As [`Sandbox::start`].
pub async fn serve(dir: &Path, options: Options) -> Result<Sandbox, Error> {
    Sandbox::start(dir, options).await
}

/// Opens or creates everything in the folder. Blocks.
fn open(dir: &Path, options: &Options) -> Result<(Cluster, State, Identity, File), Error> {
    let id = &options.cluster_id;
    if id.len() != 5
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    {
        return Err(Error::ClusterId(id.clone()));
    }
    let fail = |source| Error::File {
        path: dir.to_owned(),
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(fail)?;
    let dir = dir.canonicalize().map_err(fail)?;
    let identity = Identity::in_folder(&dir);
    let state = match State::read(&dir)? {
        Some(state) if identity.exists() => state,
        _ => create(&dir, id, &identity)?,
    };
    let in_use = folder::hold(&dir)?;
    let key = options
        .blob_signing_key
        .as_deref()
        .unwrap_or(&state.blob_signing_key);
    let ttl = i64::try_from(options.blob_signing_ttl.as_secs()).unwrap_or(i64::MAX);
    let stores = options
        .keep_services
        .iter()
        .filter(|kind| **kind == ServiceKind::Disk)
        .count();
    let clock = clock::Clock::default();
    let cluster = Cluster {
        id: state.cluster_id.clone(),
        settings: Settings::new(options),
        store: Store::open(&dir.join("cluster.db"))?,
        signer: Signer::new(key.as_bytes(), ttl),
        blocks: Blocks::in_folder(&dir, stores),
        started_at: clock.now(),
        clock,
        address: OnceLock::new(),
        keep: OnceLock::new(),
        #[cfg(feature = "testing")]
        faults: faults::Faults::default(),
        #[cfg(feature = "testing")]
        log: request_log::Log::default(),
        #[cfg(feature = "testing")]
        planned: std::sync::Mutex::default(),
    };
    first_records::insert(&cluster, &state).map_err(|source| Error::Query { source })?;
    Ok((cluster, state, identity, in_use))
}

/// How long another process may take to give a folder its identity.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives a folder its identity, unless another process just did.
fn create(dir: &Path, id: &str, identity: &Identity) -> Result<State, Error> {
    let fail = |source| Error::File {
        path: dir.to_owned(),
        source,
    };
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)?;
    let lock = File::create(dir.join(folder::LOCK)).map_err(fail)?;
    // Whoever makes the folder holds it for some milliseconds.
    let start = Instant::now();
    while let Err(error) = lock.try_lock() {
        match error {
            TryLockError::WouldBlock if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            error => return Err(fail(error.into())),
        }
    }
    if !identity.exists() {
        identity.create()?;
    }
    match State::read(dir)? {
        Some(state) => Ok(state),
        None => {
            let state = State::new(id);
            state.write(dir)?;
            Ok(state)
        }
    }
}

/// Listens at an address; without a port it tries the remembered one first.
async fn listen(wanted: SocketAddr, remembered: u16) -> Result<(TcpListener, SocketAddr), Error> {
    let mut candidates = vec![wanted];
    if wanted.port() == 0 && remembered != 0 {
        candidates.insert(0, SocketAddr::new(wanted.ip(), remembered));
    }
    let mut failure = None;
    for address in candidates {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let address = listener
                    .local_addr()
                    .map_err(|source| Error::Listen { address, source })?;
                return Ok((listener, address));
            }
            Err(source) => failure = Some(Error::Listen { address, source }),
        }
    }
    Err(failure.expect("at least one address was tried"))
}
