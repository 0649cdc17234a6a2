//! A registry that wants a login.

use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};

use super::{Registry, head};

/// `me` and `p@ss`, as the scheme `Basic` writes them.
const LOGIN: &str = "bWU6cEBzcw==";

/// A front of the registry that lets nobody in without a login.
pub(crate) struct Guarded {
    address: String,
}

impl Guarded {
    /// Starts a front of this registry, which serves until the test program ends.
    pub(crate) fn start(registry: &Registry) -> Guarded {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let registry = registry.host().to_owned();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let registry = registry.clone();
                // A client that goes away is no concern of the test.
                std::thread::spawn(move || drop(answer(client, &registry)));
            }
        });
        Guarded { address }
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> &str {
        &self.address
    }
}

fn answer(mut client: TcpStream, registry: &str) -> std::io::Result<()> {
    let mut first = [0];
    client.peek(&mut first)?;
    if !first[0].is_ascii_uppercase() {
        // Engines try TLS first, and go on without it where this is the answer.
        return client.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nthis is no TLS\n");
    }
    let head = head(&mut client)?;
    let login = format!("authorization: basic {LOGIN}\r\n").to_ascii_lowercase();
    if !head.to_ascii_lowercase().contains(&login) {
        return client.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"lab\"\r\n\
              Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 0\r\n\
              Connection: close\r\n\r\n",
        );
    }
    let mut server = TcpStream::connect(registry)?;
    // One request for each connection, as each of them has to tell the login.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes())?;
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)
}
