//! Proxies in the way of a test: of HTTP and of SOCKS.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How a proxy treats those who come.
#[derive(Debug, Clone)]
pub(crate) enum Manners {
    /// HTTP: everybody is let through.
    Http,
    /// HTTP: only who has this name and password, in base64.
    HttpLogin(&'static str),
    /// HTTP: everybody gets this answer, and nobody through.
    HttpAnswer(&'static str),
    /// SOCKS 4, 4a and 5: everybody is let through; every name is this machine.
    Socks,
    /// SOCKS 5: only who has this name and password.
    SocksLogin(&'static str, &'static str),
}

/// A running proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy.
    pub(crate) fn start(manners: Manners) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let (manners, heard) = (manners.clone(), Arc::clone(&all));
                // Who comes may go at any time; what was heard is what counts.
                std::thread::spawn(move || drop(serve(client, &manners, &heard)));
            }
        });
        Proxy { address, heard }
    }

    /// Its host and port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What it was asked for, in order.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn serve(
    mut client: TcpStream,
    manners: &Manners,
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let note = |what: String| heard.lock().unwrap().push(what);
    match manners {
        Manners::Socks | Manners::SocksLogin(..) => socks(client, manners, &note),
        Manners::HttpAnswer(answer) => {
            let head = head(&mut client)?;
            note(first_line(&head));
            client.write_all(answer.as_bytes())
        }
        Manners::Http | Manners::HttpLogin(_) => {
            let head = head(&mut client)?;
            note(first_line(&head));
            if let Manners::HttpLogin(login) = manners
                && !head.to_ascii_lowercase().contains(
                    &format!("proxy-authorization: basic {login}\r\n").to_ascii_lowercase(),
                )
            {
                return client.write_all(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\n\
                      Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n",
                );
            }
            let target = head.split(' ').nth(1).unwrap_or_default();
            if head.starts_with("CONNECT ") {
                let server = TcpStream::connect(target)?;
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
                return splice(client, server);
            }
            let authority = target.trim_start_matches("http://");
            let authority = authority.split('/').next().unwrap_or_default();
            let mut server = TcpStream::connect(authority)?;
            server.write_all(head.as_bytes())?;
            splice(client, server)
        }
    }
}

fn socks(mut client: TcpStream, manners: &Manners, note: &dyn Fn(String)) -> std::io::Result<()> {
    let [version, count] = bytes(&mut client)?;
    if version == 4 {
        return socks4(client, count, note);
    }
    let mut methods = vec![0; usize::from(count)];
    client.read_exact(&mut methods)?;
    if let Manners::SocksLogin(user, password) = manners {
        if !methods.contains(&2) {
            return client.write_all(&[5, 0xff]);
        }
        client.write_all(&[5, 2])?;
        let [_, length] = bytes(&mut client)?;
        let given = text(&mut client, length)?;
        let [length] = bytes(&mut client)?;
        let secret = text(&mut client, length)?;
        note(format!("login {given}"));
        if (given.as_str(), secret.as_str()) != (*user, *password) {
            return client.write_all(&[1, 1]);
        }
        client.write_all(&[1, 0])?;
    } else {
        client.write_all(&[5, 0])?;
    }
    let [_, _, _, kind] = bytes(&mut client)?;
    let (host, local): (String, IpAddr) = match kind {
        1 => {
            let address = IpAddr::from(bytes::<4>(&mut client)?);
            (address.to_string(), address)
        }
        4 => {
            let address = IpAddr::from(bytes::<16>(&mut client)?);
            (address.to_string(), address)
        }
        _ => {
            let [length] = bytes(&mut client)?;
            (text(&mut client, length)?, [127, 0, 0, 1].into())
        }
    };
    let port = u16::from_be_bytes(bytes(&mut client)?);
    note(format!("5 {host}:{port}"));
    let Ok(server) = TcpStream::connect((local, port)) else {
        return client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    splice(client, server)
}

fn socks4(mut client: TcpStream, _command: u8, note: &dyn Fn(String)) -> std::io::Result<()> {
    let port = u16::from_be_bytes(bytes(&mut client)?);
    let address: [u8; 4] = bytes(&mut client)?;
    let _user = until_zero(&mut client)?;
    let is_name = address[..3] == [0, 0, 0] && address[3] != 0;
    let (host, local) = if is_name {
        (until_zero(&mut client)?, IpAddr::from([127, 0, 0, 1]))
    } else {
        (IpAddr::from(address).to_string(), address.into())
    };
    note(format!("4 {host}:{port}"));
    let server = TcpStream::connect((local, port))?;
    client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    splice(client, server)
}

fn bytes<const N: usize>(stream: &mut TcpStream) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(stream: &mut TcpStream, length: u8) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn until_zero(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut all = Vec::new();
    loop {
        match bytes(stream)? {
            [0] => return Ok(String::from_utf8_lossy(&all).into_owned()),
            [byte] => all.push(byte),
        }
    }
}

fn first_line(head: &str) -> String {
    head.lines().next().unwrap_or_default().to_owned()
}

/// Reads the head of a request, and not a byte more.
pub(crate) fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(bytes::<1>(stream)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Hands on what comes, in both directions, until both have ended.
fn splice(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (client, server);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    let _ = back.join();
    Ok(())
}
