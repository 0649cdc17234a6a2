//! A server of names that one test has, and programs that ask it and no other.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::{Environment, Output, skip};

/// What comes of a question for the addresses of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// This address.
    Address(Ipv4Addr),
    /// There is no such name.
    NoSuchName,
    /// The name has no address.
    NoAddress,
    /// The server cannot tell.
    Failure,
    /// No answer.
    Silence,
    /// What is no answer at all.
    Garbage,
}

/// A server of names that runs.
pub(crate) struct Resolver {
    address: Ipv4Addr,
    ends: Arc<AtomicBool>,
}

/// A question that came.
struct Question<'a> {
    name: String,
    /// 1 for an address of the fourth version.
    kind: u16,
    /// Its bytes.
    section: &'a [u8],
}

impl Resolver {
    /// Starts a server that finds for each name what `find` says. It is asked once for each lookup of an address.
    ///
    /// Skips the test where the port of names cannot be had, or files cannot be mounted.
    pub(crate) fn start(find: impl Fn(&str) -> Found + Send + 'static) -> Option<Resolver> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !may_mount() {
            skip("the right to have a server of names of its own");
            return None;
        }
        // Each has an address of its own, since the port is the same for all.
        let base = 0x7f40_0001 + ((std::process::id() & 0xfff) << 8);
        let address = Ipv4Addr::from(base + NEXT.fetch_add(1, Ordering::Relaxed));
        let Ok(socket) = UdpSocket::bind((address, 53)) else {
            skip("the port of names");
            return None;
        };
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        std::thread::spawn(move || serve(&socket, &find, &end));
        Some(Resolver { address, ends })
    }

    /// Runs `keepdocker` where names are looked up here alone.
    pub(crate) fn keepdocker<A: AsRef<OsStr>>(
        &self,
        environment: &Environment,
        arguments: &[A],
    ) -> Output {
        environment.run("unshare", &self.words(environment, arguments))
    }

    /// What follows `unshare` for that.
    pub(crate) fn words<A: AsRef<OsStr>>(
        &self,
        environment: &Environment,
        arguments: &[A],
    ) -> Vec<std::ffi::OsString> {
        let file = environment.home().join("resolv.conf");
        // One question for each lookup, and no answer for longer than a run may take.
        let text = format!(
            "nameserver {}\noptions attempts:1 timeout:30\n",
            self.address
        );
        std::fs::write(&file, text).unwrap();
        let script = "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
        let before = ["--mount", "--propagation", "private", "sh", "-c", script];
        let mut words: Vec<std::ffi::OsString> = before.map(Into::into).into();
        words.push(file.into());
        words.push(env!("CARGO_BIN_EXE_keepdocker").into());
        words.extend(arguments.iter().map(|word| word.as_ref().to_owned()));
        words
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// Tells whether a program can have another file in the place of one of the system.
fn may_mount() -> bool {
    let script = "mount --bind /etc/hosts /etc/resolv.conf";
    let words = ["--mount", "--propagation", "private", "sh", "-c", script];
    let tried = Command::new("unshare").args(words).output();
    tried.is_ok_and(|tried| tried.status.success())
}

fn serve(socket: &UdpSocket, find: &dyn Fn(&str) -> Found, ends: &AtomicBool) {
    let mut packet = [0; 1500];
    // The other version of the address is asked for at the same time, and gets no other answer.
    let mut last = Found::NoSuchName;
    while !ends.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut packet) else {
            continue;
        };
        let Some(question) = question(&packet[..length]) else {
            continue;
        };
        if question.kind == 1 {
            last = find(&question.name);
        }
        if let Some(answer) = answer(&packet[..2], &question, last) {
            // Who asked may be gone.
            let _ = socket.send_to(&answer, from);
        }
    }
}

fn question(packet: &[u8]) -> Option<Question<'_>> {
    let mut at = 12;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(packet.get(at..at + length)?).into_owned());
        at += length;
    }
    let section = packet.get(12..at + 4)?;
    Some(Question {
        name: labels.join("."),
        kind: u16::from_be_bytes([packet[at], packet[at + 1]]),
        section,
    })
}

fn answer(id: &[u8], question: &Question<'_>, found: Found) -> Option<Vec<u8>> {
    let (code, address) = match found {
        Found::Silence => return None,
        Found::Garbage => return Some([id, &[0xff; 60]].concat()),
        Found::Address(address) if question.kind == 1 => (0, Some(address)),
        Found::Address(_) | Found::NoAddress => (0, None),
        Found::Failure => (2, None),
        Found::NoSuchName => (3, None),
    };
    let count = u8::from(address.is_some());
    let head = [0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
    let mut answer = [id, &head, question.section].concat();
    if let Some(address) = address {
        // The name of the question, class and kind, no time to keep it.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}
