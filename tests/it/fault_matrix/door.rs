//! The way to a registry: its name is looked up, TLS is agreed on, and then the registry is asked.
//!
//! Each run has a door of its own. Each request comes by a connection of its own, for which the name is looked up again, so that
//! each of both is once the one at which the fault comes.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::faults::{Fault, Manner};
use crate::support::{Environment, Found, OpenSsl, Output, Resolver, Wanted, head};

/// What the registry is called. It is a name of elsewhere, where nobody goes on without TLS.
const NAME: &str = "registry.example";
/// Who is silent is so for longer than any run.
const SILENCE: Duration = Duration::from_secs(60);

/// The certificates that doors show.
pub(super) struct Certificates {
    openssl: OpenSsl,
    usual: Arc<ServerConfig>,
    own: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    of_another: Arc<ServerConfig>,
}

/// The door of one run.
pub(super) struct Door {
    port: u16,
    resolver: Resolver,
    plan: Arc<Mutex<Option<Plan>>>,
}

struct Plan {
    /// How many lookups, or connections, pass before.
    passes: usize,
    fault: Fault,
    manner: Manner,
    is_met: bool,
}

impl Plan {
    /// Counts a lookup or a connection, and tells what becomes of it.
    fn count(&mut self) -> Option<Fault> {
        if self.passes > 0 {
            self.passes -= 1;
            return None;
        }
        if self.is_met && self.manner == Manner::Once {
            return None;
        }
        self.is_met = true;
        Some(self.fault)
    }
}

impl Certificates {
    /// Makes them; none where there is no OpenSSL, which is told.
    pub(super) fn make() -> Option<Certificates> {
        let openssl = OpenSsl::find()?;
        let usual = Wanted {
            issuer: "authority",
            extensions: &[
                "basicConstraints=CA:FALSE",
                "subjectAltName=DNS:registry.example",
            ],
            key: &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            ..Wanted::usual("usual")
        };
        openssl.make(Wanted::usual("authority"));
        openssl.make(usual);
        openssl.make(Wanted {
            name: "own",
            issuer: "own",
            ..usual
        });
        openssl.make(Wanted {
            name: "expired",
            dates: ("20200101000000Z", "20210101000000Z"),
            ..usual
        });
        openssl.make(Wanted {
            name: "of-another",
            extensions: &[
                "basicConstraints=CA:FALSE",
                "subjectAltName=DNS:other.example",
            ],
            ..usual
        });
        let config = |name: &str| {
            let certificates = CertificateDer::pem_file_iter(openssl.at(&format!("{name}.crt")));
            let certificates = certificates.unwrap().map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_file(openssl.at(&format!("{name}.key"))).unwrap();
            let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let builder = builder.with_safe_default_protocol_versions().unwrap();
            let config = builder.with_no_client_auth();
            Arc::new(config.with_single_cert(certificates, key).unwrap())
        };
        Some(Certificates {
            usual: config("usual"),
            own: config("own"),
            expired: config("expired"),
            of_another: config("of-another"),
            openssl,
        })
    }
}

impl Door {
    /// Opens a door to the registry at `server`, whose authority the environment trusts; none where that cannot be, which is told.
    pub(super) fn open(
        certificates: &Arc<Certificates>,
        server: &str,
        environment: &Environment,
    ) -> Option<Door> {
        let plan: Arc<Mutex<Option<Plan>>> = Arc::default();
        let shared = Arc::clone(&plan);
        let resolver = Resolver::start(move |name| {
            if name != NAME {
                return Found::NoSuchName;
            }
            let mut plan = shared.lock().unwrap();
            let plan = plan.as_mut().filter(|plan| plan.fault.is_of_names());
            match plan.and_then(Plan::count) {
                None => Found::Address(Ipv4Addr::LOCALHOST),
                Some(Fault::NoSuchName) => Found::NoSuchName,
                Some(Fault::NoAddress) => Found::NoAddress,
                Some(Fault::ResolverFails) => Found::Failure,
                Some(Fault::ResolverRaves) => Found::Garbage,
                // Nobody listens there.
                Some(Fault::AddressOfNobody) => Found::Address(Ipv4Addr::new(127, 254, 254, 254)),
                Some(_) => Found::Silence,
            }
        })?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let trusted = environment.home().join("config/containers/certs.d");
        let trusted = trusted.join(format!("{NAME}:{port}"));
        std::fs::create_dir_all(&trusted).unwrap();
        let authority = certificates.openssl.at("authority.crt");
        std::fs::copy(authority, trusted.join("authority.crt")).unwrap();
        let (certificates, server) = (Arc::clone(certificates), server.to_owned());
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (certificates, server) = (Arc::clone(&certificates), server.clone());
                let mut plan = shared.lock().unwrap();
                let plan = plan.as_mut().filter(|plan| !plan.fault.is_of_names());
                let fault = plan.and_then(Plan::count);
                // Who comes may go at any time.
                std::thread::spawn(move || drop(meet(client, fault, &certificates, &server)));
            }
        });
        Some(Door {
            port,
            resolver,
            plan,
        })
    }

    /// Its host and port.
    pub(super) fn host(&self) -> String {
        format!("{NAME}:{}", self.port)
    }

    /// Runs `keepdocker` where the registry's name leads here.
    pub(super) fn keepdocker(&self, environment: &Environment, words: &[String]) -> Output {
        self.resolver.keepdocker(environment, words)
    }

    /// Plans a fault after so many lookups or connections.
    pub(super) fn plan(&self, passes: usize, fault: Fault, manner: Manner) {
        *self.plan.lock().unwrap() = Some(Plan {
            passes,
            fault,
            manner,
            is_met: false,
        });
    }

    /// Forgets what was planned, and tells whether somebody met it.
    pub(super) fn clear(&self) -> bool {
        let plan = self.plan.lock().unwrap().take();
        plan.is_some_and(|plan| plan.is_met)
    }
}

/// Meets somebody who connects.
fn meet(
    mut client: TcpStream,
    fault: Option<Fault>,
    certificates: &Certificates,
    server: &str,
) -> io::Result<()> {
    let config = match fault {
        None => &certificates.usual,
        Some(Fault::SelfSigned) => &certificates.own,
        Some(Fault::Expired) => &certificates.expired,
        Some(Fault::OfAnother) => &certificates.of_another,
        Some(fault) => return refuse(&mut client, fault),
    };
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut client = StreamOwned::new(connection, client);
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        asked.extend(byte);
    }
    let mut server = TcpStream::connect(server)?;
    server.write_all(&asked)?;
    server.shutdown(std::net::Shutdown::Write)?;
    // The next request comes by another connection.
    let told = head(&mut server)?.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    client.write_all(told.as_bytes())?;
    io::copy(&mut server, &mut client)?;
    client.conn.send_close_notify();
    client.flush()
}

/// Does with the first word of TLS what should not be done.
fn refuse(client: &mut TcpStream, fault: Fault) -> io::Result<()> {
    let mut word = [0; 512];
    let _ = client.peek(&mut word)?;
    match fault {
        // What was not read makes the system reset the connection.
        Fault::Handshake => {}
        Fault::ClearText => {
            let _ = client.read(&mut word)?;
            client.write_all(
                b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            )?;
        }
        _ => std::thread::sleep(SILENCE),
    }
    Ok(())
}
